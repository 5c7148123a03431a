//! The two projections of the truth. Each follows the log of every source and moves its position only after its write is durable.

pub mod graph;
pub mod index;
mod poison;

pub use graph::GraphProjection;
pub use index::IndexProjection;

pub use domain::seam::store::{GRAPH, INDEX};

/// What a run of a projection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Projected {
    /// Documents handled.
    pub documents: u64,
    /// Chunks or edges written.
    pub written: u64,
    /// Texts that had to be embedded.
    pub embedded: u64,
}

impl Projected {
    /// Add another run's counts.
    pub fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.written += other.written;
        self.embedded += other.embedded;
    }
}
