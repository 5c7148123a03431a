//! The best loopless paths between two nodes: fewest edges first, then least weight, then the smallest keys.
//!
//! The shortest are found from both ends at once ([`shortest`]); where more are wanted, or a node lies between, then
//! for one length after the other, walks of exactly that length are laid out in layers from both ends ([`layers`]); what
//! a walk costs from any place to its end then leads a best-first search ([`search`]), which meets loopless paths in
//! their final order and stops at the last one wanted. Steps between the same two nodes are one step, the strongest.

mod ground;
mod layers;
mod search;
mod shortest;

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{EdgeView, Path, PathQuery};
use domain::{Error, ErrorKind, Key, Result};

use self::ground::Ground;
use self::layers::Segment;
use self::search::{Leg, Route, Search};
use self::shortest::Answer;
use super::answer::{EdgeName, Shape};
use super::budget::{Budget, cancelled};
use super::memory::Graph;

pub(crate) const OPERATION: &str = "find paths";

/// Visible ends of edges looked at.
pub(crate) const BUDGET: u64 = 16_000_000;

/// Weights are counted in millionths, so that sums do not depend on their order.
type Cost = u64;
const ONE: f32 = 1e6;

/// What a step over an edge costs: `1 - confidence/2`.
fn step_cost(confidence: f32) -> Cost {
    millionths((1.0 - f64::from(confidence) / 2.0) * f64::from(ONE))
}

/// What passing through a node costs: a fiftieth for every binary digit of the number of visible assertions of the kinds
/// asked for that touch it, loops left out. A node of 1,000 costs 0.2, one of a million 0.4.
fn busy_charge(assertions: u64) -> Cost {
    20_000 * Cost::from(u64::BITS - assertions.leading_zeros())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between half a million and a million"
)]
fn millionths(cost: f64) -> Cost {
    cost.round() as Cost
}

/// Refuse what is out of bounds.
pub(crate) fn check(query: &PathQuery) -> Result<()> {
    if !(1..=8).contains(&query.max_hops) {
        return Err(
            Error::invalid(OPERATION, format!("paths of {} edges", query.max_hops)).with_hint("give 1 to 8 hops")
        );
    }
    if !(1..=50).contains(&query.limit) {
        return Err(
            Error::invalid(OPERATION, format!("a limit of {} paths", query.limit)).with_hint("give a limit of 1 to 50")
        );
    }
    Ok(())
}

/// A path whose edges are still to be fetched.
pub(crate) struct Found {
    nodes: Vec<Key>,
    /// Places in the list of edges wanted.
    edges: Vec<usize>,
    cost: Cost,
}

impl Found {
    /// With its edges.
    pub(crate) fn show(self, edges: &[EdgeView]) -> Path {
        #[expect(clippy::cast_precision_loss, reason = "a few millions")]
        let weight = self.cost as f32 / ONE;
        Path {
            nodes: self.nodes,
            edges: self.edges.into_iter().map(|place| edges[place].clone()).collect(),
            weight,
        }
    }
}

/// Find the paths.
pub(crate) fn plan(graph: &Graph, query: &PathQuery, budget: &mut Budget) -> Result<Shape<Vec<Found>>> {
    let sight = graph.sight(&query.scope);
    let from = graph.must_resolve(OPERATION, &query.from, &sight)?;
    let to = graph.must_resolve(OPERATION, &query.to, &sight)?;
    let through = match &query.through {
        Some(name) => Some(graph.must_resolve(OPERATION, name, &sight)?).filter(|node| *node != from && *node != to),
        None => None,
    };
    let filter = graph.filter(&query.edges);
    let ground = Ground::new(graph, (&sight, &filter), &query.nodes);
    let mut routes = Vec::new();
    let whole = find(&ground, [from, to], through, query, (&mut routes, budget));
    if whole.is_none() {
        if budget.is_cancelled() {
            return Err(cancelled(OPERATION));
        }
        // The paths that were found are the best ones, in order; only how they go on is not known.
        if routes.is_empty() {
            return Err(Error::new(
                ErrorKind::Exhausted,
                OPERATION,
                "too many edges lie between the two nodes",
            )
            .with_hint("allow fewer hops, or only some kinds of edges"));
        }
    }
    let steps = strongest(&ground, &routes);
    let names: Vec<EdgeName> = steps.values().copied().collect();
    let places: BTreeMap<EdgeName, usize> = names.iter().copied().zip(0..).collect();
    let found = routes.into_iter().map(|route| Found {
        nodes: route.nodes.iter().map(|node| graph.key(*node).clone()).collect(),
        edges: pairs(&route.nodes).map(|pair| places[&steps[&pair]]).collect(),
        cost: route.cost,
    });
    let found: Vec<Found> = found.collect();
    let mut shape = Shape::new(graph, found, (sight, filter));
    shape.want_edges(graph, &names);
    Ok(shape)
}

