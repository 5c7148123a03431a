//! Times to wait, as headers write them.

use std::time::Duration;

use domain::Timestamp;

use crate::clock::until;
use crate::http::Response;
use crate::http::response::http_date;

/// The longest wait that is believed; more is a time in another unit.
pub(in crate::http) const LONGEST: Duration = Duration::from_hours(24);

/// `Retry-After`: seconds, or a date. Nothing where it is absent, malformed or past belief.
pub(super) fn retry_after(answer: &Response, now: Timestamp) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Duration::try_from_secs_f64(seconds.ceil()).ok()?,
        Ok(_) => return None,
        Err(_) => until(server_time(answer, now), http_date(text)?),
    };
    believed(wait)
}

/// The time from the server's now to a moment by the server's clock.
pub(super) fn server_wait(answer: &Response, then: Timestamp, now: Timestamp) -> Option<Duration> {
    believed(until(server_time(answer, now), then))
}

/// The server's time, so that it does not matter whose clock is wrong.
fn server_time(answer: &Response, now: Timestamp) -> Timestamp {
    answer.date().unwrap_or(now)
}

fn believed(wait: Duration) -> Option<Duration> {
    (wait <= LONGEST).then_some(wait)
}

/// A header's value as a whole number.
pub(super) fn number(answer: &Response, name: &str) -> Option<u64> {
    answer.header(name)?.trim().parse().ok()
}
