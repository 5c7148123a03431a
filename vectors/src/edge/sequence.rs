//! The numbers of engine operations, which must never go back: the engine skips an operation whose number is not above that of
//! the point it changes, takes the number from its log, and loses the end of that log in a power cut. So the ceiling of the
//! numbers in use is kept, durably, in a file of our own, and the log, which the engine never reads back, begins there anew at every opening.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use domain::{Error, Result};

use super::fault::corrupt;

/// How many numbers are claimed at once. A crash leaves the rest of them unused.
const CLAIM: u64 = 1 << 16;

/// The engine's closed log segments are called this, followed by the number of their first operation.
const CLOSED: &str = "closed-";

/// The header of a log segment without entries: magic, version, seed of the checksums.
const EMPTY_LOG: [u8; 8] = *b"wal\0ns\0\0";

/// The numbers given out so far.
#[derive(Debug)]
pub(super) struct Sequence {
    path: PathBuf,
    next: u64,
    claimed: u64,
}

impl Sequence {
    /// Read the ceiling from `path`; a file that does not exist means that no number was ever used.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let next = match fs::read_to_string(&path) {
            Ok(text) => text
                .trim()
                .parse()
                .map_err(|_error| corrupt("open vector index", format!("{} holds no number", path.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::io("open vector index", &path, error)),
        };
        Ok(Self {
            path,
            next,
            claimed: next,
        })
    }

    /// Whether a number was ever used.
    pub(super) fn is_used(&self) -> bool {
        self.next > 0
    }

    /// Count one operation about to be made.
    pub(super) fn count(&mut self) -> Result<()> {
        if self.next >= self.claimed {
            self.keep(self.next + CLAIM)?;
        }
        self.next += 1;
        Ok(())
    }

    /// Give back what was claimed and not used; for an orderly end.
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.claimed == self.next {
            Ok(())
        } else {
            self.keep(self.next)
        }
    }

    /// Put an empty log that goes on at the next number into `folder`, in place of what is there.
    pub(super) fn start_log(&self, folder: &Path) -> Result<()> {
        let failed = |error| Error::io("open vector index", folder, error);
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(failed)?;
        }
        fs::create_dir_all(folder).map_err(failed)?;
        fs::write(folder.join(format!("{CLOSED}{}", self.next)), EMPTY_LOG).map_err(failed)
    }

    fn keep(&mut self, ceiling: u64) -> Result<()> {
        let failed = |error| Error::io("write vector index", &self.path, error);
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh).map_err(failed)?;
        file.write_all(ceiling.to_string().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        fs::rename(&fresh, &self.path).map_err(failed)?;
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        self.claimed = ceiling;
        Ok(())
    }
}

/// Cut the closed segments of the log in `folder` down to their headers. The engine neither reads nor truncates them,
/// and keeps them mapped, so that only shortening the files gives their space back.
pub(super) fn trim_log(folder: &Path) -> Result<()> {
    let failed = |error| Error::io("trim the log of the vector index", folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_closed = entry.file_name().to_str().is_some_and(|name| name.starts_with(CLOSED));
        let header = EMPTY_LOG.len() as u64;
        if is_closed && entry.metadata().map_err(failed)?.len() > header {
            File::options()
                .write(true)
                .open(entry.path())
                .and_then(|file| file.set_len(header))
                .map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CLAIM, Sequence};

    #[test]
    fn numbers_never_go_back_whatever_ends_the_process() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("sequence");
        let mut used = 0;
        for orderly in [true, false, true, false] {
            let mut sequence = Sequence::open(path.clone()).expect("open");
            assert!(sequence.next >= used);
            for _ in 0..3 {
                sequence.count().expect("count");
            }
            used = sequence.next;
            if orderly {
                sequence.settle().expect("settle");
            }
        }
        assert_eq!(used, 9 + CLAIM);
    }

    #[test]
    fn a_damaged_ceiling_is_corrupt() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("sequence");
        std::fs::write(&path, "many").expect("write");
        let error = Sequence::open(path).expect_err("not a number");
        assert_eq!(error.kind(), domain::ErrorKind::Corrupt);
        assert!(error.hint().is_some_and(|hint| hint.contains("neurosync rebuild")));
    }
}
