//! The store as the projections read and write it.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::seam::store::{
    CachedVector, Changed, DirectoryEntry, Failure, INDEX, IndexedDocument, Mentioned, ProjectionStore,
};
use domain::{AccessId, DocumentId, DocumentKind, Key, Result, SourceId, TextHash};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::positions::{known, position};
use super::{Sqlite, cache, decode, directory, identity, index};

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
            "DELETE FROM took_part",
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
    identity::touch(&mut transaction, OPERATION).await?;
    transaction.commit().await.during(OPERATION)
}
