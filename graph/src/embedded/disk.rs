//! The file: names, the topology of each document, and its details, in `SQLite`.
//!
//! A document's state is one row in `documents` and one in `details` under the same number. A new state takes a new number
//! and the old rows go in the same transaction, so that whoever knows a number finds that state or nothing. Names are kept
//! in blocks, one per batch, which makes loading a million of them a matter of some thousand rows.

mod load;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{DocumentId, EdgeKind, ErrorKind, NodeKind, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::failure::{corrupt, database};
use super::file::{self, OPEN};
use super::memory::Graph;
use super::tuning::Tuning;

const LOAD: &str = "load graph";

/// Rises when the meaning of rows changes.
const FORMAT: i64 = 2;

const SCHEMA: &str = "
    CREATE TABLE format (version INTEGER NOT NULL, kinds TEXT NOT NULL) STRICT;
    CREATE TABLE names (block INTEGER PRIMARY KEY, kind INTEGER NOT NULL, names BLOB NOT NULL) STRICT;
    CREATE TABLE documents (row INTEGER PRIMARY KEY, id BLOB NOT NULL, label INTEGER NOT NULL, topology BLOB NOT NULL) STRICT;
    CREATE TABLE details (row INTEGER PRIMARY KEY, details BLOB NOT NULL) STRICT;
";

const READ: &str = "SELECT id, label, topology, details FROM documents JOIN details USING (row) WHERE row = ?";

/// What is gone must not stay readable in the log.
const CUT_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Connections kept for the next reader.
const READERS: usize = 8;

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

/// The file for readers, each on the thread that it asks from. While this lives, no other process can open it.
pub(crate) struct Disk {
    path: PathBuf,
    /// Connections that nobody uses at the moment.
    readers: Mutex<Vec<Connection>>,
    _lock: File,
}

/// The one connection that writes.
pub(crate) struct Writer {
    path: PathBuf,
    /// Absent after a failure, which may have left it in a transaction.
    connection: Option<Connection>,
    /// The number of the next row; no number is used twice while the file is open.
    pub(crate) next_row: i64,
    /// Whether a commit was begun whose outcome memory does not show.
    pub(crate) stale: bool,
}

impl Disk {
    /// Open the file, or make it, and lock it.
    pub(crate) fn open(path: &Path) -> Result<(Self, Writer)> {
        let lock = file::lock(path)?;
        file::create(path)?;
        let fail = |error| database(OPEN, error);
        let mut connection = Writer::connect(path).map_err(fail)?;
        check_format(&mut connection)?;
        let last: Option<i64> = connection
            .query_one("SELECT max(row) FROM documents", [], |row| row.get(0))
            .map_err(fail)?;
        let next_row = last.unwrap_or(0).checked_add(1);
        let writer = Writer {
            path: path.to_owned(),
            connection: Some(connection),
            next_row: next_row.ok_or_else(|| corrupt(OPEN, "the numbers of rows are used up"))?,
            stale: false,
        };
        let disk = Self {
            path: path.to_owned(),
            readers: Mutex::default(),
            _lock: lock,
        };
        Ok((disk, writer))
    }

    /// The graph of everything in the file.
    pub(crate) fn load(&self, tuning: Tuning) -> Result<Graph> {
        load::load(self, tuning)
    }

    /// The rows of these numbers in their order; those that have gone are left out.
    pub(crate) fn read(&self, operation: &'static str, rows: &[i64]) -> Result<Vec<Row>> {
        self.with_reader(|connection| read(connection, rows))
            .map_err(|error| database(operation, error))
    }

    /// Work with a connection that only reads; one whose work failed is not used again.
    fn with_reader<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = readers().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => reader(&self.path)?,
        };
        let done = work(&connection)?;
        let mut readers = readers();
        if readers.len() < READERS {
            readers.push(connection);
        }
        Ok(done)
    }
}

impl Writer {
    /// The rows of these numbers.
    pub(crate) fn read(&mut self, operation: &'static str, rows: &[i64]) -> Result<Vec<Row>> {
        self.with_connection(|connection| read(connection, rows))
            .map_err(|error| database(operation, error))
    }

