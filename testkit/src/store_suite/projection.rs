//! What the projections read and write.

use std::sync::Arc;

use domain::seam::store::{DirectoryEntry, Mentioned};
use domain::{Change, DocumentKind, ErrorKind, Key, TextHash, Visible};

use super::Store;
use super::make::{World, chunk, upsert};

pub(super) async fn the_log_is_read_in_pages_each_document_once(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit((0..25).map(|native| world.put(&native.to_string(), "x")).collect())
        .await;
    world
        .commit(
            (0..25)
                .step_by(3)
                .map(|native| world.put(&native.to_string(), "y"))
                .collect(),
        )
        .await;
    world.commit(vec![Change::Delete(world.id("1"))]).await;
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let page = store.changed(&world.source, after, 4).await.expect("changed");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = last.revision;
        read.extend(page);
    }
    assert_eq!(read, world.log().await);
    assert!(read.is_sorted_by(|a, b| a.revision < b.revision));
    assert_eq!(
        read.iter()
            .map(|changed| changed.id)
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        25
    );
    assert_eq!((read.len(), after), (25, 35));
    for changed in read {
        let text = changed.document.as_ref().map(|document| document.body.text.as_str());
        let native = (0..25)
            .find(|native| changed.id == world.id(&native.to_string()))
            .expect("one of them");
        assert_eq!(
            text,
            [Some("y"), Some("x")]
                .get(usize::from(native % 3 != 0))
                .copied()
                .filter(|_| native != 1)
                .flatten()
        );
    }
    assert!(
        store
            .changed(&world.source, u64::MAX, 10)
            .await
            .expect("changed")
            .is_empty()
    );
}

pub(super) async fn chunks_are_replaced_and_read_in_order(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x"), world.put("P-2", "x")]).await;
    let mut document = world.indexed("P-1", "open", &[vec![1], vec![2], vec![]]);
    document.chunks.reverse();
    world
        .index(1, vec![document.clone(), world.indexed("P-2", "open", &[vec![9]])])
        .await;
    let read = store.chunks(world.id("P-1"), &Visible::All).await.expect("chunks");
    document.chunks.reverse();
    let expected: Vec<_> = document
        .chunks
        .iter()
        .map(|indexed| (&indexed.chunk, indexed.hash))
        .collect();
    assert_eq!(
        read.iter()
            .map(|stored| (&stored.chunk, stored.hash))
            .collect::<Vec<_>>(),
        expected
    );
    world.index(2, vec![world.indexed("P-1", "open", &[vec![3]])]).await;
    assert_eq!(
        store
            .chunks(world.id("P-1"), &Visible::All)
            .await
            .expect("chunks")
            .len(),
        1
    );
    world.index(2, vec![world.indexed("P-1", "open", &[])]).await;
    assert!(
        store
            .chunks(world.id("P-1"), &Visible::All)
            .await
            .expect("chunks")
            .is_empty()
    );
    assert_eq!(
        store
            .chunks(world.id("P-2"), &Visible::All)
            .await
            .expect("chunks")
            .len(),
        1
    );
    assert_eq!(world.report().await.chunks, 1);
    world.commit(vec![Change::Delete(world.id("P-2"))]).await;
    assert!(
        store
            .chunks(world.id("P-2"), &Visible::All)
            .await
            .expect("chunks")
            .is_empty(),
        "gone before the index knows"
    );
}

