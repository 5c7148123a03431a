//! The seam to the outside: one connector per configured source.

use async_trait::async_trait;

use crate::{Cursor, Page, Result, SourceId, Sweep};

/// What a sync is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Documents to read, where it can be told.
    pub documents: Option<u64>,
    /// Bytes to read, where it can be told.
    pub bytes: Option<u64>,
}

/// A source that can be read incrementally. Safe to call again after any failure with the last committed cursor.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The source it reads.
    fn source(&self) -> &SourceId;

    /// The next page after `cursor` (`None`: from the beginning). A page holds at most some thousand changes.
    /// Bad items are returned as rejected; an error means that nothing could be read.
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page>;

    /// All documents that exist now.
    async fn sweep(&self) -> Result<Sweep>;

    /// What a pull from `cursor` is expected to take.
    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate>;
}
