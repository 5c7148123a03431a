//! What one caller sees, for the steps of one question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use domain::identity::Persons;
use domain::seam::{Direction, EdgeFilter, EdgeView, Expansion, Listing, NodeView, Scope};
use domain::{Caller, Document, DocumentId, EdgeKind, ErrorKind, Key, Result, Timestamp};

use super::item::Item;
use crate::search::{Explore, Step};

/// Changes of one thing that are looked at, each when it was made.
const CHANGES: usize = 5000;
type Changes = Vec<(Option<Timestamp>, Key)>;

/// What the steps of one question may cost together: an edge is 1, asking for a node's edges is 10 more, a document 20. Some seconds
/// of work, whatever is asked. Only what the caller sees is counted, so what is hidden changes no answer.
const BUDGET: usize = 400_000;
const STEP: usize = 10;
const DOCUMENT: usize = 20;
/// Documents read at once.
const READ: usize = 500;

/// The ground of one question: who asks and what he sees, at one moment.
pub(super) struct Ground<'a> {
    pub(super) explore: &'a Explore,
    pub(super) scope: Scope,
    left: AtomicUsize,
    cut: AtomicBool,
}

/// Edges at a node, and the nodes at their ends.
#[derive(Default)]
pub(super) struct Around {
    pub(super) nodes: BTreeMap<Key, NodeView>,
    pub(super) edges: Vec<EdgeView>,
}

impl<'a> Ground<'a> {
    /// The ground under this caller's feet.
    pub(super) async fn of(explore: &'a Explore, caller: &Caller) -> Result<Self> {
        let scope = explore.scope(caller).await?;
        Ok(Self {
            explore,
            scope,
            left: AtomicUsize::new(BUDGET),
            cut: AtomicBool::new(false),
        })
    }

    /// Whether something was left out because the question went too far.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Take so much of the budget; false when it is spent.
    fn spend(&self, cost: usize) -> bool {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        let enough = taken.is_ok();
        if !enough {
            self.cut.store(true, Ordering::Relaxed);
        }
        enough
    }

    /// The key of the thing of this name, and its documents.
    ///
    /// # Errors
    /// `NotFound`, the same whether it is hidden or absent.
    pub(super) async fn named(&self, name: &str) -> Result<(Key, Vec<Document>)> {
        let (key, documents) = self.explore.named(name, &self.scope).await?;
        Ok((Key::from_raw(&key), documents))
    }

    /// The edges of these kinds at a node, the strongest first; none where the graph does not know it (it may lag behind).
    pub(super) async fn around(
        &self,
        node: &Key,
        kinds: &[EdgeKind],
        direction: Direction,
        limit: usize,
    ) -> Result<Around> {
        self.expand(node, EdgeFilter::kinds(kinds), direction, limit).await
    }

