//! What a change of a file or symbol would meet: what depends on it, who changed it lately, which open issues are about it.

use std::collections::BTreeSet;

use domain::seam::Direction;
use domain::{Caller, Document, DocumentKind, EdgeKind, Key, NodeKind, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::item::{Item, is_open, is_work};
use super::people::{Contributor, deeds_of};
use crate::search::{Explore, Step};

/// How many calls and imports away a dependent may be.
const DEPTH: u8 = 3;
/// Dependents told of.
const DEPENDENTS: usize = 100;
/// Edges looked at, at each node.
const LOOK: usize = 500;
/// What makes one thing depend on another.
const USES: [EdgeKind; 2] = [EdgeKind::Calls, EdgeKind::Imports];
/// Changes told of.
const CHANGES: usize = 10;
/// Changes by which people and issues are found.
const RECENT: usize = 50;
/// People told of.
const PEOPLE: usize = 10;
/// Issues told of.
const ISSUES: usize = 20;

/// What a change of something would meet.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Impact {
    /// The file or symbol.
    pub subject: Item,
    /// What calls or imports it, directly or by others, the nearest first.
    pub dependents: Vec<Dependent>,
    /// The newest commits that changed it.
    pub changes: Vec<Item>,
    /// Who made the last fifty changes.
    pub people: Vec<Contributor>,
    /// Open issues and pull requests about it or about its last fifty changes.
    pub open: Vec<Item>,
    /// Pages that document it.
    pub pages: Vec<Item>,
    /// Whether there is more than was looked at.
    pub truncated: bool,
}

/// Something that depends on the subject.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Dependent {
    /// What.
    #[serde(flatten)]
    pub item: Item,
    /// How many calls or imports away.
    pub distance: u8,
    /// The call or import.
    pub via: Step,
}

impl Explore {
    /// What depends on the file or symbol of this name, who changed it lately, and which open issues are about it.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing.
    pub async fn impact(&self, caller: &Caller, name: &str) -> Result<Impact> {
        let ground = Ground::of(self, caller).await?;
        let (key, _) = ground.named(name).await?;
        let (dependents, truncated) = ground.dependents(&key).await?;
        let commits = ground.touching(&key, RECENT).await?;
        let about = ground.about(&key, &commits).await?;
        let open = about
            .iter()
            .filter(|one| is_work(one) && is_open(one))
            .take(ISSUES)
            .map(Item::from)
            .collect();
        let pages = about
            .iter()
            .filter(|one| one.kind == DocumentKind::Page)
            .take(ISSUES)
            .map(Item::from)
            .collect();
        let deeds = commits.iter().flat_map(|commit| deeds_of(commit, 1.0)).collect();
        Ok(Impact {
            subject: ground.subject(&key).await?,
            dependents,
            changes: commits.iter().take(CHANGES).map(Item::from).collect(),
            people: ground.contributors(deeds, PEOPLE).await?,
            open,
            pages,
            truncated: truncated || ground.is_cut(),
        })
    }
}

impl Ground<'_> {
    /// What calls or imports `key`, level by level.
    async fn dependents(&self, key: &Key) -> Result<(Vec<Dependent>, bool)> {
        let (mut found, mut truncated) = (Vec::new(), false);
        let mut known = BTreeSet::from([key.clone()]);
        let mut level = vec![key.clone()];
        for distance in 1..=DEPTH {
            let mut next = Vec::new();
            for target in self.names_of(level, &mut known).await? {
                let around = self.around(&target, &USES, Direction::In, LOOK).await?;
                truncated |= around.edges.len() >= LOOK;
                let fresh: Vec<_> = around
                    .edges
                    .into_iter()
                    .filter(|edge| known.insert(edge.from.clone()))
                    .collect();
                next.extend(fresh.iter().map(|edge| edge.from.clone()));
                for via in self.steps(fresh).await? {
                    let from = Key::from_raw(&via.from);
                    let item = around.nodes.get(&from).map_or_else(|| Item::bare(&from), Item::from);
                    found.push(Dependent { item, distance, via });
                }
            }
            truncated |= found.len() >= DEPENDENTS;
            if next.is_empty() || found.len() >= DEPENDENTS {
                break;
            }
            level = next;
        }
        found.truncate(DEPENDENTS);
        Ok((found, truncated))
    }

    /// The things themselves, what they define, and the names under which either is called or imported.
    async fn names_of(&self, level: Vec<Key>, known: &mut BTreeSet<Key>) -> Result<Vec<Key>> {
        let (mut all, mut here) = (level.clone(), level);
        // A file defines a symbol, and a symbol a name.
        for _ in 0..2 {
            let mut defined = Vec::new();
            for key in &here {
                let around = self.around(key, &[EdgeKind::Defines], Direction::Out, LOOK).await?;
                let ends = around.edges.into_iter().map(|edge| edge.to);
                defined.extend(ends.filter(|end| known.insert(end.clone())));
            }
            all.extend(defined.iter().cloned());
            here = defined;
        }
        Ok(all)
    }

    /// Documents that name the subject or one of its changes, the newest first.
    async fn about(&self, key: &Key, commits: &[Document]) -> Result<Vec<Document>> {
        let kinds = [
            EdgeKind::References,
            EdgeKind::Documents,
            EdgeKind::Discusses,
            EdgeKind::LinksTo,
            EdgeKind::Closes,
            EdgeKind::Merges,
        ];
        let wanted = [NodeKind::Issue, NodeKind::PullRequest, NodeKind::Page];
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for subject in std::iter::once(key).chain(commits.iter().map(|commit| &commit.key)) {
            let around = self.around(subject, &kinds, Direction::Both, LOOK).await?;
            let named = around
                .nodes
                .into_values()
                .filter(|node| node.kind.is_none_or(|kind| wanted.contains(&kind)));
            keys.extend(named.map(|node| node.key));
        }
        let mut documents: Vec<Document> = self.documents(&keys).await?.into_values().collect();
        documents.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.key.cmp(&b.key)));
        Ok(documents)
    }
}
