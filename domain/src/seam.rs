//! The seams: object-safe traits that backends implement and everything else is written against.

pub mod analyser;
pub mod connector;
pub mod embedder;
pub mod grants;
pub mod graph;
pub mod lines;
pub mod outline;
pub mod reranker;
pub mod store;
pub mod vectors;

pub use analyser::Analyser;
pub use connector::Connector;
pub use embedder::{Embedder, Role};
pub use grants::{GrantStore, Pending, SealedGrant, TenantKey};
pub use graph::{Direction, EdgeView, Expansion, GraphStore, NodeView, Path, PathQuery, Scope, Subgraph};
pub use lines::{Blame, LineHistory};
pub use outline::{Definition, Outline};
pub use reranker::Reranker;
pub use store::{DocumentStore, ExportStore, ProjectionStore, SourceStore, SyncStore};
pub use vectors::{Hit, Leg, Point, PointSet, VectorIndex, VectorQuery};
