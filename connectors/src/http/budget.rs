//! What a grant may spend, and how long it is blocked. No input, no output: the time is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;

use super::Rate;
use crate::clock::{after, until};

/// The share of a limit that is left to others.
const RESERVE: f64 = 0.1;
/// The share of a limit that may be spent at once.
const BURST: f64 = 0.1;
/// The longest wait that an untold limit grows to.
const LONGEST: Duration = Duration::from_hours(1);

/// What a server says is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// The limit.
    pub(super) limit: u64,
    /// What is left of it.
    pub(super) remaining: u64,
    /// When it begins anew.
    pub(super) renewed_in: Duration,
}

/// One grant's budget, over all of its lanes.
#[derive(Debug, Default)]
pub(super) struct Budget {
    bucket: Option<Bucket>,
    blocked: Timestamp,
    lanes: BTreeMap<&'static str, Lane>,
    /// Limits met in a row for which the server told no time to wait.
    strikes: u32,
}

#[derive(Debug, Default)]
struct Lane {
    bucket: Option<Bucket>,
    blocked: Timestamp,
    /// What was left when the server last said so, and when that was.
    left: Option<(Left, Timestamp)>,
}

/// The shortest time in which so many points of a rate can be spent.
#[expect(clippy::cast_precision_loss, reason = "an estimate is not exact to 53 bits")]
pub(super) fn shortest(rate: Rate, points: u64) -> Duration {
    let bucket = Bucket::new(rate, Timestamp(0));
    let points = points as f64 - bucket.capacity;
    Duration::try_from_secs_f64(points.max(0.0) / bucket.per_milli / 1000.0).unwrap_or(Duration::MAX)
}

impl Budget {
    /// A budget of this rate.
    pub(super) fn new(rate: Option<Rate>, now: Timestamp) -> Self {
        Self {
            bucket: rate.map(|rate| Bucket::new(rate, now)),
            ..Self::default()
        }
    }

    /// Spend `cost` points in a lane.
    ///
    /// # Errors
    /// How long to wait before asking again; nothing is spent.
    pub(super) fn spend(
        &mut self,
        (name, rate): (&'static str, Option<Rate>),
        cost: u32,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let lane = self.lanes.entry(name).or_default();
        if lane.bucket.is_none() {
            lane.bucket = rate.map(|rate| Bucket::new(rate, now));
        }
        let blocked = until(now, self.blocked.max(lane.blocked));
        // A lane's limit counts requests; the grant's counts points.
        let wait = [(self.bucket.as_mut(), cost), (lane.bucket.as_mut(), 1)]
            .into_iter()
            .filter_map(|(bucket, cost)| bucket.map(|bucket| bucket.wait(cost, now)))
            .fold(blocked, Duration::max);
        if !wait.is_zero() {
            return Err(wait);
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.level -= f64::from(cost);
        }
        if let Some(bucket) = &mut lane.bucket {
            bucket.level -= 1.0;
        }
        Ok(())
    }

    /// Let nothing through for `wait`: in one lane, or in all of them.
    pub(super) fn block(&mut self, lane: Option<&'static str>, wait: Duration, now: Timestamp) {
        let blocked = match lane {
            Some(lane) => &mut self.lanes.entry(lane).or_default().blocked,
            None => &mut self.blocked,
        };
        *blocked = (*blocked).max(after(now, wait));
    }

    /// How long to wait after a limit for which the server told no time: `first`, and twice as long for each in a row.
    pub(super) fn strike(&mut self, first: Duration) -> Duration {
        let wait = first.saturating_mul(1 << self.strikes.min(16)).min(LONGEST);
        self.strikes = self.strikes.saturating_add(1);
        wait
    }

    /// A request went through: the next limit is the first one again.
    pub(super) fn passed(&mut self) {
        self.strikes = 0;
    }

    /// Take note of what is left. At the reserve, the lane is blocked until the limit begins anew.
    pub(super) fn observe(&mut self, lane: &'static str, left: Left, now: Timestamp) {
        self.lanes.entry(lane).or_default().left = Some((left, now));
        if left.remaining <= left.limit / 10 {
            self.block(Some(lane), left.renewed_in, now);
        }
    }

    /// What the server last said was left of a lane's limit, if that still holds at `now`.
    pub(super) fn left(&self, lane: &'static str, now: Timestamp) -> Option<Left> {
        let (left, then) = self.lanes.get(lane)?.left?;
        let renewed_in = left.renewed_in.checked_sub(until(then, now))?;
        Some(Left { renewed_in, ..left })
    }
}

/// A bucket that fills at a steady rate. In no period does it let more through than the rate's points less the reserve.
#[derive(Debug)]
struct Bucket {
    capacity: f64,
    per_milli: f64,
    level: f64,
    filled: Timestamp,
}

impl Bucket {
    fn new(rate: Rate, now: Timestamp) -> Self {
        let points = f64::from(rate.points);
        let capacity = (points * BURST).max(1.0);
        // At one point a period there is no room for a burst: one point, then nearly nothing until the next.
        let refill = (points * (1.0 - RESERVE) - capacity).max(1.0 - RESERVE);
        Self {
            capacity,
            per_milli: refill / (rate.period.as_secs_f64() * 1000.0),
            level: capacity,
            filled: now,
        }
    }

