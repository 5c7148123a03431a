//! What each provider allows in a time, counted on the virtual clock.

use std::collections::BTreeMap;

use super::time::{HOUR, MINUTE, SECOND};

/// What each provider allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// GitHub: requests in an hour by one account.
    pub github_hourly: u64,
    /// GitHub: points in a minute by one account.
    pub github_points: u64,
    /// GitHub: requests under way at once.
    pub github_at_once: usize,
    /// Atlassian: points in an hour of the clock, by the application.
    pub atlassian_points: u64,
    /// Atlassian: requests in a second.
    pub atlassian_burst: u64,
    /// Slack: requests in a minute by method, for tiers one to four.
    pub slack_tiers: [u64; 4],
    /// Slack: whether history is held to one request a minute and 15 messages, as for applications outside its marketplace.
    pub slack_unlisted: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            github_hourly: 5000,
            github_points: 900,
            github_at_once: 100,
            atlassian_points: 65_000,
            atlassian_burst: 100,
            slack_tiers: [1, 20, 50, 100],
            slack_unlisted: false,
        }
    }
}

impl Limits {
    /// None that a test could reach.
    pub fn none() -> Self {
        Self {
            github_hourly: 1 << 40,
            github_points: 1 << 40,
            github_at_once: 1 << 20,
            atlassian_points: 1 << 40,
            atlassian_burst: 1 << 40,
            slack_tiers: [1 << 40; 4],
            slack_unlisted: false,
        }
    }
}

/// How a client asked for more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// The hour's budget was spent.
    Budget,
    /// Too much in a short time.
    Burst,
    /// Too many requests at once.
    AtOnce,
    /// It asked again before the time that it was told to wait for.
    Impatient,
}

/// The state of a budget after it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    /// When it begins anew, in milliseconds.
    pub(crate) reset: i64,
    /// Whether it was spent before this request.
    pub(crate) spent: bool,
}

impl Budget {
    pub(crate) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Whole seconds until it begins anew, at least one.
    pub(crate) fn wait(&self, now: i64) -> i64 {
        ((self.reset - now) + SECOND - 1).div_euclid(SECOND).max(1)
    }
}

/// Counts by name and time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    windows: BTreeMap<String, (i64, u64)>,
    waits: BTreeMap<String, i64>,
}

/// How long a budget lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Second,
    Minute,
    /// An hour from the first request.
    Hour,
    /// An hour as the clock counts them.
    ClockHour,
}

impl Window {
    fn length(self) -> i64 {
        match self {
            Self::Second => SECOND,
            Self::Minute => MINUTE,
            Self::Hour | Self::ClockHour => HOUR,
        }
    }
}

impl Meter {
    /// Ask for `cost` of a budget. What is spent is not charged again.
    pub(crate) fn spend(&mut self, name: &str, now: i64, window: Window, (limit, cost): (u64, u64)) -> Budget {
        let length = window.length();
        let start = if window == Window::ClockHour {
            now - now.rem_euclid(length)
        } else {
            now
        };
        let entry = self.windows.entry(format!("{name}/{window:?}")).or_insert((start, 0));
        if now - entry.0 >= length {
            *entry = (start, 0);
        }
        let spent = entry.1 + cost > limit;
        if !spent {
            entry.1 += cost;
        }
        Budget {
            limit,
            used: entry.1,
            reset: entry.0 + length,
            spent,
        }
    }

    /// Give back one that was charged.
    pub(crate) fn refund(&mut self, name: &str, window: Window) {
        if let Some((_, used)) = self.windows.get_mut(&format!("{name}/{window:?}")) {
            *used = used.saturating_sub(1);
        }
    }

    /// Keep that a client was told to wait.
    pub(crate) fn wait(&mut self, name: &str, until: i64) {
        self.waits.insert(name.to_owned(), until);
    }

    /// Whether a client was told to wait for longer than until now.
    pub(crate) fn waits(&self, name: &str, now: i64) -> bool {
        self.waits.get(name).is_some_and(|until| now < *until)
    }
}
