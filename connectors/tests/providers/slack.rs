//! The Slack connector against the simulated provider: whole, incremental, under faults, and with people who may see less.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connectors::clock::Clock;
use connectors::http::Policy;
use connectors::slack::{Slack, SlackApiSettings};
use domain::{DocumentKind, Readers, SourceId};
use serde_json::json;
use testkit::provider::{Limits, Mutation, Provider, Settings, Simulators, Size};

use crate::simulated::{Held, SimClock, api, assert_same, url};

const DAY: Duration = Duration::from_hours(24);
const SELF: Provider = Provider::Slack;

async fn start(seed: u64, limits: Limits) -> Arc<Simulators> {
    let settings = Settings {
        seed,
        size: Size::of(300),
        limits,
        // Tests go over days, and nothing here renews tokens.
        token_life: Some(DAY * 1_000),
        ..Settings::default()
    };
    Arc::new(Simulators::start(settings).await.expect("started"))
}

fn connect(simulators: &Arc<Simulators>, token: &str) -> Slack {
    let address = format!("{}/api/", simulators.addresses().slack);
    let settings = json!({ "api": address, "access": "source", "types": ["public_channel", "private_channel", "im"] });
    let settings: SlackApiSettings = serde_json::from_value(settings).expect("settings");
    let policy = Policy::slack(&url(&address)).expect("policy");
    let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(simulators)));
    Slack::open(
        SourceId::new("chat").expect("slug"),
        settings,
        api(simulators, policy, token),
        clock,
    )
    .expect("opened")
}

fn open(simulators: &Arc<Simulators>, person: usize) -> Slack {
    connect(simulators, &simulators.tokens(SELF, person).access)
}

async fn fresh(simulators: &Arc<Simulators>, person: usize) -> Held {
    let mut held = Held::default();
    held.sync(&open(simulators, person), simulators).await;
    held
}

/// Leave out what the connecting account was shut out from: it is kept, for nobody.
fn forget_closed(held: &mut Held) {
    let rules = &held.rules;
    held.documents
        .retain(|_, one| rules[&one.access].readers != Readers::Principals([].into()));
}

