//! The git connector: commits, tags and the files at the head of one branch of a local repository or of a clone.

mod commit;
mod cursor;
mod estimate;
mod fault;
mod file;
mod history;
mod lines;
mod location;
mod outlines;
mod owners;
mod people;
mod pull;
mod remote;
mod repository;
mod skip;
mod symbols;
mod tag;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::seam::{Connector, Outline};
use domain::{AccessId, Cursor, DocumentId, Error, ErrorKind, Estimate, Key, Page, Result, SourceId, Sweep};
use gix::bstr::BString;
use serde::{Deserialize, Serialize};

use crate::access::AccessSetting;
use cursor::Position;
use history::Lists;
use location::Location;
use outlines::Outlines;
use pull::Limits;

pub use lines::Lines;

/// What a person configures for a git source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder of a repository, or a URL to clone (https, ssh, git or file).
    pub location: String,
    /// `owner/name`, under which other sources mention it. Default: from the origin, else from the clone URL, else `local/<folder>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Names (`owner/name`) that the repository had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<String>,
    /// Who may read it.
    #[serde(default)]
    pub access: AccessSetting,
    /// The branch to read. Default: the repository's HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Larger files are left out. Default: 1 MiB.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
}

fn default_max_file_bytes() -> u64 {
    1 << 20
}

/// The largest `max_file_bytes`: a page holds at least one file.
const MAX_FILE_BYTES: u64 = 64 << 20;

impl Settings {
    /// The settings for `location` with every default.
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            repository: None,
            formerly: Vec::new(),
            access: AccessSetting::default(),
            branch: None,
            max_file_bytes: default_max_file_bytes(),
        }
    }
}

/// A git repository as a source.
///
/// The first pull reads the whole history, oldest commit first, then the files at the head, then the tags. Later pulls
/// read what the branch gained since. Renames are not guessed: a moved file is touched under both its names.
#[derive(Debug)]
pub struct Git {
    inner: Arc<Inner>,
}

/// What the blocking work needs; shared with the threads that do it.
#[derive(Debug)]
struct Inner {
    source: SourceId,
    location: Location,
    /// The repository's folder; the clone's where `location` is a URL.
    dir: PathBuf,
    /// `owner/name`.
    repository: String,
    key: Key,
    label: AccessId,
    /// `https://github.com/owner/name`, where the repository is there.
    web: Option<String>,
    settings: Settings,
    limits: Limits,
    /// What knows where files define symbols; without it, commits touch files alone.
    outline: Option<Arc<dyn Outline>>,
    /// The lists that the current run pages through. A cache: they can be computed again at any time.
    lists: Mutex<Lists>,
    /// What commits were compared by. A cache too.
    outlines: Outlines,
}

impl Git {
    /// Check the settings and, for a folder, that it holds a repository. A URL is first cloned by the first pull, into
    /// `clone_dir`, which must be absent, empty, or an earlier clone, and is not used for a folder. A clone of another URL
    /// is discarded. No two sources may share it: a run reads from it without fetching.
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work, `NotFound` for a folder that does not exist.
    pub fn open(source: SourceId, settings: Settings, clone_dir: &Path) -> Result<Self> {
        let location = Location::parse(&settings.location)?;
        if settings.max_file_bytes == 0 || settings.max_file_bytes > MAX_FILE_BYTES {
            return Err(Error::invalid(
                "configure git",
                format!("max_file_bytes is {}", settings.max_file_bytes),
            )
            .with_hint(format!("use 1 to {MAX_FILE_BYTES}")));
        }
        let (dir, origin) = match &location {
            Location::Folder(path) => (path.clone(), repository::origin(&repository::open(path)?)),
            Location::Url(url) => (clone_dir.to_owned(), Some(url.clone())),
        };
        let repository = match &settings.repository {
            Some(name) => location::checked_name(name)?,
            None => location::name(origin.as_ref(), &location),
        };
        for name in &settings.formerly {
            location::checked_name(name)?;
        }
        let inner = Inner {
            key: Key::repository(&repository),
            label: AccessId::common(&source),
            web: origin.as_ref().and_then(location::web),
            limits: Limits::default(),
            outline: None,
            lists: Mutex::default(),
            outlines: Outlines::default(),
            source,
            location,
            dir,
            repository,
            settings,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same connector, whose commits also touch the symbols that `outline` finds.
    ///
    /// # Panics
    /// Never, before the connector is used.
    #[must_use]
    pub fn with_outline(mut self, outline: Arc<dyn Outline>) -> Self {
        Arc::get_mut(&mut self.inner)
            .expect("nobody shares what is still being made")
            .outline = Some(outline);
        self
    }

    /// Remove a clone, for a source that is no more.
    ///
    /// # Errors
    /// As the file system reports; no clone is none.
    pub fn discard(clone_dir: &Path) -> Result<()> {
        remote::discard(clone_dir)
    }

    /// The same connector with other page sizes.
    #[cfg(test)]
    fn with_limits(mut self, limits: Limits) -> Self {
        Arc::get_mut(&mut self.inner).expect("not shared yet").limits = limits;
        self
    }

    /// Run `work` on a thread that may block; a fault of the git library ends the call, not the program.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &AtomicBool) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&stop.0);
        tokio::task::spawn_blocking(move || work(&inner, &flag))
            .await
            .map_err(|error| {
                if error.is_cancelled() {
                    Error::new(ErrorKind::Cancelled, "read git", "the runtime is shutting down")
                } else {
                    Error::internal("read git", "the git library gave up on this repository")
                        .with_hint("check it with `git fsck`")
                        .with_source(error)
                }
            })?
    }
}

/// Tells the blocking work that nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Connector for Git {
    fn source(&self) -> &SourceId {
        &self.inner.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let position = Position::read(cursor)?;
        self.blocking(move |inner, stop| inner.page(position, stop)).await
    }

    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep> {
        let position = Position::read(cursor)?;
        self.blocking(move |inner, _| inner.census(position)).await
    }

    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate> {
        let position = Position::read(cursor)?;
        self.blocking(move |inner, _| inner.estimate(position)).await
    }
}

impl Inner {
    fn commit_key(&self, id: gix::ObjectId) -> Key {
        Key::commit(&self.repository, &id.to_hex().to_string())
    }

    fn file_key(&self, path: &BString) -> Key {
        Key::file(&self.repository, &text::path(path))
    }

    fn tag_key(&self, name: &BString) -> Key {
        Key::tag(&self.repository, &text::path(name))
    }

    /// Every document's id is derived from its key.
    fn id(&self, key: &Key) -> DocumentId {
        DocumentId::new(&self.source, key.as_str())
    }

    /// A page of the repository's web site: `parts` are path segments, each encoded as needed.
    fn url<'a>(&self, parts: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let mut url = url::Url::parse(self.web.as_deref()?).ok()?;
        url.path_segments_mut().ok()?.extend(parts);
        Some(url.into())
    }
}
