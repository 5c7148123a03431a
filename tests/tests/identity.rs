//! Who is who over the four providers and Git: read by the real connectors, most addresses hidden, measured against the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::identity::Persons;
use domain::{Caller, Principal};
use neurosync::app::App;
use neurosync::cli::{Cli, Command};
use neurosync::config::{Config, Environment};
use neurosync::pipeline::{Demands, Pipeline};
use neurosync::{Unwatched, never};
use neurosync_tests::providers::{Virtual, configured, connect_all_for, redirect, simulators_over};
use neurosync_tests::{Neurosync, tell};
use testkit::provider::{Provider, Simulators, Size, World};

/// Of a thousand addresses, those that a provider shows.
const SHOWN: u32 = 450;

/// An organisation of so many people, each with about six pieces of work.
fn world(seed: u64, people: usize) -> World {
    let size = Size {
        people,
        items: people * 4,
        ..Size::of(people * 20)
    };
    World::new(seed, size)
        .with_shown(seed, SHOWN)
        .with_work(seed, people * 6)
}

/// A data folder with sources of all providers and the logs of all repositories, read and projected into the graph. The connectors
/// keep their pace by the simulators' clock, on which waits take no time.
async fn read(simulators: &Arc<Simulators>, redirect: &str) -> (Neurosync, App) {
    let neurosync = configured(simulators, redirect);
    tokio::task::block_in_place(|| {
        connect_all_for(&neurosync, simulators, "source");
        let logs = neurosync.data().with_file_name("logs");
        std::fs::create_dir_all(&logs).expect("a folder");
        for (number, (repository, log)) in simulators.world().commit_logs().into_iter().enumerate() {
            let file = logs.join(format!("{}.jsonl", repository.replace('/', "__")));
            std::fs::write(&file, log).expect("a file");
            let (name, file) = (format!("git-{number}"), file.display().to_string());
            neurosync.json(&["source", "add", "commits", &name, &file, "--access", "source"]);
        }
    });
    let cli = Cli {
        data: Some(neurosync.data().to_owned()),
        json: true,
        verbose: 0,
        model_dir: None,
        device: None,
        command: Command::Doctor,
    };
    let environment = Environment::read();
    let config = Config::load(&cli, &environment).expect("a configuration");
    let app = App::open(config, &environment).await.expect("a data folder");
    let app = app.with_clock(Arc::new(Virtual(Arc::clone(simulators))));
    let pipeline = Pipeline {
        app: &app,
        index: app.index(&Unwatched).await.expect("a model"),
        progress: Arc::new(Unwatched),
        cancel: never(),
        demands: Demands::default(),
    };
    for report in app.sync_store().sources().await.expect("sources") {
        let run = pipeline.read(&report).await.expect("read");
        assert!(run.error.is_none(), "{run:?}");
    }
    pipeline.follow_graph().await.expect("projected");
    (neurosync, app)
}

/// Pairs of accounts of one person.
fn pairs<'a>(persons: impl Iterator<Item = Vec<&'a str>>) -> BTreeSet<(&'a str, &'a str)> {
    let mut pairs = BTreeSet::new();
    for mut accounts in persons {
        accounts.sort_unstable();
        for (at, one) in accounts.iter().enumerate() {
            pairs.extend(accounts.iter().skip(at + 1).map(|other| (*one, *other)));
        }
    }
    pairs
}

fn found(persons: &Persons) -> BTreeSet<(&str, &str)> {
    let accounts = |person: &'_ domain::identity::Person| person.accounts.len();
    assert!(persons.all().iter().map(accounts).sum::<usize>() > 0, "nobody was read");
    pairs(
        persons
            .all()
            .iter()
            .map(|person| person.accounts.iter().map(|account| account.id.as_str()).collect()),
    )
}

