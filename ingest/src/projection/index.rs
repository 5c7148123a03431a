//! The index projection: changed documents → text → chunks → vectors (from the cache, else embedded) → vector index and statistics.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::seam::store::{CachedVector, Changed, Failure, IndexedChunk, IndexedDocument};
use domain::seam::{Analyser, Embedder, Point, PointSet, ProjectionStore, Role, VectorIndex};
use domain::{Document, Error, Result, SourceId, TextHash};
use rayon::prelude::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::poison::{by_parts, failure, guarded, may_be_an_item};
use super::{INDEX, Projected};
use crate::chunk::{TokenBudget, chunk};
use crate::normalize::normalize;
use crate::progress::{Event, Progress};
use crate::sync::cancelled;

/// Documents a batch: enough to fill both cores and a write, few enough to hold in memory with their vectors.
const BATCH: usize = 512;
/// Texts embedded between two writes to the cache: what a crash can cost.
const EMBED_BATCH: usize = 256;
/// Batches that may wait between two stages.
const IN_FLIGHT: usize = 1;

/// Everything the index projection works with.
#[derive(Clone)]
pub struct IndexProjection {
    /// The truth, and what the projection keeps there.
    pub store: Arc<dyn ProjectionStore>,
    /// The index.
    pub vectors: Arc<dyn VectorIndex>,
    /// The model.
    pub embedder: Arc<dyn Embedder>,
    /// The lexical side.
    pub analyser: Arc<dyn Analyser>,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
    /// When to stop: between batches.
    pub cancel: CancellationToken,
}

/// A batch on its way: what each stage has added so far.
struct Batch {
    from: u64,
    to: u64,
    documents: Vec<Prepared>,
    failed: Vec<Failure>,
    embedded: u64,
}

/// One document on its way. `set.points[i]`, `indexed.chunks[i]` and `texts[i]` belong together; a text is dropped once its vector is known.
#[derive(Clone)]
struct Prepared {
    set: PointSet,
    indexed: IndexedDocument,
    texts: Vec<String>,
}

impl IndexProjection {
    /// Bring the index up to the source's last revision.
    ///
    /// # Errors
    /// Whatever a backend reports; `Cancelled` when asked to stop. The position stays at the last batch that is durable.
    pub async fn run(&self, source: &SourceId, revision: u64) -> Result<Projected> {
        self.run_some(source, revision, usize::MAX).await
    }

