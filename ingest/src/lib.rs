//! Ingest: from the documents of a source to the text, chunks and terms that are searched.

pub mod chunk;
pub mod normalize;
pub mod terms;
