//! Jira's routes for the webhooks that an application makes. They are kept; tests ask for their deliveries themselves.

use serde_json::{Value, json};

use super::error;
use super::model::Hook;
use crate::provider::call::{Call, Reply};
use crate::provider::state::State;
use crate::provider::time::{DAY, jira};

/// Webhooks of one application on one site.
const MOST: usize = 5;

pub(crate) fn answer(state: &mut State, call: &Call, more: &[&str]) -> Reply {
    let now = state.world.now;
    state.world.jira.hooks.retain(|_, hook| hook.ends > now);
    match (call.method.as_str(), more) {
        ("POST", []) => register(state, call),
        ("PUT", ["refresh"]) => {
            for id in ids(call) {
                if let Some(hook) = state.world.jira.hooks.get_mut(&id) {
                    hook.ends = now + 30 * DAY;
                }
            }
            Reply::ok(&json!({ "expirationDate": jira(now + 30 * DAY) }))
        }
        ("DELETE", []) => {
            for id in ids(call) {
                state.world.jira.hooks.remove(&id);
            }
            Reply::empty(202)
        }
        ("GET", []) => {
            let rows = state.world.jira.hooks.iter().map(|(id, hook)| {
                json!({ "id": id, "url": hook.url, "jqlFilter": hook.filter, "events": hook.events,
                    "expirationDate": hook.ends })
            });
            let rows: Vec<Value> = rows.collect();
            Reply::ok(&json!({ "startAt": 0, "maxResults": 100, "total": rows.len(), "isLast": true, "values": rows }))
        }
        _ => error(403, "Only Connect apps can use this operation."),
    }
}

/// The webhooks that a request names.
fn ids(call: &Call) -> Vec<u64> {
    let fields = call.fields();
    let ids = fields.get("webhookIds").and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(Value::as_u64).collect()
}

fn register(state: &mut State, call: &Call) -> Reply {
    let fields = call.fields();
    let wanted = fields
        .get("webhooks")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let Some(url) = fields.get("url").and_then(Value::as_str).filter(|_| !wanted.is_empty()) else {
        return error(400, "A URL and at least one webhook are needed.");
    };
    let mut rows = Vec::new();
    for one in &wanted {
        let other = state.world.jira.hooks.values().any(|hook| hook.url != url);
        if other || state.world.jira.hooks.len() >= MOST {
            rows.push(json!({ "errors": ["Only a single URL and five webhooks per app are allowed."] }));
            continue;
        }
        let id = state.world.id();
        let events = one["events"].as_array().into_iter().flatten();
        let hook = Hook {
            url: url.to_owned(),
            filter: one["jqlFilter"].as_str().unwrap_or_default().to_owned(),
            events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
            ends: state.world.now + 30 * DAY,
        };
        state.world.jira.hooks.insert(id, hook);
        rows.push(json!({ "createdWebhookId": id }));
    }
    Reply::ok(&json!({ "webhookRegistrationResult": rows }))
}
