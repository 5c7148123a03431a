//! Replacing facts: checked, numbered and encoded first, then written to the file, then laid out in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{DocumentFacts, DocumentId, EdgeFact, Error, ErrorKind, Key, NodeFact, Result};

use super::codec::{Details, Topology, TopologyEdge, TopologyNode, encode_names};
use super::disk::{Batch, Names, Row, Writer};
use super::failure::corrupt;
use super::ids::Fresh;
use super::memory::{Graph, Loaded, Swap};
use super::print::Print;
use super::shared::Inner;
use super::statement::MAX_STATEMENTS;

const OPERATION: &str = "replace facts";

/// The longest key, alias, label or rule, in bytes: a path may have 4,096, and a key adds a repository.
const MAX_NAME: usize = 8 * 1024;
/// The longest title or evidence, in bytes.
const MAX_TEXT: usize = 1024 * 1024;
/// The most nodes, and the most edges, of one document.
const MAX_FACTS: usize = 1_000_000;

/// Replace what documents assert. Runs to its end once begun.
pub(crate) fn replace(inner: &Arc<Inner>, writer: &mut Writer, facts: Vec<DocumentFacts>) -> Result<()> {
    inner.refresh(writer)?;
    // Where a document comes twice, the later counts.
    let facts: BTreeMap<DocumentId, DocumentFacts> = facts.into_iter().map(|one| (one.document, one)).collect();
    let rows: Vec<i64> = inner.look(|graph| {
        let known = facts.keys().filter_map(|id| graph.places.get(id));
        known.map(|place| graph.documents[*place as usize].row).collect()
    });
    let old = writer.read(OPERATION, &rows)?;
    if old.len() != rows.len() {
        return Err(corrupt(OPERATION, "the file lacks rows of documents that it had"));
    }
    let planned = inner.look(|graph| Plan::make(graph, facts, old, writer.next_row))?;
    if planned.layout.swaps.is_empty() {
        return Ok(());
    }
    writer.next_row = planned.next_row;
    writer.write(OPERATION, planned.batch)?;
    inner.change(|graph| planned.layout.lay(graph))?;
    writer.stale = false;
    inner.renew_ranks();
    Ok(())
}

/// Remove everything. Runs to its end once begun.
pub(crate) fn clear(inner: &Inner, writer: &mut Writer) -> Result<()> {
    writer.clear("clear graph")?;
    let old = inner.change(|graph| graph.give_way(Graph::new(graph.tuning)));
    writer.stale = false;
    drop(old);
    Ok(())
}

/// What a replacement changes in the file and in memory.
pub(crate) struct Plan {
    batch: Batch,
    layout: Layout,
    next_row: i64,
}

/// What a replacement changes in memory.
#[derive(Default)]
pub(crate) struct Layout {
    keys: Vec<Key>,
    labels: Vec<Arc<str>>,
    rules: Vec<Arc<str>>,
    swaps: Vec<Swap>,
}

impl Layout {
    /// Change the graph, which must be the one for which the plan was made.
    pub(crate) fn lay(self, graph: &mut Graph) -> Result<()> {
        let known = [
            graph.keys.add(self.keys.into_iter()),
            graph.labels.add(self.labels.into_iter()),
            graph.rules.add(self.rules.into_iter()),
        ];
        if known.iter().any(Option::is_none) {
            return Err(Error::internal(OPERATION, "a name was given two numbers"));
        }
        graph.apply(self.swaps);
        Ok(())
    }
}

impl Plan {
    /// The part for memory.
    #[cfg(test)]
    pub(crate) fn into_layout(self) -> Layout {
        self.layout
    }

    /// Number and encode facts; `old` are the rows of those documents that have one.
    pub(crate) fn make(
        graph: &Graph,
        facts: BTreeMap<DocumentId, DocumentFacts>,
        old: Vec<Row>,
        next_row: i64,
    ) -> Result<Self> {
        let edges: usize = facts.values().map(|one| one.edges.len() + 1).sum();
        let numbered = [graph.statements.len(), graph.manners.len(), graph.classes.pairs().len()];
        if numbered.into_iter().max().unwrap_or(0) + edges > MAX_STATEMENTS {
            return Err(exhausted("statements"));
        }
        let mut old: BTreeMap<DocumentId, Row> = old.into_iter().map(|row| (row.id, row)).collect();
        let mut numbers = Numbers::after(graph);
        let mut plan = Self {
            batch: Batch::default(),
            layout: Layout::default(),
            next_row,
        };
        for facts in facts.into_values() {
            check(&facts)?;
            let before = old.remove(&facts.document);
            plan.add(facts, before, &mut numbers)?;
        }
        plan.take_names(numbers);
        Ok(plan)
    }

