//! The data folder: made, closed to other users, and locked against a second process.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::path::Path;

use domain::{Error, ErrorKind, Result};

const OPERATION: &str = "open data folder";

/// That a data folder can be there: nothing is, or a folder.
///
/// # Errors
/// `Invalid` when it is something else.
pub(crate) fn check(data: &Path) -> Result<()> {
    match fs::metadata(data) {
        Ok(found) if !found.is_dir() => Err(Error::invalid(OPERATION, format!("{} is not a folder", data.display()))
            .with_hint("say where to keep data: --data DIR")),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Take the folder for this process, making it where there is none. Others cannot take it until the file is dropped.
///
/// # Errors
/// `Conflict` when another process has it, and what the file system answers.
pub(crate) fn take(data: &Path) -> Result<File> {
    make(data).map_err(|error| Error::io(OPERATION, data, error))?;
    let path = data.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Error::io(OPERATION, &path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Error::new(
                ErrorKind::Conflict,
                OPERATION,
                format!("another neurosync process uses {}", data.display()),
            )
            .with_hint("stop it, ask its HTTP API instead, or use another folder with --data DIR"));
        }
        Err(TryLockError::Error(error)) => return Err(Error::io(OPERATION, &path, error)),
    }
    #[cfg(unix)]
    close_to_others(data, &file).map_err(|error| Error::io(OPERATION, data, error))?;
    Ok(file)
}

fn make(data: &Path) -> std::io::Result<()> {
    if let Some(parent) = data.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(data) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && data.is_dir() => Ok(()),
        done => done,
    }
}

/// Take the rights of other users away, where the folder belongs to whom the lock in it belongs to. A folder that all may
/// write to, as `/tmp`, is left alone: it is somebody else's affair, and the files in it are closed one by one.
#[cfg(unix)]
fn close_to_others(data: &Path, lock: &File) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    const OTHERS: u32 = 0o077;
    const STICKY: u32 = 0o1000;
    let folder = fs::metadata(data)?;
    let mode = folder.mode();
    if mode & OTHERS == 0 || mode & STICKY != 0 || folder.uid() != lock.metadata()?.uid() {
        return Ok(());
    }
    tracing::info!(folder = %data.display(), "closed to other users");
    fs::set_permissions(data, fs::Permissions::from_mode(mode & 0o7777 & !OTHERS))
}

#[cfg(test)]
mod tests {
    use super::{check, take};

    #[cfg(unix)]
    #[test]
    fn the_folder_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().expect("folder");
        let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o7777;
        let set = |path: &std::path::Path, mode| {
            std::fs::create_dir(path).expect("new");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("ours");
        };
        let (new, wide, shared) = (
            scratch.path().join("a/new"),
            scratch.path().join("wide"),
            scratch.path().join("shared"),
        );
        set(&wide, 0o755);
        set(&shared, 0o1777);
        for (path, expected) in [(&new, 0o700), (&wide, 0o700), (&shared, 0o1777)] {
            let _lock = take(path).expect("free");
            assert_eq!(mode(path), expected, "{}", path.display());
        }
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let error = check(file.path()).expect_err("a file");
        assert!(error.kind() == domain::ErrorKind::Invalid && error.hint().is_some());
        assert!(check(&file.path().with_extension("nothing")).is_ok());
    }
}
