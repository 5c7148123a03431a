//! Offline archives of five kinds, read by one engine: incremental, resumable in the middle of a file, and safe on hostile input.

mod commits;
pub(crate) mod draft;
pub(crate) mod format;
pub(crate) mod github;
mod identify;
mod jira;
pub(crate) mod json;
mod limits;
mod lost;
mod records;
pub(crate) mod repository;
mod round;
mod scan;
pub(crate) mod slack;
mod state;
mod tree;
mod unzip;
mod wiki;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{Cursor, Error, ErrorKind, Estimate, Page, Result, SourceId, Sweep};
use serde::de::DeserializeOwned;

pub use commits::CommitsSettings;
pub use github::GitHubSettings;
pub use identify::Kind;
pub use jira::JiraSettings;
pub use slack::SlackSettings;
pub use wiki::WikiSettings;

use format::Format;
use limits::Limits;
use round::Round;
use state::State;

/// A connector that reads one archive: a file, a folder, or a zip.
///
/// A pull reads what has changed since its cursor: files are compared by path, size and time, then by content. A changed file is
/// read again as a whole; when that, or a vanished file, may have taken documents away, the last page says that a sweep is due.
/// A record that cannot be read is rejected as `file:number` (the line of JSON lines, the element of other JSON). It could be a
/// document, so a sweep leaves alone what it may have been: the issue, page or conversation that it or its file names; where
/// nothing names it, the whole sweep is frozen, and the reason told. Symbolic links within an archive and hidden files are not read.
pub struct Archive {
    source: SourceId,
    path: PathBuf,
    limits: Limits,
    format: Arc<dyn Format>,
    /// The round that delivered the last page, to go on without reading again.
    live: Mutex<Option<(Cursor, Round)>>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("source", &self.source)
            .field("path", &self.path)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

fn settings<T: DeserializeOwned>(kind: Kind, settings: serde_json::Value) -> Result<T> {
    serde_json::from_value(settings).map_err(|error| {
        Error::invalid("read source settings", format!("a source of kind `{kind}`: {error}"))
            .with_hint("correct the source's settings")
    })
}

impl Archive {
    fn new(source: SourceId, path: PathBuf, max_bytes: Option<u64>, format: Arc<dyn Format>) -> Self {
        Self {
            source,
            path,
            limits: Limits::with_expanded(max_bytes),
            format,
            live: Mutex::new(None),
        }
    }

    /// An archive of `kind`, its settings as they stand in a file.
    ///
    /// # Errors
    /// `Invalid` for settings that the kind does not have, or cannot use.
    pub fn open(source: SourceId, kind: Kind, values: serde_json::Value) -> Result<Self> {
        match kind {
            Kind::Jira => Self::jira(source, settings(kind, values)?),
            Kind::Github => Self::github(source, settings(kind, values)?),
            Kind::Slack => Self::slack(source, settings(kind, values)?),
            Kind::Wiki => Self::wiki(source, settings(kind, values)?),
            Kind::Commits => Self::commits(source, settings(kind, values)?),
        }
    }

    /// Jira issues.
    ///
    /// # Errors
    /// `Invalid` for a site that cannot be part of a key.
    pub fn jira(source: SourceId, settings: JiraSettings) -> Result<Self> {
        let (path, max_bytes) = (settings.path.clone(), settings.max_bytes);
        Ok(Self::new(
            source.clone(),
            path,
            max_bytes,
            Arc::new(jira::Jira::new(source, settings)?),
        ))
    }

    /// GitHub issues and pull requests.
    ///
    /// # Errors
    /// `Invalid` for a repository that is not `owner/name`.
    pub fn github(source: SourceId, settings: GitHubSettings) -> Result<Self> {
        let (path, max_bytes) = (settings.path.clone(), settings.max_bytes);
        Ok(Self::new(
            source.clone(),
            path,
            max_bytes,
            Arc::new(github::GitHub::new(source, settings)?),
        ))
    }

    /// A Slack export.
    ///
    /// # Errors
    /// `Invalid` for a team or workspace that cannot be part of a key or an address.
    pub fn slack(source: SourceId, settings: SlackSettings) -> Result<Self> {
        let (path, max_bytes) = (settings.path.clone(), settings.max_bytes);
        Ok(Self::new(
            source.clone(),
            path,
            max_bytes,
            Arc::new(slack::Slack::new(source, settings)?),
        ))
    }

    /// A folder of Markdown pages.
    ///
    /// # Errors
    /// `Invalid` for a site or space that cannot be part of a key.
    pub fn wiki(source: SourceId, settings: WikiSettings) -> Result<Self> {
        let (path, max_bytes) = (settings.path.clone(), settings.max_bytes);
        Ok(Self::new(
            source.clone(),
            path,
            max_bytes,
            Arc::new(wiki::Wiki::new(source, settings)?),
        ))
    }

    /// Commit logs.
    ///
    /// # Errors
    /// `Invalid` for a repository that cannot be part of a key.
    pub fn commits(source: SourceId, settings: CommitsSettings) -> Result<Self> {
        let (path, max_bytes) = (settings.path.clone(), settings.max_bytes);
        Ok(Self::new(
            source.clone(),
            path,
            max_bytes,
            Arc::new(commits::Commits::new(source, settings)?),
        ))
    }

    /// Check that the archive is there and of its kind, as far as its list of files and the first of them tell.
    ///
    /// # Errors
    /// `NotFound` or `Denied` for a path that cannot be read, `Invalid` for an archive of another kind.
    pub async fn check(&self) -> Result<()> {
        self.blocking(State::new(self.format.kind()), |_| Ok(())).await
    }

    /// Take the round that ended at `cursor`, if it is still here.
    fn take(&self, cursor: Option<&Cursor>) -> Option<Round> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).take();
        live.filter(|(at, _)| Some(at) == cursor).map(|(_, round)| round)
    }

    /// A new round from `state`, and what is done with it, on a thread where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        state: State,
        work: impl FnOnce(Round) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (format, path, limits) = (Arc::clone(&self.format), self.path.clone(), self.limits.clone());
        on_blocking_thread(move || work(Round::start(format, &path, &limits, state)?)).await
    }
}

async fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(
            ErrorKind::Internal,
            "read archive",
            "the reading thread ended without an answer",
        )
        .with_source(error))
    })
}

#[async_trait]
impl Connector for Archive {
    fn source(&self) -> &SourceId {
        &self.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let next = |mut round: Round| round.page().map(|page| (page, round));
        let (page, round) = match self.take(cursor) {
            Some(round) => on_blocking_thread(move || next(round)).await?,
            None => self.blocking(State::read(self.format.kind(), cursor)?, next).await?,
        };
        if page.more {
            *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some((page.cursor.clone(), round));
        }
        Ok(page)
    }

    /// Everything is read again; where that is not what was pulled, the sweep is frozen until the next pull has caught up.
    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep> {
        let kind = self.format.kind();
        let read = State::read(kind, cursor)?;
        let swept = self.blocking(State::new(kind), move |round| round.sweep(&read)).await;
        Ok(swept.unwrap_or_else(|error| Sweep::Frozen(error.to_string())))
    }

    /// Files are compared by size and time alone; how many documents they hold is only known when they are read.
    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate> {
        let state = State::read(self.format.kind(), cursor)?;
        self.blocking(state, |round| Ok(round.estimate())).await
    }
}
