//! One process at a time installs a model.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use domain::{Error, Result};

use crate::{Event, Progress};

/// A lock held until it is dropped, by the system's means: it goes with the process that holds it, however that ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Wait for the lock at `path`. Polls rather than blocks, so that a caller who gives up leaves no thread behind.
    pub(crate) async fn acquire(path: &Path, progress: &dyn Progress) -> Result<Self> {
        let failed = |error| Error::io("lock model cache", path, error);
        let file = File::options().create(true).append(true).open(path).map_err(failed)?;
        let mut waited = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if !waited {
                progress.report(Event::Waiting);
                waited = true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
