//! Reading a whole file: names block by block, documents some hundred at a time, each hundred as one row. `SQLite` strings
//! them together, which costs a tenth of handing them over one by one.

use std::ops::Range;
use std::sync::Arc;

use domain::{DocumentId, Error, Key, Result};
use futures::TryStreamExt;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Decode, Row as _, Sqlite, Type};
use uuid::Uuid;

use super::super::codec::decode_names;
use super::super::failure::{corrupt, database};
use super::super::memory::{Block, Graph, Stored};
use super::{LOAD, Names, id, label};

/// Parts in which documents are read, each over a connection of its own; one is left for the names.
const PARTS: i64 = 3;

/// Rows strung together at once.
const ROWS: i64 = 512;

/// Documents of one range of rows, and how many there are that are too long to be strung together.
const STRUNG: &str = "SELECT coalesce(group_concat(row), ''), coalesce(group_concat(label), ''), \
    coalesce(group_concat(length(topology)), ''), CAST(coalesce(group_concat(id, ''), '') AS BLOB), \
    CAST(coalesce(group_concat(topology, ''), '') AS BLOB), coalesce(max(length(id)), 16) FROM documents \
    WHERE row >= ? AND row < ? AND length(topology) <= 16384";

/// The documents that are too long for that.
const LONG: &str = "SELECT row, id, label, topology FROM documents WHERE length(topology) > 16384 ORDER BY row";

/// The graph of everything in the file.
pub(super) async fn load(readers: &SqlitePool) -> Result<Graph> {
    let ends = sqlx::query_as::<_, (Option<i64>, Option<i64>)>("SELECT min(row), max(row) FROM documents");
    let (first, last) = ends.fetch_one(readers).await.map_err(fail)?;
    let (first, last) = (first.unwrap_or(0), last.unwrap_or(-1).saturating_add(1));
    let share = last.saturating_sub(first) / PARTS + 1;
    // They read while the names are laid out.
    let parts = (0..PARTS).map(|part| {
        let start = first.saturating_add(part.saturating_mul(share));
        tokio::spawn(strung(readers.clone(), start..start.saturating_add(share).min(last)))
    });
    let parts: Vec<_> = parts.collect();
    let mut graph = Graph::default();
    let mut blocks = sqlx::query("SELECT kind, names FROM names ORDER BY block").fetch(readers);
    while let Some(row) = blocks.try_next().await.map_err(fail)? {
        add_names(&mut graph, get(&row, 0)?, get(&row, 1)?)
            .ok_or_else(|| corrupt(LOAD, "a block of names cannot be read"))?;
    }
    drop(blocks);
    let mut documents = Vec::new();
    for part in parts {
        let part = part
            .await
            .map_err(|error| Error::internal(LOAD, "a reader stopped").with_source(error))?;
        documents.append(&mut part?);
    }
    documents.append(&mut long(readers).await?);
    let filled = graph.fill(&documents);
    filled.ok_or_else(|| corrupt(LOAD, "a document's row cannot be read"))?;
    Ok(graph)
}

/// The documents of a range of rows, without the long ones.
async fn strung(readers: SqlitePool, rows: Range<i64>) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut start = rows.start;
    while start < rows.end {
        let end = start.saturating_add(ROWS).min(rows.end);
        let query = sqlx::query(STRUNG).bind(start).bind(end);
        let row = query.fetch_one(&readers).await.map_err(fail)?;
        blocks.push(block(&row)?.ok_or_else(|| corrupt(LOAD, "documents cannot be told apart"))?);
        start = end;
    }
    Ok(blocks)
}

/// Documents that were strung together; `None` where the lists do not fit each other.
fn block(row: &SqliteRow) -> Result<Option<Block>> {
    let [numbers, labels, lengths]: [&str; 3] = [get(row, 0)?, get(row, 1)?, get(row, 2)?];
    let (ids, topology, longest): (&[u8], &[u8], i64) = (get(row, 3)?, get(row, 4)?, get(row, 5)?);
    let (ids, rest) = ids.as_chunks::<16>();
    if !rest.is_empty() || longest != 16 {
        return Ok(None);
    }
    let mut documents = Vec::with_capacity(ids.len());
    let lists = list::<i64>(numbers)
        .zip(list::<u32>(labels))
        .zip(list::<usize>(lengths));
    let mut end = 0_usize;
    for ((number, label), length) in lists {
        let (Some(number), Some(label), Some(id)) = (number, label, ids.get(documents.len())) else {
            return Ok(None);
        };
        let start = end;
        end = start.saturating_add(length.unwrap_or(usize::MAX));
        documents.push(Stored {
            id: DocumentId(Uuid::from_bytes(*id)),
            row: number,
            label,
            topology: start..end,
        });
    }
    let whole = documents.len() == ids.len() && end == topology.len();
    Ok(whole.then(|| Block::new(documents, topology.to_vec())).flatten())
}

/// Numbers between commas.
fn list<T: std::str::FromStr>(text: &str) -> impl Iterator<Item = Option<T>> {
    text.split(',')
        .filter(|one| !one.is_empty())
        .map(|one| one.parse().ok())
}

/// The long documents, each in a block of its own.
async fn long(readers: &SqlitePool) -> Result<Vec<Block>> {
    let mut rows = sqlx::query(LONG).fetch(readers);
    let mut blocks = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(fail)? {
        let topology: Vec<u8> = get(&row, 3)?;
        let stored = Stored {
            id: id(&row)?,
            row: get(&row, 0)?,
            label: label(&row)?,
            topology: 0..topology.len(),
        };
        blocks.extend(Block::new(vec![stored], topology));
    }
    Ok(blocks)
}

fn add_names(graph: &mut Graph, kind: i64, names: &[u8]) -> Option<()> {
    let names = decode_names(names)?.into_iter();
    if kind == Names::Keys as i64 {
        graph.keys.add(names.map(Key::from_raw))
    } else if kind == Names::Labels as i64 {
        graph.labels.add(names.map(Arc::from))
    } else if kind == Names::Rules as i64 {
        graph.rules.add(names.map(Arc::from))
    } else {
        None
    }
}

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, column: usize) -> Result<T> {
    row.try_get(column).map_err(fail)
}

fn fail(error: sqlx::Error) -> Error {
    database(LOAD, error)
}
