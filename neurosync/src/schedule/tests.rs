//! What is due when: rules, failures, hints, and that nobody starves.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::seam::store::{SourceRecord, SourceReport};
use domain::{Retry, SourceId, Target, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::{Rule, Schedule, Work};

const MINUTE: i64 = 60_000;

fn report(name: &str, schedule: Option<&str>, last_sync: Option<i64>) -> SourceReport {
    SourceReport {
        source: SourceRecord {
            id: SourceId::new(name).unwrap(),
            connector: "git".to_owned(),
            settings: schedule.map_or_else(|| json!({}), |text| json!({"schedule": text})),
            added: Timestamp(0),
        },
        removed: false,
        documents: BTreeMap::new(),
        chunks: 0,
        dead_letters: 0,
        revision: 0,
        positions: BTreeMap::new(),
        last_sync: last_sync.map(Timestamp),
        last_census: None,
        hinted: None,
        staleness_seconds: None,
        frozen: None,
    }
}

fn schedule(reports: &[SourceReport], now: i64) -> Schedule {
    let mut schedule = Schedule::new(Rule::Never);
    schedule.refresh(reports, Timestamp(now));
    schedule
}

fn due(schedule: &Schedule) -> Option<(i64, String)> {
    schedule.next().map(|(due, source)| (due.0, source.to_string()))
}

#[test]
fn rules_are_intervals_cron_expressions_or_never() {
    assert_eq!(Rule::parse("15m").unwrap(), Rule::Every(Duration::from_mins(15)));
    assert_eq!(Rule::parse(" 2h 30m ").unwrap(), Rule::Every(Duration::from_mins(150)));
    assert_eq!(Rule::parse("never").unwrap(), Rule::Never);
    assert!(matches!(Rule::parse("0 3 * * 1-5").unwrap(), Rule::Cron(_)));
    for wrong in [
        "",
        "5s",
        "-3m",
        "often",
        "61 * * * *",
        "* * *",
        "* * * * * *",
        "0 0 30 2 *",
        "9000000000000000s",
    ] {
        assert!(Rule::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_source_never_synced_is_due_at_once_and_then_after_its_interval() {
    let now = 1_000 * MINUTE;
    let mut schedule = schedule(&[report("a", Some("10m"), None), report("b", None, None)], now);
    let (first, source) = due(&schedule).unwrap();
    assert!(first <= now && source == "a");
    schedule.ended(&SourceId::new("a").unwrap(), None, Timestamp(now));
    let (second, _) = due(&schedule).unwrap();
    assert!((now + 9 * MINUTE..=now + 11 * MINUTE).contains(&second), "{second}");
}

#[test]
fn cron_times_are_in_utc_and_one_that_passed_is_made_up_for() {
    let friday = Timestamp::parse("2026-11-20T10:00:00Z").unwrap().0;
    let mut schedule = schedule(&[report("a", Some("0 3 * * 1-5"), Some(friday))], friday);
    let monday = Timestamp::parse("2026-11-23T03:00:00Z").unwrap().0;
    assert_eq!(due(&schedule).unwrap().0, monday);
    let late = monday + 500 * MINUTE;
    schedule.ended(&SourceId::new("a").unwrap(), None, Timestamp(late));
    assert_eq!(
        due(&schedule).unwrap().0,
        Timestamp::parse("2026-11-24T03:00:00Z").unwrap().0
    );
    let missed = super::tests::schedule(&[report("a", Some("0 3 * * 1-5"), Some(friday))], late);
    assert!(due(&missed).unwrap().0 <= late);
}

#[test]
fn failures_wait_longer_each_time_and_a_provider_s_word_counts() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("1m"), None)], now);
    let mut waits = Vec::new();
    for _ in 0..9 {
        schedule.ended(&a, Some(Retry::Now), Timestamp(now));
        waits.push((due(&schedule).unwrap().0 - now) / MINUTE);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    schedule.ended(&a, Some(Retry::After(Duration::from_mins(47))), Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + 47 * MINUTE);
    schedule.ended(&a, None, Timestamp(now));
    schedule.ended(&a, Some(Retry::Now), Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + MINUTE);
}

#[test]
fn what_no_repetition_mends_waits_for_its_usual_time() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("24h"), None)], now);
    schedule.ended(&a, Some(Retry::Never), Timestamp(now));
    assert!(due(&schedule).unwrap().0 > now + 1200 * MINUTE);
}

#[test]
fn a_hint_makes_a_source_due_unless_it_waits_after_a_failure() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("never"), Some(now))], now);
    schedule.hint(&a, None, Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now);
    schedule.ended(&a, None, Timestamp(now));
    assert_eq!(due(&schedule), None);
    schedule.hint(&a, None, Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + 10_000, "after a rest");
    let mut failing = super::tests::schedule(&[report("a", Some("10m"), None)], now);
    failing.ended(&a, Some(Retry::Now), Timestamp(now));
    failing.hint(&a, None, Timestamp(now));
    assert_eq!(due(&failing).unwrap().0, now + MINUTE);
}

