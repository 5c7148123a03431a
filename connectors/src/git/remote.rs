//! Cloning and fetching: the clone is bare, follows the remote's branches, tags and HEAD exactly, and is never pushed from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use domain::{Error, Result};
use gix::bstr::{BStr, BString};
use gix::protocol::handshake::Ref;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};
use gix::remote::fetch::Tags;

use super::fault::{fetching, reading};

const REFSPECS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
/// Nobody is there to answer a question; nothing is to be written to a log.
const CONFIGURATION: [&str; 2] = [
    "gitoxide.credentials.terminalPrompt=false",
    "core.logAllRefUpdates=false",
];

/// The file in a clone that says what it is a clone of.
const ORIGIN: &str = "neurosync-origin";

/// Whether `dir` holds a clone of `url`.
pub(super) fn is_clone_of(url: &gix::Url, dir: &Path) -> bool {
    dir.join("HEAD").exists() && std::fs::read(dir.join(ORIGIN)).is_ok_and(|origin| origin == url.to_bstring())
}

/// Bring the bare clone in `dir` to the state of `url`; make it where there is none, or one of another URL. The user's own
/// git configuration applies (credential helpers, proxies, ssh). Safe to repeat after any interruption.
pub(super) fn fetch(url: &gix::Url, dir: &Path, stop: &AtomicBool) -> Result<()> {
    discard_other(url, dir)?;
    let repository = open_or_make(url, dir)?;
    let head = gix::refspec::parse("HEAD".into(), gix::refspec::parse::Operation::Fetch)
        .map_err(|_error| Error::internal("fetch repository", "`HEAD` is no refspec"))?
        .to_owned();
    let options = gix::remote::ref_map::Options {
        extra_refspecs: vec![head],
        ..Default::default()
    };
    let remote = repository
        .remote_at(url.clone())
        .map(|remote| remote.with_fetch_tags(Tags::None))
        .and_then(|remote| remote.with_refspecs(REFSPECS, gix::remote::Direction::Fetch))
        .map_err(|error| fetching(&error))?;
    let prepared = remote
        .connect(gix::remote::Direction::Fetch)
        .and_then(|connection| connection.prepare_fetch(gix::progress::Discard, options))
        .map_err(|error| fetching(&error))?;
    let remote_refs = prepared.ref_map().remote_refs.clone();
    // Before the new ones are written: `a` must be gone before `a/b` can come.
    prune(&repository, &remote_refs)?;
    if remote_refs.iter().any(|reference| reference.unpack().1.is_some()) {
        prepared
            .with_write_packed_refs_only(true)
            .receive(gix::progress::Discard, stop)
            .map_err(|error| fetching(&error))?;
    }
    follow_head(&repository, &remote_refs)
}

/// Remove a clone of another URL: its objects and references are nobody's business here.
fn discard_other(url: &gix::Url, dir: &Path) -> Result<()> {
    if dir.join(ORIGIN).exists() && !is_clone_of(url, dir) {
        discard(dir)?;
    }
    Ok(())
}

/// Remove the clone in `dir`, and what an interruption left beside it. It is moved away first, so that it is there as a whole or
/// not at all.
pub(super) fn discard(dir: &Path) -> Result<()> {
    let (made, old) = (beside(dir, "new"), beside(dir, "old"));
    for leftover in [&made, &old] {
        remove(leftover)?;
    }
    match std::fs::rename(dir, &old) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        moved => moved
            .map_err(|error| Error::io("discard clone", dir, error))
            .and_then(|()| remove(&old)),
    }
}

fn remove(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("discard clone", dir, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A folder beside `dir` that no source's clone can have: `~` is in no source's name.
fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push("~");
    name.push(what);
    name.into()
}

fn open_or_make(url: &gix::Url, dir: &Path) -> Result<gix::Repository> {
    let options = || {
        gix::open::Options::default()
            .config_overrides(CONFIGURATION)
            .open_path_as_is(true)
    };
    let foreign = || {
        let message = format!("{} is not a clone of this program", dir.display());
        Error::corrupt("open clone", message).with_hint("remove the folder; it is cloned again")
    };
    if dir.join("HEAD").exists() {
        if !is_clone_of(url, dir) {
            return Err(foreign());
        }
        return gix::open_opts(dir, options()).map_err(|error| foreign().with_source(error));
    }
    let made = beside(dir, "new");
    let fail = |error| Error::io("make clone", dir, error);
    remove(&made)?;
    std::fs::create_dir_all(&made).map_err(fail)?;
    let kind = gix::create::Kind::Bare;
    gix::ThreadSafeRepository::init_opts(&made, kind, gix::create::Options::default(), options()).map_err(|error| {
        Error::invalid("make clone", format!("{} cannot become a clone", dir.display()))
            .with_hint("remove the folder, or name another one")
            .with_source(error)
    })?;
    std::fs::write(made.join(ORIGIN), url.to_bstring()).map_err(fail)?;
    std::fs::rename(&made, dir).map_err(fail)?;
    gix::open_opts(dir, options()).map_err(|error| foreign().with_source(error))
}

/// Remove the branches and tags that the remote has no more.
fn prune(repository: &gix::Repository, remote: &[Ref]) -> Result<()> {
    let kept: BTreeSet<&BStr> = remote.iter().map(|reference| reference.unpack().0).collect();
    let mut gone = Vec::new();
    let platform = repository.references().map_err(reading("list references"))?;
    for reference in platform.all().map_err(reading("list references"))? {
        let name = reference.map_err(reading("list references"))?.name().to_owned();
        if !kept.contains(name.as_bstr()) {
            let change = Change::Delete {
                expected: PreviousValue::Any,
                log: RefLog::AndReference,
            };
            gone.push(RefEdit {
                change,
                name,
                deref: false,
            });
        }
    }
    repository
        .edit_references(gone)
        .map(drop)
        .map_err(reading("remove references"))
}

/// Point HEAD at what the remote's HEAD points at, a branch that is still to come included.
fn follow_head(repository: &gix::Repository, remote: &[Ref]) -> Result<()> {
    let target = remote.iter().find_map(|reference| match reference {
        Ref::Symbolic {
            full_ref_name, target, ..
        }
        | Ref::Unborn { full_ref_name, target }
            if full_ref_name == "HEAD" =>
        {
            branch(target)
        }
        Ref::Direct { full_ref_name, object } if full_ref_name == "HEAD" => Some(Target::Object(*object)),
        Ref::Symbolic { .. } | Ref::Unborn { .. } | Ref::Direct { .. } | Ref::Peeled { .. } => None,
    });
    let Some(new) = target else { return Ok(()) };
    let change = Change::Update {
        log: LogChange::default(),
        expected: PreviousValue::Any,
        new,
    };
    let name = FullName::try_from("HEAD").map_err(|_error| Error::internal("set HEAD", "`HEAD` is no reference"))?;
    repository
        .edit_reference(RefEdit {
            change,
            name,
            deref: false,
        })
        .map(drop)
        .map_err(reading("set HEAD"))
}

fn branch(name: &BString) -> Option<Target> {
    FullName::try_from(name.clone()).ok().map(Target::Symbolic)
}
