//! Sources: added, reported, removed, added again.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::seam::store::{Mentioned, SourceRecord};
use domain::{Account, Change, Cursor, ErrorKind, Key, Page, Readers, Rejected, SourceId, Timestamp, Visible};

use super::Store;
use super::make::{NOW, World, caller, labels, record};

pub(super) async fn a_source_keeps_its_connector(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let error = store
        .put_source(record(&world.source, "another"), Readers::Public)
        .await
        .expect_err("other connector");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let settings = serde_json::json!({ "path": "y", "deep": [1, null] });
    store
        .put_source(
            SourceRecord {
                settings: settings.clone(),
                added: Timestamp(5),
                ..record(&world.source, "test")
            },
            Readers::Public,
        )
        .await
        .expect("change");
    let found = world.report().await.source;
    assert_eq!(
        found,
        SourceRecord {
            settings,
            ..record(&world.source, "test")
        },
        "it was added when it was added"
    );
}

pub(super) async fn a_report_tells_what_a_source_holds(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "b").await, World::new(&store, "a").await);
    let mut commit = world.document("c", "x");
    commit.kind = domain::DocumentKind::Commit;
    let changes = vec![
        world.put("P-1", "x"),
        world.put("P-2", "x"),
        super::make::upsert(commit),
    ];
    world
        .page(Page {
            changes,
            more: true,
            ..Page::empty(Cursor("1".into()))
        })
        .await;
    assert_eq!(world.report().await.last_sync, None, "more pages follow");
    world.commit(vec![Change::Delete(world.id("P-2"))]).await;
    world
        .index(2, vec![world.indexed("P-1", "open", &[vec![1], vec![2]])])
        .await;
    let report = world.report().await;
    assert_eq!(
        report.documents,
        BTreeMap::from([("commit".into(), 1), ("issue".into(), 1)])
    );
    assert_eq!((report.chunks, report.revision, report.last_sync), (2, 4, Some(NOW)));
    assert_eq!(
        report.positions,
        BTreeMap::from([("graph".into(), 0), ("index".into(), 2)])
    );
    let names: Vec<_> = store
        .sources()
        .await
        .expect("sources")
        .into_iter()
        .map(|report| report.source.id)
        .collect();
    assert_eq!(names, [other.source, world.source]);
}

pub(super) async fn sources_do_not_disturb_each_other(store: Arc<dyn Store>) {
    let (one, two) = (World::new(&store, "one").await, World::new(&store, "two").await);
    one.commit(vec![one.put("P-1", "x"), one.put("P-2", "x")]).await;
    let done = two.commit(vec![two.put("P-1", "x")]).await;
    assert_eq!((done.upserted, done.revision), (1, 1));
    let page = Page {
        changes: vec![Change::Delete(one.id("P-1"))],
        ..Page::empty(Cursor("x".into()))
    };
    let error = store
        .commit(&two.source, &two.lease, page, NOW)
        .await
        .expect_err("another source's document");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(one.log().await.len(), 2);
}

/// A source with two documents and one of everything else.
async fn full(store: &Arc<dyn Store>, name: &str) -> World {
    let world = World::new(store, name).await;
    let ada = Account {
        id: Key::account("jira", "ada"),
        source: world.source.clone(),
        login: None,
        names: Vec::new(),
        emails: Vec::new(),
    };
    let open = world.rule("open", Readers::Public);
    let page = Page {
        changes: vec![world.put("P-1", "x"), world.put("P-2", "x"), open, Change::Account(ada)],
        rejected: vec![Rejected {
            item: "i".into(),
            reason: "bad".into(),
        }],
        ..Page::empty(Cursor("c".into()))
    };
    world.page(page).await;
    world
}

pub(super) async fn a_removed_source_leaves_only_tombstones(store: Arc<dyn Store>) {
    let (world, other) = (full(&store, "a").await, full(&store, "b").await);
    store.remove_source(&world.source).await.expect("remove");
    let log: Vec<_> = world
        .log()
        .await
        .into_iter()
        .map(|changed| (changed.revision, changed.document))
        .collect();
    assert_eq!(log, [(3, None), (4, None)]);
    assert_eq!(
        store.visible(&caller(&[])).await.expect("visible"),
        labels([other.label("open")])
    );
    assert_eq!(store.access_rules().await.expect("rules").len(), 1);
    let accounts = store
        .accounts(&[Key::account("jira", "ada").to_string()], &Visible::All)
        .await
        .expect("accounts");
    assert_eq!(
        accounts.iter().map(|account| &account.source).collect::<Vec<_>>(),
        [&other.source]
    );
    assert!(
        store
            .dead_letters(&world.source)
            .await
            .expect("dead letters")
            .is_empty()
    );
    assert_eq!(store.resume(&world.source).await.expect("resume").cursor, None);
    let page = Page::empty(Cursor("x".into()));
    let error = store
        .commit(&world.source, &world.lease, page, NOW)
        .await
        .expect_err("removed");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        store.remove_source(&world.source).await.expect_err("removed").kind(),
        ErrorKind::NotFound
    );
    assert_eq!((other.log().await.len(), other.report().await.dead_letters), (2, 1));
}

