//! How far each projection has handled a source.

use domain::seam::store::PROJECTIONS;
use domain::{Error, Result, SourceId};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::{Sqlite, decode};

/// The projection of this name.
pub(super) fn known(operation: &'static str, projection: &str) -> Result<&'static str> {
    PROJECTIONS.into_iter().find(|name| *name == projection).ok_or_else(|| {
        let name: String = projection.chars().take(80).collect();
        Error::invalid(operation, format!("there is no projection `{name}`"))
            .with_hint(format!("projections are: {}", PROJECTIONS.join(", ")))
    })
}

/// How far a projection is.
pub(super) async fn position(store: &Sqlite, projection: &str, source: &SourceId) -> Result<u64> {
    const OPERATION: &str = "read position";
    let projection = known(OPERATION, projection)?;
    let mut reader = store.reader(OPERATION).await?;
    let position: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM positions JOIN sources ON number = source WHERE projection = ? AND name = ?",
    )
    .bind(projection)
    .bind(source.as_str())
    .fetch_optional(&mut *reader)
    .await
    .during(OPERATION)?;
    decode::count(OPERATION, position.unwrap_or(0))
}

/// Move a position forward. `false`: it has been passed already, and what belongs to it must not be written again.
pub(super) async fn advance(
    connection: &mut SqliteConnection,
    (operation, projection): (&'static str, &'static str),
    source: &SourceId,
    position: u64,
) -> Result<bool> {
    let row: Option<(i64, i64)> = sqlx::query_as("SELECT number, revision FROM sources WHERE name = ?")
        .bind(source.as_str())
        .fetch_optional(&mut *connection)
        .await
        .during(operation)?;
    let (number, revision) =
        row.ok_or_else(|| Error::not_found(operation, format!("there is no source `{source}`")))?;
    let position = decode::stored(operation, position)?;
    if position > revision {
        return Err(Error::invalid(
            operation,
            format!("position {position} is past the last revision {revision} of `{source}`"),
        ));
    }
    let moved = sqlx::query(
        "INSERT INTO positions (projection, source, position) VALUES (?, ?, ?) \
         ON CONFLICT (projection, source) DO UPDATE SET position = excluded.position WHERE positions.position <= excluded.position",
    )
    .bind(projection)
    .bind(number)
    .bind(position)
    .execute(connection)
    .await
    .during(operation)?;
    Ok(moved.rows_affected() > 0)
}
