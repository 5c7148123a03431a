//! `GET /v1/access`: why somebody may or may not read a document, for the owner of the data.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Owner, Params};
use super::operate::Answer;
use super::refusals::{Naming, Owning};
use super::{Api, Problem};
use crate::search::{AccessExplanation, principals_of};

/// Who and what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccessParameters {
    /// An account's id, e-mail address, login or name; or principals with commas between.
    person: String,
    /// The document: canonical key or any alias.
    document: String,
}

/// Why somebody may or may not read the documents of a name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessAnswer {
    /// The principals he was found to have.
    principals: Vec<String>,
    /// One for each source that has a document of this name.
    documents: Vec<AccessExplanation>,
}

/// Explain who may read what. For the owner only.
#[utoipa::path(get, path = "/v1/access", params(AccessParameters), responses(
    (status = 200, description = "The rule of each document, and whether it admits the person", body = AccessAnswer),
    Owning,
    Naming,
))]
pub(super) async fn access(
    State(api): State<Arc<Api>>,
    _: Owner,
    Params(written): Params<AccessParameters>,
) -> Result<Answer<AccessAnswer>, Problem> {
    let principals = principals_of(&api.explore, &written.person).await?;
    let documents = api.explore.explain_access(&principals, &written.document).await?;
    Ok(Answer(AccessAnswer {
        principals: principals.into_iter().map(|principal| principal.0).collect(),
        documents,
    }))
}
