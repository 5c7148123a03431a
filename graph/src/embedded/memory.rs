//! The topology in memory: for every node its edges' ends and the facts about it, changed document by document.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use domain::seam::graph::Size;
use domain::{DocumentId, Key, Timestamp};

use super::Memory;
use super::codec::{Print, Topology};
use super::half::{HUB, Hub, Slot, hub_of};
use super::ids::{IdMap, IdSet, Interner};
use super::manner::{Classes, Manners, Terms};
use super::marks::MarkPool;
use super::ranks::Ranks;

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
    pub(crate) topology: Range<usize>,
}

/// Documents as the file has them, and what they assert, encoded.
pub(crate) struct Block {
    documents: Vec<Stored>,
    bytes: Vec<u8>,
}

impl Block {
    /// Of documents that all lie in `bytes`; `None` when one does not.
    pub(crate) fn new(documents: Vec<Stored>, bytes: Vec<u8>) -> Option<Self> {
        let within = documents.iter().all(|one| bytes.get(one.topology.clone()).is_some());
        within.then_some(Self { documents, bytes })
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
    free: Vec<u32>,
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
            edges: lists + halves.sum::<u64>() + bytes(self.manners.bytes(), 1),
            facts: facts.sum::<u64>() + documents,
            names: bytes(self.ranks.bytes(), 1) + self.keys.bytes(Key::as_str),
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

    /// Exchange what documents assert. Every number in the new topologies must be known.
    pub(crate) fn apply(&mut self, swaps: Vec<Swap>) {
        self.grow();
        self.take_out(&swaps);
        for swap in swaps {
            match swap.new {
                Some(new) => self.put_in(swap.id, &new),
                None => self.free.extend(self.places.remove(&swap.id)),
            }
        }
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

    fn take_out(&mut self, swaps: &[Swap]) {
        let (mut gone, mut nodes, mut names) = (IdSet::default(), IdSet::default(), IdSet::default());
        for swap in swaps {
            let (Some(topology), Some(place)) = (&swap.old, self.places.get(&swap.id)) else {
                continue;
            };
            gone.insert(*place);
            nodes.extend(topology.edges.iter().flat_map(|edge| [edge.from, edge.to]));
            nodes.extend(topology.nodes.iter().map(|node| node.key));
            names.extend(topology.nodes.iter().flat_map(|node| node.aliases.iter().copied()));
            self.size.edges -= count(topology.edges.len());
        }
        let mut nodes: Vec<u32> = nodes.into_iter().collect();
        nodes.sort_unstable();
        for node in nodes {
            let (number, node) = (node, &mut self.nodes[node as usize]);
            let mut hub = self.hubs.get_mut(&number);
            node.halves.retain(|slot| {
                let stays = !gone.contains(&slot.document);
                if !stays
                    && slot.other != number
                    && let Some(count) = hub.as_mut().and_then(|hub| hub.get_mut(&(slot.number())))
                {
                    *count -= 1;
                }
                stays
            });
            if node.halves.len() < HUB {
                self.hubs.remove(&number);
            }
            node.facts.retain(|fact| !gone.contains(&fact.document));
            give_back(&mut node.halves);
            give_back(&mut node.facts);
            self.size.nodes -= u64::from(!node.is_live());
        }
        let mut names: Vec<u32> = names.into_iter().collect();
        names.sort_unstable();
        for name in names {
            if let Some(aliases) = self.aliases.get_mut(&name) {
                aliases.retain(|alias| !gone.contains(&alias.document));
                if aliases.is_empty() {
                    self.aliases.remove(&name);
                }
            }
        }
    }

    fn put_in(&mut self, id: DocumentId, new: &Loaded) {
        let entry = Entry {
            id,
            row: new.row,
            at: new.topology.at,
        };
        let place = if let Some(place) = self.places.get(&id).copied() {
            self.documents[place as usize] = entry;
            place
        } else {
            let place = self.new_place(entry);
            self.places.insert(id, place);
            place
        };
        self.lay(place, new);
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

    /// Lay a document's facts at their nodes.
    fn lay(&mut self, document: u32, new: &Loaded) {
        for edge in &new.topology.edges {
            let class = self.classes.number(new.label, edge.also);
            let manner = self.manners.number(Terms::of(edge, class, new.topology.at));
            self.lay_half(edge.from, Slot::out(edge.to, document, manner));
            self.lay_half(edge.to, Slot::into(edge.from, document, manner));
        }
        self.size.edges += count(new.topology.edges.len());
        self.lay_names(document, new.label, &new.topology);
        for (key, fact) in self.facts_of(document, new.label, &new.topology).into_iter().flatten() {
            self.touch(key);
            push(&mut self.nodes[key as usize].facts, fact);
        }
    }

    fn lay_half(&mut self, node: u32, slot: Slot) {
        self.touch(node);
        let halves = &mut self.nodes[node as usize].halves;
        push(halves, slot);
        if halves.len() == HUB {
            self.hubs.extend(hub_of(halves, node).map(|hub| (node, hub)));
        } else if halves.len() > HUB
            && slot.other != node
            && let Some(hub) = self.hubs.get_mut(&node)
        {
            *hub.entry(slot.number()).or_default() += 1;
        }
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

    /// Count a node that gets its first fact or edge.
    fn touch(&mut self, node: u32) {
        self.size.nodes += u64::from(!self.nodes[node as usize].is_live());
    }
}

/// Append with a growth of a quarter: doubling would leave a third of the largest lists unused.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(2));
    }
    list.push(item);
}

fn give_back<T>(list: &mut Vec<T>) {
    if list.capacity() > 8 + 2 * list.len() {
        list.shrink_to_fit();
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}
