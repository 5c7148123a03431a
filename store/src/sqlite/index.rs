//! The index projection's commit: chunks replaced, statistics moved by the difference, position advanced, all at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::seam::store::{Failure, INDEX, IndexedChunk, IndexedDocument, StoredChunk};
use domain::{AccessId, Chunk, DocumentId, Error, Result, SourceId, TextHash};
use sqlx::sqlite::SqliteConnection;

use super::dead_letters::{self, Stage};
use super::error::{During, unreadable};
use super::labels::label_numbers;
use super::postings::{self, Postings};
use super::{Sqlite, cache, decode, limits, positions, rows};

const COMMIT: &str = "commit index";

/// A chunk in a stored body: ordinal, start, end, headings, text, hash in hexadecimal.
type Piece = (u32, u32, u32, Vec<String>, String, String);

/// A document ready to be written.
struct Draft {
    id: DocumentId,
    label: AccessId,
    chunks: u32,
    terms: Postings,
    body: String,
}

/// The row of a document that may have been indexed before.
struct Former {
    number: i64,
    source: i64,
    indexed: Option<Counted>,
}

/// What a document counts for, and where.
struct Counted {
    label: i64,
    chunks: i64,
    terms: Postings,
}

/// A row to write: document, label, chunks, terms, body.
type Row = (i64, i64, i64, Vec<u8>, String);

/// What changes in the statistics.
#[derive(Default)]
struct Delta {
    /// Chunks per label.
    labels: BTreeMap<i64, i64>,
    /// Chunks per term and label.
    terms: BTreeMap<(u32, i64), i64>,
    /// Chunks per source.
    sources: BTreeMap<i64, i64>,
}

impl Delta {
    /// Count what a document of `source` holds in (`sign` 1) or out (-1).
    fn add(&mut self, source: i64, counted: &Counted, sign: i64) {
        *self.labels.entry(counted.label).or_default() += sign * counted.chunks;
        *self.sources.entry(source).or_default() += sign * counted.chunks;
        for (term, holding) in &counted.terms {
            *self.terms.entry((*term, counted.label)).or_default() += sign * i64::from(*holding);
        }
    }
}

/// Replace the chunks of documents and move the position. A position before the one reached is a repetition of what is
/// already there or superseded, and changes nothing.
pub(super) async fn commit(
    store: &Sqlite,
    (source, position): (&SourceId, u64),
    documents: Vec<IndexedDocument>,
    failed: Vec<Failure>,
) -> Result<()> {
    let handled: BTreeSet<DocumentId> = documents.iter().map(|document| document.id).collect();
    let drafts = tokio::task::spawn_blocking(move || documents.into_iter().map(draft).collect::<Result<Vec<_>>>())
        .await
        .map_err(|error| Error::internal(COMMIT, "preparing the chunks was interrupted").with_source(error))??;
    let mut transaction = store.write(COMMIT).await?;
    if !positions::advance(&mut transaction, (COMMIT, INDEX), source, position).await? {
        return Ok(());
    }
    let mut formers = lookup(&mut transaction, &drafts).await?;
    let labels = label_numbers(
        &mut transaction,
        COMMIT,
        &drafts.iter().map(|draft| draft.label.clone()).collect(),
    )
    .await?;
    let (mut delta, mut written, mut gone) = (Delta::default(), Vec::new(), Vec::new());
    // The last state of a document wins, so that each is counted once.
    for draft in drafts.into_iter().rev() {
        let label = labels.get(&draft.label).copied().unwrap_or_default();
        let Some(former) = formers.remove(&draft.id) else {
            continue;
        };
        if let Some(counted) = &former.indexed {
            delta.add(former.source, counted, -1);
        }
        if draft.chunks == 0 {
            gone.push(former.number);
        } else {
            let counted = Counted {
                label,
                chunks: i64::from(draft.chunks),
                terms: draft.terms,
            };
            delta.add(former.source, &counted, 1);
            written.push((
                former.number,
                label,
                counted.chunks,
                postings::encode(&counted.terms),
                draft.body,
            ));
        }
    }
    write(&mut transaction, written, gone).await?;
    count(&mut transaction, delta).await?;
    dead_letters::projected(&mut transaction, Stage::Index, handled, failed).await?;
    let forgotten = is_forgotten(&mut transaction, source, position).await?;
    if forgotten {
        cache::drop_unused(&mut transaction).await?;
    }
    transaction.commit().await.during(COMMIT)?;
    if forgotten {
        store.cut_log(COMMIT).await?;
    }
    Ok(())
}

