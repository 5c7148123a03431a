//! Cases that each show one sentence of the contract.

use std::collections::BTreeSet;

use domain::seam::{Hit, Leg, VectorIndex, VectorQuery};
use domain::{AccessId, ChunkId, ErrorKind, Filter, SparseVector, Timestamp, Visible};
use uuid::Uuid;

use super::generate::{access, axis, document, histories, plain};
use super::oracle::Oracle;

fn sparse(pairs: &[(u32, f32)]) -> SparseVector {
    SparseVector::from_pairs(pairs.to_vec())
}

fn all() -> Filter {
    Filter::visible(Visible::All)
}

fn only(labels: impl IntoIterator<Item = AccessId>) -> Filter {
    Filter::visible(Visible::Labels(labels.into_iter().collect::<BTreeSet<_>>()))
}

async fn ask(index: &dyn VectorIndex, leg: Leg, filter: Filter, limit: usize) -> Vec<Hit> {
    index.query(VectorQuery { leg, filter, limit }).await.expect("query")
}

async fn count(index: &dyn VectorIndex, filter: Filter) -> u64 {
    index.count(filter).await.expect("count")
}

pub(super) async fn replaced_points_are_found_by_the_next_query(index: &dyn VectorIndex) {
    let set = plain(1, vec![(axis(0), sparse(&[(3, 2.0)]))]);
    let chunk = set.points.first().map(|point| point.chunk).expect("a point");
    index.replace(vec![set]).await.expect("replace");
    for (leg, score) in [
        (Leg::Dense(axis(0)), 1.0),
        (Leg::Sparse(sparse(&[(3, 0.5), (9, 1.0)])), 1.0),
    ] {
        assert_eq!(
            ask(index, leg, all(), 5).await,
            [Hit {
                chunk,
                document: document(1),
                score
            }]
        );
    }
}

pub(super) async fn repeating_a_replace_changes_nothing(index: &dyn VectorIndex) {
    let mut oracle = Oracle::default();
    for sets in histories(11, 3) {
        oracle.replace(sets.clone());
        for _ in 0..3 {
            index.replace(sets.clone()).await.expect("replace");
        }
    }
    oracle.check_contents(index).await;
}

pub(super) async fn a_shrinking_document_loses_its_stale_points(index: &dyn VectorIndex) {
    let points = |many: usize| {
        (0..many)
            .map(|number| (axis(number), sparse(&[(1, 1.0)])))
            .collect::<Vec<_>>()
    };
    index
        .replace(vec![plain(1, points(5)), plain(2, points(1))])
        .await
        .expect("replace");
    index.replace(vec![plain(1, points(2))]).await.expect("replace");
    let found = ask(index, Leg::Sparse(sparse(&[(1, 1.0)])), all(), 10).await;
    let mut expected = vec![
        ChunkId::new(document(1), 0),
        ChunkId::new(document(1), 1),
        ChunkId::new(document(2), 0),
    ];
    expected.sort();
    assert_eq!(found.iter().map(|hit| hit.chunk).collect::<Vec<_>>(), expected);
    assert_eq!(count(index, all()).await, 3);
}

pub(super) async fn a_set_without_points_removes_its_document(index: &dyn VectorIndex) {
    let point = || vec![(axis(0), sparse(&[(1, 1.0)]))];
    index
        .replace(vec![plain(1, point()), plain(2, point())])
        .await
        .expect("replace");
    index
        .replace(vec![plain(1, Vec::new()), plain(3, Vec::new())])
        .await
        .expect("replace");
    let found = ask(index, Leg::Dense(axis(0)), all(), 10).await;
    assert_eq!(found.iter().map(|hit| hit.document).collect::<Vec<_>>(), [document(2)]);
}

pub(super) async fn the_last_set_of_a_document_counts(index: &dyn VectorIndex) {
    let many = plain(
        1,
        vec![(axis(0), SparseVector::default()), (axis(1), SparseVector::default())],
    );
    let one = plain(1, vec![(axis(2), SparseVector::default())]);
    index.replace(vec![many, one]).await.expect("replace");
    let found = ask(index, Leg::Dense(axis(2)), all(), 10).await;
    assert_eq!(
        found,
        [Hit {
            chunk: ChunkId::new(document(1), 0),
            document: document(1),
            score: 1.0
        }]
    );
}

pub(super) async fn a_document_moves_to_another_label_as_a_whole(index: &dyn VectorIndex) {
    let mut set = plain(1, (0..4).map(|number| (axis(number), sparse(&[(1, 1.0)]))).collect());
    index.replace(vec![set.clone()]).await.expect("replace");
    set.access = access(1);
    set.points.pop();
    index.replace(vec![set]).await.expect("replace");
    assert_eq!(count(index, only([access(0)])).await, 0);
    assert_eq!(count(index, only([access(1)])).await, 3);
}