#[test]
fn what_a_webhook_said_before_a_stop_is_read_at_the_next_start() {
    let now = 1_000 * MINUTE;
    let hinted = |hinted: i64| SourceReport {
        hinted: Some(Timestamp(hinted)),
        ..report("a", Some("24h"), Some(now - MINUTE))
    };
    // What was read is not hinted at any more, whenever that was.
    assert_eq!(due(&schedule(&[hinted(now - 2 * MINUTE)], now)).unwrap().0, now);
    assert!(
        due(&schedule(&[report("a", Some("24h"), Some(now - MINUTE))], now))
            .unwrap()
            .0
            > now
    );
}

#[test]
fn what_webhooks_name_is_read_by_itself_and_moves_no_schedule() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("24h"), Some(now))], now);
    let (usual, _) = due(&schedule).unwrap();
    let named = |name: &str| Some(Target(name.to_owned()));
    for name in ["one", "two", "one"] {
        schedule.hint(&a, named(name), Timestamp(now));
    }
    let both = Work::Targets(["one", "two"].map(|name| Target(name.to_owned())).into());
    assert_eq!(schedule.start(Timestamp(now)), Some((a.clone(), both.clone())));
    schedule.hint(&a, named("three"), Timestamp(now));
    assert_eq!(due(&schedule), None, "it runs");
    schedule.ended(&a, None, Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + 10_000, "the third, after a rest");
    let (_, third) = schedule.start(Timestamp(now + 10_000)).unwrap();
    assert_eq!(third, Work::Targets(vec![Target("three".to_owned())]));
    schedule.ended(&a, None, Timestamp(now + 10_000));
    assert_eq!(due(&schedule).unwrap().0, usual);

    // What is not known by itself is for the whole, after what is.
    schedule.hint(&a, named("one"), Timestamp(now + MINUTE));
    schedule.hint(&a, named("two"), Timestamp(now + MINUTE));
    schedule.hint(&a, None, Timestamp(now + MINUTE));
    assert_eq!(schedule.start(Timestamp(now + MINUTE)), Some((a.clone(), both)));
    schedule.ended(&a, None, Timestamp(now + MINUTE));
    assert_eq!(schedule.start(Timestamp(now + MINUTE)), Some((a.clone(), Work::Whole)));
    schedule.ended(&a, None, Timestamp(now + MINUTE));

    // So is what are too many.
    for number in 0..200 {
        schedule.hint(&a, named(&number.to_string()), Timestamp(now + 2 * MINUTE));
    }
    let at = Timestamp(now + 2 * MINUTE);
    let Some((_, Work::Targets(targets))) = schedule.start(at) else {
        unreachable!("what was named comes first");
    };
    assert_eq!(targets.len(), 100);
    schedule.ended(&a, None, at);
    assert_eq!(schedule.start(at), Some((a, Work::Whole)));
}

#[test]
fn what_was_named_is_tried_again_and_then_left_to_a_whole_sync() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("never"), Some(now))], now);
    schedule.hint(&a, Some(Target("one".to_owned())), Timestamp(now));
    let mut waits = Vec::new();
    let last = loop {
        let (at, _) = due(&schedule).unwrap();
        waits.push((at - now) / MINUTE);
        let (_, work) = schedule.start(Timestamp(at)).unwrap();
        if work == Work::Whole {
            break at;
        }
        schedule.ended(&a, Some(Retry::Now), Timestamp(at));
    };
    assert_eq!(waits, [0, 1, 3, 7, 8]);
    schedule.ended(&a, None, Timestamp(last));
    assert_eq!(due(&schedule), None);
}

#[test]
fn a_source_of_webhooks_alone_is_tried_again_after_a_failure_and_rests_between_hints() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("never"), Some(now))], now);
    schedule.hint(&a, None, Timestamp(now));
    assert_eq!(schedule.start(Timestamp(now)), Some((a.clone(), Work::Whole)));
    schedule.ended(&a, Some(Retry::After(Duration::from_mins(5))), Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + 5 * MINUTE);
    schedule.hint(&a, None, Timestamp(now));
    assert_eq!(due(&schedule).unwrap().0, now + 5 * MINUTE);
    assert_eq!(
        schedule.start(Timestamp(now + 5 * MINUTE)),
        Some((a.clone(), Work::Whole))
    );
    schedule.hint(&a, None, Timestamp(now + 5 * MINUTE));
    schedule.ended(&a, None, Timestamp(now + 6 * MINUTE));
    assert_eq!(due(&schedule).unwrap().0, now + 6 * MINUTE + 10_000);
    // What can never be mended waits for a hint.
    schedule.ended(&a, Some(Retry::Never), Timestamp(now));
    assert_eq!(due(&schedule), None);
    schedule.hint(&a, None, Timestamp(now));
    assert!(due(&schedule).is_some());
    schedule.start(Timestamp(now + 60 * MINUTE));
    schedule.stopped(Timestamp(now));
    assert!(due(&schedule).is_some(), "nothing runs for ever");
}

