//! The topology in memory: for every node its edges' ends and the facts about it, changed document by document.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::seam::graph::Size;
use domain::{DocumentId, EdgeKind, Key, Timestamp};

use super::codec::{Print, Topology, edge_code, edge_kind};
use super::ids::{IdMap, IdSet, Interner};

/// How many pairs of labels a tag has room for.
pub(crate) const MAX_CLASSES: usize = 1 << 26;

/// One end of an asserted edge, as it lies at its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Half {
    /// The node at the other end.
    pub(crate) other: u32,
    /// The place of the asserting document.
    pub(crate) document: u32,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// When it was stated, by itself or else by its document.
    pub(crate) from: Option<Timestamp>,
    /// When it ended.
    pub(crate) until: Option<Timestamp>,
    /// From the lowest bit: the kind (5 bits), whether the edge comes in (1 bit), the class (26 bits).
    tag: u32,
}

impl Half {
    /// The number of its pair of labels.
    pub(crate) fn class(self) -> u32 {
        self.tag >> 6
    }

    /// Whether the edge ends here.
    pub(crate) fn comes_in(self) -> bool {
        self.tag >> 5 & 1 == 1
    }

    /// The code of its kind.
    pub(crate) fn code(self) -> u32 {
        self.tag & 0x1f
    }

    /// What the edge says.
    pub(crate) fn kind(self) -> EdgeKind {
        u8::try_from(self.code())
            .ok()
            .and_then(edge_kind)
            .expect("a tag is made from a kind")
    }

    /// Where the edge starts and ends, `here` being the node at which this lies.
    pub(crate) fn ends(self, here: u32) -> (u32, u32) {
        if self.comes_in() {
            (self.other, here)
        } else {
            (here, self.other)
        }
    }
}

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
    pub(crate) halves: Vec<Half>,
    /// What documents say about it; those of one document in its order.
    pub(crate) facts: Vec<Fact>,
}

impl Node {
    fn is_live(&self) -> bool {
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
    /// What it asserts, encoded.
    pub(crate) topology: Box<[u8]>,
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

/// The pairs of labels (own, second) under which edges are asserted, numbered.
#[derive(Default)]
pub(crate) struct Classes {
    pairs: Vec<(u32, Option<u32>)>,
    numbers: IdMap<(u32, Option<u32>), u32>,
}

impl Classes {
    /// All pairs in the order of their numbers.
    pub(crate) fn pairs(&self) -> &[(u32, Option<u32>)] {
        &self.pairs
    }

    fn number(&mut self, label: u32, also: Option<u32>) -> u32 {
        *self.numbers.entry((label, also)).or_insert_with(|| {
            self.pairs.push((label, also));
            u32::try_from(self.pairs.len() - 1).expect("the plan checked that classes are left")
        })
    }
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
    size: Size,
}

impl Graph {
    /// How much there is.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Put `next` in the place of this graph and give this one back.
    pub(crate) fn give_way(&mut self, mut next: Self) -> Self {
        next.epoch = self.epoch + 1;
        std::mem::replace(self, next)
    }

    /// Make a node for every key.
    fn grow(&mut self) {
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

    /// Add the documents of a whole file to an empty graph; `None` when a row is damaged. Rows are decoded twice, first to
    /// count, so that neither the lists nor the documents waiting to be laid out take more room than they must.
    pub(crate) fn fill(&mut self, documents: &[Stored]) -> Option<()> {
        self.grow();
        let mut counts = vec![(0_usize, 0_usize); self.nodes.len()];
        for document in documents {
            let topology = Topology::decode(&document.topology).filter(|one| self.knows(document.label, one))?;
            topology.nodes.iter().for_each(|node| counts[node.key as usize].1 += 1);
            for edge in &topology.edges {
                counts[edge.from as usize].0 += 1;
                counts[edge.to as usize].0 += 1;
            }
        }
        for (node, (halves, facts)) in self.nodes.iter_mut().zip(counts) {
            node.halves.reserve_exact(halves);
            node.facts.reserve_exact(facts);
        }
        let mut places = Vec::with_capacity(documents.len());
        for Stored {
            id,
            row,
            label,
            topology,
        } in documents
        {
            let topology = Topology::decode(topology)?;
            let (id, row, at) = (*id, *row, topology.at);
            let place = self.new_place(Entry { id, row, at });
            places.push((id, place));
            self.lay(
                place,
                &Loaded {
                    row,
                    label: *label,
                    topology,
                },
            );
        }
        self.places = places.into_iter().collect();
        (self.places.len() == documents.len()).then_some(())
    }

    /// Whether every number is that of a name.
    fn knows(&self, label: u32, topology: &Topology) -> bool {
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
            let node = &mut self.nodes[node as usize];
            node.halves.retain(|half| !gone.contains(&half.document));
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

    fn new_place(&mut self, entry: Entry) -> u32 {
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
            let class = self.classes.number(new.label, edge.also) << 6;
            let tag = class | u32::from(edge_code(edge.kind));
            let half = Half {
                other: edge.to,
                document,
                confidence: edge.confidence,
                from: edge.at.or(new.topology.at),
                until: edge.until,
                tag,
            };
            self.touch(edge.from);
            push(&mut self.nodes[edge.from as usize].halves, half);
            self.touch(edge.to);
            push(
                &mut self.nodes[edge.to as usize].halves,
                Half {
                    other: edge.from,
                    tag: tag | 1 << 5,
                    ..half
                },
            );
        }
        self.size.edges += count(new.topology.edges.len());
        if new.topology.nodes.is_empty() {
            return;
        }
        let class = self.classes.number(new.label, None);
        for node in &new.topology.nodes {
            self.touch(node.key);
            push(
                &mut self.nodes[node.key as usize].facts,
                Fact {
                    document,
                    class,
                    print: node.print,
                },
            );
            for alias in &node.aliases {
                self.aliases.entry(*alias).or_default().push(Alias {
                    node: node.key,
                    class,
                    document,
                });
            }
        }
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
