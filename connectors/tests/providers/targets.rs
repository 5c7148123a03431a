//! What a webhook names is read by itself, with a handful of requests, and is then as a fresh reading finds it.

use std::collections::BTreeMap;

use connectors::webhook::{Sender, target};
use domain::seam::Connector;
use domain::{Document, DocumentId, Readers, Target};
use serde_json::Value;
use testkit::provider::{Changed, Delivery, Limits, Mutation, Provider, Secrets, Simulators};

use crate::four::{open, start};
use crate::simulated::{Held, assert_same};

/// Every document with who may read it.
type Shown = BTreeMap<DocumentId, (Document, Option<Readers>)>;

/// Changes of each run.
const CHANGES: usize = 60;
/// The most requests for what one delivery names: GitHub's lists of pull requests cost three for each that changed, Jira's issues
/// their history, links and comments, and Slack tells who people and channels are.
const REQUESTS: usize = 14;

/// The kinds of changes that webhooks tell of in full. Names and permissions are for a whole sync.
fn kinds(provider: Provider) -> Vec<Mutation> {
    let told = |one: &Mutation| {
        one.provider() == provider
            && !matches!(
                one,
                Mutation::Permission(_) | Mutation::Rename(_) | Mutation::RenamePerson
            )
    };
    Mutation::all().into_iter().filter(told).collect()
}

fn sender(provider: Provider) -> Sender {
    match provider {
        Provider::GitHub => Sender::GitHub,
        Provider::Jira => Sender::Jira,
        Provider::Slack => Sender::Slack,
        Provider::Confluence => unreachable!("Confluence sends none"),
    }
}

/// A header of a delivery.
fn header<'d>(delivery: &'d Delivery, name: &str) -> Option<&'d str> {
    let found = delivery.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Follow one delivery; whether it was read by itself.
pub(crate) async fn follow(
    held: &mut Held,
    connector: &dyn Connector,
    simulators: &Simulators,
    changed: &Changed,
) -> bool {
    let deliveries = simulators.deliveries(changed, &Secrets::default());
    let delivery = deliveries.first().expect("a delivery");
    let provider = sender(delivery.provider);
    let Some(target) = target(provider, |name| header(delivery, name), &delivery.body) else {
        return false;
    };
    let before = simulators.log().count(delivery.provider);
    let read = look(held, connector, &target).await;
    let asked = simulators.log().count(delivery.provider) - before;
    assert!(asked <= REQUESTS, "{asked} requests for {target:?}");
    read
}

/// Look at what is named; whether it was read by itself.
pub(crate) async fn look(held: &mut Held, connector: &dyn Connector, target: &Target) -> bool {
    let cursor = held.cursor.clone().expect("read before");
    let Some(page) = connector.pull_target(&cursor, target).await.expect("read") else {
        return false;
    };
    assert!(page.more, "what else is new was not read");
    held.apply(page);
    true
}

async fn run(provider: Provider, seed: u64) {
    let simulators = start(seed, 200, Limits::none()).await;
    let mut held = Held::default();
    held.sync(&*open(provider, &simulators, 0), &simulators).await;
    let (kinds, mut by_itself) = (kinds(provider), 0);
    for number in 0..CHANGES {
        let Some(changed) = simulators.mutate_as(kinds[number % kinds.len()]) else {
            continue;
        };
        let connector = open(provider, &simulators, 0);
        let followed = follow(&mut held, &*connector, &simulators, &changed).await;
        by_itself += usize::from(followed);
        // An issue that moved to another repository is told of there as a new one, which the simulators leave out.
        if !followed || changed.mutation == Mutation::Move(Provider::GitHub) {
            held.sync(&*connector, &simulators).await;
        }
    }
    println!("{provider:?}, seed {seed}: {by_itself} of {CHANGES} by themselves");
    assert!(by_itself * 2 > CHANGES, "{by_itself} were read by themselves");
    // What went with an issue is found by a census.
    held.census(&*open(provider, &simulators, 0)).await;
    let mut fresh = Held::default();
    fresh.sync(&*open(provider, &simulators, 0), &simulators).await;
    if provider == Provider::Jira {
        // A link stands at both of its ends, and nothing tells of the other one.
        for document in held.documents.values_mut().chain(fresh.documents.values_mut()) {
            document.links.clear();
        }
    }
    assert_same(&held, &fresh);
}

