//! Writing documents: what differs gets the source's next revision, what is gone becomes a tombstone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::seam::store::{Committed, MANY};
use domain::{DocumentId, Error, Key, Result};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::labels::label_numbers;
use super::page::Draft;
use super::sources::Live;
use super::{decode, rows};

/// The log of one source within one transaction.
pub(super) struct Log {
    operation: &'static str,
    /// The source's number.
    pub(super) source: i64,
    revision: i64,
    kinds: BTreeMap<String, i64>,
    /// What was changed so far.
    pub(super) committed: Committed,
}

impl Log {
    /// Go on where the source stands.
    pub(super) fn new(operation: &'static str, source: Live) -> Self {
        let Live { number, revision } = source;
        Self {
            operation,
            source: number,
            revision,
            kinds: BTreeMap::new(),
            committed: Committed::default(),
        }
    }

    /// The source's next revision.
    pub(super) fn next(&mut self) -> i64 {
        self.revision += 1;
        self.revision
    }

    fn count(&mut self, kind: &str, by: i64) {
        *self.kinds.entry(kind.to_owned()).or_default() += by;
    }

    /// Write the last revision and the number of documents per kind.
    pub(super) async fn close(&mut self, connection: &mut SqliteConnection) -> Result<Committed> {
        let source = self.source;
        let deltas = std::mem::take(&mut self.kinds)
            .into_iter()
            .filter(|(_, by)| *by != 0)
            .collect();
        let statement = rows::Rows {
            operation: self.operation,
            head: "INSERT INTO source_kinds (source, kind, documents)",
            columns: 3,
            tail: " ON CONFLICT (source, kind) DO UPDATE SET documents = documents + excluded.documents",
        };
        rows::write(connection, statement, deltas, |columns, (kind, by): (String, i64)| {
            columns.push_bind(source).push_bind(kind).push_bind(by);
        })
        .await?;
        sqlx::query("UPDATE sources SET revision = ? WHERE number = ?")
            .bind(self.revision)
            .bind(source)
            .execute(connection)
            .await
            .during(self.operation)?;
        self.committed.revision = decode::count(self.operation, self.revision)?;
        Ok(self.committed)
    }
}

/// A document's row before the change.
struct Stored {
    number: i64,
    kind: String,
    /// `None`: a tombstone.
    hash: Option<Vec<u8>>,
}

/// A row to write.
struct Row {
    number: i64,
    id: DocumentId,
    revision: i64,
    label: i64,
    draft: Draft,
}

/// A row to turn into a tombstone: its number, and the revision at which it goes.
type Grave = (i64, i64);

/// Apply the last change of each document.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    log: &mut Log,
    changes: Vec<(DocumentId, Option<Draft>)>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut stored = lookup(connection, log, &changes).await?;
    let labels = changes
        .iter()
        .filter_map(|(_, draft)| draft.as_ref().map(|draft| draft.label.clone()))
        .collect();
    let labels = label_numbers(connection, log.operation, &labels).await?;
    let last: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM documents")
        .fetch_one(&mut *connection)
        .await
        .during(log.operation)?;
    let mut free = last + 1..;
    let (mut written, mut graves, mut stale) = (Vec::new(), Vec::new(), Vec::new());
    for (id, draft) in changes {
        let before = stored.remove(&id);
        let live = before.as_ref().filter(|row| row.hash.is_some());
        let Some(draft) = draft else {
            if let Some(row) = live {
                log.count(&row.kind, -1);
                log.committed.deleted += 1;
                graves.push((row.number, log.next()));
            }
            continue;
        };
        if live.is_some_and(|row| row.hash.as_ref() == Some(&draft.hash)) {
            log.committed.unchanged += 1;
            continue;
        }
        if let Some(row) = live {
            log.count(&row.kind, -1);
            stale.push(row.number);
        }
        log.count(draft.kind.as_str(), 1);
        log.committed.upserted += 1;
        let number = before
            .map_or_else(|| free.next(), |row| Some(row.number))
            .unwrap_or(i64::MAX);
        let label = labels.get(&draft.label).copied().unwrap_or_default();
        written.push(Row {
            number,
            id,
            revision: log.next(),
            label,
            draft,
        });
    }
    take_aliases(connection, log.operation, stale).await?;
    write(connection, log, written).await?;
    bury(connection, log.operation, graves).await
}

