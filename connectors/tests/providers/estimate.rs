//! What a connector says beforehand of a sync is near what the sync then asks and brings.

use std::sync::Arc;

use domain::Estimate;
use domain::seam::Connector;
use testkit::provider::{Limits, Provider, Settings, Simulators, Size};

use crate::four::{DAY, change, open, start};
use crate::simulated::Held;

/// Seeds, and about how many items their worlds have.
const WORLDS: [(u64, usize); 4] = [(1, 100), (2, 400), (3, 1_200), (4, 3_000)];
/// The most requests of an estimate, in worlds of a few containers and of many.
const FEW: usize = 60;
const BOUND: usize = 200;

/// Estimate the next sync, make it, and compare.
struct Trial {
    simulators: Arc<Simulators>,
    provider: Provider,
    held: Held,
    most: usize,
}

impl Trial {
    fn new(provider: Provider, simulators: Arc<Simulators>) -> Self {
        Self {
            simulators,
            provider,
            held: Held::default(),
            most: FEW,
        }
    }

    async fn estimated(&self, connector: &dyn Connector) -> Estimate {
        self.simulators.clear_log();
        let told = connector
            .estimate(self.held.cursor.as_ref())
            .await
            .expect("an estimate");
        let asked = self.simulators.log().count(self.provider);
        assert!(asked <= self.most, "the estimate itself asks {asked} requests");
        told
    }

    /// What a sync asks and brings.
    async fn synced(&mut self, connector: &dyn Connector) -> (usize, usize) {
        self.simulators.clear_log();
        let before = self.held.upserts;
        self.held.sync(connector, &self.simulators).await;
        (self.simulators.log().count(self.provider), self.held.upserts - before)
    }

    async fn compare(&mut self, what: &str) {
        let provider = self.provider;
        let told = self.estimated(&*open(provider, &self.simulators, 0)).await;
        let (asked, brought) = self.synced(&*open(provider, &self.simulators, 0)).await;
        let (requests, documents) = (told.work().requests, told.documents.expect("counted"));
        println!(
            "{provider:?} {what}: {requests} requests estimated, {asked} asked; {documents} documents estimated, {brought} brought"
        );
        assert!(near(requests, asked), "{provider:?} {what}: {told:#?}");
        assert!(near(documents, brought), "{provider:?} {what}: {told:#?}");
        assert!(!told.grounds.is_empty());
    }
}

/// Within half as much again; of a few, a few may be missing.
fn near(told: u64, truth: usize) -> bool {
    let truth = u64::try_from(truth).expect("not so many");
    told.abs_diff(truth) <= 6 || (told * 2 <= truth * 3 && truth * 2 <= told * 3)
}

async fn all(provider: Provider) {
    for (seed, items) in WORLDS {
        let mut trial = Trial::new(provider, start(seed, items, Limits::none()).await);
        trial.compare("first").await;
        trial.compare("idle").await;
        change(provider, &trial.simulators, 0, 12);
        trial.simulators.advance(DAY / 24);
        trial.compare("changed").await;
        change(provider, &trial.simulators, 12, 12);
        trial.simulators.advance(DAY * 8);
        trial.compare("census").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_is_estimated() {
    all(Provider::GitHub).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_is_estimated() {
    all(Provider::Jira).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confluence_is_estimated() {
    all(Provider::Confluence).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slack_is_estimated() {
    all(Provider::Slack).await;
}

/// Minutes that a reading at one page a minute is told to take, and that it takes.
async fn held_back(seed: u64) -> (u64, u64) {
    let limits = Limits {
        slack_unlisted: true,
        ..Limits::none()
    };
    let simulators = start(seed, 2_000, limits).await;
    let mut trial = Trial::new(Provider::Slack, Arc::clone(&simulators));
    let connector = || open(Provider::Slack, &simulators, 0);
    let told = trial.estimated(&*connector()).await;
    assert!(
        told.grounds
            .iter()
            .any(|ground| ground.contains("one request a minute")),
        "{told:#?}"
    );
    let began = simulators.now();
    let (asked, _) = trial.synced(&*connector()).await;
    let took = (simulators.now() - began).unsigned_abs() / 60_000;
    let minutes = told.time(told.work()).as_secs() / 60;
    println!(
        "held back, seed {seed}: {} requests in {minutes} minutes estimated, {asked} in {took} made",
        told.work().requests
    );
    (minutes, took)
}

/// One page of one channel is all that there is time for: single worlds may be several times off, many are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slack_app_that_is_held_back_takes_hours() {
    let (mut minutes, mut took) = (0, 0);
    for seed in 1..=8 {
        let (told, made) = held_back(seed).await;
        assert!(made > 60 && told > 30);
        (minutes, took) = (minutes + told, took + made);
    }
    assert!(minutes <= took * 2 && took <= minutes * 2, "{minutes} {took}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_containers_are_told_by_some_of_them() {
    let settings = Settings {
        seed: 6,
        size: Size {
            people: 8,
            repositories: 90,
            projects: 70,
            channels: 60,
            spaces: 30,
            items: 2_000,
        },
        limits: Limits::none(),
        token_life: Some(DAY * 1_000),
        ..Settings::default()
    };
    let simulators = Arc::new(Simulators::start(settings).await.expect("started"));
    for provider in Provider::ALL {
        let mut trial = Trial::new(provider, Arc::clone(&simulators));
        trial.most = BOUND;
        trial.compare("many").await;
    }
}
