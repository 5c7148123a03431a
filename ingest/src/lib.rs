//! From connectors to the store, and from the store to its two projections: the vector index and the graph.

pub mod progress;
pub mod projection;
pub mod sync;
//! Turns documents into what the projections store: normalised text, chunks, references and facts.

pub mod facts;
pub mod references;
