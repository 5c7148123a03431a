//! `GET /v1/search`.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::State;
use domain::{DocumentKind, Result, SourceId, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asker, Params};
use super::operate::Answer;
use super::refusals::Asking;
use super::{Api, Problem};
use crate::search::{Conditions, Order, SearchAnswer, SearchRequest};

/// Parameters of a search. Those that filter may be given several times.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// Words, identifiers and filters (`source:` `kind:` `in:` `author:` `label:` `state:` `after:` `before:` `sort:new`).
    /// Without words, the newest documents that pass the filters are listed.
    #[param(max_length = 8192)]
    #[serde(default)]
    q: String,
    /// Any of these sources.
    #[serde(default)]
    source: Vec<String>,
    /// Any of these kinds.
    #[serde(default)]
    kind: Vec<String>,
    /// Any of these containers, by key or alias.
    #[serde(default)]
    container: Vec<String>,
    /// Any of these authors, by account key, login, name or e-mail.
    #[serde(default)]
    author: Vec<String>,
    /// All of these labels.
    #[serde(default)]
    label: Vec<String>,
    /// Any of these states.
    #[serde(default)]
    state: Vec<String>,
    /// Updated at or after this time (RFC 3339) or date.
    after: Option<String>,
    /// Updated before this time or date.
    before: Option<String>,
    /// `relevance` (default) or `new`.
    sort: Option<String>,
    /// Results a page, 1 to 100 (default 10).
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Search everything the caller may see.
#[utoipa::path(get, path = "/v1/search", params(Parameters), responses(
    (status = 200, description = "A page of results", body = SearchAnswer),
    Asking,
))]
pub(super) async fn search(
    State(api): State<Arc<Api>>,
    Asker(caller): Asker,
    Params(parameters): Params<Parameters>,
) -> Result<Answer<SearchAnswer>, Problem> {
    let request = request(parameters)?;
    Ok(Answer(api.search.search(&caller, &request).await?))
}

fn request(written: Parameters) -> Result<SearchRequest> {
    let time = |text: Option<String>| text.map(|text| Timestamp::parse(&text)).transpose();
    Ok(SearchRequest {
        conditions: Conditions {
            sources: written
                .source
                .iter()
                .map(|name| SourceId::new(name))
                .collect::<Result<_>>()?,
            kinds: written
                .kind
                .iter()
                .map(|name| DocumentKind::parse(name))
                .collect::<Result<_>>()?,
            containers: written.container,
            authors: written.author,
            labels: written.label,
            states: written.state,
            updated_from: time(written.after)?,
            updated_before: time(written.before)?,
        },
        order: order(written.sort.as_deref())?,
        query: written.q,
        limit: written.limit.unwrap_or(10),
        cursor: written.cursor,
    })
}

fn order(name: Option<&str>) -> Result<Order> {
    match name {
        None | Some("relevance") => Ok(Order::Relevance),
        Some("new") => Ok(Order::Newest),
        Some(other) => Err(
            domain::Error::invalid("read request", format!("`{other}` is not an order"))
                .with_hint("orders are: relevance, new"),
        ),
    }
}
