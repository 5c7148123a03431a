//! What the next reading would ask and bring: issues by the site's own counts, comments and permissions by samples.

use std::collections::BTreeMap;

use domain::{Estimate, Result};
use serde_json::Value;

use super::client::{BULK, IDS};
use super::connector::Jira;
use super::cursor::{Position, Run, Task};
use super::pull::{LOOK_BACK, Pull};
use super::slice::DAY;
use crate::archive::json::text;
use crate::atlassian::sum::Sum;
use crate::estimate::{pages, scaled};

/// Projects that are counted one by one; the others are in groups, each by one request.
const COUNTED: usize = 50;
const GROUP: usize = 200;
/// Projects whose readers are looked up, for the others to be taken to be like them.
const READERS: usize = 3;
/// Projects in a page of their list.
const PROJECTS: u64 = 100;

/// An estimate on its way.
pub(super) struct Forecast<'j> {
    jira: &'j Jira,
    position: Position,
    projects: BTreeMap<u64, Value>,
    /// Issues of each project that was counted.
    counts: BTreeMap<u64, u64>,
    /// The search for what changed.
    changes: Option<String>,
    now: i64,
    sum: Sum,
    grounds: Vec<String>,
}

impl<'j> Forecast<'j> {
    pub(super) fn new(jira: &'j Jira, position: Position) -> Self {
        Self {
            jira,
            now: jira.clock.now().0,
            position,
            projects: BTreeMap::new(),
            counts: BTreeMap::new(),
            changes: None,
            sum: Sum::default(),
            grounds: Vec::new(),
        }
    }

    /// Count, and add up what the next run would do.
    pub(super) async fn take(mut self) -> Result<Estimate> {
        self.projects = self.jira.listed().await?;
        let run = match self.position.run.take() {
            Some(run) => {
                self.grounds.push("a reading under way goes on".to_owned());
                self.read(run.pending.0.len() as u64);
                run
            }
            None => self.begin().await?,
        };
        self.count(&run).await?;
        for task in &run.tasks {
            self.task(task).await?;
        }
        let fresh = run.tasks.iter().filter(|task| matches!(task, Task::Project(_))).count() as u64;
        let comments = self.comments().await?;
        let sweep = self.sweep(run.census);
        let api = self.jira.client.api();
        Ok(Estimate {
            reading: api.work(self.sum.requests, self.sum.points),
            sweep: api.work(sweep.requests, sweep.points),
            sweep_due: run.sweep || run.census,
            documents: Some(fresh + self.sum.documents + comments),
            quota: api.quota(),
            latency: api.latency(),
            grounds: self.grounds,
        })
    }

    /// What a run begun now would do, and what beginning it takes.
    async fn begin(&mut self) -> Result<Run> {
        let new = self.position.is_new();
        let due = |last: i64| self.now.saturating_sub(last) >= DAY;
        let key = |value: &Value| text(value, &["key"]).map(str::to_uppercase);
        let known = |id: &u64, value: &Value| {
            let known = self.position.projects.get(id);
            known.is_some_and(|known| Some(&known.key) == key(value).as_ref())
        };
        let all = self.projects.iter();
        let fresh: Vec<u64> = all.filter(|(id, value)| !known(id, value)).map(|(id, _)| *id).collect();
        let missing = self
            .position
            .projects
            .keys()
            .filter(|id| !self.projects.contains_key(id));
        let missing = missing.count() as u64;
        let census = !new && (due(self.position.census) || missing > 0);
        let mut run = Run {
            start: self.now,
            census,
            sweep: self.position.census < 0,
            ..Run::default()
        };
        if due(self.position.users) {
            run.tasks.push_back(Task::Users(0));
        }
        self.readers().await?;
        run.tasks.extend(fresh.into_iter().map(Task::Project));
        if !new {
            let wide = self.position.census.saturating_sub(LOOK_BACK);
            let from = self.position.from();
            run.tasks
                .push_back(Task::Changed(if census { from.min(wide) } else { from }));
        }
        if census {
            run.tasks.extend(self.projects.keys().copied().map(Task::Census));
            run.tasks.push_back(Task::Missing);
        }
        let listed = self.projects.len() as u64;
        self.sum
            .ask(u64::from(self.position.me.is_none()) + pages(listed, PROJECTS), listed);
        // What is no longer listed is asked for by its id.
        self.sum.ask(missing + u64::from(missing > 0), 0);
        Ok(run)
    }

    /// Look up who reads some of the projects. What these have in common is asked once; all others are taken to be like the last.
    async fn readers(&mut self) -> Result<()> {
        let api = self.jira.client.api();
        let me = self.position.me.as_deref();
        let (begun, mut last) = (api.sent(), 0);
        for project in self.projects.keys().take(READERS) {
            let before = api.sent();
            self.jira.access.admitted(me, *project, &[]).await?;
            last = api.sent() - before;
        }
        let more = self.projects.len().saturating_sub(READERS) as u64;
        let asked = api.sent() - begun + more * last;
        let levels = self
            .position
            .labels
            .values()
            .any(|label| !label.restrictions.is_empty());
        // People and groups cost two points each, of whom nobody says how many there are.
        self.sum.ask(asked + u64::from(levels), asked);
        if more > 0 {
            self.grounds.push(format!(
                "who may read {more} of the projects is taken to be told as of the first {READERS}"
            ));
        }
        Ok(())
    }

