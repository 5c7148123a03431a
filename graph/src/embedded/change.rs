//! Changes of the topology: what documents asserted is taken out, and what they assert now is laid down.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::DocumentId;

use super::half::{Slot, hub_of, order, take_out};
use super::ids::IdSet;
use super::memory;
use super::memory::{Graph, Loaded, Swap};
use super::statement::Own;

/// Of the busy nodes that get edges how many of the earlier ones lie in order.
type Grown = BTreeMap<u32, usize>;

impl Graph {
    /// Exchange what documents assert. Every number in the new topologies must be known.
    pub(crate) fn apply(&mut self, swaps: Vec<Swap>) {
        self.grow();
        self.take_out(&swaps);
        let mut grown = Grown::default();
        for swap in swaps {
            match swap.new {
                Some(new) => self.put_in(swap.id, &new, &mut grown),
                None => self.free.extend(self.places.remove(&swap.id)),
            }
        }
        for (hub, ordered) in grown {
            order(&mut self.nodes[hub as usize].halves, ordered);
        }
    }

    fn take_out(&mut self, swaps: &[Swap]) {
        let (mut gone, mut names) = (IdSet::default(), BTreeSet::new());
        // For every node the other ends of the edges that go.
        let mut nodes: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for swap in swaps {
            let (Some(topology), Some(place)) = (&swap.old, self.places.get(&swap.id)) else {
                continue;
            };
            gone.insert(*place);
            for edge in &topology.edges {
                nodes.entry(edge.from).or_default().push(edge.to);
                nodes.entry(edge.to).or_default().push(edge.from);
            }
            for node in &topology.nodes {
                nodes.entry(node.key).or_default();
                names.extend(node.aliases.iter().copied());
            }
            self.size.edges -= count(topology.edges.len());
        }
        let mut free = BTreeSet::new();
        for (node, others) in nodes {
            self.take_out_at(node, &others, (&gone, &mut free));
        }
        self.statements.free(free);
        for name in names {
            if let Some(aliases) = self.aliases.get_mut(&name) {
                aliases.retain(|alias| !gone.contains(&alias.document));
                if aliases.is_empty() {
                    self.aliases.remove(&name);
                }
            }
        }
    }

    /// Take out what documents that go say at a node; `free` gets the numbers of their statements.
    fn take_out_at(&mut self, number: u32, others: &[u32], (gone, free): (&IdSet<u32>, &mut BTreeSet<u32>)) {
        let node = &mut self.nodes[number as usize];
        let mut hub = self.hubs.get_mut(&number);
        let mut goes = |slot: Slot| {
            let statement = self.statements.get(slot.statement());
            let goes = gone.contains(&statement.document);
            if goes {
                free.insert(slot.statement());
            }
            if goes
                && slot.other != number
                && let Some(Entry::Occupied(mut count)) = hub.as_mut().map(|hub| hub.entry(statement.manner))
            {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
            goes
        };
        if node.halves.len() < self.tuning.busy {
            node.halves.retain(|slot| !goes(*slot));
        } else {
            take_out(&mut node.halves, others, goes);
        }
        if node.halves.len() < self.tuning.busy {
            self.hubs.remove(&number);
        }
        node.facts.retain(|fact| !gone.contains(&fact.document));
        give_back(&mut node.halves);
        give_back(&mut node.facts);
        self.size.nodes -= u64::from(!node.is_live());
    }

    fn put_in(&mut self, id: DocumentId, new: &Loaded, grown: &mut Grown) {
        let entry = memory::Entry {
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
        self.lay(place, new, grown);
    }

    /// Lay a document's facts at their nodes; `grown` are the busy ones that get an edge.
    fn lay(&mut self, document: u32, new: &Loaded, grown: &mut Grown) {
        let mut own = Own::default();
        for edge in &new.topology.edges {
            let statement = self.state(document, new.label, (edge, new.topology.at), &mut own);
            for (node, slot) in [
                (edge.from, Slot::out(edge.to, statement)),
                (edge.to, Slot::into(edge.from, statement)),
            ] {
                self.lay_half(node, slot, grown);
            }
        }
        self.size.edges += count(new.topology.edges.len());
        self.lay_names(document, new.label, &new.topology);
        for (key, fact) in self.facts_of(document, new.label, &new.topology).into_iter().flatten() {
            self.touch(key);
            push(&mut self.nodes[key as usize].facts, fact);
        }
    }

    fn lay_half(&mut self, node: u32, slot: Slot, grown: &mut Grown) {
        self.touch(node);
        let halves = &mut self.nodes[node as usize].halves;
        let before = halves.len();
        push(halves, slot);
        let busy = self.tuning.busy;
        if before + 1 >= busy {
            grown.entry(node).or_insert(if before < busy { 0 } else { before });
        }
        if halves.len() == busy {
            self.hubs.insert(node, hub_of(halves, node, &self.statements));
        } else if halves.len() > busy
            && slot.other != node
            && let Some(hub) = self.hubs.get_mut(&node)
        {
            *hub.entry(self.statements.get(slot.statement()).manner).or_default() += 1;
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
