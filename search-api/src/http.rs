//! The HTTP API. The router below is its table of contents.

mod access;
mod explain;
mod extract;
mod graph;
mod listen;
mod metrics;
mod oauth;
mod operate;
mod persons;
mod problem;
mod questions;
mod refusals;
mod search;
mod webhook;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use domain::seam::store::SourceReport;
use domain::{Result, SourceId};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use access::{ApiKey, KeyHash};
pub use oauth::{Consent, Login};
pub use problem::Problem;
pub use webhook::Webhook;

use crate::search::{Explore, Search};

/// The largest request body, in bytes.
const MAX_BODY: usize = 1 << 20;
/// The longest a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Requests worked on at once; more wait.
const CONCURRENCY: usize = 64;

/// What the API needs.
pub struct Api {
    /// Answers searches.
    pub search: Search,
    /// Answers questions of the graph.
    pub explore: Explore,
    /// Lists sources and starts syncs.
    pub control: Arc<dyn Control>,
    /// Who may ask. Empty: whoever reaches the loopback address is the owner.
    pub keys: Vec<ApiKey>,
    /// The address it listens on, for the check of where a request comes from; absent when it does not listen on loopback.
    pub loopback: Option<IpAddr>,
    /// Names by which a proxy in front of the loopback address is reached.
    pub hosts: Vec<String>,
    /// The metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The running pipeline, as the API steers it.
#[async_trait]
pub trait Control: Send + Sync {
    /// All sources with what they hold.
    async fn sources(&self) -> Result<Vec<SourceReport>>;

    /// Begin to sync these sources (none: all) in the background; one that is being synced is synced once more after that.
    async fn start_sync(&self, sources: Vec<SourceId>) -> Result<()>;

    /// Take a delivery of a webhook; what is to be answered, where the provider wants something. `Denied`, whatever is wrong, when
    /// it is not signed by the source's secret.
    async fn webhook(&self, webhook: Webhook) -> Result<Option<String>>;

    /// Begin a login at a provider (`github`, `atlassian`, `slack`) that ends in a connection of this name (default: the provider's).
    async fn begin_login(&self, provider: &str, name: Option<String>) -> Result<Login>;

    /// Finish a login with what the provider sent back; the name of the connection.
    async fn finish_login(&self, consent: Consent) -> Result<String>;

    /// What happens from now on.
    fn events(&self) -> broadcast::Receiver<SyncEvent>;
}

/// A step of a sync, as `/v1/sync` streams it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// A page of a source became durable.
    Committed {
        /// The source.
        source: String,
        /// Documents new or changed.
        upserted: u64,
        /// Documents gone.
        deleted: u64,
        /// Documents as before.
        unchanged: u64,
        /// Items that could not be understood.
        rejected: u64,
    },
    /// A projection handled a batch.
    Projected {
        /// `index` or `graph`.
        projection: String,
        /// The source.
        source: String,
        /// Documents in the batch.
        documents: u64,
        /// Chunks or edges written.
        written: u64,
    },
    /// The sync of a source ended; what it brought may still be on its way into the projections.
    Ended {
        /// The source.
        source: String,
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Why what is gone from the source could not be told, so that nothing was deleted here.
        #[serde(skip_serializing_if = "Option::is_none")]
        frozen: Option<String>,
    },
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "NeuroSync",
        description = "Permission-aware search and graph questions over engineering knowledge."
    ),
    components(schemas(Problem))
)]
struct Description;

/// Answer requests until `stop` ends, then finish those under way.
///
/// # Errors
/// `Internal` when connections can no longer be counted.
pub async fn serve(listener: TcpListener, api: Api, stop: impl Future<Output = ()>) -> Result<()> {
    listen::serve(listener, router(api), listen::Limits::default(), stop).await
}

/// The whole API.
fn router(api: Api) -> Router {
    let api = Arc::new(api);
    let (routes, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(search::search))
        .routes(routes!(graph::entity))
        .routes(routes!(graph::paths))
        .routes(routes!(graph::neighbors))
        .routes(routes!(graph::subgraph))
        .routes(routes!(graph::picture))
        .routes(routes!(questions::related))
        .routes(routes!(questions::experts))
        .routes(routes!(questions::impact))
        .routes(routes!(questions::why))
        .routes(routes!(questions::duplicates))
        .routes(routes!(questions::reviewers))
        .routes(routes!(questions::stale_docs))
        .routes(routes!(questions::bus_factor))
        .routes(routes!(questions::central))
        .routes(routes!(questions::communities))
        .routes(routes!(persons::persons))
        .routes(routes!(persons::person))
        .routes(routes!(operate::sources))
        .routes(routes!(operate::start_sync, operate::sync_events))
        .routes(routes!(operate::metrics))
        .routes(routes!(oauth::start))
        .routes(routes!(explain::access))
        .layer(middleware::from_fn_with_state(api.clone(), access::authenticate))
        .routes(routes!(webhook::webhook))
        .routes(routes!(oauth::callback))
        .routes(routes!(operate::healthz))
        .routes(routes!(operate::readyz))
        .split_for_parts();
    let description = operate::description(&description);
    routes
        .route(
            "/openapi.json",
            get(move || std::future::ready(operate::openapi(description.clone()))),
        )
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(metrics::measure))
                .layer(middleware::from_fn_with_state(api.clone(), access::check_origin))
                .layer(middleware::from_fn(problem::limit_time))
                .layer(DefaultBodyLimit::max(MAX_BODY))
                .layer(middleware::from_fn(extract::read_whole))
                .layer(GlobalConcurrencyLimitLayer::new(CONCURRENCY)),
        )
        .with_state(api)
}
