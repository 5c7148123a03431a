//! Who should review a pull request: those who wrote and reviewed what it changes.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::Direction;
use domain::{Caller, Document, EdgeKind, Error, Key, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::item::Item;
use super::people::{Contributor, Deed, Role, deeds_of, person_id};
use crate::search::{Explore, bounded};

/// Files of the pull request that are looked at.
const FILES: usize = 60;
/// Changes looked at for each, the newest.
const LOOK: usize = 300;
/// The most people of one answer.
const MAX_PEOPLE: usize = 50;

/// Somebody who could review it.
pub type Reviewer = Contributor;

/// Who should review a pull request.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reviewers {
    /// The pull request.
    pub subject: Item,
    /// How many files it changes, as far as is known.
    pub files: usize,
    /// People, the best first; nobody who wrote it.
    pub reviewers: Vec<Reviewer>,
    /// Whether there is more than was looked at.
    pub truncated: bool,
}

impl Explore {
    /// Who should review the pull request (or commit) of this name: those who changed its files before, and who reviewed changes of them.
    /// Each file counts alike, so that one busy file does not decide; at most `limit` people, 1 to 50.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing; `Invalid` for a limit out of range, or where no changed file is known.
    pub async fn reviewers(&self, caller: &Caller, name: &str, limit: usize) -> Result<Reviewers> {
        bounded("limit", limit, MAX_PEOPLE)?;
        let ground = Ground::of(self, caller).await?;
        let (key, _) = ground.named(name).await?;
        let own = ground.own_changes(&key).await?;
        let files = files_of(&own);
        if files.is_empty() {
            return Err(
                Error::invalid("find reviewers", format!("no file is known that `{key}` changes"))
                    .with_hint("add the repository as a git source, so that its commits tell"),
            );
        }
        let changes = ground.changes_of(&files, &own).await?;
        let mut deeds: Vec<Deed> = Vec::new();
        for (key, document) in ground.documents(changes.keys()).await? {
            let relevance = changes.get(&key).copied().unwrap_or_default();
            // Who was given something has not seen the file yet.
            let seen = deeds_of(&document, relevance)
                .into_iter()
                .filter(|deed| deed.role != Role::Assigned);
            deeds.extend(seen);
        }
        let persons = ground.persons().await?;
        let authors = own.values().filter_map(|document| document.author.as_ref());
        let authors: BTreeSet<String> = authors.map(|author| person_id(&persons, author)).collect();
        deeds.retain(|deed| !authors.contains(&person_id(&persons, &deed.account)));
        Ok(Reviewers {
            subject: ground.subject(&key).await?,
            files: files.len(),
            truncated: ground.is_cut() || files.len() > FILES,
            reviewers: ground.contributors(deeds, limit).await?,
        })
    }
}

impl Ground<'_> {
    /// The pull request and the commits that are part of it.
    async fn own_changes(&self, key: &Key) -> Result<BTreeMap<Key, Document>> {
        let merging = self.around(key, &[EdgeKind::Merges], Direction::In, LOOK).await?;
        let commits = merging.edges.iter().map(|edge| &edge.from);
        self.documents(commits.chain([key])).await
    }

    /// Other changes of these files, each with the share of the files that it changed.
    async fn changes_of(&self, files: &BTreeSet<Key>, own: &BTreeMap<Key, Document>) -> Result<BTreeMap<Key, f64>> {
        #[expect(clippy::cast_precision_loss, reason = "some dozens")]
        let share = 1.0 / files.len().clamp(1, FILES) as f64;
        let mut changes: BTreeMap<Key, f64> = BTreeMap::new();
        for file in files.iter().take(FILES) {
            let others = self
                .changes(file)
                .await?
                .into_iter()
                .filter(|(_, change)| !own.contains_key(change));
            for (_, change) in others.take(LOOK) {
                *changes.entry(change).or_default() += share;
            }
        }
        Ok(changes)
    }
}

/// The files that these documents say they change.
fn files_of(changes: &BTreeMap<Key, Document>) -> BTreeSet<Key> {
    let links = changes.values().flat_map(|document| &document.links);
    let files = links.filter(|link| link.kind == EdgeKind::Touches && link.target.scheme() == "file");
    files.map(|link| link.target.clone()).collect()
}
