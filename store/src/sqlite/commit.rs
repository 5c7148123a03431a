//! The only gate: a page, or the result of a sweep, in one transaction under a lease that is still held.

use std::collections::{BTreeSet, HashSet};

use domain::seam::store::{Committed, Lease, Resume, SweepTerms, Told};
use domain::{Cursor, DocumentId, Error, Page, Result, SourceId, Sweep, Timestamp};

use super::dead_letters::{self, Stage};
use super::documents::{self, Log};
use super::error::During;
use super::page::{self, Batch};
use super::{Sqlite, access, accounts, identity, leases, limits, parts, sources};

const COMMIT: &str = "commit page";
const SWEEP: &str = "apply sweep";

/// Commit a page with its cursor.
pub(super) async fn page(
    store: &Sqlite,
    source: &SourceId,
    lease: &Lease,
    page: Page,
    now: Timestamp,
) -> Result<Committed> {
    let owner = source.clone();
    let batch = tokio::task::spawn_blocking(move || page::prepare(&owner, page))
        .await
        .map_err(|error| Error::internal(COMMIT, "preparing the page was interrupted").with_source(error))??;
    let mut transaction = store.write(COMMIT).await?;
    let row = sources::live(&mut transaction, COMMIT, source).await?;
    leases::check(&mut transaction, COMMIT, lease).await?;
    let mut log = Log::new(COMMIT, row);
    log.committed.rejected = u64::try_from(batch.rejected.len() + batch.refused.len()).unwrap_or(u64::MAX);
    let taken = batch.taken();
    let Batch {
        documents,
        rules,
        accounts,
        rejected,
        refused,
        reread,
        cursor,
        more,
        sweep_due,
    } = batch;
    let documents = parts::with_parts(&mut transaction, (COMMIT, log.source), documents).await?;
    documents::apply(&mut transaction, &mut log, documents).await?;
    access::put(&mut transaction, log.source, rules).await?;
    accounts::put(&mut transaction, COMMIT, log.source, accounts).await?;
    dead_letters::void(&mut transaction, log.source, reread).await?;
    dead_letters::settle(&mut transaction, (log.source, Stage::Store), taken).await?;
    dead_letters::put(&mut transaction, (log.source, Stage::Read), rejected).await?;
    dead_letters::put(&mut transaction, (log.source, Stage::Store), refused).await?;
    let committed = log.close(&mut transaction).await?;
    sqlx::query(
        "UPDATE sources SET cursor = ?, last_sync = CASE WHEN ? THEN last_sync ELSE ? END, sweep_due = MAX(sweep_due, ?) \
         WHERE number = ?",
    )
    .bind(cursor.0)
    .bind(more)
    .bind(now.0)
    .bind(sweep_due)
    .bind(log.source)
    .execute(&mut *transaction)
    .await
    .during(COMMIT)?;
    identity::touch(&mut transaction, COMMIT).await?;
    transaction.commit().await.during(COMMIT)?;
    Ok(committed)
}