    /// The same for about so many documents; the rest waits for the next run, so that one source does not hold up the others.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_some(&self, source: &SourceId, revision: u64, documents: usize) -> Result<Projected> {
        let position = self.store.position(INDEX, source).await?;
        if position >= revision {
            return Ok(Projected::default());
        }
        self.progress.event(&Event::Started {
            projection: INDEX,
            source: source.clone(),
            pending: revision - position,
        });
        let (prepared, to_embed) = mpsc::channel(IN_FLIGHT);
        let (embedded, to_write) = mpsc::channel(IN_FLIGHT);
        let (first, second, total) = tokio::join!(
            self.prepare_all(source, (position, documents), prepared),
            self.embed_all(source, to_embed, embedded),
            self.write_all(source, to_write)
        );
        let total = total?;
        second?;
        first?;
        Ok(total)
    }

    /// Prepare what follows `position`, until so many documents are on their way.
    async fn prepare_all(
        &self,
        source: &SourceId,
        (mut position, most): (u64, usize),
        out: mpsc::Sender<Batch>,
    ) -> Result<()> {
        let mut sent = 0;
        while sent < most {
            if self.cancel.is_cancelled() {
                return Err(cancelled());
            }
            let changed = self.store.changed(source, position, BATCH).await?;
            let Some(last) = changed.last() else { return Ok(()) };
            let (from, to) = (position, last.revision);
            sent += changed.len();
            let (embedder, analyser, source) = (self.embedder.clone(), self.analyser.clone(), source.clone());
            let work = move || {
                changed
                    .into_par_iter()
                    .map(|one| prepare_guarded(&source, one, &*embedder, &*analyser))
                    .collect::<Vec<_>>()
            };
            let (documents, failed): (Vec<_>, Vec<_>) = on_cpu(work).await?.into_iter().unzip();
            position = to;
            // The reader is gone when a later stage failed: its error is the one to tell.
            if out
                .send(Batch {
                    from,
                    to,
                    documents,
                    failed: failed.into_iter().flatten().collect(),
                    embedded: 0,
                })
                .await
                .is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn embed_all(
        &self,
        source: &SourceId,
        mut batches: mpsc::Receiver<Batch>,
        out: mpsc::Sender<Batch>,
    ) -> Result<()> {
        while let Some(mut batch) = batches.recv().await {
            self.embed(source, &mut batch).await?;
            if out.send(batch).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn embed(&self, source: &SourceId, batch: &mut Batch) -> Result<()> {
        let mut wanted: BTreeMap<TextHash, &str> = BTreeMap::new();
        for document in &batch.documents {
            wanted.extend(
                document
                    .indexed
                    .chunks
                    .iter()
                    .zip(&document.texts)
                    .map(|(chunk, text)| (chunk.hash, text.as_str())),
            );
        }
        let hashes: Vec<_> = wanted.keys().copied().collect();
        let model = self.embedder.model();
        let mut known: BTreeMap<TextHash, Vec<f32>> =
            self.store.cached_vectors(model, &hashes).await?.into_iter().collect();
        let missing: Vec<_> = wanted
            .into_iter()
            .filter(|(hash, _)| !known.contains_key(hash))
            .collect();
        let mut bad: BTreeMap<TextHash, String> = BTreeMap::new();
        for part in missing.chunks(EMBED_BATCH) {
            let parts = by_parts(part.to_vec(), |texts| self.vectors_of(texts)).await?;
            let fresh: Vec<_> = parts.done.concat();
            bad.extend(
                parts
                    .failed
                    .into_iter()
                    .map(|((hash, _), error)| (hash, error.to_string())),
            );
            self.store.cache_vectors(model, fresh.clone()).await?;
            self.progress.event(&Event::Embedded {
                source: source.clone(),
                texts: fresh.len() as u64,
            });
            batch.embedded += fresh.len() as u64;
            known.extend(fresh);
        }
        for document in &mut batch.documents {
            document.texts.clear();
            let chunks = &document.indexed.chunks;
            if let Some(reason) = chunks.iter().find_map(|chunk| bad.get(&chunk.hash)) {
                batch.failed.push(failure(document.indexed.id, reason.clone()));
                document.empty();
            }
            for (point, chunk) in document.set.points.iter_mut().zip(&document.indexed.chunks) {
                point.dense = known
                    .get(&chunk.hash)
                    .cloned()
                    .ok_or_else(|| Error::internal("embed chunks", "a chunk is left without a vector"))?;
            }
        }
        Ok(())
    }

    /// The vectors of texts, unless asked to stop.
    async fn vectors_of(&self, texts: Vec<(TextHash, &str)>) -> Result<Vec<CachedVector>> {
        let (hashes, texts): (Vec<_>, Vec<_>) = texts.into_iter().map(|(hash, text)| (hash, text.to_owned())).unzip();
        // Dropping the future abandons what the model has not begun: a stop need not wait for a whole batch.
        let vectors = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            vectors = self.embedder.embed(Role::Passage, texts) => vectors?,
        };
        if vectors.len() != hashes.len() {
            let message = format!("{} vectors for {} texts", vectors.len(), hashes.len());
            return Err(Error::internal("embed chunks", message));
        }
        Ok(hashes.into_iter().zip(vectors).collect())
    }

    async fn write_all(&self, source: &SourceId, mut batches: mpsc::Receiver<Batch>) -> Result<Projected> {
        let mut total = Projected::default();
        while let Some(batch) = batches.recv().await {
            let (from, to) = (batch.from, batch.to);
            let mut done = Projected {
                documents: batch.documents.len() as u64,
                written: 0,
                embedded: batch.embedded,
            };
            let attempt = self.write((source, to), batch.documents.clone(), batch.failed.clone());
            done.written = match attempt.await {
                Err(error) if may_be_an_item(&error) => self.write_parts(source, batch).await?,
                written => written?,
            };
            self.progress.event(&Event::Projected {
                projection: INDEX,
                source: source.clone(),
                documents: done.documents,
                revisions: to - from,
                written: done.written,
                embedded: done.embedded,
            });
            total.add(done);
        }
        Ok(total)
    }

    /// Write documents to the index, flush it, and only then to the store with the position; how many chunks there are.
    async fn write(
        &self,
        (source, position): (&SourceId, u64),
        documents: Vec<Prepared>,
        failed: Vec<Failure>,
    ) -> Result<u64> {
        let (sets, indexed): (Vec<_>, Vec<_>) = documents.into_iter().map(|one| (one.set, one.indexed)).unzip();
        let chunks = indexed.iter().map(|document| document.chunks.len() as u64).sum();
        self.vectors.replace(sets).await?;
        self.vectors.flush().await?;
        self.store.commit_index(source, position, indexed, failed).await?;
        Ok(chunks)
    }

    /// Write a batch that is not taken as a whole without the documents that are to blame; the position moves when all are told.
    async fn write_parts(&self, source: &SourceId, batch: Batch) -> Result<u64> {
        let at = (source, batch.from);
        let parts = by_parts(batch.documents, |part| self.write(at, part, Vec::new())).await?;
        let (mut refused, mut failed) = (Vec::new(), batch.failed);
        for (mut document, error) in parts.failed {
            failed.push(failure(document.indexed.id, error.to_string()));
            document.empty();
            refused.push(document);
        }
        self.write((source, batch.to), refused, failed).await?;
        Ok(parts.done.iter().sum())
    }
}

impl Prepared {
    /// Leave nothing of the document: it is taken out of the index.
    fn empty(&mut self) {
        self.set.points.clear();
        self.indexed.chunks.clear();
        self.texts.clear();
    }
}

/// Run CPU-bound work away from the async threads.
pub(crate) async fn on_cpu<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("process documents", "a document made the processing fail").with_source(error))
}

