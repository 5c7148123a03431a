//! The file of a graph and what lies beside it: made, locked, deleted.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use domain::{Error, ErrorKind, Result};

/// What is done when a graph cannot be opened, for errors.
pub(crate) const OPEN: &str = "open graph";

/// Delete the file and what `SQLite` keeps beside it.
pub(crate) fn discard(path: &Path) -> Result<()> {
    let _lock = lock(path)?;
    for end in ["-wal", "-shm", ""] {
        let file = beside(path, end);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("discard graph", &file, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Make the file when it is absent, readable by its owner only. `SQLite` gives its log the same permissions.
pub(crate) fn create(path: &Path) -> Result<()> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| Error::io(OPEN, path, error))
}

/// The lock lies beside the file, since closing any handle of the file itself would drop the locks `SQLite` holds on it.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let lock = beside(path, ".lock");
    let opened = File::options().create(true).write(true).truncate(false).open(&lock);
    let file = opened.map_err(|error| Error::io(OPEN, &lock, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorKind::Conflict,
            OPEN,
            format!("{} is open in another process", path.display()),
        )
        .with_hint("stop the other process, or give this one another data folder")),
        Err(TryLockError::Error(error)) => Err(Error::io(OPEN, &lock, error)),
    }
}
