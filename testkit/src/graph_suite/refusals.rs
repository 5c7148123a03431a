//! What a graph store refuses, and what a batch leaves behind.

use domain::ErrorKind;
use domain::seam::{Expansion, GraphStore, PathQuery};

use super::examples::{around, between};
use super::{all, edge, facts};

pub(super) async fn out_of_bounds_is_invalid(store: &dyn GraphStore, _: u32) {
    for max_hops in [0, 9] {
        let error = store
            .paths(PathQuery {
                max_hops,
                ..between("a", "b", all())
            })
            .await
            .expect_err("hops");
        assert!(error.kind() == ErrorKind::Invalid && error.hint().is_some());
        let error = store
            .expand(Expansion {
                hops: max_hops,
                ..around("a", all())
            })
            .await
            .expect_err("hops");
        assert!(error.kind() == ErrorKind::Invalid && error.hint().is_some());
    }
    for limit in [0, 51] {
        let error = store
            .paths(PathQuery {
                limit,
                ..between("a", "b", all())
            })
            .await
            .expect_err("limit");
        assert!(error.kind() == ErrorKind::Invalid && error.hint().is_some());
    }
    let error = store
        .expand(Expansion {
            limit: 0,
            ..around("a", all())
        })
        .await
        .expect_err("limit");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

pub(super) async fn a_batch_with_a_bad_document_changes_nothing(store: &dyn GraphStore, _: u32) {
    let (mut good, mut bad) = (facts(1, 0), facts(2, 0));
    good.edges = vec![edge("a", "b")];
    store.replace(vec![good.clone()]).await.expect("replace");
    let before = store.scan(None, 10).await.expect("scan");
    good.edges = vec![edge("a", "c")];
    bad.edges = vec![edge("a", "d")];
    for confidence in [f32::NAN, -0.1, 1.5] {
        bad.edges[0].confidence = confidence;
        let error = store
            .replace(vec![good.clone(), bad.clone()])
            .await
            .expect_err("bad confidence");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    bad.edges[0] = edge("a", &"x".repeat(100_000));
    assert_eq!(
        store.replace(vec![good, bad]).await.expect_err("long key").kind(),
        ErrorKind::Invalid
    );
    assert_eq!(store.scan(None, 10).await.expect("scan"), before);
    assert_eq!(store.node("c", &all()).await.expect("node"), None);
}

pub(super) async fn the_later_of_two_states_in_a_batch_counts(store: &dyn GraphStore, _: u32) {
    let (mut early, mut late) = (facts(1, 0), facts(1, 1));
    early.edges = vec![edge("a", "b")];
    late.edges = vec![edge("a", "c")];
    store.replace(vec![early, late.clone()]).await.expect("replace");
    assert_eq!(store.scan(None, 10).await.expect("scan"), vec![late]);
}