/// Whether this was the last that was to be done for a removed source.
async fn is_forgotten(connection: &mut SqliteConnection, source: &SourceId, position: u64) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sources WHERE name = ? AND removed <> 0 AND revision = ?)")
        .bind(source.as_str())
        .bind(decode::stored(COMMIT, position)?)
        .fetch_one(connection)
        .await
        .during(COMMIT)
}

fn draft(document: IndexedDocument) -> Result<Draft> {
    let IndexedDocument {
        id,
        access: label,
        mut chunks,
    } = document;
    limits::chunks(chunks.len())?;
    chunks.sort_by_key(|indexed| indexed.chunk.ordinal);
    let foreign = chunks.iter().any(|indexed| indexed.chunk.document != id);
    if foreign
        || chunks
            .windows(2)
            .any(|pair| pair[0].chunk.ordinal == pair[1].chunk.ordinal)
    {
        return Err(Error::invalid(
            COMMIT,
            format!("the chunks of document {id} are another's, or two have one ordinal"),
        ));
    }
    let mut terms = Postings::new();
    for indexed in &chunks {
        for term in indexed.sparse.terms.iter().collect::<BTreeSet<_>>() {
            *terms.entry(*term).or_default() += 1;
        }
    }
    let number =
        u32::try_from(chunks.len()).map_err(|error| Error::invalid(COMMIT, "too many chunks").with_source(error))?;
    let pieces: Vec<Piece> = chunks.into_iter().map(piece).collect();
    let body = serde_json::to_string(&pieces)
        .map_err(|error| Error::internal(COMMIT, "chunks do not serialise").with_source(error))?;
    Ok(Draft {
        id,
        label,
        chunks: number,
        terms,
        body,
    })
}

fn piece(indexed: IndexedChunk) -> Piece {
    let Chunk {
        document: _,
        ordinal,
        start,
        end,
        heading,
        text,
    } = indexed.chunk;
    (ordinal, start, end, heading, text, hex(&indexed.hash.0))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().ok()
}

/// Read the chunks of a stored body, in order.
pub(super) fn read_body(document: DocumentId, body: &str) -> Result<Vec<StoredChunk>> {
    const READ: &str = "read chunks";
    let pieces: Vec<Piece> = decode::json(READ, body)?;
    pieces
        .into_iter()
        .map(|(ordinal, start, end, heading, text, hash)| {
            let hash = unhex(&hash)
                .map(TextHash)
                .ok_or_else(|| unreadable(READ, "a stored chunk has no valid hash"))?;
            Ok(StoredChunk {
                chunk: Chunk {
                    document,
                    ordinal,
                    start,
                    end,
                    heading,
                    text,
                },
                hash,
            })
        })
        .collect()
}

