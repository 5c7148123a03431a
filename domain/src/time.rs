//! Points in time as whole milliseconds, the one form every store and payload shares.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Read an RFC 3339 time, or the provider variants of it: an offset without a colon (`+0000`, as Jira writes it),
    /// a space in place of `T`, a bare date (midnight UTC).
    ///
    /// # Errors
    /// `Invalid` when the text is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(instant.as_millisecond()));
        }
        for format in [
            "%Y-%m-%dT%H:%M:%S%.f%z",
            "%Y-%m-%d %H:%M:%S%.f%z",
            "%Y-%m-%d %H:%M:%S %z",
        ] {
            if let Ok(instant) = jiff::Timestamp::strptime(format, text) {
                return Ok(Self(instant.as_millisecond()));
            }
        }
        if let Ok(date) = text.parse::<jiff::civil::Date>()
            && let Ok(zoned) = date.to_zoned(jiff::tz::TimeZone::UTC)
        {
            return Ok(Self(zoned.timestamp().as_millisecond()));
        }
        Err(Error::invalid("parse time", format!("`{text}` is not a time"))
            .with_hint("write a time as 2026-01-31T13:45:00Z or a date as 2026-01-31"))
    }

    /// From whole seconds since the epoch, saturating at the ends of the range.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; a time outside the calendar's range shows as its number of milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn reads_the_forms_that_providers_write() {
        let expected = 1_704_164_645_678;
        for text in [
            "2024-01-02T03:04:05.678Z",
            "2024-01-02T03:04:05.678+0000",
            "2024-01-02T05:04:05.678+02:00",
        ] {
            assert_eq!(Timestamp::parse(text).expect(text).0, expected, "{text}");
        }
        assert_eq!(Timestamp::parse("2024-01-02").expect("date").0, 1_704_153_600_000);
        assert_eq!(
            Timestamp::parse("2024-01-02 03:04:05 +0000").expect("git").0,
            1_704_164_645_000
        );
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn shows_as_rfc_3339() {
        assert_eq!(Timestamp(1_704_164_645_678).to_string(), "2024-01-02T03:04:05.678Z");
        assert_eq!(Timestamp(i64::MAX).to_string(), format!("{}ms", i64::MAX));
    }
}
