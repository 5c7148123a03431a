//! All facts as they were given, document by document.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use domain::{AccessId, DocumentFacts, DocumentId, EdgeFact, NodeFact, Result};

use super::answer::{ROWS, TRIES};
use super::codec::{Details, Topology};
use super::disk::Row;
use super::failure::corrupt;
use super::memory::Graph;
use super::shared::Inner;

pub(crate) const OPERATION: &str = "scan facts";

/// The facts of at most `limit` documents with greater ids than `after`, ascending.
pub(crate) fn scan(inner: &Inner, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentFacts>> {
    for _ in 0..TRIES {
        if let Some(facts) = once(inner, after, limit)? {
            return Ok(facts);
        }
    }
    let mut writer = inner.writer.blocking_lock();
    inner.refresh(&mut writer)?;
    once(inner, after, limit)?.ok_or_else(|| corrupt(OPERATION, "the file lacks rows of documents that it had"))
}

/// `None` when a document was replaced meanwhile.
fn once(inner: &Inner, after: Option<DocumentId>, limit: usize) -> Result<Option<Vec<DocumentFacts>>> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let (wanted, epoch): (Vec<i64>, u64) = inner.look(|graph| {
        let places = graph.places.range((from, Bound::Unbounded)).take(limit);
        (
            places.map(|(_, place)| graph.documents[*place as usize].row).collect(),
            graph.epoch,
        )
    });
    let mut facts = Vec::with_capacity(wanted.len());
    for numbers in wanted.chunks(ROWS) {
        let found = inner.disk.read(OPERATION, numbers)?;
        let found: BTreeMap<i64, Row> = found.into_iter().map(|row| (row.number, row)).collect();
        let decoded = inner.look(|graph| {
            let same = graph.epoch == epoch && numbers.iter().all(|number| found.contains_key(number));
            same.then(|| {
                numbers
                    .iter()
                    .map(|number| decode(graph, found.get(number)?))
                    .collect::<Option<Vec<_>>>()
            })
        });
        match decoded {
            None => return Ok(None),
            Some(decoded) => {
                facts.extend(decoded.ok_or_else(|| corrupt(OPERATION, "a document's row cannot be read"))?);
            }
        }
    }
    Ok(Some(facts))
}

fn decode(graph: &Graph, row: &Row) -> Option<DocumentFacts> {
    let (topology, details) = (Topology::decode(&row.topology)?, Details::decode(&row.details)?);
    if topology.nodes.len() != details.titles.len() || topology.edges.len() != details.edges.len() {
        return None;
    }
    let label = |number: u32| graph.labels.get(number).map(|label| AccessId(Arc::clone(label)));
    let mut facts = DocumentFacts::none(row.id, label(row.label)?);
    facts.at = topology.at;
    for (node, title) in topology.nodes.into_iter().zip(details.titles) {
        let aliases = node
            .aliases
            .iter()
            .map(|alias| graph.keys.get(*alias).map(|name| name.as_str().to_owned()));
        let aliases = aliases.collect::<Option<_>>()?;
        facts.nodes.push(NodeFact {
            key: graph.keys.get(node.key)?.clone(),
            kind: node.print.kind()?,
            title,
            aliases,
        });
    }
    for (edge, detail) in topology.edges.into_iter().zip(details.edges) {
        let also = match edge.also {
            Some(number) => Some(label(number)?),
            None => None,
        };
        facts.edges.push(EdgeFact {
            from: graph.keys.get(edge.from)?.clone(),
            to: graph.keys.get(edge.to)?.clone(),
            kind: edge.kind,
            rule: graph.rules.get(edge.rule)?.to_string(),
            evidence: detail,
            confidence: edge.confidence,
            at: edge.at,
            until: edge.until,
            also,
        });
    }
    Some(facts)
}
