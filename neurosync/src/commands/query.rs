//! `search`, `path` and `neighbors`.

use domain::seam::{Direction, EdgeFilter};
use domain::{Error, NodeKind, Result};
use search_api::search::{NeighborsRequest, PathsRequest, SearchRequest, WrittenEdges, moment, parse_all};
use serde_json::json;

use super::access::caller;
use super::show;
use crate::cli::{Edges, Neighbors, Path, Search, Way};
use crate::context::Context;

pub(super) async fn search(context: &Context<'_>, search: Search) -> Result<()> {
    let app = context.app().await?;
    let index = app.index_to_search(&*context.bars).await?;
    let request = SearchRequest {
        query: search.query.join(" "),
        limit: search.limit,
        cursor: search.cursor,
        ..SearchRequest::default()
    };
    let caller = caller(&app, &search.view).await?;
    let answer = app.search(&index).search(&caller, &request).await?;
    context
        .output
        .answer(&answer, |answer, style| show::search(answer, *style))
}

pub(super) async fn path(context: &Context<'_>, path: Path) -> Result<()> {
    let app = context.app().await?;
    let Path {
        from,
        to,
        through,
        edges,
        node_kind,
        max_hops,
        limit,
        view,
    } = path;
    let request = PathsRequest {
        from,
        to,
        through,
        edges: filter(&edges)?,
        nodes: parse_all(&node_kind, NodeKind::parse)?,
        as_of: moment(edges.as_of.as_deref())?,
        max_hops,
        limit,
    };
    let answer = app.explore().paths(&caller(&app, &view).await?, request).await?;
    context
        .output
        .answer(&answer, |answer, style| show::paths(answer, *style))
}

pub(super) async fn neighbors(context: &Context<'_>, neighbors: Neighbors) -> Result<()> {
    let app = context.app().await?;
    let Neighbors {
        name,
        hops,
        edges,
        direction,
        limit,
        svg,
        view,
    } = neighbors;
    let direction = match direction {
        Way::Out => Direction::Out,
        Way::In => Direction::In,
        Way::Both => Direction::Both,
    };
    let request = NeighborsRequest {
        node: name,
        edges: filter(&edges)?,
        as_of: moment(edges.as_of.as_deref())?,
        direction,
        hops,
        limit,
    };
    let caller = caller(&app, &view).await?;
    if let Some(file) = svg {
        let graph = app.explore().subgraph(&caller, request).await?;
        std::fs::write(&file, search_api::picture::svg(&graph))
            .map_err(|error| Error::io("write picture", &file, error))?;
        let told = json!({ "file": file, "nodes": graph.nodes.len(), "edges": graph.edges.len() });
        return context.output.answer(&told, |_, _| {
            format!(
                "drew {} things and {} edges to {}",
                graph.nodes.len(),
                graph.edges.len(),
                file.display()
            )
        });
    }
    let answer = app.explore().neighbors(&caller, request).await?;
    context
        .output
        .answer(&answer, |answer, style| show::neighborhood(answer, *style))
}

fn filter(edges: &Edges) -> Result<EdgeFilter> {
    let (since, before) = (edges.since.as_deref(), edges.before.as_deref());
    let (kinds, sources) = (&edges.kind, &edges.source);
    WrittenEdges {
        kinds,
        sources,
        since,
        before,
    }
    .filter()
}
