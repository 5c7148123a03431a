//! What exists now, so that the rest can be deleted.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DocumentId, DocumentKind, ErrorKind, Key, Result, Sweep};

use super::client::BULK;
use super::connector::Jira;
use super::cursor::Position;
use super::slice::Slice;
use crate::archive::json::{id, list};

/// Issue numbers of a project of which nothing is known, at most; beyond, the whole sweep is frozen.
const NUMBERS: u64 = 100_000;
/// The most pages of a list of ids.
const PAGES: usize = 100_000;

/// A census on its way.
pub(super) struct Census<'j> {
    jira: &'j Jira,
    position: Position,
    existing: Vec<DocumentId>,
    unknown: BTreeSet<Key>,
}

impl<'j> Census<'j> {
    pub(super) fn new(jira: &'j Jira, position: Position) -> Self {
        Self {
            jira,
            position,
            existing: Vec::new(),
            unknown: BTreeSet::new(),
        }
    }

    /// List what exists. An issue that search does not list but that is known is asked for by its id, which no lag of the search
    /// index can hide. Comments are looked at for the part of the issues whose day it is; those of others stay as they are.
    ///
    /// # Errors
    /// As the requests report, but for a refusal, which freezes the sweep.
    pub(super) async fn take(mut self) -> Result<Sweep> {
        if self.position.is_new() || self.position.run.is_some() {
            return Ok(Sweep::Frozen("the source is not read to its end yet".to_owned()));
        }
        let frozen = match self.all().await {
            Ok(frozen) => frozen,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid
                ) =>
            {
                Some(error.to_string())
            }
            Err(error) => return Err(error),
        };
        Ok(match frozen {
            Some(reason) => Sweep::Frozen(reason),
            None if self.unknown.is_empty() => Sweep::Complete(self.existing),
            None => Sweep::Partial {
                existing: self.existing,
                unknown: self.unknown,
            },
        })
    }

    /// List everything; why that cannot be done, where it cannot.
    async fn all(&mut self) -> Result<Option<String>> {
        let jira = self.jira;
        let mut projects: BTreeMap<u64, u64> = BTreeMap::new();
        let listed = jira.listed().await?;
        if listed.is_empty() && !self.position.projects.is_empty() {
            return Ok(Some("no project is listed any more".to_owned()));
        }
        let known = self
            .position
            .projects
            .iter()
            .map(|(project, known)| (*project, known.highest));
        projects.extend(listed.keys().map(|project| (*project, 0)).chain(known));
        let missing: Vec<u64> = projects.keys().copied().filter(|id| !listed.contains_key(id)).collect();
        let gone = jira.gone(&missing).await?;
        projects.retain(|project, _| !gone.contains(project));
        let ids: Vec<u64> = projects.keys().copied().collect();
        let blocked = jira.client.blocked(&ids).await?.unwrap_or_default();
        let mut issues = BTreeMap::new();
        for (project, highest) in projects {
            self.existing
                .push(jira.document(DocumentKind::Project, &project.to_string()));
            if blocked.contains(&project) {
                if highest > NUMBERS {
                    return Ok(Some(format!(
                        "the content of project {project} is kept from applications"
                    )));
                }
                self.leave(project, highest);
            } else if !self.issues(project, &mut issues).await? {
                return Ok(Some(format!("the issues of project {project} cannot be listed")));
            }
        }
        self.check(issues).await?;
        Ok(None)
    }

    /// Leave all of a project as it is.
    fn leave(&mut self, project: u64, highest: u64) {
        let Some(known) = self.position.projects.get(&project) else {
            return;
        };
        let site = &self.jira.config.place.name;
        self.unknown.insert(Key::jira_project(site, &known.key));
        let numbers = (1..=highest).map(|number| Key::jira_issue(site, &format!("{}-{number}", known.key)));
        self.unknown.extend(numbers);
    }

    /// The issues of a project, with their keys; whether the list came to its end.
    async fn issues(&self, project: u64, issues: &mut BTreeMap<u64, Option<String>>) -> Result<bool> {
        let jql = format!("project = {project} ORDER BY created ASC");
        let (mut token, mut used) = (None, BTreeSet::new());
        for _ in 0..PAGES {
            let found = self.jira.client.search(&jql, &["id", "key"], token.as_deref()).await?;
            issues.extend(found.rows.into_iter().map(|row| (row.id, row.key)));
            match found.next {
                None => return Ok(true),
                Some(next) if used.insert(next.clone()) => token = Some(next),
                Some(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Look at the issues whose day it is, and at those that are known but were not listed.
    async fn check(&mut self, issues: BTreeMap<u64, Option<String>>) -> Result<()> {
        let days = if self.position.whole {
            1
        } else {
            self.jira.config.census_days
        };
        let slice = Slice::new(self.position.census, days);
        let mut asked: Vec<u64> = self.position.known.0.iter().copied().collect();
        asked.retain(|id| !issues.contains_key(id));
        for (number, key) in issues {
            match key.filter(|_| !slice.has(number)) {
                Some(key) => {
                    self.existing
                        .push(self.jira.document(DocumentKind::Issue, &number.to_string()));
                    self.unknown.insert(Key::jira_issue(&self.jira.config.place.name, &key));
                }
                None => asked.push(number),
            }
        }
        for some in asked.chunks(BULK) {
            for (number, mut issue) in self.jira.client.issues(some, true).await?.issues {
                self.jira.client.complete(number, &mut issue).await?;
                self.existing
                    .push(self.jira.document(DocumentKind::Issue, &number.to_string()));
                let comments = list(&issue, &["fields", "comment", "comments"]).iter();
                let ids = comments.filter_map(|comment| id(comment, &["id"]));
                let documents = ids.map(|id| self.jira.document(DocumentKind::Comment, &id));
                self.existing.extend(documents);
            }
        }
        Ok(())
    }
}
