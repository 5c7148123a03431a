//! What a caller sees of the graph: labels and documents as bits, and names that resolve for him.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{EdgeFilter, Scope};
use domain::{Error, Key, NodeKind, Result, Timestamp, Visible};

use super::codec::{TopologyEdge, edge_code};
use super::half::{Half, Slot, leading_to};
use super::ids::{Bits, IdSet};
use super::manner::Manner;
use super::memory::{Fact, Graph, Node};

/// The labels and pairs of labels a caller sees, by number, and the places of documents that he does not see all the same.
pub(crate) struct Sight {
    all: bool,
    labels: Bits,
    classes: Bits,
    revoked: Bits,
    /// The moment asked about; none: now.
    pub(crate) as_of: Option<Timestamp>,
}

impl Sight {
    /// Whether a document of this label, and what it asserts under this second label, may be seen.
    pub(crate) fn labels(&self, label: u32, also: Option<u32>) -> bool {
        self.all || self.labels.has(label) && also.is_none_or(|also| self.labels.has(also))
    }

    /// Whether labels alone decide what is seen.
    fn is_plain(&self) -> bool {
        self.as_of.is_none() && self.revoked.is_empty()
    }

    #[inline]
    fn class(&self, class: u32) -> bool {
        self.all || self.classes.has(class)
    }

    /// Whether facts of this pair of labels by the document at this place may be seen.
    #[inline]
    pub(crate) fn fact(&self, class: u32, document: u32) -> bool {
        self.class(class) && !self.revoked.has(document)
    }

    /// Whether an edge holds that was stated at `from` and ended at `until`.
    pub(crate) fn holds(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        match self.as_of {
            None => until.is_none(),
            Some(now) => self.knows(from) && until.is_none_or(|until| until > now),
        }
    }

    fn knows(&self, made: Option<Timestamp>) -> bool {
        self.as_of.is_none_or(|now| made.is_none_or(|made| made <= now))
    }
}

/// Which edges to follow, by numbers.
#[derive(Default)]
pub(crate) struct Filter {
    /// Edge kinds as bits; 0: all.
    kinds: u32,
    /// Own labels, where not all are let through.
    labels: Option<Bits>,
    /// The same by pairs of labels.
    classes: Option<Bits>,
    times: EdgeFilter,
}

impl Filter {
    /// Whether it lets through an edge that lies at a node.
    #[inline]
    pub(crate) fn has(&self, graph: &Graph, half: Half) -> bool {
        self.has_manner(half.manner) && (self.is_timeless() || self.times.admits_time(graph.times(half).0))
    }

    /// Whether it lets through edges asserted so, at any time.
    #[inline]
    pub(crate) fn has_manner(&self, manner: Manner) -> bool {
        (self.kinds == 0 || self.kinds >> manner.code() & 1 == 1)
            && self.classes.as_ref().is_none_or(|classes| classes.has(manner.class))
    }

    /// Whether no time is asked for.
    #[inline]
    pub(crate) fn is_timeless(&self) -> bool {
        self.times.since.is_none() && self.times.before.is_none()
    }

    /// Whether it lets through an edge of a document that was made at this time under this label.
    pub(crate) fn admits(&self, edge: &TopologyEdge, made: Option<Timestamp>, label: u32) -> bool {
        (self.kinds == 0 || self.kinds >> edge_code(edge.kind) & 1 == 1)
            && self.labels.as_ref().is_none_or(|labels| labels.has(label))
            && self.times.admits_time(edge.at.or(made))
    }
}

/// What is told of many edges at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// How many there are.
    pub(crate) count: u64,
    /// The greatest confidence among them.
    pub(crate) strongest: f32,
}

