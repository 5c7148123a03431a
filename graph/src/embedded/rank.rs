//! How central nodes are, over what a caller sees and with edges taken both ways: `PageRank` (Page, Brin, Motwani, Winograd
//! 1999), degree and betweenness.
//!
//! Nodes are numbered by their keys and sums run in that order, so that the scores are, to the last bit, a function of the
//! visible facts alone: neither the order in which facts came nor hidden ones can tip a tie.

mod between;
mod communities;

use domain::Key;
use domain::seam::{Community, Measure};

use super::budget::Budget;
use super::memory::Graph;
use super::sight::{Filter, Sight};

pub(crate) const OPERATION: &str = "rank nodes";

const DAMPING: f64 = 0.85;
/// The sum of all changes below which scores count as settled.
const TOLERANCE: f64 = 1e-10;
const ROUNDS: usize = 200;
/// Scores are told to so many steps of one: what remains of the iteration lies below.
const STEPS: f64 = 1e12;

/// The visible nodes, and for each its neighbours over distinct visible edges (start, end, kind).
pub(crate) struct Links {
    keys: Vec<Key>,
    starts: Vec<usize>,
    neighbours: Vec<u32>,
}

impl Links {
    /// Of the visible part of a graph, with the edges that a filter lets through; `None` when nobody waits for it any more.
    pub(crate) fn of(graph: &Graph, (sight, filter): (&Sight, &Filter), budget: &mut Budget) -> Option<Self> {
        let count = graph.keys.len();
        let mut nodes: Vec<u32> = (0..count).filter(|node| graph.is_visible(*node, sight)).collect();
        nodes.sort_unstable_by_key(|node| graph.key(*node));
        budget.spend(u64::from(count))?;
        let mut places = vec![u32::MAX; count as usize];
        for (place, node) in (0..).zip(&nodes) {
            places[*node as usize] = place;
        }
        let mut links = Self {
            keys: Vec::with_capacity(nodes.len()),
            starts: vec![0],
            neighbours: Vec::new(),
        };
        for node in nodes {
            let edges = graph.halves(node, sight).filter(|half| filter.has(graph, *half));
            let mut edges: Vec<(u32, bool, u32)> = edges
                .map(|half| {
                    (
                        places[half.other as usize],
                        half.comes_in(),
                        u32::from(half.manner.code()),
                    )
                })
                .collect();
            budget.spend(u64::try_from(edges.len()).unwrap_or(u64::MAX))?;
            edges.sort_unstable();
            edges.dedup();
            links.neighbours.extend(edges.into_iter().map(|(place, _, _)| place));
            links.starts.push(links.neighbours.len());
            links.keys.push(graph.key(node).clone());
        }
        Some(links)
    }

    /// The best `limit` nodes, equal scores by key; `None` when nobody waits for them any more.
    pub(crate) fn rank(self, measure: Measure, limit: usize, budget: &Budget) -> Option<Vec<(Key, f64)>> {
        let scores = match measure {
            Measure::PageRank => self.page_rank(budget)?,
            Measure::Degree => (0..self.keys.len()).map(|node| self.degree(node)).collect(),
            Measure::Betweenness => between::scores(&self, budget)?,
        };
        let mut ranked: Vec<(Key, f64)> = self
            .keys
            .into_iter()
            .zip(scores)
            .map(|(key, score)| (key, (score * STEPS).round() / STEPS))
            .collect();
        // The sort is stable and the keys ascend already.
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked.truncate(limit);
        Some(ranked)
    }

    /// The communities, largest first; `None` when nobody waits for them any more.
    pub(crate) fn communities(self, limit: usize, budget: &Budget) -> Option<Vec<Community>> {
        communities::find(&self, limit, budget)
    }

    /// The other ends of the edges at a node, ascending; parallel edges come one by one.
    fn neighbours(&self, node: usize) -> &[u32] {
        &self.neighbours[self.starts[node]..self.starts[node + 1]]
    }

    fn degree(&self, node: usize) -> f64 {
        float(self.starts[node + 1] - self.starts[node])
    }

    fn page_rank(&self, budget: &Budget) -> Option<Vec<f64>> {
        let count = self.keys.len();
        let (even, total) = (1.0 / float(count.max(1)), float(self.neighbours.len().max(1)));
        // Without the jumps the scores would be the degrees: not far from the end.
        let mut scores: Vec<f64> = (0..count)
            .map(|node| (1.0 - DAMPING) * even + DAMPING * self.degree(node) / total)
            .collect();
        let mut shares = vec![0.0; count];
        for _ in 0..ROUNDS {
            if budget.is_cancelled() {
                return None;
            }
            let mut alone = 0.0;
            for (node, share) in shares.iter_mut().enumerate() {
                let degree = self.degree(node);
                if degree == 0.0 {
                    alone += scores[node];
                }
                *share = scores[node] / degree.max(1.0);
            }
            let base = (1.0 - DAMPING) * even + DAMPING * alone * even;
            let mut change = 0.0;
            for (node, score) in scores.iter_mut().enumerate() {
                let next = base
                    + DAMPING
                        * self
                            .neighbours(node)
                            .iter()
                            .map(|other| shares[*other as usize])
                            .sum::<f64>();
                change += (next - *score).abs();
                *score = next;
            }
            if change < TOLERANCE {
                break;
            }
        }
        Some(scores)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}
