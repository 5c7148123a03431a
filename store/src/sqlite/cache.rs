//! The embedding cache: vectors by model and text, as little-endian f32.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::store::CachedVector;
use domain::{Result, TextHash};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite as Db};

use super::error::{During, unreadable};
use super::{Sqlite, limits, rows};

const GET: &str = "read cached vectors";
const PUT: &str = "cache vectors";
/// Hashes per read.
const READ: usize = 500;

/// The vectors that are there, in the order asked, each once.
pub(super) async fn get(store: &Sqlite, model: &str, hashes: &[TextHash]) -> Result<Vec<CachedVector>> {
    let mut snapshot = store.snapshot(GET).await?;
    let number: Option<i64> = sqlx::query_scalar("SELECT number FROM models WHERE name = ?")
        .bind(model)
        .fetch_optional(&mut *snapshot)
        .await
        .during(GET)?;
    let Some(number) = number else { return Ok(Vec::new()) };
    let mut found: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for some in hashes.chunks(READ) {
        let mut statement = QueryBuilder::<Db>::new("SELECT hash, vector FROM embeddings WHERE model = ");
        statement.push_bind(number).push(" AND hash IN");
        rows::list(&mut statement, some.iter().map(|hash| hash.0.to_vec()));
        let rows: Vec<(Vec<u8>, Vec<u8>)> = statement
            .build_query_as()
            .persistent(some.len() == READ)
            .fetch_all(&mut *snapshot)
            .await
            .during(GET)?;
        found.extend(rows);
    }
    let present = hashes
        .iter()
        .filter_map(|hash| found.remove(hash.0.as_slice()).map(|blob| (*hash, blob)));
    present.map(|(hash, blob)| Ok((hash, decode(&blob)?))).collect()
}

/// Add vectors; one that is there already is left as it is.
pub(super) async fn put(store: &Sqlite, model: &str, vectors: Vec<CachedVector>) -> Result<()> {
    limits::name(PUT, model)?;
    vectors.iter().try_for_each(|(_, vector)| limits::vector(vector))?;
    let mut seen = BTreeSet::new();
    let fresh: Vec<(Vec<u8>, Vec<u8>)> = vectors
        .into_iter()
        .filter(|(hash, _)| seen.insert(*hash))
        .map(|(hash, vector)| {
            (
                hash.0.to_vec(),
                vector.iter().flat_map(|value| value.to_le_bytes()).collect(),
            )
        })
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let mut transaction = store.write(PUT).await?;
    sqlx::query("INSERT INTO models (name) VALUES (?) ON CONFLICT (name) DO NOTHING")
        .bind(model)
        .execute(&mut *transaction)
        .await
        .during(PUT)?;
    let number: i64 = sqlx::query_scalar("SELECT number FROM models WHERE name = ?")
        .bind(model)
        .fetch_one(&mut *transaction)
        .await
        .during(PUT)?;
    let statement = rows::Rows {
        operation: PUT,
        head: "INSERT INTO embeddings (model, hash, vector)",
        columns: 3,
        tail: " ON CONFLICT (model, hash) DO NOTHING",
    };
    rows::write(&mut transaction, statement, fresh, |columns, (hash, vector)| {
        columns.push_bind(number).push_bind(hash).push_bind(vector);
    })
    .await?;
    transaction.commit().await.during(PUT)
}

/// Drop the vectors of texts that no chunk has any more: a vector tells of its text.
pub(super) async fn drop_unused(connection: &mut SqliteConnection) -> Result<()> {
    for statement in [
        "CREATE TEMP TABLE used (hash BLOB PRIMARY KEY) WITHOUT ROWID",
        // The hash is the sixth part of a chunk in a stored body.
        "INSERT OR IGNORE INTO used SELECT unhex(json_extract(value, '$[5]')) FROM indexed, json_each(indexed.body)",
        "DELETE FROM embeddings WHERE hash NOT IN (SELECT hash FROM used)",
        "DROP TABLE used",
    ] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .during("drop cached vectors")?;
    }
    Ok(())
}

fn decode(blob: &[u8]) -> Result<Vec<f32>> {
    let (values, rest) = blob.as_chunks::<4>();
    if values.is_empty() || !rest.is_empty() {
        return Err(unreadable(GET, "a cached vector has a wrong length"));
    }
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
