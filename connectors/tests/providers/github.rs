//! The GitHub connector against the simulated provider: whole, incremental, under faults, and with people who may see less.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connectors::clock::Clock;
use connectors::github::{GitHub, GitHubApiSettings};
use connectors::http::Policy;
use domain::{DocumentKind, Readers, SourceId};
use serde_json::json;
use testkit::provider::{Limits, Mutation, Provider, Settings, Simulators, Size};

use crate::simulated::{Held, SimClock, api, assert_same, url};

const DAY: Duration = Duration::from_hours(24);
const SELF: Provider = Provider::GitHub;

async fn start(seed: u64) -> Arc<Simulators> {
    let settings = Settings {
        seed,
        size: Size::of(400),
        limits: Limits::none(),
        // Tests go over days, and nothing here renews tokens.
        token_life: Some(DAY * 1_000),
        ..Settings::default()
    };
    Arc::new(Simulators::start(settings).await.expect("started"))
}

fn open(simulators: &Arc<Simulators>, person: usize) -> GitHub {
    let address = &simulators.addresses().github;
    let settings = json!({ "api": address, "access": "public" });
    let settings: GitHubApiSettings = serde_json::from_value(settings).expect("settings");
    let mut policy = Policy::github(&url(address)).expect("policy");
    policy.budget = None;
    let token = simulators.tokens(SELF, person).access;
    let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(simulators)));
    let source = SourceId::new("gh").expect("slug");
    GitHub::open(source, settings, api(simulators, policy, &token), clock).expect("opened")
}

async fn fresh(simulators: &Arc<Simulators>, person: usize) -> Held {
    let mut held = Held::default();
    held.sync(&open(simulators, person), simulators).await;
    held
}

/// Keys of what the provider has, without the commits, which come by git.
fn readable(simulators: &Simulators, person: usize) -> Vec<String> {
    let keys = simulators.world().readable(SELF, person);
    keys.into_iter().filter(|key| key.starts_with("github:")).collect()
}

/// Whether a key is that of a comment or review.
fn is_part(key: &str) -> bool {
    key.split('#').nth(1).is_some_and(|rest| rest.contains('/'))
}

