//! The bodies of answers, as JSON has them. Nothing in them depends on anything the caller may not see.

use std::collections::BTreeMap;

use domain::seam::{EdgeView, NodeView, graph::Path};
use domain::{Document, DocumentId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of search results.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Documents, best first; those named in the query by an exact identifier come before all others.
    pub results: Vec<SearchResult>,
    /// How many documents matched, as deep as the search looks.
    pub total: usize,
    /// Counts over those documents, by field: `source`, `kind`, `state`, `label`, `container`.
    pub facets: BTreeMap<String, Vec<Facet>>,
    /// What to send as `cursor` for the next page, absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Parts that could not answer now (`graph`, `rerank`); the rest of the answer is complete without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

/// A value of a facet and how many documents have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// The number of documents.
    pub count: usize,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SearchResult {
    /// Its canonical key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// Its source.
    pub source: String,
    /// Its container's key.
    pub container: String,
    /// A line that names it.
    pub title: String,
    /// Where a person opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The author's account key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// What it is ordered by, higher is better: the reranking model's score where there is one, and these stand above the others.
    /// Absent for one that is pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Whether the query names it by an exact identifier.
    pub pinned: bool,
    /// The part that matches best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Match>,
    /// What it is joined to in the graph: what closes, merges, repeats, blocks or refers first, its place in its container last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neighbors: Vec<Neighbor>,
}

/// The part of a document that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Match {
    /// The headings above it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub heading: Vec<String>,
    /// At most some 300 characters of it.
    pub text: String,
    /// Ranges of `text` to highlight, in UTF-8 bytes, `[start, end)`.
    pub highlights: Vec<[usize; 2]>,
}

/// An edge of a result, seen from the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Neighbor {
    /// The other end's key.
    pub key: String,
    /// What the edge says.
    pub kind: String,
    /// Whether it runs from the result (`out`) or to it (`in`).
    pub direction: &'static str,
    /// The other end's title, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The words that say so.
    pub evidence: String,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Node {
    /// Its canonical key.
    pub key: String,
    /// What it stands for; absent for a bare name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A line that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        Self {
            key: view.key.as_str().to_owned(),
            kind: view.kind.map(|kind| kind.as_str().to_owned()),
            title: view.title,
            aliases: view.aliases,
        }
    }
}

/// An edge of the graph with what justifies it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Step {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// What it says.
    pub kind: String,
    /// How it was found.
    pub rule: String,
    /// The words that say so, or the provider's field.
    pub evidence: String,
    /// Where the words stand in the asserting document's text, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<[u32; 2]>,
    /// The key of the document that asserts it.
    pub asserted_by: String,
    /// 0 to 1.
    pub confidence: f32,
    /// When it was first stated, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<String>,
    /// When it was last stated, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
}

impl Step {
    /// `None` when the asserting document is not among `keys`.
    pub(crate) fn new(edge: EdgeView, keys: &BTreeMap<DocumentId, String>) -> Option<Self> {
        let asserted_by = keys.get(&edge.document)?.clone();
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Some(Self {
            from: edge.from.as_str().to_owned(),
            to: edge.to.as_str().to_owned(),
            kind: edge.kind.as_str().to_owned(),
            rule: edge.rule,
            evidence: edge.evidence.text,
            span: edge.evidence.span.map(|(start, end)| [start, end]),
            asserted_by,
            confidence: edge.confidence,
            first_seen: time(edge.first_seen),
            last_seen: time(edge.last_seen),
        })
    }
}

/// A path from one node to another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PathAnswer {
    /// The keys of its nodes in order.
    pub nodes: Vec<String>,
    /// Its edges in order; each keeps its own direction.
    pub edges: Vec<Step>,
    /// Lower is better.
    pub weight: f32,
}

impl PathAnswer {
    /// `None` when one of the asserting documents is not among `keys`.
    pub(crate) fn new(path: Path, keys: &BTreeMap<DocumentId, String>) -> Option<Self> {
        Some(Self {
            nodes: path.nodes.iter().map(|key| key.as_str().to_owned()).collect(),
            edges: path
                .edges
                .into_iter()
                .map(|edge| Step::new(edge, keys))
                .collect::<Option<_>>()?,
            weight: path.weight,
        })
    }
}

/// Paths between two nodes, best first; none where they are not joined.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Paths {
    /// The paths.
    pub paths: Vec<PathAnswer>,
}

/// What surrounds a node.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Neighborhood {
    /// The nodes, the asked one first.
    pub nodes: Vec<Node>,
    /// The edges, nearest first.
    pub edges: Vec<Step>,
    /// Whether the limit cut something off.
    pub truncated: bool,
}

/// Everything about one thing: its document where there is one, its node and what is next to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Entity {
    /// Its node; absent when the graph cannot answer now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    /// The documents under this name.
    pub documents: Vec<EntityDocument>,
    /// The edges at it.
    pub edges: Vec<Step>,
    /// Whether there are more edges.
    pub truncated: bool,
    /// Parts that could not answer now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

/// A document in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EntityDocument {
    /// Its canonical key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// Its source.
    pub source: String,
    /// Its container's key.
    pub container: String,
    /// A line that names it.
    pub title: String,
    /// Its content as the provider wrote it, cut at 64 KiB.
    pub body: String,
    /// How `body` is written.
    pub markup: String,
    /// Where a person opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The author's account key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was made, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Its fields.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// The most of a body that an entity shows, in bytes.
const MAX_BODY: usize = 64 * 1024;

impl From<Document> for EntityDocument {
    fn from(mut document: Document) -> Self {
        let end = document.body.text.floor_char_boundary(MAX_BODY);
        document.body.text.truncate(end);
        let markup = serde_json::to_value(document.body.markup)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        Self {
            key: document.key.as_str().to_owned(),
            kind: document.kind.as_str().to_owned(),
            source: document.source.as_str().to_owned(),
            container: document.container.as_str().to_owned(),
            title: document.title,
            body: document.body.text,
            markup,
            url: document.url,
            author: document.author.map(|author| author.as_str().to_owned()),
            created: document.created.map(|time| time.to_string()),
            updated: document.updated.map(|time| time.to_string()),
            aliases: document.aliases,
            fields: document.fields,
        }
    }
}