/// Delete what a sweep does not list and knows to be gone.
pub(super) async fn sweep(
    store: &Sqlite,
    source: &SourceId,
    lease: &Lease,
    sweep: Sweep,
    terms: SweepTerms,
) -> Result<Committed> {
    let mut transaction = store.write(SWEEP).await?;
    let row = sources::live(&mut transaction, SWEEP, source).await?;
    leases::check(&mut transaction, SWEEP, lease).await?;
    let mut log = Log::new(SWEEP, row);
    let kept = match sweep {
        Sweep::Frozen(reason) => Err(reason),
        Sweep::Complete(existing) => Ok((existing, BTreeSet::new())),
        Sweep::Partial { existing, unknown } => Ok((existing, unknown)),
    };
    let frozen = match kept {
        Ok((existing, unknown)) => {
            let existing: HashSet<DocumentId> = existing.into_iter().collect();
            let kept = documents::keep_only(&mut transaction, &mut log, (&existing, &unknown), terms.guarded).await?;
            let gone = |item: &str| {
                let key = item.strip_prefix("document ");
                key.is_some_and(|key| !existing.contains(&DocumentId::new(source, key)))
            };
            if kept.is_ok() {
                dead_letters::settle(&mut transaction, (log.source, Stage::Store), gone).await?;
            }
            kept.err()
        }
        Err(reason) => Some(limits::dead_letter(&reason).to_owned()),
    };
    sqlx::query(
        "UPDATE sources SET sweep_due = CASE WHEN ?1 IS NULL THEN 0 ELSE 1 END, frozen = ?1, \
         last_census = CASE WHEN ?1 IS NULL THEN ?3 ELSE last_census END WHERE number = ?2",
    )
    .bind(frozen)
    .bind(log.source)
    .bind(terms.now.0)
    .execute(&mut *transaction)
    .await
    .during(SWEEP)?;
    let committed = log.close(&mut transaction).await?;
    identity::touch(&mut transaction, SWEEP).await?;
    transaction.commit().await.during(SWEEP)?;
    Ok(committed)
}

/// Forget the rules and accounts that a reading of a whole source did not tell.
pub(super) async fn forget(store: &Sqlite, source: &SourceId, lease: &Lease, told: Told) -> Result<()> {
    const OPERATION: &str = "forget what is no more";
    let mut transaction = store.write(OPERATION).await?;
    let row = sources::live(&mut transaction, OPERATION, source).await?;
    leases::check(&mut transaction, OPERATION, lease).await?;
    access::keep_only(&mut transaction, OPERATION, row.number, &told.labels).await?;
    if let Some(accounts) = told.accounts {
        accounts::keep_only(&mut transaction, OPERATION, row.number, &accounts).await?;
        identity::touch(&mut transaction, OPERATION).await?;
    }
    transaction.commit().await.during(OPERATION)
}

/// Take a source out: its documents become tombstones, the rest goes. The row stays, for its revisions.
pub(super) async fn remove(store: &Sqlite, source: &SourceId) -> Result<()> {
    const OPERATION: &str = "remove source";
    let mut transaction = store.write(OPERATION).await?;
    let row = sources::live(&mut transaction, OPERATION, source).await?;
    let mut log = Log::new(OPERATION, row);
    let nothing = (&HashSet::new(), &BTreeSet::new());
    // Not guarded, it always deletes.
    let _deleted = documents::keep_only(&mut transaction, &mut log, nothing, false).await?;
    log.close(&mut transaction).await?;
    for statement in [
        "DELETE FROM access_rules WHERE source = ?",
        "DELETE FROM dead_letters WHERE source = ?",
        "DELETE FROM deliveries WHERE source = ?",
        "UPDATE sources SET removed = 1, cursor = NULL, last_sync = NULL, last_census = NULL, hinted = NULL, settings = 'null', sweep_due = 0, frozen = NULL WHERE number = ?",
    ] {
        sqlx::query(statement)
            .bind(log.source)
            .execute(&mut *transaction)
            .await
            .during(OPERATION)?;
    }
    accounts::remove(&mut transaction, OPERATION, log.source).await?;
    identity::touch(&mut transaction, OPERATION).await?;
    transaction.commit().await.during(OPERATION)?;
    store.cut_log(OPERATION).await
}

/// Where the sync of a source goes on.
pub(super) async fn resume(store: &Sqlite, source: &SourceId) -> Result<Resume> {
    const OPERATION: &str = "read cursor";
    let mut reader = store.reader(OPERATION).await?;
    let row: Option<(Option<String>, bool)> =
        sqlx::query_as("SELECT cursor, sweep_due <> 0 FROM sources WHERE name = ?")
            .bind(source.as_str())
            .fetch_optional(&mut *reader)
            .await
            .during(OPERATION)?;
    Ok(row.map_or_else(Resume::default, |(cursor, sweep_due)| Resume {
        cursor: cursor.map(Cursor),
        sweep_due,
    }))
}
