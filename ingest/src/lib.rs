//! From connectors to the store, and from the store to its two projections: the vector index and the graph.

pub mod progress;
pub mod projection;
pub mod sync;
//! Turns documents into what the projections store: normalised text, chunks, references and facts.

pub mod facts;
pub mod references;
//! Ingest: from the documents of a source to the text, chunks and terms that are searched.

pub mod chunk;
pub mod normalize;
pub mod terms;
