//! The canonical export: everything a store and its projections hold, as JSON lines in one order. Two data folders with equal content give
//! equal bytes, however they came to be.

use std::io::Write;

use domain::seam::{DocumentStore, GraphStore, Point, VectorIndex};
use domain::{DocumentFacts, Error, Result, Visible};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Items read from a backend at once.
const BATCH: usize = 1000;

/// What is exported.
pub struct Parts<'a> {
    /// The truth.
    pub documents: &'a dyn DocumentStore,
    /// The vector index, where one was made.
    pub vectors: Option<&'a dyn VectorIndex>,
    /// The graph.
    pub graph: &'a dyn GraphStore,
}

/// Write the export to `out`: access rules by label, documents with their chunks by id, vectors by chunk, facts by document.
///
/// # Errors
/// Whatever a backend reports, or that `out` cannot be written.
pub async fn export(parts: &Parts<'_>, out: &mut dyn Write) -> Result<()> {
    for rule in parts.documents.access_rules().await? {
        line(
            out,
            &json!({"type": "access", "label": rule.id, "container": rule.container, "readers": rule.readers}),
        )?;
    }
    let mut after = None;
    loop {
        let documents = parts.documents.scan_documents(after, BATCH).await?;
        let Some(last) = documents.last() else { break };
        after = Some(last.id);
        for document in documents {
            line(out, &json!({"type": "document", "document": &document}))?;
            for stored in parts.documents.chunks(document.id, &Visible::All).await? {
                line(out, &json!({"type": "chunk", "chunk": stored.chunk}))?;
            }
        }
    }
    if let Some(vectors) = parts.vectors {
        export_vectors(vectors, out).await?;
    }
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

async fn export_vectors(vectors: &dyn VectorIndex, out: &mut dyn Write) -> Result<()> {
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

/// The SHA-256 of the export, in hex.
///
/// # Errors
/// Whatever a backend reports.
pub async fn export_hash(parts: &Parts<'_>) -> Result<String> {
    let mut hasher = HashWriter(Sha256::new());
    export(parts, &mut hasher).await?;
    Ok(hasher.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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
    writeln!(out, "{value}").map_err(|error| Error::internal("write export", error.to_string()).with_source(error))
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
