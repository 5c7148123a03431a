//! `GET /v1/entities/{key}`, `/v1/graph/paths`, `/v1/graph/neighbors` and `/v1/graph/subgraph`.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use domain::seam::Direction;
use domain::{Error, NodeKind, Result};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asker, Params};
use super::operate::Answer;
use super::refusals::{Asking, Naming};
use super::{Api, Problem};
use crate::questions::Subgraph;
use crate::search::{Entity, Neighborhood, NeighborsRequest, Paths, PathsRequest, WrittenEdges, moment, parse_all};

/// Edges of a picture: with more, nobody can read it.
const MAX_DRAWN: usize = 150;

/// Beside the name of a thing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntityParameters {
    /// As it was joined to others at this time (RFC 3339), or at the beginning of this date (UTC).
    as_of: Option<String>,
}

/// Everything about one thing.
#[utoipa::path(get, path = "/v1/entities/{*key}", params(("key" = String, Path, description = "Canonical key, issue key, owner/repo#number, SHA, URL or path, percent-encoded"), EntityParameters), responses(
    (status = 200, description = "The thing", body = Entity),
    Asking,
    Naming,
))]
pub(super) async fn entity(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    uri: Uri,
    Params(written): Params<EntityParameters>,
) -> Result<Answer<Entity>, Problem> {
    let name = name(&uri)?;
    Ok(Answer(
        api.explore
            .entity(&caller, &name, moment(written.as_of.as_deref())?)
            .await?,
    ))
}

/// The name in the path, decoded once.
fn name(uri: &Uri) -> Result<String> {
    let encoded = uri.path().strip_prefix("/v1/entities/").unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| Error::invalid("read name", "the name is not UTF-8").with_source(error))
}

/// Parameters of a path question.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PathParameters {
    /// One end: canonical key or any alias.
    from: String,
    /// The other end.
    to: String,
    /// A node that every path must pass.
    through: Option<String>,
    /// Only edges of these kinds; may be given several times.
    #[serde(default)]
    kind: Vec<String>,
    /// Only edges that documents of these sources state; may be given several times.
    #[serde(default)]
    source: Vec<String>,
    /// Only edges stated at or after this time (RFC 3339) or date.
    since: Option<String>,
    /// Only edges stated before this time or date.
    before: Option<String>,
    /// As the graph was at this time, or at the beginning of this date (UTC).
    as_of: Option<String>,
    /// Only things of these kinds between the ends; may be given several times.
    #[serde(default)]
    node_kind: Vec<String>,
    /// The longest path, in edges, 1 to 8 (default 6).
    #[param(minimum = 1, maximum = 8)]
    max_hops: Option<u8>,
    /// How many, 1 to 50 (default 3).
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// How two things are connected, each step with its evidence.
#[utoipa::path(get, path = "/v1/graph/paths", params(PathParameters), responses(
    (status = 200, description = "Paths, best first; none when the two are not connected", body = Paths),
    Asking,
    Naming,
))]
pub(super) async fn paths(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(written): Params<PathParameters>,
) -> Result<Answer<Paths>, Problem> {
    let request = PathsRequest {
        from: written.from,
        to: written.to,
        through: written.through,
        edges: WrittenEdges {
            kinds: &written.kind,
            sources: &written.source,
            since: written.since.as_deref(),
            before: written.before.as_deref(),
        }
        .filter()?,
        nodes: parse_all(&written.node_kind, NodeKind::parse)?,
        as_of: moment(written.as_of.as_deref())?,
        max_hops: written.max_hops.unwrap_or(6),
        limit: written.limit.unwrap_or(3),
    };
    Ok(Answer(api.explore.paths(&caller, request).await?))
}

/// Parameters of a neighbourhood question.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NeighborParameters {
    /// The node: canonical key or any alias.
    node: String,
    /// Only edges of these kinds; may be given several times.
    #[serde(default)]
    kind: Vec<String>,
    /// Only edges that documents of these sources state; may be given several times.
    #[serde(default)]
    source: Vec<String>,
    /// Only edges stated at or after this time (RFC 3339) or date.
    since: Option<String>,
    /// Only edges stated before this time or date.
    before: Option<String>,
    /// As the graph was at this time, or at the beginning of this date (UTC).
    as_of: Option<String>,
    /// `out`, `in` or `both` (default).
    direction: Option<String>,
    /// How far, 1 to 8 (default 1).
    #[param(minimum = 1, maximum = 8)]
    hops: Option<u8>,
    /// At most so many edges, 1 to 1,000 (default 50).
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// What surrounds a thing.
#[utoipa::path(get, path = "/v1/graph/neighbors", params(NeighborParameters), responses(
    (status = 200, description = "Nodes and edges, nearest first", body = Neighborhood),
    Asking,
    Naming,
))]
pub(super) async fn neighbors(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(written): Params<NeighborParameters>,
) -> Result<Answer<Neighborhood>, Problem> {
    Ok(Answer(api.explore.neighbors(&caller, written.request()?).await?))
}

impl NeighborParameters {
    fn request(self) -> Result<NeighborsRequest> {
        Ok(NeighborsRequest {
            node: self.node,
            edges: WrittenEdges {
                kinds: &self.kind,
                sources: &self.source,
                since: self.since.as_deref(),
                before: self.before.as_deref(),
            }
            .filter()?,
            as_of: moment(self.as_of.as_deref())?,
            direction: direction(self.direction.as_deref())?,
            hops: self.hops.unwrap_or(1),
            limit: self.limit.unwrap_or(50),
        })
    }
}

/// What surrounds a thing, to be drawn: with states and addresses.
#[utoipa::path(get, path = "/v1/graph/subgraph", params(NeighborParameters), responses(
    (status = 200, description = "Things and edges, nearest first", body = Subgraph),
    Asking,
    Naming,
))]
pub(super) async fn subgraph(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(written): Params<NeighborParameters>,
) -> Result<Answer<Subgraph>, Problem> {
    Ok(Answer(api.explore.subgraph(&caller, written.request()?).await?))
}

/// The same drawn, as SVG.
#[utoipa::path(get, path = "/v1/graph/subgraph.svg", params(NeighborParameters), responses(
    (status = 200, description = "A picture with links and without scripts", content_type = "image/svg+xml", body = String),
    Asking,
    Naming,
))]
pub(super) async fn picture(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(written): Params<NeighborParameters>,
) -> Result<impl IntoResponse, Problem> {
    let mut request = written.request()?;
    request.limit = request.limit.min(MAX_DRAWN);
    let graph = api.explore.subgraph(&caller, request).await?;
    let drawn = tokio::task::spawn_blocking(move || crate::picture::svg(&graph)).await;
    let drawn = drawn.map_err(|error| Error::internal("draw", "it stopped before its end").with_source(error))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, drawn))
}

fn direction(name: Option<&str>) -> Result<Direction> {
    match name {
        None | Some("both") => Ok(Direction::Both),
        Some("out") => Ok(Direction::Out),
        Some("in") => Ok(Direction::In),
        Some(other) => Err(Error::invalid("read request", format!("`{other}` is not a direction"))
            .with_hint("directions are: out, in, both")),
    }
}
