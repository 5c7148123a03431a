//! The store in one SQLite file: a single writer connection, and a few readers that never wait for it.

mod access;
mod accounts;
mod cache;
mod catalogue;
mod commit;
mod dead_letters;
mod decode;
mod deliveries;
mod directory;
mod documents;
mod error;
mod export;
mod find;
mod grants;
mod identity;
mod index;
mod labels;
mod leases;
mod limits;
mod migrations;
mod page;
mod parts;
mod positions;
mod postings;
mod projection;
mod query;
mod retry;
mod rows;
mod sources;
mod statistics;
mod sync;

use std::path::Path;
use std::time::{Duration, Instant};

use domain::{Error, ErrorKind, Result};
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite as Db, Transaction};

use error::During;

/// Older releases can lose committed transactions when the write-ahead log is reset (fixed in 3.51.3).
const OLDEST: [u32; 3] = [3, 51, 3];
/// How long a connection waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);
/// How long a task waits for its turn to write in this process. Removing a large source takes a while.
const TURN: Duration = Duration::from_mins(10);
/// Readers at the same time; more only compete for the same cores.
const READERS: u32 = 4;

/// The store of truth in one SQLite file. Clones share the connections. See [`domain::seam::store`] for what it does.
#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Open the store at `path`, creating the file (readable by its owner only) or migrating it as needed. Its folder must exist.
    ///
    /// # Errors
    /// `NotFound` or `Denied` when the file cannot be opened, `Corrupt` when it is not a database, `Invalid` when it is the
    /// database of another program or of a newer release, `Internal` when the built-in SQLite is too old to be trusted.
    pub async fn open(path: &Path) -> Result<Self> {
        let late = Instant::now() + BUSY;
        loop {
            match Self::open_now(path).await {
                // SQLite does not wait for another that is just making the log.
                Err(error) if error.kind() == ErrorKind::Conflict && Instant::now() < late => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                done => return done,
            }
        }
    }

    async fn open_now(path: &Path) -> Result<Self> {
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .row_buffer_size(1000)
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        probe(&options).await?;
        let writing = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "16000")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-65536")
            .pragma("secure_delete", "ON");
        let writer = pool(1, TURN).connect_with(writing).await.during("open store")?;
        migrations::run(&writer).await?;
        let readers = pool(READERS, BUSY * 3)
            .connect_with(options.read_only(true))
            .await
            .during("open store")?;
        Ok(Self { writer, readers })
    }

    /// Wait for what is under way, fold the log into the file and close it. All clones are closed with it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begin the one write transaction. Dropped without a commit, it is undone.
    async fn write(&self, operation: &'static str) -> Result<Transaction<'static, Db>> {
        // Taking the write lock at once avoids the upgrade of a read lock, which fails without waiting.
        self.writer.begin_with("BEGIN IMMEDIATE").await.during(operation)
    }

    /// Fold the log into the file and cut it, so that what was deleted is in neither. Readers may keep it from being cut now; a
    /// later one does it then.
    async fn cut_log(&self, operation: &'static str) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.writer)
            .await
            .map(drop)
            .during(operation)
    }

    /// Begin a read of one moment, for more than one statement.
    async fn snapshot(&self, operation: &'static str) -> Result<Transaction<'static, Db>> {
        self.readers.begin().await.during(operation)
    }

    /// A connection for one statement.
    async fn reader(&self, operation: &'static str) -> Result<PoolConnection<Db>> {
        self.readers.acquire().await.during(operation)
    }
}

fn pool(connections: u32, wait: Duration) -> PoolOptions<Db> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Create the file when it is absent. SQLite gives its log the same permissions.
fn create(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| Error::io("open store", path, error))
}

/// Look at the library and the file before anything is written to it.
async fn probe(options: &SqliteConnectOptions) -> Result<()> {
    let mut connection = options.connect().await.during("open store")?;
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut connection)
        .await
        .during("open store")?;
    check_version(&version)?;
    let objects: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await
        .during("open store")?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut connection)
        .await
        .during("open store")?;
    connection.close().await.during("open store")?;
    if objects > 0 && application != migrations::APPLICATION {
        return Err(
            Error::invalid("open store", "the file is a database of another program")
                .with_hint("point the data folder elsewhere; nothing was changed"),
        );
    }
    Ok(())
}

fn check_version(version: &str) -> Result<()> {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    if found >= OLDEST {
        return Ok(());
    }
    let message = format!("SQLite {version} can lose committed data when its log is reset; 3.51.3 or newer is needed");
    Err(Error::new(ErrorKind::Internal, "open store", message).with_hint("build with the bundled SQLite"))
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn versions_before_the_fix_are_refused() {
        for old in ["3.51.2", "3.50.9", "2.99.99", "", "x"] {
            assert!(check_version(old).is_err(), "{old}");
        }
        for good in ["3.51.3", "3.52.0", "4.0.0"] {
            assert!(check_version(good).is_ok(), "{good}");
        }
    }
}