    /// Count the projects that a run lists.
    async fn count(&mut self, run: &Run) -> Result<()> {
        let listed = run.tasks.iter().filter_map(|task| match task {
            Task::Project(project) | Task::Census(project) => Some(*project),
            Task::Users(_) | Task::Changed(_) | Task::Missing => None,
        });
        let listed: Vec<u64> = listed.collect();
        let (alone, together) = listed.split_at(listed.len().min(COUNTED));
        for project in alone {
            let count = self.jira.client.count(&format!("project = {project}")).await?;
            self.counts.insert(*project, count.unwrap_or_default());
        }
        for some in together.chunks(GROUP) {
            let count = self.jira.client.count(&within(some)).await?.unwrap_or_default();
            let share = count.div_ceil(some.len() as u64);
            self.counts.extend(some.iter().map(|project| (*project, share)));
        }
        if !listed.is_empty() {
            self.grounds.push(format!(
                "the site's approximate count of the issues of {} projects",
                listed.len()
            ));
        }
        Ok(())
    }

    /// Read issues in full.
    fn read(&mut self, issues: u64) {
        let bulks = issues.div_ceil(BULK as u64);
        let links = if self.jira.config.remote_links { issues } else { 0 };
        self.sum.ask(2 * bulks + links, 2 * issues);
        self.sum.documents += issues;
    }

    /// What a task takes.
    async fn task(&mut self, task: &Task) -> Result<()> {
        match task {
            Task::Users(_) => {
                self.sum.ask(2, 0);
                self.grounds
                    .push("nobody says how many accounts there are; each thousand takes a request".to_owned());
            }
            Task::Project(project) => {
                let issues = self.counts.get(project).copied().unwrap_or_default();
                self.sum.list(issues, IDS as u64);
                self.read(issues);
            }
            Task::Changed(from) => {
                let jql = Pull::new(self.jira, self.position.clone()).changed(*from);
                let (listed, changed) = self.changed(&jql).await?;
                self.sum.list(listed, IDS as u64);
                self.read(changed);
                self.grounds.push(format!(
                    "the search for changes finds {listed} issues, {changed} of them not read yet"
                ));
                self.changes = Some(jql);
            }
            Task::Census(project) => {
                let issues = self.counts.get(project).copied().unwrap_or_default();
                self.sum.list(issues, IDS as u64);
                self.read(issues.div_ceil(u64::from(self.jira.config.census_days)));
            }
            Task::Missing => {}
        }
        Ok(())
    }

    /// How many issues a search for changes lists, and how many of them were not read as they are.
    async fn changed(&mut self, jql: &str) -> Result<(u64, u64)> {
        let found = self.jira.client.search(jql, &["updated"], None).await?;
        let rows = found.rows.len() as u64;
        let fresh = found
            .rows
            .iter()
            .filter(|row| !self.position.has_read(row.id, row.updated));
        let fresh = fresh.count() as u64;
        if found.next.is_none() {
            return Ok((rows, fresh));
        }
        let all = self.jira.client.count(jql).await?.unwrap_or(rows).max(rows);
        Ok((all, scaled(fresh, rows, all)))
    }

    /// Comments of the issues that are read, as many as the oldest and the newest of them have in the middle.
    async fn comments(&mut self) -> Result<u64> {
        let counted: Vec<u64> = self.counts.keys().copied().take(GROUP).collect();
        let listed = Some(within(&counted)).filter(|_| !counted.is_empty());
        let Some(jql) = listed.or(self.changes.take()).filter(|_| self.sum.documents > 0) else {
            return Ok(0);
        };
        let jql = jql.split(" ORDER BY ").next().unwrap_or_default();
        let (mut issues, mut comments) = (0, 0);
        // Old issues have more comments than new ones.
        for order in ["ASC", "DESC"] {
            let (some, said) = self
                .jira
                .client
                .sample(&format!("{jql} ORDER BY created {order}"))
                .await?;
            (issues, comments) = (issues + some, comments + said);
        }
        self.grounds.push(format!(
            "comments as the {issues} oldest and newest of these issues have them"
        ));
        Ok(if issues == 0 {
            0
        } else {
            scaled(comments, issues, self.sum.documents)
        })
    }

    /// What the sweep after the run takes: ids of all projects, and the comments of a part of the issues, or of all.
    fn sweep(&self, census: bool) -> Sum {
        let (mut sum, projects) = (Sum::default(), self.projects.len() as u64);
        sum.ask(pages(projects, PROJECTS) + 1, projects);
        for issues in self.counts.values() {
            sum.list(*issues, IDS as u64);
        }
        let all: u64 = self.counts.values().sum();
        let days = if census { self.jira.config.census_days.into() } else { 1 };
        let looked = all.div_ceil(days);
        sum.ask(looked.div_ceil(BULK as u64), looked);
        sum
    }
}

/// A search for all issues of some projects.
fn within(projects: &[u64]) -> String {
    let ids: Vec<String> = projects.iter().map(u64::to_string).collect();
    format!("project IN ({})", ids.join(", "))
}
