//! The file: names, the topology of each document, and its details, in `SQLite`.
//!
//! A document's state is one row in `documents` and one in `details` under the same number. A new state takes a new number
//! and the old rows go in the same transaction, so that whoever knows a number finds that state or nothing. Names are kept
//! in blocks, one per batch, which makes loading a million of them a matter of some thousand rows.

mod load;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use domain::{DocumentId, EdgeKind, ErrorKind, NodeKind, Result};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection, QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::failure::{corrupt, database};
use super::file::{self, OPEN};
use super::memory::Graph;

const LOAD: &str = "load graph";

/// Rises when the meaning of rows changes.
const FORMAT: i64 = 2;

const SCHEMA: &str = "
    CREATE TABLE format (version INTEGER NOT NULL, kinds TEXT NOT NULL) STRICT;
    CREATE TABLE names (block INTEGER PRIMARY KEY, kind INTEGER NOT NULL, names BLOB NOT NULL) STRICT;
    CREATE TABLE documents (row INTEGER PRIMARY KEY, id BLOB NOT NULL, label INTEGER NOT NULL, topology BLOB NOT NULL) STRICT;
    CREATE TABLE details (row INTEGER PRIMARY KEY, details BLOB NOT NULL) STRICT;
";

const READ: &str = "SELECT row, id, label, topology, details FROM documents JOIN details USING (row) \
    WHERE row IN (SELECT value FROM json_each(?)) ORDER BY row";

/// What is gone must not stay readable in the log.
const CUT_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Rows a statement inserts at once; fewer where fewer are left.
const ROWS_PER_INSERT: usize = 64;

/// What a block of names names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Keys and aliases.
    Keys = 0,
    /// Access labels.
    Labels = 1,
    /// Rules.
    Rules = 2,
}

/// A document's state as the file has it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) number: i64,
    /// Which document.
    pub(crate) id: DocumentId,
    /// The number of its label.
    pub(crate) label: u32,
    /// What it asserts, encoded.
    pub(crate) topology: Vec<u8>,
    /// Titles, evidence and times, encoded.
    pub(crate) details: Vec<u8>,
}

/// What a transaction changes.
#[derive(Default)]
pub(crate) struct Batch {
    /// New names of each kind.
    pub(crate) names: Vec<(Names, Vec<u8>)>,
    /// Rows that go.
    pub(crate) gone: Vec<i64>,
    /// Rows that come.
    pub(crate) rows: Vec<Row>,
}

/// The file for readers. While this lives, no other process can open it.
pub(crate) struct Disk {
    readers: SqlitePool,
    _lock: File,
}

/// The one connection that writes.
pub(crate) struct Writer {
    options: SqliteConnectOptions,
    /// Absent after a failure: `SQLite` ends the transaction of a full disk by itself, which the driver does not notice, and
    /// then refuses every further one on this connection.
    connection: Option<SqliteConnection>,
    /// The number of the next row; no number is used twice while the file is open.
    pub(crate) next_row: i64,
    /// Whether a commit was begun whose outcome memory does not show.
    pub(crate) stale: bool,
}

impl Disk {
    /// Open the file, or make it, and lock it.
    pub(crate) async fn open(path: &Path) -> Result<(Self, Writer)> {
        let lock = file::lock(path)?;
        file::create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(5));
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-16384")
            .pragma("secure_delete", "ON");
        let mut connection = SqliteConnection::connect_with(&writing)
            .await
            .map_err(|error| database(OPEN, error))?;
        check_format(&mut connection).await?;
        let last = sqlx::query_scalar::<_, Option<i64>>("SELECT max(row) FROM documents");
        let last = last.fetch_one(&mut connection).await;
        let next_row = last.map_err(|error| database(OPEN, error))?.unwrap_or(0) + 1;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            // They are of this process and this file: a question about their health takes longer than a read.
            .test_before_acquire(false)
            .connect_lazy_with(options.row_buffer_size(1024).pragma("query_only", "ON"));
        let writer = Writer {
            options: writing,
            connection: Some(connection),
            next_row,
            stale: false,
        };
        Ok((Self { readers, _lock: lock }, writer))
    }

    /// The graph of everything in the file.
    pub(crate) async fn load(&self) -> Result<Graph> {
        load::load(&self.readers).await
    }

    /// The rows of these numbers, in ascending order; those that have gone are left out.
    pub(crate) async fn read(&self, operation: &'static str, rows: &[i64]) -> Result<Vec<Row>> {
        let found = sqlx::query(READ).bind(json(rows)).fetch_all(&self.readers).await;
        found
            .map_err(|error| database(operation, error))?
            .iter()
            .map(full_row)
            .collect()
    }
}

impl Writer {
    /// The rows of these numbers.
    pub(crate) async fn read(&mut self, operation: &'static str, rows: &[i64]) -> Result<Vec<Row>> {
        let mut connection = self.connect(operation).await?;
        let found = sqlx::query(READ).bind(json(rows)).fetch_all(&mut connection).await;
        let found = found.map_err(|error| database(operation, error))?;
        self.connection = Some(connection);
        found.iter().map(full_row).collect()
    }

