//! What goes with an issue, a pull request or a discussion that is gone: its comments and reviews, whose keys go on from its own.

use std::collections::HashSet;

use domain::{DocumentId, Result};
use sqlx::SqliteConnection;

use super::error::During;
use super::page::Draft;
use super::{decode, rows};

/// The changes of a source with the deletions that follow from them. What a page writes itself stays.
pub(super) async fn with_parts(
    connection: &mut SqliteConnection,
    (operation, source): (&'static str, i64),
    mut changes: Vec<(DocumentId, Option<Draft>)>,
) -> Result<Vec<(DocumentId, Option<Draft>)>> {
    let gone = changes.iter().filter(|(_, draft)| draft.is_none());
    let gone: Vec<Vec<u8>> = gone.map(|(id, _)| decode::key(*id)).collect();
    let statement = (
        operation,
        "SELECT key FROM documents WHERE hash IS NOT NULL AND kind IN ('issue', 'pull_request', 'discussion') AND id IN",
        "",
    );
    let keys: Vec<(String,)> = rows::read(connection, statement, gone).await?;
    let mut named: HashSet<DocumentId> = changes.iter().map(|(id, _)| *id).collect();
    for (key,) in keys {
        // The signs that follow `#` and `/` end what begins with them.
        let found: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT id FROM documents WHERE source = ?1 AND hash IS NOT NULL \
             AND (key > ?2 || '#' AND key < ?2 || '$' OR key > ?2 || '/' AND key < ?2 || '0') ORDER BY key",
        )
        .bind(source)
        .bind(&key)
        .fetch_all(&mut *connection)
        .await
        .during(operation)?;
        for (id,) in found {
            let id = decode::document_id(operation, &id)?;
            if named.insert(id) {
                changes.push((id, None));
            }
        }
    }
    Ok(changes)
}
