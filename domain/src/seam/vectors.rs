//! The seam to vector indexes: dense and sparse vectors of chunks with a payload to filter by.

use async_trait::async_trait;

use crate::{AccessId, ChunkId, DocumentId, DocumentKind, Filter, Result, SourceId, SparseVector, Timestamp};

/// A chunk in the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Which chunk.
    pub chunk: ChunkId,
    /// Its unit vector.
    pub dense: Vec<f32>,
    /// The term-frequency part of BM25 for each of its terms.
    pub sparse: SparseVector,
}

/// All points of one document and what they are filtered by. Replaces whatever the document had; no points: it is removed.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSet {
    /// The document.
    pub document: DocumentId,
    /// Its access label.
    pub access: AccessId,
    /// Its source.
    pub source: SourceId,
    /// Its kind.
    pub kind: DocumentKind,
    /// Its container's key.
    pub container: String,
    /// Its author's account key.
    pub author: Option<String>,
    /// Its labels, lower-cased.
    pub labels: Vec<String>,
    /// Its states, lower-cased.
    pub states: Vec<String>,
    /// When it last changed.
    pub updated: Option<Timestamp>,
    /// Its chunks.
    pub points: Vec<Point>,
}

/// Which vectors are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Leg {
    /// Cosine with a unit vector.
    Dense(Vec<f32>),
    /// Inner product with a sparse vector (inverse document frequencies already in it). Points that share no term are not found.
    Sparse(SparseVector),
    /// Nothing: the newest first, by the time of their document. Points of unknown time are not found, and every score is 0.
    Newest,
}

/// One leg of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorQuery {
    /// What is compared.
    pub leg: Leg,
    /// What may be found.
    pub filter: Filter,
    /// How many.
    pub limit: usize,
}

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Which chunk.
    pub chunk: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// Cosine or inner product; more is better.
    pub score: f32,
}

/// An index of chunks.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// Replace the points of whole documents. Visible to the next query; durable after the next `flush`. Repeating it changes nothing.
    async fn replace(&self, sets: Vec<PointSet>) -> Result<()>;

    /// The best `limit` points by falling score (or time), equal ones by ascending chunk id. Points outside the filter influence nothing.
    async fn query(&self, query: VectorQuery) -> Result<Vec<Hit>>;

    /// How many points pass the filter.
    async fn count(&self, filter: Filter) -> Result<u64>;

    /// Make all that was replaced durable against power loss.
    async fn flush(&self) -> Result<()>;

    /// Points by ascending chunk id after `after`, with the label they carry, for export and comparison.
    async fn scan(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<(AccessId, DocumentId, Point)>>;

    /// Remove everything, for a rebuild.
    async fn clear(&self) -> Result<()>;
}
