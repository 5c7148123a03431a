//! Pages: what a run reads, step by step, and where it goes on.

use domain::{Change, ErrorKind, Page, Rejected, Result};

use super::client::{Found, Row};
use super::connector::Jira;
use super::cursor::{Position, Run, Task};
use super::people;
use super::slice::{DAY, Slice};
use crate::archive::format::Told;

/// Changes in a page, about.
const PAGE: usize = 500;
/// How far behind the present a run counts as read: what is written meanwhile is asked for again by the next.
const MARGIN: i64 = 60 * 1000;
/// How far a census looks back beyond the one before it, for what the search index did not know for long.
pub(super) const LOOK_BACK: i64 = 2 * 60 * 60 * 1000;

/// A page on its way.
pub(super) struct Pull<'j> {
    pub(super) jira: &'j Jira,
    pub(super) position: Position,
    pub(super) now: i64,
    pub(super) changes: Vec<Change>,
    pub(super) told: Told,
    pub(super) rejected: Vec<Rejected>,
    pub(super) reread: Vec<String>,
}

impl<'j> Pull<'j> {
    pub(super) fn new(jira: &'j Jira, position: Position) -> Self {
        Self {
            jira,
            position,
            now: jira.clock.now().0,
            changes: Vec::new(),
            told: Told::default(),
            rejected: Vec::new(),
            reread: Vec::new(),
        }
    }

