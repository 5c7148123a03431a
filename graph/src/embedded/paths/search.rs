//! Loopless paths in their final order, led by what the rest of a walk costs at least (A*, Hart, Nilsson, Raphael 1968).
//!
//! Unfinished paths wait in a heap by (lower bound, keys so far). A bound never falls along a path and a beginning sorts
//! before what goes on from it, so that a path is taken from the heap only when no better one is left. Of the ways on from
//! a place only the best waits; the next one takes its place when it is taken, which keeps busy nodes cheap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use domain::Key;

use super::super::budget::Budget;
use super::Cost;
use super::ground::Ground;
use super::layers::{Layer, Segment, Stop, Walks};
use super::shortest::Answer;

/// A loopless path.
pub(super) struct Route {
    /// Its nodes in order.
    pub(super) nodes: Vec<u32>,
    /// Its weight.
    pub(super) cost: Cost,
}

/// The part of a path from one given node to the next.
pub(super) struct Leg<'g> {
    segment: Segment<'g>,
    /// The walks of each length from 1.
    walks: Vec<Walks>,
}

impl<'g> Leg<'g> {
    /// With no walks laid yet.
    pub(super) fn new(segment: Segment<'g>) -> Self {
        Self {
            segment,
            walks: Vec::new(),
        }
    }

    /// Lay the walks of the next length.
    pub(super) fn lay(&mut self, length: usize, budget: &mut Budget) -> Option<()> {
        let walks = self.segment.walks(length, budget)?;
        self.walks.push(walks);
        Some(())
    }

    /// Lay the shortest walks in place of all lengths so far; how long they are, if at most `most`.
    pub(super) fn lay_shortest(&mut self, most: usize, budget: &mut Budget) -> Option<Answer<usize>> {
        let Answer::Found(walks) = self.segment.shortest(most, budget)? else {
            return Some(Answer::Nothing);
        };
        let length = walks.length;
        self.walks = (1..length).map(Walks::none).collect();
        self.walks.push(walks);
        Some(Answer::Found(length))
    }

    /// The stop of `node` at a place of the walks of a length.
    fn stop(&self, length: usize, place: usize, node: u32) -> Option<Stop> {
        self.layer(length, place)?.get(node)
    }

    /// Who can be at a place of the walks of a length.
    fn layer(&self, length: usize, place: usize) -> Option<&Layer> {
        let walks = self.walks.get(length.checked_sub(1)?)?;
        self.segment.layer(walks, place)
    }

    /// What the cheapest walk of a length costs.
    fn least(&self, length: usize) -> Option<Cost> {
        self.stop(length, 0, self.segment.start()).map(|stop| stop.rest)
    }
}

/// A way on: what it costs at least from here, and what of that is left after it.
#[derive(Debug, Clone, Copy)]
struct Way {
    cost: Cost,
    rest: Cost,
    node: u32,
}

/// The ways on from a place, best first, shared by all beginnings that lead there.
type Ways = Rc<Vec<Way>>;

/// A beginning of a path.
struct Begun<'g> {
    /// The length of the first leg; the second has the rest.
    split: usize,
    nodes: Vec<u32>,
    keys: Vec<&'g Key>,
    /// What was paid so far.
    paid: Cost,
    /// What was paid before the last step, the ways there were, and which of them the last step took.
    chosen: Option<(Cost, Ways, usize)>,
}

/// The order in the heap; the last is the place of the beginning in the list of them.
type Rank<'g> = (Cost, Vec<&'g Key>, usize);

/// The search over one length.
pub(super) struct Search<'s, 'g> {
    ground: &'s Ground<'g>,
    legs: &'s [Leg<'s>],
    /// What passing through the node between the legs costs.
    charge: Cost,
    length: usize,
    ways: BTreeMap<(usize, usize, u32), Ways>,
    heap: BinaryHeap<Reverse<Rank<'g>>>,
    begun: Vec<Option<Begun<'g>>>,
}

