//! What surrounds a node: level by level outwards, the strongest edges of a level first.

mod best;

use std::collections::BTreeSet;

use domain::seam::{Direction, Expansion};
use domain::{Error, ErrorKind, Result};

use self::best::{Best, Level};
use super::answer::{EdgeName, Shape};
use super::budget::{Budget, cancelled};
use super::half::Slot;
use super::ids::IdSet;
use super::memory::Graph;
use super::sight::{Filter, Sight, Tally};

pub(crate) const OPERATION: &str = "expand node";

/// Visible ends of edges looked at.
pub(crate) const BUDGET: u64 = 4_000_000;
/// Edges returned at most, whatever the limit.
const MAX_EDGES: usize = 10_000;

/// Refuse what is out of bounds.
pub(crate) fn check(expansion: &Expansion) -> Result<()> {
    if !(1..=8).contains(&expansion.hops) {
        return Err(Error::invalid(OPERATION, format!("{} hops", expansion.hops)).with_hint("give 1 to 8 hops"));
    }
    if expansion.limit == 0 {
        return Err(Error::invalid(OPERATION, "a limit of no edges").with_hint("give a limit of 1 or more"));
    }
    Ok(())
}

/// Collect edges until the limit, the last hop, or the end of the budget: then the levels that are complete count.
pub(crate) fn plan(graph: &Graph, expansion: &Expansion, budget: &mut Budget) -> Result<Shape<bool>> {
    let sight = graph.sight(&expansion.scope);
    let middle = graph.must_resolve(OPERATION, &expansion.node, &sight)?;
    let limit = expansion.limit.min(MAX_EDGES);
    let filter = graph.filter(&expansion.edges);
    let mut walk = Walk::new(graph, (&sight, &filter), expansion.direction, middle);
    let (mut picked, mut truncated) = (Vec::new(), false);
    for hop in 0..expansion.hops {
        let Some(level) = walk.level(limit - picked.len(), budget) else {
            if budget.is_cancelled() {
                return Err(cancelled(OPERATION));
            }
            if hop == 0 {
                return Err(too_busy());
            }
            truncated = true;
            break;
        };
        truncated = level.overflows;
        picked.extend(level.edges);
        if truncated {
            break;
        }
    }
    let mut nodes: BTreeSet<_> = picked
        .iter()
        .flat_map(|edge| [edge.from, edge.to])
        .map(|node| (graph.key(node), node))
        .collect();
    nodes.remove(&(graph.key(middle), middle));
    let mut shape = Shape::new(graph, truncated, (sight, filter));
    shape.want_node(graph, middle);
    for (_, node) in nodes {
        shape.want_node(graph, node);
    }
    shape.want_edges(graph, &picked);
    Ok(shape)
}

fn too_busy() -> Error {
    Error::new(
        ErrorKind::Exhausted,
        OPERATION,
        "the node has too many edges to look at",
    )
    .with_hint("ask for some kinds of edges, or for one direction")
}

fn goes(direction: Direction, slot: Slot) -> bool {
    match direction {
        Direction::Out => !slot.comes_in(),
        Direction::In => slot.comes_in(),
        Direction::Both => true,
    }
}

/// A walk outwards.
struct Walk<'g> {
    graph: &'g Graph,
    sight: &'g Sight,
    filter: &'g Filter,
    direction: Direction,
    frontier: Vec<u32>,
    reached: IdSet<u32>,
    known: IdSet<EdgeName>,
}

impl<'g> Walk<'g> {
    fn new(graph: &'g Graph, (sight, filter): (&'g Sight, &'g Filter), direction: Direction, middle: u32) -> Self {
        let reached = std::iter::once(middle).collect();
        Self {
            graph,
            sight,
            filter,
            direction,
            frontier: vec![middle],
            reached,
            known: IdSet::default(),
        }
    }

    /// The edges that lead on from the frontier and were not met before, each with its greatest confidence, as far as there
    /// is room. Where there is not, the walk ends and its frontier means nothing. `None` when the budget is spent.
    fn level(&mut self, room: usize, budget: &mut Budget) -> Option<Level> {
        let mut best = Best::new(self.graph, room);
        let (graph, sight, filter, direction) = (self.graph, self.sight, self.filter, self.direction);
        for node in std::mem::take(&mut self.frontier) {
            // A tally counts both directions.
            let tally = graph
                .tally(node, (sight, filter))
                .filter(|_| direction == Direction::Both);
            let halves = &graph.at(node).halves;
            budget.look(halves.len())?;
            budget.spend(tally.map_or(0, |tally| tally.count))?;
            for slot in halves.iter().filter(|slot| goes(direction, **slot)) {
                // Of a busy node most edges cannot be among the best, which is told sooner than whether they are seen.
                let is_hopeless = |tally: Tally| best.is_full_for(slot.ends(node), tally.strongest);
                if slot.other != node && tally.is_some_and(is_hopeless) {
                    continue;
                }
                let Some(half) = graph.see(*slot, sight).filter(|half| filter.has(graph, *half)) else {
                    continue;
                };
                budget.spend(u64::from(tally.is_none() && half.other != node))?;
                let ((from, to), kind) = (slot.ends(node), half.manner.kind());
                best.offer(EdgeName { from, to, kind }, half.manner.confidence, &self.known);
            }
        }
        let level = best.finish();
        for edge in &level.edges {
            self.known.insert(*edge);
            for end in [edge.from, edge.to] {
                if self.reached.insert(end) {
                    self.frontier.push(end);
                }
            }
        }
        Some(level)
    }
}
