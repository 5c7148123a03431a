//! The one door from async code to work on large files.

use domain::{Error, Result};

/// Run what reads or hashes large files where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal("read model files", "the work was stopped").with_source(error))?
}
