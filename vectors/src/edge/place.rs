//! The folder of an index and the locks around its shard.
//!
//! | lock | held by | keeps out |
//! |---|---|---|
//! | file `lock` | the process, as long as the index is open | other processes |
//! | `sequence` | every write and flush | other writes: the engine's flush panics beside an update |
//! | `merging` | a merge, and whatever takes the shard away | one the other |
//! | `shard` | shared by all uses of the shard, alone by `clear` | use of a shard that is being taken away |
//!
//! They are taken in this order from top to bottom, and `shard` is waited for alone only while no merge runs, so that readers never wait for one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use domain::seam::{Hit, Point, PointSet, VectorQuery};
use domain::{AccessId, ChunkId, DocumentId, Error, ErrorKind, Filter, Result};
use qdrant_edge::{
    CountRequest, EdgeShard, PointId, PointInsertOperations, PointOperations, PointStructPersisted, ScrollRequest,
    UpdateOperation, WithPayloadInterface, WithVector,
};
use uuid::Uuid;

use super::fault::guarded;
use super::payload::{engine_filter, engine_points, field, of_documents, point_of};
use super::sequence::{Sequence, trim_log};
use super::tidy::Tidy;
use super::{search, shard};
use crate::conditions::{ACCESS, DOCUMENT};

/// Points of one engine operation, which is serialised whole into the engine's log.
const POINTS_PER_OPERATION: usize = 2_000;

/// The most points that `scan` returns at once.
const SCAN_AT_MOST: usize = 10_000;

/// The folder of an open index.
pub(super) struct Place {
    folder: PathBuf,
    dimensions: usize,
    sequence: Mutex<Sequence>,
    merging: Mutex<()>,
    shard: RwLock<Option<EdgeShard>>,
    tidy: Tidy,
    _lock: File,
}

impl Place {
    pub(super) fn open(folder: &Path, dimensions: usize) -> Result<Self> {
        Self::with_lock(folder, dimensions, take(folder)?)
    }

    pub(super) fn create(folder: &Path, dimensions: usize) -> Result<Self> {
        let lock = take(folder)?;
        for path in [shard_folder(folder), sequence_file(folder)] {
            remove(&path)?;
        }
        Self::with_lock(folder, dimensions, lock)
    }

    fn with_lock(folder: &Path, dimensions: usize, lock: File) -> Result<Self> {
        let mut sequence = Sequence::open(sequence_file(folder))?;
        let shard = shard::open(&shard_folder(folder), dimensions, &mut sequence)?;
        Ok(Self {
            folder: folder.to_owned(),
            dimensions,
            sequence: Mutex::new(sequence),
            merging: Mutex::new(()),
            shard: RwLock::new(Some(shard)),
            tidy: Tidy::new(),
            _lock: lock,
        })
    }

    /// Replace the points of whole documents. New points appear before stale ones go, so that no document is missing in between.
    pub(super) fn replace(&self, sets: Vec<PointSet>) -> Result<()> {
        // The last set of a document counts.
        let sets: BTreeMap<DocumentId, PointSet> = sets.into_iter().map(|set| (set.document, set)).collect();
        let documents: Vec<DocumentId> = sets.keys().copied().collect();
        let mut points = Vec::new();
        for set in sets.into_values() {
            points.extend(engine_points(set, self.dimensions)?);
        }
        let kept: BTreeSet<PointId> = points.iter().map(|point| point.id).collect();
        let mut sequence = locked(&self.sequence);
        let written = self.with_shard(|shard| {
            let mut stale = ids_of(shard, &documents)?;
            stale.retain(|id| !kept.contains(id));
            let written = points.len() + stale.len();
            for operation in operations(points, stale) {
                shard::update(shard, &mut sequence, UpdateOperation::PointOperation(operation))?;
            }
            Ok(written)
        })?;
        drop(sequence);
        self.tidy.wrote(written);
        Ok(())
    }

    pub(super) fn query(&self, query: &VectorQuery) -> Result<Vec<Hit>> {
        self.with_shard(|shard| search::query(shard, query, self.dimensions))
    }

    pub(super) fn count(&self, filter: &Filter) -> Result<u64> {
        let Some(filter) = engine_filter(filter) else {
            return Ok(0);
        };
        let request = CountRequest {
            filter: Some(filter),
            exact: true,
        };
        let count = self.with_shard(|shard| guarded("count vector index", || shard.count(request)))?;
        Ok(count as u64)
    }

