//! Extractors of our own, whose errors are problems like all others.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Caller, Error};
use serde::de::DeserializeOwned;

use super::{Api, Problem};

/// The query string as `T`. An unknown parameter is an error when `T` denies unknown fields.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Api>> for Params<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Response> {
        serde_html_form::from_str(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|error| invalid("the query string", &error.to_string()))
    }
}

/// The longest a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// A JSON body as `T`; an empty body is `{}`. What is not declared as JSON is refused: a page of another site can send any
/// other type without asking.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Api>> for JsonBody<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &Arc<Api>) -> Result<Self, Response> {
        let declared = is_json(request.headers());
        let bytes = body(request, BODY_WAIT).await?;
        if !bytes.is_empty() && !declared {
            return Err(Problem::media_type().into_response());
        }
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|error| invalid("the body", &error.to_string()))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Read the body before a request takes one of the places to be worked on: who sends slowly holds up nobody.
pub(super) async fn read_whole(request: Request, next: Next) -> Response {
    let (parts, sent) = request.into_parts();
    match body(Request::new(sent), BODY_WAIT).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(refusal) => refusal,
    }
}

/// The whole body, if it is small enough and arrives in time.
async fn body(request: Request, wait: Duration) -> Result<Bytes, Response> {
    match tokio::time::timeout(wait, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::too_large().into_response()),
        Ok(Err(error)) => Err(invalid("the body", &error.to_string())),
        Err(_) => Err(Problem::slow_body().into_response()),
    }
}

/// The caller that `authenticate` put into the request.
pub(super) struct Asker(pub(super) Caller);

impl FromRequestParts<Arc<Api>> for Asker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Response> {
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Problem::unauthorized().into_response())
    }
}

/// A caller who owns the data.
pub(super) struct Owner;

impl FromRequestParts<Arc<Api>> for Owner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Response> {
        match Asker::from_request_parts(parts, api).await? {
            Asker(Caller::Owner) => Ok(Self),
            Asker(Caller::Principals(_)) => {
                let error = Error::new(domain::ErrorKind::Denied, "check caller", "only the owner may do this")
                    .with_hint("use a key with `owner = true`");
                Err(Problem::from(error).into_response())
            }
        }
    }
}

fn invalid(what: &str, why: &str) -> Response {
    Problem::from(Error::invalid("read request", format!("{what}: {why}")).with_hint("see /openapi.json"))
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::{Body, Bytes};
    use axum::extract::Request;
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
    use futures::stream;

    use super::{body, is_json};

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = body(Request::new(never), Duration::from_millis(10)).await;
        assert_eq!(refused.expect_err("slow").status(), StatusCode::REQUEST_TIMEOUT);
        let whole = body(Request::new(Body::from("{}")), Duration::from_secs(5)).await;
        assert_eq!(whole.expect("whole"), "{}");
    }

    #[test]
    fn json_is_declared_in_any_case_and_with_parameters() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(value).expect("header"));
            assert_eq!(is_json(&headers), json, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
