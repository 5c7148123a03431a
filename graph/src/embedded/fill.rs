//! A whole file's documents laid out in an empty graph: every list is allocated once, in its final size, and the nodes are
//! shared out over the cores, each of which reads all documents and lays down the ends of its own nodes.

use std::ops::Range;
use std::thread;

use domain::DocumentId;

use super::codec::Topology;
use super::half::{Slot, hub_of};
use super::manner::Terms;
use super::memory::{Entry, Graph, Node, Stored};

/// Documents as they lie in the file, with their places.
struct Read<'a> {
    graph: &'a Graph,
    documents: &'a [Stored],
}

impl Graph {
    /// Add the documents of a whole file to an empty graph; `None` when a row is damaged.
    pub(crate) fn fill(&mut self, documents: &[Stored]) -> Option<()> {
        self.grow();
        let mut places = Vec::with_capacity(documents.len());
        self.documents.reserve_exact(documents.len());
        for stored in documents {
            let topology = Topology::decode(&stored.topology).filter(|one| self.knows(stored.label, one))?;
            let (id, row, at) = (stored.id, stored.row, topology.at);
            let place = self.new_place(Entry { id, row, at });
            places.push((id, place));
            self.lay_names(place, stored.label, &topology);
            let mut last = None;
            for edge in &topology.edges {
                let class = self.classes.number(stored.label, edge.also);
                let terms = Terms::of(edge, class, at);
                if last.replace(terms) != Some(terms) {
                    self.manners.number(terms);
                }
            }
            self.size.edges += u64::try_from(topology.edges.len()).ok()?;
        }
        self.places = sorted(places).into_iter().collect();
        let mut nodes = std::mem::take(&mut self.nodes);
        let read = Read { graph: self, documents };
        let whole = read.spread(&mut nodes);
        self.nodes = nodes;
        whole?;
        for (node, number) in self.nodes.iter().zip(0..) {
            self.size.nodes += u64::from(node.is_live());
            self.hubs.extend(hub_of(&node.halves, number).map(|hub| (number, hub)));
        }
        (self.places.len() == documents.len()).then_some(())
    }
}

fn sorted(mut places: Vec<(DocumentId, u32)>) -> Vec<(DocumentId, u32)> {
    places.sort_unstable();
    places
}

impl Read<'_> {
    /// Lay the documents out over all nodes; `None` when a row is damaged.
    fn spread(&self, nodes: &mut [Node]) -> Option<()> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(8);
        let share = nodes.len().div_ceil(threads).max(1);
        let done: Vec<Option<()>> = thread::scope(|scope| {
            let parts = nodes.chunks_mut(share).zip((0..).step_by(share));
            let tasks: Vec<_> = parts
                .map(|(part, first)| scope.spawn(move || self.lay(part, first..first + share)))
                .collect();
            tasks.into_iter().map(|task| task.join().ok().flatten()).collect()
        });
        done.into_iter().collect()
    }

    /// Lay down what belongs to the nodes of a range.
    fn lay(&self, nodes: &mut [Node], range: Range<usize>) -> Option<()> {
        let place = |node: u32| range.contains(&(node as usize)).then(|| node as usize - range.start);
        let mut counts = vec![(0_u32, 0_u32); nodes.len()];
        for stored in self.documents {
            let topology = Topology::decode(&stored.topology)?;
            for node in &topology.nodes {
                if let Some(place) = place(node.key) {
                    counts[place].1 += 1;
                }
            }
            for end in topology.edges.iter().flat_map(|edge| [edge.from, edge.to]) {
                if let Some(place) = place(end) {
                    counts[place].0 += 1;
                }
            }
        }
        for (node, (halves, facts)) in nodes.iter_mut().zip(counts) {
            node.halves.reserve_exact(halves as usize);
            node.facts.reserve_exact(facts as usize);
        }
        for (stored, document) in self.documents.iter().zip(0..) {
            let topology = Topology::decode(&stored.topology)?;
            let facts = self.graph.facts_of(document, stored.label, &topology)?;
            for (key, fact) in facts {
                if let Some(place) = place(key) {
                    nodes[place].facts.push(fact);
                }
            }
            let mut last = None;
            for edge in &topology.edges {
                let (from, to) = (place(edge.from), place(edge.to));
                if from.is_none() && to.is_none() {
                    continue;
                }
                let terms = Terms::of(edge, self.graph.classes.known(stored.label, edge.also)?, topology.at);
                let manner = match last {
                    Some((known, manner)) if known == terms => manner,
                    _ => self.graph.manners.known(&terms)?,
                };
                last = Some((terms, manner));
                if let Some(place) = from {
                    nodes[place].halves.push(Slot::out(edge.to, document, manner));
                }
                if let Some(place) = to {
                    nodes[place].halves.push(Slot::into(edge.from, document, manner));
                }
            }
        }
        Some(())
    }
}
