//! What GitHub states between its items: each as the simulated world has it, for those alone who may read both ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{AccessId, Document, EdgeKind, Link, Readers};
use testkit::provider::{Entry, Hand, Limits, Provider, Relation, Settings, Simulators, Size};

use crate::four::{DAY, open};
use crate::replay::table::Table;
use crate::simulated::{Held, assert_same};

const SELF: Provider = Provider::GitHub;

async fn start(seed: u64, graphql_denied: bool) -> Arc<Simulators> {
    let settings = Settings {
        seed,
        size: Size::of(400),
        limits: Limits::none(),
        token_life: Some(DAY * 1_000),
        graphql_denied,
        ..Settings::default()
    };
    Arc::new(Simulators::start(settings).await.expect("started"))
}

async fn sync(held: &mut Held, simulators: &Arc<Simulators>) {
    held.sync(&*open(SELF, simulators, 0), simulators).await;
}

/// The keys of issues, or of pull requests.
fn keys(held: &Held, pulls: bool) -> Vec<String> {
    let all = held.documents.values();
    let kind = if pulls { "pull_request" } else { "issue" };
    let mut keys: Vec<String> = all
        .filter(|one| one.kind.as_str() == kind)
        .map(|one| one.key.to_string())
        .collect();
    keys.sort();
    keys
}

fn repository(key: &str) -> &str {
    key.split('#').next().unwrap_or_default()
}

/// What of a rule a document states.
fn links<'h>(held: &'h Held, key: &str, rule: &str) -> Vec<&'h Link> {
    let document: &Document = held.documents.values().find(|one| one.key.as_str() == key).expect(key);
    document.links.iter().filter(|link| link.rule == rule).collect()
}

/// All that is held of what GitHub states, seen from its subject; what both ends state counts once.
fn stated(held: &Held) -> Vec<Relation> {
    let rules = [
        "github.assignees",
        "github.timeline.assigned",
        "github.connected",
        "github.duplicate",
    ];
    let mut told = BTreeSet::new();
    for document in held.documents.values() {
        for link in document.links.iter().filter(|link| rules.contains(&link.rule.as_str())) {
            let mut ends = [document.key.to_string(), link.target.to_string()];
            if link.inverse {
                ends.reverse();
            }
            let [from, to] = ends;
            told.insert(Relation {
                from,
                kind: link.kind.as_str(),
                to,
                at: link.at.expect("a time").0,
                until: link.until.map(|time| time.0),
            });
        }
    }
    told.into_iter().collect()
}

