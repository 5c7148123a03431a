//! Finding documents by the names people use: key, alias, URL, or the beginning of a commit's hash.

use domain::{AccessId, Document, Result, Visible};

use super::error::During;
use super::page::is_hex;
use super::{Sqlite, decode};

const FIND: &str = "find document";
/// The most documents that one name finds.
const MOST: i64 = 20;

/// Visible documents of this name, by key and id.
pub(super) async fn by_name(store: &Sqlite, name: &str, visible: &Visible) -> Result<Vec<Document>> {
    // Hidden matches are dropped before the limit, so that they cannot push visible ones out.
    let labels = json_labels(visible);
    let prefix = ((7..=40).contains(&name.len()) && is_hex(name)).then(|| name.to_lowercase());
    let mut reader = store.reader(FIND).await?;
    // `g` follows the last hexadecimal digit. Bodies are read of the first few alone.
    let bodies: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM documents WHERE number IN \
         (SELECT documents.number FROM documents JOIN labels ON labels.number = label WHERE documents.number IN \
         (SELECT number FROM documents WHERE key = ?1 UNION SELECT document FROM aliases WHERE name = ?1 \
         UNION SELECT number FROM documents WHERE sha >= ?2 AND sha < ?2 || 'g') \
         AND hash IS NOT NULL AND (?3 IS NULL OR labels.name IN (SELECT value FROM json_each(?3))) \
         ORDER BY key, id LIMIT ?4) ORDER BY key, id",
    )
    .bind(name)
    .bind(prefix)
    .bind(labels)
    .bind(MOST)
    .fetch_all(&mut *reader)
    .await
    .during(FIND)?;
    bodies.iter().map(|(body,)| decode::document(FIND, body)).collect()
}

/// The visible labels as a statement takes them: a JSON list; none where all are.
pub(super) fn json_labels(visible: &Visible) -> Option<String> {
    let Visible::Labels(labels) = visible else { return None };
    let names: serde_json::Value = labels.iter().map(AccessId::as_str).collect();
    Some(names.to_string())
}