fn threads(held: &Held) -> Vec<String> {
    let all = held.documents.values().filter(|one| one.kind == DocumentKind::Thread);
    let mut keys: Vec<String> = all.map(|one| one.key.as_str().to_owned()).collect();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sync_brings_every_visible_thread_once() {
    let simulators = start(1, Limits::none()).await;
    for person in [0, 1, 2] {
        simulators.clear_log();
        let held = fresh(&simulators, person).await;
        assert_eq!(held.rejected, Vec::<String>::new());
        assert_eq!(
            threads(&held),
            simulators.world().readable(SELF, person),
            "person {person}"
        );
        assert_eq!(held.upserts, held.documents.len(), "each once");
        let unknown: BTreeSet<String> = simulators
            .log()
            .entries
            .into_iter()
            .flat_map(|one| one.unknown)
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    let held = fresh(&simulators, 0).await;
    assert!(held.accounts.values().any(|one| !one.emails.is_empty()));
    assert!(held.documents.values().any(|one| one.kind == DocumentKind::Channel));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_and_sweeps_lead_to_what_a_fresh_sync_reads() {
    for seed in 1..=4 {
        let simulators = start(seed, Limits::none()).await;
        let connector = open(&simulators, 0);
        let mut held = Held::default();
        held.sync(&connector, &simulators).await;
        let kinds: Vec<Mutation> = Mutation::all()
            .into_iter()
            .filter(|one| one.provider() == SELF)
            .collect();
        for round in 0..60 {
            simulators.mutate_as(kinds[(round * 5 + usize::try_from(seed).expect("small")) % kinds.len()]);
            if round % 5 == 0 {
                held.sync(&connector, &simulators).await;
            }
        }
        // Replies that were edited are seen when the window is read with all replies.
        simulators.advance(DAY * 8);
        held.sync(&connector, &simulators).await;
        assert!(held.sweeps > 0);
        assert_eq!(held.rejected, Vec::<String>::new());
        forget_closed(&mut held);
        assert_same(&held, &fresh(&simulators, 0).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_and_a_deleted_message_are_found_by_the_next_poll() {
    let simulators = start(2, Limits::none()).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    for round in 0..20 {
        let kind = if round % 2 == 0 {
            Mutation::LateReply
        } else {
            Mutation::Delete(SELF)
        };
        let Some(changed) = simulators.mutate_as(kind) else {
            continue;
        };
        held.sync(&connector, &simulators).await;
        let there = fresh(&simulators, 0).await;
        let (ours, theirs) = (held.shown(), there.shown());
        let thread = |all: &Held| {
            all.documents
                .values()
                .find(|one| one.key.as_str() == changed.key)
                .map(|one| one.id)
        };
        let id = thread(&there).or_else(|| thread(&held));
        if kind == Mutation::LateReply {
            assert!(id.is_some(), "{changed:?}");
        }
        if let Some(id) = id {
            assert_eq!(ours.get(&id), theirs.get(&id), "{changed:?}");
        }
    }
    assert_eq!(held.sweeps, 0, "without a sweep");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_sync_costs_one_request_for_each_channel() {
    let simulators = start(6, Limits::none()).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    simulators.clear_log();
    held.sync(&connector, &simulators).await;
    let channels = held
        .documents
        .values()
        .filter(|one| one.kind == DocumentKind::Channel)
        .count();
    let asked = simulators.log().count(SELF);
    // The list of channels; the history of each, and the members of private ones.
    assert!(asked <= 1 + channels * 2, "{asked} requests for {channels} channels");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slacks_own_limits_are_never_passed() {
    let limits = Limits {
        slack_tiers: [1, 20, 50, 100],
        slack_unlisted: false,
        ..Limits::none()
    };
    let simulators = start(3, limits).await;
    let held = fresh(&simulators, 0).await;
    assert_eq!(threads(&held), simulators.world().readable(SELF, 0));
    assert_eq!(simulators.log().violations, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_outside_the_marketplace_reads_all_the_same() {
    let limits = Limits {
        slack_unlisted: true,
        ..Limits::none()
    };
    let simulators = start(4, limits).await;
    let held = fresh(&simulators, 0).await;
    assert_eq!(threads(&held), simulators.world().readable(SELF, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_changed_is_seen_by_the_next_poll() {
    let simulators = start(7, Limits::none()).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    let mut seen = 0;
    for _ in 0..30 {
        let before = held.rules.clone();
        if simulators.mutate_as(Mutation::Permission(SELF)).is_none() {
            continue;
        }
        held.sync(&connector, &simulators).await;
        let there = fresh(&simulators, 0).await;
        let kept = held
            .documents
            .iter()
            .filter(|(id, _)| !there.documents.contains_key(id));
        for (_, one) in kept {
            assert_eq!(
                held.rules[&one.access].readers,
                Readers::Principals([].into()),
                "{}",
                one.key
            );
        }
        for (id, one) in &there.documents {
            let ours = &held.documents[id];
            assert_eq!(
                (&ours.access, &held.rules[&ours.access]),
                (&one.access, &there.rules[&one.access])
            );
        }
        seen += usize::from(before != held.rules);
    }
    assert!(seen > 5, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_private_is_shown_to_its_members_alone() {
    let simulators = start(8, Limits::none()).await;
    let held = fresh(&simulators, 0).await;
    let world = simulators.world();
    for (number, person) in world.people().iter().enumerate() {
        let principal = format!("/{}", person.slack_id);
        let own: BTreeSet<String> = world.readable(SELF, number).into_iter().collect();
        for one in held.documents.values().filter(|one| one.kind == DocumentKind::Thread) {
            if let Readers::Principals(some) = &held.rules[&one.access].readers {
                let shown = some.iter().any(|one| one.0.ends_with(&principal));
                assert_eq!(shown, own.contains(one.key.as_str()), "{principal} {}", one.key);
            }
        }
    }
    assert!(
        held.rules
            .values()
            .any(|rule| rule.readers == Readers::EveryoneInSource)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_reads_where_it_is() {
    let simulators = start(9, Limits::none()).await;
    let token = simulators.bot_tokens().access;
    let connector = connect(&simulators, &token);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    assert!(!threads(&held).is_empty());
    assert!(
        held.rules
            .values()
            .all(|rule| rule.readers == Readers::EveryoneInSource)
    );
    simulators.advance(DAY * 8);
    let before = held.keys();
    held.sync(&connector, &simulators).await;
    assert_eq!((held.sweeps, held.keys()), (1, before));
}
