//! Small random worlds: few keys, documents and labels, so that facts meet, overlap and hide each other.

use std::collections::BTreeSet;

use domain::seam::{Direction, EdgeFilter, Expansion, Measure, PathQuery, Ranking, Scope};
use domain::{
    DocumentFacts, DocumentId, EdgeFact, EdgeKind, Evidence, Key, NodeFact, NodeKind, SourceId, Timestamp, Visible,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{document, label};

/// Every name that can lead somewhere: keys, an alias that is a key too, pure aliases, and one that nothing has.
pub(super) const NAMES: [&str; 12] = [
    "k:0", "k:1", "k:2", "k:3", "k:4", "k:5", "k:6", "k:7", "a0", "a1", "a2", "nothing",
];

const KEYS: u32 = 8;
const LABELS: u32 = 4;
const DOCUMENTS: u32 = 9;
const SPARSE_KEYS: u32 = 24;

/// What is asked of a world by a caller.
#[derive(Debug, Clone)]
pub(super) struct Questions {
    /// What he sees.
    pub(super) scope: Scope,
    /// Neighbourhoods.
    pub(super) expansions: Vec<Expansion>,
    /// Paths.
    pub(super) paths: Vec<PathQuery>,
    /// Rankings.
    pub(super) rankings: Vec<Ranking>,
}

impl Questions {
    /// The same by a caller to whom these documents are revoked.
    pub(super) fn without(mut self, revoked: BTreeSet<DocumentId>) -> Self {
        self.scope.revoked = revoked;
        for expansion in &mut self.expansions {
            expansion.scope = self.scope.clone();
        }
        for query in &mut self.paths {
            query.scope = self.scope.clone();
        }
        for ranking in &mut self.rankings {
            ranking.scope = self.scope.clone();
        }
        self
    }
}

/// Batches of facts, some of them taking others back.
pub(super) fn batches() -> impl Strategy<Value = Vec<Vec<DocumentFacts>>> {
    vec(vec(facts(0..DOCUMENTS, 0..LABELS, false), 1..6), 1..5)
}

/// Facts of one document: of one of `documents`, under one of `labels`.
pub(super) fn facts(
    documents: std::ops::Range<u32>,
    labels: std::ops::Range<u32>,
    hidden: bool,
) -> impl Strategy<Value = DocumentFacts> {
    let edges = vec(edge(labels.clone(), hidden), 0..9);
    (documents, labels, option::of(0..5_i64), vec(node(), 0..4), edges).prop_map(|(id, access, at, nodes, edges)| {
        DocumentFacts {
            document: document(id),
            access: label(access),
            at: at.map(Timestamp),
            nodes,
            edges,
        }
    })
}

/// Questions by a caller who sees some labels of the first `labels`, or everything.
pub(super) fn questions(labels: u32) -> impl Strategy<Value = Questions> {
    let some = btree_set((0..labels).prop_map(label), 0..=labels as usize).prop_map(Visible::Labels);
    let visible = if labels == LABELS {
        prop_oneof![1 => Just(Visible::All), 3 => some].boxed()
    } else {
        some.boxed()
    };
    let as_of = option::weighted(0.4, (0..6_i64).prop_map(Timestamp));
    let many = (vec(expansion(), 4), vec(path(), 8), vec(ranking(), 2));
    (visible, as_of, many).prop_map(|(visible, as_of, (expansions, paths, rankings))| {
        let questions = Questions {
            scope: Scope {
                as_of,
                ..visible.into()
            },
            expansions,
            paths,
            rankings,
        };
        questions.without(BTreeSet::new())
    })
}

/// Some documents whose edges lie thinly over more keys, so that paths are long.
pub(super) fn sparse() -> impl Strategy<Value = Vec<DocumentFacts>> {
    let ends = (0..SPARSE_KEYS, 0..SPARSE_KEYS, 0..LABELS, edge(0..LABELS, false));
    vec(ends, 20..45).prop_map(|edges| {
        let mut documents: Vec<DocumentFacts> = (0..LABELS).map(|n| super::facts(n, n)).collect();
        for (from, to, access, edge) in edges {
            let (from, to) = (Key::from_raw(&format!("k:{from}")), Key::from_raw(&format!("k:{to}")));
            let place = usize::try_from(access).expect("a small number");
            documents[place].edges.push(EdgeFact {
                from,
                to,
                also: None,
                until: None,
                ..edge
            });
        }
        documents
    })
}

/// Questions about a sparse world by somebody who sees most of it.
pub(super) fn sparse_questions() -> impl Strategy<Value = Questions> {
    let scope = select(vec![super::all(), super::sees(&[0, 1, 2]), super::sees(&[1, 2, 3])]);
    let name = || (0..SPARSE_KEYS).prop_map(|n| format!("k:{n}"));
    let path = (
        name(),
        name(),
        option::weighted(0.4, name()),
        3..=8_u8,
        prop_oneof![1..6_usize, Just(50)],
    );
    (scope, vec(path, 10)).prop_map(|(scope, paths)| {
        let paths = paths.into_iter().map(|(from, to, through, max_hops, limit)| PathQuery {
            from,
            to,
            scope: scope.clone(),
            edges: EdgeFilter::default(),
            nodes: Vec::new(),
            through,
            max_hops,
            limit,
        });
        Questions {
            scope: scope.clone(),
            expansions: Vec::new(),
            paths: paths.collect(),
            rankings: vec![super::ranking(Measure::Betweenness, scope)],
        }
    })
}

/// An edge; its second label is one of `labels`, and there is always one when it is to be hidden.
pub(super) fn edge(labels: std::ops::Range<u32>, hidden: bool) -> impl Strategy<Value = EdgeFact> {
    let confidence = prop_oneof![4 => select(vec![0.25_f32, 0.5, 1.0]), 1 => 0.0_f32..=1.0];
    let also = labels.prop_map(label);
    let also = if hidden {
        also.prop_map(Some).boxed()
    } else {
        option::weighted(0.2, also).boxed()
    };
    let evidence = (0..3_u8, option::of((0..9_u32, 9..20_u32)));
    let how = (
        select(vec!["r0", "r1"]),
        evidence,
        confidence,
        (option::of(0..5_i64), option::weighted(0.2, 1..6_i64)),
        also,
    );
    (key(), key(), edge_kind(), how).prop_map(
        |(from, to, kind, (rule, (text, span), confidence, (at, until), also))| EdgeFact {
            from,
            to,
            kind,
            rule: rule.to_owned(),
            evidence: Evidence {
                text: format!("e{text}"),
                span,
            },
            confidence,
            at: at.map(Timestamp),
            until: until.map(Timestamp),
            also,
        },
    )
}

fn node() -> impl Strategy<Value = NodeFact> {
    let title = option::of((0..3_u8).prop_map(|n| format!("title {n}")));
    let aliases = vec(select(vec!["a0", "a1", "a2", "k:1"]).prop_map(str::to_owned), 0..3);
    (key(), node_kind(), title, aliases).prop_map(|(key, kind, title, aliases)| NodeFact {
        key,
        kind,
        title,
        aliases,
    })
}

fn key() -> impl Strategy<Value = Key> {
    (0..KEYS).prop_map(|n| Key::from_raw(&format!("k:{n}")))
}

fn node_kind() -> impl Strategy<Value = NodeKind> {
    select(vec![NodeKind::Issue, NodeKind::Commit, NodeKind::Person])
}

fn edge_kind() -> impl Strategy<Value = EdgeKind> {
    select(vec![EdgeKind::References, EdgeKind::Closes, EdgeKind::PartOf])
}

fn name() -> impl Strategy<Value = String> {
    select(NAMES.to_vec()).prop_map(str::to_owned)
}

fn filter() -> impl Strategy<Value = EdgeFilter> {
    let kinds = prop_oneof![2 => Just(Vec::new()), 1 => vec(edge_kind(), 1..3)];
    let sources = prop_oneof![4 => Just(Vec::new()), 1 => vec(select(vec!["suite", "other"]).prop_map(source), 1..2)];
    let time = || option::weighted(0.2, (0..5_i64).prop_map(Timestamp));
    (kinds, sources, time(), time()).prop_map(|(kinds, sources, since, before)| EdgeFilter {
        kinds,
        sources,
        since,
        before,
    })
}

fn source(name: &str) -> SourceId {
    SourceId::new(name).expect("a good name")
}

fn expansion() -> impl Strategy<Value = Expansion> {
    let direction = select(vec![Direction::Out, Direction::In, Direction::Both]);
    (
        name(),
        filter(),
        direction,
        1..=4_u8,
        prop_oneof![1..6_usize, Just(1000)],
    )
        .prop_map(|(node, edges, direction, hops, limit)| Expansion {
            node,
            scope: super::all(),
            edges,
            direction,
            hops,
            limit,
        })
}

fn ranking() -> impl Strategy<Value = Ranking> {
    let measure = select(vec![Measure::PageRank, Measure::Degree, Measure::Betweenness]);
    (measure, filter()).prop_map(|(measure, edges)| Ranking {
        edges,
        ..super::ranking(measure, super::all())
    })
}

fn path() -> impl Strategy<Value = PathQuery> {
    let limit = prop_oneof![1..4_usize, Just(50)];
    let ends = (name(), name(), option::weighted(0.3, name()));
    let nodes = prop_oneof![4 => Just(Vec::new()), 1 => vec(node_kind(), 1..3)];
    (ends, filter(), nodes, 1..=8_u8, limit).prop_map(|((from, to, through), edges, nodes, max_hops, limit)| {
        PathQuery {
            from,
            to,
            scope: super::all(),
            edges,
            nodes,
            through,
            max_hops,
            limit,
        }
    })
}

/// Try a property on so many values, always the same ones; where it fails, find a smaller value and panic with it.
pub(super) async fn holds<S, F>(worlds: u32, strategy: S, property: F)
where
    S: Strategy,
    F: AsyncFn(S::Value) -> Result<(), String>,
{
    let mut runner = TestRunner::deterministic();
    for world in 0..worlds {
        let mut tree = strategy.new_tree(&mut runner).expect("these strategies reject nothing");
        let Err(mut reason) = property(tree.current()).await else {
            continue;
        };
        let mut smallest = tree.current();
        for _ in 0..500 {
            match property(tree.current()).await {
                Err(why) => {
                    (reason, smallest) = (why, tree.current());
                    if !tree.simplify() {
                        break;
                    }
                }
                Ok(()) if !tree.complicate() => break,
                Ok(()) => {}
            }
        }
        assert!(reason.is_empty(), "world {world}: {reason}\nin {smallest:#?}");
    }
}
