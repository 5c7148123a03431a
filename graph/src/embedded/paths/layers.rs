//! Walks of an exact length between two nodes, as layers: who can be at which place, and what the rest of the way costs.
//!
//! Layers grow from both ends, the lighter one first, until one edge is missing between them; the edges across are then
//! looked up from the lighter side. So a length of 7 takes two balls of radius 3 and never one of radius 7. Walks may
//! meet a node twice, which only makes the cost of the rest a lower bound for paths.

use super::super::budget::Budget;
use super::super::ids::IdMap;
use super::super::marks::Marks;
use super::ground::{Ground, step};
use super::shortest::{Answer, Meeting};
use super::{Cost, busy_charge};

/// A node at a place on a walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Which node.
    pub(super) node: u32,
    /// What passing through it costs; nothing at the ends.
    pub(super) charge: Cost,
    /// What the rest of the way costs at least. Unset in layers that grow forward.
    pub(super) rest: Cost,
}

/// The nodes that can be at a place.
#[derive(Debug, Default)]
pub(super) struct Layer {
    stops: Vec<Stop>,
    places: IdMap<u32, usize>,
    /// Edges to follow from all of them.
    weight: u64,
}

impl Layer {
    /// The node at an end.
    pub(super) fn end(node: u32, weight: u64) -> Self {
        let mut layer = Self {
            weight,
            ..Self::default()
        };
        layer.relax(Stop {
            node,
            charge: 0,
            rest: 0,
        });
        layer
    }

    /// The stop at a node.
    pub(super) fn get(&self, node: u32) -> Option<Stop> {
        self.places.get(&node).map(|place| self.stops[*place])
    }

    /// Where steps from a node into it lead, and what each costs.
    pub(super) fn steps_from(&self, node: u32, ground: &Ground<'_>, budget: &mut Budget) -> Option<Vec<(u32, Cost)>> {
        let steps: Vec<(u32, Cost)> = if ground.is_looked_up(node, self.stops.len()) {
            let to = |stop: &Stop| ground.halves_to(node, stop.node);
            self.stops.iter().flat_map(to).map(step).collect()
        } else {
            let into = ground.halves(node).filter(|half| self.places.contains_key(&half.other));
            into.map(step).collect()
        };
        budget.spend(u64::try_from(steps.len()).ok()?)?;
        Some(steps)
    }

    /// The nodes of all stops.
    pub(super) fn nodes(&self) -> Vec<u32> {
        self.stops.iter().map(|stop| stop.node).collect()
    }

    /// Find out what passing through each costs.
    pub(super) fn charge(&mut self, ground: &Ground<'_>, budget: &mut Budget) -> Option<()> {
        for stop in &mut self.stops {
            stop.charge = ground.charge(stop.node, budget)?;
        }
        Some(())
    }

    /// Keep the lesser cost for a node.
    pub(super) fn relax(&mut self, stop: Stop) {
        let place = *self.places.entry(stop.node).or_insert(self.stops.len());
        match self.stops.get_mut(place) {
            Some(known) => known.rest = known.rest.min(stop.rest),
            None => self.stops.push(stop),
        }
    }
}

/// The walks of one length: the layers from the start that were pruned, then those from the end as they grew.
pub(super) struct Walks {
    /// The places 0 to `pruned.len() - 1`; none where there are no walks.
    pruned: Vec<Layer>,
    /// How many edges they have.
    pub(super) length: usize,
}

impl Walks {
    /// None of this length.
    pub(super) fn none(length: usize) -> Self {
        Self {
            pruned: Vec::new(),
            length,
        }
    }
}

/// The layers between two nodes.
pub(super) struct Segment<'g> {
    ground: &'g Ground<'g>,
    barred: Vec<u32>,
    forward: Vec<Layer>,
    backward: Vec<Layer>,
    /// Whether a side has nowhere to go on to.
    dead: bool,
}

impl<'g> Segment<'g> {
    /// Between `from` and `to`; none of `barred`, which holds both, is met on the way.
    pub(super) fn new(ground: &'g Ground<'g>, from: u32, to: u32, barred: &[u32]) -> Self {
        let (forward, backward) = (vec![Layer::end(from, 0)], vec![Layer::end(to, 0)]);
        Self {
            ground,
            barred: barred.to_vec(),
            forward,
            backward,
            dead: false,
        }
    }