fn items(held: &Held) -> Vec<String> {
    held.keys()
        .into_iter()
        .filter(|key| key.starts_with("github:") && !is_part(key))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sync_brings_every_visible_item_once() {
    let simulators = start(1).await;
    for person in [0, 1, 2] {
        simulators.clear_log();
        let held = fresh(&simulators, person).await;
        assert_eq!(held.rejected, Vec::<String>::new());
        assert_eq!(items(&held), readable(&simulators, person), "person {person}");
        assert_eq!(held.upserts, held.documents.len(), "each once");
        let log = simulators.log();
        assert_eq!(log.violations, []);
        let unknown: BTreeSet<_> = log.entries.iter().flat_map(|one| &one.unknown).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    let held = fresh(&simulators, 0).await;
    let kinds: BTreeSet<_> = held.documents.values().map(|one| one.kind).collect();
    let expected = [
        DocumentKind::Repository,
        DocumentKind::Issue,
        DocumentKind::PullRequest,
        DocumentKind::Review,
        DocumentKind::Comment,
        DocumentKind::Discussion,
        DocumentKind::Release,
    ];
    assert_eq!(kinds, expected.into());
    let pull = held
        .documents
        .values()
        .find(|one| one.kind == DocumentKind::PullRequest)
        .expect("one");
    for rule in ["github.commits", "github.files", "github.user"] {
        assert!(pull.links.iter().any(|link| link.rule == rule), "{rule}");
    }
    assert!(
        held.accounts.values().any(|one| !one.names.is_empty())
            && held.accounts.values().any(|one| !one.emails.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_and_sweeps_lead_to_what_a_fresh_sync_reads() {
    for seed in 1..=4 {
        let simulators = start(seed).await;
        let connector = open(&simulators, 0);
        let mut held = Held::default();
        held.sync(&connector, &simulators).await;
        let kinds: Vec<Mutation> = Mutation::all()
            .into_iter()
            .filter(|one| one.provider() == SELF && *one != Mutation::RenamePerson)
            .collect();
        for round in 0..60 {
            simulators.mutate_as(kinds[(round * 3 + usize::try_from(seed).expect("small")) % kinds.len()]);
            if round % 5 == 0 {
                held.sync(&connector, &simulators).await;
            }
        }
        simulators.advance(DAY);
        held.sync(&connector, &simulators).await;
        assert!(held.sweeps > 0);
        assert_eq!(held.rejected, Vec::<String>::new());
        assert_same(&held, &fresh(&simulators, 0).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_person_is_met_again_when_everything_is_read_again() {
    let simulators = start(5).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    simulators.mutate_as(Mutation::RenamePerson).expect("renamed");
    simulators.advance(DAY * 8);
    held.sync(&connector, &simulators).await;
    assert_same(&held, &fresh(&simulators, 0).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_sync_costs_one_request_for_each_list() {
    let simulators = start(6).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    held.sync(&connector, &simulators).await;
    simulators.clear_log();
    held.sync(&connector, &simulators).await;
    let (asked, repositories) = (simulators.log().count(SELF), simulators.world().readable(SELF, 0).len());
    let containers = held
        .documents
        .values()
        .filter(|one| one.kind == DocumentKind::Repository)
        .count();
    // Who asks, which repositories there are; then access (with the members, of an internal one), six lists, and what is stated of
    // the issues that are read again.
    assert!(
        asked <= 2 + containers * 9,
        "{asked} requests for {containers} repositories and {repositories} items"
    );
    assert!(simulators.log().entries.iter().filter(|one| one.status == 304).count() >= containers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_changed_is_seen_by_the_next_poll() {
    let simulators = start(7).await;
    let connector = open(&simulators, 0);
    let mut held = Held::default();
    held.sync(&connector, &simulators).await;
    let mut seen = 0;
    for _ in 0..30 {
        let before = held.rules.clone();
        simulators.mutate_as(Mutation::Permission(SELF)).expect("changed");
        held.sync(&connector, &simulators).await;
        assert_eq!(held.rules, fresh(&simulators, 0).await.rules);
        seen += usize::from(before != held.rules);
    }
    assert!(seen > 10, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_shows_to_few_is_shown_to_nobody_else() {
    let simulators = start(8).await;
    let held = fresh(&simulators, 0).await;
    let world = simulators.world();
    for (number, person) in world.people().iter().enumerate() {
        let principal = format!("account:github/{}", person.github_login);
        let own: BTreeSet<String> = readable(&simulators, number).into_iter().collect();
        let shown = held
            .documents
            .values()
            .filter(|one| match &held.rules[&one.access].readers {
                Readers::Public => true,
                Readers::EveryoneInSource => false,
                Readers::Principals(some) => some.iter().any(|one| one.0 == principal),
            });
        let shown: BTreeSet<String> = shown.map(|one| one.key.as_str().to_owned()).collect();
        let leaked: Vec<&String> = shown
            .iter()
            .filter(|key| key.starts_with("github:") && !is_part(key) && !own.contains(*key))
            .collect();
        assert!(leaked.is_empty(), "{principal}: {leaked:?}");
        let missing: Vec<&String> = own.difference(&shown).collect();
        assert!(missing.is_empty(), "{principal}: {missing:?}");
    }
    // Somebody who may not see who reads a private repository shows it to himself alone.
    let guest = world.people().len() - 1;
    let login = &world.people()[guest].github_login;
    let held = fresh(&simulators, guest).await;
    for rule in held.rules.values() {
        if let Readers::Principals(some) = &rule.readers {
            assert!(some.iter().any(|one| one.0.ends_with(login.as_str())), "{rule:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_longer_listed_is_closed_and_kept() {
    let simulators = start(9).await;
    let mut held = Held::default();
    held.sync(&open(&simulators, 0), &simulators).await;
    let (before, name) = (held.documents.len(), simulators.world().readable(SELF, 0)[0].clone());
    assert!(!name.is_empty());
    // The same source, now with the eyes of a guest.
    let guest = simulators.world().people().len() - 1;
    let connector = open(&simulators, guest);
    simulators.advance(DAY);
    held.sync(&connector, &simulators).await;
    assert_eq!((held.documents.len(), held.sweeps), (before, 1));
    let closed = held
        .rules
        .values()
        .filter(|rule| rule.readers == Readers::Principals([].into()))
        .count();
    assert!(closed > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_from_any_cursor_may_be_repeated() {
    let simulators = start(10).await;
    let connector = open(&simulators, 0);
    let (mut held, mut cursors) = (Held::default(), vec![None]);
    held.sync(&connector, &simulators).await;
    let mut cursor = None;
    loop {
        let page = domain::seam::Connector::pull(&connector, cursor.as_ref())
            .await
            .expect("a page");
        cursor = Some(page.cursor.clone());
        cursors.push(cursor.clone());
        if !page.more {
            break;
        }
    }
    let whole = fresh(&simulators, 0).await;
    for cursor in cursors {
        let mut again = held.clone();
        again.cursor = cursor;
        again.sync(&connector, &simulators).await;
        assert_same(&again, &whole);
    }
}
