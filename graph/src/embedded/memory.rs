//! The topology in memory: for every node its edges' ends and the facts about it, changed document by document.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use domain::seam::graph::Size;
use domain::{DocumentId, Key, Timestamp};

use super::Memory;
use super::codec::{Topology, TopologyEdge};
use super::half::{Half, Hub, Slot};
use super::ids::{IdMap, Interner};
use super::manner::{Classes, Manners, Terms};
use super::marks::MarkPool;
use super::print::Print;
use super::ranks::Ranks;
use super::statement::{Own, Statement, Statements};
use super::tuning::Tuning;

/// A node fact as it lies at its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    /// The place of the asserting document.
    pub(crate) document: u32,
    /// The number of its label, without a second one.
    pub(crate) class: u32,
    /// What it says.
    pub(crate) print: Print,
}

/// An alias as it lies at its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alias {
    /// The node it leads to.
    pub(crate) node: u32,
    /// The number of the label of the document that says so.
    pub(crate) class: u32,
    /// The place of that document.
    pub(crate) document: u32,
}

/// What lies at a node.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The ends of its edges.
    pub(crate) halves: Vec<Slot>,
    /// What documents say about it; those of one document in its order.
    pub(crate) facts: Vec<Fact>,
}

impl Node {
    /// Whether anything lies at it.
    pub(crate) fn is_live(&self) -> bool {
        !self.halves.is_empty() || !self.facts.is_empty()
    }
}

/// A document in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Which document.
    pub(crate) id: DocumentId,
    /// Its row in the file. A row is never changed, and no later state of the document has the same.
    pub(crate) row: i64,
    /// When it was made.
    pub(crate) at: Option<Timestamp>,
}

/// A document as the file has it.
pub(crate) struct Stored {
    /// Which document.
    pub(crate) id: DocumentId,
    /// Its row in the file.
    pub(crate) row: i64,
    /// The number of its label.
    pub(crate) label: u32,
    /// Where in the bytes of its block lies what it asserts.
    topology: Range<usize>,
}

/// Documents as the file has them, and what they assert, encoded.
#[derive(Default)]
pub(crate) struct Block {
    documents: Vec<Stored>,
    bytes: Vec<u8>,
}

impl Block {
    /// Add a document.
    pub(crate) fn push(&mut self, id: DocumentId, row: i64, label: u32, topology: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(topology);
        let topology = start..self.bytes.len();
        self.documents.push(Stored {
            id,
            row,
            label,
            topology,
        });
    }

    /// The documents, each with what it asserts.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&Stored, &[u8])> {
        self.documents
            .iter()
            .map(|one| (one, &self.bytes[one.topology.clone()]))
    }
}

/// A document's new state.
pub(crate) struct Loaded {
    /// Its row in the file.
    pub(crate) row: i64,
    /// The number of its label.
    pub(crate) label: u32,
    /// What it asserts.
    pub(crate) topology: Topology,
}

/// A change of one document: what it asserted, to be taken out, and what it asserts now.
pub(crate) struct Swap {
    /// Which document.
    pub(crate) id: DocumentId,
    /// What it asserted before.
    pub(crate) old: Option<Topology>,
    /// What it asserts now; absent when it is gone.
    pub(crate) new: Option<Loaded>,
}

/// The graph without its texts.
#[derive(Default)]
pub(crate) struct Graph {
    /// From which sizes on lists are kept and searched in another way.
    pub(crate) tuning: Tuning,
    /// Keys and aliases.
    pub(crate) keys: Interner<Key>,
    /// Access labels.
    pub(crate) labels: Interner<Arc<str>>,
    /// The rules by which edges were found.
    pub(crate) rules: Interner<Arc<str>>,
    /// Pairs of labels.
    pub(crate) classes: Classes,
    /// How edges are asserted.
    pub(crate) manners: Manners,
    /// Who asserts edges, and how.
    pub(crate) statements: Statements,
    /// For every node with a long list of edges how many of them there are of each manner, loops left out.
    pub(crate) hubs: IdMap<u32, Hub>,
    /// The order of keys.
    pub(crate) ranks: Ranks,
    /// Marks for searches.
    pub(crate) marks: MarkPool,
    /// For every key what lies there.
    pub(crate) nodes: Vec<Node>,
    /// For every name that is an alias what it leads to.
    pub(crate) aliases: IdMap<u32, Vec<Alias>>,
    /// The documents by place; a place that is free keeps its last entry.
    pub(crate) documents: Vec<Entry>,
    /// The places of the documents.
    pub(crate) places: BTreeMap<DocumentId, u32>,
    /// Rises when numbers may change their meaning, as after a `clear`.
    pub(crate) epoch: u64,
    /// Places without a document.
    pub(crate) free: Vec<u32>,
    /// How much there is.
    pub(crate) size: Size,
}

