//! GitHub: primary limits by headers, secondary limits by words, GraphQL errors in good answers.

use std::time::Duration;

use domain::Timestamp;
use serde::Deserialize;

use super::Verdict;
use super::wait::{number, retry_after, server_wait};
use crate::http::Response;
use crate::http::budget::Left;

/// What is only said in the body of a 403 is said at its beginning.
const HEAD: usize = 4096;

/// What an answer of GitHub means beyond its status.
pub(super) fn judge(answer: &Response, now: Timestamp) -> Option<Verdict> {
    match answer.status() {
        403 | 429 => limited(answer, now),
        200 if answer.url.path().ends_with("/graphql") => graphql(answer, now),
        _ => None,
    }
}

/// What is left of the primary limit of the answer's resource.
pub(super) fn left(answer: &Response, now: Timestamp) -> Option<Left> {
    Some(Left {
        limit: number(answer, "x-ratelimit-limit")?,
        remaining: number(answer, "x-ratelimit-remaining")?,
        renewed_in: reset(answer, now)?,
    })
}

fn limited(answer: &Response, now: Timestamp) -> Option<Verdict> {
    if let Some(wait) = retry_after(answer, now) {
        return Some(Verdict::Limited {
            all: true,
            wait: Some(wait),
        });
    }
    if number(answer, "x-ratelimit-remaining") == Some(0) {
        return Some(Verdict::Limited {
            all: false,
            wait: reset(answer, now),
        });
    }
    let secondary = answer.status() == 429 || says_secondary(answer);
    secondary.then_some(Verdict::Limited { all: true, wait: None })
}

/// The time until the limit begins anew, and one second more.
fn reset(answer: &Response, now: Timestamp) -> Option<Duration> {
    let then = i64::try_from(number(answer, "x-ratelimit-reset")?).ok()?;
    Some(server_wait(answer, Timestamp::from_seconds(then), now)? + Duration::from_secs(1))
}

fn says_secondary(answer: &Response) -> bool {
    let head = answer.body.get(..HEAD).unwrap_or(&answer.body);
    let text = String::from_utf8_lossy(head).to_lowercase();
    ["secondary rate limit", "abuse detection", "secondary-rate-limits"]
        .iter()
        .any(|words| text.contains(words))
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default, rename = "type")]
    kind: String,
}

fn graphql(answer: &Response, now: Timestamp) -> Option<Verdict> {
    // Good answers are large: they are parsed only where the word is there at all.
    let word = b"RATE_LIMITED";
    answer.body.windows(word.len()).find(|window| *window == word)?;
    let Errors { errors } = serde_json::from_slice(&answer.body).ok()?;
    errors
        .iter()
        .any(|error| error.kind == "RATE_LIMITED")
        .then(|| Verdict::Limited {
            all: false,
            wait: retry_after(answer, now).or_else(|| {
                let spent = number(answer, "x-ratelimit-remaining") == Some(0);
                spent.then(|| reset(answer, now)).flatten()
            }),
        })
}
