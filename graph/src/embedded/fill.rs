//! A whole file's documents laid out in an empty graph: every list is allocated once, in its final size, and the nodes are
//! shared out over the cores, each of which reads all documents and lays down the ends of its own nodes.

use std::ops::Range;
use std::thread;

use domain::DocumentId;

use super::codec::Topology;
use super::half::{Hub, Slot, hub_of, order};
use super::manner::Terms;
use super::memory::{Block, Entry, Graph, Node, Stored};
use super::statement::Own;

/// Documents as they lie in the file, with their places.
struct Read<'a> {
    graph: &'a Graph,
    blocks: &'a [Block],
    /// The number of the first statement of each; the others follow in the order in which its edges first show them.
    statements: Vec<u32>,
}

/// How many ends of edges and how many facts lie at a node.
#[derive(Clone, Copy, Default)]
struct Count {
    halves: u32,
    facts: u32,
}

impl Graph {
    /// Add the documents of a whole file to an empty graph; `None` when a row is damaged.
    pub(crate) fn fill(&mut self, blocks: &[Block]) -> Option<()> {
        self.grow();
        let total = documents(blocks).count();
        let (mut places, mut topology, mut own) = (Vec::with_capacity(total), Topology::default(), Own::default());
        let mut statements = Vec::with_capacity(total);
        let mut counts = vec![Count::default(); self.nodes.len()];
        self.documents.reserve_exact(total);
        for (stored, bytes) in documents(blocks) {
            topology.read(bytes)?;
            if !self.knows(stored.label, &topology) {
                return None;
            }
            let (id, row, at) = (stored.id, stored.row, topology.at);
            let place = self.new_place(Entry { id, row, at });
            places.push((id, place));
            self.lay_names(place, stored.label, &topology);
            statements.push(u32::try_from(self.statements.len()).ok()?);
            own.clear();
            for edge in &topology.edges {
                self.state(place, stored.label, (edge, at), &mut own);
            }
            count(&topology, &mut counts);
            self.size.edges += u64::try_from(topology.edges.len()).ok()?;
        }
        let mut nodes = std::mem::take(&mut self.nodes);
        let read = Read {
            graph: self,
            blocks,
            statements,
        };
        let hubs = read.spread(&mut nodes, &counts);
        self.nodes = nodes;
        self.hubs.extend(hubs?);
        self.places = sorted(places).into_iter().collect();
        let live = self.nodes.iter().filter(|node| node.is_live()).count();
        self.size.nodes += u64::try_from(live).ok()?;
        (self.places.len() == total).then_some(())
    }
}

fn count(topology: &Topology, counts: &mut [Count]) {
    for node in &topology.nodes {
        counts[node.key as usize].facts += 1;
    }
    for edge in &topology.edges {
        counts[edge.from as usize].halves += 1;
        counts[edge.to as usize].halves += 1;
    }
}

/// All documents of some blocks, each with what it asserts.
fn documents(blocks: &[Block]) -> impl Iterator<Item = (&Stored, &[u8])> {
    blocks.iter().flat_map(Block::documents)
}

fn sorted(mut places: Vec<(DocumentId, u32)>) -> Vec<(DocumentId, u32)> {
    places.sort_unstable();
    places
}

impl Read<'_> {
    /// Lay the documents out over all nodes and count the edges of the busy ones; `None` when a row is damaged.
    fn spread(&self, nodes: &mut [Node], counts: &[Count]) -> Option<Vec<(u32, Hub)>> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(8);
        let share = nodes.len().div_ceil(threads).max(1);
        let done: Vec<Option<Vec<(u32, Hub)>>> = thread::scope(|scope| {
            let parts = nodes
                .chunks_mut(share)
                .zip(counts.chunks(share))
                .zip((0..).step_by(share));
            let tasks: Vec<_> = parts
                .map(|((part, counts), first)| scope.spawn(move || self.lay(part, counts, first..first + share)))
                .collect();
            tasks.into_iter().map(|task| task.join().ok().flatten()).collect()
        });
        let done: Vec<Vec<(u32, Hub)>> = done.into_iter().collect::<Option<_>>()?;
        Some(done.into_iter().flatten().collect())
    }

    /// Lay down what belongs to the nodes of a range; the busy ones with their edges counted.
    fn lay(&self, nodes: &mut [Node], counts: &[Count], range: Range<usize>) -> Option<Vec<(u32, Hub)>> {
        let first = range.start;
        let place = |node: u32| range.contains(&(node as usize)).then(|| node as usize - range.start);
        for (node, count) in nodes.iter_mut().zip(counts) {
            node.halves.reserve_exact(count.halves as usize);
            node.facts.reserve_exact(count.facts as usize);
        }
        let (mut topology, mut own) = (Topology::default(), Own::default());
        let numbered = documents(self.blocks).zip(&self.statements).zip(0..);
        for (((stored, bytes), statement), document) in numbered {
            topology.read(bytes)?;
            let facts = self.graph.facts_of(document, stored.label, &topology)?;
            for (key, fact) in facts {
                if let Some(place) = place(key) {
                    nodes[place].facts.push(fact);
                }
            }
            let mut next = *statement;
            own.clear();
            for edge in &topology.edges {
                let terms = Terms::of(edge, self.graph.classes.known(stored.label, edge.also)?, topology.at);
                let statement = own.number(terms, || {
                    next += 1;
                    next - 1
                });
                if let Some(place) = place(edge.from) {
                    nodes[place].halves.push(Slot::out(edge.to, statement));
                }
                if let Some(place) = place(edge.to) {
                    nodes[place].halves.push(Slot::into(edge.from, statement));
                }
            }
        }
        let mut hubs = Vec::new();
        for (place, node) in (first..).zip(nodes) {
            if node.halves.len() >= self.graph.tuning.busy {
                let number = u32::try_from(place).ok()?;
                order(&mut node.halves, 0);
                hubs.push((number, hub_of(&node.halves, number, &self.graph.statements)));
            }
        }
        Some(hubs)
    }
}