#[tokio::test]
async fn what_webhooks_name_is_as_a_fresh_reading_finds_it() {
    for provider in [Provider::GitHub, Provider::Jira, Provider::Slack] {
        for seed in [5, 6] {
            run(provider, seed).await;
        }
    }
}

/// The key of a message's thread, of an issue or of a comment that a change deletes is found no more, without any whole sync.
#[tokio::test]
async fn what_is_deleted_is_gone_with_its_webhook() {
    for provider in [Provider::GitHub, Provider::Jira, Provider::Slack] {
        let simulators = start(9, 200, Limits::none()).await;
        let mut held = Held::default();
        held.sync(&*open(provider, &simulators, 0), &simulators).await;
        let mut gone = 0;
        for _ in 0..20 {
            let before = held.documents.len();
            let Some(changed) = simulators.mutate_as(Mutation::Delete(provider)) else {
                continue;
            };
            let connector = open(provider, &simulators, 0);
            if follow(&mut held, &*connector, &simulators, &changed).await && held.documents.len() < before {
                gone += 1;
            }
        }
        assert!(gone >= 8, "{provider:?}: {gone} of 20 went");
    }
}

/// A delivery is no proof: what is still there stays, whatever is said of it.
#[tokio::test]
async fn what_is_said_to_be_deleted_and_is_there_stays() {
    for provider in [Provider::GitHub, Provider::Jira] {
        let simulators = start(9, 200, Limits::none()).await;
        let connector = open(provider, &simulators, 0);
        let mut held = Held::default();
        held.sync(&*connector, &simulators).await;
        let told = (0..50).find_map(|_| {
            let changed = simulators.mutate_as(Mutation::Edit(provider))?;
            let body = simulators.deliveries(&changed, &Secrets::default()).pop()?.body;
            let body: Value = serde_json::from_slice(&body).ok()?;
            body["comment"].is_null().then_some(body)
        });
        let mut body = told.expect("an edited issue");
        body["action"] = "deleted".into();
        body["webhookEvent"] = "jira:issue_deleted".into();
        let header = |name: &str| (name == "x-github-event").then_some("issues");
        let target = target(sender(provider), header, body.to_string().as_bytes()).expect("a target");
        let before = held.documents.len();
        assert!(look(&mut held, &*connector, &target).await);
        assert_eq!(held.documents.len(), before, "{provider:?}");
    }
}

/// That every document that is new or another is for those who read it by a fresh reading; how many were for others before.
fn assert_readers(before: &Shown, now: &Shown, fresh: &Shown) -> usize {
    let mut differing = 0;
    for (id, (document, readers)) in now {
        let old = before.get(id);
        let (Some((_, right)), true) = (fresh.get(id), old.map(|(old, _)| old) != Some(document)) else {
            continue;
        };
        assert_eq!(readers, right, "{}", document.key);
        differing += usize::from(old.is_some_and(|(_, old)| old != right));
    }
    differing
}

/// What somebody lost sight of stays out of his sight when it changes: its readers are told before what is new.
#[tokio::test]
async fn what_is_new_is_for_those_who_may_read_it_now() {
    for provider in [Provider::GitHub, Provider::Jira, Provider::Slack] {
        let simulators = start(11, 200, Limits::none()).await;
        let mut held = Held::default();
        held.sync(&*open(provider, &simulators, 0), &simulators).await;
        let (mut followed, mut differing) = (0, 0);
        for _ in 0..8 {
            // Nobody tells of these.
            for _ in 0..8 {
                simulators.mutate_as(Mutation::Permission(provider));
            }
            let mut fresh = Held::default();
            fresh.sync(&*open(provider, &simulators, 0), &simulators).await;
            let before = held.shown();
            let Some(changed) = simulators.mutate_as(Mutation::Edit(provider)) else {
                continue;
            };
            if !follow(&mut held, &*open(provider, &simulators, 0), &simulators, &changed).await {
                continue;
            }
            followed += 1;
            differing += assert_readers(&before, &held.shown(), &fresh.shown());
        }
        println!("{provider:?}: {followed} changes, {differing} with other readers");
        assert!(followed >= 3 && differing >= 1, "{provider:?}: {followed}, {differing}");
    }
}
