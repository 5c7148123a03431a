//! From which sizes on other ways of looking for edges are the quicker ones.

/// What decides how quickly an answer is found, and never which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// From how many ends of edges on a node is busy: they lie in the order of the nodes they lead to, and are counted ahead.
    pub busy: usize,
    /// How many of them are gone through in the time in which one is looked up.
    pub lookup: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { busy: 1024, lookup: 16 }
    }
}

impl Tuning {
    /// Whether it is quicker to look up so many nodes in a list of this length than to go through it.
    pub(crate) fn is_looked_up(self, length: usize, goals: usize) -> bool {
        length >= self.busy && self.lookup.saturating_mul(goals) < length
    }
}