impl Graph {
    /// How much there is.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// How many bytes of memory it takes.
    pub(crate) fn memory(&self) -> Memory {
        let bytes = |count: usize, each: usize| u64::try_from(count * each).expect("a length fits 64 bits");
        let lists = bytes(self.nodes.capacity(), size_of::<Node>());
        let halves = self
            .nodes
            .iter()
            .map(|node| bytes(node.halves.capacity(), size_of::<Slot>()));
        let facts = self
            .nodes
            .iter()
            .map(|node| bytes(node.facts.capacity(), size_of::<Fact>()));
        // A tree's leaves are two thirds full.
        let documents = bytes(self.documents.capacity(), size_of::<Entry>()) + bytes(self.places.len(), 20 * 3 / 2);
        Memory {
            edges: lists + halves.sum::<u64>() + bytes(self.manners.bytes() + self.statements.bytes(), 1),
            facts: facts.sum::<u64>() + documents,
            names: bytes(self.ranks.bytes(), 1) + self.keys.bytes(Key::as_str),
        }
    }

    /// An empty graph.
    pub(crate) fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            ..Self::default()
        }
    }

    /// Put `next` in the place of this graph and give this one back.
    pub(crate) fn give_way(&mut self, mut next: Self) -> Self {
        next.epoch = self.epoch + 1;
        std::mem::replace(self, next)
    }

    /// Make a node for every key.
    pub(crate) fn grow(&mut self) {
        self.nodes.resize_with(self.keys.len() as usize, Node::default);
    }

    /// Whether every number is that of a name.
    pub(crate) fn knows(&self, label: u32, topology: &Topology) -> bool {
        let (keys, labels, rules) = (self.keys.len(), self.labels.len(), self.rules.len());
        let node = |key: u32| key < keys;
        label < labels
            && topology
                .nodes
                .iter()
                .all(|fact| node(fact.key) && fact.aliases.iter().all(|alias| node(*alias)))
            && topology.edges.iter().all(|edge| {
                node(edge.from) && node(edge.to) && edge.rule < rules && edge.also.is_none_or(|also| also < labels)
            })
    }

    /// An end of an edge with all that decides.
    #[inline]
    pub(crate) fn half(&self, slot: Slot) -> Half {
        let statement = self.statements.get(slot.statement());
        Half {
            other: slot.other,
            statement,
            manner: self.manners.get(statement.manner),
            slot,
        }
    }

    /// When an edge was stated, by itself or else by its document, and when it ended.
    pub(crate) fn times(&self, half: Half) -> (Option<Timestamp>, Option<Timestamp>) {
        let (at, until) = self.manners.times(half.statement.manner);
        (at.or(self.documents[half.statement.document as usize].at), until)
    }

    /// How the keys of two nodes are ordered.
    pub(crate) fn order(&self, a: u32, b: u32) -> Ordering {
        let known = self.ranks.order(a, b);
        known.unwrap_or_else(|| self.keys.get(a).cmp(&self.keys.get(b)))
    }

    /// Order keys by these places, unless they are of names that went with a `clear`.
    pub(crate) fn take_places(&mut self, epoch: u64, places: Vec<u32>) {
        if self.epoch == epoch {
            self.ranks.take(places);
        }
    }

    /// A place for a document.
    pub(crate) fn new_place(&mut self, entry: Entry) -> u32 {
        if let Some(place) = self.free.pop() {
            self.documents[place as usize] = entry;
            return place;
        }
        self.documents.push(entry);
        u32::try_from(self.documents.len() - 1).expect("every document has a name, of which there are fewer")
    }

    /// The number of the statement of an edge by a document that was made at this time.
    pub(crate) fn state(
        &mut self,
        document: u32,
        label: u32,
        (edge, made): (&TopologyEdge, Option<Timestamp>),
        own: &mut Own,
    ) -> u32 {
        let terms = Terms::of(edge, self.classes.number(label, edge.also), made);
        own.number(terms, || {
            let manner = self.manners.number(terms);
            self.statements.add(Statement { document, manner })
        })
    }

    /// Note the aliases that a document gives, and number its label.
    pub(crate) fn lay_names(&mut self, document: u32, label: u32, topology: &Topology) {
        if topology.nodes.is_empty() {
            return;
        }
        let class = self.classes.number(label, None);
        for node in &topology.nodes {
            for alias in &node.aliases {
                self.aliases.entry(*alias).or_default().push(Alias {
                    node: node.key,
                    class,
                    document,
                });
            }
        }
    }

    /// What a document says of nodes; `None` when its label has no number.
    pub(crate) fn facts_of(&self, document: u32, label: u32, topology: &Topology) -> Option<Vec<(u32, Fact)>> {
        let facts = topology.nodes.iter().map(|node| {
            let class = self.classes.known(label, None)?;
            Some((
                node.key,
                Fact {
                    document,
                    class,
                    print: node.print,
                },
            ))
        });
        facts.collect()
    }
}
