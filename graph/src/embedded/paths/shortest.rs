//! The shortest ways between two nodes, found from both ends at once, as layers.
//!
//! Levels grow from the end whose next step is the smaller, which is told node by node, a busy one's edges being counted
//! already; so a node with a million edges is met and not gone through where the other end is quieter. The search stops
//! with the step in which the ends meet: nearly all questions for one path end here, without a look at longer walks.

use super::super::budget::Budget;
use super::super::ids::IdSet;
use super::super::marks::Marks;
use super::layers::{Ground, Layer, Stop};
use super::step_cost;

/// What a search within a budget says.
pub(super) enum Answer<T> {
    /// There is this.
    Found(T),
    /// There is none.
    Nothing,
}

/// Levels from both ends up to where they meet.
pub(super) struct Meeting {
    /// For either end the nodes by distance from it.
    levels: [Vec<Vec<u32>>; 2],
    /// The edges between the last levels, from the first end's to the other's.
    across: Vec<(u32, u32)>,
}

impl Meeting {
    /// How many edges a shortest way has.
    pub(super) fn length(&self) -> usize {
        self.levels[0].len() + self.levels[1].len() - 1
    }

    /// Where the ends meet, within so many edges; `None` when the budget is spent.
    pub(super) fn find(
        ground: &Ground<'_>,
        ends: [u32; 2],
        most: usize,
        (marks, budget): (&mut Marks, &mut Budget),
    ) -> Option<Answer<Self>> {
        let mut meeting = Self {
            levels: ends.map(|end| vec![vec![end]]),
            across: Vec::new(),
        };
        for (side, end) in ends.into_iter().enumerate() {
            marks.set(end, side, 0);
        }
        while meeting.length() <= most {
            let side = meeting.lighter(ground, budget)?;
            let next = meeting.step(ground, side, (marks, budget))?;
            if !meeting.across.is_empty() {
                return Some(Answer::Found(meeting));
            }
            if next.is_empty() {
                break;
            }
            meeting.levels[side].push(next);
        }
        Some(Answer::Nothing)
    }

    /// The end whose last level has the fewer edges to follow: node by node, always of the end that has fewer so far.
    fn lighter(&self, ground: &Ground<'_>, budget: &mut Budget) -> Option<usize> {
        let mut rest = [0, 1].map(|side: usize| self.levels[side].last().into_iter().flatten());
        let mut weights = [0, 0];
        loop {
            let side = usize::from(weights[1] < weights[0]);
            let Some(node) = rest[side].next() else {
                return Some(side);
            };
            weights[side] += ground.weigh(*node, budget)?;
        }
    }

    /// The next level from an end; where it meets the other end, the edges across instead.
    fn step(
        &mut self,
        ground: &Ground<'_>,
        side: usize,
        (marks, budget): (&mut Marks, &mut Budget),
    ) -> Option<Vec<u32>> {
        let (mut next, across) = (Vec::new(), &mut self.across);
        let steps = u32::try_from(self.levels[side].len()).ok()?;
        for node in self.levels[side].last()? {
            for half in ground.halves(*node) {
                budget.spend(1)?;
                match marks.get(half.other) {
                    Some((end, _)) if end == side => {}
                    Some(_) if side == 0 => across.push((*node, half.other)),
                    Some(_) => across.push((half.other, *node)),
                    None if across.is_empty() && ground.admits(half.other) => {
                        marks.set(half.other, side, steps);
                        next.push(half.other);
                    }
                    None => {}
                }
            }
        }
        Some(next)
    }

    /// The nodes of all shortest ways by place, each with what the rest of the way costs; `None` when the budget is spent.
    pub(super) fn layers(mut self, ground: &Ground<'_>, budget: &mut Budget) -> Option<Vec<Layer>> {
        let length = self.length();
        let (mut here, mut there): (Vec<u32>, Vec<u32>) = self.across.drain(..).unzip();
        for side in [&mut here, &mut there] {
            side.sort_unstable();
            side.dedup();
        }
        let [before, mut after] = self.levels;
        after.pop();
        // What of the second end's levels the first end reaches.
        let mut places = vec![there];
        while let Some(level) = after.pop() {
            let next = reached(ground, places.last()?, level);
            places.push(next);
        }
        let mut layers = vec![Layer::end(*places.pop()?.first()?, 0)];
        places.reverse();
        let mut before = before;
        before.pop();
        let earlier = before.into_iter().rev();
        for candidates in places.into_iter().chain([here]).chain(earlier) {
            let place = length - layers.len();
            let mut layer = linked(ground, candidates, layers.last()?);
            if place > 0 {
                layer.charge(ground, budget)?;
            }
            layers.push(layer);
        }
        layers.reverse();
        Some(layers)
    }
}

/// The lesser of two sides by the lengths of their lists; what it decides is only how long it takes.
fn is_shorter(ground: &Ground<'_>, one: &[u32], other: impl Iterator<Item = u32>) -> bool {
    let length = |node: u32| ground.graph.at(node).halves.len();
    one.iter().map(|node| length(*node)).sum::<usize>() <= other.map(length).sum()
}

/// What of a level has an edge to one of `from`.
fn reached(ground: &Ground<'_>, from: &[u32], level: Vec<u32>) -> Vec<u32> {
    if is_shorter(ground, &level, from.iter().copied()) {
        let from: IdSet<u32> = from.iter().copied().collect();
        let leads = |node: &u32| ground.halves(*node).any(|half| from.contains(&half.other));
        return level.into_iter().filter(leads).collect();
    }
    let level: IdSet<u32> = level.into_iter().collect();
    let others = from.iter().flat_map(|node| ground.halves(*node)).map(|half| half.other);
    let mut reached: Vec<u32> = others.filter(|other| level.contains(other)).collect();
    reached.sort_unstable();
    reached.dedup();
    reached
}

/// What of `here` has an edge to `there`, with the least that the rest of the way costs.
fn linked(ground: &Ground<'_>, here: Vec<u32>, there: &Layer) -> Layer {
    let mut layer = Layer::default();
    let stop = |node: u32, confidence: f32, next: Stop| Stop {
        node,
        charge: 0,
        rest: step_cost(confidence) + next.charge + next.rest,
    };
    if is_shorter(ground, &here, there.nodes()) {
        for node in here {
            for half in ground.halves(node) {
                if let Some(next) = there.get(half.other) {
                    layer.relax(stop(node, half.manner.confidence, next));
                }
            }
        }
        return layer;
    }
    let here: IdSet<u32> = here.into_iter().collect();
    for next in there.stops() {
        for half in ground.halves(next.node).filter(|half| here.contains(&half.other)) {
            layer.relax(stop(half.other, half.manner.confidence, *next));
        }
    }
    layer
}
