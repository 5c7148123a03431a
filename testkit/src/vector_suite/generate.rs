//! Point sets, queries and filters from fixed seeds.

use std::collections::BTreeSet;

use domain::seam::{Leg, Point, PointSet, VectorQuery};
use domain::{AccessId, ChunkId, DocumentId, DocumentKind, Filter, SourceId, SparseVector, Timestamp, Visible};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::DIMENSIONS;

/// The kinds in use.
const KINDS: [DocumentKind; 3] = [DocumentKind::Issue, DocumentKind::Page, DocumentKind::Commit];
/// The labels and states in use.
const WORDS: [&str; 3] = ["bug", "open", "zürich"];
/// The access labels in use.
const LABELS: u8 = 5;

/// `count` values of `strategy`, the same for the same seed.
pub(super) fn values<S: Strategy>(seed: u8, count: usize, strategy: &S) -> Vec<S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count)
        .map(|_| {
            strategy
                .new_tree(&mut runner)
                .expect("our strategies reject nothing")
                .current()
        })
        .collect()
}

/// `count` batches of sets over forty documents, so that later batches replace, shrink and remove what earlier ones wrote.
pub(super) fn histories(seed: u8, count: usize) -> Vec<Vec<PointSet>> {
    values(
        seed,
        count,
        &vec(set(0..40, exact_dense().boxed(), exact_sparse().boxed()), 1..30),
    )
}

/// A document by number.
pub(super) fn document(number: u32) -> DocumentId {
    DocumentId::new(&source(0), &number.to_string())
}

/// An access label by number.
pub(super) fn access(number: u8) -> AccessId {
    AccessId::new(&source(0), &number.to_string())
}

/// The plainest set of a document: label 0, one point for each of `points`.
pub(super) fn plain(number: u32, points: Vec<(Vec<f32>, SparseVector)>) -> PointSet {
    let document = document(number);
    let points = (0_u32..).zip(points).map(|(ordinal, (dense, sparse))| Point {
        chunk: ChunkId::new(document, ordinal),
        dense,
        sparse,
    });
    PointSet {
        document,
        access: access(0),
        source: source(0),
        kind: DocumentKind::Issue,
        container: "jira:a/P".to_owned(),
        author: None,
        labels: Vec::new(),
        states: Vec::new(),
        updated: None,
        points: points.collect(),
    }
}

/// The unit vector along an axis.
pub(super) fn axis(number: usize) -> Vec<f32> {
    (0..DIMENSIONS)
        .map(|index| if index == number { 1.0 } else { 0.0 })
        .collect()
}

fn source(number: u8) -> SourceId {
    SourceId::new(&format!("source-{number}")).expect("a proper name")
}

fn words() -> impl Strategy<Value = Vec<String>> {
    subsequence(WORDS.to_vec(), 0..=WORDS.len()).prop_map(|words| words.into_iter().map(str::to_owned).collect())
}

/// Unit vectors whose inner products are exact in any order of summing, so that equal scores are equal to the bit.
pub(super) fn exact_dense() -> impl Strategy<Value = Vec<f32>> {
    (
        subsequence((0..DIMENSIONS).collect::<Vec<_>>(), 4),
        vec(any::<bool>(), 4),
    )
        .prop_map(|(places, signs)| {
            let mut dense = vec![0.0; DIMENSIONS];
            for (place, sign) in places.into_iter().zip(signs) {
                if let Some(number) = dense.get_mut(place) {
                    *number = if sign { 0.5 } else { -0.5 };
                }
            }
            dense
        })
}

/// Unit vectors of arbitrary direction.
pub(super) fn real_dense() -> impl Strategy<Value = Vec<f32>> {
    vec(-1.0_f32..1.0, DIMENSIONS).prop_map(|numbers| {
        let length = numbers
            .iter()
            .map(|number| number * number)
            .sum::<f32>()
            .sqrt()
            .max(1e-6);
        numbers.into_iter().map(|number| number / length).collect()
    })
}

