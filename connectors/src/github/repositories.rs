//! The beginning of a run: who asks, which repositories there are, and what has become of those that were.

use std::collections::BTreeMap;

use domain::{AccessRule, Change, ErrorKind, Key, Readers, Result, Timestamp};
use serde_json::Value;
use tracing::{info, warn};

use super::client::refused;
use super::connector::GitHub;
use super::convert::prefix;
use super::cursor::{Position, Repository, Run, Stage, Visibility};
use crate::archive::json::{at, number, text};
use crate::archive::repository::is_repository;
use crate::batch::Batch;
use crate::hex;

/// The fields that a repository's document is made from.
const TOLD: [&str; 10] = [
    "full_name",
    "description",
    "html_url",
    "created_at",
    "visibility",
    "archived",
    "language",
    "topics",
    "default_branch",
    "private",
];

/// Repositories by number.
pub(super) type Rows = BTreeMap<u64, Value>;

fn visibility(row: &Value) -> Visibility {
    match text(row, &["visibility"]) {
        Some("public") => Visibility::Public,
        Some("internal") => Visibility::Internal,
        // Older servers say only whether it is private.
        None if at(row, &["private"]) == Some(&Value::Bool(false)) => Visibility::Public,
        Some(_) | None => Visibility::Private,
    }
}

fn digest(row: &Value) -> String {
    let told: Vec<_> = TOLD.iter().map(|field| row.get(field)).collect();
    hex::digest(&serde_json::to_string(&told).expect("JSON serialises"))
}

impl GitHub {
    /// The login of the connecting account; none for an installation.
    pub(super) async fn viewer(&self) -> Result<Option<String>> {
        let answer = self.client.recall(self.client.url("user", &[])).await?;
        if matches!(answer.status(), 403 | 404) {
            return Ok(None);
        }
        Ok(text(&answer.good()?.json()?, &["login"]).map(str::to_owned))
    }

    /// The repositories that are to be read, and who asks for them.
    pub(super) async fn listed(&self) -> Result<(Option<String>, Rows)> {
        let viewer = self.viewer().await?;
        let path = match viewer {
            Some(_) => "user/repos",
            None => "installation/repositories",
        };
        let rows = self.client.list(self.client.url(path, &[("per_page", "100")])).await?;
        let full_name = |row: &Value| {
            text(row, &["full_name"])
                .filter(|name| is_repository(name))
                .map(str::to_owned)
        };
        let wanted = rows.into_iter().filter_map(|row| {
            let name = full_name(&row).filter(|name| self.config.wants(name))?;
            Some((name.to_lowercase(), row))
        });
        let mut wanted: BTreeMap<String, Value> = wanted.collect();
        for name in &self.config.repositories {
            // A public one may be read by somebody who does not work in it; a renamed one answers to its old name.
            if !wanted.contains_key(name)
                && let Some(row) = self.named(name).await?
                && let Some(name) = full_name(&row)
            {
                wanted.insert(name.to_lowercase(), row);
            }
        }
        let rows = wanted
            .into_values()
            .filter_map(|row| Some((number(&row, &["id"])?, row)));
        Ok((viewer, rows.collect()))
    }

    /// The row of a repository by a name that it has or had.
    async fn named(&self, name: &str) -> Result<Option<Value>> {
        let answer = self
            .client
            .recall(self.client.url(&format!("repos/{name}"), &[]))
            .await?;
        match answer.good() {
            Ok(answer) => answer.json().map(Some),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied) => {
                warn!(source.id = %self.config.source, repository = name, "the repository cannot be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The row of a repository that the list lacks, if it is one to read.
    pub(super) async fn still(&self, id: u64) -> Result<Option<Value>> {
        let answer = self
            .client
            .recall(self.client.url(&format!("repositories/{id}"), &[]))
            .await?;
        if refused(answer.status()) {
            return Ok(None);
        }
        let row: Value = answer.good()?.json()?;
        let wanted = text(&row, &["full_name"]).is_some_and(|name| is_repository(name) && self.config.wants(name));
        Ok(Some(row).filter(|_| wanted))
    }

    /// Begin a run.
    pub(super) async fn begin(&self, position: &mut Position, batch: &mut Batch, now: Timestamp) -> Result<()> {
        let (viewer, mut rows) = self.listed().await?;
        let again = self.everything_again(position, now);
        let missing = position
            .repositories
            .iter()
            .filter(|(id, one)| !one.gone && !rows.contains_key(id));
        let missing: Vec<u64> = missing.map(|(id, _)| *id).collect();
        for id in missing {
            // A list that changes while its pages are read may lack one.
            if let Some(row) = self.still(id).await? {
                rows.insert(id, row);
            } else if let Some(one) = position.repositories.get_mut(&id) {
                // Whether it was deleted or is only hidden from this account, nobody is known to read it any more.
                one.gone = true;
                batch
                    .changes
                    .push(self.rule(id, &one.name, Readers::Principals([].into())));
                info!(source.id = %self.config.source, repository = one.name, "the repository is no longer listed");
            }
        }
        for (id, row) in &rows {
            let known = position.repositories.entry(*id).or_default();
            meet(*id, row, (known, again), batch);
        }
        position.settings = self.config.print();
        position.run = rows.keys().next().map(|first| Run {
            began: now,
            viewer,
            stage: Stage::Access,
            at: *first,
        });
        Ok(())
    }

    /// Whether this run reads everything again.
    fn everything_again(&self, position: &mut Position, now: Timestamp) -> bool {
        let changed = position.settings != self.config.print();
        let due = position
            .reread
            .is_some_and(|then| crate::clock::until(then, now) >= self.config.reread);
        if position.reread.is_none() || due || changed {
            position.reread = Some(now);
        }
        position.census.get_or_insert(now);
        due || changed
    }

    /// The rule of a repository's label.
    pub(super) fn rule(&self, id: u64, name: &str, readers: Readers) -> Change {
        Change::Access(AccessRule {
            id: self.config.label(id),
            container: Key::repository(name),
            readers,
        })
    }
}

/// Compare a repository with what is known of it.
pub(super) fn meet(id: u64, row: &Value, (known, again): (&mut Repository, bool), batch: &mut Batch) {
    let name = text(row, &["full_name"]).unwrap_or_default();
    let (seen, digest) = (visibility(row), digest(row));
    // Every key of a renamed repository is another.
    if again || known.name != name {
        known.restart();
        batch.reread.push(prefix(id));
    }
    if known.row != digest {
        known.profiled = None;
    }
    if known.visibility != seen || known.gone {
        known.tags.remove("collaborators");
    }
    name.clone_into(&mut known.name);
    known.row = digest;
    known.visibility = seen;
    known.gone = false;
    known.has_discussions = at(row, &["has_discussions"]) != Some(&Value::Bool(false));
}
