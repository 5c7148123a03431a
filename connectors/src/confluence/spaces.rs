//! Spaces at the beginning of a run: which there are, which are new or renamed, and who may read them now.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessId, AccessRule, Change, Readers, Result};
use serde_json::Value;

use super::config::is_key;
use super::connector::Confluence;
use super::cursor::Space;
use super::pull::Pull;
use crate::archive::json::{id, text};
use crate::atlassian::ids::Ids;
use crate::hex::{digest, hex};

/// What the spaces of a run come to.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Spaces whose pages are all to be read: new ones, and those with another key.
    pub(super) fresh: Vec<u64>,
    /// Whether one is gone.
    pub(super) vanished: bool,
    /// Spaces whose readers are others than before.
    pub(super) changed: Ids,
}

impl Confluence {
    fn is_wanted(&self, space: &Value) -> bool {
        let key = text(space, &["key"]).filter(|key| is_key(key));
        key.is_some_and(|key| self.wants(key)) && text(space, &["status"]) != Some("trashed")
    }

    /// The spaces to read, by id.
    pub(super) async fn listed(&self) -> Result<BTreeMap<u64, Value>> {
        let spaces = self
            .client
            .spaces()
            .await?
            .into_iter()
            .filter(|space| self.is_wanted(space));
        Ok(spaces
            .filter_map(|space| Some((id(&space, &["id"])?.parse().ok()?, space)))
            .collect())
    }

    /// Those of the spaces that are gone: not there for the connecting account when they are asked for by id.
    pub(super) async fn gone(&self, missing: &[u64]) -> Result<BTreeSet<u64>> {
        let mut gone = BTreeSet::new();
        if missing.is_empty() || self.client.blocked().await? {
            return Ok(gone);
        }
        for space in missing {
            let found = self.client.space(*space).await?;
            if found.is_none_or(|found| !self.is_wanted(&found)) {
                gone.insert(*space);
            }
        }
        Ok(gone)
    }
}

impl Pull<'_> {
    /// Read the spaces. An empty list where there were spaces says nothing about them: their readers are looked up again, which
    /// leaves the connecting account, and nothing is deleted.
    pub(super) async fn spaces(&mut self) -> Result<Listed> {
        let listed = self.wiki.listed().await?;
        let before = self.position.labels.clone();
        let mut outcome = Listed::default();
        let missing: Vec<u64> = {
            let known = self.position.spaces.keys().copied();
            known.filter(|space| !listed.contains_key(space)).collect()
        };
        if !listed.is_empty() {
            for space in self.wiki.gone(&missing).await? {
                self.position.spaces.remove(&space);
                self.close(|_, label| label.space == space);
                outcome.vanished = true;
            }
        }
        for (space, value) in &listed {
            if self.space(*space, value).await? {
                outcome.fresh.push(*space);
            }
        }
        self.readers().await?;
        // A label that is not remembered may be another than before.
        let labels = &self.position.labels;
        let same = |space: &u64| {
            let name = Confluence::label(*space, None);
            labels.contains_key(&name) && labels.get(&name) == before.get(&name)
        };
        let spaces = self.position.spaces.keys().copied();
        outcome.changed = Ids(spaces.filter(|space| !same(space)).collect());
        Ok(outcome)
    }

    /// Forget labels. Until the sweep has deleted what has them, nobody may read it.
    fn close(&mut self, which: impl Fn(&super::tree::Tree, &super::cursor::Label) -> bool) {
        let own = self
            .position
            .labels
            .iter()
            .filter(|(_, label)| which(&self.position.tree, label));
        let names: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.position.labels.remove(&name);
            self.changes.push(Change::Access(AccessRule {
                id: AccessId::new(&self.wiki.source, &name),
                container: self.wiki.home().space_key(""),
                readers: Readers::Principals(BTreeSet::new()),
            }));
        }
    }

    /// Tell a space if it is new or changed; whether its pages are all to be read.
    async fn space(&mut self, space: u64, value: &Value) -> Result<bool> {
        let Some(key) = text(value, &["key"]).map(str::to_owned) else {
            return Ok(false);
        };
        let access = AccessId::new(&self.wiki.source, &Confluence::label(space, None));
        let change = self.wiki.home().space(space, &key, value, access);
        let Change::Upsert(document) = &change else {
            return Ok(false);
        };
        let digest = digest(&hex(&document.content_hash()));
        let known = self.position.spaces.get(&space);
        if known.is_some_and(|known| known.digest == digest) {
            return Ok(false);
        }
        let fresh = known.is_none_or(|known| known.key != key);
        self.position.spaces.insert(space, Space { key, digest });
        // The rule comes before the document.
        self.label(space, None).await?;
        self.changes.push(change);
        Ok(fresh)
    }

    /// Look up who may read each space.
    async fn readers(&mut self) -> Result<()> {
        self.close(|tree, label| {
            label
                .page
                .is_some_and(|page| !tree.0.contains_key(&page) && !tree.0.is_empty())
        });
        for space in self.position.spaces.keys().copied().collect::<Vec<_>>() {
            self.label(space, None).await?;
        }
        Ok(())
    }

    /// Tell the rule of a label if it is new or changed. The label.
    pub(super) async fn label(&mut self, space: u64, page: Option<u64>) -> Result<AccessId> {
        let me = self.position.me.as_deref();
        let admitted = match page {
            None => self.wiki.access.space(me, space).await?,
            Some(page) => {
                self.wiki
                    .access
                    .standing(me, (space, page), &self.position.tree)
                    .await?
                    .admitted
            }
        };
        let key = self.position.spaces.get(&space).map_or("", |known| known.key.as_str());
        let container = self.wiki.home().space_key(key);
        let (rule, label) = self.wiki.rule((space, &container), page, &admitted);
        let access = rule.id.clone();
        if self.position.relabelled(&Confluence::label(space, page), label) {
            self.changes.push(Change::Access(rule));
        }
        Ok(access)
    }
}
