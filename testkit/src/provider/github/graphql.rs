//! GitHub's GraphQL, for what REST has not: discussions, what is stated between items, and the reviews of many pull requests at once.
//!
//! It takes queries of one fixed shape, whatever fields they pick: `repository(owner:, name:) { discussions(first:, after:, orderBy:) }`, with
//! `owner`, `name`, `first` and `after` given as variables of these names or of those that the query puts after `first:` and the like.
//! Or of the same shape with `pullRequests(first:, after:)`. A query that names `releases` asks for counts: see `counts`;
//! one that names `timelineItems` for what is stated of items: see `relations`. The answer has all the fields below, asked for or not.

use serde_json::{Map, Value, json};

use super::counts::counts;
use super::json::{Writer, message};
use super::model::{Comment, Discussion, Repository};
use super::relations;
use super::viewer::Viewer;
use crate::provider::call::{Call, Reply};
use crate::provider::signature::{clear, opaque};
use crate::provider::state::State;
use crate::provider::time::seconds;

pub(crate) fn answer(state: &State, call: &Call, viewer: &Viewer) -> Reply {
    if *viewer == Viewer::Anonymous {
        return message(401, "This endpoint requires you to be authenticated.");
    }
    let Some(body) = call.json() else {
        return message(400, "Problems parsing JSON");
    };
    if state.settings.graphql_denied {
        return failed("FORBIDDEN", "Resource not accessible by integration");
    }
    let query = body["query"].as_str().unwrap_or_default();
    if query.contains("timelineItems") {
        return relations::answer((state, viewer), &body["variables"]);
    }
    let reviews = query.contains("pullRequests");
    if !(reviews || query.contains("discussions")) || !query.contains("repository") {
        return failed(
            "undefinedField",
            "The simulator answers queries for the discussions or pull requests of a repository",
        );
    }
    let terms = Terms {
        query,
        variables: body["variables"].as_object().cloned().unwrap_or_default(),
    };
    let name = format!("{}/{}", terms.text("owner"), terms.text("name"));
    let all = state.world.github.repositories.iter();
    let mut named = all.filter(|one| one.full_name().eq_ignore_ascii_case(&name));
    let Some(repository) = named.find(|one| viewer.role(state, one).is_some()) else {
        let text = format!("Could not resolve to a Repository with the name '{name}'.");
        let error = json!({ "type": "NOT_FOUND", "path": ["repository"], "message": text, "locations": [] });
        return Reply::ok(&json!({ "data": { "repository": null }, "errors": [error] }));
    };
    let first = terms.value("first").and_then(|value| value.as_u64()).unwrap_or(0);
    if !(1..=100).contains(&first) {
        return failed(
            "EXCESSIVE_PAGINATION",
            "Requesting records on a connection exceeds the `first` limit of 100 records.",
        );
    }
    if query.contains("releases") {
        let since = terms.variables.get("since").and_then(Value::as_str);
        return Reply::ok(&counts(state, repository, since));
    }
    if reviews {
        return Reply::ok(&pulls(repository, (&terms, first)));
    }
    Reply::ok(&page(&Writer::new(state), repository, (&terms, first)))
}

pub(super) fn failed(kind: &str, text: &str) -> Reply {
    Reply::ok(&json!({ "errors": [{ "type": kind, "message": text, "locations": [], "path": [] }] }))
}

/// The arguments of a query.
struct Terms<'a> {
    query: &'a str,
    variables: Map<String, Value>,
}

impl Terms<'_> {
    /// The value of an argument: what stands after its name, be it a literal or a variable.
    fn value(&self, name: &str) -> Option<Value> {
        let sign = format!("{name}:");
        let written = self.query.split(&sign).skip(1);
        let mut words = written.map(|rest| {
            rest.trim_start()
                .split([',', ')', '}', '\n'])
                .next()
                .unwrap_or_default()
                .trim()
        });
        let word = words.find(|word| !word.is_empty() && !word.starts_with("String") && !word.starts_with("Int"))?;
        match word.strip_prefix('$') {
            Some(variable) => self.variables.get(variable).cloned(),
            None => serde_json::from_str(word).ok(),
        }
    }

    fn text(&self, name: &str) -> String {
        let value = self.value(name);
        value
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

fn page(write: &Writer<'_>, repository: &Repository, (terms, first): (&Terms<'_>, u64)) -> Value {
    let updated = terms.query.contains("UPDATED_AT");
    let key = |one: &Discussion| (if updated { one.updated } else { one.created }, one.number);
    let mut rows: Vec<&Discussion> = repository.discussions.values().collect();
    rows.sort_by_key(|one| key(one));
    let descending = terms.query.contains("DESC") || !terms.query.contains("orderBy");
    if descending {
        rows.reverse();
    }
    let total = rows.len();
    let cursor = |one: &Discussion| opaque(&format!("{}/{}", key(one).0, key(one).1));
    let from = clear(&terms.text("after"));
    let from = from.and_then(|text| {
        let (at, number) = text.split_once('/')?;
        Some((at.parse::<i64>().ok()?, number.parse::<u64>().ok()?))
    });
    if let Some(from) = from {
        rows.retain(|one| if descending { key(one) < from } else { key(one) > from });
    }
    let more = rows.len() > usize::try_from(first).unwrap_or(100);
    rows.truncate(usize::try_from(first).unwrap_or(100));
    let end = rows.last().map(|one| cursor(one));
    let nodes: Vec<Value> = rows.into_iter().map(|one| discussion(write, repository, one)).collect();
    json!({ "data": {
        "repository": { "id": format!("R_{}", repository.id), "databaseId": repository.id, "nameWithOwner": repository.full_name(),
            "discussions": { "totalCount": total, "nodes": nodes, "pageInfo": { "hasNextPage": more, "endCursor": end } } },
        "rateLimit": { "cost": 1, "limit": 5000, "remaining": 4999, "nodeCount": first },
    } })
}