pub(super) async fn an_empty_set_of_labels_sees_nothing(index: &dyn VectorIndex) {
    index
        .replace(vec![plain(1, vec![(axis(0), sparse(&[(1, 1.0)]))])])
        .await
        .expect("replace");
    for filter in [
        Filter::visible(Visible::nothing()),
        only([access(4)]),
        Filter {
            chunks: Some(Vec::new()),
            ..all()
        },
    ] {
        assert_eq!(ask(index, Leg::Dense(axis(0)), filter.clone(), 10).await, []);
        assert_eq!(
            ask(index, Leg::Sparse(sparse(&[(1, 1.0)])), filter.clone(), 10).await,
            []
        );
        assert_eq!(count(index, filter).await, 0);
    }
}

pub(super) async fn limit_zero_finds_nothing(index: &dyn VectorIndex) {
    index
        .replace(vec![plain(1, vec![(axis(0), sparse(&[(1, 1.0)]))])])
        .await
        .expect("replace");
    assert_eq!(ask(index, Leg::Dense(axis(0)), all(), 0).await, []);
    assert_eq!(ask(index, Leg::Sparse(sparse(&[(1, 1.0)])), all(), 0).await, []);
    assert_eq!(index.scan(None, 0).await.expect("scan"), []);
}

pub(super) async fn a_limit_beyond_the_index_finds_all(index: &dyn VectorIndex) {
    assert_eq!(
        ask(index, Leg::Dense(axis(0)), all(), usize::MAX).await,
        [],
        "an empty index"
    );
    index
        .replace(
            (0..3)
                .map(|number| plain(number, vec![(axis(0), sparse(&[(1, 1.0)]))]))
                .collect(),
        )
        .await
        .expect("replace");
    for leg in [Leg::Dense(axis(0)), Leg::Sparse(sparse(&[(1, 1.0)]))] {
        assert_eq!(ask(index, leg, all(), usize::MAX).await.len(), 3);
    }
}

pub(super) async fn an_empty_sparse_query_finds_nothing(index: &dyn VectorIndex) {
    index
        .replace(vec![plain(1, vec![(axis(0), sparse(&[(1, 1.0)]))])])
        .await
        .expect("replace");
    assert_eq!(ask(index, Leg::Sparse(SparseVector::default()), all(), 10).await, []);
}

pub(super) async fn points_that_share_no_term_are_not_found(index: &dyn VectorIndex) {
    let with = |number, terms: &[(u32, f32)]| plain(number, vec![(axis(0), sparse(terms))]);
    index
        .replace(vec![with(1, &[(1, 1.0)]), with(2, &[(2, 1.0)]), with(3, &[])])
        .await
        .expect("replace");
    let candidates = (1..4).map(|number| ChunkId::new(document(number), 0)).collect();
    for filter in [
        all(),
        Filter {
            chunks: Some(candidates),
            ..all()
        },
    ] {
        let found = ask(index, Leg::Sparse(sparse(&[(0, 1.0), (2, 3.0)])), filter, 10).await;
        assert_eq!(
            found,
            [Hit {
                chunk: ChunkId::new(document(2), 0),
                document: document(2),
                score: 3.0
            }]
        );
    }
}

pub(super) async fn equal_scores_come_by_chunk_id_even_at_the_limit(index: &dyn VectorIndex) {
    let same = (0..300).map(|number| plain(number, vec![(axis(0), sparse(&[(1, 1.5)]))]));
    let better = plain(300, vec![(axis(0), sparse(&[(1, 2.0)]))]);
    // Ids are hashes, so the order of writing is not their order.
    index.replace(same.chain([better]).collect()).await.expect("replace");
    let mut chunks: Vec<_> = (0..300).map(|number| ChunkId::new(document(number), 0)).collect();
    chunks.sort();
    let first = ChunkId::new(document(300), 0);
    for limit in [1, 2, 17, 100, 301] {
        let found = ask(index, Leg::Sparse(sparse(&[(1, 1.0)])), all(), limit).await;
        let expected: Vec<_> = std::iter::once(first)
            .chain(chunks.iter().copied())
            .take(limit)
            .collect();
        assert_eq!(
            found.iter().map(|hit| hit.chunk).collect::<Vec<_>>(),
            expected,
            "sparse, limit {limit}"
        );
    }
    chunks.push(first);
    chunks.sort();
    for limit in [1, 17, 100, 301] {
        let found = ask(index, Leg::Dense(axis(0)), all(), limit).await;
        assert_eq!(
            found.iter().map(|hit| hit.chunk).collect::<Vec<_>>(),
            chunks[..limit],
            "dense, limit {limit}"
        );
    }
}

