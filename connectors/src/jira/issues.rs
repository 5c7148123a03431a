//! Issues: fetched by the hundred, completed, and turned into documents with their rules.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessRule, Change, DocumentKind, Key, Rejected, Result};
use serde_json::{Value, json};

use super::client::BULK;
use super::connector::Jira;
use super::convert::{self, Home, Identity};
use super::cursor::OVERLAP;
use super::people::{self, Restriction};
use super::pull::Pull;
use crate::archive::json::{at, id, list, one_line, text, time};

impl Pull<'_> {
    /// Read up to a hundred of the issues put down.
    pub(super) async fn issues(&mut self) -> Result<()> {
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
