//! The connector against a simulated site.

mod convergence;
mod hooks;

use std::collections::BTreeSet;

use domain::{DocumentKind, Principal, SourceId};
use serde_json::json;
use testkit::provider::{Mutation, Provider};

use super::Jira;
use crate::atlassian::desk::{Desk, Held};
use crate::http::Api;

const ISSUES: [DocumentKind; 1] = [DocumentKind::Issue];

/// The connector over a grant, with every change found within a day.
fn over(desk: &Desk, api: Api) -> Jira {
    let settings =
        json!({ "api": desk.address(), "site": "https://acme.atlassian.net", "name": "acme", "census_days": 1 });
    let settings = serde_json::from_value(settings).expect("settings");
    Jira::open(SourceId::new("jira").expect("slug"), settings, api, desk.clock()).expect("opened")
}

fn connector(desk: &Desk, person: usize) -> Jira {
    over(desk, desk.api(person))
}

/// All that a person's own sync holds.
async fn fresh(desk: &Desk, person: usize) -> Held {
    let mut held = Held::default();
    held.sync(&connector(desk, person), desk).await;
    held
}

fn readable(desk: &Desk, person: usize) -> Vec<String> {
    desk.site.world().readable(Provider::Jira, person)
}

#[tokio::test]
async fn a_full_sync_gives_every_visible_issue_once() {
    let desk = Desk::start(Provider::Jira, 1).await;
    for person in [0, 1, 4] {
        let held = fresh(&desk, person).await;
        assert_eq!(held.keys(&ISSUES), readable(&desk, person));
        assert!(held.told.values().all(|times| *times == 1), "{:?}", held.told);
    }
    let held = fresh(&desk, 0).await;
    assert!(!held.keys(&[DocumentKind::Comment]).is_empty() && !held.keys(&[DocumentKind::Project]).is_empty());
    assert_eq!(held.accounts.len(), desk.site.world().people().len());
    let violations = desk.site.log().violations;
    assert_eq!(violations, []);
}

#[tokio::test]
async fn a_sync_without_news_asks_for_projects_and_changes() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&jira, &desk).await;
    desk.asked();
    held.sync(&jira, &desk).await;
    let asked = desk.site.log().entries;
    // Two lists, and permissions: a scheme for each project, and the members of groups and levels.
    let projects = held.keys(&[DocumentKind::Project]).len();
    assert!(
        (3 + projects..=5 + projects).contains(&asked.len()),
        "{:?}",
        desk.asked()
    );
    assert!(held.told.is_empty());
    let different: BTreeSet<_> = asked.iter().map(|one| (&one.path, &one.query, &one.body)).collect();
    assert_eq!(different.len(), asked.len(), "nothing is asked twice");
}

#[tokio::test]
async fn nobody_reads_what_the_site_does_not_show_him() {
    let desk = Desk::start(Provider::Jira, 3).await;
    let held = fresh(&desk, 0).await;
    let all: BTreeSet<String> = held.all().into_keys().collect();
    for person in 0..desk.site.world().people().len() {
        let own: BTreeSet<String> = fresh(&desk, person).await.all().into_keys().collect();
        let expected: BTreeSet<String> = own.intersection(&all).cloned().collect();
        assert_eq!(
            held.readable(&desk.principal("jira", person)),
            expected,
            "person {person}"
        );
    }
    assert!(held.readable(&Principal("group:engineering".into())).is_empty());
}

#[tokio::test]
async fn what_an_account_may_not_know_of_permissions_is_for_that_account_alone() {
    let desk = Desk::start(Provider::Jira, 2).await;
    let people = desk.site.world().people().len();
    let some = (1..people)
        .find(|person| !readable(&desk, *person).is_empty())
        .expect("a reader");
    let narrow = over(&desk, desk.api_with(some, "read:jira-work read:jira-user"));
    let mut held = Held::default();
    held.sync(&narrow, &desk).await;
    let own = desk.principal("jira", some);
    assert_eq!(held.keys(&ISSUES), readable(&desk, some));
    // A lead may know who reads his own project; nobody but the account reads the others.
    assert_eq!(held.readable(&own).len(), held.documents.len());
    for person in (0..people).filter(|person| *person != some) {
        let theirs: BTreeSet<String> = fresh(&desk, person).await.all().into_keys().collect();
        assert!(
            held.readable(&desk.principal("jira", person)).is_subset(&theirs),
            "person {person}"
        );
    }
}

#[tokio::test]
async fn a_change_of_permissions_shows_on_the_next_sync() {
    let desk = Desk::start(Provider::Jira, 5).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&jira, &desk).await;
    for _ in 0..20 {
        desk.site
            .mutate_as(Mutation::Permission(Provider::Jira))
            .expect("a change");
        held.sync(&jira, &desk).await;
        let all: BTreeSet<String> = held.keys(&ISSUES).into_iter().collect();
        for person in 0..desk.site.world().people().len() {
            let seen: BTreeSet<String> = readable(&desk, person).into_iter().collect();
            let shown = held.readable(&desk.principal("jira", person));
            let shown: BTreeSet<String> = shown.intersection(&all).cloned().collect();
            assert_eq!(shown, seen.intersection(&all).cloned().collect(), "person {person}");
        }
    }
}

#[tokio::test]
async fn a_filter_takes_only_its_projects() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let settings =
        json!({ "api": desk.address(), "site": "https://acme.atlassian.net", "name": "acme", "projects": ["pay"] });
    let settings = serde_json::from_value(settings).expect("settings");
    let source = SourceId::new("jira").expect("slug");
    let jira = Jira::open(source, settings, desk.api(0), desk.clock()).expect("opened");
    let mut held = fresh(&desk, 0).await;
    // What other settings brought in goes.
    held.sync(&jira, &desk).await;
    let wanted: Vec<String> = readable(&desk, 0)
        .into_iter()
        .filter(|key| key.starts_with("jira:acme/PAY-"))
        .collect();
    assert_eq!(held.keys(&ISSUES), wanted);
    assert_eq!(held.keys(&[DocumentKind::Project]), ["jira:acme/PAY"]);
}
