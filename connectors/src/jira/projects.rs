//! Projects at the beginning of a run: which there are, which are new or renamed, and who may read them now.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessId, AccessRule, Body, Change, Document, DocumentKind, Readers, Result};
use serde_json::Value;

use super::connector::Jira;
use super::convert::native;
use super::cursor::Project;
use super::people;
use super::pull::Pull;
use crate::archive::draft::Draft;
use crate::archive::json::{at, id, text};
use crate::hex::{digest, hex};

/// What the projects of a run come to.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Projects whose issues are all to be read: new ones, and those with another key.
    pub(super) fresh: Vec<u64>,
    /// Whether one is gone.
    pub(super) vanished: bool,
}

/// The keys that a project has and had.
fn keys(project: &Value) -> impl Iterator<Item = &str> {
    let old = at(project, &["projectKeys"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    text(project, &["key"]).into_iter().chain(old.filter_map(Value::as_str))
}

/// Whether a project is put away, though it can still be asked for.
fn put_away(project: &Value) -> bool {
    let is = |name: &str| at(project, &[name]).and_then(Value::as_bool) == Some(true);
    is("archived") || is("deleted")
}

impl Jira {
    /// The projects to read, by id.
    pub(super) async fn listed(&self) -> Result<BTreeMap<u64, Value>> {
        let projects = self.client.projects().await?.into_iter();
        let wanted = projects.filter(|project| self.wants(keys(project)) && !put_away(project));
        Ok(wanted
            .filter_map(|project| Some((id(&project, &["id"])?.parse().ok()?, project)))
            .collect())
    }

    /// Those of the projects that are gone: not there for the connecting account when they are asked for by id, and not kept from
    /// it because it is an application.
    pub(super) async fn gone(&self, missing: &[u64]) -> Result<BTreeSet<u64>> {
        let mut gone = BTreeSet::new();
        if missing.is_empty() {
            return Ok(gone);
        }
        let blocked = self.client.blocked(missing).await?.unwrap_or_default();
        for project in missing.iter().filter(|project| !blocked.contains(project)) {
            let found = self.client.project(*project).await?;
            if found.is_none_or(|found| put_away(&found) || !self.wants(keys(&found))) {
                gone.insert(*project);
            }
        }
        Ok(gone)
    }

    fn project(&self, id: u64, value: &Value) -> Option<(String, Change)> {
        let key = text(value, &["key"])
            .filter(|key| super::links::project_key(key))?
            .to_uppercase();
        let mut old: Vec<String> = keys(value).map(str::to_uppercase).collect();
        old.sort();
        old.dedup();
        old.retain(|old| *old != key);
        let access = AccessId::new(&self.source, &Self::label(id, &[]));
        let description = text(value, &["description"]).unwrap_or_default();
        let draft = Draft::new(&self.source, DocumentKind::Project, self.project_key(&key), access)
            .native(&native(DocumentKind::Project, &id.to_string()))
            .title(text(value, &["name"]).unwrap_or(&key))
            .aliases([key.clone()].into_iter().chain(old))
            .body(Body::plain(description))
            .url(Some(format!("{}/browse/{key}", self.config.place.web)))
            .field("lead", text(value, &["lead", "displayName"]).map(str::to_owned));
        Some((key, draft.upsert()))
    }
}

impl Pull<'_> {
    /// Read the projects. An empty list where there were projects says nothing about them: their readers are looked up again,
    /// which leaves the connecting account, and nothing is deleted.
    pub(super) async fn projects(&mut self) -> Result<Listed> {
        let listed = self.jira.listed().await?;
        let mut outcome = Listed::default();
        let missing: Vec<u64> = {
            let known = self.position.projects.keys().copied();
            known.filter(|project| !listed.contains_key(project)).collect()
        };
        if !listed.is_empty() {
            for project in self.jira.gone(&missing).await? {
                self.close(project);
                outcome.vanished = true;
            }
        }
        for (project, value) in &listed {
            if self.project(*project, value).await {
                outcome.fresh.push(*project);
            }
        }
        self.readers().await?;
        Ok(outcome)
    }

    /// Forget a project. Until the sweep has deleted what was in it, nobody may read it.
    fn close(&mut self, project: u64) {
        let Some(known) = self.position.projects.remove(&project) else {
            return;
        };
        let container = self.jira.project_key(&known.key);
        let labels: Vec<String> = {
            let own = self
                .position
                .labels
                .iter()
                .filter(|(_, label)| label.project == project);
            own.map(|(name, _)| name.clone()).collect()
        };
        for name in labels {
            self.position.labels.remove(&name);
            self.changes.push(Change::Access(AccessRule {
                id: AccessId::new(&self.jira.source, &name),
                container: container.clone(),
                readers: Readers::Principals(BTreeSet::new()),
            }));
        }
    }

    /// Tell a project if it is new or changed; whether its issues are all to be read.
    async fn project(&mut self, project: u64, value: &Value) -> bool {
        self.jira.access.lead(project, id(value, &["lead", "accountId"])).await;
        let Some((key, change)) = self.jira.project(project, value) else {
            return false;
        };
        let Change::Upsert(document) = &change else {
            return false;
        };
        let digest = content(document);
        let known = self.position.projects.get(&project);
        if known.is_some_and(|known| known.digest == digest) {
            return false;
        }
        if let Some(lead) = at(value, &["lead"]) {
            let account = people::account(&self.jira.source, &self.jira.config.place.name, lead);
            if let Some(account) = account {
                self.told.account(&mut self.changes, account);
            }
        }
        let fresh = known.is_none_or(|known| known.key != key);
        let highest = known.map_or(0, |known| known.highest);
        self.changes.push(change);
        self.position.projects.insert(project, Project { key, digest, highest });
        fresh
    }

    /// Look up who may read each label in use.
    async fn readers(&mut self) -> Result<()> {
        let whole = self.position.projects.keys().map(|project| (*project, Vec::new()));
        let used = self.position.labels.values();
        let used = used.map(|label| (label.project, label.restrictions.clone()));
        let labels: BTreeSet<(u64, Vec<people::Restriction>)> = whole.chain(used).collect();
        for (project, restrictions) in labels {
            let Some(known) = self.position.projects.get(&project) else {
                continue;
            };
            let key = self.jira.project_key(&known.key);
            let me = self.position.me.as_deref();
            let admitted = self.jira.access.admitted(me, project, &restrictions).await?;
            let (rule, label) = self.jira.rule((project, &key), &restrictions, &admitted);
            if self.position.relabelled(&Jira::label(project, &restrictions), label) {
                self.changes.push(Change::Access(rule));
            }
        }
        Ok(())
    }
}

fn content(document: &Document) -> String {
    digest(&hex(&document.content_hash()))
}
