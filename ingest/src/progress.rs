//! What long work tells of itself while it runs.

use domain::SourceId;
use domain::seam::store::Committed;

/// Something that happened. Counts are for the one page or batch, not sums.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A page of a source became durable.
    Committed {
        /// The source.
        source: SourceId,
        /// What the page changed.
        committed: Committed,
    },
    /// A projection begins on a source.
    Started {
        /// `index` or `graph`.
        projection: &'static str,
        /// The source.
        source: SourceId,
        /// Revisions between its position and the source's last, at most as many documents as there are to handle.
        pending: u64,
    },
    /// A projection handled a batch.
    Projected {
        /// `index` or `graph`.
        projection: &'static str,
        /// The source.
        source: SourceId,
        /// Documents in the batch.
        documents: u64,
        /// Revisions the position moved.
        revisions: u64,
        /// Chunks (index) or edges (graph) written.
        written: u64,
        /// Texts that had to be embedded.
        embedded: u64,
    },
    /// Some texts of the batch in work were embedded.
    Embedded {
        /// The source.
        source: SourceId,
        /// How many.
        texts: u64,
    },
}

/// Somebody who watches. Called from many tasks; must not block.
pub trait Progress: Send + Sync {
    /// Take notice.
    fn event(&self, event: &Event);
}