    fn add(&mut self, facts: DocumentFacts, before: Option<Row>, numbers: &mut Numbers<'_>) -> Result<()> {
        let id = facts.document;
        let new = if facts.nodes.is_empty() && facts.edges.is_empty() {
            None
        } else {
            Some(numbers.encode(facts)?)
        };
        let same = match (&new, &before) {
            (None, None) => true,
            (Some((label, topology, details)), Some(row)) => {
                row.label == *label && row.topology == topology.encode() && row.details == *details
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if same {
            return Ok(());
        }
        let mut swap = Swap {
            id,
            old: None,
            new: None,
        };
        if let Some(row) = before {
            let topology = Topology::decode(&row.topology).filter(|old| numbers.graph.knows(row.label, old));
            swap.old = Some(topology.ok_or_else(|| corrupt(OPERATION, "a document's row cannot be read"))?);
            self.batch.gone.push(row.number);
        }
        if let Some((label, topology, details)) = new {
            let number = self.next_row;
            self.next_row += 1;
            self.batch.rows.push(Row {
                number,
                id,
                label,
                topology: topology.encode(),
                details,
            });
            swap.new = Some(Loaded {
                row: number,
                label,
                topology,
            });
        }
        self.layout.swaps.push(swap);
        Ok(())
    }

    fn take_names(&mut self, numbers: Numbers<'_>) {
        let texts = [
            (Names::Keys, encode_names(numbers.keys.names().iter().map(Key::as_str))),
            (
                Names::Labels,
                encode_names(numbers.labels.names().iter().map(AsRef::as_ref)),
            ),
            (
                Names::Rules,
                encode_names(numbers.rules.names().iter().map(AsRef::as_ref)),
            ),
        ];
        self.batch
            .names
            .extend(texts.into_iter().filter(|(_, text)| !text.is_empty()));
        self.layout.keys = numbers.keys.into_names();
        self.layout.labels = numbers.labels.into_names();
        self.layout.rules = numbers.rules.into_names();
    }
}

/// The numbers of names, those that this batch adds included.
struct Numbers<'g> {
    graph: &'g Graph,
    keys: Fresh<Key>,
    labels: Fresh<Arc<str>>,
    rules: Fresh<Arc<str>>,
}

impl<'g> Numbers<'g> {
    fn after(graph: &'g Graph) -> Self {
        let (keys, labels) = (Fresh::after(&graph.keys), Fresh::after(&graph.labels));
        Self {
            graph,
            keys,
            labels,
            rules: Fresh::after(&graph.rules),
        }
    }

    fn key(&mut self, key: &Key) -> Result<u32> {
        self.keys.number(&self.graph.keys, key).ok_or_else(|| exhausted("keys"))
    }

    fn label(&mut self, label: &Arc<str>) -> Result<u32> {
        self.labels
            .number(&self.graph.labels, label)
            .ok_or_else(|| exhausted("labels"))
    }

    fn encode(&mut self, facts: DocumentFacts) -> Result<(u32, Topology, Vec<u8>)> {
        let label = self.label(&facts.access.0)?;
        let (mut topology, mut details) = (Topology::default(), Details::default());
        topology.at = facts.at;
        for node in facts.nodes {
            topology.nodes.push(self.node(&node)?);
            details.titles.push(node.title);
        }
        for edge in facts.edges {
            topology.edges.push(self.edge(&edge)?);
            details.edges.push(edge.evidence);
        }
        Ok((label, topology, details.encode()))
    }

    fn node(&mut self, fact: &NodeFact) -> Result<TopologyNode> {
        let key = self.key(&fact.key)?;
        let aliases = fact
            .aliases
            .iter()
            .map(|alias| self.key(&Key::from_raw(alias)))
            .collect::<Result<_>>()?;
        Ok(TopologyNode {
            key,
            print: Print::of(fact),
            aliases,
        })
    }

    fn edge(&mut self, fact: &EdgeFact) -> Result<TopologyEdge> {
        let (from, to) = (self.key(&fact.from)?, self.key(&fact.to)?);
        let also = fact.also.as_ref().map(|label| self.label(&label.0)).transpose()?;
        let rule = self
            .rules
            .number(&self.graph.rules, &Arc::from(fact.rule.as_str()))
            .ok_or_else(|| exhausted("rules"))?;
        Ok(TopologyEdge {
            from,
            to,
            kind: fact.kind,
            also,
            rule,
            confidence: fact.confidence,
            at: fact.at,
            until: fact.until,
        })
    }
}

fn check(facts: &DocumentFacts) -> Result<()> {
    let id = facts.document;
    let fail = |what: String| {
        Err(Error::invalid(OPERATION, format!("document {id}: {what}"))
            .with_hint("the extractor must bound what it takes from a document"))
    };
    if facts.nodes.len() > MAX_FACTS || facts.edges.len() > MAX_FACTS {
        return fail(format!("more than {MAX_FACTS} nodes or edges"));
    }
    let of_node = |node: &NodeFact| {
        node.aliases
            .iter()
            .map(String::len)
            .max()
            .unwrap_or(0)
            .max(node.key.as_str().len())
    };
    let of_edge = |edge: &EdgeFact| {
        let also = edge.also.as_ref().map_or(0, |label| label.as_str().len());
        also.max(edge.rule.len())
            .max(edge.from.as_str().len())
            .max(edge.to.as_str().len())
    };
    let longest = facts
        .nodes
        .iter()
        .map(of_node)
        .chain(facts.edges.iter().map(of_edge))
        .max()
        .unwrap_or(0);
    if longest.max(facts.access.as_str().len()) > MAX_NAME {
        return fail(format!("a key, alias, label or rule has more than {MAX_NAME} bytes"));
    }
    let titles = facts.nodes.iter().filter_map(|node| node.title.as_ref());
    if titles
        .chain(facts.edges.iter().map(|edge| &edge.evidence.text))
        .any(|text| text.len() > MAX_TEXT)
    {
        return fail(format!("a title or evidence has more than {MAX_TEXT} bytes"));
    }
    if facts.nodes.iter().any(|node| node.aliases.len() > MAX_FACTS) {
        return fail(format!("a node has more than {MAX_FACTS} aliases"));
    }
    if facts.edges.iter().any(|edge| !(0.0..=1.0).contains(&edge.confidence)) {
        return fail("a confidence is not between 0 and 1".to_owned());
    }
    Ok(())
}

fn exhausted(what: &str) -> Error {
    Error::new(
        ErrorKind::Exhausted,
        OPERATION,
        format!("the graph has as many {what} as it can number"),
    )
    .with_hint("run `neurosync rebuild`, which forgets names that are no longer used")
}
