//! What a caller sees of the graph: labels and documents as bits, and names that resolve for him.

use domain::seam::Scope;
use domain::{EdgeKind, Error, Key, Result, Visible};

use super::codec::edge_code;
use super::ids::Bits;
use super::memory::{Fact, Graph, Half, Node};

/// The labels and pairs of labels a caller sees, by number, and the places of documents that he does not see all the same.
pub(crate) struct Sight {
    all: bool,
    labels: Bits,
    classes: Bits,
    revoked: Bits,
}

impl Sight {
    /// Whether a document of this label, and what it asserts under this second label, may be seen.
    pub(crate) fn labels(&self, label: u32, also: Option<u32>) -> bool {
        self.all || self.labels.has(label) && also.is_none_or(|also| self.labels.has(also))
    }

    /// Whether facts of this pair of labels by the document at this place may be seen.
    pub(crate) fn fact(&self, class: u32, document: u32) -> bool {
        (self.all || self.classes.has(class)) && !self.revoked.has(document)
    }
}

/// Edge kinds as bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds(u32);

impl Kinds {
    /// These kinds; empty: all.
    pub(crate) fn of(kinds: &[EdgeKind]) -> Self {
        Self(if kinds.is_empty() {
            u32::MAX
        } else {
            kinds.iter().fold(0, |bits, kind| bits | 1 << edge_code(*kind))
        })
    }

    /// Whether an edge is of one of them.
    pub(crate) fn has(self, half: Half) -> bool {
        self.0 >> half.code() & 1 == 1
    }
}

impl Graph {
    /// The sight of a caller with this scope.
    pub(crate) fn sight(&self, scope: &Scope) -> Sight {
        let mut sight = Sight {
            all: false,
            labels: Bits::default(),
            classes: Bits::default(),
            revoked: Bits::default(),
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

    /// What lies at a node.
    pub(crate) fn at(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The key of a node.
    pub(crate) fn key(&self, node: u32) -> &Key {
        self.keys.get(node).expect("nodes are numbered as keys")
    }

    /// The visible edges' ends at a node.
    pub(crate) fn halves<'a>(&'a self, node: u32, sight: &'a Sight) -> impl Iterator<Item = Half> + 'a {
        self.at(node)
            .halves
            .iter()
            .copied()
            .filter(|half| sight.fact(half.class(), half.document))
    }

    /// The visible facts about a node.
    pub(crate) fn facts<'a>(&'a self, node: u32, sight: &'a Sight) -> impl Iterator<Item = Fact> + 'a {
        self.at(node)
            .facts
            .iter()
            .copied()
            .filter(|fact| sight.fact(fact.class, fact.document))
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
            .filter(|alias| sight.fact(alias.class, alias.document));
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
