//! Whatever happens at the site, what is held becomes what a fresh sync holds.

use domain::Sweep;
use domain::seam::Connector;
use testkit::provider::{Mutation, Provider};

use super::{PAGES, connector, fresh, readable};
use crate::atlassian::desk::{Desk, Held};

const DAY: u64 = 24 * 60;

/// Some changes of any kind.
fn change(desk: &Desk, count: usize) {
    let own = |one: &Mutation| one.provider() == Provider::Confluence;
    let kinds: Vec<Mutation> = Mutation::all().into_iter().filter(own).collect();
    for number in 0..count {
        let at = usize::try_from(desk.site.now()).expect("a time") / 7 + number;
        desk.site.mutate_as(kinds[at % kinds.len()]);
    }
}

async fn converges(seed: u64) {
    let desk = Desk::start(Provider::Confluence, seed).await;
    let wiki = connector(&desk, 0);
    let mut held = Held::default();
    for round in 0..12 {
        held.sync(&wiki, &desk).await;
        change(&desk, 4);
        desk.minutes([3, 20, 90, DAY][round % 4]);
    }
    desk.minutes(DAY + 10);
    held.sync(&wiki, &desk).await;
    held.assert_same(&fresh(&desk, 0).await);
}

#[tokio::test]
async fn changes_between_syncs_converge() {
    for seed in 1..=6 {
        converges(seed).await;
    }
}

#[tokio::test]
async fn a_trashed_page_goes_at_once() {
    let desk = Desk::start(Provider::Confluence, 2).await;
    let wiki = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&wiki, &desk).await;
    for _ in 0..10 {
        desk.site.mutate_as(Mutation::Delete(Provider::Confluence));
    }
    desk.minutes(2);
    held.sync(&wiki, &desk).await;
    // One that is deleted for good is not in the bin: the census finds it.
    desk.minutes(DAY);
    held.sync(&wiki, &desk).await;
    assert_eq!(held.keys(&PAGES), readable(&desk, 0));
}

#[tokio::test]
async fn a_site_that_refuses_freezes_the_sweep() {
    let desk = Desk::start(Provider::Confluence, 1).await;
    let wiki = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&wiki, &desk).await;
    assert!(matches!(wiki.sweep(None).await.expect("an answer"), Sweep::Frozen(_)));
    desk.site.revoke(Provider::Confluence, 0);
    assert!(matches!(
        wiki.sweep(held.cursor.as_ref()).await.expect("an answer"),
        Sweep::Frozen(_)
    ));
}
