//! Lists of documents: all of a kind under a prefix of keys, page by page.

use async_trait::async_trait;
use domain::seam::{CatalogueStore, Listing};
use domain::{Document, Key, Result, Visible};

use super::error::During;
use super::find::json_labels;
use super::{Sqlite, decode};

const LIST: &str = "list documents";

#[async_trait]
impl CatalogueStore for Sqlite {
    async fn list(&self, listing: &Listing, visible: &Visible) -> Result<Vec<Document>> {
        let mut reader = self.reader(LIST).await?;
        let (after, id) = match &listing.after {
            Some((key, id)) => (key.as_str(), decode::key(*id)),
            None => ("", Vec::new()),
        };
        let limit = i64::try_from(listing.limit).unwrap_or(i64::MAX);
        // Numbers first: bodies are read of those that are shown alone. No key goes beyond the last code point.
        let bodies: Vec<(String,)> = sqlx::query_as(
            "SELECT body FROM documents WHERE number IN \
             (SELECT documents.number FROM documents JOIN labels ON labels.number = label \
             WHERE key >= ?1 AND key < ?1 || char(1114111) AND key >= ?2 AND (key, id) > (?2, ?3) AND kind = ?4 AND hash IS NOT NULL \
             AND (?5 IS NULL OR labels.name IN (SELECT value FROM json_each(?5))) ORDER BY key, id LIMIT ?6) ORDER BY key, id",
        )
        .bind(&listing.prefix)
        .bind(after)
        .bind(id)
        .bind(listing.kind.as_str())
        .bind(json_labels(visible))
        .bind(limit)
        .fetch_all(&mut *reader)
        .await
        .during(LIST)?;
        bodies.iter().map(|(body,)| decode::document(LIST, body)).collect()
    }

    async fn under(&self, keys: &[Key], visible: &Visible) -> Result<Vec<Document>> {
        let mut reader = self.reader(LIST).await?;
        let keys: serde_json::Value = keys.iter().map(Key::as_str).collect();
        let bodies: Vec<(String,)> = sqlx::query_as(
            "SELECT body FROM documents JOIN labels ON labels.number = label \
             WHERE key IN (SELECT value FROM json_each(?1)) AND hash IS NOT NULL \
             AND (?2 IS NULL OR labels.name IN (SELECT value FROM json_each(?2))) ORDER BY key, id",
        )
        .bind(keys.to_string())
        .bind(json_labels(visible))
        .fetch_all(&mut *reader)
        .await
        .during(LIST)?;
        bodies.iter().map(|(body,)| decode::document(LIST, body)).collect()
    }
}
