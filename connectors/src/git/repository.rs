//! Opening a repository and telling its state: the branch's tip, the tags, and what else documents are made from.

use std::path::Path;

use domain::{Error, ErrorKind, Result};
use gix::ObjectId;
use gix::bstr::BString;

use super::Inner;
use super::cursor::{Oid, State};
use super::fault::reading;
use super::location::Location;
use super::owners;
use super::remote;

/// Parts of the digests: raise one when such documents are made in another way, so that all are made again.
const FORM_OF_HISTORY: &str = "2";
const FORM_OF_FILES: &str = "1";
/// Decoded objects kept in memory. Neighbouring commits share most of their trees.
pub(super) const OBJECT_CACHE_BYTES: usize = 64 << 20;
const OPERATION: &str = "open git repository";

/// The tip of the branch that is read.
pub(super) struct Head {
    pub(super) id: Option<ObjectId>,
    /// The branch's short name; none where HEAD is detached.
    pub(super) branch: Option<String>,
}

/// Open the repository in the folder `path` (its work tree, `.git` or bare folder), reading no configuration but its own.
pub(super) fn open(path: &Path) -> Result<gix::Repository> {
    if !path.exists() {
        return Err(
            Error::not_found(OPERATION, format!("{} does not exist", path.display())).with_hint("check the path"),
        );
    }
    let mut repository = gix::open_opts(path, gix::open::Options::isolated()).map_err(|error| {
        let (kind, hint) = if error.is_permission_denied() {
            (ErrorKind::Denied, "make the folder readable for this user")
        } else {
            (
                ErrorKind::Invalid,
                "give the folder that holds `.git`, or a bare repository with SHA-1 object names",
            )
        };
        Error::new(
            kind,
            OPERATION,
            format!("{} is not a repository that can be read", path.display()),
        )
        .with_hint(hint)
        .with_source(error)
    })?;
    if repository.config_snapshot().string("extensions.partialClone").is_some() {
        return Err(Error::invalid(
            OPERATION,
            format!("{} is a partial clone and lacks file contents", path.display()),
        )
        .with_hint("clone it again without `--filter`"));
    }
    repository.object_cache_size(OBJECT_CACHE_BYTES);
    Ok(repository)
}

/// Where the repository says that it was cloned from.
pub(super) fn origin(repository: &gix::Repository) -> Option<gix::Url> {
    let remote = repository.find_remote("origin").ok()?;
    remote.url(gix::remote::Direction::Fetch).cloned()
}

/// All tags with what they point at directly, by name.
pub(super) fn tags(repository: &gix::Repository) -> Result<Vec<(BString, ObjectId)>> {
    let platform = repository.references().map_err(reading("list tags"))?;
    let mut tags = Vec::new();
    for reference in platform.tags().map_err(reading("list tags"))? {
        let reference = reference.map_err(reading("list tags"))?;
        let name = reference.name().shorten().to_owned();
        // A symbolic tag that leads nowhere is no tag.
        if let Some(id) = reference
            .try_id()
            .map(gix::Id::detach)
            .or_else(|| reference.into_fully_peeled_id().ok().map(gix::Id::detach))
        {
            tags.push((name, id));
        }
    }
    tags.sort();
    Ok(tags)
}

/// A digest that changes whenever a tag comes, goes or moves.
pub(super) fn digest_of_tags(tags: &[(BString, ObjectId)]) -> String {
    digest(tags.iter().flat_map(|(name, id)| [name.as_slice(), id.as_slice()]))
}

/// A digest of the parts and of where each ends.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    for part in parts {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    // The hasher refuses only input made to collide; such a state then equals no other, and all is read again.
    hasher
        .try_finalize()
        .map_or_else(|_error| "collision".to_owned(), |id| id.to_hex().to_string())
}

impl Inner {
    /// The repository as it is on this machine now.
    pub(super) fn repository(&self) -> Result<gix::Repository> {
        open(&self.dir)
    }