/// The rows of the documents; one that the store never saw and that has chunks is an error.
async fn lookup(connection: &mut SqliteConnection, drafts: &[Draft]) -> Result<HashMap<DocumentId, Former>> {
    type Found = (Vec<u8>, i64, i64, Option<i64>, Option<i64>, Option<Vec<u8>>);
    let statement = (
        COMMIT,
        "SELECT id, number, source, indexed.label, chunks, terms FROM documents LEFT JOIN indexed ON document = number WHERE id IN",
        "",
    );
    let ids: BTreeSet<DocumentId> = drafts.iter().map(|draft| draft.id).collect();
    let found: Vec<Found> = rows::read(connection, statement, ids.into_iter().map(decode::key)).await?;
    let mut formers = HashMap::with_capacity(found.len());
    for (id, number, source, label, chunks, terms) in found {
        let indexed = match (label, chunks, terms) {
            (Some(label), Some(chunks), Some(terms)) => Some(Counted {
                label,
                chunks,
                terms: postings::decode(&terms)?,
            }),
            (None, _, _) | (_, None, _) | (_, _, None) => None,
        };
        formers.insert(
            decode::document_id(COMMIT, &id)?,
            Former {
                number,
                source,
                indexed,
            },
        );
    }
    match drafts
        .iter()
        .find(|draft| draft.chunks > 0 && !formers.contains_key(&draft.id))
    {
        Some(draft) => Err(Error::invalid(
            COMMIT,
            format!("document {} is not in the store", draft.id),
        )),
        None => Ok(formers),
    }
}

async fn write(connection: &mut SqliteConnection, written: Vec<Row>, gone: Vec<i64>) -> Result<()> {
    rows::run(connection, (COMMIT, "DELETE FROM indexed WHERE document IN"), gone).await?;
    let statement = rows::Rows {
        operation: COMMIT,
        head: "INSERT INTO indexed (document, label, chunks, terms, body)",
        columns: 5,
        tail: " ON CONFLICT (document) DO UPDATE SET label = excluded.label, chunks = excluded.chunks, terms = excluded.terms, body = excluded.body",
    };
    rows::write(
        connection,
        statement,
        written,
        |columns, (document, label, chunks, terms, body)| {
            columns
                .push_bind(document)
                .push_bind(label)
                .push_bind(chunks)
                .push_bind(terms)
                .push_bind(body);
        },
    )
    .await
}

async fn count(connection: &mut SqliteConnection, delta: Delta) -> Result<()> {
    let labels = delta.labels.into_iter().filter(|(_, by)| *by != 0).collect();
    let statement = rows::Rows {
        operation: COMMIT,
        head: "INSERT INTO label_chunks (label, chunks)",
        columns: 2,
        tail: " ON CONFLICT (label) DO UPDATE SET chunks = chunks + excluded.chunks",
    };
    rows::write(connection, statement, labels, |columns, (label, by): (i64, i64)| {
        columns.push_bind(label).push_bind(by);
    })
    .await?;
    let terms: Vec<_> = delta.terms.into_iter().filter(|(_, by)| *by != 0).collect();
    let shrunk: Vec<_> = terms
        .iter()
        .filter(|(_, by)| *by < 0)
        .map(|(place, _)| *place)
        .collect();
    let statement = rows::Rows {
        operation: COMMIT,
        head: "INSERT INTO label_terms (term, label, chunks)",
        columns: 3,
        tail: " ON CONFLICT (term, label) DO UPDATE SET chunks = chunks + excluded.chunks",
    };
    rows::write(connection, statement, terms, |columns, ((term, label), by)| {
        columns.push_bind(i64::from(term)).push_bind(label).push_bind(by);
    })
    .await?;
    // Terms that no chunk of the label holds any more would pile up for ever.
    let statement = rows::Rows {
        operation: COMMIT,
        head: "DELETE FROM label_terms WHERE chunks = 0 AND (term, label) IN (",
        columns: 2,
        tail: ")",
    };
    rows::write(connection, statement, shrunk, |columns, (term, label)| {
        columns.push_bind(i64::from(term)).push_bind(label);
    })
    .await?;
    for (source, by) in delta.sources {
        sqlx::query("UPDATE sources SET chunks = chunks + ? WHERE number = ?")
            .bind(by)
            .bind(source)
            .execute(&mut *connection)
            .await
            .during(COMMIT)?;
    }
    Ok(())
}
