//! The circuit breaker: a provider that fails half the time is left alone for a while. No input, no output: the time is passed in.

use std::collections::VecDeque;
use std::time::Duration;

use domain::Timestamp;

use crate::clock::{after, until};

/// Outcomes that are remembered.
const WINDOW: usize = 20;
/// Outcomes before any judgement.
const MINIMUM: usize = 10;
/// How long it stays open the first time, and at most.
const OPEN: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(5)];
/// How long the one request that tries again may take before another may.
const PROBE: Duration = Duration::from_mins(2);
/// How long the others wait for it.
const OTHERS: Duration = Duration::from_secs(5);

/// Counts the outcomes of one provider for one tenant.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failed: VecDeque<bool>,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Timestamp,
    time: Duration,
    probing_until: Option<Timestamp>,
}

impl Breaker {
    /// Whether a request may be sent.
    ///
    /// # Errors
    /// How long it may not.
    pub(super) fn admit(&mut self, now: Timestamp) -> Result<(), Duration> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let wait = until(now, open.until);
        if !wait.is_zero() {
            return Err(wait);
        }
        // Its sender may be gone without a word: the right to try passes on when its time is over.
        match open.probing_until {
            Some(end) if end > now => Err(OTHERS.min(until(now, end))),
            _ => {
                open.probing_until = Some(after(now, PROBE));
                Ok(())
            }
        }
    }

    /// Take note of an outcome. Limits are none: a provider that counts requests is well.
    pub(super) fn record(&mut self, failed: bool, now: Timestamp) {
        if let Some(open) = self.open {
            // Late answers to requests sent before it opened tell nothing new.
            if open.probing_until.is_none() {
                return;
            }
            if failed {
                self.trip((open.time * 2).min(OPEN[1]), now);
            } else {
                *self = Self::default();
            }
            return;
        }
        if self.failed.len() == WINDOW {
            self.failed.pop_front();
        }
        self.failed.push_back(failed);
        let failures = self.failed.iter().filter(|failed| **failed).count();
        if self.failed.len() >= MINIMUM && failures * 2 >= self.failed.len() {
            self.trip(OPEN[0], now);
        }
    }

    /// A request that was let through ended without an outcome, by a limit: another may try.
    pub(super) fn no_outcome(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing_until = None;
        }
    }

    fn trip(&mut self, time: Duration, now: Timestamp) {
        self.failed.clear();
        self.open = Some(Open {
            until: after(now, time),
            time,
            probing_until: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn tripped() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..MINIMUM {
            breaker.record(true, at(0));
        }
        breaker
    }

    #[test]
    fn opens_at_half_of_at_least_ten() {
        let mut breaker = Breaker::default();
        for _ in 0..MINIMUM - 1 {
            breaker.record(true, at(0));
            assert_eq!(breaker.admit(at(0)), Ok(()));
        }
        breaker.record(true, at(0));
        assert_eq!(breaker.admit(at(0)), Err(OPEN[0]));
        let mut breaker = Breaker::default();
        for number in 0..200 {
            breaker.record(number % 3 == 0, at(0));
            assert_eq!(breaker.admit(at(0)), Ok(()), "one of three is well");
        }
    }

    #[test]
    fn old_outcomes_are_forgotten() {
        let mut breaker = Breaker::default();
        for _ in 0..1000 {
            breaker.record(false, at(0));
        }
        for _ in 0..WINDOW / 2 {
            breaker.record(true, at(0));
        }
        assert_eq!(breaker.admit(at(0)), Err(OPEN[0]));
    }

    #[test]
    fn one_tries_again_and_decides_for_all() {
        let mut breaker = tripped();
        assert_eq!(breaker.admit(at(29)), Err(Duration::from_secs(1)));
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.admit(at(30)), Err(OTHERS));
        breaker.record(false, at(31));
        assert_eq!(breaker.admit(at(31)), Ok(()));
        assert_eq!(breaker.admit(at(31)), Ok(()));
    }

    #[test]
    fn stays_open_longer_each_time_up_to_five_minutes() {
        let mut breaker = tripped();
        let mut now = 0;
        for expected in [30, 60, 120, 240, 300, 300] {
            assert_eq!(breaker.admit(at(now)), Err(Duration::from_secs(expected)));
            now += i64::try_from(expected).expect("small");
            assert_eq!(breaker.admit(at(now)), Ok(()));
            breaker.record(true, at(now));
        }
    }

    #[test]
    fn a_try_without_an_outcome_does_not_wedge_it() {
        let mut breaker = tripped();
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.admit(at(150)), Ok(()), "its time is over");
        breaker.no_outcome();
        assert_eq!(breaker.admit(at(150)), Ok(()));
    }

    #[test]
    fn late_answers_do_not_open_it_further() {
        let mut breaker = tripped();
        breaker.record(true, at(1));
        breaker.record(false, at(1));
        assert_eq!(breaker.admit(at(1)), Err(Duration::from_secs(29)));
    }
}
