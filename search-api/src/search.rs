//! The query flow: plan, two legs, fusion, hydration with graph context; entities, paths and neighbours beside it.

mod answer;
mod context;
mod cursor;
mod entity;
mod flow;
mod found;
mod group;
mod highlight;
mod identities;
mod narrow;
mod person;
mod persons;
mod plan;
mod rank;
mod rerank;
mod written;

use std::sync::Arc;

use domain::seam::{
    Analyser, CatalogueStore, DocumentStore, Embedder, GraphReader, LineHistory, Reranker, Scope, VectorIndex,
};
use domain::{Result, Visible};

pub use answer::{
    Entity, EntityDocument, Facet, Match, Neighbor, Neighborhood, Node, PathAnswer, Paths, SearchAnswer, SearchResult,
    Step,
};
pub use entity::{NeighborsRequest, PathsRequest};
pub(crate) use entity::{absent, bounded};
pub use flow::{Order, SearchRequest};
pub use identities::Identities;
pub use person::{AccessExplanation, principals_of};
pub use persons::{AccountAnswer, EvidenceAnswer, PersonAnswer, PersonsAnswer, SuggestionAnswer};
pub use plan::Conditions;
pub use rank::{Candidate, Mode};
pub use written::{WrittenEdges, moment, parse_all};

/// The most results a page may have.
pub const MAX_PAGE: usize = 100;
/// The longest query text, in bytes.
pub const MAX_QUERY: usize = 8 * 1024;
/// How deep each leg looks.
pub const DEPTH: usize = 200;

/// Answers questions of the graph: entities, paths, neighbours. Needs no model.
#[derive(Clone)]
pub struct Explore {
    /// The truth: documents and who may read them.
    pub documents: Arc<dyn DocumentStore>,
    /// The same, to list.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// The graph.
    pub graph: Arc<dyn GraphReader>,
    /// Who is who.
    pub identities: Arc<Identities>,
    /// Which commits wrote the lines of files, where repositories are read that know it.
    pub lines: Option<Arc<dyn LineHistory>>,
}

/// Answers searches over one store and its projections.
#[derive(Clone)]
pub struct Search {
    /// The truth and the graph, for identifiers and context.
    pub explore: Explore,
    /// The vector index.
    pub vectors: Arc<dyn VectorIndex>,
    /// The model that the index was made with.
    pub embedder: Arc<dyn Embedder>,
    /// The analyser that the index was made with.
    pub analyser: Arc<dyn Analyser>,
    /// What reads the best results once more, if anything does.
    pub reranking: Option<Reranking>,
}

/// A model that reads the best results once more together with the query.
#[derive(Clone)]
pub struct Reranking {
    /// The model.
    pub model: Arc<dyn Reranker>,
    /// How many results it reads.
    pub depth: usize,
}

/// What the graph may show to somebody who sees `visible`: it lags behind the store, which knows what has left his sight since.
async fn scope(documents: &dyn DocumentStore, visible: &Visible) -> Result<Scope> {
    Ok(Scope {
        visible: visible.clone(),
        revoked: documents.revoked(visible).await?,
        as_of: None,
    })
}