impl Graph {
    /// The sight of a caller with this scope.
    pub(crate) fn sight(&self, scope: &Scope) -> Sight {
        let mut sight = Sight {
            all: false,
            labels: Bits::default(),
            classes: Bits::default(),
            revoked: Bits::default(),
            as_of: scope.as_of,
        };
        let places = scope.revoked.iter().filter_map(|document| self.places.get(document));
        places.for_each(|place| sight.revoked.add(*place));
        match &scope.visible {
            Visible::All => sight.all = true,
            Visible::Labels(labels) => {
                let numbers = labels.iter().filter_map(|label| self.labels.number(label.as_str()));
                numbers.for_each(|number| sight.labels.add(number));
                for (class, (label, also)) in (0..).zip(self.classes.pairs()) {
                    if sight.labels(*label, *also) {
                        sight.classes.add(class);
                    }
                }
            }
        }
        sight
    }

    /// A filter by the numbers of this graph.
    pub(crate) fn filter(&self, edges: &EdgeFilter) -> Filter {
        let mut filter = Filter {
            kinds: edges.kinds.iter().fold(0, |bits, kind| bits | 1 << edge_code(*kind)),
            times: EdgeFilter {
                since: edges.since,
                before: edges.before,
                ..EdgeFilter::default()
            },
            ..Filter::default()
        };
        if !edges.sources.is_empty() {
            let (mut own, mut pairs) = (Bits::default(), Bits::default());
            let names = (0..self.labels.len()).zip(self.labels.names());
            names
                .filter(|(_, name)| edges.admits_source(name))
                .for_each(|(label, _)| own.add(label));
            let classes = (0..).zip(self.classes.pairs());
            classes
                .filter(|(_, (label, _))| own.has(*label))
                .for_each(|(class, _)| pairs.add(class));
            (filter.labels, filter.classes) = (Some(own), Some(pairs));
        }
        filter
    }

