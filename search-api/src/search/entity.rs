//! Entities, paths and neighbours: the graph's questions, with the documents that assert each edge.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{Direction, EdgeFilter, EdgeView, Expansion, PathQuery, Scope, Subgraph};
use domain::{Caller, Document, DocumentId, Error, ErrorKind, NodeKind, Result, Timestamp, Visible};

use super::answer::{Entity, Neighborhood, Node, PathAnswer, Paths, Step};
use super::plan::identifier_forms;
use super::{Explore, scope};

/// The longest path or widest neighbourhood, in edges.
const MAX_HOPS: u8 = 8;
/// The most paths of one answer.
const MAX_PATHS: usize = 50;
/// The most edges of one neighbourhood.
const MAX_EDGES: usize = 1000;
/// Edges shown with an entity.
const ENTITY_EDGES: usize = 50;
/// The longest name, in bytes.
const MAX_NAME: usize = 2048;

/// Which paths to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathsRequest {
    /// One end: a canonical key or any alias.
    pub from: String,
    /// The other end.
    pub to: String,
    /// A node that every path must pass, if set.
    pub through: Option<String>,
    /// Only these edges.
    pub edges: EdgeFilter,
    /// Only things of these kinds between the ends; empty: all.
    pub nodes: Vec<NodeKind>,
    /// As the graph was at this time; absent: as it is.
    pub as_of: Option<Timestamp>,
    /// The longest path, in edges, 1 to 8.
    pub max_hops: u8,
    /// How many, 1 to 50.
    pub limit: usize,
}

/// What to collect around a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborsRequest {
    /// The node: a canonical key or any alias.
    pub node: String,
    /// Only these edges.
    pub edges: EdgeFilter,
    /// As the graph was at this time; absent: as it is.
    pub as_of: Option<Timestamp>,
    /// Which way.
    pub direction: Direction,
    /// How far, 1 to 8.
    pub hops: u8,
    /// At most so many edges, 1 to 1,000.
    pub limit: usize,
}

