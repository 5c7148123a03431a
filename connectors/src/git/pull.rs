//! Pages: what a run reads, how it is cut, and where it goes on.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use domain::{Account, AccountId, Change, Document, Error, Page, Rejected, Result, Sweep};

use super::Inner;
use super::commit::{Scribe, Scribes};
use super::cursor::{Oid, Position, Run, Stage, State};
use super::file::{self, Outcome, Reader};
use super::history;
use super::location::Location;
use super::people::People;
use super::remote;
use super::repository;

/// How much one page may hold, each checked before the next item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) commits: usize,
    pub(super) files: usize,
    pub(super) tags: usize,
    /// Of bodies.
    pub(super) bytes: usize,
    pub(super) links: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            commits: 1_000,
            files: 500,
            tags: 1_000,
            bytes: 16 << 20,
            links: 100_000,
        }
    }
}

/// A page in the making.
#[derive(Default)]
struct Draft {
    changes: Vec<Change>,
    accounts: BTreeMap<AccountId, Account>,
    rejected: Vec<Rejected>,
    reread: Vec<String>,
    commits: usize,
    files: usize,
    tags: usize,
    bytes: usize,
    links: usize,
}

impl Draft {
    fn is_full(&self, limits: &Limits) -> bool {
        self.commits >= limits.commits
            || self.files >= limits.files
            || self.tags >= limits.tags
            || self.bytes >= limits.bytes
            || self.links >= limits.links
    }

    fn add(&mut self, document: Result<Document, Rejected>) {
        match document {
            Ok(document) => {
                self.bytes += document.body.text.len();
                self.links += document.links.len();
                self.changes.push(Change::Upsert(Box::new(document)));
            }
            Err(rejected) => self.rejected.push(rejected),
        }
    }

    /// Accounts first, so that whoever reads in order knows who wrote what follows.
    fn finish(self, before: Vec<Change>) -> (Vec<Change>, Vec<Rejected>, Vec<String>) {
        let mut changes = before;
        changes.extend(self.accounts.into_values().map(Change::Account));
        changes.extend(self.changes);
        (changes, self.rejected, self.reread)
    }
}

impl Inner {
    /// The page after `position`.
    pub(super) fn page(&self, position: Position, stop: &AtomicBool) -> Result<Page> {
        let Position { done, run, .. } = position;
        if let Location::Url(url) = &self.location
            && (run.is_none() || !self.is_here())
        {
            remote::fetch(url, &self.dir, stop)?;
        }
        let repository = self.repository()?;
        let Some(mut run) = self.run(&repository, done.as_ref(), run)? else {
            let cursor = done.map_or_else(Position::start, Position::at).write();
            return Ok(Page {
                changes: self.preamble(),
                ..Page::empty(cursor)
            });
        };
        let mut draft = Draft::default();
        let first = run.stage == Stage::Commits && run.next == 0;
        let before = if first { self.preamble() } else { Vec::new() };
        if first && run.commits_since.is_none() && run.files_since.is_none() {
            draft.reread = ["commit ", "file ", "tag "].map(str::to_owned).to_vec();
        }
        while run.stage != Stage::Done && !draft.is_full(&self.limits) {
            match run.stage {
                Stage::Commits => self.commits(&repository, &mut run, &mut draft)?,
                Stage::Files => self.files(&repository, &mut run, &mut draft)?,
                Stage::Tags => self.tags(&repository, &mut run, &mut draft)?,
                Stage::Done => {}
            }
        }
        let (changes, rejected, reread) = draft.finish(before);
        let more = run.stage != Stage::Done;
        let sweep_due = !more && run.sweep;
        let position = if more {
            Position::during(done, run)
        } else {
            tracing::info!(source.id = %self.source, skipped = run.skipped, "read the repository; `skipped` files are binary, too large or generated");
            self.forget_lists();
            self.outlines.forget();
            Position::at(run.to)
        };
        Ok(Page {
            changes,
            rejected,
            reread,
            cursor: position.write(),
            more,
            sweep_due,
        })
    }

