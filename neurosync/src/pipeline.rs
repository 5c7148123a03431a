//! The pipeline over an open data folder: sync sources, then bring both projections up to date.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::seam::store::{Committed, SourceReport};
use domain::seam::{Connector, SyncStore};
use domain::{Error, ErrorKind, Result, SourceId, Target};
use futures::{StreamExt, TryStreamExt, stream};
use ingest::progress::Progress;
use ingest::projection::{GRAPH, GraphProjection, INDEX, IndexProjection, Projected};
use ingest::sync::Sync;
use serde::{Serialize, Serializer};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

pub use ingest::sync::Demands;

use crate::app::{App, Index, now};
use crate::connector;

/// Sources that are read at the same time: most of it is waiting for providers.
pub(crate) const AT_ONCE: usize = 4;
/// Who holds the leases of an embedded store: its folder lock admits one process, so a restart continues its own leases.
const HOLDER: &str = "embedded";

/// One pipeline.
pub struct Pipeline<'a> {
    /// The data folder.
    pub app: &'a App,
    /// The index.
    pub index: Index,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
    /// When to stop.
    pub cancel: CancellationToken,
    /// What is asked for beside what is new.
    pub demands: Demands,
}

/// What a run did to one source.
#[derive(Debug, Serialize)]
pub struct SourceRun {
    /// The source.
    pub source: SourceId,
    /// What sync changed in the store; absent when only projections ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Committed>,
    /// Documents that the projections handled.
    #[serde(skip)]
    pub documents: u64,
    /// Chunks written to the index.
    pub chunks: u64,
    /// Texts that had to be embedded.
    pub embedded: u64,
    /// Edges written to the graph.
    pub edges: u64,
    /// Why what is gone from the source could not be told, so that nothing was deleted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// Why the sync or a projection failed, if one did; the other sources went on.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "describe")]
    pub error: Option<Error>,
}

impl SourceRun {
    fn of(source: &SourceId) -> Self {
        Self {
            source: source.clone(),
            committed: None,
            documents: 0,
            chunks: 0,
            embedded: 0,
            edges: 0,
            frozen: None,
            error: None,
        }
    }

    /// What a projection did; its error is this source's own, and the others go on, unless all are asked to stop.
    fn take(&mut self, done: Result<Projected>) -> Result<Projected> {
        match done {
            Err(error) if error.kind() == ErrorKind::Cancelled => Err(error),
            Err(error) => {
                self.error.get_or_insert(error);
                Ok(Projected::default())
            }
            Ok(done) => {
                self.documents += done.documents;
                Ok(done)
            }
        }
    }
}

/// The last revision of every source.
type Revisions = BTreeMap<SourceId, u64>;

fn revisions(reports: &[SourceReport]) -> Revisions {
    let of = |report: &SourceReport| (report.source.id.clone(), report.revision);
    reports.iter().map(of).collect()
}

