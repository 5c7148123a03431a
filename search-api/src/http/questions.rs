//! Questions that take several steps: `/v1/related`, `/v1/experts`, `/v1/impact`, `/v1/why`, `/v1/duplicates`, `/v1/reviewers`,
//! `/v1/stale-docs`, `/v1/bus-factor`, `/v1/graph/central` and `/v1/graph/communities`.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::State;
use domain::{EdgeKind, NodeKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asker, Params};
use super::operate::Answer;
use super::refusals::{Asking, Naming};
use super::{Api, Problem};
use crate::questions::{
    BusFactor, Central, CentralRequest, Communities, Duplicates, Experts, Impact, Related, Reviewers, StaleDocs, Why,
    measure,
};
use crate::search::parse_all;

/// How many answers where the request does not say.
const LIMIT: usize = 10;

/// A question about one thing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
    name: String,
}

/// A question about one thing with several answers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Several {
    /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
    name: String,
    /// How many answers, 1 to 50 (default 10).
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// A topic.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Topic {
    /// Words that name it.
    #[param(max_length = 8192)]
    topic: String,
    /// How many people, 1 to 50 (default 10).
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// Where to look for pages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Where {
    /// Only pages whose key begins so: a space (`wiki:acme/ENG`).
    within: Option<String>,
    /// How many pages, 1 to 200 (default 10).
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A path.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfPath {
    /// `owner/name`, `owner/name/folder` or `owner/name/folder/file`.
    path: String,
    /// How many people, 1 to 50 (default 10).
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// What has to do with a thing.
#[utoipa::path(get, path = "/v1/related", params(Several), responses(
    (status = 200, description = "Things, the most telling first, and how they are joined", body = Related), Asking, Naming,
))]
pub(super) async fn related(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Several>,
) -> Result<Answer<Related>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.search.related(&caller, &asked.name, limit).await?))
}

/// Who knows about a topic.
#[utoipa::path(get, path = "/v1/experts", params(Topic), responses(
    (status = 200, description = "People, the best first, and what they did", body = Experts), Asking,
))]
pub(super) async fn experts(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Topic>,
) -> Result<Answer<Experts>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.search.experts(&caller, &asked.topic, limit).await?))
}

/// What a change of a file or symbol would meet.
#[utoipa::path(get, path = "/v1/impact", params(About), responses(
    (status = 200, description = "What depends on it, who changed it, what is open about it", body = Impact), Asking, Naming,
))]
pub(super) async fn impact(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<About>,
) -> Result<Answer<Impact>, Problem> {
    Ok(Answer(api.explore.impact(&caller, &asked.name).await?))
}

/// Why a line, file or symbol is as it is.
#[utoipa::path(get, path = "/v1/why", params(About), responses(
    (status = 200, description = "Commits, and the pull requests, issues, threads and pages behind them", body = Why), Asking, Naming,
))]
pub(super) async fn why(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<About>,
) -> Result<Answer<Why>, Problem> {
    Ok(Answer(api.explore.why(&caller, &asked.name).await?))
}

/// Issues that may say the same.
#[utoipa::path(get, path = "/v1/duplicates", params(Several), responses(
    (status = 200, description = "Issues, the likeliest first, and in what they are alike", body = Duplicates), Asking, Naming,
))]
pub(super) async fn duplicates(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Several>,
) -> Result<Answer<Duplicates>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.search.duplicates(&caller, &asked.name, limit).await?))
}

/// Who should review a pull request.
#[utoipa::path(get, path = "/v1/reviewers", params(Several), responses(
    (status = 200, description = "People, the best first, and what they did to its files", body = Reviewers), Asking, Naming,
))]
pub(super) async fn reviewers(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Several>,
) -> Result<Answer<Reviewers>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.explore.reviewers(&caller, &asked.name, limit).await?))
}

/// Pages that cite code which has changed since.
#[utoipa::path(get, path = "/v1/stale-docs", params(Where), responses(
    (status = 200, description = "Pages, those first whose code changed most often", body = StaleDocs), Asking,
))]
pub(super) async fn stale_docs(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Where>,
) -> Result<Answer<StaleDocs>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(
        api.explore.stale_docs(&caller, asked.within.as_deref(), limit).await?,
    ))
}

/// How few people know a path.
#[utoipa::path(get, path = "/v1/bus-factor", params(OfPath), responses(
    (status = 200, description = "The fewest who made half of the changes, and everybody's share", body = BusFactor), Asking, Naming,
))]
pub(super) async fn bus_factor(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<OfPath>,
) -> Result<Answer<BusFactor>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.explore.bus_factor(&caller, &asked.path, limit).await?))
}

/// What to rank.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Rank {
    /// `pagerank` (default), `degree` or `betweenness`.
    measure: Option<String>,
    /// Only things of this kind.
    node_kind: Option<String>,
    /// Over edges of these kinds; may be given several times.
    #[serde(default)]
    kind: Vec<String>,
    /// How many things, 1 to 200 (default 10).
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// How many groups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Groups {
    /// How many groups, 1 to 200 (default 10).
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What is central in the graph that the caller sees.
#[utoipa::path(get, path = "/v1/graph/central", params(Rank), responses(
    (status = 200, description = "Things, the most central first", body = Central), Asking,
))]
pub(super) async fn central(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Rank>,
) -> Result<Answer<Central>, Problem> {
    let request = CentralRequest {
        measure: measure(asked.measure.as_deref().unwrap_or("pagerank"))?,
        kind: asked.node_kind.as_deref().map(NodeKind::parse).transpose()?,
        edges: parse_all(&asked.kind, EdgeKind::parse)?,
        limit: asked.limit.unwrap_or(LIMIT),
    };
    Ok(Answer(api.explore.central(&caller, request).await?))
}

/// What belongs together in the graph that the caller sees.
#[utoipa::path(get, path = "/v1/graph/communities", params(Groups), responses(
    (status = 200, description = "Groups of things, the largest first", body = Communities), Asking,
))]
pub(super) async fn communities(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(asked): Params<Groups>,
) -> Result<Answer<Communities>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    Ok(Answer(api.explore.communities(&caller, limit).await?))
}