    /// What every run begins with, and all that an idle pull says: settings may have changed.
    fn preamble(&self) -> Vec<Change> {
        let rule = self.settings.access.rule(&self.source, &self.key);
        vec![
            Change::Access(rule),
            Change::Upsert(Box::new(self.repository_document())),
        ]
    }

    /// The run to go on with: the one under way, or a new one; none where nothing changed.
    pub(super) fn run(
        &self,
        repository: &gix::Repository,
        done: Option<&State>,
        run: Option<Run>,
    ) -> Result<Option<Run>> {
        match run {
            Some(run) if is_whole(repository, &run) => Ok(Some(run)),
            // Its commits are gone, and what it read of them is known to nobody: all is read again.
            Some(_) => self.next_run(repository, None),
            None => self.next_run(repository, done),
        }
    }

    /// The run from `done` to the present state; none where nothing changed.
    fn next_run(&self, repository: &gix::Repository, done: Option<&State>) -> Result<Option<Run>> {
        let to = self.state(repository)?;
        if done == Some(&to) {
            return Ok(None);
        }
        let known = done.and_then(|done| done.head);
        if known.is_some() && to.head.is_none() {
            return Err(
                Error::not_found("read HEAD", "the branch that was read before has no commits any more")
                    .with_hint("set `branch`, or point the repository's HEAD at a branch that exists"),
            );
        }
        let known = known.filter(|head| repository.find_commit(head.0).is_ok());
        let descends = match (known, to.head) {
            (Some(old), Some(new)) => history::is_ancestor(repository, old.0, new.0)?,
            _ => false,
        };
        let same = |part: fn(&State) -> &str| done.is_some_and(|done| part(done) == part(&to));
        let (same_tags, same_history, same_files) = (same(|s| &s.tags), same(|s| &s.history), same(|s| &s.files));
        Ok(Some(Run {
            commits_since: known.filter(|_| same_history),
            files_since: known.filter(|_| same_files),
            tags: !same_tags || !same_history,
            sweep: !(descends && same_tags && same_history && same_files),
            stage: Stage::Commits,
            next: 0,
            last: None,
            skipped: 0,
            to,
        }))
    }

    fn commits(&self, repository: &gix::Repository, run: &mut Run, draft: &mut Draft) -> Result<()> {
        let Some(head) = run.to.head else {
            run.enter(Stage::Files);
            return Ok(());
        };
        let list = self.new_commits(repository, head.0, run.commits_since.map(|since| since.0))?;
        let read_last = run
            .next
            .checked_sub(1)
            .and_then(|last| list.get(last))
            .copied()
            .map(Oid);
        if run.next > 0 && read_last != run.last {
            // The list came out in another order than before the restart (the history was deepened, say).
            run.next = run
                .last
                .and_then(|last| list.iter().position(|id| *id == last.0))
                .map_or(0, |at| at + 1);
        }
        let scribe = Scribe::new(self, repository, People::at(repository, run.to.head))?;
        let mut scribes = Scribes::new(scribe, list.len().saturating_sub(run.next));
        while run.next < list.len() && !draft.is_full(&self.limits) {
            let room = self.limits.commits.saturating_sub(draft.commits);
            let next = list.get(run.next..).unwrap_or_default();
            let next = next.get(..room.min(scribes.ahead())).unwrap_or(next);
            for (id, (document, mut accounts)) in next.iter().zip(scribes.commits(next)) {
                if draft.is_full(&self.limits) {
                    break;
                }
                draft.accounts.append(&mut accounts);
                draft.add(document);
                draft.commits += 1;
                run.next += 1;
                run.last = Some(Oid(*id));
            }
        }
        if run.next >= list.len() {
            run.enter(Stage::Files);
        }
        Ok(())
    }

