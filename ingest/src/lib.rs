//! From connectors to the store, and from the store to its two projections: the vector index and the graph.

pub mod chunk;
pub mod facts;
pub mod identity;
pub mod normalize;
pub mod progress;
pub mod projection;
pub mod references;
pub mod sync;
pub mod syntax;
pub mod terms;
