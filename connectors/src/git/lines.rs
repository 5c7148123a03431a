//! Which commits wrote the lines of a file, at the revision that was read last.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::seam::Blame;
use domain::{Cursor, Error, ErrorKind, Key, Result};
use gix::ObjectId;
use gix::blame::{BlameRanges, Options, Start};
use gix::bstr::ByteSlice;

use super::cursor::{Oid, Position};
use super::fault::reading;
use super::{Git, Inner};

const OPERATION: &str = "read line history";
/// Lines of one question.
const MAX_LINES: u32 = 2_000;
/// Objects that are looked at for one answer, and for how long.
const MAX_READS: u64 = 2_000_000;
const MAX_TIME: Duration = Duration::from_secs(20);

/// The line history of one repository at one revision.
#[derive(Debug)]
pub struct Lines {
    git: Git,
    head: ObjectId,
}

impl Git {
    /// The history of lines at the revision that `cursor` says was read.
    ///
    /// # Errors
    /// `NotFound` where nothing was read yet; `Corrupt` for a cursor that is none.
    pub fn lines(&self, cursor: Option<&Cursor>) -> Result<Lines> {
        let position = Position::read(cursor)?;
        let head = position.done.and_then(|done| done.head);
        let Some(Oid(head)) = head else {
            return Err(
                Error::not_found(OPERATION, format!("{} is not read yet", self.inner.repository))
                    .with_hint("sync it first"),
            );
        };
        let inner = std::sync::Arc::clone(&self.inner);
        Ok(Lines {
            git: Self { inner },
            head,
        })
    }

    /// The key of the repository that is read.
    pub fn repository(&self) -> &Key {
        &self.inner.key
    }
}

impl Lines {
    /// As [`domain::seam::LineHistory::blame`], of this repository.
    ///
    /// # Errors
    /// As there.
    pub async fn blame(&self, file: &Key, lines: RangeInclusive<u32>) -> Result<Vec<Blame>> {
        let (file, head) = (file.clone(), self.head);
        self.git
            .blocking(move |inner, stop| inner.blame(head, &file, lines, stop))
            .await
    }
}

impl Inner {
    fn blame(&self, head: ObjectId, file: &Key, lines: RangeInclusive<u32>, stop: &AtomicBool) -> Result<Vec<Blame>> {
        let invalid = |message: String, hint: &str| Err(Error::invalid(OPERATION, message).with_hint(hint));
        let (first, last) = (*lines.start(), *lines.end());
        if first == 0 || first > last || last - first >= MAX_LINES {
            return invalid(
                format!("lines {first} to {last} are no span of a file"),
                "count from 1, and ask about at most 2000 lines",
            );
        }
        let unknown = || {
            Error::not_found(
                OPERATION,
                format!("{file} is not in the repository as it was read last"),
            )
        };
        let whole = Key::file(&self.repository, "");
        let path = file.as_str().strip_prefix(whole.as_str()).ok_or_else(unknown)?;
        if !self.is_here() {
            return Err(Error::not_found(OPERATION, "the repository is not cloned yet").with_hint("sync it first"));
        }
        let repository = self.repository()?;
        let tree = repository
            .find_commit(head)
            .and_then(|commit| commit.tree())
            .map_err(|error| {
                Error::not_found(OPERATION, "the revision that was read last is gone from the repository")
                    .with_hint("sync it again")
                    .with_source(error)
            })?;
        let entry = tree.lookup_entry_by_path(path).map_err(reading(OPERATION))?;
        let blob = entry
            .filter(|entry| entry.mode().is_blob())
            .ok_or_else(unknown)?
            .object_id();
        let size = repository.find_header(blob).map_err(reading(OPERATION))?.size();
        if size > self.settings.max_file_bytes {
            return Err(Error::new(
                ErrorKind::Exhausted,
                OPERATION,
                format!("{file} has {size} bytes"),
            ));
        }
        let count = repository
            .find_blob(blob)
            .map_err(reading(OPERATION))?
            .data
            .lines()
            .count();
        if last as usize > count {
            return invalid(format!("{file} has {count} lines"), "ask about lines that it has");
        }
        let reads = Reads::new(&repository, stop);
        let outcome = reads.blame(&repository, head, path, lines)?;
        Ok(outcome
            .entries
            .iter()
            .map(|entry| Blame {
                commit: self.commit_key(entry.commit_id),
                lines: entry.start_in_blamed_file + 1..=entry.start_in_blamed_file + entry.len.get(),
            })
            .collect())
    }
}

/// The repository's objects, as many as one answer may take: the search itself knows no end but the history's.
struct Reads<'a> {
    objects: &'a gix::OdbHandle,
    stop: &'a AtomicBool,
    left: Cell<u64>,
    until: Instant,
}

impl<'a> Reads<'a> {
    fn new(repository: &'a gix::Repository, stop: &'a AtomicBool) -> Self {
        Self {
            objects: &repository.objects,
            stop,
            left: Cell::new(MAX_READS),
            until: Instant::now() + MAX_TIME,
        }
    }

    fn blame(
        &self,
        repository: &gix::Repository,
        head: ObjectId,
        path: &str,
        lines: RangeInclusive<u32>,
    ) -> Result<gix::blame::Outcome> {
        let ranges = BlameRanges::from_one_based_inclusive_range(lines).map_err(reading(OPERATION))?;
        let options = Options {
            ranges,
            // A moved file keeps its history, as `git blame` has it.
            rewrites: Some(gix::diff::Rewrites::default()),
            ..Options::default()
        };
        let cache = repository.commit_graph_if_enabled().map_err(reading(OPERATION))?;
        let mut resources = repository
            .diff_resource_cache_for_tree_diff()
            .map_err(reading(OPERATION))?;
        gix::blame::file(self, Start::Commit(head), cache, &mut resources, path.into(), options).map_err(|error| {
            if self.stop.load(Ordering::Relaxed) {
                Error::new(ErrorKind::Cancelled, OPERATION, "nobody waits for it any more")
            } else if self.is_spent() {
                Error::new(
                    ErrorKind::Exhausted,
                    OPERATION,
                    "the history is too long to be searched at once",
                )
                .with_hint("ask about fewer lines")
            } else {
                reading(OPERATION)(error)
            }
        })
    }

    fn is_spent(&self) -> bool {
        self.left.get() == 0 || Instant::now() > self.until
    }

    fn count(&self) -> gix::Result<()> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.stop.load(Ordering::Relaxed) || self.is_spent() {
            let spent = std::io::Error::other("no more objects are read for this");
            return Err(gix::Error::from_error(spent));
        }
        Ok(())
    }
}

impl gix::objs::Find for Reads<'_> {
    fn try_find<'b>(&self, id: &gix::oid, buffer: &'b mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'b>>> {
        self.count()?;
        self.objects.try_find(id, buffer)
    }
}

impl gix::objs::FindHeader for Reads<'_> {
    fn try_header(&self, id: &gix::oid) -> gix::Result<Option<gix::objs::Header>> {
        self.count()?;
        self.objects.try_header(id)
    }
}
