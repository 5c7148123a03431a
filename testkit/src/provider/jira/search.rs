//! Jira's search, over an index that may lag behind.

use serde_json::{Map, Value, json};

use super::jql::Query;
use super::model::Issue;
use super::record::Fields;
use super::{Ask, error};
use crate::provider::call::Reply;
use crate::provider::signature::{clear, opaque, sha256};
use crate::provider::time::DAY;

/// How long a page token is good for.
const TOKEN_LIFE: i64 = 7 * DAY;
/// The parameters of the search, in the query or the body.
const KNOWN: [&str; 9] = [
    "jql",
    "nextPageToken",
    "maxResults",
    "fields",
    "expand",
    "properties",
    "fieldsByKeys",
    "failFast",
    "reconcileIssues",
];

/// The parameters of a search.
struct Terms {
    jql: String,
    token: Option<String>,
    size: usize,
    fields: Fields,
    reconcile: Vec<u64>,
}

pub(crate) fn search(ask: &Ask<'_>) -> Reply {
    let terms = match terms(ask) {
        Ok(terms) => terms,
        Err(text) => return error(400, &text),
    };
    let query = match Query::parse(ask, &terms.jql) {
        Ok(query) => query,
        Err(text) => return error(400, &text),
    };
    let from = match terms.token.as_ref().map(|token| place(ask, &terms, token)) {
        None => 0,
        Some(Some(from)) => from,
        Some(None) => return error(400, "The nextPageToken is invalid or expired."),
    };
    let found = found(ask, &query, &terms.reconcile);
    let end = from.saturating_add(terms.size).min(found.len());
    let rows = found.get(from.min(end)..end).unwrap_or_default();
    let write = ask.write();
    let issues: Vec<Value> = rows.iter().map(|issue| write.issue(issue, &terms.fields)).collect();
    let last = end >= found.len();
    let mut body = json!({ "issues": issues, "isLast": last });
    if !last {
        body["nextPageToken"] = json!(opaque(&format!(
            "{end}|{}|{}",
            ask.state.world.now + TOKEN_LIFE,
            seal(&terms)
        )));
    }
    Reply::ok(&body)
}

/// What binds a token to its search.
fn seal(terms: &Terms) -> String {
    sha256(format!("{}{:?}", terms.jql, terms.reconcile).as_bytes())
}

fn place(ask: &Ask<'_>, terms: &Terms, token: &str) -> Option<usize> {
    let text = clear(token)?;
    let mut parts = text.split('|');
    let from = parts.next()?.parse().ok()?;
    let ends: i64 = parts.next()?.parse().ok()?;
    (parts.next()? == seal(terms) && ask.state.world.now < ends).then_some(from)
}

/// What a search finds: what the index holds, of that what the reader may see, and for the issues named what is true now.
fn found<'a>(ask: &'a Ask<'_>, query: &Query, reconcile: &[u64]) -> Vec<&'a Issue> {
    let jira = &ask.state.world.jira;
    let indexed = jira.indexed(ask.state.world.now, ask.state.lag());
    let stale = indexed.into_iter().filter(|issue| !reconcile.contains(&issue.id));
    let fresh = reconcile.iter().filter_map(|id| jira.issues.get(id));
    let mut found: Vec<&Issue> = stale
        .chain(fresh)
        .filter(|issue| query.holds(issue) && jira.sees(ask.person, issue))
        .collect();
    query.sort(&mut found);
    found
}

fn terms(ask: &Ask<'_>) -> Result<Terms, String> {
    let body = if ask.call.method == "POST" {
        ask.call.fields()
    } else {
        from_query(ask)
    };
    if let Some(name) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!(
            "Invalid request payload: unknown property '{name}'. Refer to the REST API documentation and try again."
        ));
    }
    let list = |name: &str| -> Vec<String> {
        let values = body.get(name).and_then(Value::as_array).into_iter().flatten();
        values
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect()
    };
    if body.get("expand").is_some_and(|expand| !expand.is_string()) {
        return Err("Invalid request payload: expand must be a string.".to_owned());
    }
    let names = list("fields");
    let fields = if names.is_empty() {
        Fields::named(&["id".to_owned()])
    } else {
        Fields::named(&names)
    };
    if list("properties").len() > 5 {
        return Err("A maximum of 5 issue properties can be requested.".to_owned());
    }
    let reconcile: Vec<u64> = list("reconcileIssues")
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    if reconcile.len() > 50 {
        return Err("A maximum of 50 issues can be reconciled.".to_owned());
    }
    let most = if fields.plain() { 5000 } else { 100 };
    let size = body.get("maxResults").map_or(Some(50), Value::as_u64);
    let size = size.ok_or("maxResults must be a positive number.")?;
    Ok(Terms {
        jql: body.get("jql").and_then(Value::as_str).unwrap_or_default().to_owned(),
        token: body.get("nextPageToken").and_then(Value::as_str).map(str::to_owned),
        size: usize::try_from(size).unwrap_or(most).clamp(1, most),
        fields,
        reconcile,
    })
}

/// The parameters of a query in the shape of a body.
fn from_query(ask: &Ask<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    for name in ["jql", "nextPageToken", "expand"] {
        body.extend(ask.call.get(name).map(|text| (name.to_owned(), json!(text))));
    }
    if let Some(size) = ask.call.get("maxResults") {
        body.insert(
            "maxResults".to_owned(),
            size.parse::<u64>().map_or(Value::Null, Value::from),
        );
    }
    for name in ["fields", "properties", "reconcileIssues"] {
        let values = ask.call.all(name);
        if !values.is_empty() {
            body.insert(name.to_owned(), json!(values));
        }
    }
    for name in ["fieldsByKeys", "failFast"] {
        body.extend(ask.call.get(name).map(|text| (name.to_owned(), json!(text == "true"))));
    }
    body
}

pub(crate) fn count(ask: &Ask<'_>) -> Reply {
    let jql = ask.call.field("jql").unwrap_or_default();
    match Query::parse(ask, &jql) {
        Ok(query) => Reply::ok(&json!({ "count": found(ask, &query, &[]).len() })),
        Err(text) => error(400, &text),
    }
}
