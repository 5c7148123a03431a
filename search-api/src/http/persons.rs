//! `GET /v1/persons` and `/v1/persons/{name}`: who is who, as far as the caller sees.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use domain::{Error, Result};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asker, Params};
use super::operate::Answer;
use super::refusals::{Asking, Naming};
use super::{Api, Problem};
use crate::search::PersonsAnswer;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParameters {
    /// Persons a page, 1 to 100 (default 50).
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Everybody, by the id of the first account.
#[utoipa::path(get, path = "/v1/persons", params(PageParameters), responses(
    (status = 200, description = "A page of persons with their accounts and the evidence that joins these", body = PersonsAnswer),
    Asking,
))]
pub(super) async fn persons(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(written): Params<PageParameters>,
) -> Result<Answer<PersonsAnswer>, Problem> {
    let limit = written.limit.unwrap_or(50);
    let page = api
        .explore
        .person_page(&caller, written.cursor.as_deref(), limit)
        .await?;
    Ok(Answer(page))
}

/// Everybody of one name.
#[utoipa::path(get, path = "/v1/persons/{*name}", params(("name" = String, Path, description = "A person's or account's id, login, display name or e-mail address, percent-encoded")), responses(
    (status = 200, description = "Those who are called so", body = PersonsAnswer),
    Asking,
    Naming,
))]
pub(super) async fn person(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    uri: Uri,
) -> Result<Answer<PersonsAnswer>, Problem> {
    let encoded = uri.path().strip_prefix("/v1/persons/").unwrap_or_default();
    let name = percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|error| Error::invalid("read name", "the name is not UTF-8").with_source(error))?;
    Ok(Answer(api.explore.person(&caller, &name).await?))
}
