//! Whatever happens at the site, what is held becomes what a fresh sync holds.

use domain::seam::Connector;
use domain::{Change, Sweep};
use testkit::provider::{Mutation, Provider};

use super::{connector, fresh};
use crate::atlassian::desk::{Desk, Held};

const DAY: u64 = 24 * 60;

/// Some changes of any kind.
fn change(desk: &Desk, count: usize) {
    let kinds: Vec<Mutation> = Mutation::all()
        .into_iter()
        .filter(|one| one.provider() == Provider::Jira)
        .collect();
    for number in 0..count {
        let at = usize::try_from(desk.site.now()).expect("a time") / 7 + number;
        desk.site.mutate_as(kinds[at % kinds.len()]);
    }
}

async fn converges(seed: u64) {
    let desk = Desk::start(Provider::Jira, seed).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    for round in 0..12 {
        held.sync(&jira, &desk).await;
        change(&desk, 4);
        desk.minutes([3, 20, 90, DAY][round % 4]);
    }
    desk.minutes(DAY + 10);
    held.sync(&jira, &desk).await;
    held.assert_same(&fresh(&desk, 0).await);
}

#[tokio::test]
async fn changes_between_syncs_converge() {
    for seed in 1..=6 {
        converges(seed).await;
    }
}

#[tokio::test]
async fn changes_in_the_middle_of_a_run_converge() {
    let desk = Desk::start(Provider::Jira, 21).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&jira, &desk).await;
    change(&desk, 10);
    desk.minutes(DAY + 1);
    // A page whose commit is lost is read again.
    jira.pull(held.cursor.as_ref()).await.expect("a page");
    change(&desk, 10);
    held.sync(&jira, &desk).await;
    desk.minutes(DAY + 10);
    held.sync(&jira, &desk).await;
    held.assert_same(&fresh(&desk, 0).await);
}

#[tokio::test]
async fn a_moved_issue_keeps_its_identity_and_its_old_key() {
    let desk = Desk::start(Provider::Jira, 4).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&jira, &desk).await;
    let (before, after) = (0..50)
        .find_map(|_| {
            let changed = desk.site.mutate_as(Mutation::Move(Provider::Jira))?;
            let before = changed.before?;
            held.documents
                .values()
                .any(|one| one.key.as_str() == before)
                .then_some((before, changed.key))
        })
        .expect("a move");
    let id = |held: &Held, key: &str| {
        held.documents
            .values()
            .find(|one| one.key.as_str() == key)
            .map(|one| one.id)
    };
    let old = id(&held, &before);
    desk.minutes(5);
    held.sync(&jira, &desk).await;
    if let Some(new) = id(&held, &after) {
        assert_eq!((Some(new), id(&held, &before)), (old, None));
        let alias = before.trim_start_matches("jira:acme/").to_owned();
        assert!(held.documents[&new].aliases.contains(&alias));
    }
}

#[tokio::test]
async fn a_site_that_refuses_freezes_the_sweep() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let jira = connector(&desk, 0);
    let mut held = Held::default();
    held.sync(&jira, &desk).await;
    assert!(matches!(jira.sweep(None).await.expect("an answer"), Sweep::Frozen(_)));
    let blind = super::over(&desk, desk.api_with(0, "read:jira-user"));
    assert!(matches!(
        blind.sweep(held.cursor.as_ref()).await.expect("an answer"),
        Sweep::Frozen(_)
    ));
    let first = jira.pull(None).await.expect("a page");
    assert!(first.changes.iter().any(|change| matches!(change, Change::Access(_))));
}
