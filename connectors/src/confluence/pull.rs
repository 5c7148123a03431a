//! Pages of changes: what a run reads, step by step, and where it goes on.

use domain::{Change, Page, Rejected, Result};

use super::connector::Confluence;
use super::convert;
use super::cursor::{Form, Place, Position, Run, Task};
use crate::archive::format::Told;
use serde_json::Value;

/// Changes in a page, about.
const PAGE: usize = 500;
/// How far behind the present a run stays: what is written meanwhile is read by the next.
const MARGIN: i64 = 60 * 1000;
/// Time between two censuses.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// A page on its way.
pub(super) struct Pull<'w> {
    pub(super) wiki: &'w Confluence,
    pub(super) position: Position,
    pub(super) now: i64,
    pub(super) changes: Vec<Change>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) reread: Vec<String>,
    told: Told,
}

impl<'w> Pull<'w> {
    pub(super) fn new(wiki: &'w Confluence, position: Position) -> Self {
        Self {
            wiki,
            position,
            now: wiki.clock.now().0,
            changes: Vec::new(),
            rejected: Vec::new(),
            reread: Vec::new(),
            told: Told::default(),
        }
    }

    /// The next page. A step that fails after others ends the page before it; the next page begins with it.
    pub(super) async fn page(mut self) -> Result<Page> {
        let now = domain::Timestamp(self.now);
        let mut steps = 0;
        if self.position.run.is_none() {
            self.wiki.access.begin(now).await;
            self.begin().await?;
            steps += 1;
        } else {
            self.wiki.access.renew(now).await;
        }
        while self.changes.len() < PAGE && self.position.run.as_ref().is_some_and(|run| !run.ended()) {
            let (position, changes) = (self.position.clone(), self.changes.len());
            let (rejected, reread) = (self.rejected.len(), self.reread.len());
            if let Err(error) = self.step().await {
                if steps == 0 {
                    return Err(error);
                }
                tracing::debug!(source.id = %self.wiki.source, %error, "the page ends before a step that fails");
                self.position = position;
                self.changes.truncate(changes);
                self.rejected.truncate(rejected);
                self.reread.truncate(reread);
                break;
            }
            steps += 1;
        }
        Ok(self.finish())
    }

    /// What is left of a run decides whether the page is its last.
    fn finish(mut self) -> Page {
        let ended = self.position.run.clone().filter(Run::ended);
        if let Some(run) = &ended {
            let new = self.position.is_new();
            self.position.before = if new { run.to } else { self.position.high };
            self.position.high = self.position.high.max(run.to);
            if run.census || new {
                self.position.census = run.start;
            }
            self.position.run = None;
            self.position.tidy();
        }
        Page {
            changes: self.changes,
            rejected: self.rejected,
            reread: self.reread,
            cursor: self.position.write(),
            more: ended.is_none(),
            sweep_due: ended.is_some_and(|run| run.sweep || run.census),
        }
    }

    /// Begin a run: the spaces and their readers, and what there is to do.
    async fn begin(&mut self) -> Result<()> {
        if self.position.me.is_none() {
            self.position.me = self.wiki.client.myself().await?;
        }
        let read = self.spaces().await?;
        // A clock that is wrong, here or there, must not lead past what the other has not written yet.
        let server = self.wiki.client.date().map_or(self.now, |date| date.0);
        let to = (self.now.min(server) - MARGIN).max(self.position.high);
        let new = self.position.is_new();
        let census = !new && (self.now.saturating_sub(self.position.census) >= DAY || read.vanished);
        let mut run = Run {
            start: self.now,
            to,
            census,
            // Documents of other settings may be left.
            sweep: read.vanished || self.position.census < 0,
            tasks: [Task::Restrictions].into(),
            changed: read.changed,
            ..Run::default()
        };
        for space in read.fresh {
            run.tasks
                .extend([Form::Pages, Form::Posts].map(|form| Task::Space(form, space)));
        }
        let from = self.position.from();
        if !new {
            for form in [Form::Pages, Form::Posts] {
                run.tasks.extend([Task::Changed(form, from), Task::Trashed(form)]);
            }
            run.tasks.push_back(Task::Files(from));
        }
        if census {
            run.tasks.extend([Form::Pages, Form::Posts].map(Task::Census));
            run.tasks.push_back(Task::Missing);
        }
        // Pages come first: a comment is labelled as its page is.
        let since = if new || census { i64::MIN } else { from };
        run.tasks
            .extend([Place::Footer, Place::Inline].map(|place| Task::Comments(place, since)));
        self.some_again(&mut run);
        self.position.run = Some(run);
        Ok(())
    }

    /// Put down the next pages in turn, from time to time.
    fn some_again(&mut self, run: &mut Run) {
        let age = i64::try_from(self.wiki.config.access_age.as_millis()).unwrap_or(i64::MAX);
        if self.now.saturating_sub(self.position.again) < age {
            return;
        }
        self.position.again = self.now;
        let tree = &self.position.tree.0;
        let after = tree.range(self.position.reread.saturating_add(1)..);
        let again = after.chain(tree.range(..=self.position.reread));
        let mut last = self.position.reread;
        for (id, node) in again.take(self.wiki.config.reread) {
            run.put(node.kind.form(), *id, false);
            last = *id;
        }
        self.position.reread = last;
    }

    /// One step: some pages, or a page of what the first task lists.
    async fn step(&mut self) -> Result<()> {
        let Some(run) = &self.position.run else { return Ok(()) };
        // First of all: what it reads is not asked for again with each page.
        if run.tasks.front() == Some(&Task::Restrictions) {
            return self.restrictions().await;
        }
        if !run.pages.is_empty() {
            return self.contents(Form::Pages).await;
        }
        if !run.posts.is_empty() {
            return self.contents(Form::Posts).await;
        }
        match run.tasks.front().cloned() {
            None | Some(Task::Restrictions) => Ok(()),
            Some(Task::Space(form, space)) => self.space_page(form, space).await,
            Some(Task::Changed(form, from)) => self.changed(form, from).await,
            Some(Task::Trashed(form)) => self.trashed(form).await,
            Some(Task::Files(from)) => self.files(from).await,
            Some(Task::Comments(place, from)) => self.comments(place, from).await,
            Some(Task::Census(form)) => self.census(form).await,
            Some(Task::Missing) => self.missing(),
        }
    }

    /// Tell the accounts that records name.
    pub(super) async fn accounts(&mut self, records: &[Value]) -> Result<()> {
        let mut known = self.wiki.accounts.lock().await;
        let mut named: Vec<String> = records.iter().flat_map(convert::people).collect();
        named.sort();
        named.dedup();
        let unknown: Vec<String> = named.iter().filter(|id| !known.contains_key(*id)).cloned().collect();
        if !unknown.is_empty() {
            let users = self.wiki.client.users(&unknown).await?;
            for user in users {
                let account = self.wiki.home().account(&user);
                if let Some(id) = crate::archive::json::id(&user, &["accountId"]) {
                    known.insert(id, account);
                }
            }
        }
        for account in named.iter().filter_map(|id| known.get(id).cloned().flatten()) {
            self.told.account(&mut self.changes, account);
        }
        Ok(())
    }
}
