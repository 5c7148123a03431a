//! What an answer means: each provider's own words for limits, expired credentials and passing failures.

mod atlassian;
mod github;
mod slack;
mod wait;

use std::time::Duration;

use domain::Timestamp;
use reqwest::StatusCode;

use super::budget::Left;
use super::{Provider, Response};

pub(super) use wait::LONGEST;

/// What to do about an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Give it to the caller.
    Final,
    /// A limit is reached: for the whole grant or the request's lane, for this long if the server says so.
    Limited {
        /// Whether all lanes of the grant must wait.
        all: bool,
        /// The time asked for.
        wait: Option<Duration>,
    },
    /// The credential is refused.
    Unauthorized,
    /// The server failed; it may work the next time, not before this time if it says so.
    Failed {
        /// How.
        why: String,
        /// The time asked for.
        wait: Option<Duration>,
    },
}

/// What `answer` means by the rules of `provider`.
pub(super) fn judge(provider: Provider, answer: &Response, now: Timestamp) -> Verdict {
    let own = match provider {
        Provider::GitHub => github::judge(answer, now),
        Provider::Atlassian => atlassian::judge(answer, now),
        Provider::Slack => slack::judge(answer, now),
        Provider::Plain => None,
    };
    own.unwrap_or_else(|| plain(answer, now))
}

/// What the answer says is left of its limit.
pub(super) fn left(provider: Provider, answer: &Response, now: Timestamp) -> Option<Left> {
    match provider {
        Provider::GitHub => github::left(answer, now),
        Provider::Atlassian => atlassian::left(answer),
        Provider::Slack | Provider::Plain => None,
    }
}

/// How long to wait after a limit for which no time was told, the first time.
pub(super) fn untold(provider: Provider) -> Duration {
    match provider {
        Provider::GitHub => Duration::from_mins(1),
        Provider::Atlassian | Provider::Slack | Provider::Plain => Duration::from_secs(5),
    }
}

/// What the status alone means.
fn plain(answer: &Response, now: Timestamp) -> Verdict {
    let failed = || Verdict::Failed {
        why: format!("the server answers {}", answer.status()),
        wait: wait::retry_after(answer, now),
    };
    match answer.status {
        StatusCode::UNAUTHORIZED => Verdict::Unauthorized,
        StatusCode::TOO_MANY_REQUESTS => Verdict::Limited {
            all: false,
            wait: wait::retry_after(answer, now),
        },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => failed(),
        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => Verdict::Final,
        status if status.is_server_error() => failed(),
        _ => Verdict::Final,
    }
}

#[cfg(test)]
mod tests;
