//! The connector against a simulated site.

mod client;
mod convergence;

use std::collections::BTreeSet;

use domain::{DocumentKind, SourceId};
use serde_json::json;
use testkit::provider::{Mutation, Provider};

use super::Confluence;
use crate::atlassian::desk::{Desk, Held};

const PAGES: [DocumentKind; 1] = [DocumentKind::Page];

/// The connector over a person's grant, with every page read again from time to time.
fn connector(desk: &Desk, person: usize) -> Confluence {
    rereading(desk, person, 1000)
}

/// One that reads so many pages again.
fn rereading(desk: &Desk, person: usize, reread: u32) -> Confluence {
    let settings =
        json!({ "api": desk.address(), "site": "https://acme.atlassian.net", "name": "acme", "reread": reread });
    let settings = serde_json::from_value(settings).expect("settings");
    let source = SourceId::new("wiki").expect("slug");
    Confluence::open(source, settings, desk.api(person), desk.clock()).expect("opened")
}

/// All that a person's own sync holds.
async fn fresh(desk: &Desk, person: usize) -> Held {
    let mut held = Held::default();
    held.sync(&connector(desk, person), desk).await;
    held
}

fn readable(desk: &Desk, person: usize) -> Vec<String> {
    desk.site.world().readable(Provider::Confluence, person)
}

#[tokio::test]
async fn a_full_sync_gives_every_visible_page_once() {
    let desk = Desk::start(Provider::Confluence, 1).await;
    for person in [0, 1, 4] {
        let held = fresh(&desk, person).await;
        assert_eq!(held.keys(&PAGES), readable(&desk, person));
        assert!(held.told.values().all(|times| *times == 1), "{:?}", held.told);
    }
    assert!(!fresh(&desk, 0).await.keys(&[DocumentKind::Space]).is_empty());
    assert_eq!(desk.site.log().violations, []);
}

#[tokio::test]
async fn comments_files_labels_and_authors_come_with_their_pages() {
    let (mut comments, mut fields, mut accounts) = (0, BTreeSet::new(), 0);
    for seed in 1..=4 {
        let desk = Desk::start(Provider::Confluence, seed).await;
        let held = fresh(&desk, 0).await;
        comments += held.keys(&[DocumentKind::Comment]).len();
        fields.extend(
            held.documents
                .values()
                .flat_map(|document| document.fields.keys().cloned()),
        );
        accounts += held.accounts.len();
        for comment in held.documents.values().filter(|one| one.kind == DocumentKind::Comment) {
            let page = comment.key.as_str().split('#').next().expect("a page");
            let page = held
                .documents
                .values()
                .find(|one| one.key.as_str() == page)
                .expect("its page");
            assert_eq!(comment.access, page.access);
        }
    }
    assert!(comments > 0 && accounts > 0);
    assert!(fields.contains("label") && fields.contains("attachment"), "{fields:?}");
}

#[tokio::test]
async fn a_sync_without_news_asks_once_for_each_list() {
    let desk = Desk::start(Provider::Confluence, 1).await;
    let wiki = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&wiki, &desk).await;
    desk.asked();
    held.sync(&wiki, &desk).await;
    let (alone, lists): (Vec<String>, Vec<String>) = desk.asked().into_iter().partition(|one| by_itself(one));
    // The permissions of each space, and nine lists.
    let spaces = held.keys(&[DocumentKind::Space]).len();
    assert_eq!(lists.len(), 9 + spaces, "{lists:?}");
    assert!(held.told.is_empty());
    // Of the pages that the search index leaves out, each once.
    let pages = held.keys(&PAGES).len();
    assert!((1..pages / 2).contains(&alone.len()), "{} of {pages}", alone.len());
    assert_eq!(alone.iter().collect::<BTreeSet<_>>().len(), alone.len(), "{alone:?}");
}

/// Whether a request asks for the restrictions of one page.
fn by_itself(asked: &str) -> bool {
    asked.ends_with("/restriction/byOperation")
}

#[tokio::test]
async fn nobody_reads_what_the_site_does_not_show_him() {
    for seed in [3, 7] {
        let desk = Desk::start(Provider::Confluence, seed).await;
        let held = fresh(&desk, 0).await;
        let all: BTreeSet<String> = held.all().into_keys().collect();
        for person in 0..desk.site.world().people().len() {
            let own: BTreeSet<String> = fresh(&desk, person).await.all().into_keys().collect();
            let expected: BTreeSet<String> = own.intersection(&all).cloned().collect();
            assert_eq!(
                held.readable(&desk.principal("wiki", person)),
                expected,
                "person {person}"
            );
        }
    }
}

/// That everybody may read of what is held just what the site shows him.
fn assert_shown(held: &Held, desk: &Desk) {
    let all: BTreeSet<String> = held.keys(&PAGES).into_iter().collect();
    for person in 0..desk.site.world().people().len() {
        let seen: BTreeSet<String> = readable(desk, person).into_iter().collect();
        let shown = held.readable(&desk.principal("wiki", person));
        let shown: BTreeSet<String> = shown.intersection(&all).cloned().collect();
        assert_eq!(shown, seen.intersection(&all).cloned().collect(), "person {person}");
    }
}

#[tokio::test]
async fn a_change_of_permissions_shows_on_the_next_sync() {
    for seed in [5, 6] {
        let desk = Desk::start(Provider::Confluence, seed).await;
        // Nothing is read again that the lists do not tell of.
        let wiki = rereading(&desk, 0, 0);
        let mut held = Held::default();
        held.sync(&wiki, &desk).await;
        for _ in 0..20 {
            desk.site
                .mutate_as(Mutation::Permission(Provider::Confluence))
                .expect("a change");
            held.sync(&wiki, &desk).await;
            assert_shown(&held, &desk);
        }
    }
}

#[tokio::test]
async fn a_list_that_one_run_cannot_read_is_read_by_several() {
    let desk = Desk::start(Provider::Confluence, 5).await;
    let mut wiki = rereading(&desk, 0, 0);
    let mut held = Held::default();
    held.sync(&wiki, &desk).await;
    wiki.config.listed = 7;
    let rounds = held.keys(&PAGES).len() / 7 + 2;
    for _ in 0..4 {
        for _ in 0..5 {
            desk.site
                .mutate_as(Mutation::Permission(Provider::Confluence))
                .expect("a change");
        }
        desk.asked();
        for _ in 0..rounds {
            held.sync(&wiki, &desk).await;
        }
        let lists = desk.asked().into_iter().filter(|one| one.ends_with("/content/search"));
        assert_eq!(lists.count(), rounds);
        assert_shown(&held, &desk);
    }
}

#[tokio::test]
async fn without_the_search_every_page_is_asked_for_in_turn() {
    let desk = Desk::start(Provider::Confluence, 5).await;
    let scopes = "read:page:confluence read:space:confluence read:comment:confluence read:attachment:confluence \
                  read:space.permission:confluence read:confluence-content.all read:confluence-user read:user:confluence";
    let wiki = Confluence::open(
        SourceId::new("wiki").expect("slug"),
        serde_json::from_value(json!({ "api": desk.address(), "site": "https://acme.atlassian.net", "name": "acme" }))
            .expect("settings"),
        desk.api_with(0, scopes),
        desk.clock(),
    )
    .expect("opened");
    let mut held = Held::default();
    held.sync(&wiki, &desk).await;
    for _ in 0..10 {
        desk.site
            .mutate_as(Mutation::Permission(Provider::Confluence))
            .expect("a change");
        held.sync(&wiki, &desk).await;
        assert_shown(&held, &desk);
    }
}
