//! The best edges of a level: by falling confidence, then by keys. Those that cannot be among them are not remembered, so
//! that a node with a million edges takes no more room than a quiet one.

use std::cmp::Ordering;

use super::super::answer::EdgeName;
use super::super::ids::{IdMap, IdSet};
use super::super::memory::Graph;

/// What of a level there is room for.
pub(super) struct Level {
    /// The edges in order.
    pub(super) edges: Vec<EdgeName>,
    /// Whether there are more.
    pub(super) overflows: bool,
}

/// The best edges met so far.
pub(super) struct Best<'g> {
    graph: &'g Graph,
    room: usize,
    /// Some more than there is room for, each once, with its greatest confidence so far.
    kept: IdMap<EdgeName, f32>,
    /// The last for which there was room when the kept ones were last cut: none after it can be among the best.
    last: Option<(EdgeName, f32)>,
    overflows: bool,
}

impl<'g> Best<'g> {
    /// None yet, and room for so many.
    pub(super) fn new(graph: &'g Graph, room: usize) -> Self {
        Self {
            graph,
            room,
            kept: IdMap::default(),
            last: None,
            overflows: false,
        }
    }

    /// Take an edge that was met with this confidence, unless it is known or there are enough better ones.
    pub(super) fn offer(&mut self, edge: EdgeName, confidence: f32, known: &IdSet<EdgeName>) {
        if let Some(last) = self.last
            && self.order((edge, confidence), last).is_gt()
        {
            return;
        }
        if known.contains(&edge) {
            return;
        }
        if self.room == 0 {
            self.overflows = true;
            return;
        }
        let best = self.kept.entry(edge).or_insert(confidence);
        *best = best.max(confidence);
        if self.kept.len() >= 2 * self.room + 64 {
            self.cut();
        }
    }

    /// The best in order.
    pub(super) fn finish(mut self) -> Level {
        let edges = self.cut();
        Level {
            edges: edges.into_iter().map(|(edge, _)| edge).collect(),
            overflows: self.overflows,
        }
    }

    /// Forget all for which there is no room; what stays, in order.
    fn cut(&mut self) -> Vec<(EdgeName, f32)> {
        let mut edges: Vec<(EdgeName, f32)> = self.kept.drain().collect();
        edges.sort_unstable_by(|a, b| self.order(*a, *b));
        if edges.len() > self.room {
            edges.truncate(self.room);
            self.overflows = true;
            self.last = edges.last().copied();
        }
        self.kept.extend(edges.iter().copied());
        edges
    }

    fn order(&self, (a, strong): (EdgeName, f32), (b, other): (EdgeName, f32)) -> Ordering {
        let by_key = |a: u32, b: u32| self.graph.order(a, b);
        other
            .total_cmp(&strong)
            .then_with(|| by_key(a.from, b.from))
            .then_with(|| by_key(a.to, b.to))
            .then_with(|| a.kind.cmp(&b.kind))
    }
}
