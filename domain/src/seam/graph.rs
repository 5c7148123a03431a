//! The seam to graph stores. Every reading method sees exactly what its scope allows: an edge counts when the asserting
//! document is in it and the edge's second label, where it has one, is visible; a node exists when an assertion in scope
//! names it or an edge in scope touches it.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::{AccessId, DocumentFacts, DocumentId, EdgeKind, Evidence, Key, NodeKind, Result, Timestamp, Visible};

/// What a caller sees of a graph, which lags behind the store of truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The labels whose documents may be seen.
    pub visible: Visible,
    /// Documents that the graph may still hold under such a label though they are gone, or under another one by now. To an
    /// answer they do not exist.
    pub revoked: BTreeSet<DocumentId>,
}

impl From<Visible> for Scope {
    fn from(visible: Visible) -> Self {
        Self {
            visible,
            revoked: BTreeSet::new(),
        }
    }
}

/// A node as a caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeView {
    /// Its canonical key.
    pub key: Key,
    /// What it stands for; absent for a bare name that visible edges mention.
    pub kind: Option<NodeKind>,
    /// A line that names it, from the smallest asserting document id that has one.
    pub title: Option<String>,
    /// Other names, sorted.
    pub aliases: Vec<String>,
    /// Documents that assert the node, sorted, at most 16.
    pub documents: Vec<DocumentId>,
}

/// An edge as a caller sees it: the strongest visible assertion of this (from, to, kind).
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeView {
    /// Where it starts.
    pub from: Key,
    /// Where it ends.
    pub to: Key,
    /// What it says.
    pub kind: EdgeKind,
    /// How it was found.
    pub rule: String,
    /// The words that say so.
    pub evidence: Evidence,
    /// 0 to 1.
    pub confidence: f32,
    /// The document that asserts it.
    pub document: DocumentId,
    /// The earliest time at which a visible assertion states it.
    pub first_seen: Option<Timestamp>,
    /// The latest.
    pub last_seen: Option<Timestamp>,
}

/// Along which way edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From start to end.
    Out,
    /// From end to start.
    In,
    /// Either way.
    #[default]
    Both,
}

/// What to collect around a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The node in the middle: canonical key or alias.
    pub node: String,
    /// What may be seen.
    pub scope: Scope,
    /// Only edges of these kinds; empty: all.
    pub kinds: Vec<EdgeKind>,
    /// Which way.
    pub direction: Direction,
    /// How far, 1 to 8.
    pub hops: u8,
    /// At most so many edges, nearest first; ties by stronger confidence, then by key.
    pub limit: usize,
}

/// What surrounds a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgraph {
    /// The nodes that the edges touch, the middle first, the rest by key.
    pub nodes: Vec<NodeView>,
    /// The edges, nearest first.
    pub edges: Vec<EdgeView>,
    /// Whether the limit cut something off.
    pub truncated: bool,
}

/// Which paths to find.
#[derive(Debug, Clone, PartialEq)]
pub struct PathQuery {
    /// One end: canonical key or alias.
    pub from: String,
    /// The other end.
    pub to: String,
    /// What may be seen.
    pub scope: Scope,
    /// Only edges of these kinds; empty: all.
    pub kinds: Vec<EdgeKind>,
    /// Only paths through this node (canonical key or alias), if set.
    pub through: Option<String>,
    /// The longest path, in edges, 1 to 8.
    pub max_hops: u8,
    /// How many, 1 to 50: shortest first, then by weight (the sum of `1 - confidence/2` plus a small charge for busy nodes), then by keys.
    pub limit: usize,
}

/// A loopless path; edges are followed either way.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The nodes in order, both ends included.
    pub nodes: Vec<Key>,
    /// The edges in order, one less than nodes; each keeps its own direction.
    pub edges: Vec<EdgeView>,
    /// Lower is better.
    pub weight: f32,
}

/// The sizes of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Distinct keys, stubs included.
    pub nodes: u64,
    /// Assertions of edges.
    pub edges: u64,
}

/// A store of facts.
#[async_trait]
pub trait GraphStore: Send + Sync {
    /// Replace all that the given documents assert, durably and at once: a reader sees all of a document's new facts or all of its old. Repeating it changes nothing.
    async fn replace(&self, facts: Vec<DocumentFacts>) -> Result<()>;

    /// The node of this canonical key, or else of this alias (the smallest key where several have it). `None` when the caller sees none.
    async fn node(&self, name: &str, scope: &Scope) -> Result<Option<NodeView>>;

    /// What surrounds a node. `NotFound` when the caller sees no such node.
    async fn expand(&self, expansion: Expansion) -> Result<Subgraph>;

    /// Paths between two nodes, best first; none is an empty list. `NotFound` when the caller does not see an end.
    async fn paths(&self, query: PathQuery) -> Result<Vec<Path>>;

    /// The most central visible nodes by PageRank (damping 0.85) over the visible edges taken both ways, best first.
    async fn rank(&self, scope: &Scope, limit: usize) -> Result<Vec<(Key, f64)>>;

    /// All facts by ascending document id after `after`, for export and comparison.
    async fn scan(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentFacts>>;

    /// How much it holds.
    async fn size(&self) -> Result<Size>;

    /// Remove everything, for a rebuild.
    async fn clear(&self) -> Result<()>;
}

impl Scope {
    /// Whether what a document asserts under a label may be seen; with a second label `also`, that one must be visible too.
    pub fn holds(&self, document: DocumentId, access: &AccessId, also: Option<&AccessId>) -> bool {
        let visible = |label| self.visible.contains(label);
        visible(access) && also.is_none_or(visible) && !self.revoked.contains(&document)
    }
}
