//! Sweeps: what they delete, what they leave, and that a due one is never forgotten.

use std::sync::Arc;

use domain::seam::store::{MANY, Resume, SweepTerms, Told};
use domain::{Account, Change, Cursor, Key, Page, Readers, Sweep};

use super::Store;
use super::make::{GUARDED, NOW, World};
use super::sync::counts;

pub(super) async fn a_complete_sweep_deletes_what_it_does_not_list(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    world
        .commit(["P-1", "P-2", "P-3"].map(|native| world.put(native, "x")).into())
        .await;
    other.commit(vec![other.put("P-1", "x")]).await;
    let sweep = Sweep::Complete(vec![world.id("P-2"), world.id("not stored")]);
    let done = store
        .apply_sweep(&world.source, &world.lease, sweep.clone(), GUARDED)
        .await
        .expect("sweep");
    assert_eq!(done, counts(0, 2, 0, 5));
    let log: Vec<_> = world
        .log()
        .await
        .into_iter()
        .map(|changed| (changed.revision, changed.id, changed.document.is_some()))
        .collect();
    assert_eq!(
        log,
        [
            (2, world.id("P-2"), true),
            (4, world.id("P-1"), false),
            (5, world.id("P-3"), false)
        ]
    );
    assert_eq!(
        store
            .apply_sweep(&world.source, &world.lease, sweep, GUARDED)
            .await
            .expect("sweep"),
        counts(0, 0, 0, 5)
    );
    assert_eq!(other.log().await.len(), 1);
    assert_eq!(
        store.resume(&world.source).await.expect("resume").cursor,
        Some(Cursor("c".into()))
    );
}

pub(super) async fn a_frozen_sweep_changes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x")]).await;
    let before = world.log().await;
    let done = store
        .apply_sweep(&world.source, &world.lease, Sweep::Frozen("unreadable".into()), GUARDED)
        .await
        .expect("sweep");
    assert_eq!(done, counts(0, 0, 0, 1));
    assert_eq!(world.log().await, before);
}

pub(super) async fn a_sweep_is_due_until_a_complete_one_is_applied(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let resume = async |cursor: &str, sweep_due: bool| {
        let cursor = Some(Cursor(cursor.into()));
        assert_eq!(
            store.resume(&world.source).await.expect("resume"),
            Resume { cursor, sweep_due }
        );
    };
    let page = |cursor: &str, sweep_due: bool| Page {
        changes: vec![world.put("P-1", "x"), world.put("P-2", "x")],
        sweep_due,
        ..Page::empty(Cursor(cursor.into()))
    };
    world.page(page("1", false)).await;
    resume("1", false).await;
    world.page(page("2", true)).await;
    world.page(page("3", false)).await;
    resume("3", true).await;
    let sweep = async |sweep: Sweep| {
        let done = store.apply_sweep(&world.source, &world.lease, sweep, GUARDED).await;
        done.expect("sweep").deleted
    };
    assert_eq!(sweep(Sweep::Frozen("a file is damaged".into())).await, 0);
    resume("3", true).await;
    assert_eq!(world.report().await.frozen.as_deref(), Some("a file is damaged"));
    assert_eq!(sweep(Sweep::Complete(vec![world.id("P-1")])).await, 1);
    resume("3", false).await;
    assert_eq!(world.report().await.frozen, None);
    world.page(page("4", true)).await;
    store.remove_source(&world.source).await.expect("remove");
    assert_eq!(
        store.resume(&world.source).await.expect("resume"),
        Resume::default(),
        "a source that is added again owes nothing"
    );
}

pub(super) async fn a_partial_sweep_keeps_what_it_does_not_know(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let names = ["P-1", "P-1#comment-2", "P-1/x@y", "P-12", "P-2", "P-3"];
    world.commit(names.map(|native| world.put(native, "x")).into()).await;
    let sweep = Sweep::Partial {
        existing: vec![world.id("P-2")],
        unknown: [Key::from_raw("jira:acme/P-1"), Key::from_raw("jira:acme/Q")].into(),
    };
    let done = store.apply_sweep(&world.source, &world.lease, sweep, GUARDED).await;
    assert_eq!(done.expect("sweep").deleted, 2);
    let live = store.scan_documents(None, 10).await.expect("scan");
    let mut keys: Vec<_> = live.iter().map(|document| document.key.local()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["acme/P-1", "acme/P-1#comment-2", "acme/P-1/x@y", "acme/P-2"]);
}