    pub(super) fn scan(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<(AccessId, DocumentId, Point)>> {
        let offset = match after.map(|chunk| chunk.0.as_u128().checked_add(1)) {
            None => None,
            Some(Some(next)) => Some(PointId::Uuid(Uuid::from_u128(next))),
            Some(None) => return Ok(Vec::new()),
        };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let request = ScrollRequest {
            offset,
            limit: Some(limit.min(SCAN_AT_MOST)),
            with_payload: Some(WithPayloadInterface::Fields(vec![field(ACCESS), field(DOCUMENT)])),
            with_vector: WithVector::Bool(true),
            ..ScrollRequest::default()
        };
        let (records, _) = self.with_shard(|shard| guarded("scan vector index", || shard.scroll(request)))?;
        records
            .into_iter()
            .map(|record| point_of(record.id, record.payload.as_ref(), record.vector))
            .collect()
    }

    pub(super) fn flush(&self) -> Result<()> {
        let mut sequence = locked(&self.sequence);
        self.with_shard(|shard| shard::flush(shard, &mut sequence))?;
        trim_log(&shard_folder(&self.folder).join(shard::LOG))
    }

    /// Remove everything, waiting for a merge in progress.
    pub(super) fn clear(&self) -> Result<()> {
        let mut sequence = locked(&self.sequence);
        let _merging = locked(&self.merging);
        let mut place = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        close(place.take());
        let folder = shard_folder(&self.folder);
        remove(&folder)?;
        *place = Some(shard::open(&folder, self.dimensions, &mut sequence)?);
        Ok(())
    }

    /// Merge segments whenever enough was written.
    pub(super) fn tidy_until_stopped(&self) {
        self.tidy.run(|| {
            let _merging = locked(&self.merging);
            let merged = self.with_shard(|shard| guarded("merge vector index", || shard.optimize()));
            if let Err(error) = merged {
                tracing::warn!(%error, hint = error.hint(), "segments of the vector index could not be merged; searches stay right but grow slower");
            }
        });
    }

    pub(super) fn stop_tidying(&self) {
        self.tidy.stop();
    }

    fn with_shard<T>(&self, work: impl FnOnce(&EdgeShard) -> Result<T>) -> Result<T> {
        let shard = self.shard.read().unwrap_or_else(PoisonError::into_inner);
        match shard.as_ref() {
            Some(shard) => work(shard),
            None => Err(
                Error::internal("use vector index", "the index is closed: clearing it failed")
                    .with_hint("restart, then run `neurosync rebuild`"),
            ),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let shard = self.shard.get_mut().unwrap_or_else(PoisonError::into_inner);
        close(shard.take());
        if let Err(error) = self.sequence.get_mut().unwrap_or_else(PoisonError::into_inner).settle() {
            tracing::warn!(%error, "the vector index was not closed in order; nothing is lost by that");
        }
    }
}

/// Drop the shard, which flushes it and panics where that fails.
fn close(shard: Option<EdgeShard>) {
    if let Err(error) = guarded("close vector index", || {
        drop(shard);
        Ok(())
    }) {
        tracing::error!(%error, "the vector index was not flushed; what was written since the last flush will be indexed again");
    }
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard_folder(folder: &Path) -> PathBuf {
    folder.join("shard")
}

fn sequence_file(folder: &Path) -> PathBuf {
    folder.join("sequence")
}

fn take(folder: &Path) -> Result<File> {
    let failed = |error| Error::io("open vector index", folder, error);
    fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process uses this data folder: {}", folder.display());
            Err(Error::new(ErrorKind::Conflict, "open vector index", message)
                .with_hint("stop the other `neurosync`, or give this one a data folder of its own"))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("clear vector index", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn operations(points: Vec<PointStructPersisted>, stale: Vec<PointId>) -> Vec<PointOperations> {
    let mut operations = Vec::new();
    let mut points = points.into_iter().peekable();
    while points.peek().is_some() {
        let some = points.by_ref().take(POINTS_PER_OPERATION).collect();
        operations.push(PointOperations::UpsertPoints(PointInsertOperations::PointsList(some)));
    }
    if !stale.is_empty() {
        operations.push(PointOperations::DeletePoints { ids: stale });
    }
    operations
}

/// The points that these documents have.
fn ids_of(shard: &EdgeShard, documents: &[DocumentId]) -> Result<Vec<PointId>> {
    let total = guarded("write vector index", || Ok(shard.info()))?.points_count;
    let request = ScrollRequest {
        limit: Some(total.max(1)),
        filter: Some(of_documents(documents.iter().copied())),
        with_payload: Some(WithPayloadInterface::Bool(false)),
        ..ScrollRequest::default()
    };
    let (records, _) = guarded("write vector index", || shard.scroll(request))?;
    Ok(records.into_iter().map(|record| record.id).collect())
}