pub(super) async fn foreign_chunks_are_refused(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x"), world.put("P-2", "x")]).await;
    let mut mixed = world.indexed("P-1", "open", &[vec![1]]);
    mixed.chunks.push(chunk(world.id("P-2"), 1, &[1]));
    let mut doubled = world.indexed("P-1", "open", &[vec![1]]);
    doubled.chunks.push(chunk(world.id("P-1"), 0, &[2]));
    let unknown = world.indexed("never seen", "open", &[vec![1]]);
    for document in [mixed, doubled, unknown] {
        let documents = vec![world.indexed("P-2", "open", &[vec![1]]), document];
        let error = store
            .commit_index(&world.source, 1, documents, Vec::new())
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert_eq!(store.position("index", &world.source).await.expect("position"), 0);
    assert_eq!(
        store
            .term_statistics(&[1], &Visible::All)
            .await
            .expect("statistics")
            .chunks,
        0
    );
    world.index(1, vec![world.indexed("never seen", "open", &[])]).await;
}

pub(super) async fn the_directory_lists_its_kinds_of_documents(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let named = |world: &World, kind, key: &str, aliases: &[&str]| {
        let mut document = world.document(key, "x");
        (document.kind, document.key) = (kind, Key::from_raw(key));
        document.aliases = aliases.iter().map(|alias| (*alias).into()).collect();
        document
    };
    let repository = named(
        &world,
        DocumentKind::Repository,
        "repo:acme/api",
        &["repo:acme/old", "repo:acme/ancient"],
    );
    let gone = named(&world, DocumentKind::Project, "jira:acme/GONE", &["jira:GONE"]);
    let project = named(&other, DocumentKind::Project, "jira:acme/PAY", &["jira:PAY"]);
    world
        .commit(vec![upsert(repository), upsert(gone.clone()), world.put("P-1", "x")])
        .await;
    other.commit(vec![upsert(project)]).await;
    world.commit(vec![Change::Delete(gone.id)]).await;
    let (mut entries, documents) = store.directory(&[]).await.expect("directory");
    for entry in &mut entries {
        entry.aliases.sort_unstable();
    }
    let entry = |key: &str, aliases: &[&str], world: &World| DirectoryEntry {
        key: Key::from_raw(key),
        aliases: aliases.iter().map(|alias| (*alias).into()).collect(),
        access: world.label("open"),
    };
    let expected = [
        entry("jira:acme/PAY", &["jira:PAY"], &other),
        entry("repo:acme/api", &["repo:acme/ancient", "repo:acme/old"], &world),
    ];
    assert_eq!(entries, expected);
    assert!(documents.is_empty());
}

pub(super) async fn former_names_are_told_until_the_graph_has_handled_them(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let named = |aliases: &[&str]| {
        let mut document = world.document("R", "x");
        (document.kind, document.key) = (DocumentKind::Repository, Key::from_raw("repo:acme/api"));
        document.aliases = aliases.iter().map(|alias| (*alias).into()).collect();
        document
    };
    let former = async || {
        let log = world.log().await;
        let own = log.into_iter().find(|changed| changed.id == world.id("R"));
        own.expect("in the log").former
    };
    let graph = async |position: u64| {
        let documents = vec![Mentioned {
            id: world.id("R"),
            names: Vec::new(),
        }];
        let done = store.commit_graph(&world.source, position, documents, Vec::new()).await;
        done.expect("commit graph");
    };
    world
        .commit(vec![upsert(named(&["old/a", "old/b"])), world.put("P-1", "x")])
        .await;
    assert_eq!(former().await, [""; 0]);
    graph(1).await;
    world.commit(vec![upsert(named(&["old/b"]))]).await;
    world
        .commit(vec![upsert(named(&["old/c"])), world.put("P-1", "y")])
        .await;
    assert_eq!(former().await, ["old/a", "old/b"]);
    world.commit(vec![Change::Delete(world.id("R"))]).await;
    graph(3).await;
    assert_eq!(former().await, ["old/a", "old/b", "old/c"], "it has changed since");
    graph(6).await;
    assert_eq!(former().await, [""; 0]);
}

pub(super) async fn mentions_are_replaced_and_die_with_their_document(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    world
        .commit(["P-1", "P-2", "P-3"].map(|native| world.put(native, "x")).into())
        .await;
    other.commit(vec![other.put("P-1", "x")]).await;
    let mentioned = |world: &World, native: &str, names: &[&str]| Mentioned {
        id: world.id(native),
        names: names.iter().map(|name| (*name).into()).collect(),
    };
    let who = async |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
        store.directory(&names).await.expect("directory").1
    };
    let sorted = |mut ids: Vec<domain::DocumentId>| {
        ids.sort_unstable();
        ids
    };
    let first = vec![
        mentioned(&world, "P-1", &["jira:A", "jira:B", "jira:A"]),
        mentioned(&world, "P-2", &["jira:B"]),
        mentioned(&world, "P-3", &["jira:C"]),
    ];
    store
        .commit_graph(&world.source, 3, first, Vec::new())
        .await
        .expect("commit graph");
    store
        .commit_graph(
            &other.source,
            1,
            vec![mentioned(&other, "P-1", &["jira:A"])],
            Vec::new(),
        )
        .await
        .expect("commit graph");
    assert_eq!(
        who(&["jira:A", "jira:B"]).await,
        sorted(vec![world.id("P-1"), world.id("P-2"), other.id("P-1")])
    );
    assert_eq!(who(&["jira:C"]).await, [world.id("P-3")]);
    store
        .commit_graph(
            &world.source,
            3,
            vec![mentioned(&world, "P-1", &["jira:C"]), mentioned(&world, "P-2", &[])],
            Vec::new(),
        )
        .await
        .expect("again");
    assert_eq!(who(&["jira:A", "jira:B"]).await, [other.id("P-1")]);
    assert_eq!(who(&["jira:C"]).await, sorted(vec![world.id("P-1"), world.id("P-3")]));
    world.commit(vec![Change::Delete(world.id("P-3"))]).await;
    assert_eq!(who(&["jira:C"]).await, [world.id("P-1")]);
    assert!(who(&["jira"]).await.is_empty());
}

