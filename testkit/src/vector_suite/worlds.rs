//! Cases over many generated points: agreement with the oracle, and worlds that differ only in what is hidden.

use std::collections::BTreeSet;

use domain::seam::{Leg, PointSet, VectorIndex, VectorQuery};
use domain::{Filter, Visible};
use proptest::prop_oneof;
use proptest::strategy::{Just, Strategy};

use super::generate::{
    access, exact_dense, exact_sparse, filter, histories, query, real_dense, real_sparse, set, values,
};
use super::oracle::Oracle;

/// Random histories, then random queries: the same ids in the same order, scores to 1e-5, the same counts and contents.
pub(super) async fn filters_alone_and_combined_agree_with_the_oracle(index: &dyn VectorIndex) {
    let mut oracle = Oracle::default();
    for (round, sets) in (0_u8..).zip(histories(1, 12)) {
        oracle.replace(sets.clone());
        index.replace(sets).await.expect("replace");
        let queries = values(round, 40, &query(oracle.chunks()));
        for query in queries {
            oracle.check(index, query).await;
        }
    }
    oracle.check_contents(index).await;
}

/// The same with vectors of arbitrary numbers, where nothing ties.
pub(super) async fn real_numbers_agree_with_the_oracle(index: &dyn VectorIndex) {
    let mut oracle = Oracle::default();
    let (sets, queries) = real(&mut oracle);
    index.replace(sets).await.expect("replace");
    for query in queries {
        oracle.check(index, query).await;
    }
    oracle.check_contents(index).await;
}

/// A caller's answers, to the bit, from a world without what he may not see and from worlds full of it.
pub(super) async fn hidden_points_change_no_bit_of_an_answer(index: &dyn VectorIndex) {
    let visible = Visible::Labels(BTreeSet::from([access(0), access(1)]));
    let (shown, hidden) = worlds(&visible);
    assert!(
        shown.len() > 100 && hidden.len() > 100,
        "both worlds are worth comparing"
    );
    let questions = questions(&visible);
    index.replace(shown.clone()).await.expect("replace");
    let expected = answers(index, &questions).await;
    for (first, batch) in [(hidden.len() / 3, 17), (hidden.len() * 2 / 3, 41)] {
        index.clear().await.expect("clear");
        let (before, after) = hidden.split_at(first);
        index.replace(before.to_vec()).await.expect("replace");
        for some in shown.chunks(batch) {
            index.replace(some.to_vec()).await.expect("replace");
        }
        index.replace(after.to_vec()).await.expect("replace");
        assert_eq!(answers(index, &questions).await, expected);
    }
}

/// What is shown to the caller and what is hidden, with exact vectors for ties and arbitrary ones for the last bits of sums.
fn worlds(visible: &Visible) -> (Vec<PointSet>, Vec<PointSet>) {
    let dense = prop_oneof![exact_dense(), real_dense()];
    let sparse = prop_oneof![exact_sparse(), real_sparse(30)];
    let sets = values(4, 600, &set(0..400, dense.boxed(), sparse.boxed()));
    let (shown, mut hidden): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| visible.contains(&set.access));
    let documents: BTreeSet<_> = shown.iter().map(|set| set.document).collect();
    hidden.retain(|set| !documents.contains(&set.document));
    (shown, hidden)
}

fn questions(visible: &Visible) -> Vec<VectorQuery> {
    let legs = prop_oneof![
        exact_dense().prop_map(Leg::Dense),
        real_dense().prop_map(Leg::Dense),
        exact_sparse().prop_map(Leg::Sparse),
        real_sparse(40).prop_map(Leg::Sparse),
        Just(Leg::Newest),
    ];
    let asked = values(5, 60, &(legs, 1_usize..80));
    asked
        .into_iter()
        .map(|(leg, limit)| VectorQuery {
            leg,
            filter: Filter::visible(visible.clone()),
            limit,
        })
        .collect()
}

/// Sets and queries with vectors of arbitrary numbers.
fn real(oracle: &mut Oracle) -> (Vec<PointSet>, Vec<VectorQuery>) {
    let sets = values(2, 150, &set(0..150, real_dense().boxed(), real_sparse(20).boxed()));
    oracle.replace(sets.clone());
    let legs = prop_oneof![real_dense().prop_map(Leg::Dense), real_sparse(30).prop_map(Leg::Sparse)];
    let asked = values(3, 80, &(legs, filter(oracle.chunks()), 1_usize..60));
    (
        sets,
        asked
            .into_iter()
            .map(|(leg, filter, limit)| VectorQuery { leg, filter, limit })
            .collect(),
    )
}

/// Chunks and the bits of their scores, and the count.
async fn answers(index: &dyn VectorIndex, questions: &[VectorQuery]) -> Vec<(Vec<(domain::ChunkId, u32)>, u64)> {
    let mut answers = Vec::new();
    for question in questions {
        let hits = index.query(question.clone()).await.expect("query");
        let count = index.count(question.filter.clone()).await.expect("count");
        answers.push((hits.iter().map(|hit| (hit.chunk, hit.score.to_bits())).collect(), count));
    }
    answers
}
