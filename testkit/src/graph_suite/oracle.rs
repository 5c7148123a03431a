//! A graph store by brute force: plain lists of facts, gone through for every question.

mod central;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::seam::graph::Size;
use domain::seam::{Direction, EdgeFilter, EdgeView, Expansion, NodeView, Path, PathQuery, Scope, Subgraph};
use domain::{DocumentFacts, DocumentId, EdgeFact, EdgeKind, Key, NodeFact};

/// All facts, by document.
#[derive(Debug, Default, Clone)]
pub struct Oracle {
    facts: BTreeMap<DocumentId, DocumentFacts>,
}

type Name = (Key, Key, EdgeKind);

impl Oracle {
    /// Replace what documents assert.
    pub fn replace(&mut self, facts: Vec<DocumentFacts>) {
        for one in facts {
            if one.nodes.is_empty() && one.edges.is_empty() {
                self.facts.remove(&one.document);
            } else {
                self.facts.insert(one.document, one);
            }
        }
    }

    /// All facts by document id.
    pub fn scan(&self) -> Vec<DocumentFacts> {
        self.facts.values().cloned().collect()
    }

    /// How much there is.
    pub fn size(&self) -> Size {
        let count = |length: usize| u64::try_from(length).expect("a length fits 64 bits");
        let edges = self.facts.values().map(|one| count(one.edges.len())).sum();
        // What has ended counts too.
        let ends = |one: &DocumentFacts| {
            one.edges
                .iter()
                .flat_map(|edge| [edge.from.clone(), edge.to.clone()])
                .collect()
        };
        let named = |one: &DocumentFacts| one.nodes.iter().map(|node| node.key.clone()).collect();
        let keys: BTreeSet<Key> = self
            .facts
            .values()
            .flat_map(|one| [ends(one), named(one)])
            .flat_map(|keys: Vec<Key>| keys)
            .collect();
        Size {
            nodes: count(keys.len()),
            edges,
        }
    }

    /// The visible node of this name.
    pub fn node(&self, name: &str, scope: &Scope) -> Option<NodeView> {
        self.resolve(name, scope).map(|key| self.view(&key, scope))
    }

    /// What surrounds a node; `None` where there is none.
    pub fn expand(&self, query: &Expansion) -> Option<Subgraph> {
        let middle = self.resolve(&query.node, &query.scope)?;
        let mut level: BTreeMap<Name, usize> = BTreeMap::new();
        let mut distance = BTreeMap::from([(middle.clone(), 0)]);
        for hop in 0..usize::from(query.hops) {
            for edge in self.edges(&query.scope, &query.edges) {
                let out = query.direction != Direction::In && distance.get(&edge.from) == Some(&hop);
                let back = query.direction != Direction::Out && distance.get(&edge.to) == Some(&hop);
                if out || back {
                    level
                        .entry((edge.from.clone(), edge.to.clone(), edge.kind))
                        .or_insert(hop);
                }
                if out {
                    distance.entry(edge.to.clone()).or_insert(hop + 1);
                }
                if back {
                    distance.entry(edge.from.clone()).or_insert(hop + 1);
                }
            }
        }
        let mut edges: Vec<(usize, EdgeView)> = level
            .iter()
            .map(|(name, hop)| (*hop, self.edge(name, &query.scope, &query.edges)))
            .collect();
        edges.sort_by(|(near, a), (far, b)| {
            near.cmp(far)
                .then(b.confidence.total_cmp(&a.confidence))
                .then_with(|| name(a).cmp(&name(b)))
        });
        let truncated = edges.len() > query.limit;
        edges.truncate(query.limit);
        let edges: Vec<EdgeView> = edges.into_iter().map(|(_, edge)| edge).collect();
        let mut keys: BTreeSet<Key> = edges
            .iter()
            .flat_map(|edge| [edge.from.clone(), edge.to.clone()])
            .collect();
        keys.remove(&middle);
        let nodes = std::iter::once(&middle)
            .chain(&keys)
            .map(|key| self.view(key, &query.scope))
            .collect();
        Some(Subgraph {
            nodes,
            edges,
            truncated,
        })
    }