/// Do many things by hand, and take some of them back, over some hours.
fn work(simulators: &Simulators, held: &Held) {
    let (issues, pulls) = (keys(held, false), keys(held, true));
    let people = simulators.world().people().to_vec();
    let account = |at: usize| format!("account:github/{}", people[at % people.len()].github_login);
    let count = issues.len().min(pulls.len());
    for at in 0..count {
        // Some in the same repository, some in another.
        let (issue, pull, person) = (&issues[(at * 7) % issues.len()], &pulls[at], account(at));
        let other = &issues[(at * 7 + 1) % issues.len()];
        assert!(simulators.by_hand(Hand::Connect, pull, issue));
        assert!(simulators.by_hand(Hand::Duplicate, issue, other));
        assert!(simulators.by_hand(Hand::Assign, issue, &person));
        simulators.advance(Duration::from_mins(7));
        if at % 3 != 0 {
            assert!(simulators.by_hand(Hand::Disconnect, pull, issue));
            assert!(simulators.by_hand(Hand::NotDuplicate, issue, other));
            assert!(simulators.by_hand(Hand::Unassign, issue, &person));
            simulators.advance(Duration::from_mins(5));
        }
        if at % 3 == 1 {
            assert!(simulators.by_hand(Hand::Connect, pull, issue));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_the_world_states_is_held_with_its_times() {
    for seed in 1..=3 {
        let simulators = start(seed, false).await;
        let mut held = Held::default();
        sync(&mut held, &simulators).await;
        assert_eq!(stated(&held), simulators.world().relations());
        let before = stated(&held).len();
        work(&simulators, &held);
        sync(&mut held, &simulators).await;
        let told = stated(&held);
        assert_eq!(told, simulators.world().relations());
        let ended = told.iter().filter(|one| one.until.is_some()).count();
        assert!(told.len() > before + 30 && ended > 20, "{} of {}", ended, told.len());
        let mut fresh = Held::default();
        sync(&mut fresh, &simulators).await;
        assert_same(&held, &fresh);
        assert_eq!(simulators.log().violations, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_closes_by_hand_appears_and_goes() {
    let simulators = start(4, false).await;
    let mut held = Held::default();
    sync(&mut held, &simulators).await;
    let pull = &keys(&held, true)[0];
    let issues = keys(&held, false);
    let issue = issues
        .iter()
        .find(|one| repository(one) == repository(pull))
        .expect("one");
    assert!(simulators.by_hand(Hand::Connect, pull, issue));
    let since = simulators.now() / 1000 * 1000;
    sync(&mut held, &simulators).await;
    let told = links(&held, pull, "github.closing");
    let [link] = told[..] else { panic!("{told:?}") };
    assert_eq!(
        (
            link.kind,
            link.target.as_str(),
            link.also.as_ref(),
            link.at.map(|at| at.0)
        ),
        (EdgeKind::Closes, issue.as_str(), None, Some(since))
    );
    simulators.advance(Duration::from_mins(9));
    assert!(simulators.by_hand(Hand::Disconnect, pull, issue));
    sync(&mut held, &simulators).await;
    assert!(links(&held, pull, "github.closing").is_empty());
    for (key, inverse) in [(pull, false), (issue, true)] {
        let told = links(&held, key, "github.connected");
        let [link] = told[..] else { panic!("{told:?}") };
        let until = link.until.expect("an end").0;
        assert_eq!((link.inverse, link.at.map(|at| at.0)), (inverse, Some(since)));
        assert!(until >= since + 540_000 && until <= simulators.now(), "{link:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_had_an_item_had_it_until_somebody_else_did() {
    let simulators = start(5, false).await;
    let mut held = Held::default();
    sync(&mut held, &simulators).await;
    let issue = &keys(&held, false)[0];
    let people = simulators.world().people().to_vec();
    let held_by: BTreeSet<String> = links(&held, issue, "github.assignees")
        .iter()
        .map(|link| link.target.to_string())
        .collect();
    let account = |at: usize| format!("account:github/{}", people[at].github_login);
    let free: Vec<String> = (0..people.len())
        .map(account)
        .filter(|one| !held_by.contains(one))
        .collect();
    assert!(simulators.by_hand(Hand::Assign, issue, &free[0]));
    let began = simulators.now() / 1000 * 1000;
    simulators.advance(Duration::from_hours(2));
    assert!(simulators.by_hand(Hand::Unassign, issue, &free[0]));
    assert!(simulators.by_hand(Hand::Assign, issue, &free[1]));
    let ended = simulators.now() / 1000 * 1000;
    sync(&mut held, &simulators).await;
    let past: Vec<_> = links(&held, issue, "github.timeline.assigned")
        .into_iter()
        .map(|link| (link.target.as_str(), link.at.map(|at| at.0), link.until.map(|at| at.0)))
        .collect();
    assert_eq!(past, [(free[0].as_str(), Some(began), Some(ended))]);
    let now = links(&held, issue, "github.assignees");
    let own = now
        .iter()
        .find(|link| link.target.as_str() == free[1])
        .expect("assigned");
    assert_eq!((own.at.map(|at| at.0), own.until), (Some(ended), None));
}

/// The logins that a label is for; none where it is for everybody.
fn readers(held: &Held, label: &AccessId) -> Option<BTreeSet<String>> {
    match held.rules.get(label).map(|rule| &rule.readers) {
        Some(Readers::Principals(some)) => Some(some.iter().map(|one| one.0.clone()).collect()),
        Some(Readers::Public | Readers::EveryoneInSource) => None,
        None => Some(BTreeSet::new()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_an_edge_into_a_repository_that_he_may_not_see() {
    let simulators = start(6, false).await;
    let mut held = Held::default();
    sync(&mut held, &simulators).await;
    work(&simulators, &held);
    sync(&mut held, &simulators).await;
    let world = simulators.world();
    let may: BTreeMap<String, BTreeSet<String>> = (0..world.people().len())
        .map(|at| {
            let own = world.readable(SELF, at).into_iter().collect();
            (format!("account:github/{}", world.people()[at].github_login), own)
        })
        .collect();
    let (mut across, mut kept) = (0, 0);
    for document in held.documents.values() {
        for link in document.links.iter().filter(|link| link.target.scheme() == "github") {
            let stated = ["github.closing", "github.connected", "github.duplicate"].contains(&link.rule.as_str());
            if !stated {
                continue;
            }
            let far = repository(document.key.as_str()) != repository(link.target.as_str());
            assert_eq!(link.also.is_some(), far, "{link:?}");
            across += usize::from(far);
            let label = link.also.as_ref().unwrap_or(&document.access);
            let own = readers(&held, label);
            for (account, may) in &may {
                let sees = own.as_ref().is_none_or(|own| own.contains(account));
                assert_eq!(sees, may.contains(link.target.as_str()), "{account} {link:?}");
                kept += usize::from(far && !sees);
            }
        }
    }
    assert!(across > 20 && kept > 20, "{across} {kept}");
    // Of what the connecting account may not see, nothing is told at all.
    let guest = world.people().len() - 1;
    let own: BTreeSet<String> = world.readable(SELF, guest).into_iter().collect();
    let mut less = Held::default();
    less.sync(&*open(SELF, &simulators, guest), &simulators).await;
    let both = |one: &Relation| own.contains(&one.from) && (one.kind == "assigned" || own.contains(&one.to));
    let expected: Vec<Relation> = world.relations().into_iter().filter(both).collect();
    assert!(expected.len() < world.relations().len());
    assert_eq!(stated(&less), expected);
}

fn asks(entries: &[Entry], words: &str) -> usize {
    let asked = entries.iter().filter(|one| one.path == "/graphql");
    asked
        .filter(|one| String::from_utf8_lossy(&one.body).contains(words))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_permission_to_ask_the_rest_is_read() {
    let (denied, open) = (start(7, true).await, start(7, false).await);
    let (mut less, mut whole) = (Held::default(), Held::default());
    sync(&mut less, &denied).await;
    sync(&mut whole, &open).await;
    let discussion = |key: &String| {
        whole
            .documents
            .values()
            .any(|one| one.key.as_str() == key && one.kind.as_str() == "discussion")
    };
    assert_eq!(keys(&less, false), keys(&whole, false));
    assert_eq!(keys(&less, true), keys(&whole, true));
    assert!(!less.keys().iter().any(discussion) && whole.keys().iter().any(discussion));
    assert!(asks(&denied.log().entries, "nodes(ids") > 0);
    let assigned = less
        .documents
        .values()
        .flat_map(|one| &one.links)
        .find(|link| link.kind == EdgeKind::Assigned);
    assert_eq!(assigned.expect("somebody").at, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_timeline_is_read_over_its_pages() {
    let simulators = start(8, false).await;
    let mut held = Held::default();
    sync(&mut held, &simulators).await;
    let (issue, login) = (
        &keys(&held, false)[0],
        simulators.world().people()[1].github_login.clone(),
    );
    for _ in 0..80 {
        for hand in [Hand::Assign, Hand::Unassign] {
            assert!(simulators.by_hand(hand, issue, &format!("account:github/{login}")));
            simulators.advance(Duration::from_secs(2));
        }
    }
    simulators.clear_log();
    sync(&mut held, &simulators).await;
    let asked = simulators.log().entries;
    assert_eq!(asks(&asked, "node(id: $id)"), 1);
    let described = Table::read();
    for entry in asked.iter().filter(|one| one.path == "/graphql") {
        described.check(entry).expect("as GitHub's schema has it");
    }
    let past = links(&held, issue, "github.timeline.assigned").len();
    assert!(past >= 80, "{past}");
    assert_eq!(stated(&held), simulators.world().relations());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_read_is_asked_about() {
    let simulators = start(9, false).await;
    let mut held = Held::default();
    sync(&mut held, &simulators).await;
    let asked = asks(&simulators.log().entries, "nodes(ids");
    let (issues, pulls) = (keys(&held, false).len(), keys(&held, true).len());
    let repositories = held
        .documents
        .values()
        .filter(|one| one.kind.as_str() == "repository")
        .count();
    // A page of a hundred issues and one of thirty pull requests take one each.
    let most = issues.div_ceil(100) + pulls.div_ceil(30) + 2 * repositories;
    assert!((1..=most).contains(&asked), "{asked} of {most}");
    simulators.advance(DAY);
    sync(&mut held, &simulators).await;
    simulators.clear_log();
    simulators.advance(DAY / 4);
    sync(&mut held, &simulators).await;
    let again = asks(&simulators.log().entries, "nodes(ids");
    assert!(again <= repositories, "{again} of {repositories}");
}
