//! Sources, sync, health, metrics and the description of the API.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::{Error, Result, SourceId};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_stream::wrappers::BroadcastStream;
use utoipa::ToSchema;

use super::extract::{JsonBody, Owner};
use super::refusals::{Owning, Sending};
use super::{Api, Problem};

/// An answer as JSON.
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => (
                [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
                body,
            )
                .into_response(),
            Err(error) => {
                Problem::from(Error::internal("write answer", "an answer has no JSON form").with_source(error))
                    .into_response()
            }
        }
    }
}

/// All sources.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sources {
    /// Each with its settings, what it holds and how far its projections are.
    #[schema(value_type = Vec<Object>)]
    sources: Vec<domain::seam::store::SourceReport>,
}

/// List the sources with what they hold. For the owner only: counts tell of documents that others may not see.
#[utoipa::path(get, path = "/v1/sources", responses(
    (status = 200, description = "The sources", body = Sources),
    Owning,
))]
pub(super) async fn sources(State(api): State<Arc<Api>>, _: Owner) -> Result<Answer<Sources>, Problem> {
    Ok(Answer(Sources {
        sources: api.control.sources().await?,
    }))
}

/// Which sources to sync.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SyncRequest {
    /// Their names; none: all.
    #[serde(default)]
    sources: Vec<String>,
}

/// Begin a sync in the background. A source that is being synced is synced once more after that.
#[utoipa::path(post, path = "/v1/sync", request_body = SyncRequest, responses(
    (status = 202, description = "It has begun; follow it at GET /v1/sync"),
    Owning,
    Sending,
    (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn start_sync(
    State(api): State<Arc<Api>>,
    _: Owner,
    JsonBody(request): JsonBody<SyncRequest>,
) -> Result<StatusCode, Problem> {
    let names = request
        .sources
        .iter()
        .map(|name| SourceId::new(name))
        .collect::<Result<Vec<_>>>()?;
    api.control.start_sync(names).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Follow syncs as server-sent events: one JSON object an event, from now on until the client leaves.
#[utoipa::path(get, path = "/v1/sync", responses(
    (status = 200, description = "Events `committed`, `projected` and `ended`", content_type = "text/event-stream"),
    Owning,
))]
pub(super) async fn sync_events(
    State(api): State<Arc<Api>>,
    _: Owner,
) -> Sse<impl Stream<Item = std::result::Result<Event, Infallible>>> {
    // A client that reads too slowly misses events rather than holding up the sync.
    let events = BroadcastStream::new(api.control.events()).filter_map(|event| async move {
        event
            .ok()
            .and_then(|event| Event::default().json_data(event).ok())
            .map(Ok)
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "It lives")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the store answers. The graph and the index lie open in this process: they answer as long as it lives.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "It answers"),
    (status = 503, description = "It does not", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn readyz(State(api): State<Arc<Api>>) -> Result<&'static str, Problem> {
    api.explore
        .documents
        .visible(&domain::Caller::Principals(std::collections::BTreeSet::new()))
        .await?;
    Ok("ready\n")
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, description = "The metrics", content_type = "text/plain"),
    Owning,
))]
pub(super) async fn metrics(State(api): State<Arc<Api>>, _: Owner) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; version=0.0.4"),
        )],
        (api.metrics)(),
    )
        .into_response()
}

/// The description as JSON. A name in a path may hold slashes, for which the router writes `{*key}` and OpenAPI `{key}`.
pub(super) fn description(openapi: &utoipa::openapi::OpenApi) -> serde_json::Value {
    let text = serde_json::to_string(openapi)
        .unwrap_or_default()
        .replace("{*key}", "{key}")
        .replace("{*name}", "{name}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// The description of this API.
pub(super) fn openapi(description: serde_json::Value) -> Answer<serde_json::Value> {
    Answer(description)
}