impl Explore {
    /// Everything about the thing of this name (canonical key, alias, URL or the beginning of a SHA), with `as_of` as it was joined to others
    /// at that time: a document has only its present text.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing, whether or not there is one.
    pub async fn entity(&self, caller: &Caller, name: &str, as_of: Option<Timestamp>) -> Result<Entity> {
        let scope = self.scope_at(caller, as_of).await?;
        let (key, documents) = self.named(name, &scope).await?;
        let mut degraded = Vec::new();
        let expansion = Expansion {
            node: key,
            scope: scope.clone(),
            edges: EdgeFilter::default(),
            direction: Direction::Both,
            hops: 1,
            limit: ENTITY_EDGES,
        };
        let around = match self.graph.expand(expansion).await {
            Ok(around) => Some(around),
            // The graph lags behind the store: the document has no node yet.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, "graph cannot answer");
                degraded.push("graph".to_owned());
                None
            }
        };
        let (node, edges, truncated) = match around {
            Some(Subgraph {
                nodes,
                edges,
                truncated,
            }) => (
                nodes.into_iter().next().map(Node::from),
                self.steps(edges, &scope.visible).await?,
                truncated,
            ),
            None => (None, Vec::new(), false),
        };
        Ok(Entity {
            node,
            documents: documents.into_iter().map(Into::into).collect(),
            edges,
            truncated,
            degraded,
        })
    }

    /// The scope of a question about a time.
    async fn scope_at(&self, caller: &Caller, as_of: Option<Timestamp>) -> Result<Scope> {
        let scope = self.scope(caller).await?;
        Ok(Scope { as_of, ..scope })
    }

    pub(crate) async fn scope(&self, caller: &Caller) -> Result<Scope> {
        let visible = self.documents.visible(caller).await?;
        scope(&*self.documents, &visible).await
    }

    /// The thing of this name in the first form of it that the caller sees: its key, and the documents of the name.
    ///
    /// # Errors
    /// `NotFound`, the same whether it is hidden or absent.
    pub(crate) async fn named(&self, name: &str, scope: &Scope) -> Result<(String, Vec<Document>)> {
        check_name(name)?;
        for form in names(name) {
            let mut documents = self.documents.find(&form, &scope.visible).await?;
            documents.retain(|document| scope.knows(document.created.or(document.updated)));
            let keys = || documents.iter().map(|document| document.key.as_str());
            if let Some(key) = keys().find(|key| *key == form).or_else(|| keys().next()) {
                return Ok((key.to_owned(), documents));
            }
            if let Some(node) = self.graph.node(&form, scope).await? {
                return Ok((node.key.as_str().to_owned(), documents));
            }
        }
        Err(absent(name))
    }

    /// Paths between two things, best first.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see an end, `Invalid` for bounds out of range.
    pub async fn paths(&self, caller: &Caller, request: PathsRequest) -> Result<Paths> {
        bounded("max_hops", usize::from(request.max_hops), usize::from(MAX_HOPS))?;
        bounded("limit", request.limit, MAX_PATHS)?;
        let scope = self.scope_at(caller, request.as_of).await?;
        let (from, _) = self.named(&request.from, &scope).await?;
        let (to, _) = self.named(&request.to, &scope).await?;
        let through = match &request.through {
            Some(name) => Some(self.named(name, &scope).await?.0),
            None => None,
        };
        let query = PathQuery {
            from,
            to,
            scope: scope.clone(),
            edges: request.edges,
            nodes: request.nodes,
            through,
            max_hops: request.max_hops,
            limit: request.limit,
        };
        let paths = self.graph.paths(query).await?;
        let keys = self
            .asserting_keys(paths.iter().flat_map(|path| &path.edges), &scope.visible)
            .await?;
        Ok(Paths {
            paths: paths
                .into_iter()
                .filter_map(|path| PathAnswer::new(path, &keys))
                .collect(),
        })
    }

    /// What surrounds a thing.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing, `Invalid` for bounds out of range.
    pub async fn neighbors(&self, caller: &Caller, request: NeighborsRequest) -> Result<Neighborhood> {
        let scope = self.scope_at(caller, request.as_of).await?;
        self.neighborhood(&scope, request).await
    }

    /// What surrounds a thing in a scope.
    pub(crate) async fn neighborhood(&self, scope: &Scope, request: NeighborsRequest) -> Result<Neighborhood> {
        bounded("hops", usize::from(request.hops), usize::from(MAX_HOPS))?;
        bounded("limit", request.limit, MAX_EDGES)?;
        let (node, _) = self.named(&request.node, scope).await?;
        let NeighborsRequest {
            edges,
            direction,
            hops,
            limit,
            ..
        } = request;
        let around = self
            .graph
            .expand(Expansion {
                node,
                scope: scope.clone(),
                edges,
                direction,
                hops,
                limit,
            })
            .await?;
        Ok(Neighborhood {
            nodes: around.nodes.into_iter().map(Node::from).collect(),
            edges: self.steps(around.edges, &scope.visible).await?,
            truncated: around.truncated,
        })
    }

    async fn steps(&self, edges: Vec<EdgeView>, visible: &Visible) -> Result<Vec<Step>> {
        let keys = self.asserting_keys(edges.iter(), visible).await?;
        Ok(edges.into_iter().filter_map(|edge| Step::new(edge, &keys)).collect())
    }

    /// The keys of the documents that assert these edges, as far as the store still shows them. An edge without one is not shown.
    async fn asserting_keys(
        &self,
        edges: impl Iterator<Item = &EdgeView>,
        visible: &Visible,
    ) -> Result<BTreeMap<DocumentId, String>> {
        let ids: BTreeSet<_> = edges.map(|edge| edge.document).collect();
        let documents = self
            .documents
            .documents(&ids.into_iter().collect::<Vec<_>>(), visible)
            .await?;
        Ok(documents
            .into_iter()
            .map(|document| (document.id, document.key.as_str().to_owned()))
            .collect())
    }
}

/// A name as given, then the forms it may be stored under.
pub(super) fn names(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    names.extend(identifier_forms(name).into_iter().filter(|form| form != name));
    names
}

pub(crate) fn bounded(what: &str, value: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid("read request", format!("`{what}` is {value}"))
        .with_hint(format!("`{what}` goes from 1 to {most}")))
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Error::invalid("read name", format!("a name of {} bytes", name.len()))
            .with_hint(format!("names have 1 to {MAX_NAME} bytes")));
    }
    Ok(())
}

/// The one answer to "hidden" and "absent".
pub(crate) fn absent(name: &str) -> Error {
    Error::not_found("look up", format!("nothing is known as `{name}`"))
        .with_hint("names are canonical keys (jira:acme/PAY-12), issue keys, owner/repo#number, SHAs, URLs or paths; `search` finds things by content")
}