/// Collect routes length by length; `None` when the budget is spent.
fn find(
    ground: &Ground<'_>,
    [from, to]: [u32; 2],
    through: Option<u32>,
    query: &PathQuery,
    (routes, budget): (&mut Vec<Route>, &mut Budget),
) -> Option<()> {
    if from == to {
        // The only loopless path from a node to itself has no edge.
        routes.extend(through.is_none().then(|| Route {
            nodes: vec![from],
            cost: 0,
        }));
        return Some(());
    }
    if through.is_some_and(|middle| !ground.admits(middle)) {
        return Some(());
    }
    let ends: Vec<u32> = [from, to].into_iter().chain(through).collect();
    let mut legs: Vec<Leg<'_>> = match through {
        Some(middle) => vec![
            Leg::new(Segment::new(ground, from, middle, &ends)),
            Leg::new(Segment::new(ground, middle, to, &ends)),
        ],
        None => vec![Leg::new(Segment::new(ground, from, to, &ends))],
    };
    let charge = match through {
        Some(middle) => ground.charge(middle, budget)?,
        None => 0,
    };
    let most = usize::from(query.max_hops);
    let mut first = 1;
    if let [leg] = legs.as_mut_slice() {
        let Answer::Found(length) = leg.lay_shortest(most, budget)? else {
            return Some(());
        };
        Search::new(ground, &legs, charge, length).run(query.limit, routes, budget)?;
        first = length + 1;
    }
    for length in first..=most {
        if routes.len() >= query.limit {
            break;
        }
        // Where there are two legs the other one has an edge at least.
        let longest = length + 1 - legs.len();
        if longest == 0 {
            continue;
        }
        for leg in &mut legs {
            leg.lay(longest, budget)?;
        }
        Search::new(ground, &legs, charge, length).run(query.limit, routes, budget)?;
    }
    Some(())
}

fn pairs(nodes: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    nodes
        .windows(2)
        .map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])))
}

