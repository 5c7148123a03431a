//! Jira's routes for the webhooks that an application makes. They are kept; tests ask for their deliveries themselves.

use serde_json::{Value, json};

use super::error;
use crate::provider::call::{Call, Reply};
use crate::provider::state::State;
use crate::provider::time::{DAY, jira};

pub(crate) fn answer(state: &mut State, call: &Call, more: &[&str]) -> Reply {
    let ends = state.world.now + 30 * DAY;
    match (call.method.as_str(), more) {
        ("POST", []) => {
            let fields = call.fields();
            let wanted = fields.get("webhooks").and_then(Value::as_array).map_or(0, Vec::len);
            if fields.get("url").and_then(Value::as_str).is_none() || wanted == 0 {
                return error(400, "A URL and at least one webhook are needed.");
            }
            let rows: Vec<Value> = (0..wanted)
                .map(|_| json!({ "createdWebhookId": state.world.id() }))
                .collect();
            Reply::ok(&json!({ "webhookRegistrationResult": rows }))
        }
        ("PUT", ["refresh"]) => Reply::ok(&json!({ "expirationDate": jira(ends) })),
        ("GET", []) => Reply::ok(&json!({ "startAt": 0, "maxResults": 100, "total": 0, "isLast": true, "values": [] })),
        ("DELETE", []) => Reply::empty(202),
        _ => error(403, "Only Connect apps can use this operation."),
    }
}
