//! The store as an export reads it: all of it, in orders that do not depend on how it came to be.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::seam::store::{AccountPlace, ExportStore, LabelStatistics, Mentioned};
use domain::{AccessId, AccessRule, Account, Document, DocumentId, Result};

use super::error::During;
use super::{Sqlite, access, decode};

#[async_trait]
impl ExportStore for Sqlite {
    async fn scan_documents(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<Document>> {
        documents(self, after, limit).await
    }

    async fn access_rules(&self) -> Result<Vec<AccessRule>> {
        access::all(self).await
    }

    async fn scan_accounts(&self, after: Option<&AccountPlace>, limit: usize) -> Result<Vec<Account>> {
        accounts(self, after, limit).await
    }

    async fn label_statistics(&self) -> Result<Vec<LabelStatistics>> {
        statistics(self).await
    }

    async fn scan_mentions(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<Mentioned>> {
        mentions(self, after, limit).await
    }
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

async fn documents(store: &Sqlite, after: Option<DocumentId>, limit: usize) -> Result<Vec<Document>> {
    const OPERATION: &str = "scan documents";
    let mut reader = store.reader(OPERATION).await?;
    // An empty key sorts before every id.
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT body FROM documents WHERE id > ? AND body IS NOT NULL ORDER BY id LIMIT ?")
            .bind(after.map(decode::key).unwrap_or_default())
            .bind(most(limit))
            .fetch_all(&mut *reader)
            .await
            .during(OPERATION)?;
    rows.iter().map(|(body,)| decode::document(OPERATION, body)).collect()
}

async fn accounts(store: &Sqlite, after: Option<&AccountPlace>, limit: usize) -> Result<Vec<Account>> {
    const OPERATION: &str = "scan accounts";
    let mut reader = store.reader(OPERATION).await?;
    let (id, source) = after.map_or(("", ""), |(id, source)| (id.as_str(), source.as_str()));
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT body FROM accounts JOIN sources ON number = source WHERE (id, name) > (?, ?) ORDER BY id, name LIMIT ?",
    )
    .bind(id)
    .bind(source)
    .bind(most(limit))
    .fetch_all(&mut *reader)
    .await
    .during(OPERATION)?;
    rows.iter().map(|(body,)| decode::json(OPERATION, body)).collect()
}

async fn statistics(store: &Sqlite) -> Result<Vec<LabelStatistics>> {
    const OPERATION: &str = "read statistics";
    let mut snapshot = store.snapshot(OPERATION).await?;
    let chunks: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, chunks FROM label_chunks JOIN labels ON number = label WHERE chunks <> 0")
            .fetch_all(&mut *snapshot)
            .await
            .during(OPERATION)?;
    let terms: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT name, term, chunks FROM label_terms JOIN labels ON number = label WHERE chunks <> 0 ORDER BY term",
    )
    .fetch_all(&mut *snapshot)
    .await
    .during(OPERATION)?;
    let mut labels: BTreeMap<String, LabelStatistics> = BTreeMap::new();
    let empty = |label: &str| LabelStatistics {
        label: AccessId(label.into()),
        chunks: 0,
        terms: Vec::new(),
    };
    for (label, chunks) in chunks {
        let one = empty(&label);
        labels.entry(label).or_insert(one).chunks = decode::count(OPERATION, chunks)?;
    }
    for (label, term, chunks) in terms {
        let term = u32::try_from(term)
            .map_err(|error| super::error::unreadable(OPERATION, "a term's number is not one").with_source(error))?;
        let one = empty(&label);
        let terms = &mut labels.entry(label).or_insert(one).terms;
        terms.push((term, decode::count(OPERATION, chunks)?));
    }
    Ok(labels.into_values().collect())
}

async fn mentions(store: &Sqlite, after: Option<DocumentId>, limit: usize) -> Result<Vec<Mentioned>> {
    const OPERATION: &str = "scan mentions";
    let mut reader = store.reader(OPERATION).await?;
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT id, name FROM mentions JOIN documents ON number = document WHERE document IN \
         (SELECT DISTINCT number FROM mentions JOIN documents ON number = document WHERE id > ? ORDER BY id LIMIT ?) \
         ORDER BY id, name",
    )
    .bind(after.map(decode::key).unwrap_or_default())
    .bind(most(limit))
    .fetch_all(&mut *reader)
    .await
    .during(OPERATION)?;
    let mut all: Vec<Mentioned> = Vec::new();
    for (id, name) in rows {
        let id = decode::document_id(OPERATION, &id)?;
        match all.last_mut() {
            Some(last) if last.id == id => last.names.push(name),
            Some(_) | None => all.push(Mentioned { id, names: vec![name] }),
        }
    }
    Ok(all)
}
