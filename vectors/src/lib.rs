//! The vector index: dense and sparse vectors of chunks, in process on Qdrant's edge engine.
//!
//! The index is derived from the store: whatever befalls its folder, `neurosync rebuild` makes it anew.

mod conditions;
mod edge;

pub use edge::Edge;
