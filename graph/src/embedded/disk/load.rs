//! Reading a whole file: names block by block, and beside them the documents, some parts at once.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread;

use domain::{DocumentId, Error, Key, Result};
use rusqlite::{Connection, params};

use super::super::codec::decode_names;
use super::super::failure::{corrupt, database};
use super::super::memory::{Block, Graph};
use super::super::tuning::Tuning;
use super::{Disk, LOAD, Names};

/// Parts in which documents are read, each over a connection of its own.
const PARTS: i64 = 3;

const DOCUMENTS: &str = "SELECT row, id, label, topology FROM documents WHERE row BETWEEN ? AND ? ORDER BY row";

/// The graph of everything in the file.
pub(super) fn load(disk: &Disk, tuning: Tuning) -> Result<Graph> {
    // Asked for together they would take a look at every row.
    let ends = "SELECT coalesce((SELECT min(row) FROM documents), 0), coalesce((SELECT max(row) FROM documents), -1)";
    let ends = |connection: &Connection| connection.query_one(ends, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (first, last): (i64, i64) = disk.with_reader(ends).map_err(fail)?;
    let share = last.saturating_sub(first) / PARTS;
    let (mut graph, blocks) = thread::scope(|scope| {
        let parts = (0..PARTS).map(|part| {
            let start = first.saturating_add(part.saturating_mul(share.saturating_add(1)));
            scope.spawn(move || documents(disk, start..=start.saturating_add(share).min(last)))
        });
        let parts: Vec<_> = parts.collect();
        // The names are laid out meanwhile.
        let graph = names(disk, tuning)?;
        let blocks = parts.into_iter().map(|part| {
            part.join()
                .unwrap_or_else(|_| Err(Error::internal(LOAD, "a reader stopped before its end")))
        });
        Ok::<_, Error>((graph, blocks.collect::<Result<Vec<_>>>()?))
    })?;
    graph
        .fill(&blocks)
        .ok_or_else(|| corrupt(LOAD, "a document's row cannot be read"))?;
    Ok(graph)
}

/// A graph of all names and nothing else.
fn names(disk: &Disk, tuning: Tuning) -> Result<Graph> {
    let mut graph = Graph::new(tuning);
    let read = |connection: &Connection| {
        let mut statement = connection.prepare("SELECT kind, names FROM names ORDER BY block")?;
        let mut rows = statement.query([])?;
        let mut known = Some(());
        while let Some(row) = rows.next()? {
            known = known.and(add_names(&mut graph, row.get(0)?, row.get_ref(1)?.as_blob()?));
        }
        Ok(known)
    };
    let known = disk.with_reader(read).map_err(fail)?;
    known.ok_or_else(|| corrupt(LOAD, "a block of names cannot be read"))?;
    Ok(graph)
}

/// The documents of a range of rows.
fn documents(disk: &Disk, rows: RangeInclusive<i64>) -> Result<Block> {
    let read = |connection: &Connection| {
        let mut statement = connection.prepare(DOCUMENTS)?;
        let mut rows = statement.query(params![rows.start(), rows.end()])?;
        let mut block = Block::default();
        while let Some(row) = rows.next()? {
            let (id, topology) = (DocumentId(row.get(1)?), row.get_ref(3)?.as_blob()?);
            block.push(id, row.get(0)?, row.get(2)?, topology);
        }
        Ok(block)
    };
    disk.with_reader(read).map_err(fail)
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

fn fail(error: rusqlite::Error) -> Error {
    database(LOAD, error)
}
