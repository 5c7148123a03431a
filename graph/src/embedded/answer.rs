//! From what memory finds to what a caller reads: nodes and edges get their titles, evidence and times from the file.
//!
//! Memory is looked at first, under its lock, and the rows are fetched after. A row that has gone in between means that a
//! document was replaced: the read starts again, the last time with the writer held, so that it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::seam::{EdgeView, NodeView};
use domain::{DocumentId, EdgeKind, Evidence, Key, Result, Timestamp};

use super::budget::Budget;
use super::codec::{Details, Topology};
use super::disk::{Disk, Row};
use super::failure::corrupt;
use super::ids::IdMap;
use super::memory::Graph;
use super::shared::Inner;
use super::sight::{Filter, Sight};

/// Tries without the writer held.
pub(crate) const TRIES: usize = 4;
/// Units of work that are done where they are asked for: some tenths of a millisecond.
const QUICK: u64 = 20_000;
/// Rows fetched at once.
pub(crate) const ROWS: usize = 256;
/// Rows fetched where they are asked for.
const FEW_ROWS: usize = 16;
/// Documents shown of those that assert a node.
const DOCUMENTS: usize = 16;

/// An edge by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EdgeName {
    /// Where it starts.
    pub(crate) from: u32,
    /// Where it ends.
    pub(crate) to: u32,
    /// What it says.
    pub(crate) kind: EdgeKind,
}

/// What a read found, and what of it is still to be fetched.
pub(crate) struct Shape<S> {
    form: S,
    sight: Sight,
    filter: Filter,
    nodes: Vec<WantedNode>,
    edges: Vec<WantedEdge>,
    places: IdMap<EdgeName, usize>,
    /// For every row wanted, which nodes take something from it; edges look at every row.
    rows: BTreeMap<i64, Vec<Want>>,
    epoch: u64,
}

/// What was fetched, in the order in which it was wanted.
#[derive(Default)]
pub(crate) struct Views {
    /// Nodes.
    pub(crate) nodes: Vec<NodeView>,
    /// Edges.
    pub(crate) edges: Vec<EdgeView>,
}

#[derive(Clone, Copy)]
enum Want {
    Title(usize),
    Aliases(usize),
}

struct WantedNode {
    number: u32,
    aliases: BTreeSet<String>,
    view: NodeView,
}

struct WantedEdge {
    kind: EdgeKind,
    keys: (Key, Key),
    best: Option<Assertion>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// When the assertions met so far ended; none while one has not.
    until: Option<Timestamp>,
}

struct Assertion {
    confidence: f32,
    rule: Arc<str>,
    document: DocumentId,
    evidence: Evidence,
}

impl Assertion {
    /// The strongest first: confidence, then rule, document and evidence.
    fn is_stronger(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.rule.clone(), one.document, one.evidence.clone());
        let order = other.confidence.total_cmp(&self.confidence);
        order.then_with(|| key(self).cmp(&key(other))).is_lt()
    }
}

impl<S> Shape<S> {
    /// Nothing wanted yet.
    pub(crate) fn new(graph: &Graph, form: S, (sight, filter): (Sight, Filter)) -> Self {
        let (nodes, edges, places, rows) = (Vec::new(), Vec::new(), IdMap::default(), BTreeMap::new());
        Self {
            form,
            sight,
            filter,
            nodes,
            edges,
            places,
            rows,
            epoch: graph.epoch,
        }
    }

    /// What the caller sees.
    pub(crate) fn sight(&self) -> &Sight {
        &self.sight
    }

    /// Without what is still to be fetched.
    #[cfg(test)]
    pub(crate) fn into_form(self) -> S {
        self.form
    }

