//! Communities by the Louvain method (Blondel, Guillaume, Lambiotte, Lefebvre 2008): nodes move to the neighbouring
//! community that raises the modularity most, communities become nodes, and so on while it pays. Nodes are gone through in
//! the order of their keys and stay where another place is no better, so that the result follows from the visible facts alone.

use std::collections::BTreeMap;

use domain::seam::Community;

use super::super::budget::Budget;
use super::{Links, float};

/// Members that are named.
const MEMBERS: usize = 100;
/// Passes over all nodes of a level at most.
const PASSES: usize = 10;
/// Levels at most.
const LEVELS: usize = 10;

/// The communities of two nodes or more, largest first; `None` when nobody waits for them any more.
pub(super) fn find(links: &Links, limit: usize, budget: &Budget) -> Option<Vec<Community>> {
    let mut level = Level::of(links);
    let mut member: Vec<u32> = (0..).take(links.keys.len()).collect();
    for _ in 0..LEVELS {
        let (homes, moved) = level.settle(budget)?;
        if !moved {
            break;
        }
        for home in &mut member {
            *home = homes[*home as usize];
        }
        level = level.fold(&homes);
    }
    Some(named(links, &member, limit))
}

/// A graph of nodes or of communities, with the weights of what lies between them.
struct Level {
    starts: Vec<usize>,
    /// Other ends and weights, without loops.
    links: Vec<(u32, f64)>,
    /// For every node the weight of all that touches it, loops twice.
    degrees: Vec<f64>,
    total: f64,
}

impl Level {
    fn of(links: &Links) -> Self {
        let count = links.keys.len();
        let mut level = Self {
            starts: vec![0],
            links: Vec::with_capacity(links.neighbours.len()),
            degrees: (0..count).map(|node| links.degree(node)).collect(),
            total: float(links.neighbours.len()),
        };
        for node in 0..count {
            let others = links.neighbours(node).chunk_by(|a, b| a == b);
            let weighed = others.map(|same| (same[0], float(same.len())));
            level.links.extend(weighed.filter(|(other, _)| *other as usize != node));
            level.starts.push(level.links.len());
        }
        level
    }

    fn links(&self, node: usize) -> &[(u32, f64)] {
        &self.links[self.starts[node]..self.starts[node + 1]]
    }

    /// Move nodes until none gains, or the passes are over: the community of every node, numbered from 0 in the order in
    /// which they are met, and whether any node moved.
    fn settle(&self, budget: &Budget) -> Option<(Vec<u32>, bool)> {
        let count = self.degrees.len();
        let mut homes = Homes {
            of: (0..).take(count).collect(),
            totals: self.degrees.clone(),
            near: vec![0.0; count],
            touched: Vec::new(),
        };
        let mut changed = false;
        for _ in 0..PASSES {
            if budget.is_cancelled() {
                return None;
            }
            let moves = (0..count).filter(|node| homes.place(self, *node)).count();
            changed |= moves > 0;
            // The last few moves cost a pass each and change little.
            if moves * 1000 <= count {
                break;
            }
        }
        Some((renumbered(homes.of), changed))
    }

    /// The graph of communities.
    fn fold(&self, homes: &[u32]) -> Self {
        let count = homes.iter().max().map_or(0, |last| *last as usize + 1);
        let mut members = vec![Vec::new(); count];
        homes
            .iter()
            .zip(0..)
            .for_each(|(home, node)| members[*home as usize].push(node));
        let mut level = Self {
            starts: vec![0],
            links: Vec::new(),
            degrees: Vec::with_capacity(count),
            total: self.total,
        };
        let (mut near, mut touched) = (vec![0.0; count], Vec::new());
        for (nodes, home) in members.iter().zip(0..) {
            for (other, weight) in nodes.iter().flat_map(|node: &usize| self.links(*node)) {
                let there = homes[*other as usize];
                if there != home && near[there as usize] == 0.0 {
                    touched.push(there);
                }
                near[there as usize] += if there == home { 0.0 } else { *weight };
            }
            touched.sort_unstable();
            let links = touched
                .drain(..)
                .map(|there| (there, std::mem::take(&mut near[there as usize])));
            level.links.extend(links);
            level.starts.push(level.links.len());
            level.degrees.push(nodes.iter().map(|node| self.degrees[*node]).sum());
        }
        level
    }
}

/// Which community every node is in.
struct Homes {
    of: Vec<u32>,
    /// For every community the degrees of its nodes.
    totals: Vec<f64>,
    /// The weight between one node and each community, and which of them are not 0: for one node at a time.
    near: Vec<f64>,
    touched: Vec<u32>,
}

impl Homes {
    /// Put a node where the modularity is highest; whether it moved.
    fn place(&mut self, level: &Level, node: usize) -> bool {
        for (other, weight) in level.links(node) {
            let home = self.of[*other as usize];
            if self.near[home as usize] == 0.0 {
                self.touched.push(home);
            }
            self.near[home as usize] += weight;
        }
        let (here, degree) = (self.of[node], level.degrees[node]);
        self.totals[here as usize] -= degree;
        let gain = |home: u32| self.near[home as usize] - degree * self.totals[home as usize] / level.total;
        let mut best = (gain(here), here);
        for home in &self.touched {
            let other = gain(*home);
            if other > best.0 + 1e-9 {
                best = (other, *home);
            }
        }
        self.totals[best.1 as usize] += degree;
        self.of[node] = best.1;
        for home in self.touched.drain(..) {
            self.near[home as usize] = 0.0;
        }
        best.1 != here
    }
}

fn renumbered(mut homes: Vec<u32>) -> Vec<u32> {
    let mut numbers = vec![u32::MAX; homes.len()];
    let mut next = 0;
    for home in &mut homes {
        let number = &mut numbers[*home as usize];
        if *number == u32::MAX {
            *number = next;
            next += 1;
        }
        *home = *number;
    }
    homes
}

fn named(links: &Links, member: &[u32], limit: usize) -> Vec<Community> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (node, home) in member.iter().enumerate() {
        groups.entry(*home).or_default().push(node);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|nodes| nodes.len() > 1).collect();
    for nodes in &mut groups {
        // The numbers follow the keys and the sort is stable.
        nodes.sort_by(|a, b| links.degree(*b).total_cmp(&links.degree(*a)));
    }
    groups.sort_by_key(|nodes| (std::cmp::Reverse(nodes.len()), nodes[0]));
    let shown = groups.into_iter().take(limit).map(|nodes| Community {
        size: u64::try_from(nodes.len()).expect("a count fits 64 bits"),
        members: nodes
            .iter()
            .take(MEMBERS)
            .map(|node| links.keys[*node].clone())
            .collect(),
    });
    shown.collect()
}
