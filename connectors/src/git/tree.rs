//! Which files a tree holds, and which differ between two trees. Trees may be made to unfold without end, so every walk is bounded.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use domain::{Error, ErrorKind, Result};
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice, ByteVec};
use gix::diff::tree::visit::{Action, Change};
use gix::diff::tree::{Recorder, Visit};
use gix::objs::TreeRefIter;

use super::fault::reading;
use super::skip;

/// Entries of one tree, or changes between two, beyond which a repository is refused.
const MAX_ENTRIES: usize = 5_000_000;
/// Changes of one commit beyond which they are no longer counted.
const MAX_COUNTED: usize = 1_000_000;
/// Longer paths name no file that a person keeps; no file system takes them.
const MAX_PATH_BYTES: usize = 4_096;

/// A path to look at: with its content, or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileStep {
    pub(super) path: BString,
    /// None where no regular file is at the path any more.
    pub(super) blob: Option<ObjectId>,
}

/// A path at which two trees differ, with the regular file on each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) path: BString,
    pub(super) old: Option<ObjectId>,
    pub(super) new: Option<ObjectId>,
}

/// The regular files in a tree that are worth reading by their paths, by path.
pub(super) fn all(repository: &gix::Repository, root: &gix::Tree<'_>) -> Result<Vec<FileStep>> {
    let mut files = Vec::new();
    let mut seen = 0;
    let mut pending = vec![(BString::default(), root.id)];
    while let Some((folder, tree)) = pending.pop() {
        let tree = repository.find_tree(tree).map_err(reading("read tree"))?;
        for entry in tree.iter() {
            let entry = entry.map_err(reading("read tree"))?;
            seen += 1;
            if seen > MAX_ENTRIES {
                return Err(too_many());
            }
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push_byte(b'/');
            }
            path.push_str(entry.filename());
            let mode = entry.mode();
            if path.len() > MAX_PATH_BYTES || skip::by_path(path.as_bstr(), mode.is_tree()) {
                continue;
            }
            if mode.is_tree() {
                pending.push((path, entry.object_id()));
            } else if mode.is_blob() {
                files.push(FileStep {
                    path,
                    blob: Some(entry.object_id()),
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The paths worth reading at which the regular file differs between two trees, by path.
pub(super) fn difference(
    repository: &gix::Repository,
    old: &gix::Tree<'_>,
    new: &gix::Tree<'_>,
) -> Result<Vec<FileStep>> {
    let mut files: BTreeMap<BString, Option<ObjectId>> = BTreeMap::new();
    let count = changes(repository, Some(old), new, MAX_ENTRIES, |path, _, blob| {
        if path.len() <= MAX_PATH_BYTES && !skip::by_path(path, false) {
            // A file replaced by something else of the same name appears twice: what is there now counts.
            let slot = files.entry(path.to_owned()).or_default();
            *slot = slot.or(blob);
        }
    })?;
    if count >= MAX_ENTRIES {
        return Err(too_many());
    }
    Ok(files.into_iter().map(|(path, blob)| FileStep { path, blob }).collect())
}

/// The paths that differ between two trees, at most `limit` of them, by path, and how many there are in all.
pub(super) fn touched(
    repository: &gix::Repository,
    old: Option<&gix::Tree<'_>>,
    new: &gix::Tree<'_>,
    limit: usize,
) -> Result<(Vec<Changed>, usize)> {
    let mut sides: BTreeMap<BString, (Option<ObjectId>, Option<ObjectId>)> = BTreeMap::new();
    let mut seen = 0;
    let count = changes(repository, old, new, MAX_COUNTED, |path, old, new| {
        if seen < limit && path.len() <= MAX_PATH_BYTES {
            seen += 1;
            // A file replaced by something else of the same name appears twice, each time with one side.
            let slot = sides.entry(path.to_owned()).or_default();
            *slot = (slot.0.or(old), slot.1.or(new));
        }
    })?;
    let changed = |(path, (old, new))| Changed { path, old, new };
    Ok((sides.into_iter().map(changed).collect(), count))
}

/// Call `each` with the path of every entry but folders that differs, and its blob where a regular file was and is there.
/// Ends at `limit` of them. Renames are not looked for.
fn changes(
    repository: &gix::Repository,
    old: Option<&gix::Tree<'_>>,
    new: &gix::Tree<'_>,
    limit: usize,
    each: impl FnMut(&BStr, Option<ObjectId>, Option<ObjectId>),
) -> Result<usize> {
    let kind = repository.object_hash();
    let old = old.map_or(&[][..], |tree| &tree.data);
    let mut visitor = Visitor {
        place: Recorder::default(),
        each,
        visited: 0,
        count: 0,
        limit,
    };
    let result = gix::diff::tree(
        TreeRefIter::from_bytes(old, kind),
        TreeRefIter::from_bytes(&new.data, kind),
        gix::diff::tree::State::default(),
        &repository.objects,
        &mut visitor,
    );
    match result {
        Ok(()) | Err(gix::diff::tree::Error::Cancelled) => Ok(visitor.count),
        Err(gix::diff::tree::Error::Failure(error)) => Err(reading("compare trees")(error)),
    }
}

fn too_many() -> Error {
    Error::new(
        ErrorKind::Exhausted,
        "read tree",
        format!("the branch has more than {MAX_ENTRIES} files and folders"),
    )
    .with_hint("this repository is larger than the git connector reads")
}

/// Keeps the path by means of the library's own recorder, and passes changes on instead of collecting them.
struct Visitor<F> {
    place: Recorder,
    each: F,
    visited: usize,
    count: usize,
    limit: usize,
}

impl<F: FnMut(&BStr, Option<ObjectId>, Option<ObjectId>)> Visit for Visitor<F> {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.place.pop_front_tracked_path_and_set_current();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.place.push_back_tracked_path_component(component);
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.place.push_path_component(component);
    }

    fn pop_path_component(&mut self) {
        self.place.pop_path_component();
    }

    fn visit(&mut self, change: Change) -> Action {
        self.visited += 1;
        if !change.entry_mode().is_tree() {
            self.count += 1;
            let (old, new) = sides(&change);
            (self.each)(self.place.path().as_bstr(), old, new);
        }
        if self.visited >= self.limit {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// The regular files on both sides of a change.
fn sides(change: &Change) -> (Option<ObjectId>, Option<ObjectId>) {
    match *change {
        Change::Addition { entry_mode, oid, .. } => (None, entry_mode.is_blob().then_some(oid)),
        Change::Deletion { entry_mode, oid, .. } => (entry_mode.is_blob().then_some(oid), None),
        Change::Modification {
            previous_entry_mode,
            previous_oid,
            entry_mode,
            oid,
        } => (
            previous_entry_mode.is_blob().then_some(previous_oid),
            entry_mode.is_blob().then_some(oid),
        ),
    }
}
