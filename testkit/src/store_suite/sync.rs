//! Pages, revisions and dead letters.

use std::sync::Arc;

use domain::seam::store::Committed;
use domain::{
    Account, Caller, Change, Cursor, DocumentKind, ErrorKind, Key, Page, Principal, Readers, Rejected, SourceId,
    Visible,
};

use super::Store;
use super::make::{NOW, World, document, upsert};

pub(super) fn counts(upserted: u64, deleted: u64, unchanged: u64, revision: u64) -> Committed {
    Committed {
        upserted,
        deleted,
        unchanged,
        rejected: 0,
        revision,
    }
}

pub(super) async fn an_issue_takes_its_comments_with_it(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let part = |world: &World, native: &str, of: &str| {
        let mut part = world.document(native, "said");
        part.kind = DocumentKind::Comment;
        part.key = Key::from_raw(&format!("{}#{native}", world.document(of, "").key));
        upsert(part)
    };
    other.commit(vec![part(&other, "elsewhere", "P-1")]).await;
    let parts = ["c1", "c2", "c3"].map(|native| part(&world, native, "P-1"));
    let others = [
        world.put("P-1", "one"),
        world.put("P-10", "ten"),
        part(&world, "c4", "P-10"),
    ];
    world.commit(parts.into_iter().chain(others).collect()).await;
    // One that the same page writes anew, under another issue, say, stays.
    let done = world
        .commit(vec![Change::Delete(world.id("P-1")), part(&world, "c3", "P-10")])
        .await;
    assert_eq!((done.deleted, done.upserted), (3, 1));
    // A comment takes nothing with it, and what is gone goes once.
    let done = world
        .commit(vec![Change::Delete(world.id("c4")), Change::Delete(world.id("P-1"))])
        .await;
    assert_eq!(done.deleted, 1);
    assert_eq!(store.sources().await.expect("sources")[1].documents["comment"], 1);
}

pub(super) async fn a_page_is_stored_with_its_cursor_or_not_at_all(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    assert_eq!(store.resume(&world.source).await.expect("resume").cursor, None);
    world
        .page(Page {
            changes: vec![world.put("P-1", "one")],
            ..Page::empty(Cursor("first".into()))
        })
        .await;
    let before = world.log().await;
    let foreign = document(&SourceId::new("b").expect("slug"), "P-3", "not ours");
    let page = Page {
        changes: vec![
            world.put("P-2", "two"),
            Change::Delete(world.id("P-1")),
            world.rule("open", Readers::Public),
            upsert(foreign),
        ],
        rejected: vec![Rejected {
            item: "x:1".into(),
            reason: "bad".into(),
        }],
        ..Page::empty(Cursor("second".into()))
    };
    let error = store
        .commit(&world.source, &world.lease, page, NOW)
        .await
        .expect_err("foreign document");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        store.resume(&world.source).await.expect("resume").cursor,
        Some(Cursor("first".into()))
    );
    assert_eq!(world.log().await, before);
    assert!(store.access_rules().await.expect("rules").is_empty());
    assert!(
        store
            .dead_letters(&world.source)
            .await
            .expect("dead letters")
            .is_empty()
    );
    world.page(Page::empty(Cursor("third".into()))).await;
    assert_eq!(
        store.resume(&world.source).await.expect("resume").cursor,
        Some(Cursor("third".into()))
    );
}

pub(super) async fn changed_documents_get_the_next_revisions_in_order(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let done = world
        .commit(vec![
            world.put("P-3", "x"),
            world.put("P-1", "x"),
            world.put("P-2", "x"),
        ])
        .await;
    assert_eq!(done, counts(3, 0, 0, 3));
    let done = world
        .commit(vec![
            Change::Delete(world.id("P-3")),
            world.put("P-2", "x"),
            world.put("P-1", "new"),
        ])
        .await;
    assert_eq!(done, counts(1, 1, 1, 5));
    let log: Vec<_> = world
        .log()
        .await
        .into_iter()
        .map(|changed| (changed.revision, changed.id))
        .collect();
    assert_eq!(log, [(3, world.id("P-2")), (4, world.id("P-3")), (5, world.id("P-1"))]);
}