impl<'s, 'g> Search<'s, 'g> {
    /// Over paths of `length` edges, in one leg or two.
    pub(super) fn new(ground: &'s Ground<'g>, legs: &'s [Leg<'s>], charge: Cost, length: usize) -> Self {
        Self {
            ground,
            legs,
            charge,
            length,
            ways: BTreeMap::new(),
            heap: BinaryHeap::new(),
            begun: Vec::new(),
        }
    }

    /// Append the paths in order until there are `limit`; `None` when the budget is spent.
    pub(super) fn run(mut self, limit: usize, routes: &mut Vec<Route>, budget: &mut Budget) -> Option<()> {
        let splits = if self.legs.len() == 1 {
            self.length..=self.length
        } else {
            1..=self.length - 1
        };
        let start = self.legs.first().map(|leg| leg.segment.start())?;
        for split in splits {
            if let Some(stop) = self.stop(split, 0, start) {
                let keys = vec![self.ground.graph.key(start)];
                self.wait(
                    stop.rest,
                    Begun {
                        split,
                        nodes: vec![start],
                        keys,
                        paid: 0,
                        chosen: None,
                    },
                );
            }
        }
        while routes.len() < limit {
            let Some(Reverse((bound, _, place))) = self.heap.pop() else {
                break;
            };
            budget.spend(1)?;
            let Some(begun) = self.begun[place].take() else {
                continue;
            };
            self.next_way(&begun);
            if begun.nodes.len() > self.length {
                routes.push(Route {
                    nodes: begun.nodes,
                    cost: bound,
                });
            } else {
                let ways = self.ways(&begun, budget)?;
                let paid = begun.paid;
                self.go_on(begun.split, (begun.nodes, begun.keys), paid, (ways, 0));
            }
        }
        Some(())
    }

    fn wait(&mut self, bound: Cost, begun: Begun<'g>) {
        self.heap.push(Reverse((bound, begun.keys.clone(), self.begun.len())));
        self.begun.push(Some(begun));
    }

    /// Let the way after the one that was taken wait in its place.
    fn next_way(&mut self, begun: &Begun<'g>) {
        if let Some((paid, ways, taken)) = &begun.chosen {
            let (mut nodes, mut keys) = (begun.nodes.clone(), begun.keys.clone());
            nodes.pop();
            keys.pop();
            self.go_on(begun.split, (nodes, keys), *paid, (ways.clone(), taken + 1));
        }
    }

    /// Take the best way, from a place in the list on, that meets no node again.
    fn go_on(
        &mut self,
        split: usize,
        (mut nodes, mut keys): (Vec<u32>, Vec<&'g Key>),
        paid: Cost,
        (ways, first): (Ways, usize),
    ) {
        let next = ways
            .iter()
            .enumerate()
            .skip(first)
            .find(|(_, way)| !nodes.contains(&way.node));
        if let Some((taken, way)) = next.map(|(taken, way)| (taken, *way)) {
            nodes.push(way.node);
            keys.push(self.ground.graph.key(way.node));
            let begun = Begun {
                split,
                nodes,
                keys,
                paid: paid + way.cost - way.rest,
                chosen: Some((paid, ways, taken)),
            };
            self.wait(paid + way.cost, begun);
        }
    }

    /// The stop of a node at a place of walks split so.
    fn stop(&self, split: usize, place: usize, node: u32) -> Option<Stop> {
        let [first, second] = self.legs else {
            return self.legs.first()?.stop(split, place, node);
        };
        let left = self.length - split;
        if place < split {
            let stop = first.stop(split, place, node)?;
            return Some(Stop {
                rest: stop.rest + self.charge + second.least(left)?,
                ..stop
            });
        }
        let stop = second.stop(left, place - split, node)?;
        Some(if place == split {
            Stop {
                charge: self.charge,
                ..stop
            }
        } else {
            stop
        })
    }

    /// Who can be at a place of walks split so.
    fn layer(&self, split: usize, place: usize) -> Option<&'s Layer> {
        match self.legs {
            [_, second] if place > split => second.layer(self.length - split, place - split),
            [first, ..] => first.layer(split, place),
            [] => None,
        }
    }

    /// The ways on from where a beginning ends.
    fn ways(&mut self, begun: &Begun<'g>, budget: &mut Budget) -> Option<Ways> {
        let place = begun.nodes.len() - 1;
        let node = *begun.nodes.last()?;
        let name = (begun.split, place, node);
        if let Some(ways) = self.ways.get(&name) {
            return Some(ways.clone());
        }
        let steps = match self.layer(begun.split, place + 1) {
            Some(layer) => layer.steps_from(node, self.ground, budget)?,
            None => Vec::new(),
        };
        let mut ways: Vec<Way> = steps
            .into_iter()
            .filter_map(|(node, step)| {
                let stop = self.stop(begun.split, place + 1, node)?;
                Some(Way {
                    cost: step + stop.charge + stop.rest,
                    rest: stop.rest,
                    node,
                })
            })
            .collect();
        ways.sort_unstable_by_key(|way| (way.node, way.cost));
        ways.dedup_by_key(|way| way.node);
        let graph = self.ground.graph;
        ways.sort_unstable_by(|a, b| a.cost.cmp(&b.cost).then_with(|| graph.order(a.node, b.node)));
        let ways = Rc::new(ways);
        self.ways.insert(name, ways.clone());
        Some(ways)
    }
}