pub(super) async fn a_removed_source_is_listed_until_it_is_projected(store: Arc<dyn Store>) {
    let (world, other) = (full(&store, "a").await, full(&store, "b").await);
    store.remove_source(&world.source).await.expect("remove");
    let report = world.report().await;
    assert_eq!((report.documents.len(), report.revision, report.removed), (0, 4, true));
    world
        .index(
            4,
            vec![world.indexed("P-1", "open", &[]), world.indexed("P-2", "open", &[])],
        )
        .await;
    world.report().await;
    let none = ["P-1", "P-2"].map(|native| Mentioned {
        id: world.id(native),
        names: Vec::new(),
    });
    store
        .commit_graph(&world.source, 4, none.into(), Vec::new())
        .await
        .expect("commit graph");
    let names: Vec<_> = store
        .sources()
        .await
        .expect("sources")
        .into_iter()
        .map(|report| report.source.id)
        .collect();
    assert_eq!(names, [other.source]);
}

pub(super) async fn a_removed_source_can_be_added_again(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x"), world.put("P-2", "x")]).await;
    store.remove_source(&world.source).await.expect("remove");
    store
        .put_source(record(&world.source, "another"), Readers::Public)
        .await
        .expect("another connector may read it now");
    let done = world.commit(vec![world.put("P-1", "x")]).await;
    assert_eq!(
        (done.upserted, done.revision),
        (1, 5),
        "revisions go on, so that no projection misses anything"
    );
    assert_eq!(
        store
            .documents(&[world.id("P-1"), world.id("P-2")], &Visible::All)
            .await
            .expect("documents")
            .len(),
        1
    );
    let report = world.report().await;
    assert_eq!(
        (report.source.connector.as_str(), report.documents.get("issue")),
        ("another", Some(&1))
    );
}

pub(super) async fn an_unknown_source_holds_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let unknown = SourceId::new("unknown").expect("slug");
    assert_eq!(store.resume(&unknown).await.expect("resume").cursor, None);
    assert_eq!(store.position("index", &unknown).await.expect("position"), 0);
    assert!(store.changed(&unknown, 0, 10).await.expect("changed").is_empty());
    assert!(store.dead_letters(&unknown).await.expect("dead letters").is_empty());
    assert_eq!(
        store.remove_source(&unknown).await.expect_err("unknown").kind(),
        ErrorKind::NotFound
    );
    let error = store
        .commit(&unknown, &world.lease, Page::empty(Cursor("x".into())), NOW)
        .await
        .expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

pub(super) async fn a_delivery_counts_once_for_a_week(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let note = async |world: &World, name: &str, at: Timestamp| {
        store.note_delivery(&world.source, name, at).await.expect("noted")
    };
    let later = |days: i64| Timestamp(NOW.0 + days * 24 * 60 * 60 * 1000);
    assert!(note(&world, "d1", NOW).await);
    for _ in 0..10_000 {
        assert!(!note(&world, "d1", later(1)).await);
    }
    assert!(note(&other, "d1", later(1)).await, "each source has its own");
    let hinted = async || -> Vec<_> {
        let reports = store.sources().await.expect("sources").into_iter();
        reports.map(|report| report.hinted).collect()
    };
    assert_eq!(hinted().await, [Some(NOW), Some(later(1))]);
    assert!(note(&world, "d2", later(2)).await);
    assert_eq!(hinted().await, [Some(later(2)), Some(later(1))]);
    store.heard(&world.source, later(1)).await.expect("heard");
    assert_eq!(hinted().await, [Some(later(2)), Some(later(1))], "one came after that");
    store.heard(&world.source, later(2)).await.expect("heard");
    assert_eq!(hinted().await, [None, Some(later(1))]);
    assert!(note(&world, "d1", later(8)).await, "forgotten by then");
    store.remove_source(&world.source).await.expect("removed");
    assert!(store.note_delivery(&world.source, "d3", NOW).await.is_err());
}
