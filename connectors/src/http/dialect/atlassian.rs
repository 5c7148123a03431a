//! Atlassian: hourly quotas and bursts, told by several headers of several ages.

use std::time::Duration;

use domain::Timestamp;

use super::Verdict;
use super::wait::{retry_after, server_wait};
use crate::http::Response;
use crate::http::budget::Left;

const SECOND: Duration = Duration::from_secs(1);

/// What an answer of Atlassian means beyond its status.
pub(super) fn judge(answer: &Response, now: Timestamp) -> Option<Verdict> {
    if answer.status() != 429 {
        return None;
    }
    let reset = || {
        let then = Timestamp::parse(answer.header("x-ratelimit-reset")?).ok()?;
        server_wait(answer, then, now)
    };
    let policy = || parameter(answer.header("ratelimit")?, "t").map(Duration::from_secs);
    Some(Verdict::Limited {
        all: answer
            .header("ratelimit-reason")
            .is_some_and(|reason| reason.contains("quota")),
        wait: retry_after(answer, now).or_else(reset).or_else(policy),
    })
}

/// What is left of the hourly quota. The `Beta-` forms of these headers announce limits that are not enforced.
pub(super) fn left(answer: &Response) -> Option<Left> {
    let told = answer.header("ratelimit")?;
    Some(Left {
        limit: parameter(answer.header("ratelimit-policy")?, "q")?,
        remaining: parameter(told, "r")?,
        // Told in whole seconds: what is left of the last one is spent too.
        renewed_in: (Duration::from_secs(parameter(told, "t")?) + SECOND).min(super::LONGEST),
    })
}

/// A parameter of the first item of a structured header: `"global-app-quota";r=60;t=13`.
fn parameter(header: &str, name: &str) -> Option<u64> {
    let item = header.split(',').next()?;
    item.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.trim().parse().ok())?
    })
}