/// Turn every live document of the source that is neither in `existing` nor under an unknown key into a tombstone, in the
/// order of their revisions. A guarded call that finds too many gone changes nothing and says so.
pub(super) async fn keep_only(
    connection: &mut SqliteConnection,
    log: &mut Log,
    (existing, unknown): (&HashSet<DocumentId>, &BTreeSet<Key>),
    guarded: bool,
) -> Result<std::result::Result<(), String>> {
    let live: Vec<(i64, Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT number, id, kind, key FROM documents WHERE source = ? AND hash IS NOT NULL ORDER BY revision",
    )
    .bind(log.source)
    .fetch_all(&mut *connection)
    .await
    .during(log.operation)?;
    let (all, mut gone) = (live.len(), Vec::new());
    for (number, id, kind, key) in live {
        if !existing.contains(&decode::document_id(log.operation, &id)?) && !is_under(&key, unknown) {
            gone.push((number, kind));
        }
    }
    if guarded && gone.len() > MANY && gone.len() * 2 > all {
        let reason = format!(
            "{} of {all} documents would be deleted at once; `sync --accept-deletions` does so",
            gone.len()
        );
        return Ok(Err(reason));
    }
    let mut graves = Vec::with_capacity(gone.len());
    for (number, kind) in gone {
        log.count(&kind, -1);
        log.committed.deleted += 1;
        graves.push((number, log.next()));
    }
    bury(connection, log.operation, graves).await.map(Ok)
}

/// Whether a key is one of these, or goes on from one of them.
fn is_under(key: &str, above: &BTreeSet<Key>) -> bool {
    let mut beginnings = key.match_indices(['/', '#', '@']).filter_map(|(end, _)| key.get(..end));
    !above.is_empty() && (above.contains(key) || beginnings.any(|beginning| above.contains(beginning)))
}

async fn lookup(
    connection: &mut SqliteConnection,
    log: &Log,
    changes: &[(DocumentId, Option<Draft>)],
) -> Result<HashMap<DocumentId, Stored>> {
    type Found = (Vec<u8>, i64, i64, String, Option<Vec<u8>>);
    let statement = (
        log.operation,
        "SELECT id, number, source, kind, hash FROM documents WHERE id IN",
        "",
    );
    let ids: Vec<Vec<u8>> = changes.iter().map(|(id, _)| decode::key(*id)).collect();
    let found: Vec<Found> = rows::read(connection, statement, ids).await?;
    let mut stored = HashMap::with_capacity(found.len());
    for (id, number, source, kind, hash) in found {
        let id = decode::document_id(log.operation, &id)?;
        if source != log.source {
            return Err(Error::invalid(
                log.operation,
                format!("document {id} belongs to another source"),
            ));
        }
        stored.insert(id, Stored { number, kind, hash });
    }
    Ok(stored)
}

async fn write(connection: &mut SqliteConnection, log: &Log, mut written: Vec<Row>) -> Result<()> {
    let aliases: Vec<(String, i64)> = written
        .iter_mut()
        .flat_map(|row| {
            std::mem::take(&mut row.draft.aliases)
                .into_iter()
                .map(|alias| (alias, row.number))
        })
        .collect();
    let statement = rows::Rows {
        operation: log.operation,
        head: "INSERT INTO documents (number, id, source, revision, label, kind, hash, key, sha, body)",
        columns: 10,
        tail: " ON CONFLICT (number) DO UPDATE SET revision = excluded.revision, label = excluded.label, kind = excluded.kind, \
         hash = excluded.hash, key = excluded.key, sha = excluded.sha, body = excluded.body",
    };
    let source = log.source;
    rows::write(connection, statement, written, |columns, row| {
        columns
            .push_bind(row.number)
            .push_bind(decode::key(row.id))
            .push_bind(source)
            .push_bind(row.revision);
        columns
            .push_bind(row.label)
            .push_bind(row.draft.kind.as_str())
            .push_bind(row.draft.hash);
        columns
            .push_bind(row.draft.key)
            .push_bind(row.draft.sha)
            .push_bind(row.draft.body);
    })
    .await?;
    rows::write(
        connection,
        rows::Rows {
            operation: log.operation,
            head: "INSERT INTO aliases (name, document)",
            columns: 2,
            tail: "",
        },
        aliases,
        |columns, (name, document)| {
            columns.push_bind(name).push_bind(document);
        },
    )
    .await
}

/// Take the aliases of documents; those of the directory are kept as former names until the graph projection has handled them.
async fn take_aliases(connection: &mut SqliteConnection, operation: &'static str, documents: Vec<i64>) -> Result<()> {
    let keep = "INSERT OR IGNORE INTO former_names (document, name) SELECT document, name FROM aliases \
                JOIN documents ON number = document WHERE kind IN ('project', 'repository', 'channel', 'space') AND document IN";
    rows::run(connection, (operation, keep), documents.clone()).await?;
    rows::run(
        connection,
        (operation, "DELETE FROM aliases WHERE document IN"),
        documents,
    )
    .await
}

async fn bury(connection: &mut SqliteConnection, operation: &'static str, graves: Vec<Grave>) -> Result<()> {
    let numbers: Vec<i64> = graves.iter().map(|(number, _)| *number).collect();
    take_aliases(connection, operation, numbers).await?;
    // SQLite and PostgreSQL both call the columns of VALUES column1, column2, ….
    let statement = rows::Rows {
        operation,
        head: "UPDATE documents SET revision = grave.column2, hash = NULL, sha = NULL, body = NULL FROM (",
        columns: 2,
        tail: ") AS grave WHERE documents.number = grave.column1",
    };
    rows::write(connection, statement, graves, |columns, (number, revision)| {
        columns.push_bind(number).push_bind(revision);
    })
    .await
}
