//! Pages as GitHub cuts them: by number, with addresses in a `Link` header, or after a cursor.

use serde_json::Value;

use super::json::message;
use crate::provider::call::{Call, Reply, encode};
use crate::provider::signature::{clear, opaque};
use crate::provider::state::State;

/// How many items a page has. What is too much is cut, what is nonsense is the usual 30.
pub(crate) fn size(call: &Call) -> usize {
    let asked = call.get("per_page").and_then(|text| text.parse::<usize>().ok());
    asked.filter(|count| *count > 0).unwrap_or(30).min(100)
}

/// A page by number of `items`, written by `write`. The links name the repository by number, so `path` says it.
pub(crate) fn numbered<T>(
    state: &State,
    call: &Call,
    (path, items): (&str, &[T]),
    write: impl Fn(&T) -> Value,
) -> Reply {
    let (values, links) = cut(state, call, path, items);
    let body: Vec<Value> = values.iter().map(write).collect();
    linked(Reply::ok(&Value::Array(body)), &links)
}

/// A page under a name with the count of all, as lists of repositories of an installation are.
pub(crate) fn counted<T>(
    state: &State,
    call: &Call,
    (path, items): (&str, &[T]),
    write: impl Fn(&T) -> Value,
) -> Reply {
    let (values, links) = cut(state, call, path, items);
    let list: Vec<Value> = values.iter().map(write).collect();
    linked(
        Reply::ok(&serde_json::json!({ "total_count": items.len(), "repositories": list })),
        &links,
    )
}

fn linked(reply: Reply, links: &[String]) -> Reply {
    if links.is_empty() {
        return reply;
    }
    reply.header("link", links.join(", "))
}

fn cut<'a, T>(state: &State, call: &Call, path: &str, items: &'a [T]) -> (&'a [T], Vec<String>) {
    let size = size(call);
    let page = call
        .get("page")
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(1)
        .max(1);
    let last = items.len().div_ceil(size).max(1);
    let start = (page - 1).saturating_mul(size).min(items.len());
    let end = (start + size).min(items.len());
    let link = |page: usize, rel: &str| {
        let pairs = call.query.iter().filter(|(key, _)| key != "page");
        let mut pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", encode(value))).collect();
        pairs.push(format!("page={page}"));
        format!("<{}{path}?{}>; rel=\"{rel}\"", state.addresses.github, pairs.join("&"))
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
        links.push(link(last, "last"));
    }
    if page > 1 {
        links.push(link(1, "first"));
    }
    (items.get(start..end).unwrap_or_default(), links)
}

/// Where a row comes in the order: a moment and a number.
type Place = (i64, u64);

/// A page after a cursor of rows that are in order. A row is known by its place.
pub(crate) fn after<T>(
    state: &State,
    call: &Call,
    (path, rows): (&str, &[(Place, T)]),
    write: impl Fn(&T) -> Value,
) -> Reply {
    let size = size(call);
    let page = call.get("page").and_then(|text| text.parse::<usize>().ok());
    let cursor = call.get("after").map(|text| clear(text).and_then(|text| place(&text)));
    if page.unwrap_or(1).saturating_mul(size) > 10_000 {
        let text = "Pagination with the page parameter is not supported for large datasets, please use cursor based pagination (after/before)";
        return message(422, text);
    }
    let descending = rows.first().map(|(at, _)| at) > rows.last().map(|(at, _)| at);
    let past = |at: &Place, cursor: &Place| if descending { at < cursor } else { at > cursor };
    let rest: Vec<&(Place, T)> = match cursor {
        Some(None) => return message(422, "Invalid value for parameter 'after'"),
        Some(Some(cursor)) => rows.iter().filter(|(at, _)| past(at, &cursor)).collect(),
        None => rows.iter().skip((page.unwrap_or(1).max(1) - 1) * size).collect(),
    };
    let body: Vec<Value> = rest.iter().take(size).map(|(_, row)| write(row)).collect();
    let reply = Reply::ok(&Value::Array(body));
    let last = rest.get(..size).and_then(<[_]>::last).filter(|_| rest.len() > size);
    let Some(((moment, id), _)) = last else { return reply };
    let pairs = call.query.iter().filter(|(key, _)| key != "page" && key != "after");
    let mut pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", encode(value))).collect();
    pairs.push(format!("after={}", encode(&opaque(&format!("{moment}/{id}")))));
    // The number goes along for show; the cursor decides.
    pairs.push(format!("page={}", page.unwrap_or(1) + 1));
    let next = format!("<{}{path}?{}>; rel=\"next\"", state.addresses.github, pairs.join("&"));
    linked(reply, &[next])
}

fn place(text: &str) -> Option<Place> {
    let (moment, id) = text.split_once('/')?;
    Some((moment.parse().ok()?, id.parse().ok()?))
}
