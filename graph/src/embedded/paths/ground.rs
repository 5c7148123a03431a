//! What paths are looked for on: the edges that a caller sees and a question lets through, and what steps and nodes cost.

use domain::NodeKind;

use super::super::budget::Budget;
use super::super::half::{HUB, Half, Slot};
use super::super::ids::IdSet;
use super::super::memory::Graph;
use super::super::sight::{Filter, Sight};
use super::{Cost, busy_charge, step_cost};

/// What of the graph is walked on.
pub(super) struct Ground<'g> {
    /// All of it.
    pub(super) graph: &'g Graph,
    /// What the caller sees.
    pub(super) sight: &'g Sight,
    /// The edges to follow.
    pub(super) filter: &'g Filter,
    /// The kinds of inner nodes; empty: all.
    pub(super) inner: &'g [NodeKind],
}

/// How many ends of edges are gone through in the time in which one is looked up in a long list. In debug builds one is
/// looked up in short ones too.
const LOOKUP: usize = if cfg!(debug_assertions) { 1 } else { 16 };

impl Ground<'_> {
    /// The ends of edges that may be followed; loops lead nowhere.
    #[inline]
    pub(super) fn halves(&self, node: u32) -> impl Iterator<Item = Half> {
        self.graph
            .halves(node, self.sight)
            .filter(move |half| half.other != node && self.filter.has(self.graph, *half))
    }

    /// Whether the edge of an end at a node may be followed.
    #[inline]
    pub(super) fn follows(&self, node: u32, slot: Slot) -> bool {
        let half = self.graph.see(slot, self.sight);
        slot.other != node && half.is_some_and(|half| self.filter.has(self.graph, half))
    }

    /// Those that lead to one other node.
    #[inline]
    pub(super) fn halves_to(&self, node: u32, other: u32) -> impl Iterator<Item = Half> {
        let halves = self.graph.halves_to(node, other, self.sight);
        halves.filter(|half| self.filter.has(self.graph, *half))
    }

    /// The edges between two nodes that may be followed, as they lie at the one that is told with them.
    pub(super) fn between(&self, nodes: [u32; 2]) -> (u32, impl Iterator<Item = Half>) {
        let (here, halves) = self.graph.between(nodes, self.sight);
        (here, halves.filter(|half| self.filter.has(self.graph, *half)))
    }

    /// Whether a path may pass through a node.
    #[inline]
    pub(super) fn admits(&self, node: u32) -> bool {
        self.inner.is_empty()
            || self
                .graph
                .kind(node, self.sight)
                .is_some_and(|kind| self.inner.contains(&kind))
    }

    /// What passing through a node costs.
    pub(super) fn charge(&self, node: u32, budget: &mut Budget) -> Option<Cost> {
        self.weigh(node, budget).map(busy_charge)
    }

    /// How many assertions may be followed from a node.
    pub(super) fn weigh(&self, node: u32, budget: &mut Budget) -> Option<u64> {
        let count = self.counted(node).unwrap_or_else(|| self.halves(node).count() as u64);
        // However it was told, it costs the same.
        budget.spend(count.min(HUB as u64))?;
        Some(count)
    }

    /// About how many that are.
    pub(super) fn guess(&self, node: u32) -> usize {
        const USUAL: usize = 16;
        self.busy(node).unwrap_or(USUAL)
    }

    /// How many that are at a busy node. That the node is busy does not depend on what is hidden: what follows from it
    /// takes another part of the budget.
    pub(super) fn busy(&self, node: u32) -> Option<usize> {
        let count = self.counted(node).and_then(|count| usize::try_from(count).ok());
        count.filter(|count| *count >= HUB)
    }

    fn counted(&self, node: u32) -> Option<u64> {
        let tally = self.graph.tally(node, (self.sight, self.filter));
        tally.map(|tally| tally.count)
    }

    /// Where steps from a node lead, and what each costs. Parallel edges come one by one.
    pub(super) fn steps(&self, node: u32, budget: &mut Budget) -> Option<Vec<(u32, Cost)>> {
        let steps: Vec<_> = self.halves(node).map(|half| (half.other, cost(half))).collect();
        budget.spend(u64::try_from(steps.len()).ok()?)?;
        Some(steps)
    }

    /// Every step from one of `here` to one of `there`, both without doubles, with its cost. Parallel edges come one by
    /// one. The order is that of no promise; which side is looked up in the other's lists decides only how long it takes.
    pub(super) fn link(
        &self,
        here: &[u32],
        there: &[u32],
        budget: &mut Budget,
        mut each: impl FnMut(u32, u32, Cost),
    ) -> Option<()> {
        if self.effort(here, there.len()) <= self.effort(there, here.len()) {
            self.link_from(here, there, budget, each)
        } else {
            self.link_from(there, here, budget, |to, from, cost| each(from, to, cost))
        }
    }

    fn link_from(
        &self,
        here: &[u32],
        there: &[u32],
        budget: &mut Budget,
        mut each: impl FnMut(u32, u32, Cost),
    ) -> Option<()> {
        let goals: IdSet<u32> = there.iter().copied().collect();
        for from in here.iter().copied() {
            let mut found = 0;
            let mut step = |half: Half| {
                found += 1;
                each(from, half.other, cost(half));
            };
            if self.is_looked_up(from, there.len()) {
                for to in there.iter().copied().filter(|to| *to != from) {
                    self.halves_to(from, to).for_each(&mut step);
                }
            } else {
                self.halves(from)
                    .filter(|half| goals.contains(&half.other))
                    .for_each(&mut step);
            }
            budget.spend(found)?;
        }
        Some(())
    }

    fn effort(&self, from: &[u32], goals: usize) -> usize {
        let one = |node: &u32| match self.length(*node) {
            _ if self.is_looked_up(*node, goals) => LOOKUP * goals,
            length => length,
        };
        from.iter().map(one).sum()
    }

    fn is_looked_up(&self, node: u32, goals: usize) -> bool {
        is_looked_up(self.length(node), goals)
    }

    fn length(&self, node: u32) -> usize {
        self.graph.at(node).halves.len()
    }
}

/// Whether it is quicker to look up so many nodes in a list of this length than to go through it.
pub(super) fn is_looked_up(length: usize, goals: usize) -> bool {
    length >= HUB && LOOKUP.saturating_mul(goals) < length
}

fn cost(half: Half) -> Cost {
    step_cost(half.manner.confidence)
}
