//! Jira's routes for people and groups, and for lists that seldom change.

use serde_json::{Value, json};

use super::model::LINKS;
use super::record::SPRINT_FIELD;
use super::{Ask, error, not_found};
use crate::provider::call::Reply;
use crate::provider::time::jira;

pub(crate) fn answer(ask: &Ask<'_>, rest: &[&str]) -> Reply {
    let write = ask.write();
    let people = &ask.state.world.people;
    let named = || ask.call.get("accountId").and_then(|id| ask.state.world.person(id));
    match rest {
        [_, _, "myself"] => Reply::ok(&write.user(ask.person)),
        // Here the page is a bare list.
        [_, _, "users", "search"] => {
            let all: Vec<Value> = (0..people.len()).map(|person| write.user(person)).collect();
            Reply::ok(&ask.page(&all, (50, 1000), "values")["values"])
        }
        [_, _, "user"] => match named() {
            Some(person) => Reply::ok(&write.user(person)),
            None => not_found("The user"),
        },
        [_, _, "user", "groups"] => match named() {
            Some(person) => {
                let own = ask
                    .state
                    .world
                    .jira
                    .groups
                    .iter()
                    .filter(|group| group.members.contains(&person));
                let rows = own.map(|group| json!({ "name": group.name, "groupId": group.id, "self": "" }));
                Reply::ok(&Value::Array(rows.collect()))
            }
            None => not_found("The user"),
        },
        [_, _, "group", "member"] => members(ask),
        [_, _, "group", "bulk"] => {
            let groups = ask.state.world.jira.groups.iter();
            let rows: Vec<Value> = groups
                .map(|one| json!({ "name": one.name, "groupId": one.id }))
                .collect();
            Reply::ok(&ask.page(&rows, (50, 50), "values"))
        }
        [_, _, "field"] => fields(),
        [_, _, "status"] => {
            let rows = super::generate::STATUSES
                .iter()
                .map(|name| json!({ "name": name, "id": name, "self": "", "description": "" }));
            Reply::ok(&Value::Array(rows.collect()))
        }
        [_, _, "issueLinkType"] => {
            let rows = LINKS.iter().zip(10_000..).map(|((name, inward, outward), id)| {
                json!({ "id": id.to_string(), "name": name, "inward": inward, "outward": outward, "self": "" })
            });
            Reply::ok(&json!({ "issueLinkTypes": rows.collect::<Vec<_>>() }))
        }
        [_, _, "serverInfo"] => Reply::ok(
            &json!({ "baseUrl": "https://acme.atlassian.net", "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "serverTime": jira(ask.state.world.now), "serverTitle": "Jira" }),
        ),
        _ => error(404, "null for uri"),
    }
}

/// The members of a group by its id or name.
fn members(ask: &Ask<'_>) -> Reply {
    let write = ask.write();
    let groups = &ask.state.world.jira.groups;
    let (id, name) = (ask.call.get("groupId"), ask.call.get("groupname"));
    let group = groups
        .iter()
        .find(|one| id == Some(one.id.as_str()) || name == Some(one.name.as_str()));
    let Some(group) = group else {
        return not_found("The group");
    };
    let rows: Vec<Value> = group.members.iter().map(|person| write.user(*person)).collect();
    Reply::ok(&ask.page(&rows, (50, 50), "values"))
}

fn fields() -> Reply {
    let names = [
        "summary",
        "description",
        "status",
        "issuetype",
        "labels",
        "assignee",
        "reporter",
        "created",
        "updated",
        "comment",
    ];
    let plain = names.into_iter().map(|name| {
        json!({ "id": name, "key": name, "name": name, "custom": false, "orderable": true, "navigable": true, "searchable": true,
            "clauseNames": [name], "schema": { "type": "string", "system": name } })
    });
    let sprint = json!({ "id": SPRINT_FIELD, "key": SPRINT_FIELD, "name": "Sprint", "custom": true, "orderable": true, "navigable": true,
        "searchable": true, "clauseNames": ["cf[10020]", "Sprint"],
        "schema": { "type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint", "customId": 10_020 } });
    Reply::ok(&Value::Array(plain.chain([sprint]).collect()))
}