/// A page of pull requests by number, with the numbers of their reviews.
fn pulls(repository: &Repository, (terms, first): (&Terms<'_>, u64)) -> Value {
    let from = clear(&terms.text("after")).and_then(|text| text.parse::<u64>().ok());
    let all = repository
        .items
        .values()
        .filter_map(|item| Some((item.number, item.pull.as_ref()?)));
    let mut rows: Vec<_> = all
        .filter(|(number, _)| from.is_none_or(|from| *number > from))
        .collect();
    let more = rows.len() > usize::try_from(first).unwrap_or(100);
    rows.truncate(usize::try_from(first).unwrap_or(100));
    let end = rows.last().map(|(number, _)| opaque(&number.to_string()));
    let review = |one: &super::model::Review| json!({ "databaseId": one.id, "fullDatabaseId": one.id.to_string() });
    let nodes = rows.iter().map(|(number, pull)| {
        let reviews: Vec<Value> = pull.reviews.iter().map(review).collect();
        json!({ "number": number, "reviews": connection(&reviews) })
    });
    let nodes: Vec<Value> = nodes.collect();
    json!({ "data": { "repository": { "id": format!("R_{}", repository.id),
        "pullRequests": { "nodes": nodes, "pageInfo": { "hasNextPage": more, "endCursor": end } } } } })
}

fn author(write: &Writer<'_>, person: usize) -> Value {
    let user = write.user(person);
    json!({ "__typename": "User", "login": user["login"], "databaseId": user["id"], "id": user["node_id"], "url": user["html_url"] })
}

fn discussion(write: &Writer<'_>, repository: &Repository, one: &Discussion) -> Value {
    let url = format!(
        "https://github.com/{}/discussions/{}",
        repository.full_name(),
        one.number
    );
    let comment = |comment: &Comment, replies: Option<&[Comment]>| -> Value {
        let mut value = json!({
            "id": format!("DC_{}", comment.id), "databaseId": comment.id, "body": comment.body, "author": author(write, comment.author),
            "createdAt": seconds(comment.created), "updatedAt": seconds(comment.updated), "deletedAt": null,
            "url": format!("{url}#discussioncomment-{}", comment.id), "isAnswer": one.answer == Some(comment.id),
        });
        if let Some(replies) = replies {
            let nodes: Vec<Value> = replies.iter().map(|reply| {
                json!({ "id": format!("DC_{}", reply.id), "databaseId": reply.id, "body": reply.body, "author": author(write, reply.author),
                    "createdAt": seconds(reply.created), "updatedAt": seconds(reply.updated), "deletedAt": null,
                    "url": format!("{url}#discussioncomment-{}", reply.id), "isAnswer": false })
            }).collect();
            value["replies"] = connection(&nodes);
        }
        value
    };
    let comments: Vec<Value> = one
        .comments
        .iter()
        .map(|(first, replies)| comment(first, Some(replies)))
        .collect();
    json!({
        "id": format!("D_{}", one.id), "databaseId": one.id, "number": one.number, "title": one.title, "body": one.body, "url": url,
        "author": author(write, one.author), "category": { "name": one.category, "isAnswerable": one.category == "Q&A" },
        "createdAt": seconds(one.created), "updatedAt": seconds(one.updated), "closed": false, "locked": false,
        "isAnswered": one.answer.is_some(), "answer": one.answer.map(|id| json!({ "id": format!("DC_{id}"), "databaseId": id })),
        "labels": connection(&[]), "comments": connection(&comments),
    })
}

/// A list that is whole.
pub(super) fn connection(nodes: &[Value]) -> Value {
    json!({ "totalCount": nodes.len(), "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } })
}
