//! What is stated of items by their node ids, as GraphQL tells it: the issues that a pull request closes, and what was done by hand.
//!
//! It answers `nodes(ids:)`, and `node(id:)` for a later page of a timeline, with `after`.

use serde_json::{Value, json};

use super::deeds::{Deed, Place, What};
use super::graphql::{connection, failed};
use super::model::{Item, Repository};
use super::viewer::Viewer;
use crate::provider::call::Reply;
use crate::provider::signature::{clear, opaque};
use crate::provider::state::State;
use crate::provider::time::seconds;

/// The most ids of one query, and events of one page.
const MOST: usize = 100;

/// Who asks for what there is.
type Asker<'a> = (&'a State, &'a Viewer);

pub(super) fn answer(asker: Asker<'_>, variables: &Value) -> Reply {
    let from = clear(variables["after"].as_str().unwrap_or_default());
    let from = from.and_then(|text| text.parse().ok()).unwrap_or(0);
    let Some(ids) = variables["ids"].as_array() else {
        let node = variables["id"].as_str().and_then(|id| node(asker, id, from));
        return Reply::ok(&json!({ "data": { "node": node } }));
    };
    if ids.len() > MOST {
        let text = format!(
            "You may not provide more than 100 node ids; you provided {}.",
            ids.len()
        );
        return failed("ARGUMENT_LIMIT", &text);
    }
    let found = ids.iter().map(|id| id.as_str().and_then(|id| node(asker, id, 0)));
    let found: Vec<Option<Value>> = found.collect();
    let lost = ids
        .iter()
        .zip(&found)
        .enumerate()
        .filter(|(_, (_, node))| node.is_none());
    let errors: Vec<Value> = lost
        .map(|(at, (id, _))| {
            let text = format!(
                "Could not resolve to a node with the global id of '{}'.",
                id.as_str().unwrap_or_default()
            );
            json!({ "type": "NOT_FOUND", "path": ["nodes", at], "message": text, "locations": [] })
        })
        .collect();
    let mut body = json!({ "data": { "nodes": found } });
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    Reply::ok(&body)
}

/// An item by its node id, for one who may see it.
fn node((state, viewer): Asker<'_>, id: &str, from: usize) -> Option<Value> {
    let mut seen = state
        .world
        .github
        .repositories
        .iter()
        .filter(|one| viewer.role(state, one).is_some());
    let own = |item: &&Item| match &item.pull {
        Some(pull) => id == format!("PR_{}", pull.id),
        None => id == format!("I_{}", item.id),
    };
    let item = seen.find_map(|one| one.items.values().find(own))?;
    let mut value =
        json!({ "__typename": kind(item), "id": id, "timelineItems": timeline((state, viewer), item, from) });
    if item.pull.is_some() {
        let closing: Vec<Value> = item
            .closing()
            .into_iter()
            .filter_map(|issue| side((state, viewer), issue))
            .collect();
        value["closingIssuesReferences"] = connection(&closing);
    }
    Some(value)
}

fn kind(item: &Item) -> &'static str {
    if item.pull.is_some() { "PullRequest" } else { "Issue" }
}

/// A page of a timeline.
fn timeline(asker: Asker<'_>, item: &Item, from: usize) -> Value {
    let page = item.deeds.iter().skip(from).take(MOST);
    let nodes: Vec<Option<Value>> = page.map(|deed| event(asker, deed)).collect();
    let end = from + nodes.len();
    let more = end < item.deeds.len();
    json!({ "nodes": nodes, "pageInfo": { "hasNextPage": more, "endCursor": opaque(&end.to_string()) } })
}

/// The item on one side of a deed; none where it is gone, or not for who asks.
fn side((state, viewer): Asker<'_>, place: Place) -> Option<Value> {
    let found = state.world.github.item(place);
    let (repository, item): (&Repository, &Item) = found.filter(|(one, _)| viewer.role(state, one).is_some())?;
    let home = json!({ "databaseId": repository.id, "nameWithOwner": repository.full_name() });
    Some(json!({ "__typename": kind(item), "number": item.number, "repository": home }))
}

/// A deed as an event; none where one of its sides is hidden.
fn event(asker: Asker<'_>, deed: &Deed) -> Option<Value> {
    let side = |place: Place| side(asker, place);
    let (begun, ended, mut value) = match deed.what {
        What::Assigned(person) => {
            let login = &asker.0.world.people[person].github_login;
            let assignee = json!({ "__typename": "User", "login": login });
            ("AssignedEvent", "UnassignedEvent", json!({ "assignee": assignee }))
        }
        What::Connected(pull, issue) => {
            let value = json!({ "source": side(pull)?, "subject": side(issue)? });
            ("ConnectedEvent", "DisconnectedEvent", value)
        }
        What::Duplicate(one, canonical) => {
            let value = json!({ "duplicate": side(one)?, "canonical": side(canonical)? });
            ("MarkedAsDuplicateEvent", "UnmarkedAsDuplicateEvent", value)
        }
    };
    value["__typename"] = json!(if deed.ends { ended } else { begun });
    value["createdAt"] = json!(seconds(deed.at));
    Some(value)
}