    /// How long until `cost` points may be spent. What costs more than the bucket holds waits for a full one and leaves a debt.
    fn wait(&mut self, cost: u32, now: Timestamp) -> Duration {
        let passed = until(self.filled, now).as_secs_f64() * 1000.0;
        self.level = (self.level + passed * self.per_milli).min(self.capacity);
        self.filled = now;
        let missing = f64::from(cost).min(self.capacity) - self.level;
        // Rounding must not leave a wait of no time at all for a sum that is not there yet.
        if missing <= 1e-9 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(missing / self.per_milli / 1000.0).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: (&str, Option<Rate>) = ("", None);

    /// Send as fast as the budget lets through and give the times.
    fn spend_all(budget: &mut Budget, lane: (&'static str, Option<Rate>), number: usize) -> Vec<i64> {
        let mut now = Timestamp(0);
        let mut times = Vec::new();
        while times.len() < number {
            match budget.spend(lane, 1, now) {
                Ok(()) => times.push(now.0),
                Err(wait) => now = after(now, wait.max(Duration::from_millis(1))),
            }
        }
        times
    }

    #[test]
    fn no_period_holds_more_than_nine_tenths() {
        for points in [1, 2, 5, 10, 15, 50, 900] {
            let mut budget = Budget::new(Some(Rate::per_minute(points)), Timestamp(0));
            let times = spend_all(&mut budget, LANE, points as usize * 3);
            let most = (0..times.len())
                .map(|first| {
                    times
                        .iter()
                        .skip(first)
                        .take_while(|time| **time < times[first] + 60_000)
                        .count()
                })
                .max();
            let allowed = (points as usize * 9).div_ceil(10);
            assert!(most <= Some(allowed), "{points}: {most:?}");
        }
    }

    #[test]
    fn the_shortest_time_is_what_spending_takes() {
        for points in [1, 20, 50, 900] {
            let rate = Rate::per_minute(points);
            let mut budget = Budget::new(Some(rate), Timestamp(0));
            let number = points as usize * 3;
            let last = spend_all(&mut budget, LANE, number).last().copied();
            let told = shortest(rate, number as u64).as_millis();
            let took = last.map_or(0, |last| u128::from(last.unsigned_abs()));
            assert!(told.abs_diff(took) <= took / 50, "{points}: {told} {took}");
        }
    }

    #[test]
    fn what_is_left_is_told_until_the_limit_begins_anew() {
        let mut budget = Budget::default();
        let left = Left {
            limit: 5000,
            remaining: 4000,
            renewed_in: Duration::from_mins(40),
        };
        budget.observe("", left, Timestamp(0));
        let later = after(Timestamp(0), Duration::from_mins(10));
        let renewed_in = Duration::from_mins(30);
        assert_eq!(budget.left("", later), Some(Left { renewed_in, ..left }));
        assert_eq!(budget.left("", after(later, Duration::from_mins(31))), None);
        assert_eq!(budget.left("search", later), None);
    }

    #[test]
    fn a_lane_has_a_limit_of_its_own() {
        let mut budget = Budget::new(None, Timestamp(0));
        let lane = ("history", Some(Rate::per_minute(1)));
        assert_eq!(budget.spend(lane, 1, Timestamp(0)), Ok(()));
        assert!(budget.spend(lane, 1, Timestamp(59_000)).is_err());
        assert_eq!(budget.spend(("replies", None), 1, Timestamp(0)), Ok(()));
        assert_eq!(budget.spend(lane, 1, Timestamp(67_000)), Ok(()));
    }

    #[test]
    fn a_large_cost_leaves_a_debt() {
        let mut budget = Budget::new(Some(Rate::per_minute(900)), Timestamp(0));
        assert_eq!(budget.spend(LANE, 500, Timestamp(0)), Ok(()));
        let wait = budget.spend(LANE, 1, Timestamp(0)).expect_err("debt");
        assert!(wait > Duration::from_secs(30), "{wait:?}");
        assert_eq!(
            budget.spend(LANE, 1, after(Timestamp(0), wait + Duration::from_millis(1))),
            Ok(())
        );
    }

    #[test]
    fn a_block_holds_one_lane_or_all() {
        let mut budget = Budget::new(None, Timestamp(0));
        budget.block(Some("search"), Duration::from_secs(5), Timestamp(0));
        assert_eq!(
            budget.spend(("search", None), 1, Timestamp(1000)),
            Err(Duration::from_secs(4))
        );
        assert_eq!(budget.spend(LANE, 1, Timestamp(1000)), Ok(()));
        budget.block(None, Duration::from_secs(2), Timestamp(1000));
        assert_eq!(budget.spend(LANE, 1, Timestamp(1000)), Err(Duration::from_secs(2)));
        budget.block(None, Duration::from_secs(1), Timestamp(1000));
        assert_eq!(
            budget.spend(LANE, 1, Timestamp(2000)),
            Err(Duration::from_secs(1)),
            "never shortened"
        );
        assert_eq!(budget.spend(("search", None), 1, Timestamp(5000)), Ok(()));
    }

    #[test]
    fn the_reserve_is_left_to_others() {
        let mut budget = Budget::new(None, Timestamp(0));
        let left = |remaining| Left {
            limit: 5000,
            remaining,
            renewed_in: Duration::from_mins(40),
        };
        budget.observe("", left(501), Timestamp(0));
        assert_eq!(budget.spend(LANE, 1, Timestamp(0)), Ok(()));
        budget.observe("", left(500), Timestamp(0));
        assert_eq!(budget.spend(LANE, 1, Timestamp(0)), Err(Duration::from_mins(40)));
    }

    #[test]
    fn untold_waits_double_until_one_goes_through() {
        let mut budget = Budget::default();
        let minute = Duration::from_mins(1);
        assert_eq!(
            [(); 3].map(|()| budget.strike(minute)),
            [minute, minute * 2, minute * 4]
        );
        for _ in 0..70 {
            assert!(budget.strike(minute) <= LONGEST);
        }
        budget.passed();
        assert_eq!(budget.strike(minute), minute);
    }
}
