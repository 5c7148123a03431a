//! Three of ten requests go wrong, in every way there is: each run ends with what it would have read without that, asks for not
//! more than three times as much, and keeps to every limit.
//!
//! `NEUROSYNC_SEEDS` says how many runs there are for each provider; with `--nocapture` each tells how much more it asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{AccessRule, Account};
use testkit::provider::{Fault, Faults, Limits, Provider, Simulators, Violation};

use crate::four::{DAY, change, open, start};
use crate::simulated::{Held, assert_same};

/// Runs for each provider where nobody says otherwise.
const SEEDS: u64 = 4;
/// Of a thousand requests, how many go wrong.
const RATE: u32 = 300;
/// How much more a run may ask for.
const MOST: f64 = 3.0;
const ITEMS: usize = 200;
/// Changes between two readings, and when the readings begin. No reading takes as long, whatever goes wrong.
const CHANGES: usize = 14;
const BEGINNINGS: [u32; 4] = [0, 2, 4, LAST];
const LAST: u32 = 13;

/// What an hour's budget of these tests does not last for: one of Atlassian's must be ten times the largest answer, or the tenth that
/// is left to others would not cover it.
fn many(provider: Provider) -> usize {
    match provider {
        Provider::GitHub => 600,
        Provider::Confluence => 4_000,
        Provider::Jira | Provider::Slack => 2_500,
    }
}

/// How many days after the last everything has been read again that the provider does not date.
fn reread(provider: Provider) -> u32 {
    match provider {
        Provider::Jira | Provider::Confluence => 2,
        Provider::GitHub | Provider::Slack => 9,
    }
}

const NONE: Vec<&String> = Vec::new();

/// What a run came to.
struct Run {
    held: Held,
    /// The keys before and after each reading.
    readings: Vec<[Vec<String>; 2]>,
    asked: usize,
    violations: Vec<(Provider, i64, Violation)>,
}

/// Tells which run it was, when one fails.
struct Named(Provider, u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{:?} failed with seed {}", self.0, self.1);
        }
    }
}

/// Move the clock to a moment, so that the same changes happen at the same times however long the readings took.
fn wait_until(simulators: &Simulators, then: i64) {
    let left = u64::try_from(then - simulators.now()).expect("a reading took too long");
    simulators.advance(Duration::from_millis(left));
}

/// Read, while things change and go wrong, and at last once when nothing does.
async fn run(provider: Provider, seed: u64, faults: Faults) -> Run {
    let simulators: Arc<Simulators> = start(seed, ITEMS, Limits::default()).await;
    let began = simulators.now();
    let after = |days: u32| began + i64::try_from((DAY * days).as_millis()).expect("some days");
    let connector = open(provider, &simulators, 0);
    let mut held = Held::default();
    let mut readings = Vec::new();
    simulators.set_faults(faults);
    for (round, day) in BEGINNINGS.into_iter().enumerate() {
        wait_until(&simulators, after(day));
        let before = held.keys();
        held.sync(&*connector, &simulators).await;
        readings.push([before, held.keys()]);
        wait_until(&simulators, after(day + 1));
        change(provider, &simulators, round * CHANGES, CHANGES);
    }
    let asked = simulators.log().count(provider);
    simulators.set_faults(Faults::none());
    wait_until(&simulators, after(LAST + reread(provider)));
    held.sync(&*connector, &simulators).await;
    Run {
        held,
        readings,
        asked,
        violations: simulators.log().violations,
    }
}

/// What was held before and is not any more, though it is still there.
fn lost<'k>([before, now]: [&'k [String]; 2], there: &[String]) -> Vec<&'k String> {
    let [there, kept]: [BTreeSet<&String>; 2] = [there, now].map(|keys| keys.iter().collect());
    before
        .iter()
        .filter(|key| there.contains(key) && !kept.contains(key))
        .collect()
}

/// The rules that documents go by.
fn rules(held: &Held) -> Vec<&AccessRule> {
    let used: BTreeSet<_> = held.documents.values().map(|one| &one.access).collect();
    used.into_iter().filter_map(|id| held.rules.get(id)).collect()
}

fn accounts(held: &Held) -> Vec<&Account> {
    held.accounts.values().collect()
}

