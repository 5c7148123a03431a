//! Sync: pull pages from a connector and commit each with its cursor, under the source's lease.

#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::seam::store::{Committed, Lease, Resume};
use domain::seam::{Connector, SyncStore};
use domain::{Error, ErrorKind, Page, Result, SourceId, Sweep, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::progress::{Event, Progress};

/// How long a lease lasts without a sign of life.
const LEASE: Duration = Duration::from_mins(1);
/// How often its holder gives one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a sync needs beside its connector.
pub struct Sync<'a> {
    /// The store of truth.
    pub store: &'a dyn SyncStore,
    /// Who holds the leases: equal after a restart of the same worker, so that it need not wait for its own.
    pub holder: &'a str,
    /// The clock.
    pub now: &'a (dyn Fn() -> Timestamp + std::marker::Sync),
    /// Who watches.
    pub progress: &'a dyn Progress,
    /// When to stop: between pages.
    pub cancel: &'a CancellationToken,
}

impl Sync<'_> {
    /// Read a source to its end and, where things may have vanished, sweep it: also where an earlier run ended before its sweep.
    ///
    /// # Errors
    /// `Conflict` when another worker syncs this source; `Cancelled` when asked to stop (what is committed stays); whatever the
    /// connector or the store report.
    pub async fn run(&self, connector: &dyn Connector) -> Result<Committed> {
        let source = connector.source().clone();
        let lease = self.lease(&source).await?;
        let Resume {
            mut cursor,
            mut sweep_due,
        } = self.store.resume(&source).await?;
        let mut total = Committed::default();
        loop {
            self.check_cancelled()?;
            let page = self.keeping_lease(&source, connector.pull(cursor.as_ref())).await?;
            let (more, next) = (page.more, page.cursor.clone());
            sweep_due |= page.sweep_due;
            self.commit(&source, &lease, page, &mut total).await?;
            if more && cursor.as_ref() == Some(&next) {
                return Err(Error::internal(
                    "sync source",
                    format!("{source}: the connector promises more but its cursor stands still"),
                )
                .with_hint("this is a fault of the connector; please report it"));
            }
            cursor = Some(next);
            if !more {
                break;
            }
        }
        if sweep_due {
            self.check_cancelled()?;
            let sweep = self.keeping_lease(&source, connector.sweep(cursor.as_ref())).await?;
            if let Sweep::Frozen(reason) = &sweep {
                warn!(source.id = %source, reason, "deletions cannot be told: nothing is deleted");
            }
            let swept = self.store.apply_sweep(&source, &lease, sweep).await?;
            self.progress.event(&Event::Committed {
                source: source.clone(),
                committed: swept,
            });
            add(&mut total, swept);
        }
        info!(source.id = %source, upserted = total.upserted, deleted = total.deleted, unchanged = total.unchanged, rejected = total.rejected, "source synced");
        Ok(total)
    }

    async fn commit(&self, source: &SourceId, lease: &Lease, page: Page, total: &mut Committed) -> Result<()> {
        for rejected in &page.rejected {
            warn!(source.id = %source, item = rejected.item, reason = rejected.reason, "item rejected");
        }
        let committed = self.store.commit(source, lease, page, (self.now)()).await?;
        self.progress.event(&Event::Committed {
            source: source.clone(),
            committed,
        });
        add(total, committed);
        Ok(())
    }

    async fn lease(&self, source: &SourceId) -> Result<Lease> {
        let name = format!("sync:{source}");
        self.store
            .lease(&name, self.holder, LEASE, (self.now)())
            .await?
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Conflict,
                    "sync source",
                    format!("another worker is syncing {source}"),
                )
                .with_hint("wait for it to end; a worker that died frees its source within a minute")
            })
    }

    /// Wait for a slow pull while telling the store that this worker lives.
    async fn keeping_lease<T>(&self, source: &SourceId, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.cancel.cancelled() => return Err(cancelled()),
                () = tokio::time::sleep(HEARTBEAT) => { self.lease(source).await?; }
            }
        }
    }

    fn check_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            Err(cancelled())
        } else {
            Ok(())
        }
    }
}

/// The error of work that was asked to stop.
pub(crate) fn cancelled() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "stop",
        "stopped as asked; everything committed is kept",
    )
    .with_hint("run the same command again to go on from there")
}

fn add(total: &mut Committed, page: Committed) {
    total.upserted += page.upserted;
    total.deleted += page.deleted;
    total.unchanged += page.unchanged;
    total.rejected += page.rejected;
    total.revision = total.revision.max(page.revision);
}
