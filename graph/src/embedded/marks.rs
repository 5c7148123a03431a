//! Marks on nodes for one search at a time, kept from search to search so that a small search costs no more than it marks.

use std::sync::{Mutex, PoisonError};

/// The marks of one search: for every node that it reached, from which end and how far.
#[derive(Default)]
pub(crate) struct Marks {
    stamps: Vec<u32>,
    /// Added to every mark of this search; all that is lower is of earlier ones.
    base: u32,
}

/// Marks that one search uses.
const STEP: u32 = 32;
const SIDE: u32 = 16;

impl Marks {
    /// Forget all marks; there are so many nodes.
    fn begin(&mut self, nodes: usize) {
        self.stamps.resize(nodes, 0);
        if self.base > u32::MAX - 2 * STEP {
            self.stamps.fill(0);
            self.base = 0;
        }
        self.base += STEP;
    }

    /// From which of two ends, and in how many steps (15 at most), a node was reached.
    #[inline]
    pub(crate) fn get(&self, node: u32) -> Option<(usize, u32)> {
        let mark = self.stamps[node as usize].checked_sub(self.base)?;
        Some(((mark / SIDE) as usize, mark % SIDE))
    }

    /// Mark a node as reached from an end.
    #[inline]
    pub(crate) fn set(&mut self, node: u32, side: usize, steps: u32) {
        let side = if side == 0 { 0 } else { SIDE };
        self.stamps[node as usize] = self.base + side + steps;
    }
}

/// Lists of marks kept for later searches: each takes 4 bytes a node.
const KEPT: usize = 8;

/// Marks that no search uses at the moment.
#[derive(Default)]
pub(crate) struct MarkPool(Mutex<Vec<Marks>>);

impl MarkPool {
    /// Work with marks of so many nodes, none of them marked.
    pub(crate) fn with<T>(&self, nodes: usize, work: impl FnOnce(&mut Marks) -> T) -> T {
        let list = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = list().pop().unwrap_or_default();
        marks.begin(nodes);
        let done = work(&mut marks);
        let mut list = list();
        if list.len() < KEPT {
            list.push(marks);
        }
        done
    }
}