    fn files(&self, repository: &gix::Repository, run: &mut Run, draft: &mut Draft) -> Result<()> {
        let Some(head) = run.to.head else {
            run.enter(Stage::Tags);
            return Ok(());
        };
        let list = match self.changed_files(repository, head.0, run.files_since.map(|since| since.0)) {
            // The old tip's trees are gone, though its commit is not.
            Err(_) if run.files_since.is_some() => {
                run.files_since = None;
                run.sweep = true;
                run.enter(Stage::Files);
                self.changed_files(repository, head.0, None)?
            }
            list => list?,
        };
        let reader = Reader::new(self, repository, head);
        while let Some(step) = list.get(run.next)
            && !draft.is_full(&self.limits)
        {
            if run.files_since.is_some() {
                draft.reread.push(file::item(&step.path));
            }
            match step.blob.map(|blob| reader.file(&step.path, blob)) {
                Some(Outcome::Document(document)) => draft.add(Ok(*document)),
                Some(Outcome::Rejected(rejected)) => draft.add(Err(rejected)),
                gone_or_skipped => {
                    run.skipped += u64::from(gone_or_skipped.is_some());
                    if run.files_since.is_some() {
                        draft.changes.push(Change::Delete(self.id(&self.file_key(&step.path))));
                    }
                }
            }
            draft.files += 1;
            run.next += 1;
        }
        if run.next >= list.len() {
            run.enter(Stage::Tags);
        }
        Ok(())
    }

    fn tags(&self, repository: &gix::Repository, run: &mut Run, draft: &mut Draft) -> Result<()> {
        let tags = repository::tags(repository)?;
        let digest = repository::digest_of_tags(&tags);
        if digest != run.to.tags {
            // They moved since the run began: read them as they are now.
            run.to.tags = digest;
            run.tags = true;
            run.sweep = true;
            run.enter(Stage::Tags);
        }
        let scribe = Scribe::new(self, repository, People::at(repository, run.to.head))?;
        while run.tags
            && let Some((name, target)) = tags.get(run.next)
            && !draft.is_full(&self.limits)
        {
            draft.add(scribe.tag(name, *target));
            draft.tags += 1;
            run.next += 1;
        }
        draft.accounts.append(&mut scribe.accounts());
        if !run.tags || run.next >= tags.len() {
            run.enter(Stage::Done);
        }
        Ok(())
    }

    /// All documents of the state that was read up to `position`, wherever the branch is by now.
    pub(super) fn census(&self, position: Position) -> Result<Sweep> {
        let frozen = |reason: &str| Ok(Sweep::Frozen(reason.to_owned()));
        let (Some(State { head, tags, .. }), None) = (position.done, position.run) else {
            return frozen("the repository is not read to its end yet");
        };
        if !self.is_here() {
            return frozen("the repository is not cloned yet");
        }
        let repository = self.repository()?;
        let Some(Oid(head)) = head else {
            return frozen("the branch has no commits");
        };
        if repository.find_commit(head).is_err() {
            return frozen("the commit that was read last is gone; the next sync reads the branch anew");
        }
        let present = repository::tags(&repository)?;
        if repository::digest_of_tags(&present) != tags {
            return frozen("tags changed since they were read; the next sync reads them again");
        }
        let mut ids = vec![self.id(&self.key)];
        ids.extend(
            history::reachable(&repository, head, None)?
                .into_iter()
                .map(|id| self.id(&self.commit_key(id))),
        );
        let reader = Reader::new(self, &repository, Oid(head));
        for step in self.changed_files(&repository, head, None)?.iter() {
            if step.blob.is_some_and(|blob| reader.exists(&step.path, blob)) {
                ids.push(self.id(&self.file_key(&step.path)));
            }
        }
        ids.extend(present.iter().map(|(name, _)| self.id(&self.tag_key(name))));
        Ok(Sweep::Complete(ids))
    }
}

/// Whether all commits that a run needs are still there: a force push with a clean-up may have removed them.
fn is_whole(repository: &gix::Repository, run: &Run) -> bool {
    [run.to.head, run.commits_since, run.files_since]
        .into_iter()
        .flatten()
        .all(|id| repository.find_commit(id.0).is_ok())
}
