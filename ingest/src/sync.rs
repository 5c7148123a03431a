//! Sync: pull pages from a connector and commit each with its cursor, under the source's lease.

#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::seam::store::{Committed, Lease, Resume, SweepTerms, Told};
use domain::seam::{Connector, SyncStore};
use domain::{Change, Error, ErrorKind, Page, Result, SourceId, Sweep, Target, Timestamp};
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
    /// What is asked for beside what is new.
    pub demands: Demands,
}

/// What may be asked for beside what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demands {
    /// Compare all that is kept with what the source has: read everything again and sweep.
    pub census: bool,
    /// Delete what is gone however much it is.
    pub accept_deletions: bool,
}

impl Sync<'_> {
    /// Read a source to its end and, where things may have vanished, sweep it: also where an earlier run ended before its sweep.
    ///
    /// A census first reads what is new, which withdraws at once what was withdrawn, then everything from the beginning, and sweeps.
    /// One that is interrupted goes on as any sync does, and still sweeps.
    ///
    /// # Errors
    /// `Conflict` when another worker syncs this source; `Cancelled` when asked to stop (what is committed stays); whatever the
    /// connector or the store report.
    pub async fn run(&self, connector: &dyn Connector) -> Result<Committed> {
        let (began, mut run) = ((self.now)(), self.begin(connector).await?);
        let mut at = self.store.resume(&run.source).await?;
        if !self.demands.census || at.cursor.is_some() {
            run.read(&mut at).await?;
        }
        if self.demands.census {
            run.told = Some(Told::default());
            at = Resume::default();
            run.read(&mut at).await?;
        }
        if at.sweep_due {
            run.sweep(&at).await?;
        }
        self.store.heard(&run.source, began).await?;
        let total = run.total;
        info!(source.id = %run.source, upserted = total.upserted, deleted = total.deleted, unchanged = total.unchanged, rejected = total.rejected, "source synced");
        Ok(total)
    }

    /// Read what a webhook named, by itself; whether that was possible. Where it is not, all that is new is to be read: it may hold
    /// what was named.
    ///
    /// # Errors
    /// As [`Sync::run`].
    pub async fn run_target(&self, connector: &dyn Connector, target: &Target) -> Result<bool> {
        self.check_cancelled()?;
        let mut run = self.begin(connector).await?;
        let Some(cursor) = self.store.resume(&run.source).await?.cursor else {
            return Ok(false);
        };
        let pulled = connector.pull_target(&cursor, target);
        let Some(page) = self.keeping_lease(&run.source, pulled).await? else {
            return Ok(false);
        };
        run.commit(page).await?;
        info!(source.id = %run.source, upserted = run.total.upserted, deleted = run.total.deleted, "what a webhook named is read");
        Ok(true)
    }

    /// Begin to write for the connector's source.
    async fn begin<'r>(&'r self, connector: &'r dyn Connector) -> Result<Run<'r>> {
        let source = connector.source().clone();
        let lease = self.lease(&source).await?;
        Ok(Run {
            sync: self,
            connector,
            source,
            lease,
            total: Committed::default(),
            told: None,
        })
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

/// The sync of one source on its way.
struct Run<'r> {
    sync: &'r Sync<'r>,
    connector: &'r dyn Connector,
    source: SourceId,
    lease: Lease,
    total: Committed,
    /// What was told since the beginning, where everything is read.
    told: Option<Told>,
}

impl Run<'_> {
    /// Commit page after page, to the end.
    async fn read(&mut self, at: &mut Resume) -> Result<()> {
        loop {
            self.sync.check_cancelled()?;
            let pulled = self.connector.pull(at.cursor.as_ref());
            let mut page = self.sync.keeping_lease(&self.source, pulled).await?;
            if let Some(told) = &mut self.told {
                note(told, &mut page, at.cursor.is_none());
            }
            let (more, next) = (page.more, page.cursor.clone());
            at.sweep_due |= page.sweep_due;
            self.commit(page).await?;
            if more && at.cursor.as_ref() == Some(&next) {
                return Err(Error::internal(
                    "sync source",
                    format!(
                        "{}: the connector promises more but its cursor stands still",
                        self.source
                    ),
                )
                .with_hint("this is a fault of the connector; please report it"));
            }
            at.cursor = Some(next);
            if !more {
                return Ok(());
            }
        }
    }

    async fn commit(&mut self, page: Page) -> Result<()> {
        for rejected in &page.rejected {
            warn!(source.id = %self.source, item = rejected.item, reason = rejected.reason, "item rejected");
        }
        let now = (self.sync.now)();
        let committed = self.sync.store.commit(&self.source, &self.lease, page, now).await?;
        self.count(committed);
        Ok(())
    }

    /// Delete what is gone, and after a reading of everything forget what was not told.
    async fn sweep(&mut self, at: &Resume) -> Result<()> {
        self.sync.check_cancelled()?;
        let swept = self.connector.sweep(at.cursor.as_ref());
        let sweep = self.sync.keeping_lease(&self.source, swept).await?;
        let told = self.told.take();
        let told = match &sweep {
            Sweep::Complete(_) => told,
            Sweep::Partial { .. } => told.map(|told| Told { accounts: None, ..told }),
            Sweep::Frozen(reason) => {
                warn!(source.id = %self.source, reason, "deletions cannot be told: nothing is deleted");
                None
            }
        };
        let terms = SweepTerms {
            guarded: !self.sync.demands.accept_deletions,
            now: (self.sync.now)(),
        };
        let store = self.sync.store;
        let committed = store.apply_sweep(&self.source, &self.lease, sweep, terms).await?;
        self.count(committed);
        // What was too much to delete may be a source that tells only a part of what it has.
        match told {
            Some(told) if !store.resume(&self.source).await?.sweep_due => {
                store.forget(&self.source, &self.lease, told).await
            }
            Some(_) | None => Ok(()),
        }
    }

    fn count(&mut self, committed: Committed) {
        self.sync.progress.event(&Event::Committed {
            source: self.source.clone(),
            committed,
        });
        add(&mut self.total, committed);
    }
}

/// Note what a page of a reading from the beginning tells. It voids what could not be read before, and owes a sweep, whatever
/// becomes of this run.
fn note(told: &mut Told, page: &mut Page, first: bool) {
    page.sweep_due = true;
    if first {
        page.reread.push(String::new());
    }
    let accounts = told.accounts.get_or_insert_default();
    for change in &page.changes {
        match change {
            Change::Access(rule) => drop(told.labels.insert(rule.id.clone())),
            Change::Account(account) => drop(accounts.insert(account.id.clone())),
            Change::Upsert(_) | Change::Delete(_) => {}
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
