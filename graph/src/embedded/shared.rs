//! What readers, the writer and their tasks share, and how work leaves the async runtime.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Error, Result};
use tokio::sync::{Mutex, Semaphore};

use super::budget::Budget;
use super::disk::{Disk, Writer};
use super::memory::Graph;
use super::ranks::places;

/// What readers, the writer and their tasks share.
pub(crate) struct Inner {
    pub(crate) graph: RwLock<Graph>,
    /// Writes take turns in the order in which they came. Closed before the file is unlocked.
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) disk: Disk,
    /// Ranking needs memory in the order of the whole graph: one at a time.
    pub(crate) ranking: Semaphore,
    /// Reads off the runtime at once, each with a thread and a connection.
    reading: Arc<Semaphore>,
}

/// Reads off the runtime at once.
const READS: usize = 16;

impl Inner {
    /// A file and what is in it.
    pub(crate) fn new(graph: Graph, disk: Disk, writer: Writer) -> Self {
        Self {
            graph: RwLock::new(graph),
            writer: Arc::new(Mutex::new(writer)),
            disk,
            ranking: Semaphore::new(1),
            reading: Arc::new(Semaphore::new(READS)),
        }
    }

    /// Read the file again when a commit may have changed it without memory.
    pub(crate) fn refresh(&self, writer: &mut Writer) -> Result<()> {
        if writer.stale {
            let graph = self.disk.load(self.look(|graph| graph.tuning))?;
            drop(self.change(|old| old.give_way(graph)));
            writer.stale = false;
        }
        Ok(())
    }

    /// Read off the async runtime, some at once. Who has gone still counts until his read has stopped.
    pub(crate) async fn read<T, F>(&self, operation: &'static str, units: u64, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Budget) -> Result<T> + Send + 'static,
    {
        let turn = self.reading.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Error::internal(operation, "the queue was closed").with_source(error))?;
        off_runtime(operation, units, move |budget| {
            let _turn = turn;
            work(budget)
        })
        .await
    }

    /// Look at the graph for a short time.
    pub(crate) fn look<T>(&self, with: impl FnOnce(&Graph) -> T) -> T {
        with(&self.graph.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Look at the graph for a very short time, unless it is being changed.
    pub(crate) fn glance<T>(&self, with: impl FnOnce(&Graph) -> T) -> Option<T> {
        self.graph.try_read().ok().map(|graph| with(&graph))
    }

    /// Change the graph.
    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut Graph) -> T) -> T {
        with(&mut self.graph.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sort the names beside everything else when many are new.
    pub(crate) fn renew_ranks(self: &Arc<Self>) {
        let begin = |graph: &mut Graph| Some((graph.epoch, graph.ranks.begin(graph.keys.names())?));
        let Some((epoch, names)) = self.change(begin) else {
            return;
        };
        // It keeps nobody from closing the store.
        let inner = Arc::downgrade(self);
        drop(tokio::task::spawn_blocking(move || {
            let places = places(&names);
            if let Some(inner) = inner.upgrade() {
                inner.change(|graph| graph.take_places(epoch, places));
            }
        }));
    }
}

/// Run CPU-heavy work off the async runtime. The budget it gets is spent at once when the caller goes away.
pub(crate) async fn off_runtime<T, F>(operation: &'static str, units: u64, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&mut Budget) -> Result<T> + Send + 'static,
{
    let (mut budget, _cancel_on_drop) = Budget::new(units);
    let joined = tokio::task::spawn_blocking(move || work(&mut budget)).await;
    joined.map_err(|error| Error::internal(operation, "the work stopped before its end").with_source(error))?
}
