//! The shortest ways between two nodes, found from both ends at once, as layers.
//!
//! Levels grow from the end whose next step is about the smaller. The edges of a busy node lie in the order of their other
//! ends, so that the nodes of the other end are looked up among them: a node with a million edges is met and not gone
//! through, though it is counted once where a time is asked about or a document is revoked. The search stops with the step
//! in which the ends meet: nearly all questions for one path end here, without a look at longer walks.

use super::super::budget::Budget;
use super::super::marks::Marks;
use super::ground::Ground;
use super::layers::{Layer, Stop};

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

    /// The end whose last level has about the fewer edges to follow.
    fn lighter(&self, ground: &Ground<'_>, budget: &mut Budget) -> Option<usize> {
        let mut weights = [0, 0];
        for (weight, levels) in weights.iter_mut().zip(&self.levels) {
            for node in levels.last().into_iter().flatten() {
                *weight += ground.guess(*node, budget)?;
            }
        }
        Some(usize::from(weights[1] < weights[0]))
    }

    /// The next level from an end; where it meets the other end, the edges across are noted and it means nothing.
    ///
    /// The edges of busy nodes come last: first the other end's nodes are looked up among them, and where the ends meet
    /// so, or met before, the others are of no interest.
    fn step(
        &mut self,
        ground: &Ground<'_>,
        side: usize,
        (marks, budget): (&mut Marks, &mut Budget),
    ) -> Option<Vec<u32>> {
        let level = std::mem::take(self.levels[side].last_mut()?);
        let facing = self.levels[1 - side].last()?;
        let steps = u32::try_from(self.levels[side].len()).ok()?;
        let is_busy = |node: &u32| {
            ground
                .busy(*node)
                .is_some_and(|count| ground.graph.tuning.is_looked_up(count, facing.len()))
        };
        let (busy, quiet): (Vec<u32>, Vec<u32>) = level.iter().partition(|node| is_busy(node));
        let mut reach = Reach {
            ground,
            side,
            steps,
            next: Vec::new(),
            across: &mut self.across,
        };
        for node in &quiet {
            reach.go_through(*node, (marks, budget))?;
        }
        for node in &busy {
            reach.look_up(*node, facing, budget)?;
        }
        if reach.across.is_empty() {
            for node in &busy {
                reach.go_through(*node, (marks, budget))?;
            }
        }
        let next = reach.next;
        *self.levels[side].last_mut()? = level;
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
            let next = reached(ground, places.last()?, &level, budget)?;
            places.push(next);
        }
        let mut layers = vec![Layer::end(*places.pop()?.first()?, 0)];
        places.reverse();
        let mut before = before;
        before.pop();
        let earlier = before.into_iter().rev();
        for candidates in places.into_iter().chain([here]).chain(earlier) {
            let place = length - layers.len();
            let mut layer = linked(ground, &candidates, layers.last()?, budget)?;
            if place > 0 {
                layer.charge(ground, budget)?;
            }
            layers.push(layer);
        }
        layers.reverse();
        Some(layers)
    }
}

/// A step outwards from one end.
struct Reach<'s, 'g> {
    ground: &'s Ground<'g>,
    side: usize,
    /// How far from the end the next level is.
    steps: u32,
    next: Vec<u32>,
    /// The edges that meet the other end, from the first end's nodes to the other's.
    across: &'s mut Vec<(u32, u32)>,
}

impl Reach<'_, '_> {
    /// Follow all edges of a node.
    fn go_through(&mut self, node: u32, (marks, budget): (&mut Marks, &mut Budget)) -> Option<()> {
        let halves = &self.ground.graph.at(node).halves;
        budget.look(halves.len())?;
        for slot in halves {
            let mark = marks.get(slot.other);
            let known = mark.is_some_and(|(end, _)| end == self.side);
            if known || !self.ground.follows(node, *slot) {
                continue;
            }
            if mark.is_some() {
                self.meet(node, slot.other);
            } else if self.ground.admits(slot.other) {
                marks.set(slot.other, self.side, self.steps);
                self.next.push(slot.other);
            }
            budget.spend(1)?;
        }
        Some(())
    }

    /// Look up nodes of the other end among the edges of a node.
    fn look_up(&mut self, node: u32, facing: &[u32], budget: &mut Budget) -> Option<()> {
        budget.spend(u64::try_from(facing.len()).ok()?)?;
        for other in facing {
            if self.ground.halves_to(node, *other).next().is_some() {
                self.meet(node, *other);
            }
        }
        Some(())
    }

    fn meet(&mut self, node: u32, other: u32) {
        self.across
            .push(if self.side == 0 { (node, other) } else { (other, node) });
    }
}

/// What of a level has an edge to one of `from`.
fn reached(ground: &Ground<'_>, from: &[u32], level: &[u32], budget: &mut Budget) -> Option<Vec<u32>> {
    let mut reached = Vec::new();
    ground.link(level, from, budget, |node, _, _| reached.push(node))?;
    reached.sort_unstable();
    reached.dedup();
    Some(reached)
}

/// What of `here` has an edge to `there`, with the least that the rest of the way costs.
fn linked(ground: &Ground<'_>, here: &[u32], there: &Layer, budget: &mut Budget) -> Option<Layer> {
    let mut layer = Layer::default();
    ground.link(here, &there.nodes(), budget, |node, to, step| {
        if let Some(next) = there.get(to) {
            layer.relax(Stop {
                node,
                charge: 0,
                rest: step + next.charge + next.rest,
            });
        }
    })?;
    Some(layer)
}
