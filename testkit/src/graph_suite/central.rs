//! Examples of centrality and communities.

use domain::seam::{GraphStore, Measure};

use super::{all, edge, facts, ranking, sees};

/// Two circles of four, all tied to all, with one edge between them that not everybody sees.
pub(super) async fn two_circles_are_two_communities(store: &dyn GraphStore, _: u32) {
    let (mut circles, mut bridge) = (facts(1, 0), facts(2, 1));
    for side in ["a", "b"] {
        let pairs = (0..4).flat_map(|to| (0..to).map(move |from| (from, to)));
        circles
            .edges
            .extend(pairs.map(|(from, to)| edge(&format!("{side}{from}"), &format!("{side}{to}"))));
    }
    bridge.edges = vec![edge("a0", "b0")];
    store.replace(vec![circles, bridge]).await.expect("replace");
    let found = store.communities(&all(), 10).await.expect("communities");
    let members = |place: usize| {
        found[place]
            .members
            .iter()
            .map(domain::Key::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        (members(0), members(1)),
        ("a0 a1 a2 a3".to_owned(), "b0 b1 b2 b3".to_owned())
    );
    assert_eq!(store.communities(&all(), 1).await.expect("communities").len(), 1);
    // Over the bridge lead the ways of 3 nodes to 4 others, from either side.
    let between = ranking(Measure::Betweenness, all());
    let ranked = store.rank(&between).await.expect("ranks");
    assert!(
        ranked[0].0.as_str() == "a0" && (ranked[0].1 - 12.0).abs() < 1e-9,
        "{ranked:?}"
    );
    let ranked = store
        .rank(&ranking(Measure::Betweenness, sees(&[0])))
        .await
        .expect("ranks");
    assert!(ranked.iter().all(|(_, score)| score.abs() < 1e-9), "{ranked:?}");
}
