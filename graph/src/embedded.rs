//! The embedded graph store: facts in a `SQLite` file, topology in memory, answers from both at one moment.

mod answer;
mod budget;
mod change;
mod codec;
mod disk;
mod expand;
mod failure;
mod file;
mod fill;
mod half;
mod ids;
mod manner;
mod marks;
mod memory;
mod paths;
mod plan;
mod print;
mod rank;
mod ranks;
mod scan;
mod shared;
mod sight;
mod statement;
mod tuning;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::seam::graph::Size;
use domain::seam::{Community, EdgeFilter, Expansion, GraphReader, GraphStore, NodeView};
use domain::seam::{Path as GraphPath, PathQuery, Ranking, Scope, Subgraph};
use domain::{DocumentFacts, DocumentId, Error, Key, Result};

use self::answer::Shape;
use self::budget::Budget;
use self::disk::{Disk, Writer};
use self::memory::Graph;
use self::rank::Links;
use self::shared::{Inner, off_runtime};
use self::sight::Filter;
pub use self::tuning::Tuning;

/// A graph store in one file, for one process.
///
/// - **Durability.** `replace` returns after its transaction has been synced to the disk (WAL, `synchronous = FULL`): the
///   caller then moves a position in another file, which must never be ahead of this one, not even after a power cut.
/// - **Memory.** 8 bytes for either end of an edge, about 22 in all with the lists they lie in; 16 for a node fact; the names
///   of keys and aliases, and 4 bytes for each's place in their order. What edges share (kind, confidence, labels, and times that differ from the document's) is kept once
///   for all that share it: about 100 bytes for an edge with times of its own. Titles and evidence stay in the file and are
///   read for what is returned. The number of a name no document uses any more is given back by `clear` only.
/// - **Reads** that are more than some ten thousand edges' work run off the async runtime, all under a lock that writers hold
///   only for the milliseconds in which they change memory; a writer waits for reads that have begun, the longest being a ranking's pass over all edges, and reads that come
///   after it wait with it. A read that fetches a row which was replaced meanwhile starts again, so an answer never mixes two
///   states.
/// - **Bounds.** `expand` returns at most 10,000 edges and may take 4 million units of work, `paths` 16 million: visible edges
///   followed, nodes weighed or looked up. A read whose caller has gone stops.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

/// How many bytes a graph takes in memory, from the capacities of its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Edges and the lists they lie in.
    pub edges: u64,
    /// What is said of nodes, and the documents.
    pub facts: u64,
    /// Keys and aliases.
    pub names: u64,
}

impl Embedded {
    /// Open the graph at `path`, or make an empty one there, and load its topology.
    ///
    /// # Errors
    /// `Conflict` when another process (or another handle in this one) has it open, `Corrupt` when the file is damaged or of
    /// another format, and what the file system answers.
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_tuned(path, Tuning::default()).await
    }

    /// As `open`, with sizes of one's own, as for tests over small worlds.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_tuned(path: &Path, tuning: Tuning) -> Result<Self> {
        let path = path.to_owned();
        let started = std::time::Instant::now();
        let (disk, writer, graph) = off_runtime(file::OPEN, u64::MAX, move |_| {
            let (disk, writer) = Disk::open(&path)?;
            let graph = disk.load(tuning)?;
            Ok((disk, writer, graph))
        })
        .await?;
        let (size, elapsed) = (graph.size(), started.elapsed().as_millis());
        tracing::info!(
            nodes = size.nodes,
            edges = size.edges,
            duration_ms = elapsed,
            "graph loaded"
        );
        let inner = Arc::new(Inner::new(graph, disk, writer));
        inner.renew_ranks();
        Ok(Self { inner })
    }

    /// How many bytes it takes in memory.
    pub fn memory(&self) -> Memory {
        self.inner.look(Graph::memory)
    }

    /// Delete the graph at `path`, sound or not, so that `open` makes an empty one: the way out of `Corrupt`. Nothing is lost
    /// that the store of truth does not have; its positions for the graph must be set back to 0 as well.
    ///
    /// # Errors
    /// `Conflict` when it is open, and what the file system answers.
    pub fn discard(path: &Path) -> Result<()> {
        file::discard(path)
    }

    /// Work on all that a caller sees; `work` gives `None` when nobody waits for it any more.
    async fn over_all<T, F>(&self, scope: &Scope, edges: &EdgeFilter, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Links, &Budget) -> Option<T> + Send + 'static,
    {
        let turn = self.inner.ranking.acquire().await;
        let _turn =
            turn.map_err(|error| Error::internal(rank::OPERATION, "the queue was closed").with_source(error))?;
        let (inner, scope, edges) = (self.inner.clone(), scope.clone(), edges.clone());
        off_runtime(rank::OPERATION, u64::MAX, move |budget| {
            let links = inner.look(|graph| {
                let (sight, filter) = (graph.sight(&scope), graph.filter(&edges));
                Links::of(graph, (&sight, &filter), budget)
            });
            links
                .and_then(|links| work(links, budget))
                .ok_or_else(|| budget::cancelled(rank::OPERATION))
        })
        .await
    }

    /// Run a task of the writer to its end even when the caller goes away: disk and memory must not part.
    async fn write<F>(&self, operation: &'static str, task: F) -> Result<()>
    where
        F: FnOnce(&Arc<Inner>, &mut Writer) -> Result<()> + Send + 'static,
    {
        let mut writer = self.inner.writer.clone().lock_owned().await;
        let inner = self.inner.clone();
        off_runtime(operation, u64::MAX, move |_| task(&inner, &mut writer)).await
    }
}

