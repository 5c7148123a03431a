//! The directory: which projects, repositories, channels and spaces there are, and which documents speak of them.

use std::collections::{BTreeSet, HashMap};

use domain::seam::store::{DirectoryEntry, Failure, GRAPH, Mentioned};
use domain::{AccessId, DocumentId, Error, Key, Result, SourceId};
use sqlx::sqlite::SqliteConnection;

use super::dead_letters::{self, Stage};
use super::error::During;
use super::{Sqlite, decode, limits, positions, rows};

const COMMIT: &str = "commit graph";
const READ: &str = "read directory";
/// Names that one document may mention; they are rare, so this bounds only nonsense.
const NAMES: usize = 100_000;

/// Replace what documents mention and move the position. A position before the one reached changes nothing.
pub(super) async fn commit(
    store: &Sqlite,
    (source, position): (&SourceId, u64),
    documents: Vec<Mentioned>,
    failed: Vec<Failure>,
) -> Result<()> {
    let given: BTreeSet<DocumentId> = documents.iter().map(|document| document.id).collect();
    // The last state of a document wins.
    let documents: HashMap<DocumentId, Vec<String>> = documents.into_iter().map(|one| (one.id, one.names)).collect();
    let mut transaction = store.write(COMMIT).await?;
    if !positions::advance(&mut transaction, (COMMIT, GRAPH), source, position).await? {
        return Ok(());
    }
    let ids: BTreeSet<Vec<u8>> = documents.keys().map(|id| decode::key(*id)).collect();
    let found: Vec<(Vec<u8>, i64, i64)> = rows::read(
        &mut transaction,
        (COMMIT, "SELECT id, number, revision FROM documents WHERE id IN", ""),
        ids,
    )
    .await?;
    // One that has changed again since is not handled yet.
    let reached = decode::stored(COMMIT, position)?;
    let handled = found.iter().filter(|(.., revision)| *revision <= reached);
    let handled: Vec<i64> = handled.map(|(_, number, _)| *number).collect();
    rows::run(
        &mut transaction,
        (COMMIT, "DELETE FROM former_names WHERE document IN"),
        handled,
    )
    .await?;
    let found = found.into_iter().map(|(id, number, _)| (id, number)).collect();
    mention(&mut transaction, found, &documents).await?;
    dead_letters::projected(&mut transaction, Stage::Graph, given, failed).await?;
    transaction.commit().await.during(COMMIT)
}

/// Replace what these documents mention.
async fn mention(
    connection: &mut SqliteConnection,
    found: Vec<(Vec<u8>, i64)>,
    documents: &HashMap<DocumentId, Vec<String>>,
) -> Result<()> {
    let numbers: Vec<i64> = found.iter().map(|(_, number)| *number).collect();
    let mut mentions = BTreeSet::new();
    for (id, number) in found {
        let names = documents
            .get(&decode::document_id(COMMIT, &id)?)
            .map_or(&[][..], Vec::as_slice);
        if names.len() > NAMES {
            return Err(Error::invalid(
                COMMIT,
                format!("a document mentions {} names, at most {NAMES}", names.len()),
            ));
        }
        for name in names {
            limits::name(COMMIT, name)?;
            mentions.insert((name.clone(), number));
        }
    }
    rows::run(connection, (COMMIT, "DELETE FROM mentions WHERE document IN"), numbers).await?;
    let statement = rows::Rows {
        operation: COMMIT,
        head: "INSERT INTO mentions (name, document)",
        columns: 2,
        tail: "",
    };
    rows::write(
        connection,
        statement,
        mentions.into_iter().collect(),
        |columns, (name, document)| {
            columns.push_bind(name).push_bind(document);
        },
    )
    .await
}

/// All entries by key, and the live documents that mention any of `names` by id.
pub(super) async fn read(store: &Sqlite, names: &[String]) -> Result<(Vec<DirectoryEntry>, Vec<DocumentId>)> {
    let mut snapshot = store.snapshot(READ).await?;
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT documents.number, key, labels.name FROM documents JOIN labels ON labels.number = label \
         WHERE kind IN ('project', 'repository', 'channel', 'space') AND hash IS NOT NULL ORDER BY key, id",
    )
    .fetch_all(&mut *snapshot)
    .await
    .during(READ)?;
    let aliases: Vec<(i64, String)> = sqlx::query_as(
        "SELECT document, name FROM documents JOIN aliases ON document = number \
         WHERE kind IN ('project', 'repository', 'channel', 'space') AND hash IS NOT NULL ORDER BY name",
    )
    .fetch_all(&mut *snapshot)
    .await
    .during(READ)?;
    let mut by_document: HashMap<i64, Vec<String>> = HashMap::new();
    for (document, alias) in aliases {
        by_document.entry(document).or_default().push(alias);
    }
    let entries = rows
        .into_iter()
        .map(|(number, key, label)| DirectoryEntry {
            key: Key::from_raw(&key),
            aliases: by_document.remove(&number).unwrap_or_default(),
            access: AccessId(label.into()),
        })
        .collect();
    let statement = (
        READ,
        "SELECT id FROM mentions JOIN documents ON number = document WHERE hash IS NOT NULL AND name IN",
        "",
    );
    let mentioning: Vec<(Vec<u8>,)> =
        rows::read(&mut snapshot, statement, names.iter().cloned().collect::<BTreeSet<_>>()).await?;
    let ids: BTreeSet<DocumentId> = mentioning
        .iter()
        .map(|(id,)| decode::document_id(READ, id))
        .collect::<Result<_>>()?;
    Ok((entries, ids.into_iter().collect()))
}