/// One run without faults and one with: how much more the second asks for.
async fn compare(provider: Provider, seed: u64) -> f64 {
    let _named = Named(provider, seed);
    let calm = run(provider, seed, Faults::none()).await;
    let rough = run(provider, seed, Faults::all(RATE)).await;
    assert_eq!((calm.violations, rough.violations), (Vec::new(), Vec::new()), "limits");
    assert_eq!(rough.held.rejected, Vec::<String>::new());
    for ([before, now], [_, there]) in rough.readings.iter().zip(&calm.readings) {
        assert_eq!(lost([before, now], there), NONE, "nothing is gone in between either");
    }
    assert_same(&rough.held, &calm.held);
    assert_eq!(rules(&rough.held), rules(&calm.held));
    assert_eq!(accounts(&rough.held), accounts(&calm.held));
    let more = share(rough.asked, calm.asked);
    println!(
        "{provider:?} seed {seed}: {} requests, {more:.2} times {}",
        rough.asked, calm.asked
    );
    assert!(more <= MOST, "{more:.2} times as many requests");
    more
}

/// Read with an hour's budget that does not last, and one that does: the same, and never more than is allowed.
async fn budget(provider: Provider, seed: u64) {
    let _named = Named(provider, seed);
    let tight = Limits {
        github_hourly: 150,
        atlassian_points: 1_200,
        ..Limits::default()
    };
    let simulators = start(seed, many(provider), tight).await;
    let mut held = Held::default();
    let began = simulators.now();
    held.sync(&*open(provider, &simulators, 0), &simulators).await;
    assert_eq!(simulators.log().violations, Vec::new());
    let waited = Duration::from_millis((simulators.now() - began).unsigned_abs());
    assert!(waited > DAY / 48, "it lasted: {waited:?}");
    let ample = start(seed, many(provider), Limits::none()).await;
    let mut whole = Held::default();
    whole.sync(&*open(provider, &ample, 0), &ample).await;
    assert_same(&held, &whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_s_budget_is_never_overspent() {
    for provider in [Provider::GitHub, Provider::Jira, Provider::Confluence] {
        budget(provider, 1).await;
    }
}

/// Read lists that lack one of their items, again and again: what is left out of a list is not taken for deleted.
async fn lacking(provider: Provider, seed: u64) {
    let _named = Named(provider, seed);
    let simulators = start(seed, ITEMS, Limits::none()).await;
    let connector = open(provider, &simulators, 0);
    let mut held = Held::default();
    held.sync(&*connector, &simulators).await;
    let before = held.keys();
    simulators.set_faults(Faults {
        rate: RATE,
        kinds: vec![Fault::Missing],
    });
    for day in 1..=4 {
        simulators.advance(DAY * 2);
        held.sync(&*connector, &simulators).await;
        let there = simulators.world().readable(provider, 0);
        assert_eq!(lost([&before, &held.keys()], &there), NONE, "sweep {day}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_list_leaves_out_is_not_deleted() {
    for provider in [Provider::GitHub, Provider::Jira, Provider::Confluence] {
        for seed in 1..=SEEDS {
            lacking(provider, seed).await;
        }
    }
}

fn share(one: usize, other: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).expect("not so many"));
    number(one) / number(other)
}

fn seeds() -> u64 {
    let asked = std::env::var_os("NEUROSYNC_SEEDS");
    asked.map_or(SEEDS, |text| text.to_string_lossy().parse().expect("a number of seeds"))
}

async fn all(provider: Provider) {
    let mut more = Vec::new();
    for seed in 1..=seeds() {
        more.push(compare(provider, seed).await);
    }
    more.sort_by(f64::total_cmp);
    let (median, most) = (more[more.len() / 2], more.last().copied().unwrap_or_default());
    println!(
        "{provider:?}: {} seeds, at most {most:.2} times, in the middle {median:.2}",
        more.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_comes_to_the_same_through_faults() {
    all(Provider::GitHub).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_comes_to_the_same_through_faults() {
    all(Provider::Jira).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slack_comes_to_the_same_through_faults() {
    all(Provider::Slack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confluence_comes_to_the_same_through_faults() {
    all(Provider::Confluence).await;
}