/// A changed document on its way; taken out of the index when it makes the processing fail.
fn prepare_guarded(
    source: &SourceId,
    changed: Changed,
    embedder: &dyn Embedder,
    analyser: &dyn Analyser,
) -> (Prepared, Option<Failure>) {
    let gone = Changed {
        revision: changed.revision,
        id: changed.id,
        kind: changed.kind,
        key: changed.key.clone(),
        access: changed.access.clone(),
        former: Vec::new(),
        document: None,
    };
    match guarded(changed.id, || prepare(source, changed, embedder, analyser)) {
        Ok(prepared) => (prepared, None),
        Err(failure) => (prepare(source, gone, embedder, analyser), Some(failure)),
    }
}

fn prepare(source: &SourceId, changed: Changed, embedder: &dyn Embedder, analyser: &dyn Analyser) -> Prepared {
    let Some(document) = changed.document else {
        return Prepared {
            set: removal(source, &changed.access, changed.id),
            indexed: IndexedDocument {
                id: changed.id,
                access: changed.access,
                chunks: Vec::new(),
            },
            texts: Vec::new(),
        };
    };
    let normalized = normalize(&document);
    let count = |text: &str| embedder.tokens(text);
    let chunks = chunk(&document, &normalized, &TokenBudget::new(&count));
    let (mut points, mut indexed, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for chunk in chunks {
        let text = chunk.embedded_text(&document.title);
        let sparse = analyser.passage(&text);
        points.push(Point {
            chunk: chunk.id(),
            dense: Vec::new(),
            sparse: sparse.clone(),
        });
        indexed.push(IndexedChunk {
            hash: TextHash::of(&text),
            chunk,
            sparse,
        });
        texts.push(text);
    }
    Prepared {
        set: point_set(&document, points),
        indexed: IndexedDocument {
            id: document.id,
            access: document.access.clone(),
            chunks: indexed,
        },
        texts,
    }
}

fn removal(source: &SourceId, access: &domain::AccessId, document: domain::DocumentId) -> PointSet {
    PointSet {
        document,
        access: access.clone(),
        source: source.clone(),
        kind: domain::DocumentKind::File,
        container: String::new(),
        author: None,
        labels: Vec::new(),
        states: Vec::new(),
        updated: None,
        points: Vec::new(),
    }
}

fn point_set(document: &Document, points: Vec<Point>) -> PointSet {
    let lower = |field: &str| document.field(field).iter().map(|value| value.to_lowercase()).collect();
    PointSet {
        document: document.id,
        access: document.access.clone(),
        source: document.source.clone(),
        kind: document.kind,
        container: document.container.as_str().to_owned(),
        author: document.author.as_ref().map(|author| author.as_str().to_owned()),
        labels: lower("label"),
        states: lower("state"),
        updated: document.updated.or(document.created),
        points,
    }
}
