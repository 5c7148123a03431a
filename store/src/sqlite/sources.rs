//! The configured sources, and what each of them holds.

use std::collections::{BTreeMap, HashMap};

use domain::seam::store::{PROJECTIONS, SourceRecord, SourceReport};
use domain::{Error, ErrorKind, Readers, Result, SourceId, Timestamp};
use sqlx::sqlite::SqliteConnection;

use super::error::{During, unreadable};
use super::{Sqlite, access, decode, limits};

const PUT: &str = "put source";
const LIST: &str = "list sources";

/// A source that is not removed.
#[derive(Clone, Copy)]
pub(super) struct Live {
    /// Its number.
    pub(super) number: i64,
    /// Its last revision.
    pub(super) revision: i64,
}

/// The source of this name, unless it is removed.
pub(super) async fn live(
    connection: &mut SqliteConnection,
    operation: &'static str,
    source: &SourceId,
) -> Result<Live> {
    let row: Option<(i64, i64)> = sqlx::query_as("SELECT number, revision FROM sources WHERE name = ? AND removed = 0")
        .bind(source.as_str())
        .fetch_optional(connection)
        .await
        .during(operation)?;
    row.map(|(number, revision)| Live { number, revision }).ok_or_else(|| {
        Error::not_found(operation, format!("there is no source `{source}`"))
            .with_hint("list the sources, or add this one")
    })
}

/// Add a source, change the settings of one, or bring a removed one back.
pub(super) async fn put(store: &Sqlite, source: SourceRecord, readers: Readers) -> Result<()> {
    limits::name(PUT, &source.connector)?;
    let settings = source.settings.to_string();
    limits::settings(&settings)?;
    let mut transaction = store.write(PUT).await?;
    let row: Option<(String, bool)> = sqlx::query_as("SELECT connector, removed <> 0 FROM sources WHERE name = ?")
        .bind(source.id.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .during(PUT)?;
    if let Some((connector, false)) = &row
        && *connector != source.connector
    {
        let message = format!(
            "source `{}` is read by connector `{connector}`, not by `{}`",
            source.id, source.connector
        );
        return Err(
            Error::new(ErrorKind::Conflict, PUT, message).with_hint("choose another name, or remove that source first")
        );
    }
    sqlx::query(
        "INSERT INTO sources (name, connector, settings, added) VALUES (?, ?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, settings = excluded.settings, \
         added = CASE WHEN removed = 0 THEN added ELSE excluded.added END, removed = 0",
    )
    .bind(source.id.as_str())
    .bind(source.connector)
    .bind(settings)
    .bind(source.added.0)
    .execute(&mut *transaction)
    .await
    .during(PUT)?;
    let number = live(&mut transaction, PUT, &source.id).await?.number;
    if access::change_readers(&mut transaction, (number, &source.id), readers).await? {
        // Only a sync from the beginning tells all rules again; it knows of no deletions before it.
        sqlx::query("UPDATE sources SET cursor = NULL, sweep_due = 1 WHERE number = ?")
            .bind(number)
            .execute(&mut *transaction)
            .await
            .during(PUT)?;
    }
    transaction.commit().await.during(PUT)
}

/// All sources by name. A removed one is listed, with null settings, until every projection
/// has handled its tombstones.
pub(super) async fn list(store: &Sqlite) -> Result<Vec<SourceReport>> {
    let mut snapshot = store.snapshot(LIST).await?;
    let kinds: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT source, kind, documents FROM source_kinds WHERE documents > 0")
            .fetch_all(&mut *snapshot)
            .await
            .during(LIST)?;
    let positions: Vec<(i64, String, i64)> = sqlx::query_as("SELECT source, projection, position FROM positions")
        .fetch_all(&mut *snapshot)
        .await
        .during(LIST)?;
    let dead: Vec<(i64, i64)> = sqlx::query_as("SELECT source, COUNT(*) FROM dead_letters GROUP BY source")
        .fetch_all(&mut *snapshot)
        .await
        .during(LIST)?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, name, connector, settings, added, removed <> 0, revision, last_sync, chunks, frozen, last_census, hinted \
         FROM sources ORDER BY name",
    )
    .fetch_all(&mut *snapshot)
    .await
    .during(LIST)?;
    let mut kinds = by_source(kinds)?;
    let mut positions = by_source(positions)?;
    let dead: HashMap<i64, i64> = dead.into_iter().collect();
    let mut reports = Vec::with_capacity(rows.len());
    for row in rows {
        let removed = row.5;
        let number = row.0;
        let documents = kinds.remove(&number).unwrap_or_default();
        let mut report = report(row, documents, dead.get(&number).copied().unwrap_or(0))?;
        let mut reached = positions.remove(&number).unwrap_or_default();
        for projection in PROJECTIONS {
            reached.entry(projection.to_owned()).or_default();
        }
        report.positions = reached;
        if !removed || report.positions.values().any(|position| *position < report.revision) {
            reports.push(report);
        }
    }
    Ok(reports)
}

/// Number, name, connector, settings, added, removed, revision, last sync, chunks, why the last sweep was frozen, last census, last hint.
type Row = (
    i64,
    String,
    String,
    String,
    i64,
    bool,
    i64,
    Option<i64>,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

fn report(row: Row, documents: BTreeMap<String, u64>, dead_letters: i64) -> Result<SourceReport> {
    let (_, name, connector, settings, added, removed, revision, last_sync, chunks, frozen, last_census, hinted) = row;
    let source = SourceRecord {
        id: SourceId::new(&name)
            .map_err(|error| unreadable(LIST, "a stored source has no valid name").with_source(error))?,
        connector,
        settings: decode::json(LIST, &settings)?,
        added: Timestamp(added),
    };
    Ok(SourceReport {
        source,
        removed,
        documents,
        chunks: decode::count(LIST, chunks)?,
        dead_letters: decode::count(LIST, dead_letters)?,
        revision: decode::count(LIST, revision)?,
        positions: BTreeMap::new(),
        last_sync: last_sync.map(Timestamp),
        last_census: last_census.map(Timestamp),
        hinted: hinted.map(Timestamp),
        staleness_seconds: None,
        frozen,
    })
}

fn by_source(rows: Vec<(i64, String, i64)>) -> Result<HashMap<i64, BTreeMap<String, u64>>> {
    let mut grouped: HashMap<i64, BTreeMap<String, u64>> = HashMap::new();
    for (source, name, number) in rows {
        grouped
            .entry(source)
            .or_default()
            .insert(name, decode::count(LIST, number)?);
    }
    Ok(grouped)
}