pub(super) async fn unchanged_documents_are_only_counted(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let page = || {
        vec![
            world.put("P-1", "one"),
            world.put("P-2", "two"),
            Change::Delete(world.id("never seen")),
        ]
    };
    assert_eq!(world.commit(page()).await, counts(2, 0, 0, 2));
    let before = world.log().await;
    assert_eq!(world.commit(page()).await, counts(0, 0, 2, 2));
    assert_eq!(world.log().await, before);
}

pub(super) async fn the_last_change_of_a_document_in_a_page_wins(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit(vec![world.put("kept", "same"), world.put("gone", "x")])
        .await;
    let done = world
        .commit(vec![
            world.put("twice", "first"),
            Change::Delete(world.id("kept")),
            world.put("gone", "changed"),
            world.put("kept", "same"),
            world.put("twice", "second"),
            Change::Delete(world.id("gone")),
            world.put("brief", "x"),
            Change::Delete(world.id("brief")),
        ])
        .await;
    assert_eq!(done, counts(1, 1, 1, 4));
    let ids = ["twice", "kept", "gone", "brief"].map(|native| world.id(native));
    let found = store.documents(&ids, &Visible::All).await.expect("documents");
    assert_eq!(
        found,
        [world.document("twice", "second"), world.document("kept", "same")]
    );
    assert_eq!(
        world.log().await.len(),
        3,
        "a document that came and went within a page leaves nothing"
    );
}

pub(super) async fn a_deleted_document_leaves_a_tombstone(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "one")]).await;
    world.commit(vec![Change::Delete(world.id("P-1"))]).await;
    let log = world.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].revision, log[0].id, &log[0].access),
        (2, world.id("P-1"), &world.label("open"))
    );
    assert_eq!(log[0].document, None);
    assert!(
        store
            .documents(&[world.id("P-1")], &Visible::All)
            .await
            .expect("documents")
            .is_empty()
    );
    assert!(
        store
            .find("jira:acme/P-1", &Visible::All)
            .await
            .expect("find")
            .is_empty()
    );
    assert!(
        store
            .find("https://acme.example/P-1", &Visible::All)
            .await
            .expect("find")
            .is_empty()
    );
    assert_eq!(
        world.commit(vec![Change::Delete(world.id("P-1"))]).await,
        counts(0, 0, 0, 2)
    );
}

pub(super) async fn a_deleted_document_comes_back_under_a_new_revision(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "one")]).await;
    world.commit(vec![Change::Delete(world.id("P-1"))]).await;
    assert_eq!(world.commit(vec![world.put("P-1", "one")]).await, counts(1, 0, 0, 3));
    let log = world.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].revision, log[0].document.as_deref()),
        (3, Some(&world.document("P-1", "one")))
    );
    assert_eq!(
        store
            .find("https://acme.example/P-1", &Visible::All)
            .await
            .expect("find")
            .len(),
        1
    );
}

pub(super) async fn a_changed_label_is_a_change(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "one")]).await;
    let mut moved = world.document("P-1", "one");
    moved.access = world.label("secret");
    assert_eq!(world.commit(vec![upsert(moved)]).await, counts(1, 0, 0, 2));
    assert_eq!(world.log().await[0].access, world.label("secret"));
}

pub(super) async fn a_large_page_is_stored_whole(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let page = |text: &str| {
        (0..1234)
            .map(|native| world.put(&native.to_string(), text))
            .collect::<Vec<_>>()
    };
    assert_eq!(world.commit(page("x")).await, counts(1234, 0, 0, 1234));
    let mut mixed = page("y");
    mixed.truncate(700);
    mixed.extend((700..1234).map(|native| Change::Delete(world.id(&native.to_string()))));
    assert_eq!(world.commit(mixed).await, counts(700, 534, 0, 2468));
    let log = world.log().await;
    assert!(log.iter().map(|changed| changed.revision).eq(1235..=2468));
    assert!(
        log.iter()
            .enumerate()
            .all(|(place, changed)| changed.id == world.id(&place.to_string()))
    );
    assert!(
        log.iter()
            .enumerate()
            .all(|(place, changed)| changed.document.is_some() == (place < 700))
    );
}

