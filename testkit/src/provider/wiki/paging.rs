//! Pages as Confluence cuts them: after a cursor, with the address of the next one from `/wiki` on.

use serde_json::{Value, json};

use super::{Ask, error};
use crate::provider::call::{Reply, encode};
use crate::provider::signature::{clear, opaque};

/// A row in order: its place by a moment and an id, and what it is.
pub(crate) type Row<T> = ((i64, u64), T);

/// How rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) by: By,
    pub(crate) descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Id,
    Created,
    Modified,
}

/// What `sort` asks for.
pub(crate) fn order(ask: &Ask<'_>) -> Result<Order, Reply> {
    let text = ask.call.get("sort").unwrap_or("id");
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let by = match name {
        "id" => By::Id,
        "created-date" => By::Created,
        "modified-date" => By::Modified,
        _ => {
            return Err(error(
                400,
                "INVALID_REQUEST_PARAMETER",
                "Provided value for 'sort' is not valid",
            ));
        }
    };
    Ok(Order { by, descending })
}

/// How many rows a page has.
fn limit(ask: &Ask<'_>, usual: usize) -> Result<usize, Reply> {
    let Some(text) = ask.call.get("limit") else {
        return Ok(usual);
    };
    let limit = text.parse::<usize>().ok().filter(|limit| (1..=250).contains(limit));
    limit.ok_or_else(|| {
        error(
            400,
            "INVALID_REQUEST_PARAMETER",
            "Provided value for 'limit' is not valid. It must be between 1 and 250",
        )
    })
}

/// A page of rows, written by `write`.
pub(crate) fn page<T>(ask: &Ask<'_>, mut rows: Vec<Row<T>>, descending: bool, write: impl Fn(&T) -> Value) -> Reply {
    rows.sort_by_key(|(place, _)| *place);
    if descending {
        rows.reverse();
    }
    let usual = if ask.call.path.ends_with("/attachments") {
        50
    } else {
        25
    };
    let limit = match limit(ask, usual) {
        Ok(limit) => limit,
        Err(reply) => return reply,
    };
    if let Some(cursor) = ask.call.get("cursor") {
        let Some(from) = clear(cursor).and_then(|text| place(&text)) else {
            return error(
                400,
                "INVALID_REQUEST_PARAMETER",
                "Provided value for 'cursor' is not valid",
            );
        };
        rows.retain(|(at, _)| if descending { *at < from } else { *at > from });
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let results: Vec<Value> = rows.iter().map(|(_, row)| write(row)).collect();
    let base = "https://acme.atlassian.net/wiki";
    let mut body = json!({ "results": results, "_links": { "base": base } });
    let Some((last, _)) = rows.last().filter(|_| more) else {
        return Reply::ok(&body).header("link", format!("<{base}>; rel=\"base\""));
    };
    let cursor = encode(&opaque(&format!("{{\"at\":{},\"id\":{}}}", last.0, last.1)));
    // The cursor comes first, what else was asked after it.
    let rest = ask.call.query.iter().filter(|(key, _)| key != "cursor");
    let mut pairs = vec![format!("cursor={cursor}")];
    pairs.extend(rest.map(|(key, value)| format!("{key}={}", encode(value))));
    let path = ask.call.path.split("/wiki/").nth(1).unwrap_or_default();
    let next = format!("/wiki/{path}?{}", pairs.join("&"));
    body["_links"]["next"] = json!(next);
    Reply::ok(&body).header("link", format!("<{next}>; rel=\"next\", <{base}>; rel=\"base\""))
}

fn place(text: &str) -> Option<(i64, u64)> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some((value["at"].as_i64()?, value["id"].as_u64()?))
}
