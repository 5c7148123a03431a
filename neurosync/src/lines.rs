//! The history of lines in every repository that is read from Git, each at the revision that the store holds.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use connectors::git::Git;
use domain::seam::store::SourceRecord;
use domain::seam::{Blame, LineHistory, SyncStore};
use domain::{Error, ErrorKind, Key, Result};

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
    async fn blame(&self, file: &Key, lines: RangeInclusive<u32>) -> Result<Vec<Blame>> {
        let mut last = Error::not_found(
            "read line history",
            format!("{file} is in no repository that is read from Git"),
        )
        .with_hint("add the repository as a git source: archives of commits hold no contents");
        let reports = self.store.sources().await?;
        for report in reports
            .into_iter()
            .filter(|it| !it.removed && it.source.connector == "git")
        {
            let source = report.source.id.clone();
            let git = match self.open(report.source).await {
                Ok(git) if is_in(file, git.repository()) => git,
                Ok(_) => continue,
                Err(error) => {
                    // Another source may read the same repository.
                    tracing::warn!(source.id = %source, %error, "line history: the repository cannot be opened");
                    continue;
                }
            };
            let resume = self.store.resume(&source).await?;
            let told = match git.lines(resume.cursor.as_ref()) {
                Ok(history) => history.blame(file, lines.clone()).await,
                Err(error) => Err(error),
            };
            match told {
                Err(error) if error.kind() == ErrorKind::NotFound => last = error,
                told => return told,
            }
        }
        Err(last)
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