    /// Where all walks begin.
    pub(super) fn start(&self) -> u32 {
        self.forward[0].stops[0].node
    }

    /// The walks of the least length, at most `most`: the shortest ways. `None` when the
    /// budget is spent.
    pub(super) fn shortest(&self, most: usize, budget: &mut Budget) -> Option<Answer<Walks>> {
        let ends = [self.start(), self.backward[0].stops[0].node];
        let graph = self.ground.graph;
        let find = |marks: &mut Marks, budget: &mut Budget| Meeting::find(self.ground, ends, most, (marks, budget));
        let Answer::Found(meeting) = graph.marks.with(graph.nodes.len(), |marks| find(marks, budget))? else {
            return Some(Answer::Nothing);
        };
        let length = meeting.length();
        let pruned = meeting.layers(self.ground, budget)?;
        Some(Answer::Found(Walks { pruned, length }))
    }

    /// The walks of exactly `length` edges, in order of length.
    /// `None` when the budget is spent.
    pub(super) fn walks(&mut self, length: usize, budget: &mut Budget) -> Option<Walks> {
        if self.forward.len() + self.backward.len() == 2 {
            for layer in [&mut self.forward[0], &mut self.backward[0]] {
                layer.weight = self.ground.weigh(layer.stops[0].node, budget)?;
            }
        }
        while !self.dead && self.forward.len() + self.backward.len() < length + 1 {
            self.grow(budget)?;
        }
        if self.dead {
            return Some(Walks::none(length));
        }
        let across = self.across(budget)?;
        if across.stops.is_empty() {
            return Some(Walks::none(length));
        }
        let mut pruned = vec![across];
        for place in (0..self.forward.len() - 1).rev() {
            let before = self.before(place, pruned.last().expect("it begins with one"), budget)?;
            pruned.push(before);
        }
        pruned.reverse();
        Some(Walks { pruned, length })
    }

    /// Who can be at a place of these walks.
    pub(super) fn layer<'a>(&'a self, walks: &'a Walks, place: usize) -> Option<&'a Layer> {
        if walks.pruned.is_empty() {
            return None;
        }
        let pruned = walks.pruned.get(place);
        pruned.or_else(|| self.backward.get(walks.length.checked_sub(place)?))
    }

    /// Add a layer to the lighter side.
    fn grow(&mut self, budget: &mut Budget) -> Option<()> {
        let weight = |side: &[Layer]| side.last().map_or(0, |layer| layer.weight);
        let side = if weight(&self.forward) <= weight(&self.backward) {
            &mut self.forward
        } else {
            &mut self.backward
        };
        let mut next = Layer::default();
        for stop in side.last().into_iter().flat_map(|layer| &layer.stops) {
            for (node, step) in self.ground.steps(stop.node, budget)? {
                if !self.barred.contains(&node) && (next.places.contains_key(&node) || self.ground.admits(node)) {
                    next.relax(Stop {
                        node,
                        charge: 0,
                        rest: step + stop.charge + stop.rest,
                    });
                }
            }
        }
        for stop in &mut next.stops {
            let weight = self.ground.weigh(stop.node, budget)?;
            stop.charge = busy_charge(weight);
            next.weight += weight;
        }
        self.dead = next.stops.is_empty();
        side.push(next);
        Some(())
    }

    /// The last layer forward, as far as an edge leads from there to the last layer backward.
    fn across(&self, budget: &mut Budget) -> Option<Layer> {
        let (Some(here), Some(there)) = (self.forward.last(), self.backward.last()) else {
            return Some(Layer::default());
        };
        self.link(here, there, budget)
    }

    /// The forward layer at `place`, as far as it leads to `after`.
    fn before(&self, place: usize, after: &Layer, budget: &mut Budget) -> Option<Layer> {
        self.link(&self.forward[place], after, budget)
    }

    /// What of `here` has an edge to `there`.
    fn link(&self, here: &Layer, there: &Layer, budget: &mut Budget) -> Option<Layer> {
        let mut layer = Layer::default();
        self.ground
            .link(&here.nodes(), &there.nodes(), budget, |from, to, step| {
                if let (Some(stop), Some(next)) = (here.get(from), there.get(to)) {
                    layer.relax(Stop {
                        rest: step + next.charge + next.rest,
                        ..stop
                    });
                }
            })?;
        Some(layer)
    }
}