    /// Every loopless path, sorted and cut; `None` where an end is not seen.
    pub fn paths(&self, query: &PathQuery) -> Option<Vec<Path>> {
        let from = self.resolve(&query.from, &query.scope)?;
        let to = self.resolve(&query.to, &query.scope)?;
        let through = match &query.through {
            Some(name) => Some(self.resolve(name, &query.scope)?),
            None => None,
        };
        let steps = self.steps(query);
        let mut found = Vec::new();
        walk(&steps, &to, usize::from(query.max_hops), vec![from], &mut found);
        found.retain(|nodes| through.as_ref().is_none_or(|middle| nodes.contains(middle)));
        let admitted = |key: &Key| {
            let kind = self.view(key, &query.scope).kind;
            query.nodes.is_empty() || kind.is_some_and(|kind| query.nodes.contains(&kind))
        };
        found.retain(|nodes| nodes.iter().skip(1).take(nodes.len().saturating_sub(2)).all(admitted));
        let mut paths: Vec<Path> = found.into_iter().map(|nodes| self.path(nodes, &steps, query)).collect();
        // Weights are sums of floats: those that differ by less than a millionth are equal.
        #[expect(clippy::cast_possible_truncation, reason = "a weight is below 100")]
        let order = |path: &Path| {
            (
                path.edges.len(),
                (f64::from(path.weight) * 1e5).round() as i64,
                path.nodes.clone(),
            )
        };
        paths.sort_by_cached_key(order);
        paths.truncate(query.limit);
        Some(paths)
    }

    fn path(&self, nodes: Vec<Key>, steps: &BTreeMap<(Key, Key), Name>, query: &PathQuery) -> Path {
        let edges: Vec<EdgeView> = nodes
            .windows(2)
            .map(|pair| self.edge(&steps[&(pair[0].clone(), pair[1].clone())], &query.scope, &query.edges))
            .collect();
        let charges = nodes.iter().skip(1).take(nodes.len().saturating_sub(2)).map(|key| {
            let touching = self
                .edges(&query.scope, &query.edges)
                .filter(|edge| edge.from != edge.to && (edge.from == *key || edge.to == *key));
            let count = u32::try_from(touching.count()).expect("a small graph");
            0.02 * f64::from(u32::BITS - count.leading_zeros())
        });
        let weight: f64 = edges
            .iter()
            .map(|edge| 1.0 - f64::from(edge.confidence) / 2.0)
            .chain(charges)
            .sum();
        #[expect(clippy::cast_possible_truncation, reason = "the seam wants single precision")]
        let weight = weight as f32;
        Path { nodes, edges, weight }
    }

    /// For every step that can be taken, either way, the strongest edge.
    fn steps(&self, query: &PathQuery) -> BTreeMap<(Key, Key), Name> {
        let mut edges: Vec<EdgeFact> = self
            .edges(&query.scope, &query.edges)
            .filter(|edge| edge.from != edge.to)
            .cloned()
            .collect();
        edges.sort_by(|a, b| {
            b.confidence
                .total_cmp(&a.confidence)
                .then_with(|| (a.kind, &a.from).cmp(&(b.kind, &b.from)))
        });
        let mut steps = BTreeMap::new();
        for edge in edges {
            let name = (edge.from.clone(), edge.to.clone(), edge.kind);
            steps
                .entry((edge.to.clone(), edge.from.clone()))
                .or_insert_with(|| name.clone());
            steps.entry((edge.from, edge.to)).or_insert(name);
        }
        steps
    }

