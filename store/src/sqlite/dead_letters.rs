//! Dead letters: what could not be read, stored or projected, each told until it can.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::store::{Failure, GRAPH, INDEX};
use domain::{DocumentId, Rejected, Result, SourceId};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::{Sqlite, decode, limits, rows};

const COMMIT: &str = "write dead letters";

/// Who could not take an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The connector.
    Read,
    /// The commit of a page.
    Store,
    /// The index projection.
    Index,
    /// The graph projection.
    Graph,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Store => "store",
            Self::Index => INDEX,
            Self::Graph => GRAPH,
        }
    }
}

/// Void what stands under the prefixes: the item itself, or one that goes on after a separator (`:`, `/`, `#` or a space),
/// so that `PAY-1` leaves `PAY-12` alone. A prefix that ends with a separator of its own is taken as it is.
pub(super) async fn void(
    connection: &mut SqliteConnection,
    source: i64,
    prefixes: impl IntoIterator<Item = String, IntoIter: Send>,
) -> Result<()> {
    let any: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM dead_letters WHERE source = ? AND stage = 'read')")
            .bind(source)
            .fetch_one(&mut *connection)
            .await
            .during(COMMIT)?;
    if !any {
        return Ok(());
    }
    for prefix in prefixes {
        // Each range ends before the character after its separator. No text sorts after U+10FFFF.
        let statement = if prefix.ends_with(|last: char| !last.is_alphanumeric()) || prefix.is_empty() {
            "DELETE FROM dead_letters WHERE stage = 'read' AND source = ?1 AND item >= ?2 AND item < ?2 || char(1114111)"
        } else {
            "DELETE FROM dead_letters WHERE stage = 'read' AND source = ?1 AND (item = ?2 OR (item >= ?2 || ':' AND item < ?2 || ';') \
             OR (item >= ?2 || '/' AND item < ?2 || '0') OR (item >= ?2 || '#' AND item < ?2 || '$') \
             OR (item >= ?2 || ' ' AND item < ?2 || '!'))"
        };
        sqlx::query(statement)
            .bind(source)
            .bind(prefix)
            .execute(&mut *connection)
            .await
            .during(COMMIT)?;
    }
    Ok(())
}

/// Add items of a stage, each with its reason.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    (source, stage): (i64, Stage),
    rejected: BTreeMap<String, String>,
) -> Result<()> {
    let statement = rows::Rows {
        operation: COMMIT,
        head: "INSERT INTO dead_letters (source, stage, item, reason)",
        columns: 4,
        tail: " ON CONFLICT (source, item) DO UPDATE SET stage = excluded.stage, reason = excluded.reason",
    };
    rows::write(
        connection,
        statement,
        rejected.into_iter().collect(),
        |columns, (item, reason)| {
            columns
                .push_bind(source)
                .push_bind(stage.as_str())
                .push_bind(limits::dead_letter(&item).to_owned())
                .push_bind(limits::dead_letter(&reason).to_owned());
        },
    )
    .await
}

/// Take away the items of a stage that were handled now.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    (source, stage): (i64, Stage),
    handled: impl Fn(&str) -> bool,
) -> Result<()> {
    let items: Vec<(String,)> = sqlx::query_as("SELECT item FROM dead_letters WHERE source = ? AND stage = ?")
        .bind(source)
        .bind(stage.as_str())
        .fetch_all(&mut *connection)
        .await
        .during(COMMIT)?;
    for (item,) in items.into_iter().filter(|(item,)| handled(item)) {
        sqlx::query("DELETE FROM dead_letters WHERE source = ? AND item = ?")
            .bind(source)
            .bind(item)
            .execute(&mut *connection)
            .await
            .during(COMMIT)?;
    }
    Ok(())
}

/// Tell what a projection could not handle, and no longer what it has handled now. Each belongs to its document's source.
pub(super) async fn projected(
    connection: &mut SqliteConnection,
    stage: Stage,
    handled: BTreeSet<DocumentId>,
    failed: Vec<Failure>,
) -> Result<()> {
    let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM dead_letters WHERE stage = ?)")
        .bind(stage.as_str())
        .fetch_one(&mut *connection)
        .await
        .during(COMMIT)?;
    if !any && failed.is_empty() {
        return Ok(());
    }
    let failed: BTreeMap<DocumentId, String> = failed.into_iter().map(|one| (one.id, one.reason)).collect();
    let ids: BTreeSet<DocumentId> = handled.into_iter().chain(failed.keys().copied()).collect();
    let statement = (COMMIT, "SELECT id, source, key FROM documents WHERE id IN", "");
    let rows: Vec<(Vec<u8>, i64, String)> = rows::read(connection, statement, ids.into_iter().map(decode::key)).await?;
    let mut settled: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut letters: BTreeMap<i64, BTreeMap<String, String>> = BTreeMap::new();
    for (id, source, key) in rows {
        let item = limits::dead_letter(&format!("{} {key}", stage.as_str())).to_owned();
        settled.entry(source).or_default().insert(item.clone());
        if let Some(reason) = failed.get(&decode::document_id(COMMIT, &id)?) {
            letters.entry(source).or_default().insert(item, reason.clone());
        }
    }
    for (source, items) in settled {
        settle(connection, (source, stage), |item| items.contains(item)).await?;
        put(connection, (source, stage), letters.remove(&source).unwrap_or_default()).await?;
    }
    Ok(())
}

/// The dead letters of a source.
pub(super) async fn list(store: &Sqlite, source: &SourceId) -> Result<Vec<Rejected>> {
    let mut reader = store.reader("read dead letters").await?;
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT item, reason FROM dead_letters WHERE source = (SELECT number FROM sources WHERE name = ?) ORDER BY item",
    )
    .bind(source.as_str())
    .fetch_all(&mut *reader)
    .await
    .during("read dead letters")?;
    Ok(rows
        .into_iter()
        .map(|(item, reason)| Rejected { item, reason })
        .collect())
}
