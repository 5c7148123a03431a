//! Positions grow with what they stand for, and a replay counts nothing twice.

use std::sync::Arc;

use domain::seam::store::{Failure, Mentioned, TermStatistics};
use domain::{Change, Cursor, ErrorKind, Page, Visible};

use super::Store;
use super::make::World;

async fn three(store: &Arc<dyn Store>) -> World {
    let world = World::new(store, "a").await;
    world
        .commit(["P-1", "P-2", "P-3"].map(|native| world.put(native, "x")).into())
        .await;
    world
}

async fn statistics(store: &Arc<dyn Store>) -> TermStatistics {
    store
        .term_statistics(&[1, 2, 3], &Visible::All)
        .await
        .expect("statistics")
}

pub(super) async fn positions_only_grow(store: Arc<dyn Store>) {
    let world = three(&store).await;
    let position = async |projection: &str| store.position(projection, &world.source).await.expect("position");
    assert_eq!((position("index").await, position("graph").await), (0, 0));
    world.index(2, Vec::new()).await;
    assert_eq!((position("index").await, position("graph").await), (2, 0));
    store
        .commit_graph(&world.source, 3, Vec::new(), Vec::new())
        .await
        .expect("commit graph");
    world.index(1, Vec::new()).await;
    store
        .commit_graph(&world.source, 0, Vec::new(), Vec::new())
        .await
        .expect("commit graph");
    assert_eq!((position("index").await, position("graph").await), (2, 3));
    world.index(3, Vec::new()).await;
    assert_eq!(position("index").await, 3);
    let error = store
        .commit_index(&world.source, 4, Vec::new(), Vec::new())
        .await
        .expect_err("past the log");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        store
            .position("neither", &world.source)
            .await
            .expect_err("no projection")
            .kind(),
        ErrorKind::Invalid
    );
}

pub(super) async fn repeating_a_commit_changes_nothing(store: Arc<dyn Store>) {
    let world = three(&store).await;
    let batch = || {
        vec![
            world.indexed("P-1", "open", &[vec![1, 2], vec![1]]),
            world.indexed("P-2", "open", &[vec![3]]),
        ]
    };
    world.index(2, batch()).await;
    let before = statistics(&store).await;
    assert_eq!(
        before,
        TermStatistics {
            chunks: 3,
            frequencies: vec![2, 1, 1]
        }
    );
    world.index(2, batch()).await;
    assert_eq!(statistics(&store).await, before);
    assert_eq!(world.report().await.chunks, 3);
    // A document twice in one batch: the last state counts, once.
    world
        .index(
            2,
            vec![
                world.indexed("P-1", "open", &[vec![3]]),
                world.indexed("P-1", "open", &[vec![1, 2], vec![1]]),
            ],
        )
        .await;
    assert_eq!(statistics(&store).await, before);
}

pub(super) async fn a_late_commit_changes_nothing(store: Arc<dyn Store>) {
    let world = three(&store).await;
    world.index(3, vec![world.indexed("P-1", "open", &[vec![1]])]).await;
    let mentioned = |name: &str| {
        vec![Mentioned {
            id: world.id("P-1"),
            names: vec![name.into()],
        }]
    };
    store
        .commit_graph(&world.source, 3, mentioned("jira:NEW"), Vec::new())
        .await
        .expect("commit graph");
    let before = statistics(&store).await;
    world
        .index(2, vec![world.indexed("P-1", "open", &[vec![2], vec![3]])])
        .await;
    store
        .commit_graph(&world.source, 2, mentioned("jira:OLD"), Vec::new())
        .await
        .expect("commit graph");
    assert_eq!(statistics(&store).await, before);
    assert_eq!(
        store
            .chunks(world.id("P-1"), &Visible::All)
            .await
            .expect("chunks")
            .len(),
        1
    );
    assert_eq!(store.directory(&["jira:OLD".into()]).await.expect("directory").1, []);
    assert_eq!(
        store.directory(&["jira:NEW".into()]).await.expect("directory").1,
        [world.id("P-1")]
    );
}

