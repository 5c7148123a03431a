//! Jira's routes for issues, comments and the changelog.

use serde_json::{Value, json};

use super::model::{Comment, Issue};
use super::record::Fields;
use super::{Ask, error, not_found};
use crate::provider::call::Reply;

pub(crate) fn answer(ask: &Ask<'_>, rest: &[&str]) -> Reply {
    match (ask.call.method.as_str(), rest) {
        ("POST", [_, _, "issue", "bulkfetch"]) => bulk(ask),
        ("POST", [_, _, "changelog", "bulkfetch"]) => changes(ask),
        ("POST", [_, _, "comment", "list"]) => comments(ask),
        ("GET", [_, _, "attachment", "content", id]) => content(ask, id),
        ("GET", [_, _, "worklog", "updated" | "deleted"]) => {
            let since = ask
                .call
                .get("since")
                .and_then(|text| text.parse::<i64>().ok())
                .unwrap_or(0);
            Reply::ok(&json!({ "since": since, "until": ask.state.world.now - 60_000, "lastPage": true, "values": [] }))
        }
        ("POST", [_, _, "worklog", "list"]) => Reply::ok(&json!([])),
        ("GET", [_, _, "issue", name, more @ ..]) => match seen(ask, name) {
            Some(issue) => one(ask, issue, more),
            None => not_found("Issue"),
        },
        _ => error(404, "null for uri"),
    }
}

/// The issue of an id or key, also of a key that it had before, for one who may see it.
fn seen<'a>(ask: &Ask<'a>, name: &str) -> Option<&'a Issue> {
    let jira = &ask.state.world.jira;
    jira.find(name).filter(|issue| jira.sees(ask.person, issue))
}

fn one(ask: &Ask<'_>, issue: &Issue, more: &[&str]) -> Reply {
    let write = ask.write();
    match more {
        [] => {
            let names = ask.call.all("fields");
            let fields = if names.is_empty() {
                Fields::all()
            } else {
                Fields::named(&names)
            };
            let mut value = write.issue(issue, &fields);
            // Here the newest comes first, and only some.
            if ask.call.all("expand").iter().any(|word| word == "changelog") {
                let histories: Vec<Value> = issue
                    .changes
                    .iter()
                    .rev()
                    .take(40)
                    .map(|one| write.change(one))
                    .collect();
                value["changelog"] =
                    json!({ "startAt": 0, "maxResults": 40, "total": issue.changes.len(), "histories": histories });
            }
            Reply::ok(&value)
        }
        ["comment"] => {
            let mut rows: Vec<&Comment> = write.readable(issue).collect();
            if ask.call.get("orderBy") == Some("-created") {
                rows.reverse();
            }
            let rows: Vec<Value> = rows.into_iter().map(|one| write.comment(issue, one)).collect();
            Reply::ok(&ask.page(&rows, (100, 100), "comments"))
        }
        ["changelog"] => {
            let rows: Vec<Value> = issue.changes.iter().map(|one| write.change(one)).collect();
            Reply::ok(&ask.page(&rows, (100, 100), "values"))
        }
        ["remotelink"] => {
            let rows = issue.remote.iter().map(|one| {
                json!({ "id": one.id, "self": format!("{}{}/{}", ask.state.addresses.atlassian, ask.call.path, one.id),
                    "globalId": format!("system={}&id={}", one.url, one.id), "relationship": "mentioned in",
                    "object": { "url": one.url, "title": one.title, "icon": {}, "status": { "resolved": false, "icon": {} } } })
            });
            Reply::ok(&Value::Array(rows.collect()))
        }
        ["worklog"] => Reply::ok(&ask.page(&[], (5000, 5000), "worklogs")),
        _ => error(404, "null for uri"),
    }
}

