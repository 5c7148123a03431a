//! The store as the projections read and write it.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::seam::store::{
    CachedVector, Changed, DirectoryEntry, Failure, IndexedDocument, Mentioned, ProjectionStore,
};
use domain::{AccessId, DocumentId, DocumentKind, Error, Key, Result, SourceId, TextHash};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::{Sqlite, cache, decode, directory, index};

pub(super) use domain::seam::store::{GRAPH, INDEX, PROJECTIONS};

#[async_trait]
impl ProjectionStore for Sqlite {
    async fn position(&self, projection: &str, source: &SourceId) -> Result<u64> {
        position(self, projection, source).await
    }

    async fn changed(&self, source: &SourceId, after: u64, limit: usize) -> Result<Vec<Changed>> {
        changed(self, source, after, limit).await
    }

    async fn commit_index(
        &self,
        source: &SourceId,
        position: u64,
        documents: Vec<IndexedDocument>,
        failed: Vec<Failure>,
    ) -> Result<()> {
        index::commit(self, (source, position), documents, failed).await
    }

    async fn commit_graph(
        &self,
        source: &SourceId,
        position: u64,
        documents: Vec<Mentioned>,
        failed: Vec<Failure>,
    ) -> Result<()> {
        directory::commit(self, (source, position), documents, failed).await
    }

    async fn directory(&self, names: &[String]) -> Result<(Vec<DirectoryEntry>, Vec<DocumentId>)> {
        directory::read(self, names).await
    }

    async fn cached_vectors(&self, model: &str, hashes: &[TextHash]) -> Result<Vec<CachedVector>> {
        cache::get(self, model, hashes).await
    }

    async fn cache_vectors(&self, model: &str, vectors: Vec<CachedVector>) -> Result<()> {
        cache::put(self, model, vectors).await
    }

    async fn reset(&self, projection: &str) -> Result<()> {
        reset(self, projection).await
    }
}

/// The projection of this name.
fn known(operation: &'static str, projection: &str) -> Result<&'static str> {
    PROJECTIONS.into_iter().find(|name| *name == projection).ok_or_else(|| {
        let name: String = projection.chars().take(80).collect();
        Error::invalid(operation, format!("there is no projection `{name}`"))
            .with_hint(format!("projections are: {}", PROJECTIONS.join(", ")))
    })
}

async fn position(store: &Sqlite, projection: &str, source: &SourceId) -> Result<u64> {
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

/// Revision, id, kind, key, label, body.
type Row = (i64, Vec<u8>, String, String, String, Option<String>);
/// Former names by id.
type Former = HashMap<Vec<u8>, Vec<String>>;

async fn changed(store: &Sqlite, source: &SourceId, after: u64, limit: usize) -> Result<Vec<Changed>> {
    const OPERATION: &str = "read changes";
    let mut snapshot = store.snapshot(OPERATION).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT documents.revision, documents.id, documents.kind, documents.key, labels.name, documents.body FROM documents \
         JOIN labels ON labels.number = documents.label \
         WHERE documents.source = (SELECT number FROM sources WHERE name = ?) AND documents.revision > ? \
         ORDER BY documents.revision LIMIT ?",
    )
    .bind(source.as_str())
    .bind(i64::try_from(after).unwrap_or(i64::MAX))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *snapshot)
    .await
    .during(OPERATION)?;
    let mut former = former_names(&mut snapshot, source, after).await?;
    rows.into_iter()
        .map(|(revision, id, kind, key, label, body)| {
            Ok(Changed {
                revision: decode::count(OPERATION, revision)?,
                id: decode::document_id(OPERATION, &id)?,
                kind: DocumentKind::parse(&kind)?,
                key: Key::from_raw(&key),
                access: AccessId(label.into()),
                former: former.remove(&id).unwrap_or_default(),
                document: body
                    .map(|body| decode::document(OPERATION, &body).map(Box::new))
                    .transpose()?,
            })
        })
        .collect()
}

/// The former names of the documents changed after `after`.
async fn former_names(connection: &mut SqliteConnection, source: &SourceId, after: u64) -> Result<Former> {
    const OPERATION: &str = "read changes";
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT id, name FROM former_names JOIN documents ON number = document \
         WHERE source = (SELECT number FROM sources WHERE name = ?) AND revision > ? ORDER BY name",
    )
    .bind(source.as_str())
    .bind(i64::try_from(after).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .during(OPERATION)?;
    let mut found = Former::new();
    for (id, name) in rows {
        found.entry(id).or_default().push(name);
    }
    Ok(found)
}

async fn reset(store: &Sqlite, projection: &str) -> Result<()> {
    const OPERATION: &str = "reset projection";
    let projection = known(OPERATION, projection)?;
    let statements: &[&'static str] = if projection == INDEX {
        &[
            "DELETE FROM indexed",
            "DELETE FROM label_chunks",
            "DELETE FROM label_terms",
            "DELETE FROM dead_letters WHERE stage = 'index'",
            "UPDATE sources SET chunks = 0",
        ]
    } else {
        &[
            "DELETE FROM mentions",
            "DELETE FROM former_names",
            "DELETE FROM dead_letters WHERE stage = 'graph'",
        ]
    };
    let mut transaction = store.write(OPERATION).await?;
    for statement in statements {
        sqlx::query(*statement)
            .execute(&mut *transaction)
            .await
            .during(OPERATION)?;
    }
    sqlx::query("DELETE FROM positions WHERE projection = ?")
        .bind(projection)
        .execute(&mut *transaction)
        .await
        .during(OPERATION)?;
    transaction.commit().await.during(OPERATION)
}
