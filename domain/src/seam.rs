//! The seams: object-safe traits that backends implement and everything else is written against.

pub mod analyser;
pub mod catalogue;
pub mod connector;
pub mod embedder;
pub mod grants;
pub mod graph;
pub mod identity;
pub mod lines;
pub mod outline;
pub mod reranker;
pub mod store;
pub mod vectors;

pub use analyser::Analyser;
pub use catalogue::{CatalogueStore, Listing};
pub use connector::Connector;
pub use embedder::{Embedder, Role};
pub use grants::{GrantStore, Pending, SealedGrant, TenantKey};
pub use graph::{Community, Direction, EdgeFilter, EdgeView, Expansion, GraphReader, GraphStore, Measure, NodeView};
pub use graph::{Path, PathQuery, Ranking, Scope, Subgraph};
pub use identity::IdentityStore;
pub use lines::{Blame, LineHistory};
pub use outline::{Definition, Outline};
pub use reranker::Reranker;
pub use store::{DocumentStore, ExportStore, ProjectionStore, SourceStore, SyncStore};
pub use vectors::{Hit, Leg, Point, PointSet, VectorIndex, VectorQuery};
