//! The store as queries read it: only what is live and visible.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use domain::seam::store::{DocumentStore, StoredChunk, TermStatistics};
use domain::{AccessId, AccessRule, Account, Caller, Document, DocumentId, Result, Visible};

use super::error::During;
use super::{Sqlite, access, accounts, decode, find, index, rows, statistics};

#[async_trait]
impl DocumentStore for Sqlite {
    async fn visible(&self, caller: &Caller) -> Result<Visible> {
        access::visible(self, caller).await
    }

    async fn rule(&self, label: &AccessId) -> Result<Option<AccessRule>> {
        access::rule(self, label).await
    }

    async fn documents(&self, ids: &[DocumentId], visible: &Visible) -> Result<Vec<Document>> {
        documents(self, ids, visible).await
    }

    async fn find(&self, name: &str, visible: &Visible) -> Result<Vec<Document>> {
        find::by_name(self, name, visible).await
    }

    async fn chunks(&self, document: DocumentId, visible: &Visible) -> Result<Vec<StoredChunk>> {
        chunks(self, document, visible).await
    }

    async fn term_statistics(&self, terms: &[u32], visible: &Visible) -> Result<TermStatistics> {
        statistics::sum(self, terms, visible).await
    }

    async fn revoked(&self, visible: &Visible) -> Result<BTreeSet<DocumentId>> {
        access::revoked(self, visible).await
    }

    async fn accounts(&self, names: &[String], visible: &Visible) -> Result<Vec<Account>> {
        accounts::named(self, names, visible).await
    }
}

/// Each document once, where it is first asked for.
async fn documents(store: &Sqlite, ids: &[DocumentId], visible: &Visible) -> Result<Vec<Document>> {
    const OPERATION: &str = "read documents";
    let mut snapshot = store.snapshot(OPERATION).await?;
    let statement = (
        OPERATION,
        "SELECT id, name, body FROM documents JOIN labels ON labels.number = label WHERE body IS NOT NULL AND id IN",
        "",
    );
    let keys: BTreeSet<Vec<u8>> = ids.iter().map(|id| decode::key(*id)).collect();
    let rows: Vec<(Vec<u8>, String, String)> = rows::read(&mut snapshot, statement, keys).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for (id, label, body) in rows {
        if visible.contains(&AccessId(label.into())) {
            found.insert(
                decode::document_id(OPERATION, &id)?,
                decode::document(OPERATION, &body)?,
            );
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The chunks as last indexed. They may stem from an earlier state of the document, under another label: both must be visible.
async fn chunks(store: &Sqlite, document: DocumentId, visible: &Visible) -> Result<Vec<StoredChunk>> {
    const OPERATION: &str = "read chunks";
    let mut reader = store.reader(OPERATION).await?;
    let row: Option<(String, String, String)> = sqlx::query_as(
        "SELECT present.name, former.name, indexed.body FROM documents JOIN indexed ON indexed.document = documents.number \
         JOIN labels AS present ON present.number = documents.label JOIN labels AS former ON former.number = indexed.label \
         WHERE documents.id = ? AND documents.hash IS NOT NULL",
    )
    .bind(decode::key(document))
    .fetch_optional(&mut *reader)
    .await
    .during(OPERATION)?;
    let Some((present, former, body)) = row else {
        return Ok(Vec::new());
    };
    if visible.contains(&AccessId(present.into())) && visible.contains(&AccessId(former.into())) {
        index::read_body(document, &body)
    } else {
        Ok(Vec::new())
    }
}
