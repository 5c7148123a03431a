//! What is known beforehand of asking: how long an answer takes, and what the quota allows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Quota, Work};

use super::Api;
use super::budget::shortest;

/// How many requests one view of a client sent, and how long their answers took.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: AtomicU64,
    micros: AtomicU64,
}

impl Pace {
    /// Take note of one request.
    pub(super) fn note(&self, took: Duration) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Api {
    /// How many requests this view and its clones have sent.
    pub(crate) fn sent(&self) -> u64 {
        self.pace.sent.load(Ordering::Relaxed)
    }

    /// How long an answer took in the middle, so far.
    pub(crate) fn latency(&self) -> Duration {
        let micros = self.pace.micros.load(Ordering::Relaxed);
        Duration::from_micros(micros.checked_div(self.sent()).unwrap_or(0))
    }

    /// The quota of the grant, as the server told it, or else as its policy says for an hour.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let told = self.shared.budget().left("", self.http.clock.now());
        let hour = Duration::from_hours(1);
        match (told, self.policy.budget) {
            (Some(left), _) => Some(Quota {
                points: left.limit,
                per: hour,
                left: Some(left.remaining),
                renewed_in: Some(left.renewed_in),
            }),
            (None, Some(rate)) if rate.period == hour => Some(Quota {
                points: rate.points.into(),
                per: hour,
                left: None,
                renewed_in: None,
            }),
            (None, _) => None,
        }
    }

    /// So many requests that cost so many points of the quota.
    pub(crate) fn work(&self, requests: u64, points: u64) -> Work {
        let least = self
            .policy
            .budget
            .map_or(Duration::ZERO, |rate| shortest(rate, requests));
        Work {
            requests,
            points,
            least,
        }
    }
}