    /// Whether there is anything to open: a URL may not have been cloned yet, or another one may have been cloned here.
    pub(super) fn is_here(&self) -> bool {
        match &self.location {
            Location::Folder(_) => true,
            Location::Url(url) => remote::is_clone_of(url, &self.dir),
        }
    }

    /// The tip to read. A repository without any reference is empty; a missing branch elsewhere is an error.
    pub(super) fn head(&self, repository: &gix::Repository) -> Result<Head> {
        let Some(branch) = &self.settings.branch else {
            let mut head = repository.head().map_err(reading("read HEAD"))?;
            let branch = head.referent_name().map(|name| name.shorten().to_string());
            let id = head
                .try_peel_to_id()
                .map_err(reading("read HEAD"))?
                .map(gix::Id::detach);
            return Ok(Head { id, branch });
        };
        for prefix in ["refs/heads", "refs/remotes/origin"] {
            let found = repository
                .try_find_reference(format!("{prefix}/{branch}").as_str())
                .map_err(|error| {
                    Error::invalid("read branch", "`branch` cannot name a branch")
                        .with_hint("set it to one that `git branch --all` lists")
                        .with_source(error)
                })?;
            if let Some(reference) = found {
                let id = reference
                    .into_fully_peeled_id()
                    .map_err(reading("read branch"))?
                    .detach();
                return Ok(Head {
                    id: Some(id),
                    branch: Some(branch.clone()),
                });
            }
        }
        let references = repository.references().map_err(reading("list branches"))?;
        if references.all().map_err(reading("list branches"))?.next().is_none() {
            return Ok(Head {
                id: None,
                branch: Some(branch.clone()),
            });
        }
        Err(
            Error::not_found("read branch", format!("there is no branch `{branch}`"))
                .with_hint("set `branch` to one that `git branch --all` lists"),
        )
    }

    /// The state that a run started now would lead to.
    pub(super) fn state(&self, repository: &gix::Repository) -> Result<State> {
        let Head { id, branch } = self.head(repository)?;
        let tree = match id {
            Some(id) => Some(
                repository
                    .find_commit(id)
                    .and_then(|commit| commit.tree())
                    .map_err(reading("read the branch's tip"))?,
            ),
            None => None,
        };
        let blob = |path: &str| {
            tree.as_ref()
                .and_then(|tree| tree.lookup_entry_by_path(path).ok().flatten())
                .map_or_else(Vec::new, |entry| entry.object_id().as_slice().to_vec())
        };
        let shallow: Vec<u8> = repository
            .shallow_commits()
            .map_err(reading("read where the history ends"))?
            .map_or_else(Vec::new, |commits| {
                commits.iter().flat_map(|id| id.as_slice().to_vec()).collect()
            });
        let web = self.web.as_deref().unwrap_or_default().as_bytes();
        let symbols = if self.outline.is_some() { "symbols" } else { "" };
        let mut history = vec![
            FORM_OF_HISTORY.as_bytes(),
            symbols.as_bytes(),
            self.repository.as_bytes(),
            web,
            &shallow,
        ];
        let mailmap = blob(".mailmap");
        history.push(&mailmap);
        let limit = self.settings.max_file_bytes.to_le_bytes();
        let owners: Vec<Vec<u8>> = owners::PLACES.iter().map(|path| blob(path)).collect();
        let mut files = vec![FORM_OF_FILES.as_bytes(), self.repository.as_bytes(), web, &limit];
        // The branch is part of a file's URL, and of nothing else in it.
        files.push(
            branch
                .as_deref()
                .filter(|_| self.web.is_some())
                .unwrap_or_default()
                .as_bytes(),
        );
        files.extend(owners.iter().map(Vec::as_slice));
        Ok(State {
            head: id.map(Oid),
            tags: digest_of_tags(&tags(repository)?),
            history: digest(history),
            files: digest(files),
        })
    }
}
