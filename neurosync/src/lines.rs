//! The history of lines in every repository that is read from Git, each at the revision that the store holds.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use connectors::git::Git;
use domain::seam::store::SourceRecord;
use domain::seam::{Blame, LineHistory, SyncStore};
use domain::{Error, Key, Result, SourceId};

use crate::app::blocking;
use crate::connector::open_git;

/// All git sources of a data folder.
pub struct Repositories {
    store: Arc<dyn SyncStore>,
    /// Where clones of remote repositories are kept.
    clones: PathBuf,
}

impl Repositories {
    /// The git sources that `store` holds, whose clones are in `clones`.
    pub fn new(store: Arc<dyn SyncStore>, clones: PathBuf) -> Self {
        Self { store, clones }
    }

    async fn open(&self, record: SourceRecord) -> Result<Git> {
        let clones = self.clones.clone();
        blocking(move || open_git(&record, &clones)).await
    }
}

#[async_trait]
impl LineHistory for Repositories {
    async fn blame(&self, source: &SourceId, file: &Key, lines: RangeInclusive<u32>) -> Result<Vec<Blame>> {
        let reports = self.store.sources().await?;
        let own = reports.into_iter().map(|report| (report.removed, report.source));
        let mut git = own.filter(|(removed, record)| !removed && record.connector == "git" && record.id == *source);
        let absent = || {
            Error::not_found(
                "read line history",
                format!("{file} is in no repository that is read from Git"),
            )
            .with_hint("add the repository as a git source: archives of commits hold no contents")
        };
        let Some((_, record)) = git.next() else {
            return Err(absent());
        };
        let git = self.open(record).await?;
        if !is_in(file, git.repository()) {
            return Err(absent());
        }
        let resume = self.store.resume(source).await?;
        git.lines(resume.cursor.as_ref())?.blame(file, lines).await
    }
}

/// Whether a file's key is one of a repository.
fn is_in(file: &Key, repository: &Key) -> bool {
    file.scheme() == "file"
        && file
            .local()
            .strip_prefix(repository.local())
            .is_some_and(|rest| rest.starts_with('/'))
}
