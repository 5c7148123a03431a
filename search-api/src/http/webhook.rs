//! Deliveries of providers' webhooks. They carry no API key: each is signed with a secret that its source agreed on.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::SourceId;

use super::{Api, Problem};

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Whose it says it is.
    pub provider: String,
    /// For which source.
    pub source: SourceId,
    /// Names in lower case, and values, of those that are text.
    pub headers: Vec<(String, String)>,
    /// Every byte as it was signed.
    pub body: Vec<u8>,
}

/// Take a delivery of a provider's webhook. What changed is read from the provider in the background.
#[utoipa::path(post, path = "/v1/webhooks/{provider}/{source}",
    params(
        ("provider" = String, Path, description = "github, jira or slack"),
        ("source" = String, Path, description = "The source that it is for"),
    ),
    request_body(content = String, description = "The event, as the provider writes it", content_type = "application/json"),
    responses(
        (status = 200, description = "What the provider wants back to see that the address is right", content_type = "text/plain"),
        (status = 202, description = "It is taken; the same delivery again changes nothing"),
        (status = 400, description = "It is signed but makes no sense", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "It is not signed with the secret of such a source", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "It is too large", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn webhook(
    State(api): State<Arc<Api>>,
    Path((provider, source)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let webhook = Webhook {
        provider,
        source: SourceId::new(&source)?,
        headers: headers.iter().filter_map(text).collect(),
        body: body.to_vec(),
    };
    match api.control.webhook(webhook).await? {
        Some(echo) => Ok(([("content-type", "text/plain; charset=utf-8")], echo).into_response()),
        None => Ok(StatusCode::ACCEPTED.into_response()),
    }
}
