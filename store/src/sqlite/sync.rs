//! The store as sync writes it.

use std::time::Duration;

use async_trait::async_trait;
use domain::seam::store::{Committed, Lease, Resume, SourceRecord, SourceReport, SweepTerms, Told};
use domain::seam::{SourceStore, SyncStore};
use domain::{Page, Readers, Rejected, Result, SourceId, Sweep, Timestamp};

use super::{Sqlite, commit, dead_letters, deliveries, leases, retry, sources};

#[async_trait]
impl SourceStore for Sqlite {
    async fn put_source(&self, source: SourceRecord, readers: Readers) -> Result<()> {
        sources::put(self, source, readers).await
    }

    async fn remove_source(&self, source: &SourceId) -> Result<()> {
        commit::remove(self, source).await
    }

    async fn sources(&self) -> Result<Vec<SourceReport>> {
        sources::list(self).await
    }

    async fn note_delivery(&self, source: &SourceId, name: &str, now: Timestamp) -> Result<bool> {
        deliveries::note(self, source, name, now).await
    }

    async fn retry(&self, source: &SourceId) -> Result<u64> {
        retry::failed(self, source).await
    }

    async fn dead_letters(&self, source: &SourceId) -> Result<Vec<Rejected>> {
        dead_letters::list(self, source).await
    }
}

#[async_trait]
impl SyncStore for Sqlite {
    async fn resume(&self, source: &SourceId) -> Result<Resume> {
        commit::resume(self, source).await
    }

    async fn commit(&self, source: &SourceId, lease: &Lease, page: Page, now: Timestamp) -> Result<Committed> {
        commit::page(self, source, lease, page, now).await
    }

    async fn apply_sweep(
        &self,
        source: &SourceId,
        lease: &Lease,
        sweep: Sweep,
        terms: SweepTerms,
    ) -> Result<Committed> {
        commit::sweep(self, source, lease, sweep, terms).await
    }

    async fn forget(&self, source: &SourceId, lease: &Lease, told: Told) -> Result<()> {
        commit::forget(self, source, lease, told).await
    }

    async fn lease(&self, name: &str, holder: &str, ttl: Duration, now: Timestamp) -> Result<Option<Lease>> {
        leases::take(self, (name, holder), ttl, now).await
    }

    async fn heard(&self, source: &SourceId, until: Timestamp) -> Result<()> {
        deliveries::heard(self, source, until).await
    }
}
