//! When each source is synced next. No clock and no waiting here: the server asks with the time that it is.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use domain::seam::store::SourceReport;
use domain::{Error, Result, Retry, SourceId, Target, Timestamp};

/// The name of the setting of a source.
pub(crate) const SETTING: &str = "schedule";

const OPERATION: &str = "read schedule";
/// The shortest interval: nothing is gained by asking more often, and providers would mind.
const SHORTEST: Duration = Duration::from_secs(10);
/// After a failure the next try comes after this, twice as long after each further one, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// How long a source rests after a sync, whatever webhooks say.
const REST: Duration = Duration::from_secs(10);
/// Things of one source that webhooks named; where there are more, all that is new is read.
const NAMED: usize = 100;
/// Failures after which what was named is left to a sync of the whole.
const TRIES: u32 = 3;
/// An interval is shorter or longer by up to this part of it, so that sources do not come all at once.
const JITTER: u64 = 10;

/// How often a source is synced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    /// Only when somebody says so.
    Never,
    /// So long after the end of the last sync.
    Every(Duration),
    /// At the times of a cron expression, in UTC.
    Cron(Box<Cron>),
}

impl Rule {
    /// `never`, an interval (`15m`, `2h 30m`), or a cron expression of five fields (`0 3 * * 1-5`) in UTC.
    ///
    /// # Errors
    /// `Invalid` for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let refused = |why: String| {
            Error::invalid(OPERATION, format!("`{text}`: {why}"))
                .with_hint("write an interval (15m, 2h), a cron expression in UTC (0 3 * * 1-5), or never")
        };
        let text = text.trim();
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(interval) = text.parse::<jiff::SignedDuration>() {
            let interval = Duration::try_from(interval).map_err(|error| refused(error.to_string()))?;
            if interval < SHORTEST {
                return Err(refused(format!("the shortest interval is {} s", SHORTEST.as_secs())));
            }
            if interval > LONGEST {
                return Err(refused("the longest interval is a year".to_owned()));
            }
            return Ok(Self::Every(interval));
        }
        if text.split_whitespace().count() != 5 {
            return Err(refused("a cron expression has five fields".to_owned()));
        }
        let cron = Cron::from_str(text).map_err(|error| refused(error.to_string()))?;
        let epoch = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        cron.find_next_occurrence(&epoch, false)
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// The rule of a source: its own, else `usual`.
    fn of(report: &SourceReport, usual: &Self) -> Self {
        let own = report.source.settings.get(SETTING).and_then(serde_json::Value::as_str);
        // It was checked when it was set; one that a later version wrote is not understood.
        match own {
            Some(text) => Self::parse(text).unwrap_or(Self::Never),
            // Nothing new comes into a file that was exported once.
            None if report.source.connector.ends_with("-archive") => Self::Never,
            None => usual.clone(),
        }
    }

    /// The next time after `last`, with an interval stretched by `share` of its jitter (-100 to 100).
    fn next(&self, last: Timestamp, share: i64) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Every(interval) => {
                let interval = i64::try_from(interval.as_millis()).ok()?;
                let jitter = interval / i64::try_from(JITTER).ok()? * share / 100;
                Some(Timestamp(last.0.saturating_add(interval + jitter)))
            }
            Self::Cron(cron) => {
                let last = jiff::Timestamp::from_millisecond(last.0)
                    .ok()?
                    .to_zoned(jiff::tz::TimeZone::UTC);
                let next = cron.find_next_occurrence(&last, false).ok()?;
                Some(Timestamp(next.timestamp().as_millisecond()))
            }
        }
    }
}

/// The sources that are synced by themselves.
#[derive(Debug)]
pub(crate) struct Schedule {
    usual: Rule,
    plans: BTreeMap<SourceId, Plan>,
}

/// What is to be read of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// What webhooks named, each by itself.
    Targets(Vec<Target>),
    /// All that is new.
    Whole,
}

/// Who wants a source that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    /// A webhook.
    Hint,
    /// The owner.
    Wish,
}

#[derive(Debug)]
struct Plan {
    rule: Rule,
    /// None: never.
    due: Option<Timestamp>,
    failures: u32,
    /// What is being read.
    running: Option<Work>,
    /// What webhooks named and is not being read yet, and since when there is any.
    named: BTreeSet<Target>,
    named_at: Timestamp,
    /// How often in a row what was named could not be read.
    tries: u32,
    /// Whether a webhook told of something that only a reading of the whole finds.
    hinted: bool,
    /// What was heard while it was running: what is new may have come after it was read.
    heard: Heard,
    /// Hints before this wait until then: it failed, or was synced just now.
    not_before: Timestamp,
}

