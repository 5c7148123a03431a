//! What a sync would ask of its source and bring, told before it begins.

use std::time::Duration;

/// The part of a quota that is left to others.
const RESERVE: f64 = 0.1;

/// What the next sync from a cursor would ask and bring, as far as a few requests can tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimate {
    /// The reading: of everything, or of what is new.
    pub reading: Work,
    /// The sweep after it; nothing where the reading would not end with one, unless it is a reading of everything.
    pub sweep: Work,
    /// Whether the reading would end with that sweep.
    pub sweep_due: bool,
    /// Documents that the reading would bring, whether they changed or not; none where that cannot be told.
    pub documents: Option<u64>,
    /// The quota that the requests draw on, where there is one.
    pub quota: Option<Quota>,
    /// How long the source takes for an answer, as the requests of this estimate met it. Connectors ask one thing after another.
    pub latency: Duration,
    /// What the numbers rest on, and what they leave out, each in a sentence.
    pub grounds: Vec<String>,
}

/// Requests, and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Requests.
    pub requests: u64,
    /// What they cost of the quota, in its own unit.
    pub points: u64,
    /// The time below which short-term limits do not let them through.
    pub least: Duration,
}

/// So many points in any period of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Points, or requests where each costs one.
    pub points: u64,
    /// The period.
    pub per: Duration,
    /// What is left of it now, where the source says so.
    pub left: Option<u64>,
    /// When it begins anew, where the source says so.
    pub renewed_in: Option<Duration>,
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            points: self.points.saturating_add(other.points),
            least: self.least.saturating_add(other.least),
        }
    }
}

impl Quota {
    /// What may be spent in a period.
    fn usable(&self) -> f64 {
        (float(self.points) * (1.0 - RESERVE)).max(f64::MIN_POSITIVE)
    }

    /// How often it must begin anew before the last of `points` can be spent.
    fn renewals(&self, points: u64) -> f64 {
        let reserve = float(self.points) * RESERVE;
        let now = self.left.map_or(self.usable(), |left| (float(left) - reserve).max(0.0));
        ((float(points) - now) / self.usable()).ceil().max(0.0)
    }

    /// The share of an hour's quota that `points` are.
    pub fn share(&self, points: u64) -> f64 {
        let hours = self.per.as_secs_f64() / 3600.0;
        float(points) * hours / float(self.points.max(1))
    }
}

impl Estimate {
    /// The reading, with the sweep where one is due.
    pub fn work(&self) -> Work {
        if self.sweep_due {
            self.reading + self.sweep
        } else {
            self.reading
        }
    }

    /// How long some work takes at least: one answer after another, by the short-term limits, and with the waits for the quota.
    pub fn time(&self, work: Work) -> Duration {
        let busy = (self.latency.as_secs_f64() * float(work.requests)).max(work.least.as_secs_f64());
        let Some(quota) = self.quota else { return seconds(busy) };
        let renewals = quota.renewals(work.points);
        if renewals < 1.0 {
            return seconds(busy);
        }
        let first = quota.renewed_in.unwrap_or(quota.per).as_secs_f64();
        let waited = first + (renewals - 1.0) * quota.per.as_secs_f64();
        // What the last period allows is still to be asked when it begins.
        seconds(busy.max(waited + busy / (renewals + 1.0)))
    }
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate is not exact to 53 bits")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Estimate, Quota, Work};

    const HOUR: Duration = Duration::from_hours(1);

    fn requests(requests: u64) -> Work {
        Work {
            requests,
            points: requests,
            least: Duration::ZERO,
        }
    }

    fn estimate(quota: Option<Quota>) -> Estimate {
        Estimate {
            quota,
            latency: Duration::from_millis(100),
            ..Estimate::default()
        }
    }

    #[test]
    fn a_quota_that_does_not_last_is_waited_for() {
        let quota = Quota {
            points: 5000,
            per: HOUR,
            left: Some(1500),
            renewed_in: Some(HOUR / 2),
        };
        let limited = estimate(Some(quota));
        // A tenth of the quota is left to others.
        assert_eq!(limited.time(requests(1000)), Duration::from_secs(100));
        let second = limited.time(requests(1001));
        assert!(second > HOUR / 2 && second < HOUR, "{second:?}");
        let third = limited.time(requests(5600));
        assert!(third > HOUR * 3 / 2 && third < HOUR * 2, "{third:?}");
        assert!((quota.share(2500) - 0.5).abs() < 1e-9);
        assert!(estimate(None).time(requests(5600)) == Duration::from_secs(560));
    }

    #[test]
    fn limits_of_a_minute_and_the_sweep_count() {
        let slow = Work {
            least: Duration::from_mins(9),
            ..requests(10)
        };
        let due = Estimate {
            reading: slow,
            sweep: slow,
            sweep_due: true,
            ..estimate(None)
        };
        assert_eq!(due.work().requests, 20);
        assert_eq!(due.time(due.work()), Duration::from_mins(18));
        let not = Estimate {
            sweep_due: false,
            ..due
        };
        assert_eq!(not.time(not.work()), Duration::from_mins(9));
    }

    #[test]
    fn a_limit_of_one_a_minute_takes_a_minute_for_each() {
        let quota = Quota {
            points: 1,
            per: Duration::from_mins(1),
            left: None,
            renewed_in: None,
        };
        let time = estimate(Some(quota)).time(requests(90));
        assert!(
            time > Duration::from_mins(90) && time < Duration::from_mins(110),
            "{time:?}"
        );
        assert!((quota.share(90) - 1.5).abs() < 1e-9);
    }
}
