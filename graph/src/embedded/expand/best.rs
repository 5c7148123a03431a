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

    /// Whether enough edges are better than any between these nodes can be, with this confidence at most.
    #[inline]
    pub(super) fn is_full_for(&self, (from, to): (u32, u32), confidence: f32) -> bool {
        let is_better = |(last, least): (EdgeName, f32)| {
            let last = ((last.from, last.to), least);
            self.order_by_ends(((from, to), confidence), last).is_gt()
        };
        self.last.is_some_and(is_better)
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
        self.order_by_ends(((a.from, a.to), strong), ((b.from, b.to), other))
            .then_with(|| a.kind.cmp(&b.kind))
    }

    /// The order of edges as far as their kinds do not tell.
    #[inline]
    fn order_by_ends(&self, (a, strong): ((u32, u32), f32), (b, other): ((u32, u32), f32)) -> Ordering {
        let by_key = |a: u32, b: u32| self.graph.order(a, b);
        other
            .total_cmp(&strong)
            .then_with(|| by_key(a.0, b.0))
            .then_with(|| by_key(a.1, b.1))
    }
}

#[cfg(test)]
mod tests {
    use domain::{EdgeKind, Key};

    use super::super::super::answer::EdgeName;
    use super::super::super::ids::IdSet;
    use super::super::super::memory::Graph;
    use super::Best;

    /// A thousand edges of four confidences, each met three times with rising ones, far from their order.
    #[test]
    fn the_best_are_those_of_a_sorted_list_whatever_the_room() {
        let name = |n: u32| EdgeName {
            from: n,
            to: (n * 7 + 1) % 1000,
            kind: EdgeKind::References,
        };
        #[expect(clippy::cast_precision_loss, reason = "below 4")]
        let confidence = |n: u32| (n % 4) as f32 / 4.0;
        let mut graph = Graph::default();
        let keys: Vec<Key> = (0..1000).map(|n| Key::from_raw(&format!("k{n}"))).collect();
        graph.keys.add(keys.into_iter()).expect("new names");
        let known: IdSet<EdgeName> = [name(400)].into_iter().collect();
        let mut sorted: Vec<u32> = (0..1000).filter(|n| *n != 400).collect();
        sorted.sort_by_key(|n| (3 - n % 4, format!("k{n}")));
        for room in [0, 1, 50, 998, 999, 2000] {
            let mut best = Best::new(&graph, room);
            for round in [4.0, 2.0, 1.0] {
                for n in (0..1000).map(|n| n * 387 % 1000) {
                    best.offer(name(n), confidence(n) / round, &known);
                }
            }
            let level = best.finish();
            let wanted: Vec<EdgeName> = sorted.iter().take(room).map(|n| name(*n)).collect();
            assert_eq!(level.edges, wanted, "{room}");
            assert_eq!(level.overflows, room < 999, "{room}");
        }
    }
}
