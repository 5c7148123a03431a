//! Turns documents into what the projections store: normalised text, chunks, references and facts.

pub mod facts;
pub mod references;