    /// Write a batch in one transaction. From its commit until the caller says otherwise memory counts as stale.
    pub(crate) fn write(&mut self, operation: &'static str, batch: Batch) -> Result<()> {
        let removes = !batch.gone.is_empty() && batch.rows.is_empty();
        self.change(|connection| put(connection, batch))
            .map_err(|error| database(operation, error))?;
        if removes {
            self.with_connection(|connection| connection.query_row(CUT_LOG, [], |_| Ok(())))
                .map_err(|error| database(operation, error))?;
        }
        Ok(())
    }

    /// Delete everything. Memory counts as stale afterwards.
    pub(crate) fn clear(&mut self, operation: &'static str) -> Result<()> {
        let clear = "DELETE FROM names; DELETE FROM documents; DELETE FROM details";
        self.change(|connection| connection.execute_batch(clear))
            .map_err(|error| database(operation, error))
    }

    /// Work in one transaction.
    fn change(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let mut connection = self.take()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        work(&transaction)?;
        self.stale = true;
        transaction.commit()?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Work with the connection; it is put back when all went well.
    fn with_connection<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let connection = self.take()?;
        let done = work(&connection)?;
        self.connection = Some(connection);
        Ok(done)
    }

    fn take(&mut self) -> rusqlite::Result<Connection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Self::connect(&self.path),
        }
    }

    fn connect(path: &Path) -> rusqlite::Result<Connection> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -16384)?;
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(connection)
    }

    /// Let the file grow no further while this connection lasts.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self) {
        let connection = self.connection.as_ref().expect("it is connected");
        connection
            .pragma_update(None, "max_page_count", 1)
            .expect("set the limit");
    }
}

/// A connection of one thread at a time: `SQLite` need not lock it as well.
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    // Rows come from anywhere in the file: mapped, each takes half the time.
    connection.pragma_update(None, "mmap_size", 1_i64 << 40)?;
    Ok(connection)
}

/// The rows of these numbers.
fn read(connection: &Connection, rows: &[i64]) -> rusqlite::Result<Vec<Row>> {
    // Locks are taken once for all of them. After an error the connection goes, and the transaction with it.
    connection.prepare_cached("BEGIN")?.execute([])?;
    let mut statement = connection.prepare_cached(READ)?;
    let mut found = Vec::with_capacity(rows.len());
    for number in rows {
        let row = statement.query_row([number], |row| {
            Ok(Row {
                number: *number,
                id: DocumentId(row.get(0)?),
                label: row.get(1)?,
                topology: row.get(2)?,
                details: row.get(3)?,
            })
        });
        found.extend(row.optional()?);
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(found)
}

fn put(connection: &Connection, batch: Batch) -> rusqlite::Result<()> {
    for (kind, names) in batch.names {
        let mut insert = connection.prepare_cached("INSERT INTO names (kind, names) VALUES (?, ?)")?;
        insert.execute(params![kind as i64, names])?;
    }
    for table in ["documents", "details"] {
        let mut delete = connection.prepare_cached(&format!("DELETE FROM {table} WHERE row = ?"))?;
        for row in &batch.gone {
            delete.execute([row])?;
        }
    }
    let insert = "INSERT INTO documents (row, id, label, topology) VALUES (?, ?, ?, ?)";
    let mut documents = connection.prepare_cached(insert)?;
    let mut details = connection.prepare_cached("INSERT INTO details (row, details) VALUES (?, ?)")?;
    for row in batch.rows {
        documents.execute(params![row.number, row.id.0.as_bytes(), row.label, row.topology])?;
        details.execute(params![row.number, row.details])?;
    }
    Ok(())
}

/// Make the tables of a new file; refuse a file that was written under another meaning.
fn check_format(connection: &mut Connection) -> Result<()> {
    let fail = |error| database(OPEN, error);
    let edges = EdgeKind::ALL.iter().map(|kind| kind.as_str());
    let nodes = NodeKind::ALL.iter().map(|kind| kind.as_str());
    let kinds = edges.chain(["/"]).chain(nodes).collect::<Vec<_>>().join(" ");
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fail)?;
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
    let tables: i64 = transaction.query_one(tables, [], |row| row.get(0)).map_err(fail)?;
    if tables == 0 {
        transaction.execute_batch(SCHEMA).map_err(fail)?;
        let format = transaction.execute("INSERT INTO format VALUES (?, ?)", params![FORMAT, kinds]);
        format.map_err(fail)?;
        return transaction.commit().map_err(fail);
    }
    let known = transaction.query_row("SELECT version, kinds FROM format", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    match known.optional() {
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