/// Precision and recall over pairs of the accounts that were read.
fn measure(persons: &Persons, truth: &[Vec<String>]) -> (f64, f64, usize) {
    let known: BTreeSet<&str> = persons
        .all()
        .iter()
        .flat_map(|person| &person.accounts)
        .map(|account| account.id.as_str())
        .collect();
    let truth = truth.iter().map(|accounts| {
        accounts
            .iter()
            .map(String::as_str)
            .filter(|one| known.contains(one))
            .collect()
    });
    let (truth, found) = (pairs(truth), found(persons));
    for (one, other) in found.difference(&truth) {
        tell(&format!("wrong: {one} {other}"));
    }
    let right = found.intersection(&truth).count();
    let share = |of: usize| f64::from(u32::try_from(right).expect("few")) / f64::from(u32::try_from(of).expect("few"));
    (share(found.len()), share(truth.len()), truth.len())
}

/// What share of addresses no provider or log shows.
fn hidden(world: &World) -> f64 {
    let all = world
        .people()
        .iter()
        .flat_map(|person| Provider::ALL.map(|one| !person.shown_by.contains(&one)));
    let all: Vec<bool> = all.collect();
    let count = |of: usize| f64::from(u32::try_from(of).expect("few"));
    count(all.iter().filter(|hidden| **hidden).count()) / count(all.len())
}

async fn resolved(seed: u64, people: usize) -> (f64, f64) {
    let redirect = redirect();
    let world = world(seed, people);
    let hidden = hidden(&world);
    assert!(hidden > 0.5, "{hidden}");
    let simulators = Arc::new(simulators_over(&redirect, world).await);
    let (_neurosync, app) = read(&simulators, &redirect).await;
    let truth = simulators.world().accounts();
    let persons = app.explore().persons(&Caller::Owner).await.expect("persons");
    let (precision, recall, pairs) = measure(&persons, &truth);
    tell(&format!(
        "seed {seed}, {people} people, {:.0} % of addresses hidden: {pairs} pairs, precision {precision:.4}, recall {recall:.4}, {} to review",
        hidden * 100.0,
        persons.review().len()
    ));
    (precision, recall)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_find_their_persons() {
    for seed in [1, 2] {
        let (precision, recall) = resolved(seed, 40).await;
        assert!(precision >= 0.99 && recall >= 0.9, "seed {seed}: {precision} {recall}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namesakes_stay_apart() {
    // Beyond 256 people the names repeat.
    let (precision, recall) = resolved(7, 300).await;
    assert!(precision >= 0.99 && recall >= 0.9, "{precision} {recall}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_s_persons_follow_from_what_he_sees() {
    let redirect = redirect();
    let simulators = Arc::new(simulators_over(&redirect, world(4, 12)).await);
    let (_neurosync, app) = read(&simulators, &redirect).await;
    let explore = app.explore();
    let all = explore.persons(&Caller::Owner).await.expect("persons");
    let of = |sources: &[&str]| {
        let principals = sources.iter().map(|source| Principal(format!("source:{source}")));
        Caller::Principals(principals.collect())
    };
    let nobody = explore.persons(&of(&[])).await.expect("persons");
    let slack = explore.persons(&of(&["slack"])).await.expect("persons");
    let ids = |persons: &Persons| -> BTreeMap<String, usize> {
        persons
            .all()
            .iter()
            .map(|person| (person.id.clone(), person.accounts.len()))
            .collect()
    };
    // What is public shows no more than its own sources' accounts.
    let public: BTreeSet<&str> = nobody
        .all()
        .iter()
        .flat_map(|person| &person.accounts)
        .map(|one| one.source.as_str())
        .collect();
    assert!(!public.contains("slack"), "{public:?}");
    let own: BTreeSet<&str> = slack
        .all()
        .iter()
        .flat_map(|person| &person.accounts)
        .map(|one| one.source.as_str())
        .collect();
    assert!(
        own.contains("slack") && !own.iter().any(|source| source.starts_with("git-")),
        "{own:?}"
    );
    assert!(ids(&slack).len() > ids(&nobody).len());
    assert!(all.all().iter().any(|person| person.accounts.len() >= 4));
}
