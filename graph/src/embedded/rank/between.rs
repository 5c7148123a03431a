//! Betweenness by Brandes' algorithm (2001), from every node of a small graph and from a sample of a large one (Brandes
//! and Pich 2007). The sample is spread evenly over the nodes in an order that a fixed seed shuffles.

use super::super::budget::Budget;
use super::{Links, float};

/// Edge ends looked at, about: how many nodes are started from follows from it.
const WORK: usize = 400_000_000;
/// The fewest nodes started from, where there are so many.
const LEAST: usize = 8;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// For every node the share of shortest ways that pass it, summed over all pairs; `None` when nobody waits for it any more.
pub(super) fn scores(links: &Links, budget: &Budget) -> Option<Vec<f64>> {
    let count = links.keys.len();
    let ends = links.neighbours.len() + count;
    let samples = (WORK / ends.max(1)).max(LEAST).min(count);
    let mut walk = Walk::new(count);
    let mut scores = vec![0.0; count];
    for start in chosen(count, samples) {
        if budget.is_cancelled() {
            return None;
        }
        walk.spread(links, start);
        walk.gather(links, &mut scores);
    }
    // Every pair was met from both its ends.
    let scale = float(count) / float(samples.max(1)) / 2.0;
    for score in &mut scores {
        *score *= scale;
    }
    Some(scores)
}

/// So many different numbers below `count`, the same every time, ascending: a Fisher-Yates shuffle begun.
fn chosen(count: usize, samples: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    let mut state = SEED;
    for place in 0..samples.min(count) {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(SEED);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let left = u64::try_from(count - place).expect("a count fits 64 bits");
        let step = usize::try_from((mixed ^ mixed >> 31) % left).expect("below a count");
        all.swap(place, place + step);
    }
    all.truncate(samples);
    all.sort_unstable();
    all
}

/// A walk from one node over all others, level by level; its memory serves all walks.
struct Walk {
    /// The nodes in the order in which they were reached.
    order: Vec<u32>,
    /// For every node its distance from the start; `u32::MAX` where it was not reached.
    distance: Vec<u32>,
    /// For every node the number of shortest ways from the start.
    ways: Vec<f64>,
    /// For every node what ways beyond it are worth.
    worth: Vec<f64>,
}

impl Walk {
    fn new(count: usize) -> Self {
        Self {
            order: Vec::with_capacity(count),
            distance: vec![u32::MAX; count],
            ways: vec![0.0; count],
            worth: vec![0.0; count],
        }
    }

    /// Count the shortest ways from a node to all others.
    fn spread(&mut self, links: &Links, start: usize) {
        for node in self.order.drain(..) {
            let node = node as usize;
            (self.distance[node], self.ways[node], self.worth[node]) = (u32::MAX, 0.0, 0.0);
        }
        (self.distance[start], self.ways[start]) = (0, 1.0);
        self.order.push(u32::try_from(start).expect("nodes have 32 bits"));
        let mut next = 0;
        while let Some(node) = self.order.get(next).copied() {
            next += 1;
            let (distance, ways) = (self.distance[node as usize], self.ways[node as usize]);
            for other in distinct(links, node) {
                let there = &mut self.distance[other as usize];
                if *there == u32::MAX {
                    *there = distance + 1;
                    self.order.push(other);
                }
                if *there == distance + 1 {
                    self.ways[other as usize] += ways;
                }
            }
        }
    }

    /// Add to every node's score what the ways from the start are worth that pass it.
    fn gather(&mut self, links: &Links, scores: &mut [f64]) {
        for node in self.order.iter().rev().copied() {
            let here = node as usize;
            let before = distinct(links, node).filter(|other| self.distance[*other as usize] < self.distance[here]);
            let share = (1.0 + self.worth[here]) / self.ways[here];
            for other in before {
                self.worth[other as usize] += self.ways[other as usize] * share;
            }
            if self.distance[here] > 0 {
                scores[here] += self.worth[here];
            }
        }
    }
}

/// The other nodes beside a node, each once.
fn distinct(links: &Links, node: u32) -> impl Iterator<Item = u32> {
    let neighbours = links.neighbours(node as usize);
    let before = [u32::MAX].into_iter().chain(neighbours.iter().copied());
    let pairs = before.zip(neighbours.iter().copied());
    pairs
        .filter(move |(before, other)| before != other && *other != node)
        .map(|(_, other)| other)
}