    /// Want a node.
    pub(crate) fn want_node(&mut self, graph: &Graph, number: u32) {
        let place = self.nodes.len();
        let id = |document: u32| graph.documents[document as usize].id;
        let mut ids = BTreeSet::new();
        let (mut first, mut titled) = (None, None);
        // Of facts that say the same, the smallest document's is read.
        let mut named: BTreeMap<_, (DocumentId, u32)> = BTreeMap::new();
        for fact in graph.facts(number, &self.sight) {
            let document = (id(fact.document), fact.document);
            ids.insert(document.0);
            if ids.len() > DOCUMENTS {
                ids.pop_last();
            }
            if first.is_none_or(|(smallest, _)| document.0 < smallest) {
                first = Some((document.0, fact.print.kind()));
            }
            if fact.print.has_title() && titled.is_none_or(|smallest| document < smallest) {
                titled = Some(document);
            }
            if fact.print.has_aliases() {
                let smallest = named.entry(fact.print).or_insert(document);
                *smallest = document.min(*smallest);
            }
        }
        let title = titled.into_iter().map(|(_, document)| (document, Want::Title(place)));
        let aliases = named
            .into_values()
            .map(|(_, document)| (document, Want::Aliases(place)));
        for (document, want) in title.chain(aliases) {
            self.rows
                .entry(graph.documents[document as usize].row)
                .or_default()
                .push(want);
        }
        let kind = first.and_then(|(_, kind)| kind);
        let view = NodeView {
            key: graph.key(number).clone(),
            kind,
            title: None,
            aliases: Vec::new(),
            documents: ids.into_iter().collect(),
        };
        self.nodes.push(WantedNode {
            number,
            aliases: BTreeSet::new(),
            view,
        });
    }

    /// Want edges, each once.
    pub(crate) fn want_edges(&mut self, graph: &Graph, names: &[EdgeName]) {
        for name in names {
            self.places.insert(*name, self.edges.len());
            let keys = (graph.key(name.from).clone(), graph.key(name.to).clone());
            self.edges.push(WantedEdge {
                kind: name.kind,
                keys,
                best: None,
                first: None,
                last: None,
                until: None,
            });
        }
        let pairs = names.iter().map(|name| (name.from, name.to));
        graph.between(pairs, &self.sight, |here, half| {
            let ((from, to), kind) = (half.ends(here), half.manner.kind());
            if self.places.contains_key(&EdgeName { from, to, kind }) && self.filter.has(graph, half) {
                let document = graph.documents[half.statement.document as usize];
                self.rows.entry(document.row).or_default();
            }
        });
    }

    /// Fetch what is wanted; `None` when a document was replaced in between, or when memory is being changed and `look`
    /// does not wait for it.
    fn fetch(
        mut self,
        disk: &Disk,
        operation: &'static str,
        look: impl Fn(&mut dyn FnMut(&Graph) -> Result<bool>) -> Option<Result<bool>>,
    ) -> Result<Option<(S, Views)>> {
        let rows: Vec<i64> = self.rows.keys().copied().collect();
        for numbers in rows.chunks(ROWS) {
            let found = disk.read(operation, numbers)?;
            if found.len() != numbers.len() {
                return Ok(None);
            }
            let mut take = |graph: &Graph| {
                let same = graph.epoch == self.epoch;
                if same && found.iter().try_for_each(|row| self.take(graph, row)).is_none() {
                    return Err(corrupt(operation, "a document's row cannot be read"));
                }
                Ok(same)
            };
            if !look(&mut take).transpose()?.unwrap_or(false) {
                return Ok(None);
            }
        }
        Ok(self.finish())
    }

    fn take(&mut self, graph: &Graph, row: &Row) -> Option<()> {
        let (topology, details) = (Topology::decode(&row.topology)?, Details::decode(&row.details)?);
        if topology.nodes.len() != details.titles.len() || topology.edges.len() != details.edges.len() {
            return None;
        }
        for want in self.rows.remove(&row.number)? {
            let (Want::Title(place) | Want::Aliases(place)) = want;
            let node = &mut self.nodes[place];
            let mut own = topology
                .nodes
                .iter()
                .zip(&details.titles)
                .filter(|(fact, _)| fact.key == node.number);
            match want {
                Want::Title(_) => node.view.title = own.find_map(|(_, title)| title.clone()),
                Want::Aliases(_) => {
                    let names = own
                        .flat_map(|(fact, _)| &fact.aliases)
                        .filter_map(|alias| graph.keys.get(*alias));
                    node.aliases.extend(names.map(|name| name.as_str().to_owned()));
                }
            }
        }
        for (fact, evidence) in topology.edges.iter().zip(details.edges) {
            let name = EdgeName {
                from: fact.from,
                to: fact.to,
                kind: fact.kind,
            };
            let Some(place) = self.places.get(&name) else { continue };
            let at = fact.at.or(topology.at);
            if self.sight.labels(row.label, fact.also)
                && self.sight.holds(at, fact.until)
                && self.filter.admits(fact, topology.at, row.label)
            {
                let assertion = Assertion {
                    confidence: fact.confidence,
                    rule: graph.rules.get(fact.rule)?.clone(),
                    document: row.id,
                    evidence,
                };
                self.edges[*place].count(assertion, at, fact.until);
            }
        }
        Some(())
    }

