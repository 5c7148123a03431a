//! Errors as `application/problem+json` (RFC 9457), mapped from the domain's in this one place.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorKind, Retry};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MAX_BODY, TIMEOUT};

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of error.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, kind, title) = match error.kind() {
            ErrorKind::Invalid => (
                StatusCode::BAD_REQUEST,
                "urn:neurosync:invalid",
                "The request cannot be understood",
            ),
            ErrorKind::NotFound => (
                StatusCode::NOT_FOUND,
                "urn:neurosync:not-found",
                "Nothing is known under this name",
            ),
            ErrorKind::Denied => (
                StatusCode::FORBIDDEN,
                "urn:neurosync:denied",
                "This caller may not do this",
            ),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "urn:neurosync:conflict", "Somebody else is at it"),
            ErrorKind::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:neurosync:unavailable",
                "A part cannot be reached now",
            ),
            ErrorKind::Exhausted => (
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:neurosync:exhausted",
                "A limit is reached",
            ),
            ErrorKind::Cancelled => (
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:neurosync:cancelled",
                "The server is stopping",
            ),
            ErrorKind::Corrupt | ErrorKind::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "urn:neurosync:internal",
                "A fault of this server",
            ),
        };
        // What broke inside is for the log; a caller can do nothing with it and might learn what he may not.
        let inside = status == StatusCode::INTERNAL_SERVER_ERROR;
        if inside {
            tracing::error!(%error, source = error.source_text(), "request failed");
        }
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: if inside {
                "the reason is in the server's log".to_owned()
            } else {
                error.message().to_owned()
            },
            hint: if inside { None } else { error.hint().map(str::to_owned) },
            retry_after: match error.retry() {
                Retry::After(wait) => Some(wait.as_secs().max(1)),
                Retry::Now | Retry::Never => None,
            },
        }
    }
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: &str) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.to_owned(),
            hint: None,
            retry_after: None,
        }
    }

    /// No or a wrong key.
    pub(crate) fn unauthorized() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:neurosync:unauthorized",
            "An API key is needed",
            "no valid API key came with the request",
        );
        problem.hint = Some("send `Authorization: Bearer KEY`".to_owned());
        problem
    }

    /// A request that a browser sends for a page of another site.
    pub(crate) fn cross_site() -> Self {
        let mut problem = Self::new(
            StatusCode::FORBIDDEN,
            "urn:neurosync:cross-site",
            "Not for pages of other sites",
            "a browser sent this for a page of another site",
        );
        problem.hint = Some("ask from this machine's own pages, or without a browser".to_owned());
        problem
    }

    /// A body that is not declared as JSON.
    pub(crate) fn media_type() -> Self {
        let mut problem = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "urn:neurosync:media-type",
            "The body is not JSON",
            "the Content-Type is not application/json",
        );
        problem.hint = Some("send `Content-Type: application/json`".to_owned());
        problem
    }

    /// A body over the limit.
    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:neurosync:too-large",
            "The body is too large",
            &format!("a body has at most {MAX_BODY} bytes"),
        )
    }

    /// A body that does not arrive.
    pub(crate) fn slow_body() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "urn:neurosync:slow-body",
            "The body does not arrive",
            "the body was not complete in time",
        )
    }

    /// A `Host` that is not this server's.
    /// A proxy passes on requests of others, and nothing tells who they are.
    pub(crate) fn proxied() -> Self {
        let mut problem = Self::new(
            StatusCode::FORBIDDEN,
            "urn:neurosync:proxied",
            "No API keys are configured",
            "the request came through a proxy",
        );
        problem.hint = Some("configure `server.api_keys` and `server.hosts`".to_owned());
        problem
    }

    pub(crate) fn wrong_host() -> Self {
        let mut problem = Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "urn:neurosync:wrong-host",
            "Not the host of this server",
            "the Host header names another host",
        );
        problem.hint = Some("use http://localhost or http://127.0.0.1".to_owned());
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer for a path that is none.
pub(crate) async fn no_route() -> Problem {
    let mut problem = Problem::new(
        StatusCode::NOT_FOUND,
        "urn:neurosync:no-route",
        "No such path",
        "this server has no such path",
    );
    problem.hint = Some("the paths are listed at /openapi.json".to_owned());
    problem
}

/// The answer for a method that a path does not have.
pub(crate) async fn no_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "urn:neurosync:no-method",
        "No such method",
        "this path does not take this method",
    )
}

/// Give up on a request that takes too long.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    if let Ok(response) = tokio::time::timeout(TIMEOUT, next.run(request)).await {
        return response;
    }
    let mut problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "urn:neurosync:timeout",
        "It takes too long",
        "the answer was not ready in time",
    );
    problem.hint = Some("ask for less: fewer hops, a smaller limit, a narrower filter".to_owned());
    problem.into_response()
}
