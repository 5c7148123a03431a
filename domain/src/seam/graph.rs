//! The seam to graph stores. Every reading method sees exactly what its scope allows: an edge counts when the asserting
//! document is in it, the edge's second label, where it has one, is visible, and the edge holds at the time asked about; a
//! node exists when an assertion in scope names it or an edge in scope touches it.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::{
    AccessId, DocumentFacts, DocumentId, EdgeFact, EdgeKind, Evidence, Key, NodeKind, Result, SourceId, Timestamp,
    Visible,
};

/// What a caller sees of a graph, which lags behind the store of truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The labels whose documents may be seen.
    pub visible: Visible,
    /// Documents that the graph may still hold under such a label though they are gone, or under another one by now. To an
    /// answer they do not exist.
    pub revoked: BTreeSet<DocumentId>,
    /// The moment asked about: edges that had begun and not ended by then, and what documents made by then say of nodes.
    /// What has no known time counts as made always. Absent: now, when all counts but edges that have ended.
    pub as_of: Option<Timestamp>,
}

impl From<Visible> for Scope {
    fn from(visible: Visible) -> Self {
        Self {
            visible,
            revoked: BTreeSet::new(),
            as_of: None,
        }
    }
}

/// Which of the visible edges to follow. The default is all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeFilter {
    /// Only edges of these kinds; empty: all.
    pub kinds: Vec<EdgeKind>,
    /// Only what documents of these sources assert; empty: all. A document's source is the part of its label before the first `/`.
    pub sources: Vec<SourceId>,
    /// Only what was stated at this time or later, by the edge's own time or else its document's. What has neither is left out.
    pub since: Option<Timestamp>,
    /// Only what was stated before this time. What has no known time is left out.
    pub before: Option<Timestamp>,
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

/// An edge as a caller sees it: the strongest visible assertion of this (from, to, kind) that the filter lets through.
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
    /// When the last visible assertion of it ended; absent while one has not.
    pub until: Option<Timestamp>,
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
    /// Only these edges.
    pub edges: EdgeFilter,
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
    /// Only these edges.
    pub edges: EdgeFilter,
    /// Only paths whose inner nodes are of these kinds; empty: all. A bare name has no kind.
    pub nodes: Vec<NodeKind>,
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

/// How central a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// `PageRank` (damping 0.85), edges taken both ways.
    #[default]
    PageRank,
    /// How many edges (from, to, kind) touch the node; a loop counts twice.
    Degree,
    /// Over how many pairs' shortest ways a node lies: for every unordered pair of other nodes, the share of the shortest
    /// ways between them that pass it. Estimated from some of the nodes where a graph is large.
    Betweenness,
}

/// Which nodes to rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// What may be seen.
    pub scope: Scope,
    /// By what.
    pub measure: Measure,
    /// Over which edges; all visible nodes are ranked.
    pub edges: EdgeFilter,
    /// At most so many.
    pub limit: usize,
}

/// Nodes that are tied more closely to each other than to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// The nodes with the most edges within the visible graph, at most 100, ties by key.
    pub members: Vec<Key>,
    /// How many nodes belong to it.
    pub size: u64,
}

/// The sizes of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Distinct keys, stubs included.
    pub nodes: u64,
    /// Assertions of edges.
    pub edges: u64,
}

/// The questions a graph answers.
#[async_trait]
pub trait GraphReader: Send + Sync {
    /// The node of this canonical key, or else of this alias (the smallest key where several have it). `None` when the caller sees none.
    async fn node(&self, name: &str, scope: &Scope) -> Result<Option<NodeView>>;

    /// What surrounds a node. `NotFound` when the caller sees no such node.
    async fn expand(&self, expansion: Expansion) -> Result<Subgraph>;

    /// Paths between two nodes, best first; none is an empty list. `NotFound` when the caller does not see an end.
    async fn paths(&self, query: PathQuery) -> Result<Vec<Path>>;

    /// The most central visible nodes, best first, ties by key. The scores follow from the visible facts alone.
    async fn rank(&self, ranking: &Ranking) -> Result<Vec<(Key, f64)>>;

    /// The communities of two or more visible nodes over the visible edges taken both ways: at most `limit`, largest first,
    /// ties by their first member. The same visible facts give the same communities.
    async fn communities(&self, scope: &Scope, limit: usize) -> Result<Vec<Community>>;
}

/// A store of facts.
#[async_trait]
pub trait GraphStore: GraphReader {
    /// Replace all that the given documents assert, durably and at once: a reader sees all of a document's new facts or all of its old. Repeating it changes nothing.
    async fn replace(&self, facts: Vec<DocumentFacts>) -> Result<()>;

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

    /// Whether an edge holds that was stated at `from` and ended at `until`.
    pub fn holds_at(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        match self.as_of {
            None => until.is_none(),
            Some(now) => self.knows(from) && until.is_none_or(|until| until > now),
        }
    }

    /// Whether what a document made at this time says of nodes counts.
    pub fn knows(&self, made: Option<Timestamp>) -> bool {
        self.as_of.is_none_or(|now| made.is_none_or(|made| made <= now))
    }
}

impl EdgeFilter {
    /// Only edges of these kinds; none: all.
    pub fn kinds(kinds: impl Into<Vec<EdgeKind>>) -> Self {
        Self {
            kinds: kinds.into(),
            ..Self::default()
        }
    }

    /// Whether it lets through an edge that a document of these facts asserts.
    pub fn admits(&self, facts: &DocumentFacts, edge: &EdgeFact) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&edge.kind))
            && self.admits_source(facts.access.as_str())
            && self.admits_time(edge.at.or(facts.at))
    }

    /// Whether it lets through what is asserted under this label.
    pub fn admits_source(&self, label: &str) -> bool {
        let source = label.split('/').next();
        self.sources.is_empty() || self.sources.iter().any(|one| Some(one.as_str()) == source)
    }

    /// Whether it lets through what was stated at this time.
    pub fn admits_time(&self, at: Option<Timestamp>) -> bool {
        match at {
            Some(at) => self.since.is_none_or(|since| at >= since) && self.before.is_none_or(|before| at < before),
            None => self.since.is_none() && self.before.is_none(),
        }
    }
}
