//! What has to do with a thing: what the graph joins to it in one or two steps, and what reads alike.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{Direction, EdgeView};
use domain::{Caller, Document, DocumentKind, EdgeKind, Filter, Key, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::{Ground, other};
use super::item::Item;
use super::people::{rounded, shares};
use crate::search::{Mode, Search, Step, bounded};

/// Edges looked at, at each node.
const LOOK: usize = 200;
/// Neighbours from which a second step is taken.
const SPREAD: usize = 40;
/// Text of a thing by which others are found that read alike, in bytes.
const TEXT: usize = 2000;
/// What the graph says counts so much more than how a text reads: somebody said it.
const JOINED: f64 = 2.0;
/// A second step counts so much of a first.
const SECOND: f64 = 0.5;
/// Joined things that are read.
const MAX_JOINED: usize = 500;
/// The most things of one answer.
const MAX_ITEMS: usize = 100;

/// What has to do with a thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Related {
    /// The thing.
    pub subject: Item,
    /// What has to do with it, the most telling first.
    pub related: Vec<RelatedItem>,
    /// Whether there is more than was looked at.
    pub truncated: bool,
}

/// Something that has to do with the subject.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RelatedItem {
    /// What.
    #[serde(flatten)]
    pub item: Item,
    /// The best of the answer has 1.
    pub score: f32,
    /// How the graph joins it to the subject; nothing where it only reads alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Step>,
    /// How alike it reads, as a share of what reads most alike; absent where it was not found so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alike: Option<f32>,
}

/// How much an edge says about two things having to do with each other, and whether it does at all.
fn weight(kind: EdgeKind) -> Option<f64> {
    match kind {
        EdgeKind::Closes | EdgeKind::Merges | EdgeKind::Duplicates | EdgeKind::Blocks => Some(1.0),
        EdgeKind::Documents | EdgeKind::Discusses | EdgeKind::LinksTo | EdgeKind::References => Some(0.8),
        EdgeKind::Touches | EdgeKind::RepliesTo => Some(0.5),
        EdgeKind::Authored
        | EdgeKind::Reviewed
        | EdgeKind::Assigned
        | EdgeKind::Mentions
        | EdgeKind::Defines
        | EdgeKind::PartOf
        | EdgeKind::SameAs
        | EdgeKind::Follows
        | EdgeKind::Calls
        | EdgeKind::Imports => None,
    }
}

/// Something the graph joins to the subject: how strongly, and by which steps.
struct Joined {
    score: f64,
    via: Vec<EdgeView>,
}

impl Search {
    /// What has to do with the thing of this name; at most `limit` things, 1 to 100.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing; `Invalid` for a limit out of range.
    pub async fn related(&self, caller: &Caller, name: &str, limit: usize) -> Result<Related> {
        bounded("limit", limit, MAX_ITEMS)?;
        let ground = Ground::of(&self.explore, caller).await?;
        let (key, documents) = ground.named(name).await?;
        let mut joined = best(ground.joined(&key).await?);
        let alike = match documents.first() {
            Some(document) => self.alike(document, &ground).await?,
            None => BTreeMap::new(),
        };
        let keys: BTreeSet<Key> = joined
            .keys()
            .chain(alike.keys())
            .filter(|other| **other != key)
            .cloned()
            .collect();
        let documents = ground.documents(&keys).await?;
        let strongest = joined.values().map(|one| one.score).fold(f64::MIN_POSITIVE, f64::max);
        let mut scored: Vec<(f64, &Document)> = Vec::new();
        for document in documents.values().filter(|document| is_telling(document.kind)) {
            let graph = joined.get(&document.key).map_or(0.0, |one| one.score / strongest);
            let text = alike.get(&document.key).copied().unwrap_or_default();
            scored.push((JOINED * graph + text, document));
        }
        scored.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.key.cmp(&right.key)));
        let top = scored.first().map_or(1.0, |(score, _)| *score).max(f64::MIN_POSITIVE);
        let mut related = Vec::new();
        for (score, document) in scored.into_iter().take(limit) {
            let via = joined.remove(&document.key).map(|one| one.via).unwrap_or_default();
            related.push(RelatedItem {
                item: document.into(),
                score: rounded(score / top),
                via: ground.steps(via).await?,
                alike: alike.get(&document.key).map(|share| rounded(*share)),
            });
        }
        Ok(Related {
            subject: ground.subject(&key).await?,
            related,
            truncated: ground.is_cut(),
        })
    }

    /// Documents that read like this one, by share of the best.
    async fn alike(&self, document: &Document, ground: &Ground<'_>) -> Result<BTreeMap<Key, f64>> {
        let text = text_of(document, TEXT);
        let filter = Filter::visible(ground.scope.visible.clone());
        let mut ranked = self.rank(&text, &filter, Mode::Fused).await?;
        ranked.retain(|one| one.document != document.id);
        ranked.truncate(MAX_ITEMS);
        let ids: Vec<_> = ranked.iter().map(|one| one.document).collect();
        let documents = self.explore.documents.documents(&ids, &ground.scope.visible).await?;
        let scores: BTreeMap<_, _> = shares(&ranked).collect();
        let own = documents
            .into_iter()
            .filter_map(|one| Some((one.key, scores.get(&one.id).copied()?)));
        Ok(own.collect())
    }
}

