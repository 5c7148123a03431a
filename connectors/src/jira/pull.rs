//! Pages: what a run reads, step by step, and where it goes on.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessRule, Change, DocumentKind, ErrorKind, Key, Page, Rejected, Result};
use serde_json::{Value, json};

use super::client::{BULK, Found, Row};
use super::connector::Jira;
use super::convert::{self, Home, Identity};
use super::cursor::{OVERLAP, Position, Run, Task};
use super::people::{self, Restriction};
use super::slice::{DAY, Slice};
use crate::archive::format::Told;
use crate::archive::json::{at, id, list, one_line, text, time};

/// Changes in a page, about.
const PAGE: usize = 500;
/// How far behind the present a run counts as read: what is written meanwhile is asked for again by the next.
const MARGIN: i64 = 60 * 1000;
/// How far a census looks back beyond the one before it, for what the search index did not know for long.
const LOOK_BACK: i64 = 2 * 60 * 60 * 1000;

/// A page on its way.
pub(super) struct Pull<'j> {
    pub(super) jira: &'j Jira,
    pub(super) position: Position,
    pub(super) now: i64,
    pub(super) changes: Vec<Change>,
    pub(super) told: Told,
    rejected: Vec<Rejected>,
    reread: Vec<String>,
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
        self.jira.access.renew(domain::Timestamp(self.now)).await;
        let mut steps = 0;
        if self.position.run.is_none() {
            self.begin().await?;
            steps += 1;
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
        Page {
            changes: self.changes,
            rejected: self.rejected,
            reread: self.reread,
            cursor: self.position.write(),
            more: ended.is_none(),
            sweep_due: ended.is_some_and(|run| run.sweep || run.census),
        }
    }

    /// Begin a run: the projects and their readers, and what there is to do.
    async fn begin(&mut self) -> Result<()> {
        if self.position.me.is_none() {
            self.position.me = self.jira.client.myself().await?;
        }
        let read = self.projects().await?;
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
                self.list(found, |position, _, row| {
                    let seen = position.seen.get(&row.id);
                    row.updated
                        .is_none_or(|updated| seen.is_none_or(|seen| *seen < updated.0))
                })
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
    fn changed(&self, from: i64) -> String {
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

    /// Read up to a hundred of the issues put down.
    async fn issues(&mut self) -> Result<()> {
        let Some(run) = &mut self.position.run else {
            return Ok(());
        };
        let ids = run.pending.take(BULK);
        let fetched = self.jira.client.issues(&ids, false).await?;
        for gone in fetched.gone {
            self.gone(gone);
        }
        let found: Vec<u64> = fetched.issues.keys().copied().collect();
        if found.is_empty() {
            return Ok(());
        }
        let mut moves = self.jira.client.moves(&found).await?;
        for (number, mut issue) in fetched.issues {
            self.jira.client.complete(number, &mut issue).await?;
            if let Some(histories) = moves.remove(&number) {
                issue["changelog"] = json!({ "histories": histories });
            }
            if self.jira.config.remote_links {
                issue["remotelinks"] = self.jira.client.remote(number).await?.unwrap_or_default();
            }
            self.issue(number, &issue).await?;
        }
        Ok(())
    }

    /// An issue that was known is not there any more, or hidden.
    fn gone(&mut self, number: u64) {
        self.position.seen.remove(&number);
        if self.position.known.0.remove(&number) || self.position.many {
            let document = self.jira.document(DocumentKind::Issue, &number.to_string());
            self.changes.push(Change::Delete(document));
            if let Some(run) = &mut self.position.run {
                run.sweep = true;
            }
        }
    }

    async fn issue(&mut self, number: u64, issue: &Value) -> Result<()> {
        let fields = at(issue, &["fields"]).unwrap_or(&Value::Null);
        let key = text(issue, &["key"]).unwrap_or_default();
        let project = id(fields, &["project", "id"]).and_then(|id| id.parse::<u64>().ok());
        let listed = project.is_some_and(|project| self.position.projects.contains_key(&project));
        if !listed && !self.jira.wants(text(fields, &["project", "key"]).into_iter()) {
            self.gone(number);
            return Ok(());
        }
        if self.position.rejected.remove(&number) {
            self.reread.push(format!("issue {number} ("));
        }
        let made = match project {
            Some(project) => {
                let rules = self.rules(project, fields).await?;
                self.convert(&rules, issue)
            }
            None => Err("not an issue: no project".to_owned()),
        };
        match made {
            Ok(changes) => {
                self.changes.extend(changes);
                self.count(project, key);
            }
            Err(reason) => {
                let item = format!("issue {number} ({})", one_line(key, 80));
                self.rejected.push(Rejected { item, reason });
                self.position.reject(number);
            }
        }
        let since = match &self.position.run {
            Some(run) if self.position.is_new() => run.to.saturating_sub(OVERLAP),
            Some(_) | None => self.position.from(),
        };
        let updated = time(fields, &["updated"]).map(|updated| updated.0);
        self.position.saw(number, updated, since);
        Ok(())
    }

    fn count(&mut self, project: Option<u64>, key: &str) {
        let number = key.rsplit('-').next().and_then(|number| number.parse().ok());
        let known = project.and_then(|project| self.position.projects.get_mut(&project));
        if let (Some(known), Some(number)) = (known, number) {
            known.highest = known.highest.max(number);
        }
    }

    /// The rules of an issue's labels, its own and those of its comments. Those that are told already are not told again.
    async fn rules(&mut self, project: u64, fields: &Value) -> Result<BTreeMap<Vec<Restriction>, AccessRule>> {
        let level = people::security(fields);
        let comments = list(fields, &["comment", "comments"]).iter();
        let narrowed = comments.filter_map(people::visibility);
        let own: Vec<Restriction> = level.into_iter().collect();
        let mut wanted: BTreeSet<Vec<Restriction>> =
            narrowed.map(|one| own.iter().cloned().chain([one]).collect()).collect();
        wanted.insert(own);
        let key = self.key_of(project, fields);
        let mut rules = BTreeMap::new();
        for restrictions in wanted {
            let me = self.position.me.as_deref();
            let admitted = self.jira.access.admitted(me, project, &restrictions).await?;
            let (rule, label) = self.jira.rule((project, &key), &restrictions, &admitted);
            let name = Jira::label(project, &restrictions);
            if !self.position.relabelled(&name, label) {
                self.told.first(rule.id.as_str());
            }
            rules.insert(restrictions, rule);
        }
        Ok(rules)
    }

    fn key_of(&self, project: u64, fields: &Value) -> Key {
        let known = self.position.projects.get(&project).map(|project| project.key.as_str());
        let key = known.or_else(|| text(fields, &["project", "key"])).unwrap_or_default();
        self.jira.project_key(key)
    }

    fn convert(
        &mut self,
        rules: &BTreeMap<Vec<Restriction>, AccessRule>,
        issue: &Value,
    ) -> Result<Vec<Change>, String> {
        let rule = |_: &Key, restrictions: [Option<&Restriction>; 2]| {
            let wanted: Vec<Restriction> = restrictions.into_iter().flatten().cloned().collect();
            rules.get(&wanted).cloned()
        };
        let home = Home {
            source: &self.jira.source,
            site: self.jira.config.place.name.clone(),
            base: Some(self.jira.config.place.web.clone()),
            identity: Identity::Native,
            rule: &rule,
        };
        convert::convert(&home, &mut self.told, issue)
    }
}
