//! The seam to the outside: one connector per configured source.

use async_trait::async_trait;

use crate::{Cursor, Estimate, Page, Result, SourceId, Sweep, Target};

/// A source that can be read incrementally. Safe to call again after any failure with the last committed cursor.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The source it reads.
    fn source(&self) -> &SourceId;

    /// The next page after `cursor` (`None`: from the beginning). A page holds at most some thousand changes.
    /// Bad items are returned as rejected; an error means that nothing could be read.
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page>;

    /// What `target` names, read by itself after `cursor`, in a page that promises more: what else is new was not read, and the next
    /// pull finds it. `None` where it cannot be read by itself: then all is to be pulled. What is gone is told as deleted only when
    /// the provider itself says so.
    async fn pull_target(&self, _cursor: &Cursor, _target: &Target) -> Result<Option<Page>> {
        Ok(None)
    }

    /// All documents that exist in the state which `cursor`, that of a last page, stands for. A connector that cannot go back
    /// to that state tells what exists now, where no later pull can then miss anything, or else freezes the sweep.
    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep>;

    /// What the next reading from `cursor` (`None`: from the beginning) would ask and bring, with the sweep after it. It is told by
    /// few requests, a few hundred at most: what these do not reach is extrapolated, and the grounds say so. Nothing that a later
    /// pull or sweep relies on changes by it.
    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate>;
}
