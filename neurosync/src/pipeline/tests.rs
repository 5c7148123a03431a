//! Documents that cannot be indexed are told, and the others are indexed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::store::SourceRecord;
use domain::seam::{DocumentStore, Embedder, ProjectionStore, Role, SourceStore, SyncStore, VectorIndex};
use domain::{
    AccessId, Body, Change, Cursor, Document, DocumentId, DocumentKind, Error, Filter, Key, Page, Readers, Result,
    SourceId, Timestamp, Visible,
};
use ingest::projection::IndexProjection;
use ingest::terms::Bm25;
use store::Sqlite;
use tokio_util::sync::CancellationToken;

/// A model that cannot count one word, refuses another, and fails at a third by its own fault.
struct Picky;

#[async_trait]
impl Embedder for Picky {
    fn model(&self) -> &'static str {
        "picky"
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn tokens(&self, text: &str) -> usize {
        assert!(!text.contains("panic"), "a word that cannot be counted");
        text.split_whitespace().count()
    }

    fn max_tokens(&self) -> usize {
        256
    }

    async fn embed(&self, _: Role, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(Error::invalid("embed", "a word that is not taken"));
        }
        if texts.iter().any(|text| text.contains("broken")) {
            return Err(Error::internal("embed", "the model is broken"));
        }
        Ok(vec![vec![1.0, 0.0]; texts.len()])
    }
}

struct World {
    store: Arc<Sqlite>,
    vectors: Arc<vectors::Edge>,
    source: SourceId,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = Arc::new(Sqlite::open(&folder.path().join("store.db")).await.expect("store"));
        let source = SourceId::new("a").expect("slug");
        let record = SourceRecord {
            id: source.clone(),
            connector: "test".into(),
            settings: serde_json::Value::Null,
            added: Timestamp(0),
        };
        store.put_source(record, Readers::Public).await.expect("source");
        let vectors = vectors::Edge::open(&folder.path().join("vectors"), 2).expect("vectors");
        Self {
            store,
            vectors: Arc::new(vectors),
            source,
            _folder: folder,
        }
    }

    /// Commit documents of these texts under their numbers, and index them.
    async fn index(&self, texts: &[&str]) -> Result<u64> {
        let lease = self
            .store
            .lease("sync:a", "test", Duration::from_mins(1), Timestamp(0))
            .await;
        let changes = texts
            .iter()
            .enumerate()
            .map(|(number, text)| self.change(number, text))
            .collect();
        let page = Page {
            changes,
            ..Page::empty(Cursor("c".into()))
        };
        let lease = lease.expect("lease").expect("free");
        let committed = self.store.commit(&self.source, &lease, page, Timestamp(0)).await;
        let projection = IndexProjection {
            store: self.store.clone(),
            vectors: self.vectors.clone(),
            embedder: Arc::new(Picky),
            analyser: Arc::new(Bm25),
            progress: Arc::new(crate::Unwatched),
            cancel: CancellationToken::new(),
        };
        projection
            .run(&self.source, committed.expect("commit").revision)
            .await
            .map(|done| done.documents)
    }

    fn change(&self, number: usize, text: &str) -> Change {
        let key = Key::wiki_page("acme", "ENG", &number.to_string());
        Change::Upsert(Box::new(Document {
            id: DocumentId::new(&self.source, key.as_str()),
            source: self.source.clone(),
            kind: DocumentKind::Page,
            aliases: Vec::new(),
            container: key.clone(),
            key,
            access: AccessId::common(&self.source),
            title: String::new(),
            body: Body::plain(text),
            url: None,
            author: None,
            created: None,
            updated: None,
            fields: BTreeMap::new(),
            links: Vec::new(),
        }))
    }

    async fn told(&self) -> (u64, Vec<String>, u64) {
        let letters = self.store.dead_letters(&self.source).await.expect("dead letters");
        let points = self.vectors.count(Filter::visible(Visible::All)).await.expect("count");
        let position = self.store.position("index", &self.source).await.expect("position");
        (points, letters.into_iter().map(|one| one.item).collect(), position)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_cannot_be_indexed_are_told_and_the_others_are_indexed() {
    let world = World::new().await;
    let texts = ["good", "a panic", "fine", "some poison", "well"];
    assert_eq!(world.index(&texts).await.expect("indexed"), 5);
    let letters = ["index wiki:acme/ENG/1", "index wiki:acme/ENG/3"].map(str::to_owned);
    assert_eq!(world.told().await, (3, letters.to_vec(), 5));
    assert_eq!(
        world
            .store
            .term_statistics(&[], &Visible::All)
            .await
            .expect("statistics")
            .chunks,
        3
    );
    // Mended, they are indexed and no longer told.
    world
        .index(&["good", "calm", "fine", "some poison", "well"])
        .await
        .expect("indexed");
    assert_eq!(world.told().await, (4, letters[1..].to_vec(), 6));
    world
        .index(&["good", "calm", "fine", "medicine", "well"])
        .await
        .expect("indexed");
    assert_eq!(world.told().await, (5, Vec::new(), 7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_is_broken_is_not_the_documents_fault() {
    let world = World::new().await;
    assert!(world.index(&["broken", "all broken"]).await.is_err());
    assert_eq!(world.told().await, (0, Vec::new(), 0));
}
