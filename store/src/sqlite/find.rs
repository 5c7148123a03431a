//! Finding documents by the names people use: key, alias, URL, or the beginning of a commit's hash.

use std::collections::BTreeSet;

use domain::{AccessId, Document, Result, Visible};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::page::is_hex;
use super::{Sqlite, decode, rows};

const FIND: &str = "find document";
/// The most documents that one name finds.
const MOST: usize = 20;

/// A document that matches: key, id, number and label.
type Match = (String, Vec<u8>, i64, String);

/// Visible documents of this name, by key and id.
pub(super) async fn by_name(store: &Sqlite, name: &str, visible: &Visible) -> Result<Vec<Document>> {
    let mut snapshot = store.snapshot(FIND).await?;
    let mut matches: BTreeSet<Match> = BTreeSet::new();
    matches.extend(exact(&mut snapshot, name).await?);
    if (7..=40).contains(&name.len()) && is_hex(name) {
        matches.extend(commits(&mut snapshot, &name.to_lowercase()).await?);
    }
    // Hidden matches are dropped before the limit, so that they cannot push visible ones out.
    let shown: Vec<i64> = matches
        .into_iter()
        .filter(|(.., label)| visible.contains(&AccessId(label.as_str().into())))
        .map(|(_, _, number, _)| number)
        .take(MOST)
        .collect();
    let bodies: Vec<(String,)> = rows::read(
        &mut snapshot,
        (
            FIND,
            "SELECT body FROM documents WHERE body IS NOT NULL AND number IN",
            " ORDER BY key, id",
        ),
        shown,
    )
    .await?;
    bodies.iter().map(|(body,)| decode::document(FIND, body)).collect()
}

async fn exact(connection: &mut SqliteConnection, name: &str) -> Result<Vec<Match>> {
    sqlx::query_as(
        "SELECT key, id, documents.number, labels.name FROM documents JOIN labels ON labels.number = label WHERE key = ?1 AND body IS NOT NULL \
         UNION ALL SELECT key, id, documents.number, labels.name FROM aliases \
         JOIN documents ON documents.number = document JOIN labels ON labels.number = label \
         WHERE aliases.name = ?1 AND body IS NOT NULL",
    )
    .bind(name)
    .fetch_all(connection)
    .await
    .during(FIND)
}

async fn commits(connection: &mut SqliteConnection, prefix: &str) -> Result<Vec<Match>> {
    // `g` follows the last hexadecimal digit.
    sqlx::query_as(
        "SELECT key, id, documents.number, labels.name FROM documents JOIN labels ON labels.number = label \
         WHERE sha >= ?1 AND sha < ?1 || 'g' AND body IS NOT NULL",
    )
    .bind(prefix)
    .fetch_all(connection)
    .await
    .during(FIND)
}