#[test]
fn a_changed_rule_counts_at_once_and_a_removed_source_goes() {
    let now = 1_000 * MINUTE;
    let mut schedule = schedule(&[report("a", Some("24h"), Some(now))], now);
    schedule.refresh(&[report("a", Some("10m"), Some(now))], Timestamp(now));
    assert!(due(&schedule).unwrap().0 <= now + 11 * MINUTE);
    schedule.refresh(&[report("a", Some("never"), Some(now))], Timestamp(now));
    assert_eq!(due(&schedule), None);
    let removed = SourceReport {
        removed: true,
        ..report("a", Some("10m"), Some(now))
    };
    schedule.refresh(&[removed], Timestamp(now));
    assert_eq!(due(&schedule), None);
}

#[test]
fn a_running_source_is_not_started_twice_and_once_more_when_it_was_asked_for_meanwhile() {
    let (now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let reports = [report("a", Some("10m"), None), report("b", Some("10m"), None)];
    let mut schedule = schedule(&reports, now);
    let at = Timestamp(now);
    let names: Vec<_> = std::iter::from_fn(|| schedule.start(at))
        .map(|(one, _)| one.to_string())
        .collect();
    assert_eq!(names, ["a", "b"]);
    schedule.ask(&a, at);
    schedule.refresh(&[report("a", Some("5m"), None)], at);
    assert_eq!(
        (due(&schedule), schedule.start(at)),
        (None, None),
        "it still runs, the other is gone"
    );
    schedule.ended(&a, None, at);
    assert_eq!(schedule.start(at), Some((a.clone(), Work::Whole)));
    schedule.ended(&a, None, at);
    assert!(due(&schedule).unwrap().0 > now, "asked for once");
    schedule.ended(&a, Some(Retry::Now), at);
    schedule.ask(&a, at);
    assert_eq!(
        schedule.start(at),
        Some((a, Work::Whole)),
        "the owner does not wait for what failed"
    );
}

#[test]
fn what_cannot_be_read_by_itself_does_not_keep_the_whole_from_being_read() {
    let (mut now, a) = (1_000 * MINUTE, SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("10m"), Some(now))], now);
    let (mut whole, mut named) = (0, 0);
    for number in 0..200 {
        schedule.hint(&a, Some(Target(number.to_string())), Timestamp(now));
        now = due(&schedule).unwrap().0.max(now) + 1000;
        let Some((_, work)) = schedule.start(Timestamp(now)) else {
            continue;
        };
        let failed = match work {
            Work::Whole => None,
            Work::Targets(_) => Some(Retry::After(Duration::from_mins(1))),
        };
        whole += usize::from(failed.is_none());
        named += usize::from(failed.is_some());
        schedule.ended(&a, failed, Timestamp(now));
    }
    assert!(whole >= 15 && named >= 100, "{whole} whole, {named} named");
}

#[test]
fn a_hint_at_the_whole_is_wanted_until_that_is_read() {
    let (now, a) = (Timestamp(1_000 * MINUTE), SourceId::new("a").unwrap());
    let mut schedule = schedule(&[report("a", Some("24h"), Some(now.0))], now.0);
    let one = Target("one".to_owned());
    schedule.hint(&a, Some(one.clone()), now);
    schedule.hint(&a, None, now);
    assert!(schedule.wants_whole(&a));
    let (_, work) = schedule.start(now).unwrap();
    assert_eq!(work, Work::Targets(vec![one.clone()]));
    schedule.answered(&a, &one);
    schedule.ended(&a, Some(Retry::Now), now);
    let (_, work) = schedule.start(Timestamp(now.0 + MINUTE)).unwrap();
    assert_eq!(work, Work::Whole, "what was read is not read again");
    assert!(!schedule.wants_whole(&a));
}

proptest! {
    #[test]
    fn no_source_is_starved(intervals in prop::collection::vec(1_i64..30, 1..8), seed: u8) {
        let names: Vec<String> = (0..intervals.len()).map(|number| format!("s{number}-{seed}")).collect();
        let rules: Vec<String> = intervals.iter().map(|minutes| format!("{minutes}m")).collect();
        let reports: Vec<_> = names.iter().zip(&rules).map(|(name, rule)| report(name, Some(rule), None)).collect();
        let mut now = 1_000 * MINUTE;
        let mut schedule = schedule(&reports, now);
        let (start, mut runs) = (now, BTreeMap::<String, i64>::new());
        while now < start + 600 * MINUTE {
            let (due, source) = due(&schedule).unwrap();
            // Each sync takes a second.
            now = now.max(due) + 1000;
            *runs.entry(source.clone()).or_default() += 1;
            schedule.ended(&SourceId::new(&source).unwrap(), None, Timestamp(now));
        }
        for (name, minutes) in names.iter().zip(&intervals) {
            let least = 600 / (minutes + minutes / 5 + 1) - 1;
            prop_assert!(runs.get(name).copied().unwrap_or_default() >= least, "{name} every {minutes}m: {runs:?}");
        }
    }
}
