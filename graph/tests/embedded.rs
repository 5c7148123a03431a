//! What the embedded graph promises beyond the seam: its file, its lock, crashes, and readers beside a writer.

use std::path::Path;
use std::time::Duration;

use domain::seam::{Direction, EdgeFilter, Expansion, GraphReader, GraphStore};
use domain::{DocumentFacts, ErrorKind};
use graph::Embedded;
use rusqlite::Connection;
use testkit::graph_suite::{all, edge, facts, node};

fn around(name: &str) -> Expansion {
    let (edges, direction) = (EdgeFilter::default(), Direction::Both);
    Expansion {
        node: name.to_owned(),
        scope: all(),
        edges,
        direction,
        hops: 1,
        limit: 1000,
    }
}

fn world() -> Vec<DocumentFacts> {
    let make = |n: u32| {
        let mut one = facts(n, n % 3);
        one.nodes = vec![node(&format!("k{n}"), &format!("title {n}"))];
        one.edges = vec![
            edge(&format!("k{n}"), &format!("k{}", n + 1)),
            edge(&format!("k{n}"), "hub"),
        ];
        one
    };
    (0..200).map(make).collect()
}

/// All facts, and an answer that needs memory and file.
async fn told(store: &Embedded) -> (Vec<DocumentFacts>, String) {
    let facts = store.scan(None, 10_000).await.expect("scan");
    (
        facts,
        format!("{:?}", store.expand(around("hub")).await.expect("expand")),
    )
}

fn change(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("connect");
    connection.execute_batch(sql).expect("change");
}

async fn refused(path: &Path) -> domain::Error {
    Embedded::open(path).await.err().expect("it must not open")
}

#[tokio::test]
async fn what_was_replaced_survives_a_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open(&path).await.expect("open");
    let after = folder.path().join("after.db");
    for batch in world().chunks(70) {
        store.replace(batch.to_vec()).await.expect("replace");
        // What lies on the disk at this moment is all that a killed process leaves.
        for end in ["", "-wal"] {
            let (from, to) = (format!("{}{end}", path.display()), format!("{}{end}", after.display()));
            std::fs::copy(from, to).expect("copy");
        }
        let recovered = Embedded::open(&after).await.expect("recover");
        assert_eq!(told(&recovered).await, told(&store).await);
        drop(recovered);
        for end in ["", "-wal", "-shm", ".lock"] {
            drop(std::fs::remove_file(format!("{}{end}", after.display())));
        }
    }
}

#[tokio::test]
async fn one_process_at_a_time_has_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open(&path).await.expect("open");
    let error = refused(&path).await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.hint().is_some());
    drop(store);
    drop(Embedded::open(&path).await.expect("free again"));
}

#[tokio::test]
async fn a_file_that_is_no_graph_is_corrupt_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("folder");
    let noise = folder.path().join("noise.db");
    std::fs::write(&noise, "no database at all. ".repeat(500)).expect("write");
    let foreign = folder.path().join("foreign.db");
    std::fs::write(&foreign, "").expect("write");
    change(&foreign, "CREATE TABLE other (x)");
    for path in [&noise, &foreign] {
        let error = refused(path).await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("neurosync rebuild")),
            "{error}"
        );
    }
    Embedded::discard(&noise).expect("discard");
    let store = Embedded::open(&noise).await.expect("an empty one");
    assert_eq!(store.size().await.expect("size").nodes, 0);
    assert_eq!(
        Embedded::discard(&noise).expect_err("it is open").kind(),
        ErrorKind::Conflict
    );
    let missing = refused(&folder.path().join("no/such/folder/graph.db")).await;
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn damaged_rows_are_corrupt() {
    for damage in [
        "UPDATE documents SET topology = substr(topology, 1, 5) WHERE row = 7",
        "UPDATE documents SET label = 99 WHERE row = 7",
        "UPDATE documents SET id = (SELECT id FROM documents WHERE row = 8) WHERE row = 7",
        "DELETE FROM names",
        "UPDATE format SET version = 99",
    ] {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("graph.db");
        let store = Embedded::open(&path).await.expect("open");
        store.replace(world()).await.expect("replace");
        drop(store);
        change(&path, damage);
        let error = refused(&path).await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{damage}: {error}");
    }
}