    /// What lies at a node.
    pub(crate) fn at(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The key of a node.
    pub(crate) fn key(&self, node: u32) -> &Key {
        self.keys.get(node).expect("nodes are numbered as keys")
    }

    /// The visible edges' ends at a node.
    #[inline]
    pub(crate) fn halves<'a>(&'a self, node: u32, sight: &'a Sight) -> impl Iterator<Item = Half> + 'a {
        self.seen(&self.at(node).halves, sight)
    }

    /// Tell every visible edge between two nodes of a pair, as it lies at the node that is told with it. It is looked for
    /// at the one with the shorter list, which is gone through once for all pairs.
    pub(crate) fn between(
        &self,
        pairs: impl IntoIterator<Item = (u32, u32)>,
        sight: &Sight,
        mut each: impl FnMut(u32, Half),
    ) {
        let length = |node: u32| self.at(node).halves.len();
        let mut anchors: BTreeMap<u32, IdSet<u32>> = BTreeMap::new();
        for (one, other) in pairs {
            let (here, there) = if length(one) <= length(other) {
                (one, other)
            } else {
                (other, one)
            };
            anchors.entry(here).or_default().insert(there);
        }
        for (here, others) in anchors {
            if length(here) >= self.tuning.busy {
                let others: BTreeSet<u32> = others.into_iter().collect();
                let halves = others.into_iter().flat_map(|other| self.halves_to(here, other, sight));
                halves.for_each(|half| each(here, half));
            } else {
                let halves = self.halves(here, sight).filter(|half| others.contains(&half.other));
                halves.for_each(|half| each(here, half));
            }
        }
    }

    /// The visible edges' ends at a node that lead to another.
    #[inline]
    pub(crate) fn halves_to<'a>(&'a self, node: u32, other: u32, sight: &'a Sight) -> impl Iterator<Item = Half> + 'a {
        let halves = self.at(node).halves.as_slice();
        let leading = if halves.len() < self.tuning.busy {
            halves
        } else {
            leading_to(halves, other)
        };
        self.seen(leading, sight).filter(move |half| half.other == other)
    }

    #[inline]
    fn seen<'a>(&'a self, slots: &'a [Slot], sight: &'a Sight) -> impl Iterator<Item = Half> + 'a {
        let seen = slots.iter().filter(|slot| self.is_seen(**slot, sight));
        seen.map(|slot| self.half(*slot))
    }

    /// Whether the caller sees an edge.
    #[inline]
    fn is_seen(&self, slot: Slot, sight: &Sight) -> bool {
        let statement = self.statements.get(slot.statement());
        let manner = self.manners.get(statement.manner);
        sight.fact(manner.class, statement.document) && self.holds(self.half(slot), sight)
    }

    /// An end of an edge, where the caller sees it.
    #[inline]
    pub(crate) fn see(&self, slot: Slot, sight: &Sight) -> Option<Half> {
        self.is_seen(slot, sight).then(|| self.half(slot))
    }

    #[inline]
    fn holds(&self, half: Half, sight: &Sight) -> bool {
        if sight.as_of.is_none() {
            return !half.manner.ended;
        }
        let (from, until) = self.times(half);
        sight.holds(from, until)
    }

    /// What is told of the visible edges of a busy node that a filter lets through, loops left out, without a look at each.
    pub(crate) fn tally(&self, node: u32, (sight, filter): (&Sight, &Filter)) -> Option<Tally> {
        let hub = self.hubs.get(&node)?;
        if !sight.is_plain() || !filter.is_timeless() {
            return None;
        }
        let manners = hub.iter().map(|(manner, count)| (self.manners.get(*manner), *count));
        let seen =
            manners.filter(|(manner, _)| !manner.ended && sight.class(manner.class) && filter.has_manner(*manner));
        Some(seen.fold(Tally::default(), |tally, (manner, count)| Tally {
            count: tally.count + count,
            strongest: tally.strongest.max(manner.confidence),
        }))
    }

    /// The visible facts about a node.
    pub(crate) fn facts<'a>(&'a self, node: u32, sight: &'a Sight) -> impl Iterator<Item = Fact> + 'a {
        self.at(node)
            .facts
            .iter()
            .copied()
            .filter(|fact| self.says(fact.class, fact.document, sight))
    }

    /// Whether the caller sees what the document at this place says of nodes under this pair of labels.
    fn says(&self, class: u32, document: u32, sight: &Sight) -> bool {
        sight.fact(class, document) && sight.knows(self.documents[document as usize].at)
    }

    /// What a node stands for to a caller: what the smallest document says.
    pub(crate) fn kind(&self, node: u32, sight: &Sight) -> Option<NodeKind> {
        let facts = self
            .facts(node, sight)
            .map(|fact| (self.documents[fact.document as usize].id, fact.print));
        // Of several facts of one document the first counts.
        facts
            .min_by_key(|(document, _)| *document)
            .and_then(|(_, print)| print.kind())
    }

    /// Whether a visible fact or edge names the node.
    pub(crate) fn is_visible(&self, node: u32, sight: &Sight) -> bool {
        self.facts(node, sight).next().is_some() || self.halves(node, sight).next().is_some()
    }

    /// The visible node of this key, or else the one of the smallest key that has it as an alias in a visible fact.
    pub(crate) fn resolve(&self, name: &str, sight: &Sight) -> Option<u32> {
        let number = self.keys.number(name)?;
        if self.is_visible(number, sight) {
            return Some(number);
        }
        let aliases = self
            .aliases
            .get(&number)?
            .iter()
            .filter(|alias| self.says(alias.class, alias.document, sight));
        aliases.map(|alias| alias.node).min_by_key(|node| self.key(*node))
    }

    /// As `resolve`; `NotFound`, the same whether it is hidden or absent.
    pub(crate) fn must_resolve(&self, operation: &'static str, name: &str, sight: &Sight) -> Result<u32> {
        self.resolve(name, sight).ok_or_else(|| {
            let name: String = name.chars().take(200).collect();
            Error::not_found(operation, format!("no node is called `{name}`"))
                .with_hint("give a canonical key such as `jira:acme/PAY-12`, or an alias; a search finds keys")
        })
    }
}
