//! Extractors of our own, whose errors are problems like all others.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
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

/// A JSON body as `T`; an empty body is `{}`.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Api>> for JsonBody<T> {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, api)
            .await
            .map_err(|error| invalid("the body", &error.to_string()))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|error| invalid("the body", &error.to_string()))
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