/// Sparse vectors whose inner products are exact in any order of summing.
pub(super) fn exact_sparse() -> impl Strategy<Value = SparseVector> {
    btree_map(0_u32..30, 1_u8..16, 0..8).prop_map(|terms| {
        let (terms, weights) = terms
            .into_iter()
            .map(|(term, weight)| (term, f32::from(weight) / 4.0))
            .unzip();
        SparseVector { terms, weights }
    })
}

/// Sparse vectors with arbitrary weights.
pub(super) fn real_sparse(terms: usize) -> impl Strategy<Value = SparseVector> {
    btree_map(0_u32..200, 0.01_f32..3.0, 1..terms).prop_map(|terms| {
        let (terms, weights) = terms.into_iter().unzip();
        SparseVector { terms, weights }
    })
}

/// Sets of the documents numbered so.
pub(super) fn set(
    numbers: std::ops::Range<u32>,
    dense: BoxedStrategy<Vec<f32>>,
    sparse: BoxedStrategy<SparseVector>,
) -> impl Strategy<Value = PointSet> {
    let points = vec((dense, sparse), 0..5);
    let names = (
        0..LABELS,
        0_u8..3,
        select(&KINDS[..]),
        0_u8..4,
        proptest::option::of(0_u8..4),
    );
    (
        numbers,
        points,
        names,
        words(),
        words(),
        proptest::option::of(0_i64..100),
    )
        .prop_map(
            |(number, points, (label, from, kind, container, author), labels, states, updated)| PointSet {
                access: access(label),
                source: source(from),
                kind,
                container: format!("container {container}"),
                author: author.map(|author| format!("account:x/{author}")),
                labels,
                states,
                updated: updated.map(Timestamp),
                ..plain(number, points)
            },
        )
}

/// Filters: each condition absent about as often as present. Candidates are drawn from `chunks`.
pub(super) fn filter(chunks: Vec<ChunkId>) -> impl Strategy<Value = Filter> {
    let most = chunks.len().min(20);
    let candidates = proptest::option::weighted(0.2, subsequence(chunks, 0..=most));
    let visible = prop_oneof![
        Just(Visible::All),
        btree_set(0..LABELS, 0..4)
            .prop_map(|labels| Visible::Labels(labels.into_iter().map(access).collect::<BTreeSet<_>>())),
    ];
    let names = (
        sparsely(btree_set(0_u8..4, 1..3)),
        sparsely(btree_set(0_u8..4, 1..3)),
        sparsely(btree_set(0_u8..5, 1..3)),
    );
    let kinds = sparsely(subsequence(KINDS.to_vec(), 1..3));
    let times = (
        proptest::option::weighted(0.3, 0_i64..100),
        proptest::option::weighted(0.3, 0_i64..100),
    );
    (
        visible,
        names,
        kinds,
        sparsely(words()),
        sparsely(words()),
        times,
        candidates,
    )
        .prop_map(
            |(visible, (sources, containers, authors), kinds, labels, states, (from, before), chunks)| Filter {
                sources: sources.into_iter().flatten().map(source).collect(),
                kinds: kinds.unwrap_or_default(),
                containers: containers
                    .into_iter()
                    .flatten()
                    .map(|number| format!("container {number}"))
                    .collect(),
                authors: authors
                    .into_iter()
                    .flatten()
                    .map(|number| format!("account:x/{number}"))
                    .collect(),
                labels: labels.unwrap_or_default(),
                states: states.unwrap_or_default(),
                updated_from: from.map(Timestamp),
                updated_before: before.map(Timestamp),
                chunks,
                ..Filter::visible(visible)
            },
        )
}

fn sparsely<S: Strategy>(strategy: S) -> impl Strategy<Value = Option<S::Value>> {
    proptest::option::weighted(0.3, strategy)
}

/// Queries with exact vectors, any filter, and limits from none to all.
pub(super) fn query(chunks: Vec<ChunkId>) -> impl Strategy<Value = VectorQuery> {
    let leg = prop_oneof![
        exact_dense().prop_map(Leg::Dense),
        exact_sparse().prop_map(Leg::Sparse),
        Just(Leg::Newest),
    ];
    (leg, filter(chunks), prop_oneof![0_usize..10, 10_usize..300]).prop_map(|(leg, filter, limit)| VectorQuery {
        leg,
        filter,
        limit,
    })
}
