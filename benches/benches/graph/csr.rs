//! The bare structure to compare with: adjacency in two arrays and breadth-first search from both ends. It knows labels and
//! nothing else: no kinds, weights, documents or changes.

use crate::data::Data;

/// Every node's other ends, in one array.
pub(crate) struct Csr {
    starts: Vec<usize>,
    others: Vec<u32>,
    /// For every node the number of the search that reached it, from either end, and how far.
    marks: [Vec<(u32, u8)>; 2],
    search: u32,
}

impl Csr {
    /// Of the edges that the callers see.
    pub(crate) fn of(data: &Data) -> Self {
        let edges = || {
            let visible = (0..data.len()).filter(|node| data.is_visible(*node));
            visible.flat_map(|from| data.targets(from).iter().map(move |to| (from, *to)))
        };
        let count = data.labels.len();
        let mut starts = vec![0; count + 1];
        for (from, to) in edges() {
            starts[from as usize + 1] += 1;
            starts[to as usize + 1] += 1;
        }
        for place in 1..=count {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut others = vec![0; starts[count]];
        for (from, to) in edges() {
            for (here, there) in [(from, to), (to, from)] {
                others[next[here as usize]] = there;
                next[here as usize] += 1;
            }
        }
        let marks = [vec![(0, 0); count], vec![(0, 0); count]];
        Self {
            starts,
            others,
            marks,
            search: 0,
        }
    }

    /// The length of the shortest way, if it has at most `hops` edges.
    pub(crate) fn distance(&mut self, from: u32, to: u32, hops: u8) -> Option<u8> {
        if from == to {
            return Some(0);
        }
        self.search += 1;
        self.marks[0][from as usize] = (self.search, 0);
        self.marks[1][to as usize] = (self.search, 0);
        let (mut frontiers, mut depths) = ([vec![from], vec![to]], [0, 0]);
        while depths[0] + depths[1] < hops {
            let side = usize::from(self.weight(&frontiers[0]) > self.weight(&frontiers[1]));
            depths[side] += 1;
            let found = self.grow(&mut frontiers[side], side, depths[side]);
            if found.is_some() || frontiers[side].is_empty() {
                return found;
            }
        }
        None
    }

    fn weight(&self, frontier: &[u32]) -> usize {
        let length = |node: &u32| self.starts[*node as usize + 1] - self.starts[*node as usize];
        frontier.iter().map(length).sum()
    }

    fn grow(&mut self, frontier: &mut Vec<u32>, side: usize, depth: u8) -> Option<u8> {
        let (mut next, mut found) = (Vec::new(), None::<u8>);
        for node in frontier.iter() {
            for other in &self.others[self.starts[*node as usize]..self.starts[*node as usize + 1]] {
                let (search, there) = self.marks[1 - side][*other as usize];
                if search == self.search {
                    let length = depth + there;
                    found = Some(found.map_or(length, |known| known.min(length)));
                }
                let mark = &mut self.marks[side][*other as usize];
                if mark.0 != self.search {
                    *mark = (self.search, depth);
                    next.push(*other);
                }
            }
        }
        *frontier = next;
        found
    }
}