impl Pipeline<'_> {
    /// Sync the named sources (all, when none is named) and project every source. The graph follows each source at once, which
    /// takes seconds, so that paths answer early and what was withdrawn is soon forgotten; the index, which may take hours, comes last.
    ///
    /// # Errors
    /// `NotFound` for an unknown name; `Cancelled`. A source that cannot be read or projected is told in its run.
    pub async fn sync(&self, names: &[SourceId]) -> Result<Vec<SourceRun>> {
        let reports = self.app.sync_store().sources().await?;
        check_known(&reports, names)?;
        let graph = Mutex::new(());
        let one = async |report: SourceReport| {
            let id = &report.source.id;
            let wanted = (names.is_empty() || names.contains(id)) && !report.removed;
            let mut run = if wanted {
                self.read(&report).await?
            } else {
                SourceRun::of(id)
            };
            let _alone = graph.lock().await;
            self.project_graph(&mut run).await?;
            Ok::<_, Error>(run)
        };
        let runs = stream::iter(reports).map(one).buffered(AT_ONCE);
        let mut runs: Vec<_> = runs.try_collect().await?;
        self.project_index(&mut runs).await?;
        Ok(runs)
    }

    /// Read a source to its end. Its own failure is told in the run.
    ///
    /// # Errors
    /// `Cancelled`, or that the store cannot be read.
    pub async fn read(&self, report: &SourceReport) -> Result<SourceRun> {
        match connector::open(&report.source, self.app) {
            Ok(connector) => self.read_by(report, &*connector).await,
            Err(error) => Ok(SourceRun {
                error: Some(error),
                ..SourceRun::of(&report.source.id)
            }),
        }
    }

    /// The same by a connector that is open.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_by(&self, report: &SourceReport, connector: &dyn Connector) -> Result<SourceRun> {
        let mut run = SourceRun::of(&report.source.id);
        match self.pull(connector).await {
            Ok(committed) => {
                run.committed = Some(committed);
                run.frozen = self.frozen(&run.source).await?;
            }
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            // What was read before it failed is durable and is projected all the same.
            Err(error) => run.error = Some(error),
        }
        Ok(run)
    }

    /// Read what a webhook named of a source by itself; whether that was possible.
    ///
    /// # Errors
    /// As [`ingest::sync::Sync::run_target`].
    pub async fn read_target(&self, connector: &dyn Connector, target: &Target) -> Result<bool> {
        let store = self.app.sync_store();
        self.sync_of(&*store).run_target(connector, target).await
    }

    /// Bring the graph up to date with every source.
    ///
    /// # Errors
    /// As [`Self::project_all`].
    pub async fn follow_graph(&self) -> Result<Vec<SourceRun>> {
        let (mut runs, revisions) = self.lagging(GRAPH).await?;
        for run in &mut runs {
            self.project_graph_to(run, &revisions).await?;
        }
        Ok(runs)
    }

    /// Bring the index nearer to every source, each by about so many documents.
    ///
    /// # Errors
    /// As [`Self::project_all`].
    pub async fn follow_index(&self, documents: usize) -> Result<Vec<SourceRun>> {
        let (mut runs, revisions) = self.lagging(INDEX).await?;
        self.project_index_to(&mut runs, &revisions, documents).await?;
        Ok(runs)
    }

    /// A run for each source whose newest revisions a projection has not seen, and the last revision of every source.
    async fn lagging(&self, projection: &str) -> Result<(Vec<SourceRun>, Revisions)> {
        let reports = self.app.sync_store().sources().await?;
        let behind = |report: &&SourceReport| report.positions.get(projection).is_none_or(|at| *at < report.revision);
        let runs = reports
            .iter()
            .filter(behind)
            .map(|report| SourceRun::of(&report.source.id));
        Ok((runs.collect(), revisions(&reports)))
    }

    /// Sync one source from a connector of the caller's and project it.
    ///
    /// # Errors
    /// As the connector, the store or a projection reports.
    pub async fn sync_from(&self, connector: &dyn Connector) -> Result<SourceRun> {
        let mut run = [SourceRun::of(connector.source())];
        run[0].committed = Some(self.pull(connector).await?);
        self.project_graph(&mut run[0]).await?;
        self.project_index(&mut run).await?;
        let [mut run] = run;
        run.error.take().map_or(Ok(run), Err)
    }

    /// Bring both projections of every source up to date. A source that cannot be projected is told in its run.
    ///
    /// # Errors
    /// `Cancelled`, or that the sources cannot be listed.
    pub async fn project_all(&self) -> Result<Vec<SourceRun>> {
        let reports = self.app.sync_store().sources().await?;
        let mut runs: Vec<_> = reports.iter().map(|report| SourceRun::of(&report.source.id)).collect();
        for run in &mut runs {
            self.project_graph(run).await?;
        }
        self.project_index(&mut runs).await?;
        Ok(runs)
    }

    async fn project_graph(&self, run: &mut SourceRun) -> Result<()> {
        self.project_graph_to(run, &self.revisions().await?).await
    }

    async fn project_graph_to(&self, run: &mut SourceRun, revisions: &Revisions) -> Result<()> {
        if let Some(revision) = revisions.get(&run.source) {
            let done = self.graph_projection().run(&run.source, *revision).await;
            run.edges += run.take(done)?.written;
        }
        Ok(())
    }

    async fn project_index(&self, runs: &mut [SourceRun]) -> Result<()> {
        self.project_index_to(runs, &self.revisions().await?, usize::MAX).await
    }

    /// Project each by about so many documents.
    async fn project_index_to(&self, runs: &mut [SourceRun], revisions: &Revisions, documents: usize) -> Result<()> {
        let index = self.index_projection();
        for run in runs {
            if let Some(revision) = revisions.get(&run.source) {
                let done = index.run_some(&run.source, *revision, documents).await;
                let done = run.take(done)?;
                (run.chunks, run.embedded) = (done.written, done.embedded);
            }
        }
        Ok(())
    }

    async fn revisions(&self) -> Result<Revisions> {
        Ok(revisions(&self.app.sync_store().sources().await?))
    }

    fn index_projection(&self) -> IndexProjection {
        IndexProjection {
            store: self.app.projection_store(),
            vectors: self.index.vectors.clone(),
            embedder: self.index.embedder.clone(),
            analyser: self.index.analyser.clone(),
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        }
    }

    fn graph_projection(&self) -> GraphProjection {
        GraphProjection {
            store: self.app.projection_store(),
            documents: self.app.documents(),
            graph: self.app.graph(),
            identity: self.app.identity_store(),
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        }
    }

    /// Why the last sweep of a source could not be made.
    async fn frozen(&self, source: &SourceId) -> Result<Option<String>> {
        let reports = self.app.sync_store().sources().await?;
        let own = reports.into_iter().find(|report| report.source.id == *source);
        Ok(own.and_then(|report| report.frozen))
    }

    async fn pull(&self, connector: &dyn Connector) -> Result<Committed> {
        let store = self.app.sync_store();
        self.sync_of(&*store).run(connector).await
    }

    fn sync_of<'s>(&'s self, store: &'s dyn SyncStore) -> Sync<'s> {
        Sync {
            store,
            holder: HOLDER,
            now: &now,
            progress: &*self.progress,
            cancel: &self.cancel,
            demands: self.demands,
        }
    }
}

/// That every name is one of a source; the error lists those that are.
///
/// # Errors
/// `NotFound` for the first that is not.
pub fn check_known(reports: &[SourceReport], names: &[SourceId]) -> Result<()> {
    let unknown = names
        .iter()
        .find(|name| !reports.iter().any(|report| report.source.id == **name));
    unknown.map_or(Ok(()), |name| Err(unknown_source(name, reports)))
}

/// The error for a source that is not there, listing those that are.
pub fn unknown_source(name: &SourceId, reports: &[SourceReport]) -> Error {
    let known: Vec<_> = reports.iter().map(|report| report.source.id.as_str()).collect();
    let hint = if known.is_empty() {
        "there is none yet; add one with `neurosync source add`".to_owned()
    } else {
        format!("sources are: {}", known.join(", "))
    };
    Error::not_found("find source", format!("there is no source `{name}`")).with_hint(hint)
}

/// An error as one line with what to do about it.
pub fn line_of(error: &Error) -> String {
    error
        .hint()
        .map_or_else(|| error.to_string(), |hint| format!("{error} ({hint})"))
}

#[expect(clippy::ref_option, reason = "serde passes the field as it is")]
fn describe<S: Serializer>(error: &Option<Error>, out: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(line_of).serialize(out)
}