#[async_trait]
impl GraphReader for Embedded {
    async fn node(&self, name: &str, scope: &Scope) -> Result<Option<NodeView>> {
        let (name, scope) = (name.to_owned(), scope.clone());
        let plan = move |graph: &Graph, _: &mut Budget| {
            let sight = graph.sight(&scope);
            let mut shape = Shape::new(graph, (), (sight, Filter::default()));
            if let Some(node) = graph.resolve(&name, shape.sight()) {
                shape.want_node(graph, node);
            }
            Ok(shape)
        };
        let ((), views) = answer::answer(&self.inner, "read node", u64::MAX, plan).await?;
        Ok(views.nodes.into_iter().next())
    }

    async fn expand(&self, expansion: Expansion) -> Result<Subgraph> {
        expand::check(&expansion)?;
        let plan = move |graph: &Graph, budget: &mut Budget| expand::plan(graph, &expansion, budget);
        let (truncated, views) = answer::answer(&self.inner, expand::OPERATION, expand::BUDGET, plan).await?;
        Ok(Subgraph {
            nodes: views.nodes,
            edges: views.edges,
            truncated,
        })
    }

    async fn paths(&self, query: PathQuery) -> Result<Vec<GraphPath>> {
        paths::check(&query)?;
        let plan = move |graph: &Graph, budget: &mut Budget| paths::plan(graph, &query, budget);
        let (found, views) = answer::answer(&self.inner, paths::OPERATION, paths::BUDGET, plan).await?;
        Ok(found.into_iter().map(|path| path.show(&views.edges)).collect())
    }

    async fn rank(&self, ranking: &Ranking) -> Result<Vec<(Key, f64)>> {
        let (measure, limit) = (ranking.measure, ranking.limit);
        let rank = move |links: Links, budget: &Budget| links.rank(measure, limit, budget);
        self.over_all(&ranking.scope, &ranking.edges, rank).await
    }

    async fn communities(&self, scope: &Scope, limit: usize) -> Result<Vec<Community>> {
        let find = move |links: Links, budget: &Budget| links.communities(limit, budget);
        self.over_all(scope, &EdgeFilter::default(), find).await
    }
}

#[async_trait]
impl GraphStore for Embedded {
    async fn replace(&self, facts: Vec<DocumentFacts>) -> Result<()> {
        if facts.is_empty() {
            return Ok(());
        }
        self.write("replace facts", |inner, writer| plan::replace(inner, writer, facts))
            .await
    }

    async fn scan(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentFacts>> {
        let inner = self.inner.clone();
        let scan = move |_: &mut Budget| scan::scan(&inner, after, limit);
        self.inner.read(scan::OPERATION, u64::MAX, scan).await
    }

    async fn size(&self) -> Result<Size> {
        Ok(self.inner.look(Graph::size))
    }

    async fn clear(&self) -> Result<()> {
        self.write("clear graph", |inner, writer| plan::clear(inner, writer))
            .await
    }
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;
    use domain::seam::GraphStore;
    use testkit::graph_suite::{edge, facts};

    use super::Embedded;

    #[tokio::test]
    async fn a_full_disk_changes_nothing_and_passes() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Embedded::open(&folder.path().join("graph.db")).await.expect("open");
        let (mut small, mut large) = (facts(1, 0), facts(2, 0));
        small.edges = vec![edge("a", "b")];
        large.edges = (0..2000).map(|n| edge("a", &format!("c{n}"))).collect();
        store.replace(vec![small.clone()]).await.expect("replace");
        store.inner.writer.lock().await.fill_disk();
        let error = store
            .replace(vec![facts(1, 0), large.clone()])
            .await
            .expect_err("no room");
        assert_eq!(error.kind(), ErrorKind::Exhausted, "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("disk")));
        assert_eq!(store.scan(None, 10).await.expect("scan"), vec![small]);
        assert_eq!(store.size().await.expect("size").edges, 1);
        store
            .replace(vec![facts(1, 0), large.clone()])
            .await
            .expect("there is room again");
        assert_eq!(store.scan(None, 10).await.expect("scan"), vec![large]);
    }

    #[tokio::test]
    async fn after_a_commit_of_unknown_outcome_the_file_is_read_again() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Embedded::open(&folder.path().join("graph.db")).await.expect("open");
        let (mut one, mut two) = (facts(1, 0), facts(2, 0));
        (one.edges, two.edges) = (vec![edge("a", "b")], vec![edge("c", "d")]);
        store.replace(vec![one.clone()]).await.expect("replace");
        // As if the commit had reached the file and its answer had not reached us.
        store
            .inner
            .change(|graph| drop(graph.give_way(super::Graph::new(graph.tuning))));
        store.inner.writer.lock().await.stale = true;
        store.replace(vec![two.clone()]).await.expect("replace");
        let mut both = vec![one, two];
        both.sort_by_key(|facts| facts.document);
        assert_eq!(store.scan(None, 10).await.expect("scan"), both);
    }
}