/// The texts of a list in the body.
fn list(ask: &Ask<'_>, name: &str) -> Vec<String> {
    let fields = ask.call.fields();
    let values = fields.get(name).and_then(Value::as_array).into_iter().flatten();
    values
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

/// Issues by id or key, in the order of their ids. Those that are missing or hidden are told apart from nobody.
fn bulk(ask: &Ask<'_>) -> Reply {
    let known = ["issueIdsOrKeys", "fields", "expand", "properties", "fieldsByKeys"];
    if let Some(name) = ask.call.fields().keys().find(|name| !known.contains(&name.as_str())) {
        return error(400, &format!("Invalid request payload: unknown property '{name}'."));
    }
    let names = list(ask, "issueIdsOrKeys");
    if names.is_empty() || names.len() > 100 {
        return error(400, "The number of issueIdsOrKeys must be between 1 and 100.");
    }
    let words = list(ask, "fields");
    let words = if words.is_empty() {
        vec!["*navigable".to_owned()]
    } else {
        words
    };
    let mut found: Vec<&Issue> = names.iter().filter_map(|name| seen(ask, name)).collect();
    found.sort_by_key(|issue| issue.id);
    found.dedup_by_key(|issue| issue.id);
    let missing: Vec<&String> = names.iter().filter(|name| seen(ask, name).is_none()).collect();
    let write = ask.write();
    let issues: Vec<Value> = found
        .into_iter()
        .map(|issue| write.issue(issue, &Fields::named(&words)))
        .collect();
    let errors: Vec<Value> = missing
        .into_iter()
        .map(|name| json!({ "id": name, "errorMessage": "Issue does not exist or you do not have permission to see it." }))
        .collect();
    Reply::ok(&json!({ "expand": "schema,names", "issues": issues, "issueErrors": errors }))
}

/// The changelogs of many issues, oldest first.
fn changes(ask: &Ask<'_>) -> Reply {
    let names = list(ask, "issueIdsOrKeys");
    let only = list(ask, "fieldIds");
    if names.is_empty() || names.len() > 1000 || only.len() > 10 {
        return error(400, "Between 1 and 1000 issues and up to 10 fields can be requested.");
    }
    let write = ask.write();
    let logs: Vec<Value> = names
        .iter()
        .filter_map(|name| seen(ask, name))
        .map(|issue| {
            let wanted = issue
                .changes
                .iter()
                .filter(|one| only.is_empty() || only.iter().any(|name| name == one.field));
            let rows: Vec<Value> = wanted.map(|one| write.change(one)).collect();
            json!({ "issueId": issue.id.to_string(), "changeHistories": rows })
        })
        .collect();
    Reply::ok(&json!({ "issueChangeLogs": logs }))
}

/// Comments by id, of those that one may read.
fn comments(ask: &Ask<'_>) -> Reply {
    let ids = list(ask, "ids");
    if ids.len() > 1000 {
        return error(400, "Up to 1000 comments can be requested.");
    }
    let jira = &ask.state.world.jira;
    let write = ask.write();
    let seen = jira.issues.values().filter(|issue| jira.sees(ask.person, issue));
    let mut rows = Vec::new();
    for issue in seen {
        let wanted = write.readable(issue).filter(|one| ids.contains(&one.id.to_string()));
        rows.extend(wanted.map(|one| write.comment(issue, one)));
    }
    Reply::ok(&json!({ "startAt": 0, "maxResults": 1_048_576, "total": rows.len(), "isLast": true, "values": rows }))
}

/// The bytes of an attachment lie elsewhere, unless they are asked for at once.
fn content(ask: &Ask<'_>, id: &str) -> Reply {
    let jira = &ask.state.world.jira;
    let seen = jira.issues.values().filter(|issue| jira.sees(ask.person, issue));
    let mut all = seen.flat_map(|issue| &issue.attachments);
    let Some(one) = all.find(|one| one.id.to_string() == id) else {
        return not_found("Attachment");
    };
    if ask.call.get("redirect") == Some("false") {
        return Reply::text(200, "text/plain", &format!("trace of {}", one.name));
    }
    Reply::redirect(303, &format!("https://api.media.atlassian.com/file/{id}/binary"))
}
