//! The lists that a run pages through: which commits are new, and which files changed.

use std::collections::HashSet;
use std::sync::Arc;

use domain::Result;
use gix::ObjectId;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use super::Inner;
use super::fault::reading;
use super::tree::{self, FileStep};

/// A target and what is known already; it determines a list.
type Span = (ObjectId, Option<ObjectId>);

/// The lists of the latest run.
#[derive(Debug, Default)]
pub(super) struct Lists {
    commits: Option<(Span, Arc<Vec<ObjectId>>)>,
    files: Option<(Span, Arc<Vec<FileStep>>)>,
}

impl Inner {
    /// The commits reachable from `head` but not from `known`, oldest first.
    pub(super) fn new_commits(
        &self,
        repository: &gix::Repository,
        head: ObjectId,
        known: Option<ObjectId>,
    ) -> Result<Arc<Vec<ObjectId>>> {
        let span = (head, known);
        if let Some((of, list)) = &self.lists().commits
            && *of == span
        {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(reachable(repository, head, known)?);
        self.lists().commits = Some((span, Arc::clone(&list)));
        Ok(list)
    }

    /// The files that differ between `known` (none: an empty tree) and `head`, by path.
    pub(super) fn changed_files(
        &self,
        repository: &gix::Repository,
        head: ObjectId,
        known: Option<ObjectId>,
    ) -> Result<Arc<Vec<FileStep>>> {
        let span = (head, known);
        if let Some((of, list)) = &self.lists().files
            && *of == span
        {
            return Ok(Arc::clone(list));
        }
        let tree_of = |id| {
            repository
                .find_commit(id)
                .and_then(|commit| commit.tree())
                .map_err(reading("read tree"))
        };
        let list = Arc::new(match known {
            Some(known) => tree::difference(repository, &tree_of(known)?, &tree_of(head)?)?,
            None => tree::all(repository, &tree_of(head)?)?,
        });
        self.lists().files = Some((span, Arc::clone(&list)));
        Ok(list)
    }

    /// Let go of the lists: the run is done.
    pub(super) fn forget_lists(&self) {
        *self.lists() = Lists::default();
    }

    fn lists(&self) -> std::sync::MutexGuard<'_, Lists> {
        // A list is replaced as a whole, so one that a panicking thread left behind is still whole.
        self.lists.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether `old` is `new` or one of its ancestors. May be wrong only by saying no, where commit dates run backwards.
pub(super) fn is_ancestor(repository: &gix::Repository, old: ObjectId, new: ObjectId) -> Result<bool> {
    Ok(old == new || reachable(repository, old, Some(new))?.is_empty())
}

/// The commits reachable from `tip` but not from `hidden`, oldest first. Where commit dates run backwards, a few that are
/// reachable from `hidden` may be among them: read again, they are found unchanged.
pub(super) fn reachable(
    repository: &gix::Repository,
    tip: ObjectId,
    hidden: Option<ObjectId>,
) -> Result<Vec<ObjectId>> {
    let shallow = repository
        .is_shallow()
        .map_err(reading("read where the history ends"))?;
    let mut commits = walk(repository, tip, hidden.filter(|_| !shallow))?;
    // Hiding looks through the end of a shallow history, so there the difference is taken instead.
    if let Some(hidden) = hidden.filter(|_| shallow) {
        let known: HashSet<ObjectId> = walk(repository, hidden, None)?.into_iter().collect();
        commits.retain(|id| !known.contains(id));
    }
    commits.reverse();
    Ok(commits)
}

fn walk(repository: &gix::Repository, tip: ObjectId, hidden: Option<ObjectId>) -> Result<Vec<ObjectId>> {
    repository
        .rev_walk([tip])
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .with_hidden(hidden)
        .all()
        .and_then(|walk| walk.map(|commit| commit.map(|commit| commit.id)).collect())
        .map_err(reading("read history"))
}