    /// Write a batch in one transaction. From its commit until the caller says otherwise memory counts as stale.
    pub(crate) async fn write(&mut self, operation: &'static str, batch: Batch) -> Result<()> {
        let fail = |error| database(operation, error);
        let mut connection = self.connect(operation).await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
        let removes = !batch.gone.is_empty() && batch.rows.is_empty();
        put(&mut transaction, batch).await.map_err(fail)?;
        self.stale = true;
        transaction.commit().await.map_err(fail)?;
        if removes {
            sqlx::raw_sql(CUT_LOG).execute(&mut connection).await.map_err(fail)?;
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Delete everything. Memory counts as stale afterwards.
    pub(crate) async fn clear(&mut self, operation: &'static str) -> Result<()> {
        let fail = |error| database(operation, error);
        let mut connection = self.connect(operation).await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
        for delete in ["DELETE FROM names", "DELETE FROM documents", "DELETE FROM details"] {
            sqlx::query(delete).execute(&mut *transaction).await.map_err(fail)?;
        }
        self.stale = true;
        transaction.commit().await.map_err(fail)?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Take the connection, or a new one; it is put back when all went well.
    async fn connect(&mut self, operation: &'static str) -> Result<SqliteConnection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => SqliteConnection::connect_with(&self.options)
                .await
                .map_err(|error| database(operation, error)),
        }
    }

    /// Let the file grow no further while this connection lasts.
    #[cfg(test)]
    pub(crate) async fn fill_disk(&mut self) {
        let connection = self.connection.as_mut().expect("it is connected");
        sqlx::raw_sql("PRAGMA max_page_count = 1")
            .execute(connection)
            .await
            .expect("set the limit");
    }
}

async fn put(connection: &mut SqliteConnection, batch: Batch) -> sqlx::Result<()> {
    for (kind, names) in batch.names {
        let insert = sqlx::query("INSERT INTO names (kind, names) VALUES (?, ?)")
            .bind(kind as i64)
            .bind(names);
        insert.execute(&mut *connection).await?;
    }
    if !batch.gone.is_empty() {
        for delete in [
            "DELETE FROM documents WHERE row IN (SELECT value FROM json_each(?))",
            "DELETE FROM details WHERE row IN (SELECT value FROM json_each(?))",
        ] {
            sqlx::query(delete)
                .bind(json(&batch.gone))
                .execute(&mut *connection)
                .await?;
        }
    }
    let mut rows = batch.rows;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(ROWS_PER_INSERT));
        insert(connection, rows).await?;
        rows = rest;
    }
    Ok(())
}

/// Make the tables of a new file; refuse a file that was written under another meaning.
async fn check_format(connection: &mut SqliteConnection) -> Result<()> {
    let fail = |error| database(OPEN, error);
    let edges = EdgeKind::ALL.iter().map(|kind| kind.as_str());
    let nodes = NodeKind::ALL.iter().map(|kind| kind.as_str());
    let kinds = edges.chain(["/"]).chain(nodes).collect::<Vec<_>>().join(" ");
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
    let tables = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
    if tables.fetch_one(&mut *transaction).await.map_err(fail)? == 0 {
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await.map_err(fail)?;
        let format = sqlx::query("INSERT INTO format VALUES (?, ?)")
            .bind(FORMAT)
            .bind(&kinds);
        format.execute(&mut *transaction).await.map_err(fail)?;
        return transaction.commit().await.map_err(fail);
    }
    let known = sqlx::query_as::<_, (i64, String)>("SELECT version, kinds FROM format")
        .fetch_optional(&mut *transaction)
        .await;
    match known {
        Ok(Some(format)) if format == (FORMAT, kinds) => Ok(()),
        Ok(_) => Err(corrupt(
            OPEN,
            "the graph was written by another version of this program",
        )),
        Err(error) => match database(OPEN, error) {
            // A foreign database has no such table, which is an error without a code of its own.
            error if error.kind() == ErrorKind::Internal => {
                Err(corrupt(OPEN, "the file is not a graph").with_source(error))
            }
            error => Err(error),
        },
    }
}

async fn insert(connection: &mut SqliteConnection, rows: Vec<Row>) -> sqlx::Result<()> {
    // A full statement is prepared once; the last of a batch is of some other length.
    let keep = rows.len() == ROWS_PER_INSERT;
    let mut documents = QueryBuilder::<Sqlite>::new("INSERT INTO documents (row, id, label, topology) ");
    let mut details = QueryBuilder::<Sqlite>::new("INSERT INTO details (row, details) ");
    let mut texts = Vec::with_capacity(rows.len());
    documents.push_values(rows, |mut values, row| {
        values
            .push_bind(row.number)
            .push_bind(row.id.0.as_bytes().to_vec())
            .push_bind(i64::from(row.label))
            .push_bind(row.topology);
        texts.push((row.number, row.details));
    });
    documents.build().persistent(keep).execute(&mut *connection).await?;
    details.push_values(texts, |mut values, (row, text)| {
        values.push_bind(row).push_bind(text);
    });
    details.build().persistent(keep).execute(&mut *connection).await?;
    Ok(())
}

fn full_row(row: &SqliteRow) -> Result<Row> {
    let fail = |error| database(LOAD, error);
    let (topology, details) = (row.try_get(3).map_err(fail)?, row.try_get(4).map_err(fail)?);
    Ok(Row {
        number: row.try_get(0).map_err(fail)?,
        id: id(row)?,
        label: label(row)?,
        topology,
        details,
    })
}

fn id(row: &SqliteRow) -> Result<DocumentId> {
    let bytes: &[u8] = row.try_get(1).map_err(|error| database(LOAD, error))?;
    let uuid = Uuid::from_slice(bytes).map_err(|error| corrupt(LOAD, "a document id is not one").with_source(error))?;
    Ok(DocumentId(uuid))
}

fn label(row: &SqliteRow) -> Result<u32> {
    let number: i64 = row.try_get(2).map_err(|error| database(LOAD, error))?;
    u32::try_from(number).map_err(|error| corrupt(LOAD, "a label's number is not one").with_source(error))
}

/// Numbers as a list that `json_each` takes apart: one statement serves any length.
fn json(rows: &[i64]) -> String {
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    format!("[{}]", rows.join(","))
}