/// The title and the beginning of the text, as they were written.
pub(super) fn text_of(document: &Document, bytes: usize) -> String {
    let body = &document.body.text;
    let end = body.floor_char_boundary(bytes.min(body.len()));
    format!("{}\n{}", document.title, body.get(..end).unwrap_or_default())
}

/// The strongest of what is joined; the rest is not worth reading.
fn best(joined: BTreeMap<Key, Joined>) -> BTreeMap<Key, Joined> {
    let mut all: Vec<(Key, Joined)> = joined.into_iter().collect();
    all.sort_by(|(left, a), (right, b)| b.score.total_cmp(&a.score).then_with(|| left.cmp(right)));
    all.truncate(MAX_JOINED);
    all.into_iter().collect()
}

/// What answers name: what somebody wrote to be read.
fn is_telling(kind: DocumentKind) -> bool {
    !matches!(
        kind,
        DocumentKind::Repository
            | DocumentKind::Project
            | DocumentKind::Channel
            | DocumentKind::Space
            | DocumentKind::Comment
    )
}

impl Ground<'_> {
    /// What one or two edges join to `key`. A busy node in between joins little: its share goes down with the root of its edges.
    async fn joined(&self, key: &Key) -> Result<BTreeMap<Key, Joined>> {
        let mut joined: BTreeMap<Key, Joined> = BTreeMap::new();
        self.spread(key, (1.0, &[]), &mut joined).await?;
        joined.remove(key);
        let mut first: Vec<(f64, Key, Vec<EdgeView>)> = joined
            .iter()
            .map(|(near, one)| (one.score, near.clone(), one.via.clone()))
            .collect();
        first.sort_by(|(a, left, _), (b, right, _)| b.total_cmp(a).then_with(|| left.cmp(right)));
        for (score, near, via) in first.into_iter().take(SPREAD) {
            self.spread(&near, (SECOND * score, &via), &mut joined).await?;
        }
        joined.remove(key);
        Ok(joined)
    }

    async fn spread(
        &self,
        from: &Key,
        (score, via): (f64, &[EdgeView]),
        joined: &mut BTreeMap<Key, Joined>,
    ) -> Result<()> {
        let kinds: Vec<EdgeKind> = EdgeKind::ALL
            .iter()
            .copied()
            .filter(|kind| weight(*kind).is_some())
            .collect();
        let edges = self.around(from, &kinds, Direction::Both, LOOK).await?.edges;
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let share = if via.is_empty() {
            score
        } else {
            score / (edges.len().max(1) as f64).sqrt()
        };
        for edge in edges {
            let to = other(&edge, from).clone();
            let own = share * weight(edge.kind).unwrap_or_default() * f64::from(edge.confidence);
            let steps = || via.iter().cloned().chain([edge.clone()]).collect();
            let entry = joined.entry(to).or_insert_with(|| Joined {
                score: 0.0,
                via: steps(),
            });
            entry.score += own;
        }
        Ok(())
    }
}