pub(super) async fn times_at_the_ends_of_the_range_are_compared(index: &dyn VectorIndex) {
    let times = [i64::MIN, -1, 0, 1_700_000_000_000, 1_700_000_000_001, i64::MAX];
    let sets = (0_u32..).zip(times).map(|(number, time)| {
        let mut set = plain(number, vec![(axis(0), SparseVector::default())]);
        set.updated = Some(Timestamp(time));
        set
    });
    index
        .replace(
            sets.chain([plain(99, vec![(axis(0), SparseVector::default())])])
                .collect(),
        )
        .await
        .expect("replace");
    let between = |from: Option<i64>, before: Option<i64>| Filter {
        updated_from: from.map(Timestamp),
        updated_before: before.map(Timestamp),
        ..all()
    };
    for (from, before, expected) in [
        (None, None, 7),
        (Some(i64::MIN), None, 6),
        (Some(0), None, 4),
        (None, Some(0), 2),
        (Some(1_700_000_000_001), None, 2),
        (Some(1_700_000_000_000), Some(1_700_000_000_001), 1),
        (None, Some(i64::MAX), 5),
        (Some(5), Some(5), 0),
        (Some(9), Some(5), 0),
    ] {
        assert_eq!(
            count(index, between(from, before)).await,
            expected,
            "{from:?} to {before:?}"
        );
    }
}

pub(super) async fn filters_compare_labels_and_states_lower_cased(index: &dyn VectorIndex) {
    let mut set = plain(1, vec![(axis(0), SparseVector::default())]);
    set.labels = vec!["needs review".to_owned(), "äpfel".to_owned()];
    set.states = vec!["in progress".to_owned()];
    index.replace(vec![set]).await.expect("replace");
    let filter = |labels: &[&str], states: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Filter {
            labels: owned(labels),
            states: owned(states),
            ..all()
        }
    };
    assert_eq!(
        count(index, filter(&["Needs Review", "ÄPFEL"], &["Done", "In Progress"])).await,
        1
    );
    assert_eq!(
        count(index, filter(&["needs review", "birnen"], &[])).await,
        0,
        "all labels must be there"
    );
    assert_eq!(
        count(index, filter(&["needs"], &[])).await,
        0,
        "a label is compared as a whole"
    );
    assert_eq!(count(index, filter(&[], &["done"])).await, 0);
}

pub(super) async fn scan_returns_what_was_written_page_by_page(index: &dyn VectorIndex) {
    let mut oracle = Oracle::default();
    oracle.check_contents(index).await;
    for sets in histories(12, 4) {
        oracle.replace(sets.clone());
        index.replace(sets).await.expect("replace");
    }
    oracle.check_contents(index).await;
    let whole = index.scan(None, usize::MAX).await.expect("scan");
    assert_eq!(whole.len(), oracle.chunks().len());
    assert_eq!(index.scan(Some(ChunkId(Uuid::max())), 5).await.expect("scan"), []);
}

pub(super) async fn clear_removes_everything_and_leaves_a_usable_index(index: &dyn VectorIndex) {
    let write = async || {
        index
            .replace(vec![plain(1, vec![(axis(0), sparse(&[(1, 1.0)]))])])
            .await
            .expect("replace");
    };
    write().await;
    index.clear().await.expect("clear");
    assert_eq!(count(index, all()).await, 0);
    assert_eq!(ask(index, Leg::Dense(axis(0)), all(), 10).await, []);
    write().await;
    index.flush().await.expect("flush");
    assert_eq!(count(index, only([access(0)])).await, 1);
}

pub(super) async fn malformed_vectors_are_refused(index: &dyn VectorIndex) {
    let bad_dense = [
        Vec::new(),
        vec![1.0],
        axis(0).into_iter().chain([0.0]).collect(),
        axis(0).into_iter().map(|number| number / 0.0).collect(),
    ];
    let bad_sparse = [
        SparseVector {
            terms: vec![1, 2],
            weights: vec![1.0],
        },
        SparseVector {
            terms: vec![2, 1],
            weights: vec![1.0, 1.0],
        },
        SparseVector {
            terms: vec![1, 1],
            weights: vec![1.0, 1.0],
        },
        SparseVector {
            terms: vec![1],
            weights: vec![f32::NAN],
        },
    ];
    let points = bad_dense.iter().map(|dense| (dense.clone(), SparseVector::default()));
    let points = points.chain(bad_sparse.iter().map(|sparse| (axis(0), sparse.clone())));
    for point in points {
        let error = index.replace(vec![plain(1, vec![point])]).await.expect_err("malformed");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    let legs = bad_dense
        .into_iter()
        .map(Leg::Dense)
        .chain(bad_sparse.into_iter().map(Leg::Sparse));
    for leg in legs {
        let error = index
            .query(VectorQuery {
                leg,
                filter: all(),
                limit: 1,
            })
            .await
            .expect_err("malformed");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(count(index, all()).await, 0, "nothing of a refused call is written");
}
