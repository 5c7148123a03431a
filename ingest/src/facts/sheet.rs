//! Collects the nodes and edges of one document, each once and within bounds.

use std::collections::{BTreeMap, HashSet};

use domain::{AccessId, Document, DocumentFacts, EdgeFact, EdgeKind, Key, NodeFact, NodeKind, Timestamp};

/// The most edges of one document under one label.
pub(crate) const MAX_EDGES: usize = 2_000;

/// Ends, kind, rule, end and second label: one relationship may have ended and begun again.
type Identity = (Key, Key, EdgeKind, String, Option<Timestamp>, Option<AccessId>);

/// Nodes and edges as they come.
pub(crate) struct Sheet {
    nodes: Vec<NodeFact>,
    known: HashSet<Key>,
    edges: Vec<EdgeFact>,
    seen: HashSet<Identity>,
    /// Edges per label. One bound for all would let edges that a reader may not see push out edges that he may.
    counts: BTreeMap<Option<AccessId>, usize>,
    dropped: u64,
}

impl Sheet {
    /// A sheet with the document's own node.
    pub(crate) fn new(own: NodeFact) -> Self {
        Self {
            known: HashSet::from([own.key.clone()]),
            nodes: vec![own],
            edges: Vec::new(),
            seen: HashSet::new(),
            counts: BTreeMap::new(),
            dropped: 0,
        }
    }

    /// Add an edge, unless it leads to where it starts, is there already or is one too many. Whether it was added.
    pub(crate) fn edge(&mut self, edge: EdgeFact) -> bool {
        let identity = (
            edge.from.clone(),
            edge.to.clone(),
            edge.kind,
            edge.rule.clone(),
            edge.until,
            edge.also.clone(),
        );
        if edge.from == edge.to || self.seen.contains(&identity) {
            return false;
        }
        let count = self.counts.entry(edge.also.clone()).or_default();
        if *count >= MAX_EDGES {
            self.dropped += 1;
            return false;
        }
        *count += 1;
        self.seen.insert(identity);
        self.edges.push(edge);
        true
    }

    /// Add a bare node of a known kind, unless it is there already.
    pub(crate) fn node(&mut self, key: &Key, kind: Option<NodeKind>) {
        if let Some(kind) = kind
            && self.known.insert(key.clone())
        {
            self.nodes.push(NodeFact {
                key: key.clone(),
                kind,
                title: None,
                aliases: Vec::new(),
            });
        }
    }

    /// The facts of `document`.
    pub(crate) fn into_facts(self, document: &Document) -> DocumentFacts {
        if self.dropped > 0 {
            tracing::warn!(document.id = %document.id, dropped = self.dropped, "edges beyond {MAX_EDGES} of one label were left out");
        }
        DocumentFacts {
            document: document.id,
            access: document.access.clone(),
            at: super::stated(document),
            nodes: self.nodes,
            edges: self.edges,
        }
    }
}
