//! Moments of the virtual clock as the providers write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).expect("the virtual clock stays in range")
}

/// `2024-01-02T03:04:05Z`: GitHub.
pub(crate) fn seconds(milliseconds: i64) -> String {
    at(milliseconds).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2024-01-02T03:04:05.678Z`: Confluence.
pub(crate) fn millis(milliseconds: i64) -> String {
    format!(
        "{}.{:03}Z",
        at(milliseconds).strftime("%Y-%m-%dT%H:%M:%S"),
        milliseconds.rem_euclid(SECOND)
    )
}

/// `2024-01-02T03:04:05.678+0000`: Jira, with no colon in the offset.
pub(crate) fn jira(milliseconds: i64) -> String {
    millis(milliseconds).replace('Z', "+0000")
}

/// `Tue, 02 Jan 2024 03:04:05 GMT`: the `Date` header.
pub(crate) fn http(milliseconds: i64) -> String {
    at(milliseconds).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The moment that RFC 3339 text names.
pub(crate) fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The moment of `2024/01/02 03:04` or with dashes, or of a date alone, in UTC.
pub(crate) fn minute(text: &str) -> Option<i64> {
    let text = text.replace('/', "-");
    let whole = if text.contains(' ') {
        text.replacen(' ', "T", 1) + ":00"
    } else {
        text + "T00:00:00"
    };
    let civil: jiff::civil::DateTime = whole.parse().ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}