pub(super) async fn vectors_of_a_removed_source_are_dropped_when_it_is_forgotten(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    world.commit(vec![world.put("P-1", "x")]).await;
    other.commit(vec![other.put("P-1", "x")]).await;
    let (own, kept) = (
        world.indexed("P-1", "open", &[vec![1]]),
        other.indexed("P-1", "open", &[vec![1], vec![2]]),
    );
    let hashes: Vec<TextHash> = own.chunks.iter().chain(&kept.chunks).map(|chunk| chunk.hash).collect();
    let vectors = hashes.iter().map(|hash| (*hash, vec![1.0])).collect();
    store.cache_vectors("m", vectors).await.expect("cache");
    world.index(1, vec![own]).await;
    other.index(1, vec![kept]).await;
    let cached = async || store.cached_vectors("m", &hashes).await.expect("read").len();
    store.remove_source(&world.source).await.expect("remove");
    assert_eq!(cached().await, 3, "the projection has not handled it yet");
    world.index(2, vec![world.indexed("P-1", "open", &[])]).await;
    assert_eq!(cached().await, 2);
}

pub(super) async fn cached_vectors_read_back_bit_for_bit(store: Arc<dyn Store>) {
    let hashes: Vec<TextHash> = (0..1100).map(|text| TextHash::of(&text.to_string())).collect();
    let vectors: Vec<_> = (0_u16..)
        .zip(&hashes)
        .map(|(n, hash)| (*hash, vec![f32::from(n) / 3.0, -0.0, f32::MIN_POSITIVE]))
        .collect();
    assert!(store.cached_vectors("m", &hashes).await.expect("read").is_empty());
    store
        .cache_vectors("m", vectors.iter().step_by(2).cloned().collect())
        .await
        .expect("cache");
    store
        .cache_vectors("other", vec![(hashes[1], vec![1.0])])
        .await
        .expect("cache");
    store
        .cache_vectors("m", vec![vectors[0].clone(), vectors[0].clone(), vectors[1].clone()])
        .await
        .expect("again");
    let mut found = store.cached_vectors("m", &hashes).await.expect("read");
    found.sort_by_key(|(hash, _)| hashes.iter().position(|known| known == hash));
    let expected: Vec<_> = vectors
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 2 == 0 || *n == 1)
        .map(|(_, vector)| vector.clone())
        .collect();
    let bits = |vectors: &[(TextHash, Vec<f32>)]| -> Vec<_> {
        vectors
            .iter()
            .map(|(hash, vector)| (*hash, vector.iter().map(|value| value.to_bits()).collect::<Vec<_>>()))
            .collect()
    };
    assert_eq!(bits(&found), bits(&expected));
    assert_eq!(
        store.cached_vectors("other", &hashes).await.expect("read"),
        [(hashes[1], vec![1.0])]
    );
    for bad in [vec![], vec![f32::NAN], vec![f32::INFINITY]] {
        let error = store
            .cache_vectors("m", vec![(hashes[3], bad)])
            .await
            .expect_err("no vector");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