    fn edges<'a>(&'a self, scope: &'a Scope, filter: &'a EdgeFilter) -> impl Iterator<Item = &'a EdgeFact> {
        self.asserted(scope, filter).map(|(_, edge)| edge)
    }

    /// The visible edges that a filter lets through, each with the facts it is of.
    fn asserted<'a>(
        &'a self,
        scope: &'a Scope,
        filter: &'a EdgeFilter,
    ) -> impl Iterator<Item = (&'a DocumentFacts, &'a EdgeFact)> {
        let asserted = self
            .facts
            .values()
            .flat_map(|one| one.edges.iter().map(move |edge| (one, edge)));
        asserted.filter(|(one, edge)| {
            scope.holds(one.document, &one.access, edge.also.as_ref())
                && scope.holds_at(edge.at.or(one.at), edge.until)
                && filter.admits(one, edge)
        })
    }

    fn nodes<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = (DocumentId, &'a NodeFact)> {
        let seen = self
            .facts
            .values()
            .filter(|one| scope.holds(one.document, &one.access, None) && scope.knows(one.at));
        seen.flat_map(|one| one.nodes.iter().map(|node| (one.document, node)))
    }

    /// The keys of all visible nodes.
    pub fn keys(&self, scope: &Scope) -> BTreeSet<Key> {
        let every = EdgeFilter::default();
        let named = self
            .edges(scope, &every)
            .flat_map(|edge| [edge.from.clone(), edge.to.clone()]);
        named
            .chain(self.nodes(scope).map(|(_, node)| node.key.clone()))
            .collect()
    }

    fn resolve(&self, name: &str, scope: &Scope) -> Option<Key> {
        let keys = self.keys(scope);
        let aliased = self
            .nodes(scope)
            .filter(|(_, node)| node.aliases.iter().any(|alias| alias == name));
        keys.get(name)
            .cloned()
            .or_else(|| aliased.map(|(_, node)| node.key.clone()).min())
    }

    fn view(&self, key: &Key, scope: &Scope) -> NodeView {
        // Facts come by ascending document id.
        let facts: Vec<(DocumentId, &NodeFact)> = self.nodes(scope).filter(|(_, node)| node.key == *key).collect();
        let aliases: BTreeSet<String> = facts
            .iter()
            .flat_map(|(_, node)| node.aliases.iter().cloned())
            .collect();
        let documents: BTreeSet<DocumentId> = facts.iter().map(|(document, _)| *document).collect();
        NodeView {
            key: key.clone(),
            kind: facts.first().map(|(_, node)| node.kind),
            title: facts.iter().find_map(|(_, node)| node.title.clone()),
            aliases: aliases.into_iter().collect(),
            documents: documents.into_iter().take(16).collect(),
        }
    }

    fn edge(&self, (from, to, kind): &Name, scope: &Scope, filter: &EdgeFilter) -> EdgeView {
        let same = self
            .asserted(scope, filter)
            .filter(|(_, edge)| (&edge.from, &edge.to, edge.kind) == (from, to, *kind));
        let same: Vec<_> = same.collect();
        let strength = |edge: &EdgeFact| Reverse(edge.confidence.to_bits());
        let (one, best) = same
            .iter()
            .min_by_key(|(one, edge)| (strength(edge), edge.rule.clone(), one.document, edge.evidence.clone()))
            .expect("an edge has an assertion");
        EdgeView {
            from: from.clone(),
            to: to.clone(),
            kind: *kind,
            rule: best.rule.clone(),
            evidence: best.evidence.clone(),
            confidence: best.confidence,
            document: one.document,
            first_seen: same.iter().filter_map(|(one, edge)| edge.at.or(one.at)).min(),
            last_seen: same.iter().filter_map(|(one, edge)| edge.at.or(one.at)).max(),
            until: same
                .iter()
                .map(|(_, edge)| edge.until)
                .min_by_key(|until| until.map(Reverse))
                .flatten(),
        }
    }
}

fn name(edge: &EdgeView) -> (&Key, &Key, EdgeKind) {
    (&edge.from, &edge.to, edge.kind)
}

/// All loopless ways on from the last of `nodes` to `to`.
fn walk(steps: &BTreeMap<(Key, Key), Name>, to: &Key, hops: usize, nodes: Vec<Key>, found: &mut Vec<Vec<Key>>) {
    let last = nodes.last().expect("a path has a start").clone();
    if last == *to {
        found.push(nodes);
    } else if hops > 0 {
        for (_, next) in steps
            .keys()
            .filter(|(here, next)| *here == last && !nodes.contains(next))
        {
            let mut longer = nodes.clone();
            longer.push(next.clone());
            walk(steps, to, hops - 1, longer, found);
        }
    }
}
