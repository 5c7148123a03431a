//! Slack: most errors are good answers that say `"ok": false`.

use domain::Timestamp;
use serde::Deserialize;

use super::Verdict;
use super::wait::retry_after;
use crate::http::Response;

/// Errors have short bodies; what is longer is data.
const LONGEST_ERROR: usize = 64 << 10;

#[derive(Deserialize)]
struct Outcome {
    ok: bool,
    #[serde(default)]
    error: String,
}

/// What an answer of Slack means beyond its status.
pub(super) fn judge(answer: &Response, now: Timestamp) -> Option<Verdict> {
    if answer.status() != 200 || answer.body.len() > LONGEST_ERROR {
        return None;
    }
    let outcome: Outcome = serde_json::from_slice(&answer.body).ok()?;
    if outcome.ok {
        return None;
    }
    match outcome.error.as_str() {
        "ratelimited" | "rate_limited" => Some(Verdict::Limited {
            all: false,
            wait: retry_after(answer, now),
        }),
        "token_expired" | "invalid_auth" | "not_authed" => Some(Verdict::Unauthorized),
        passing @ ("internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org") => Some(Verdict::Failed {
            why: format!("the server answers `{passing}`"),
            wait: retry_after(answer, now),
        }),
        _ => None,
    }
}