    /// The next page. A step that fails after others ends the page before it; the next page begins with it.
    pub(super) async fn page(mut self) -> Result<Page> {
        let now = domain::Timestamp(self.now);
        let mut steps = 0;
        if self.position.run.is_none() {
            self.jira.access.begin(now).await;
            self.begin().await?;
            steps += 1;
        } else {
            self.jira.access.renew(now).await;
        }
        while self.changes.len() < PAGE && self.ended().is_none() {
            let (position, changes) = (self.position.clone(), self.changes.len());
            let (rejected, reread) = (self.rejected.len(), self.reread.len());
            if let Err(error) = self.step().await {
                if steps == 0 {
                    return Err(error);
                }
                tracing::debug!(source.id = %self.jira.source, %error, "the page ends before a step that fails");
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

    /// The run, when nothing of it is left.
    fn ended(&self) -> Option<&Run> {
        let run = self.position.run.as_ref()?;
        (run.tasks.is_empty() && run.pending.is_empty()).then_some(run)
    }

    /// What is left of a run decides whether the page is its last.
    fn finish(mut self) -> Page {
        let ended = self.ended().cloned();
        if let Some(run) = &ended {
            let new = self.position.is_new();
            self.position.before = if new { run.to } else { self.position.high };
            self.position.high = self.position.high.max(run.to);
            if run.census || new {
                self.position.census = run.start;
            }
            self.position.whole = new;
            self.position.run = None;
            self.position.tidy(self.position.from());
        }
        let sweep_due = ended.as_ref().is_some_and(|run| run.sweep || run.census);
        self.into_page((ended.is_none(), sweep_due))
    }

    /// The page of all that was read so far.
    pub(super) fn into_page(self, (more, sweep_due): (bool, bool)) -> Page {
        Page {
            changes: self.changes,
            rejected: self.rejected,
            reread: self.reread,
            cursor: self.position.write(),
            more,
            sweep_due,
        }
    }

    /// Begin a run: the projects and their readers, and what there is to do.
    async fn begin(&mut self) -> Result<()> {
        if self.position.me.is_none() {
            self.position.me = self.jira.client.myself().await?;
        }
        let read = self.projects().await?;
        self.hooks().await;
        // A clock that is wrong, here or there, must not lead past what the other has not written yet.
        let server = self.jira.client.date().map_or(self.now, |date| date.0);
        let to = (self.now.min(server) - MARGIN).max(self.position.high);
        let new = self.position.is_new();
        let due = |last: i64| self.now.saturating_sub(last) >= DAY;
        let census = !new && (due(self.position.census) || read.vanished);
        let mut run = Run {
            start: self.now,
            to,
            census,
            // Documents of other settings may be left.
            sweep: read.vanished || self.position.census < 0,
            ..Run::default()
        };
        if due(self.position.users) {
            run.tasks.push_back(Task::Users(0));
        }
        run.tasks.extend(read.fresh.into_iter().map(Task::Project));
        if !new {
            let from = self.position.from();
            let wide = self.position.census.saturating_sub(LOOK_BACK);
            run.tasks
                .push_back(Task::Changed(if census { from.min(wide) } else { from }));
        }
        if census {
            run.tasks
                .extend(self.position.projects.keys().copied().map(Task::Census));
            run.tasks.push_back(Task::Missing);
        }
        self.position.run = Some(run);
        Ok(())
    }

    /// One step: some issues, or a page of what the first task lists.
    async fn step(&mut self) -> Result<()> {
        let Some(run) = &self.position.run else { return Ok(()) };
        if !run.pending.is_empty() {
            return self.issues().await;
        }
        let start = run.start;
        match run.tasks.front().cloned() {
            None => Ok(()),
            Some(Task::Users(start)) => self.users(start).await,
            Some(Task::Project(project)) => {
                let found = self.project_page(project).await?;
                self.list(found, |_, _, _| true)
            }
            Some(Task::Changed(from)) => {
                let found = self.search(&self.changed(from), &["updated"]).await?;
                self.list(found, |position, _, row| !position.has_read(row.id, row.updated))
            }
            Some(Task::Census(project)) => {
                let found = self.project_page(project).await?;
                let slice = Slice::new(start, self.jira.config.census_days);
                self.list(found, move |position, run, row| {
                    if !position.many {
                        run.listed.0.insert(row.id);
                    }
                    slice.has(row.id) || !(position.many || position.known.0.contains(&row.id))
                })
            }
            Some(Task::Missing) => {
                let known = self.position.known.0.clone();
                if let Some(run) = &mut self.position.run {
                    run.pending.0.extend(known.difference(&run.listed.0));
                    run.listed.0.clear();
                    run.turn(None)?;
                }
                Ok(())
            }
        }
    }

    /// What changed since then, up to the present: who hears of a change by a webhook comes for just that. How far the run has read
    /// for sure is another matter; what it saw beyond that is not read again.
    pub(super) fn changed(&self, from: i64) -> String {
        let projects: Vec<String> = self.position.projects.keys().map(u64::to_string).collect();
        let within = if self.jira.config.projects.is_empty() || projects.is_empty() {
            String::new()
        } else {
            format!(" AND project IN ({})", projects.join(", "))
        };
        // A bare number is milliseconds since 1970, in nobody's time zone.
        format!("updated >= {from}{within} ORDER BY created ASC")
    }

    /// The next page of a search. Where its token is too old, the first one.
    async fn search(&mut self, jql: &str, fields: &[&str]) -> Result<Found> {
        let Some(run) = &mut self.position.run else {
            return Ok(Found::default());
        };
        if let Some(token) = &run.token {
            match self.jira.client.search(jql, fields, Some(token)).await {
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    run.token = None;
                    run.used.clear();
                }
                other => return other,
            }
        }
        self.jira.client.search(jql, fields, None).await
    }

    /// The next ids of a project. None for one that is not there any more, which the next run finds out.
    async fn project_page(&mut self, project: u64) -> Result<Found> {
        match self
            .search(&format!("project = {project} ORDER BY created ASC"), &["id"])
            .await
        {
            Err(error) if error.kind() == ErrorKind::Invalid => Ok(Found::default()),
            other => other,
        }
    }

    /// Put down the issues of a page that are to be read.
    fn list(&mut self, found: Found, wanted: impl Fn(&Position, &mut Run, &Row) -> bool) -> Result<()> {
        let Some(mut run) = self.position.run.take() else {
            return Ok(());
        };
        for row in &found.rows {
            if wanted(&self.position, &mut run, row) {
                run.pending.0.insert(row.id);
            }
        }
        let turned = run.turn(found.next);
        self.position.run = Some(run);
        turned
    }

    async fn users(&mut self, start: u64) -> Result<()> {
        let users = self.jira.client.users(start).await?;
        for user in &users {
            let account = people::account(&self.jira.source, &self.jira.config.place.name, user);
            if let Some(account) = account {
                self.told.account(&mut self.changes, account);
            }
        }
        if users.is_empty() {
            self.position.users = self.now;
        }
        let Some(run) = &mut self.position.run else {
            return Ok(());
        };
        if users.is_empty() {
            run.turn(None)
        } else {
            run.tasks.pop_front();
            run.tasks.push_front(Task::Users(start + users.len() as u64));
            Ok(())
        }
    }
}
