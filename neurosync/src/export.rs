//! The canonical export: what a store and its projections hold, as JSON lines in one order. Two data folders with equal content give
//! equal bytes, however they came to be. Sources with their settings and cursors are not content.

use std::io::Write;

use domain::seam::store::LabelStatistics;
use domain::seam::{DocumentStore, ExportStore, GraphStore, IdentityStore, Point, SyncStore, VectorIndex};
use domain::{DocumentFacts, Error, Result, Visible};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::output::add;

/// Items read from a backend at once.
const BATCH: usize = 1000;

/// What is exported.
pub struct Parts<'a> {
    /// The truth as sync wrote it, for what could not be read.
    pub sync: &'a dyn SyncStore,
    /// The truth as queries read it, for the chunks.
    pub documents: &'a dyn DocumentStore,
    /// All the rest of the store.
    pub store: &'a dyn ExportStore,
    /// What was stated about accounts.
    pub identity: &'a dyn IdentityStore,
    /// The vector index, where one was made.
    pub vectors: Option<&'a dyn VectorIndex>,
    /// The graph.
    pub graph: &'a dyn GraphStore,
}

/// Write the export to `out`: access rules and term statistics by label, accounts by id, what was decided about them, dead letters by source, documents with their
/// chunks by id, mentions by document, vectors by chunk, facts by document.
///
/// # Errors
/// Whatever a backend reports, or that `out` cannot be written.
pub async fn export(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    for rule in parts.store.access_rules().await? {
        line(
            out,
            &json!({"type": "access", "label": rule.id, "container": rule.container, "readers": rule.readers}),
        )?;
    }
    for label in parts.store.label_statistics().await? {
        line(out, &statistics(&label))?;
    }
    accounts(parts, out).await?;
    statements(parts, out).await?;
    dead_letters(parts, out).await?;
    documents(parts, out).await?;
    mentions(parts, out).await?;
    vectors(parts, out).await?;
    facts(parts, out).await?;
    out.flush().map_err(unwritten)
}

async fn accounts(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    let mut after = None;
    loop {
        let accounts = parts.store.scan_accounts(after.as_ref(), BATCH).await?;
        let Some(last) = accounts.last() else { return Ok(()) };
        after = Some((last.id.clone(), last.source.clone()));
        for account in accounts {
            line(out, &json!({"type": "account", "account": account}))?;
        }
    }
}

/// The last decision about each pair of accounts, and the imported directory.
async fn statements(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    for one in parts.identity.decisions().await? {
        line(
            out,
            &json!({"type": "decision", "a": one.a, "b": one.b, "verdict": one.verdict}),
        )?;
    }
    for listed in parts.identity.listed().await? {
        line(out, &json!({"type": "listed", "person": listed}))?;
    }
    Ok(())
}

async fn dead_letters(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    for report in parts.sync.sources().await? {
        let source = report.source.id;
        for letter in parts.sync.dead_letters(&source).await? {
            line(
                out,
                &json!({"type": "dead_letter", "source": source, "item": letter.item, "reason": letter.reason}),
            )?;
        }
    }
    Ok(())
}

async fn documents(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    let mut after = None;
    loop {
        let documents = parts.store.scan_documents(after, BATCH).await?;
        let Some(last) = documents.last() else { return Ok(()) };
        after = Some(last.id);
        for document in documents {
            line(out, &json!({"type": "document", "document": &document}))?;
            for stored in parts.documents.chunks(document.id, &Visible::All).await? {
                line(out, &json!({"type": "chunk", "chunk": stored.chunk}))?;
            }
        }
    }
}

async fn mentions(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    let mut after = None;
    loop {
        let mentions = parts.store.scan_mentions(after, BATCH).await?;
        let Some(last) = mentions.last() else { return Ok(()) };
        after = Some(last.id);
        for one in mentions {
            line(
                out,
                &json!({"type": "mentions", "document": one.id, "names": one.names}),
            )?;
        }
    }
}

async fn vectors(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    let Some(vectors) = parts.vectors else { return Ok(()) };
    let mut after = None;
    loop {
        let points = vectors.scan(after, BATCH).await?;
        let Some((_, _, last)) = points.last() else {
            return Ok(());
        };
        after = Some(last.chunk);
        for (label, document, point) in &points {
            line(
                out,
                &json!({"type": "vector", "chunk": point.chunk, "document": document, "label": label, "dense": dense(point), "sparse": sparse(point)}),
            )?;
        }
    }
}

async fn facts(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    let mut after = None;
    loop {
        let facts = parts.graph.scan(after, BATCH).await?;
        let Some(last) = facts.last() else { return Ok(()) };
        after = Some(last.document);
        for one in &facts {
            for value in fact_lines(one) {
                line(out, &value)?;
            }
        }
    }
}

/// The SHA-256 of the export, in hex.
///
/// # Errors
/// Whatever a backend reports.
pub async fn export_hash(parts: &Parts<'_>) -> Result<String> {
    let mut hasher = HashWriter(Sha256::new());
    export(parts, &mut hasher).await?;
    Ok(hex(hasher.0))
}

/// A digest as hexadecimal digits.
pub(crate) fn hex(hasher: Sha256) -> String {
    let mut hex = String::new();
    for byte in hasher.finalize() {
        add(&mut hex, format_args!("{byte:02x}"));
    }
    hex
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn line(out: &mut dyn Write, value: &Value) -> Result<()> {
    writeln!(out, "{value}").map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> Error {
    Error::io("write export", std::path::Path::new("the export"), error)
}

/// What a label counts for; its terms, of which there are as many as words in a language, as one hash.
fn statistics(label: &LabelStatistics) -> Value {
    let mut hasher = Sha256::new();
    for (term, chunks) in &label.terms {
        hasher.update(format!("{term} {chunks}\n"));
    }
    json!({"type": "statistics", "label": label.label, "chunks": label.chunks, "terms": label.terms.len(), "sha256": hex(hasher)})
}

/// Rounded to 4 decimals, without a negative zero.
fn rounded(value: f32) -> Value {
    let rounded = (f64::from(value) * 1e4).round() / 1e4;
    json!(if rounded == 0.0 { 0.0 } else { rounded })
}

fn dense(point: &Point) -> Vec<Value> {
    point.dense.iter().copied().map(rounded).collect()
}

fn sparse(point: &Point) -> Vec<Value> {
    point
        .sparse
        .terms
        .iter()
        .zip(&point.sparse.weights)
        .map(|(term, weight)| json!([term, rounded(*weight)]))
        .collect()
}

/// A document's nodes and edges, each sorted by its own text.
fn fact_lines(facts: &DocumentFacts) -> Vec<Value> {
    let mut nodes: Vec<_> = facts
        .nodes
        .iter()
        .map(|node| json!({"type": "node", "document": facts.document, "label": facts.access, "node": node}))
        .collect();
    let mut edges: Vec<_> = facts
        .edges
        .iter()
        .map(|edge| json!({"type": "edge", "document": facts.document, "label": facts.access, "edge": edge}))
        .collect();
    nodes.sort_by_cached_key(Value::to_string);
    edges.sort_by_cached_key(Value::to_string);
    nodes.append(&mut edges);
    nodes
}