    async fn expand(&self, node: &Key, edges: EdgeFilter, direction: Direction, limit: usize) -> Result<Around> {
        if !self.spend(STEP) {
            return Ok(Around::default());
        }
        let expansion = Expansion {
            node: node.as_str().to_owned(),
            scope: self.scope.clone(),
            edges,
            direction,
            hops: 1,
            limit,
        };
        match self.explore.graph.expand(expansion).await {
            Ok(found) if !self.spend(found.edges.len()) => Ok(Around::default()),
            Ok(found) => Ok(Around {
                nodes: found.nodes.into_iter().map(|node| (node.key.clone(), node)).collect(),
                edges: found.edges,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Around::default()),
            Err(error) => Err(error),
        }
    }

    /// What changed a file or symbol (commits and pull requests) and when, the newest first; what has no known time comes last. Of
    /// more than are looked at, the older half may lack some.
    pub(super) async fn changes(&self, key: &Key) -> Result<Changes> {
        let mut changes = self.changes_since(key, None).await?;
        let (mut since, mut full) = (None, changes.len() >= CHANGES);
        // The graph cuts by confidence and key, not by time: ask for the newer half of what it told, until that is all there is.
        while full && let Some(later) = later(&changes, since) {
            let mut newer = self.changes_since(key, Some(later)).await?;
            if newer.is_empty() {
                break;
            }
            full = newer.len() >= CHANGES;
            since = Some(later);
            newer.extend(changes.into_iter().filter(|(at, _)| *at < since));
            newer.truncate(CHANGES);
            changes = newer;
        }
        Ok(changes)
    }

    /// Changes made at a time or later, as many as are looked at, the newest first.
    async fn changes_since(&self, key: &Key, since: Option<Timestamp>) -> Result<Changes> {
        let touches = EdgeFilter {
            since,
            ..EdgeFilter::kinds([EdgeKind::Touches])
        };
        let edges = self.expand(key, touches, Direction::In, CHANGES).await?.edges;
        let mut changes: Changes = edges.into_iter().map(|edge| (edge.last_seen, edge.from)).collect();
        changes.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| left.cmp(right)));
        Ok(changes)
    }

    /// The visible documents of these keys. Where two sources have the same thing, the one of the smaller id.
    pub(super) async fn documents(&self, keys: impl IntoIterator<Item = &Key>) -> Result<BTreeMap<Key, Document>> {
        let keys: BTreeSet<&Key> = keys.into_iter().collect();
        let keys: Vec<Key> = keys.into_iter().cloned().collect();
        let mut documents = BTreeMap::new();
        for keys in keys.chunks(READ) {
            for document in self.explore.catalogue.under(keys, &self.scope.visible).await? {
                documents.entry(document.key.clone()).or_insert(document);
            }
            if !self.spend(keys.len() * DOCUMENT) {
                break;
            }
        }
        Ok(documents)
    }

    /// A thing as the graph knows it.
    pub(super) async fn node_item(&self, key: &Key) -> Result<Item> {
        let node = self.explore.graph.node(key.as_str(), &self.scope).await?;
        Ok(node.as_ref().map_or_else(|| Item::bare(key), Item::from))
    }

    /// Who is who to the caller.
    pub(super) async fn persons(&self) -> Result<Arc<Persons>> {
        self.explore.identities.persons(&self.scope.visible).await
    }

    /// The next documents of a listing, each thing once where two sources have it; `None` after the last.
    pub(super) async fn next(&self, listing: &mut Listing) -> Result<Option<Vec<Document>>> {
        let mut page = self.explore.catalogue.list(listing, &self.scope.visible).await?;
        let Some(last) = page.last() else { return Ok(None) };
        let before = listing.after.replace((last.key.clone(), last.id));
        page.dedup_by(|later, first| later.key == first.key);
        page.retain(|document| before.as_ref().is_none_or(|(key, _)| document.key != *key));
        Ok(Some(page))
    }

    /// Edges as answers show them. One whose document the store no longer shows is left out.
    pub(super) async fn steps(&self, edges: Vec<EdgeView>) -> Result<Vec<Step>> {
        let ids: BTreeSet<DocumentId> = edges.iter().map(|edge| edge.document).collect();
        let ids: Vec<DocumentId> = ids.into_iter().collect();
        let documents = self.explore.documents.documents(&ids, &self.scope.visible).await?;
        let keys: BTreeMap<DocumentId, String> = documents
            .into_iter()
            .map(|document| (document.id, document.key.as_str().to_owned()))
            .collect();
        Ok(edges.into_iter().filter_map(|edge| Step::new(edge, &keys)).collect())
    }
}

/// A time after `since` from which on the newer half of these changes was made, or at least those that are not the oldest.
fn later(changes: &[(Option<Timestamp>, Key)], since: Option<Timestamp>) -> Option<Timestamp> {
    let middle = changes
        .get(changes.len() / 2)
        .map(|(at, _)| at.unwrap_or(Timestamp(i64::MIN)));
    let oldest_first = changes.iter().rev().filter_map(|(at, _)| *at);
    middle.into_iter().chain(oldest_first).find(|at| Some(*at) > since)
}

/// The end of an edge that is not `here`.
pub(super) fn other<'e>(edge: &'e EdgeView, here: &Key) -> &'e Key {
    if edge.from == *here { &edge.to } else { &edge.from }
}