    /// The views; `None` when an edge lost its assertions, as after a `clear`.
    fn finish(self) -> Option<(S, Views)> {
        let nodes = self.nodes.into_iter().map(|node| NodeView {
            aliases: node.aliases.into_iter().collect(),
            ..node.view
        });
        let edges = self.edges.into_iter().map(WantedEdge::view).collect::<Option<_>>()?;
        Some((
            self.form,
            Views {
                nodes: nodes.collect(),
                edges,
            },
        ))
    }
}

impl WantedEdge {
    fn count(&mut self, assertion: Assertion, at: Option<Timestamp>, until: Option<Timestamp>) {
        self.until = match (&self.best, self.until, until) {
            (Some(_), known, until) => known.zip(until).map(|(known, until)| known.max(until)),
            (None, _, until) => until,
        };
        if self.best.as_ref().is_none_or(|best| assertion.is_stronger(best)) {
            self.best = Some(assertion);
        }
        if let Some(at) = at {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
        }
    }

    fn view(self) -> Option<EdgeView> {
        let best = self.best?;
        let (from, to) = self.keys;
        Some(EdgeView {
            from,
            to,
            kind: self.kind,
            rule: best.rule.to_string(),
            evidence: best.evidence,
            confidence: best.confidence,
            document: best.document,
            first_seen: self.first,
            last_seen: self.last,
            until: self.until,
        })
    }
}

/// A plan that takes little work; `None` where it takes more: it is then made anew with all the work it may take.
fn at_once<S>(
    graph: &Graph,
    units: u64,
    plan: &impl Fn(&Graph, &mut Budget) -> Result<Shape<S>>,
) -> Option<Result<Shape<S>>> {
    let (mut budget, _keep) = Budget::new(units.min(QUICK));
    budget.limit_looks(QUICK);
    let shape = plan(graph, &mut budget);
    (!budget.is_spent()).then_some(shape)
}

/// Plan in memory and fetch from the file, until both show the same moment. What takes little work is done where it is
/// asked for.
pub(crate) async fn answer<S, F>(inner: &Arc<Inner>, operation: &'static str, units: u64, plan: F) -> Result<(S, Views)>
where
    S: Send + 'static,
    F: Fn(&Graph, &mut Budget) -> Result<Shape<S>> + Send + Sync + 'static,
{
    let mut first = inner
        .glance(|graph| at_once(graph, units, &plan))
        .flatten()
        .transpose()?;
    if let Some(shape) = first.take_if(|shape| shape.rows.len() <= FEW_ROWS) {
        let look = |take: &mut dyn FnMut(&Graph) -> Result<bool>| inner.glance(take);
        if let Some(done) = shape.fetch(&inner.disk, operation, look)? {
            return Ok(done);
        }
    }
    let shared = inner.clone();
    inner
        .read(operation, units, move |budget| {
            settle(&shared, operation, budget, (first, &plan))
        })
        .await
}

/// Plan, unless there is a first plan, and fetch until both show the same moment, the last time with the writer held.
fn settle<S>(
    inner: &Inner,
    operation: &'static str,
    budget: &mut Budget,
    (mut first, plan): (Option<Shape<S>>, &impl Fn(&Graph, &mut Budget) -> Result<Shape<S>>),
) -> Result<(S, Views)> {
    let mut once = || {
        let shape = if let Some(shape) = first.take() {
            shape
        } else {
            budget.renew();
            inner.look(|graph| plan(graph, budget))?
        };
        shape.fetch(&inner.disk, operation, |take| Some(inner.look(take)))
    };
    for _ in 0..TRIES {
        if let Some(done) = once()? {
            return Ok(done);
        }
    }
    let mut writer = inner.writer.blocking_lock();
    inner.refresh(&mut writer)?;
    once()?.ok_or_else(|| corrupt(operation, "the file lacks rows of documents that it had"))
}
