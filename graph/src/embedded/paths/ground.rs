//! What paths are looked for on: the edges that a caller sees and a question lets through, and what steps and nodes cost.

use std::cell::RefCell;

use domain::NodeKind;

use super::super::budget::Budget;
use super::super::half::{Half, Slot};
use super::super::ids::{IdMap, IdSet};
use super::super::memory::Graph;
use super::super::sight::{Filter, Sight};
use super::super::tuning::Tuning;
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
    inner: &'g [NodeKind],
    /// What was found out about nodes: how many edges may be followed from busy ones, and whether a path may pass through.
    counts: RefCell<IdMap<u32, u64>>,
    admitted: RefCell<IdMap<u32, bool>>,
}

impl<'g> Ground<'g> {
    /// Of what a caller sees and a question lets through.
    pub(super) fn new(graph: &'g Graph, (sight, filter): (&'g Sight, &'g Filter), inner: &'g [NodeKind]) -> Self {
        Self {
            graph,
            sight,
            filter,
            inner,
            counts: RefCell::default(),
            admitted: RefCell::default(),
        }
    }

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

    /// Whether a path may pass through a node.
    #[inline]
    pub(super) fn admits(&self, node: u32) -> bool {
        self.inner.is_empty()
            || *self
                .admitted
                .borrow_mut()
                .entry(node)
                .or_insert_with(|| self.is_inner(node))
    }

    fn is_inner(&self, node: u32) -> bool {
        let kind = self.graph.kind(node, self.sight);
        kind.is_some_and(|kind| self.inner.contains(&kind))
    }

    /// What passing through a node costs.
    pub(super) fn charge(&self, node: u32, budget: &mut Budget) -> Option<Cost> {
        self.weigh(node, budget).map(busy_charge)
    }

    /// How many assertions may be followed from a node.
    pub(super) fn weigh(&self, node: u32, budget: &mut Budget) -> Option<u64> {
        self.count(node, budget)?;
        let counted = self.counts.borrow().get(&node).copied();
        let count = counted.unwrap_or_else(|| self.halves(node).count() as u64);
        // However it was told, it costs the same.
        budget.spend(count.min(self.tuning().busy as u64))?;
        Some(count)
    }

    /// About how many that are.
    pub(super) fn guess(&self, node: u32, budget: &mut Budget) -> Option<usize> {
        const USUAL: usize = 16;
        self.count(node, budget)?;
        budget.spend(1)?;
        Some(self.busy(node).unwrap_or(USUAL))
    }

    /// How many that are at a busy node that was guessed or weighed before. What is hidden decides neither whether it is
    /// one nor how many they are: what follows from it takes another part of the budget.
    pub(super) fn busy(&self, node: u32) -> Option<usize> {
        let count = usize::try_from(*self.counts.borrow().get(&node)?).ok();
        count.filter(|count| *count >= self.tuning().busy)
    }

    /// Find out how many that are at a node with a long list.
    fn count(&self, node: u32, budget: &mut Budget) -> Option<()> {
        let length = self.length(node);
        if length < self.tuning().busy || self.counts.borrow().contains_key(&node) {
            return Some(());
        }
        let count = if let Some(tally) = self.graph.tally(node, (self.sight, self.filter)) {
            tally.count
        } else {
            budget.look(length)?;
            self.halves(node).count() as u64
        };
        self.counts.borrow_mut().insert(node, count);
        Some(())
    }

    /// Where steps from a node lead, and what each costs. Parallel edges come one by one.
    pub(super) fn steps(&self, node: u32, budget: &mut Budget) -> Option<Vec<(u32, Cost)>> {
        let steps: Vec<_> = self.halves(node).map(step).collect();
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
            budget.look(self.length(from).min(self.tuning().lookup * there.len()))?;
            let mut found = 0;
            let mut take = |half: Half| {
                let (to, cost) = step(half);
                found += 1;
                each(from, to, cost);
            };
            if self.is_looked_up(from, there.len()) {
                for to in there.iter().copied().filter(|to| *to != from) {
                    self.halves_to(from, to).for_each(&mut take);
                }
            } else {
                self.halves(from)
                    .filter(|half| goals.contains(&half.other))
                    .for_each(&mut take);
            }
            budget.spend(found)?;
        }
        Some(())
    }

    fn effort(&self, from: &[u32], goals: usize) -> usize {
        let one = |node: &u32| match self.length(*node) {
            _ if self.is_looked_up(*node, goals) => self.tuning().lookup * goals,
            length => length,
        };
        from.iter().map(one).sum()
    }

    /// Whether it is quicker to look up so many nodes among the edges of a node than to go through these.
    pub(super) fn is_looked_up(&self, node: u32, goals: usize) -> bool {
        self.tuning().is_looked_up(self.length(node), goals)
    }

    fn tuning(&self) -> Tuning {
        self.graph.tuning
    }

    fn length(&self, node: u32) -> usize {
        self.graph.at(node).halves.len()
    }
}

/// Where the step over an edge leads, and what it costs.
pub(super) fn step(half: Half) -> (u32, Cost) {
    (half.other, step_cost(half.manner.confidence))
}