impl Plan {
    /// When what webhooks named is to be read.
    fn named_due(&self) -> Option<Timestamp> {
        (!self.named.is_empty()).then(|| self.named_at.max(self.not_before))
    }

    /// When something is to be read next, unless something is now.
    fn next(&self) -> Option<Timestamp> {
        let due = [self.due, self.named_due()].into_iter().flatten().min();
        due.filter(|_| self.running.is_none())
    }

    /// Read all at the latest then.
    fn by(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

impl Schedule {
    /// An empty schedule; sources without a rule of their own follow `usual`.
    pub(crate) fn new(usual: Rule) -> Self {
        Self {
            usual,
            plans: BTreeMap::new(),
        }
    }

    /// Take in what sources there are: new ones are due by their last sync, changed rules count at once, removed ones go.
    pub(crate) fn refresh(&mut self, reports: &[SourceReport], now: Timestamp) {
        let live = |report: &&SourceReport| !report.removed;
        let mut plans = BTreeMap::new();
        for report in reports.iter().filter(live) {
            let (id, rule) = (report.source.id.clone(), Rule::of(report, &self.usual));
            let plan = match self.plans.remove(&id) {
                Some(known) if known.rule == rule || known.running.is_some() => {
                    let waits = known.failures > 0 || known.running.is_some() || !known.named.is_empty();
                    let unread = report.hinted.is_some() && !waits;
                    let due = if unread {
                        Some(known.due.map_or(now, |due| due.min(now)))
                    } else {
                        known.due
                    };
                    Plan { rule, due, ..known }
                }
                _ => {
                    // One that was never synced is due at once, as is what fell due while nobody was there.
                    let due = match report.last_sync {
                        // Nobody was there when a webhook said that there is something new, or not for long enough.
                        Some(_) if report.hinted.is_some() => Some(now),
                        // A clock that was set back must not put it off.
                        Some(last) => rule.next(last.min(now), share(&id, last)),
                        None => rule.next(now, 0).map(|_| now),
                    };
                    Plan {
                        rule,
                        due,
                        failures: 0,
                        running: None,
                        named: BTreeSet::new(),
                        named_at: Timestamp(0),
                        tries: 0,
                        hinted: false,
                        heard: Heard::Nothing,
                        not_before: Timestamp(0),
                    }
                }
            };
            plans.insert(id, plan);
        }
        self.plans = plans;
    }

    /// The source that is due first of those that are not running, and when.
    pub(crate) fn next(&self) -> Option<(Timestamp, &SourceId)> {
        self.plans
            .iter()
            .filter_map(|(id, plan)| Some((plan.next()?, id)))
            .min()
    }

    /// The source that is due first, if one is due, with what is to be read of it; it is running from now on, until it is told to
    /// have ended. What webhooks named comes before the rest, for it says what is gone, unless it could not be read just now.
    pub(crate) fn start(&mut self, now: Timestamp) -> Option<(SourceId, Work)> {
        let source = self
            .next()
            .filter(|(due, _)| *due <= now)
            .map(|(_, source)| source.clone())?;
        let plan = self.plans.get_mut(&source)?;
        let due = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        let work = if due(plan.named_due()) && !(due(plan.due) && plan.tries > 0) {
            Work::Targets(std::mem::take(&mut plan.named).into_iter().collect())
        } else {
            plan.tries = 0;
            plan.hinted = false;
            Work::Whole
        };
        plan.running = Some(work.clone());
        Some((source, work))
    }

    /// What a webhook named was read.
    pub(crate) fn answered(&mut self, source: &SourceId, target: &Target) {
        let running = self.plans.get_mut(source).and_then(|plan| plan.running.as_mut());
        if let Some(Work::Targets(targets)) = running {
            targets.retain(|one| one != target);
        }
    }

    /// Whether a webhook told of something that waits for a reading of the whole.
    pub(crate) fn wants_whole(&self, source: &SourceId) -> bool {
        self.plans.get(source).is_some_and(|plan| plan.hinted)
    }

    /// A webhook says that a source has something new, and what if that can be looked at by itself: it is due now, or when it may be
    /// tried again after it failed.
    pub(crate) fn hint(&mut self, source: &SourceId, target: Option<Target>, now: Timestamp) {
        let Some(plan) = self.plans.get_mut(source) else { return };
        match target {
            Some(target) if plan.named.len() < NAMED => {
                if plan.named.is_empty() {
                    plan.named_at = now;
                }
                plan.named.insert(target);
            }
            Some(_) | None => {
                plan.hinted = true;
                if plan.running == Some(Work::Whole) {
                    plan.heard = plan.heard.max(Heard::Hint);
                }
                plan.by(plan.not_before.max(now));
            }
        }
    }

    /// No source runs any more, whatever became of those that did.
    pub(crate) fn stopped(&mut self, now: Timestamp) {
        for plan in self.plans.values_mut().filter(|plan| plan.running.is_some()) {
            plan.running = None;
            plan.due = Some(after(now, FIRST_WAIT));
        }
    }

    /// The owner wants a source synced: it is due now, or once more when what is under way has ended.
    pub(crate) fn ask(&mut self, source: &SourceId, now: Timestamp) {
        if let Some(plan) = self.plans.get_mut(source) {
            if plan.running.is_some() {
                plan.heard = Heard::Wish;
            }
            plan.by(now);
        }
    }

    /// All sources.
    pub(crate) fn sources(&self) -> Vec<SourceId> {
        self.plans.keys().cloned().collect()
    }

    /// Plan anew after a sync that ended at `now`, well or not. A source that failed waits longer each time, or as long as its
    /// provider says, and holds up no other.
    pub(crate) fn ended(&mut self, source: &SourceId, failure: Option<Retry>, now: Timestamp) {
        let Some(plan) = self.plans.get_mut(source) else {
            return;
        };
        let usual = plan.rule.next(now, share(source, now));
        let work = plan.running.take();
        let heard = std::mem::replace(&mut plan.heard, Heard::Nothing);
        match (failure, work) {
            (None, work) => plan.succeeded(work, (heard, usual), now),
            (Some(retry), Some(Work::Targets(targets))) if plan.tries < TRIES && retry != Retry::Never => {
                plan.tries += 1;
                plan.not_before = after(now, wait(retry, plan.tries));
                plan.named.extend(targets);
                plan.due = match heard {
                    Heard::Wish => Some(plan.not_before),
                    Heard::Hint | Heard::Nothing => plan.due.map(|due| due.max(plan.not_before)),
                };
            }
            (Some(retry), work) => {
                plan.failures += 1;
                plan.not_before = after(now, wait(retry, plan.failures));
                plan.hinted |= matches!(work, Some(Work::Targets(_)));
                // What no repetition mends is tried at its usual time, where it has one that is later, or when somebody says so.
                plan.due = match (retry, usual) {
                    _ if heard != Heard::Nothing => Some(plan.not_before),
                    (Retry::Never, None) => None,
                    (Retry::Never, Some(usual)) => Some(usual.max(plan.not_before)),
                    (Retry::Now | Retry::After(_), _) => Some(plan.not_before),
                };
            }
        }
    }
}

impl Plan {
    fn succeeded(&mut self, work: Option<Work>, (heard, usual): (Heard, Option<Timestamp>), now: Timestamp) {
        self.tries = 0;
        if !matches!(work, Some(Work::Targets(_))) {
            self.failures = 0;
        }
        self.not_before = after(now, REST);
        match (heard, work) {
            (Heard::Wish, _) => self.due = Some(now),
            (Heard::Hint, _) => self.due = Some(self.not_before),
            // The rest is due when it was.
            (Heard::Nothing, Some(Work::Targets(_))) => {}
            (Heard::Nothing, Some(Work::Whole) | None) => self.due = usual,
        }
    }
}

/// How long to wait after so many failures in a row.
fn wait(retry: Retry, failures: u32) -> Duration {
    match retry {
        Retry::After(wait) => wait,
        Retry::Now | Retry::Never => {
            let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(10));
            doubled.min(LONGEST_WAIT)
        }
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp(time.0.saturating_add(wait))
}

/// A number from -100 to 100 that follows from the source and the time.
fn share(source: &SourceId, time: Timestamp) -> i64 {
    let domain::TextHash([a, b, ..]) = domain::TextHash::of(&format!("{source} {}", time.0));
    i64::from(u16::from_le_bytes([a, b]) % 201) - 100
}

#[cfg(test)]
mod tests;