/// For every step of the routes the strongest edge: by confidence, then by kind, then by the key where it starts.
fn strongest(ground: &Ground<'_>, routes: &[Route]) -> BTreeMap<(u32, u32), EdgeName> {
    let graph = ground.graph;
    let steps: BTreeSet<(u32, u32)> = routes.iter().flat_map(|route| pairs(&route.nodes)).collect();
    let mut best: BTreeMap<(u32, u32), (f32, EdgeName)> = BTreeMap::new();
    graph.between(steps, ground.sight, |here, half| {
        if !ground.filter.has(graph, half) {
            return;
        }
        let ((from, to), kind, confidence) = (half.ends(here), half.manner.kind(), half.manner.confidence);
        let name = EdgeName { from, to, kind };
        let is_weaker = |(known, other): &(f32, EdgeName)| {
            let order = known.total_cmp(&confidence).then_with(|| name.kind.cmp(&other.kind));
            order.then_with(|| graph.order(name.from, other.from)).is_lt()
        };
        let slot = best.entry((from.min(to), from.max(to))).or_insert((confidence, name));
        if is_weaker(slot) {
            *slot = (confidence, name);
        }
    });
    best.into_iter().map(|(pair, (_, name))| (pair, name)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::seam::{EdgeFilter, PathQuery, Scope};
    use domain::{DocumentFacts, ErrorKind};
    use testkit::graph_suite::{all, edge, facts, sees};

    use super::super::budget::Budget;
    use super::super::memory::Graph;
    use super::super::plan::Plan;
    use super::super::tuning::Tuning;
    use super::plan;

    fn graph(documents: Vec<DocumentFacts>) -> Graph {
        let mut graph = Graph::new(Tuning { busy: 5, lookup: 1 });
        let facts: BTreeMap<_, _> = documents.into_iter().map(|one| (one.document, one)).collect();
        let made = Plan::make(&graph, facts, Vec::new(), 1).expect("plan");
        made.into_layout().lay(&mut graph).expect("lay");
        graph
    }

    /// A lattice of 5 by 5, in which many paths lead from one corner to the other.
    fn lattice(document: u32) -> DocumentFacts {
        let mut one = facts(document, 0);
        let name = |x: u32, y: u32| format!("n{x}{y}");
        for (x, y) in (0..5).flat_map(|x| (0..5).map(move |y| (x, y))) {
            if x < 4 {
                one.edges.push(edge(&name(x, y), &name(x + 1, y)));
            }
            if y < 4 {
                one.edges.push(edge(&name(x, y), &name(x, y + 1)));
            }
        }
        one
    }

    /// Edges of the same nodes to others, under a label.
    fn crowd(document: u32, label: u32) -> DocumentFacts {
        let mut one = facts(document, label);
        one.edges = (0..400)
            .map(|n| edge(&format!("n{}{}", n % 5, n / 5 % 5), &format!("s{}", n % 50)))
            .collect();
        one
    }

    fn told(graph: &Graph, scope: Scope, units: u64) -> Result<Vec<(Vec<String>, u64)>, ErrorKind> {
        let (from, to) = ("n00".to_owned(), "n44".to_owned());
        let query = PathQuery {
            from,
            to,
            scope,
            edges: EdgeFilter::default(),
            nodes: Vec::new(),
            through: None,
            max_hops: 8,
            limit: 50,
        };
        let (mut budget, _keep) = Budget::new(units);
        let found = plan(graph, &query, &mut budget)
            .map_err(|error| error.kind())?
            .into_form();
        let nodes = |path: &super::Found| path.nodes.iter().map(ToString::to_string).collect();
        Ok(found.iter().map(|path| (nodes(path), path.cost)).collect())
    }

    #[test]
    fn a_spent_budget_cuts_the_list_and_never_by_what_is_hidden() {
        // Where each edge is stated thrice the nodes count as busy ones.
        for times in [1, 3] {
            let seen = || (1..=times).map(lattice);
            let bare = graph(seen().collect());
            let crowded = graph(seen().chain([crowd(0, 1), crowd(9, 0)]).collect());
            let blind = Scope {
                revoked: [facts(9, 0).document].into_iter().collect(),
                ..sees(&[0])
            };
            let all = told(&bare, all(), u64::MAX).expect("paths");
            assert_eq!(all.len(), 50);
            let mut lengths = Vec::new();
            for units in (0..6000).step_by(7) {
                let cut = told(&bare, sees(&[0]), units);
                assert_eq!(cut, told(&crowded, blind.clone(), units), "{units} {times}");
                match cut {
                    Ok(paths) => {
                        assert!(!paths.is_empty() && all.starts_with(&paths), "{units} {times}");
                        lengths.push(paths.len());
                    }
                    Err(kind) => assert!(kind == ErrorKind::Exhausted && lengths.is_empty(), "{units} {times}"),
                }
            }
            assert!(
                lengths.is_sorted() && lengths.first() < lengths.last() && lengths.last() == Some(&50),
                "{times} {lengths:?}"
            );
        }
    }
}
