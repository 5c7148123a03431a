//! Statements over many rows: one round trip per some hundred rows instead of one per row.

use domain::Result;
use sqlx::query_builder::Separated;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Encode, FromRow, QueryBuilder, Sqlite as Db, Type};

use super::error::During;

/// Parameters per write, far below SQLite's 32,766; larger statements are not faster.
const PARAMETERS: usize = 3000;
/// Keys per read.
const READ: usize = 500;

/// A statement that takes many rows.
pub(super) struct Rows {
    pub(super) operation: &'static str,
    /// What stands before `VALUES`.
    pub(super) head: &'static str,
    /// How many columns each row has.
    pub(super) columns: usize,
    /// What follows the rows.
    pub(super) tail: &'static str,
}

/// Run `head VALUES (…), (…) tail` for all rows, as often as it takes.
pub(super) async fn write<T, F>(
    connection: &mut SqliteConnection,
    Rows {
        operation,
        head,
        columns,
        tail,
    }: Rows,
    rows: Vec<T>,
    mut bind: F,
) -> Result<()>
where
    T: Send,
    F: FnMut(&mut Separated<'_, Db, &'static str>, T) + Send,
{
    let most = PARAMETERS / columns.max(1);
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<T> = rows.by_ref().take(most).collect();
        if batch.is_empty() {
            return Ok(());
        }
        // Only the full size recurs, so only its statement is worth keeping.
        let full = batch.len() == most;
        let mut statement = QueryBuilder::<Db>::new(head);
        statement.push(" ");
        statement.push_values(batch, |mut columns, row| bind(&mut columns, row));
        statement.push(tail);
        statement
            .build()
            .persistent(full)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
}

/// Run `head (?, ?, …) tail` for all keys, as often as it takes, and collect the rows in no particular order.
pub(super) async fn read<K, R>(
    connection: &mut SqliteConnection,
    (operation, head, tail): (&'static str, &'static str, &'static str),
    keys: impl IntoIterator<Item = K, IntoIter: Send>,
) -> Result<Vec<R>>
where
    K: for<'q> Encode<'q, Db> + Type<Db> + Send,
    R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let mut keys = keys.into_iter();
    let mut found = Vec::new();
    loop {
        let batch: Vec<K> = keys.by_ref().take(READ).collect();
        if batch.is_empty() {
            return Ok(found);
        }
        let full = batch.len() == READ;
        let mut statement = QueryBuilder::<Db>::new(head);
        list(&mut statement, batch);
        statement.push(tail);
        let rows = statement
            .build_query_as::<R>()
            .persistent(full)
            .fetch_all(&mut *connection)
            .await
            .during(operation)?;
        found.extend(rows);
    }
}

/// Run `head (?, ?, …)` for all keys, as often as it takes.
pub(super) async fn run<K>(
    connection: &mut SqliteConnection,
    (operation, head): (&'static str, &'static str),
    keys: impl IntoIterator<Item = K, IntoIter: Send>,
) -> Result<()>
where
    K: for<'q> Encode<'q, Db> + Type<Db> + Send,
{
    let mut keys = keys.into_iter();
    loop {
        let batch: Vec<K> = keys.by_ref().take(READ).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let full = batch.len() == READ;
        let mut statement = QueryBuilder::<Db>::new(head);
        list(&mut statement, batch);
        statement
            .build()
            .persistent(full)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
}

/// Append ` (?, ?, …)`.
pub(super) fn list<K>(statement: &mut QueryBuilder<Db>, keys: impl IntoIterator<Item = K>)
where
    K: for<'q> Encode<'q, Db> + Type<Db>,
{
    statement.push(" (");
    let mut separated = statement.separated(", ");
    for key in keys {
        separated.push_bind(key);
    }
    statement.push(")");
}