#[tokio::test]
async fn documents_short_and_long_over_many_blocks_open_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open(&path).await.expect("open");
    let mut documents: Vec<_> = (0..1300).map(|n| facts(n, n % 3)).collect();
    for (one, n) in documents.iter_mut().zip(0..) {
        let edges = if n % 600 == 7 { 2500 } else { n % 3 + 1 };
        one.edges = (0..edges).map(|to| edge(&format!("k{n}"), &format!("o{to}"))).collect();
    }
    store.replace(documents).await.expect("replace");
    // Rows that have gone leave gaps.
    let gone = (100..700).map(|n| facts(n, 0)).collect();
    store.replace(gone).await.expect("replace");
    let (before, memory) = (store.scan(None, 10_000).await.expect("scan"), store.memory());
    drop(store);
    let store = Embedded::open(&path).await.expect("open again");
    assert_eq!(before.len(), 700);
    assert_eq!(store.scan(None, 10_000).await.expect("scan"), before);
    assert!(store.memory().edges <= memory.edges);
    drop(store);
    for damage in [
        "UPDATE documents SET topology = substr(topology, 1, 20000) WHERE length(topology) > 20000",
        "UPDATE documents SET id = x'00' WHERE row = 2",
        "UPDATE documents SET id = randomblob(32) WHERE row = 2",
    ] {
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).expect("copy");
        change(&copy, damage);
        assert_eq!(refused(&copy).await.kind(), ErrorKind::Corrupt, "{damage}");
    }
}

#[tokio::test]
async fn damaged_details_are_corrupt_when_they_are_read() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open(&path).await.expect("open");
    store.replace(world()).await.expect("replace");
    drop(store);
    change(&path, "UPDATE details SET details = x'ff' WHERE row = 7");
    let store = Embedded::open(&path).await.expect("the topology is sound");
    assert_eq!(
        store.expand(around("hub")).await.expect_err("details").kind(),
        ErrorKind::Corrupt
    );
    assert_eq!(
        store.scan(None, 1000).await.expect_err("details").kind(),
        ErrorKind::Corrupt
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_all_of_a_document_or_its_state_before() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Embedded::open(&folder.path().join("graph.db")).await.expect("open");
    let state = |name: &str| {
        let mut one = facts(1, 0);
        one.nodes = vec![node("m", name)];
        one.edges = (0..20).map(|n| edge("m", &format!("{name}{n}"))).collect();
        for edge in &mut one.edges {
            name.clone_into(&mut edge.evidence.text);
        }
        one
    };
    store.replace(vec![state("even")]).await.expect("replace");
    let states = [state("odd"), state("even")];
    let (written, writing) = (store.clone(), 0..150);
    let writer = tokio::spawn(async move {
        for round in writing {
            written.replace(vec![states[round % 2].clone()]).await.expect("replace");
        }
    });
    let mut seen = std::collections::BTreeSet::new();
    while !writer.is_finished() {
        let around = store.expand(around("m")).await.expect("expand");
        let title = around.nodes[0].title.clone().expect("a title");
        assert_eq!(around.edges.len(), 20);
        assert!(
            around
                .edges
                .iter()
                .all(|edge| edge.evidence.text == title && edge.to.as_str().starts_with(&title))
        );
        let scanned = store.scan(None, 10).await.expect("scan");
        assert!(
            scanned[0]
                .edges
                .iter()
                .all(|edge| Some(&edge.evidence.text) == scanned[0].nodes[0].title.as_ref())
        );
        seen.insert(title);
    }
    writer.await.expect("the writer ends well");
    assert_eq!(seen.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_whose_caller_goes_away_leaves_memory_and_file_alike() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open(&path).await.expect("open");
    store.replace(world()).await.expect("replace");
    for micros in [0, 50, 200, 500, 1000, 2000, 4000] {
        let mut world = world();
        for one in &mut world {
            one.edges.push(edge("hub", &format!("after {micros}")));
        }
        drop(tokio::time::timeout(Duration::from_micros(micros), store.replace(world)).await);
    }
    store.replace(vec![facts(1000, 0)]).await.expect("wait for the writer");
    let before = told(&store).await;
    drop(store);
    let store = Embedded::open(&path).await.expect("open again");
    assert_eq!(told(&store).await, before);
}