pub(super) async fn what_a_whole_reading_does_not_tell_is_forgotten(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let person = |world: &World, login: &str| {
        Change::Account(Account {
            id: Key::account("jira", login),
            source: world.source.clone(),
            login: Some(login.to_owned()),
            names: [].into(),
            emails: [].into(),
        })
    };
    let rules = ["open", "used", "told", "old"].map(|label| world.rule(label, Readers::Public));
    let mut document = world.document("P-1", "x");
    document.access = world.label("used");
    let people = ["ada", "bob"].map(|login| person(&world, login));
    let page = rules.into_iter().chain(people).chain([super::make::upsert(document)]);
    world.commit(page.collect()).await;
    other
        .commit(vec![other.rule("old", Readers::Public), person(&other, "bob")])
        .await;
    let left = async || {
        let rules = store.access_rules().await.expect("rules").into_iter();
        let accounts = store.scan_accounts(None, 10).await.expect("accounts").into_iter();
        let accounts = accounts.map(|one| format!("{} {}", one.source, one.login.unwrap_or_default()));
        (
            rules.map(|rule| rule.id.to_string()).collect::<Vec<_>>(),
            accounts.collect::<Vec<_>>(),
        )
    };
    let forget = async |told: Told| store.forget(&world.source, &world.lease, told).await.expect("forget");
    let labels = || [world.label("told"), world.label("never stored")].into();
    forget(Told {
        labels: labels(),
        accounts: None,
    })
    .await;
    let kept = ["a/told", "a/used", "b/old"].map(str::to_owned).to_vec();
    let everybody = ["a ada", "a bob", "b bob"].map(str::to_owned).to_vec();
    assert_eq!(left().await, (kept.clone(), everybody));
    forget(Told {
        labels: labels(),
        accounts: Some([Key::account("jira", "ada")].into()),
    })
    .await;
    assert_eq!(left().await, (kept, ["a ada", "b bob"].map(str::to_owned).to_vec()));
    let found = store.accounts(&["bob".into()], &domain::Visible::All).await;
    assert_eq!(found.expect("accounts").len(), 1, "the other source still tells of him");
}

pub(super) async fn a_guarded_sweep_deletes_no_more_than_half(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let names: Vec<String> = (0..3 * MANY).map(|number| format!("P-{number}")).collect();
    world
        .commit(names.iter().map(|native| world.put(native, "x")).collect())
        .await;
    let left = |count: usize| Sweep::Complete(names.iter().take(count).map(|native| world.id(native)).collect());
    let sweep = async |count: usize| {
        let done = store
            .apply_sweep(&world.source, &world.lease, left(count), GUARDED)
            .await;
        let reports = store.sources().await.expect("sources");
        (
            done.expect("sweep").deleted,
            reports[0].frozen.clone(),
            reports[0].last_census,
        )
    };
    let (deleted, frozen, census) = sweep(MANY).await;
    assert_eq!((deleted, census), (0, None));
    assert_eq!(
        frozen.as_deref(),
        Some("200 of 300 documents would be deleted at once; `sync --accept-deletions` does so")
    );
    assert!(store.resume(&world.source).await.expect("resume").sweep_due);
    assert_eq!(sweep(2 * MANY).await, (100, None, Some(NOW)), "a third may go");
    assert_eq!(sweep(2 * MANY - 1).await, (1, None, Some(NOW)));
    assert_eq!(
        sweep(MANY).await,
        (99, None, Some(NOW)),
        "so may a few, whatever share they are"
    );
    assert_eq!(sweep(0).await, (100, None, Some(NOW)));
}

pub(super) async fn too_many_deletions_are_made_when_they_are_accepted(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let names: Vec<String> = (0..=MANY).map(|number| format!("P-{number}")).collect();
    world
        .commit(names.iter().map(|native| world.put(native, "x")).collect())
        .await;
    for (guarded, deleted) in [(true, 0), (false, MANY as u64 + 1)] {
        let terms = SweepTerms { guarded, now: NOW };
        let none = Sweep::Complete(Vec::new());
        let done = store.apply_sweep(&world.source, &world.lease, none, terms).await;
        assert_eq!(done.expect("sweep").deleted, deleted);
    }
    assert_eq!(store.sources().await.expect("sources")[0].frozen, None);
}
