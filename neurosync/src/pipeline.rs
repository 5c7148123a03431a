//! The pipeline over an open data folder: sync sources, then bring both projections up to date.

use std::sync::Arc;

use domain::seam::Connector;
use domain::seam::store::{Committed, SourceReport};
use domain::{Error, Result, SourceId};
use ingest::progress::Progress;
use ingest::projection::{GraphProjection, IndexProjection, Projected};
use ingest::sync::Sync;
use serde::{Serialize, Serializer};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Index, now};
use crate::connector;

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
}

/// What a run did to one source.
#[derive(Debug, Serialize)]
pub struct SourceRun {
    /// The source.
    pub source: String,
    /// What sync changed in the store; absent when only projections ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Committed>,
    /// Chunks written to the index.
    pub chunks: u64,
    /// Texts that had to be embedded.
    pub embedded: u64,
    /// Edges written to the graph.
    pub edges: u64,
    /// Why the sync failed, if it did; the other sources went on.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "describe")]
    pub error: Option<Error>,
}

impl Pipeline<'_> {
    /// Sync the named sources (all, when none is named) and project every source.
    ///
    /// # Errors
    /// `NotFound` for an unknown name; `Cancelled`; a projection's error. A source that cannot be read is told in its run.
    pub async fn sync(&self, names: &[SourceId]) -> Result<Vec<SourceRun>> {
        let reports = self.app.sync_store().sources().await?;
        check_known(&reports, names)?;
        let mut runs = Vec::new();
        for report in reports {
            let id = report.source.id.clone();
            let wanted = names.is_empty() || names.contains(&id);
            let result = if wanted {
                Some(self.sync_record(&report).await)
            } else {
                None
            };
            runs.push(self.after_sync(&id, result).await?);
        }
        Ok(runs)
    }

    /// Sync one source from a connector of the caller's and project it.
    ///
    /// # Errors
    /// As the connector, the store or a projection reports.
    pub async fn sync_from(&self, connector: &dyn Connector) -> Result<SourceRun> {
        let committed = self.pull(connector).await?;
        self.after_sync(connector.source(), Some(Ok(committed))).await
    }

    async fn after_sync(&self, id: &SourceId, result: Option<Result<Committed>>) -> Result<SourceRun> {
        let (committed, error) = match result {
            None => (None, None),
            Some(Ok(committed)) => (Some(committed), None),
            Some(Err(error)) if error.kind() == domain::ErrorKind::Cancelled => return Err(error),
            Some(Err(error)) => (None, Some(error)),
        };
        let (index, graph) = self.project(id).await?;
        Ok(SourceRun {
            source: id.to_string(),
            committed,
            chunks: index.written,
            embedded: index.embedded,
            edges: graph.written,
            error,
        })
    }

    async fn sync_record(&self, report: &SourceReport) -> Result<Committed> {
        let connector = connector::open(&report.source, &self.app.clones())?;
        self.pull(&*connector).await
    }

    async fn pull(&self, connector: &dyn Connector) -> Result<Committed> {
        let store = self.app.sync_store();
        let sync = Sync {
            store: &*store,
            holder: HOLDER,
            now: &now,
            progress: &*self.progress,
            cancel: &self.cancel,
        };
        sync.run(connector).await
    }

    /// Bring both projections of a source up to date.
    ///
    /// # Errors
    /// Whatever a backend reports.
    pub async fn project(&self, source: &SourceId) -> Result<(Projected, Projected)> {
        let reports = self.app.sync_store().sources().await?;
        let Some(report) = reports.iter().find(|report| report.source.id == *source) else {
            return Ok(Default::default());
        };
        let index = IndexProjection {
            store: self.app.projection_store(),
            vectors: self.index.vectors.clone(),
            embedder: self.index.embedder.clone(),
            analyser: self.index.analyser.clone(),
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        };
        let graph = GraphProjection {
            store: self.app.projection_store(),
            documents: self.app.documents(),
            graph: self.app.graph(),
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        };
        tokio::try_join!(index.run(source, report.revision), graph.run(source, report.revision))
    }

    /// Bring both projections of every source up to date.
    ///
    /// # Errors
    /// Whatever a backend reports.
    pub async fn project_all(&self) -> Result<Vec<SourceRun>> {
        let mut runs = Vec::new();
        for report in self.app.sync_store().sources().await? {
            runs.push(self.after_sync(&report.source.id, None).await?);
        }
        Ok(runs)
    }
}

fn check_known(reports: &[SourceReport], names: &[SourceId]) -> Result<()> {
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

fn describe<S: Serializer>(error: &Option<Error>, out: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(line_of).serialize(out)
}