pub(super) async fn what_a_projection_cannot_handle_is_told_until_it_can(store: Arc<dyn Store>) {
    let world = three(&store).await;
    let failure = |native: &str| Failure {
        id: world.id(native),
        reason: "it made the processing fail".into(),
    };
    let items = async || -> Vec<String> {
        let letters = store.dead_letters(&world.source).await.expect("dead letters");
        letters.into_iter().map(|one| one.item).collect()
    };
    let index = async |position: u64, natives: &[&str], failed: Vec<Failure>| {
        let documents = natives
            .iter()
            .map(|native| world.indexed(native, "open", &[]))
            .collect();
        let done = store.commit_index(&world.source, position, documents, failed).await;
        done.expect("commit index");
    };
    index(3, &["P-1", "P-2", "P-3"], vec![failure("P-1"), failure("P-3")]).await;
    let done = store
        .commit_graph(&world.source, 3, Vec::new(), vec![failure("P-1")])
        .await;
    done.expect("commit graph");
    assert_eq!(
        items().await,
        ["graph jira:acme/P-1", "index jira:acme/P-1", "index jira:acme/P-3"]
    );
    // Reading everything again voids what the connector rejected, and nothing else.
    world
        .page(Page {
            changes: vec![world.put("P-3", "mended"), Change::Delete(world.id("P-1"))],
            reread: vec![String::new()],
            ..Page::empty(Cursor("c".into()))
        })
        .await;
    assert_eq!(items().await.len(), 3);
    index(5, &["P-1", "P-3"], Vec::new()).await;
    assert_eq!(items().await, ["graph jira:acme/P-1"]);
    store.reset("graph").await.expect("reset");
    assert_eq!(items().await, [""; 0]);
}

pub(super) async fn what_a_projection_could_not_handle_is_handed_to_it_again(store: Arc<dyn Store>) {
    let (world, other) = (three(&store).await, World::new(&store, "b").await);
    other.commit(vec![other.put("P-1", "of another source")]).await;
    let failed = vec![Failure {
        id: world.id("P-1"),
        reason: "it made the processing fail".into(),
    }];
    let documents = ["P-1", "P-2", "P-3"].map(|native| world.indexed(native, "open", &[]));
    let done = store.commit_index(&world.source, 3, documents.into(), failed).await;
    done.expect("commit index");
    assert_eq!(store.retry(&world.source).await.expect("retry"), 1);
    assert_eq!(store.retry(&other.source).await.expect("retry"), 0);
    let changed = store.changed(&world.source, 3, 10).await.expect("changed");
    let changed: Vec<_> = changed.iter().map(|one| (one.revision, one.id)).collect();
    assert_eq!(changed, [(4, world.id("P-1"))]);
    assert_eq!(other.log().await.len(), 1);
}

pub(super) async fn a_reset_forgets_one_projection(store: Arc<dyn Store>) {
    let world = three(&store).await;
    world.index(3, vec![world.indexed("P-1", "open", &[vec![1]])]).await;
    store
        .commit_graph(
            &world.source,
            3,
            vec![Mentioned {
                id: world.id("P-1"),
                names: vec!["jira:A".into()],
            }],
            Vec::new(),
        )
        .await
        .expect("graph");
    let hash = domain::TextHash::of("x");
    store.cache_vectors("m", vec![(hash, vec![1.0])]).await.expect("cache");
    store.reset("index").await.expect("reset");
    assert_eq!(
        statistics(&store).await,
        TermStatistics {
            chunks: 0,
            frequencies: vec![0, 0, 0]
        }
    );
    assert!(
        store
            .chunks(world.id("P-1"), &Visible::All)
            .await
            .expect("chunks")
            .is_empty()
    );
    let report = world.report().await;
    assert_eq!(
        (
            report.chunks,
            report.positions.get("index"),
            report.positions.get("graph")
        ),
        (0, Some(&0), Some(&3))
    );
    assert_eq!(store.cached_vectors("m", &[hash]).await.expect("cache").len(), 1);
    assert_eq!(store.directory(&["jira:A".into()]).await.expect("directory").1.len(), 1);
    store.reset("graph").await.expect("reset");
    assert!(
        store
            .directory(&["jira:A".into()])
            .await
            .expect("directory")
            .1
            .is_empty()
    );
    assert_eq!(store.position("graph", &world.source).await.expect("position"), 0);
    world.index(1, vec![world.indexed("P-1", "open", &[vec![1]])]).await;
    assert_eq!(statistics(&store).await.chunks, 1, "a rebuild starts from nothing");
    assert_eq!(
        store.reset("neither").await.expect_err("no projection").kind(),
        ErrorKind::Invalid
    );
}