pub(super) async fn dead_letters_come_and_go(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let page = |rejected: &[&str], reread: &[&str]| Page {
        rejected: rejected
            .iter()
            .map(|item| Rejected {
                item: (*item).into(),
                reason: "bad".into(),
            })
            .collect(),
        reread: reread.iter().map(|prefix| (*prefix).into()).collect(),
        ..Page::empty(Cursor("c".into()))
    };
    let items = async || -> Vec<String> {
        store
            .dead_letters(&world.source)
            .await
            .expect("dead letters")
            .into_iter()
            .map(|one| one.item)
            .collect()
    };
    let done = world
        .page(page(
            &[
                "i.jsonl:17",
                "i.jsonl:2",
                "channel C9 message 1.2",
                "src/a.rs",
                "src2/b",
                "PAY-1",
                "PAY-12",
            ],
            &[],
        ))
        .await;
    assert_eq!(done.rejected, 7);
    world.page(page(&[], &[])).await;
    assert_eq!(items().await.len(), 7, "a page that reads nothing again voids nothing");
    world.page(page(&["i.jsonl:2"], &["i.jsonl", "src", "PAY-1"])).await;
    assert_eq!(
        items().await,
        ["PAY-12", "channel C9 message 1.2", "i.jsonl:2", "src2/b"]
    );
    world.page(page(&[], &["src2/", "channel C9"])).await;
    assert_eq!(items().await, ["PAY-12", "i.jsonl:2"]);
    assert_eq!(world.report().await.dead_letters, 2);
    world.page(page(&[], &[""])).await;
    assert_eq!(items().await, [""; 0]);
}

pub(super) async fn oversized_input_is_refused(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let page = Page::empty(Cursor("x".repeat((1 << 20) + 1)));
    let error = store
        .commit(&world.source, &world.lease, page, NOW)
        .await
        .expect_err("cursor of more than 1 MiB");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    world.page(Page::empty(Cursor("x".repeat(1 << 20)))).await;
}

pub(super) async fn what_is_beyond_a_limit_is_told_and_the_rest_is_stored(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let endless = "x".repeat(1 << 20);
    let mut document = world.document("P-1", "x");
    document.aliases = vec![endless.clone()];
    let account = |name: &str| {
        Change::Account(Account {
            id: Key::account("jira", "ada"),
            source: world.source.clone(),
            login: None,
            names: vec![name.to_owned()],
            emails: Vec::new(),
        })
    };
    let readers = |name: &str| Readers::Principals([Principal(name.to_owned())].into());
    world.commit(vec![world.rule("open", readers("group:eng"))]).await;
    let done = world
        .commit(vec![
            world.put("P-2", "x"),
            upsert(document),
            account(&endless),
            world.rule("open", readers(&endless)),
        ])
        .await;
    assert_eq!((done.upserted, done.rejected), (1, 3));
    let items = async || -> Vec<String> {
        let letters = store.dead_letters(&world.source).await.expect("dead letters");
        letters.into_iter().map(|one| one.item).collect()
    };
    assert_eq!(
        items().await,
        ["account account:jira/ada", "document jira:acme/P-1", "rule a/open"]
    );
    let eng = Caller::Principals([Principal("group:eng".into())].into());
    assert_eq!(
        store.visible(&eng).await.expect("visible"),
        Visible::nothing(),
        "the former readers are not the present ones"
    );
    world.commit(vec![world.put("P-2", "y")]).await;
    assert_eq!(items().await.len(), 3);
    let mended = vec![
        world.put("P-1", "x"),
        account("Ada"),
        world.rule("open", readers("group:eng")),
    ];
    world.commit(mended).await;
    assert_eq!(items().await, [""; 0]);
    assert_ne!(store.visible(&eng).await.expect("visible"), Visible::nothing());
}
