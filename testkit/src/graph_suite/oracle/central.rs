//! How central nodes are, by brute force.

use std::collections::{BTreeMap, BTreeSet};

use domain::Key;
use domain::seam::{EdgeFilter, Measure, Ranking, Scope};

use super::{Name, Oracle};

impl Oracle {
    /// Every visible node with its `PageRank`, by key.
    pub fn scores(&self, scope: &Scope) -> BTreeMap<Key, f64> {
        self.central(&super::super::ranking(Measure::PageRank, scope.clone()))
    }

    /// Every visible node with its score, by key.
    pub fn central(&self, ranking: &Ranking) -> BTreeMap<Key, f64> {
        let keys: Vec<Key> = self.keys(&ranking.scope).into_iter().collect();
        let distinct: BTreeSet<Name> = self
            .edges(&ranking.scope, &ranking.edges)
            .map(|edge| (edge.from.clone(), edge.to.clone(), edge.kind))
            .collect();
        let place = |key: &Key| keys.binary_search(key).expect("an edge's ends are nodes");
        let mut links = vec![Vec::new(); keys.len()];
        for (from, to, _) in &distinct {
            links[place(from)].push(place(to));
            links[place(to)].push(place(from));
        }
        let scores = match ranking.measure {
            Measure::PageRank => page_rank(&links),
            Measure::Degree => links.iter().map(|targets| float(targets.len())).collect(),
            Measure::Betweenness => betweenness(&links),
        };
        keys.into_iter().zip(scores).collect()
    }

    /// The keys of visible nodes with a visible edge to another one.
    pub fn touched(&self, scope: &Scope) -> BTreeSet<Key> {
        let every = EdgeFilter::default();
        let tied = self.edges(scope, &every).filter(|edge| edge.from != edge.to);
        tied.flat_map(|edge| [edge.from.clone(), edge.to.clone()]).collect()
    }
}

fn page_rank(links: &[Vec<usize>]) -> Vec<f64> {
    let count = float(links.len().max(1));
    let mut scores = vec![1.0 / count; links.len()];
    for _ in 0..400 {
        let mut next = vec![0.15 / count; links.len()];
        for (node, targets) in links.iter().enumerate() {
            let everywhere: Vec<usize> = (0..links.len()).collect();
            let targets = if targets.is_empty() { &everywhere } else { targets };
            let share = 0.85 * scores[node] / float(targets.len());
            for target in targets {
                next[*target] += share;
            }
        }
        scores = next;
    }
    scores
}

/// For every pair the share of the shortest ways that pass each other node, all of them walked.
fn betweenness(links: &[Vec<usize>]) -> Vec<f64> {
    let links: Vec<BTreeSet<usize>> = links.iter().map(|targets| targets.iter().copied().collect()).collect();
    let mut scores = vec![0.0; links.len()];
    for (from, to) in (0..links.len()).flat_map(|to| (0..to).map(move |from| (from, to))) {
        let ways = shortest(&links, from, to);
        for way in &ways {
            for node in &way[1..way.len() - 1] {
                scores[*node] += 1.0 / float(ways.len());
            }
        }
    }
    scores
}

/// Every shortest way between two nodes.
fn shortest(links: &[BTreeSet<usize>], from: usize, to: usize) -> Vec<Vec<usize>> {
    let (mut ways, mut met) = (vec![vec![from]], BTreeSet::from([from]));
    while !ways.is_empty() {
        let arrived: Vec<Vec<usize>> = ways.iter().filter(|way| way.last() == Some(&to)).cloned().collect();
        if !arrived.is_empty() {
            return arrived;
        }
        let mut longer = Vec::new();
        for way in &ways {
            for next in links[way[way.len() - 1]].iter().filter(|next| !met.contains(next)) {
                longer.push(way.iter().copied().chain([*next]).collect::<Vec<_>>());
            }
        }
        met.extend(longer.iter().filter_map(|way| way.last().copied()));
        ways = longer;
    }
    Vec::new()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small graph"))
}
