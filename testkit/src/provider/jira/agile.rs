//! Jira's routes for boards and sprints.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Ask, error, not_found};
use crate::provider::call::Reply;

pub(crate) fn answer(ask: &Ask<'_>, more: &[&str]) -> Reply {
    let jira = &ask.state.world.jira;
    let seen = |project: u64| jira.project(project).is_some_and(|one| jira.browses(ask.person, one));
    let visible = jira.sprints.iter().filter(|sprint| seen(sprint.project));
    match more {
        ["board"] => {
            let boards: BTreeMap<u64, u64> = visible.map(|sprint| (sprint.board, sprint.project)).collect();
            let rows: Vec<Value> = boards
                .into_iter()
                .map(|(board, project)| {
                    let key = jira.project(project).map(|one| one.key.as_str());
                    json!({ "id": board, "self": "", "name": format!("{} board", key.unwrap_or_default()), "type": "scrum",
                        "location": { "projectId": project, "projectKey": key } })
                })
                .collect();
            Reply::ok(&ask.page(&rows, (50, 50), "values"))
        }
        ["board", board, "sprint"] => {
            let states = ask.call.all("state");
            let own = visible.filter(|sprint| sprint.board.to_string() == *board);
            let some = own.filter(|sprint| states.is_empty() || states.iter().any(|state| state == sprint.state));
            let rows: Vec<Value> = some.map(|sprint| ask.write().sprint(sprint)).collect();
            Reply::ok(&ask.page(&rows, (50, 50), "values"))
        }
        ["sprint", id] => {
            let mut visible = visible;
            match visible.find(|sprint| sprint.id.to_string() == *id) {
                Some(sprint) => Reply::ok(&ask.write().sprint(sprint)),
                None => not_found("Sprint"),
            }
        }
        _ => error(404, "null for uri"),
    }
}
