//! The in-process vector index: one folder, one process, a thread of its own that keeps the segments in shape.

mod fault;
mod payload;
mod place;
mod search;
mod sequence;
mod shard;
mod tidy;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use domain::seam::{Hit, Point, PointSet, VectorIndex, VectorQuery};
use domain::{AccessId, ChunkId, DocumentId, Error, Filter, Result};
use tokio::sync::Semaphore;

use self::place::Place;

/// The vector index in a folder of this machine, held by one process at a time.
///
/// Writes are applied one call after another, reads run beside them. What is not flushed is lost when the process is killed:
/// the engine writes a log but never reads it back. Dropping the index flushes it, and waits for a merge in progress (seconds).
pub struct Edge {
    place: Arc<Place>,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    tidier: Option<JoinHandle<()>>,
}

impl Edge {
    /// Open the index in `dir`, making it where there is none, for vectors of `dimensions` numbers. Blocks on file access.
    ///
    /// # Errors
    /// `Conflict` when another process has the folder or it was made for other dimensions; `Corrupt` when it cannot be loaded;
    /// and those of the file system.
    pub fn open(dir: &Path, dimensions: usize) -> Result<Self> {
        let place = Arc::new(Place::open(dir, dimensions)?);
        Self::start(place)
    }

    /// As [`Edge::open`], but whatever the index held before, readable or not, is removed first.
    ///
    /// # Errors
    /// `Conflict` when another process has the folder, and those of the file system.
    pub fn create(dir: &Path, dimensions: usize) -> Result<Self> {
        let place = Arc::new(Place::create(dir, dimensions)?);
        Self::start(place)
    }

    fn start(place: Arc<Place>) -> Result<Self> {
        let own = Arc::clone(&place);
        let tidier = std::thread::Builder::new()
            .name("vectors-tidy".to_owned())
            .spawn(move || own.tidy_until_stopped())
            .map_err(|error| Error::internal("open vector index", "cannot start a thread").with_source(error))?;
        // Each read holds its candidates in memory, so their number is bounded; more than the cores would not be faster.
        let readers = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        Ok(Self {
            place,
            reads: Arc::new(Semaphore::new(readers)),
            writes: Arc::new(Semaphore::new(1)),
            tidier: Some(tidier),
        })
    }

    async fn read<T: Send + 'static>(&self, work: impl FnOnce(&Place) -> Result<T> + Send + 'static) -> Result<T> {
        blocking(&self.reads, &self.place, work).await
    }

    async fn write<T: Send + 'static>(&self, work: impl FnOnce(&Place) -> Result<T> + Send + 'static) -> Result<T> {
        blocking(&self.writes, &self.place, work).await
    }
}

/// Run `work` off the async threads once there is room. What has begun runs to its end, even when the caller is gone.
async fn blocking<T: Send + 'static>(
    room: &Arc<Semaphore>,
    place: &Arc<Place>,
    work: impl FnOnce(&Place) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stopped = |error| Error::internal("use vector index", "the work was stopped").with_source(error);
    let permit = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(|error| stopped(error.to_string()))?;
    let place = Arc::clone(place);
    let done = tokio::task::spawn_blocking(move || {
        let result = work(&place);
        drop(permit);
        result
    });
    done.await.map_err(|error| stopped(error.to_string()))?
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.place.stop_tidying();
        if let Some(tidier) = self.tidier.take()
            && tidier.join().is_err()
        {
            tracing::error!("the thread that tidies the vector index panicked");
        }
    }
}

#[async_trait]
impl VectorIndex for Edge {
    async fn replace(&self, sets: Vec<PointSet>) -> Result<()> {
        if sets.is_empty() {
            return Ok(());
        }
        self.write(move |place| place.replace(sets)).await
    }

    async fn query(&self, query: VectorQuery) -> Result<Vec<Hit>> {
        self.read(move |place| place.query(&query)).await
    }

    async fn count(&self, filter: Filter) -> Result<u64> {
        self.read(move |place| place.count(&filter)).await
    }

    async fn flush(&self) -> Result<()> {
        self.write(Place::flush).await
    }

    async fn scan(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<(AccessId, DocumentId, Point)>> {
        self.read(move |place| place.scan(after, limit)).await
    }

    async fn clear(&self) -> Result<()> {
        self.write(Place::clear).await
    }
}
