//! Examples, one behaviour each.

use domain::seam::{Direction, EdgeFilter, Expansion, GraphStore, Measure, Path, PathQuery, Scope};
use domain::{EdgeKind, Error, ErrorKind, Key, NodeKind, Timestamp};

use super::{all, document, edge, facts, node, ranking, sees};

pub(super) fn around(name: &str, scope: Scope) -> Expansion {
    Expansion {
        node: name.to_owned(),
        scope,
        edges: EdgeFilter::default(),
        direction: Direction::Both,
        hops: 1,
        limit: 100,
    }
}

pub(super) fn between(from: &str, to: &str, scope: Scope) -> PathQuery {
    PathQuery {
        from: from.to_owned(),
        to: to.to_owned(),
        scope,
        edges: EdgeFilter::default(),
        nodes: Vec::new(),
        through: None,
        max_hops: 8,
        limit: 10,
    }
}

pub(super) fn nodes(paths: &[Path]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.nodes.iter().map(Key::as_str).collect::<Vec<_>>().join(" "))
        .collect()
}

pub(super) fn words(error: &Error) -> (ErrorKind, String, Option<String>) {
    (error.kind(), error.to_string(), error.hint().map(str::to_owned))
}

pub(super) async fn an_empty_store_has_nothing(store: &dyn GraphStore, _: u32) {
    assert_eq!(store.node("a", &all()).await.expect("node"), None);
    assert_eq!(
        store.rank(&ranking(Measure::PageRank, all())).await.expect("rank"),
        vec![]
    );
    assert_eq!(store.scan(None, 10).await.expect("scan"), vec![]);
    assert_eq!(
        store.expand(around("a", all())).await.expect_err("no node").kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        store.paths(between("a", "b", all())).await.expect_err("no node").kind(),
        ErrorKind::NotFound
    );
    store.replace(vec![]).await.expect("nothing to replace");
}

pub(super) async fn a_stub_becomes_real_when_its_document_arrives(store: &dyn GraphStore, _: u32) {
    let mut mention = facts(1, 0);
    mention.edges = vec![edge("a", "b")];
    store.replace(vec![mention]).await.expect("replace");
    let stub = store.node("b", &all()).await.expect("node").expect("a bare name");
    assert_eq!((stub.kind, stub.title, stub.documents), (None, None, vec![]));
    let mut own = facts(2, 0);
    own.nodes = vec![node("b", "Title")];
    store.replace(vec![own]).await.expect("replace");
    let real = store.node("b", &all()).await.expect("node").expect("a node");
    assert_eq!(
        (real.kind, real.title.as_deref(), real.documents),
        (Some(NodeKind::Issue), Some("Title"), vec![document(2)])
    );
    assert_eq!(store.size().await.expect("size").nodes, 2);
}

pub(super) async fn what_a_document_asserts_dies_with_it(store: &dyn GraphStore, _: u32) {
    let (mut one, mut two) = (facts(1, 0), facts(2, 0));
    one.edges = vec![edge("a", "b"), edge("a", "c")];
    two.edges = vec![edge("a", "b")];
    store.replace(vec![one, two]).await.expect("replace");
    store.replace(vec![facts(1, 0)]).await.expect("take back");
    let left = store.expand(around("a", all())).await.expect("expand");
    assert_eq!(
        left.edges
            .iter()
            .map(|edge| (edge.to.as_str(), edge.document))
            .collect::<Vec<_>>(),
        [("b", document(2))]
    );
    assert_eq!(store.node("c", &all()).await.expect("node"), None);
    store.replace(vec![facts(2, 0)]).await.expect("take back");
    assert_eq!(store.size().await.expect("size"), domain::seam::graph::Size::default());
    assert_eq!(store.node("a", &all()).await.expect("node"), None);
}

pub(super) async fn a_new_label_counts_at_once(store: &dyn GraphStore, _: u32) {
    let mut one = facts(1, 0);
    (one.nodes, one.edges) = (vec![node("a", "A")], vec![edge("a", "b")]);
    store.replace(vec![one.clone()]).await.expect("replace");
    assert!(store.node("a", &sees(&[0])).await.expect("node").is_some());
    one.access = super::label(1);
    store.replace(vec![one]).await.expect("replace");
    for name in ["a", "b"] {
        assert_eq!(store.node(name, &sees(&[0])).await.expect("node"), None);
        assert!(store.node(name, &sees(&[1])).await.expect("node").is_some());
    }
}

pub(super) async fn the_second_label_of_an_edge_counts(store: &dyn GraphStore, _: u32) {
    let mut one = facts(1, 0);
    one.edges = vec![edge("a", "b"), edge("a", "c")];
    one.edges[1].also = Some(super::label(1));
    store.replace(vec![one]).await.expect("replace");
    for (labels, edges) in [(vec![0], 1), (vec![1], 0), (vec![0, 1], 2)] {
        let seen = store.expand(around("a", sees(&labels))).await;
        assert_eq!(seen.map_or(0, |seen| seen.edges.len()), edges, "{labels:?}");
    }
    assert_eq!(store.node("c", &sees(&[0])).await.expect("node"), None);
}

pub(super) async fn a_revoked_document_does_not_exist(store: &dyn GraphStore, _: u32) {
    let (mut kept, mut gone) = (facts(1, 0), facts(2, 0));
    (kept.nodes, kept.edges) = (vec![node("a", "A")], vec![edge("a", "b")]);
    (gone.nodes, gone.edges) = (
        vec![node("b", "B"), node("a", "Another A")],
        vec![edge("a", "b"), edge("b", "c")],
    );
    gone.nodes[0].aliases = vec!["other".to_owned()];
    store.replace(vec![kept.clone()]).await.expect("replace");
    let scope = Scope {
        revoked: [document(2)].into(),
        ..all()
    };
    let mut told = Vec::new();
    for batch in [vec![], vec![gone]] {
        store.replace(batch).await.expect("replace");
        let mut nodes = Vec::new();
        for name in ["a", "b", "c", "other"] {
            nodes.push(store.node(name, &scope).await.expect("node"));
        }
        assert!(nodes[2].is_none() && nodes[3].is_none(), "{nodes:?}");
        let around = store.expand(around("a", scope.clone())).await.expect("seen");
        let paths = store.paths(between("a", "b", scope.clone())).await.expect("seen");
        told.push((nodes, around, paths));
    }
    assert_eq!(told[0], told[1]);
    assert!(store.node("other", &all()).await.expect("node").is_some());
}

pub(super) async fn hidden_and_absent_fail_alike(store: &dyn GraphStore, _: u32) {
    let (mut open, mut secret) = (facts(1, 0), facts(2, 1));
    open.nodes = vec![node("a", "A")];
    secret.nodes = vec![node("b", "B")];
    secret.nodes[0].aliases = vec!["other".to_owned()];
    secret.edges = vec![edge("a", "b"), edge("b", "c")];
    let mut answers = Vec::new();
    for batch in [vec![open.clone(), secret], vec![facts(2, 1)]] {
        store.replace(batch).await.expect("replace");
        let mut said = Vec::new();
        for name in ["b", "c", "other"] {
            assert_eq!(store.node(name, &sees(&[0])).await.expect("node"), None);
            said.push(words(
                &store.expand(around(name, sees(&[0]))).await.expect_err("not seen"),
            ));
            said.push(words(
                &store.paths(between("a", name, sees(&[0]))).await.expect_err("not seen"),
            ));
            said.push(words(
                &store.paths(between(name, "a", sees(&[0]))).await.expect_err("not seen"),
            ));
            let through = PathQuery {
                through: Some(name.to_owned()),
                ..between("a", "a", sees(&[0]))
            };
            said.push(words(&store.paths(through).await.expect_err("not seen")));
        }
        assert!(said.iter().all(|(kind, _, _)| *kind == ErrorKind::NotFound));
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1]);
}

pub(super) async fn the_strongest_visible_assertion_is_shown(store: &dyn GraphStore, _: u32) {
    let (mut weak, mut strong, mut secret) = (facts(1, 0), facts(2, 0), facts(3, 1));
    for (one, confidence, at) in [(&mut weak, 0.5, 10), (&mut strong, 0.8, 20), (&mut secret, 1.0, 5)] {
        one.edges = vec![edge("a", "b")];
        (one.edges[0].confidence, one.edges[0].at) = (confidence, Some(Timestamp(at)));
        one.edges[0].evidence.text = format!("at {at}");
    }
    store.replace(vec![weak, strong, secret]).await.expect("replace");
    let seen = store.expand(around("a", sees(&[0]))).await.expect("expand").edges;
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].document, seen[0].evidence.text.as_str()),
        (document(2), "at 20")
    );
    assert_eq!(
        (seen[0].first_seen, seen[0].last_seen),
        (Some(Timestamp(10)), Some(Timestamp(20)))
    );
    let all = store.expand(around("a", all())).await.expect("expand").edges;
    assert_eq!((all[0].document, all[0].first_seen), (document(3), Some(Timestamp(5))));
}

pub(super) async fn an_alias_leads_to_the_smallest_visible_key(store: &dyn GraphStore, _: u32) {
    let (mut one, mut two, mut three) = (facts(1, 1), facts(2, 0), facts(3, 0));
    for (one, key) in [(&mut one, "a"), (&mut two, "b"), (&mut three, "c")] {
        one.nodes = vec![node(key, key)];
        one.nodes[0].aliases = vec!["name".to_owned(), "c".to_owned()];
    }
    store.replace(vec![three, two, one]).await.expect("replace");
    let key = async |name: &str, labels: &[u32]| {
        let found = store.node(name, &sees(labels)).await.expect("node");
        found.map(|node| node.key.as_str().to_owned())
    };
    assert_eq!(key("name", &[0]).await.as_deref(), Some("b"));
    assert_eq!(key("name", &[0, 1]).await.as_deref(), Some("a"));
    assert_eq!(
        key("c", &[0]).await.as_deref(),
        Some("c"),
        "a canonical key goes before an alias"
    );
    assert_eq!(key("c", &[1]).await.as_deref(), Some("a"), "but only when it is seen");
    assert_eq!(key("name", &[]).await, None);
}

pub(super) async fn a_view_names_at_most_sixteen_documents(store: &dyn GraphStore, _: u32) {
    let batch = (0..20).map(|n| {
        let mut one = facts(n, n % 2);
        one.nodes = vec![node("a", &format!("by {}", one.document))];
        one
    });
    store.replace(batch.collect()).await.expect("replace");
    let mut odd: Vec<_> = (0..20).filter(|n| n % 2 == 1).map(document).collect();
    let mut documents: Vec<_> = (0..20).map(document).collect();
    odd.sort();
    documents.sort();
    documents.truncate(16);
    let seen = store.node("a", &sees(&[1])).await.expect("node").expect("seen");
    assert_eq!((seen.title, &seen.documents), (Some(format!("by {}", odd[0])), &odd));
    assert_eq!(
        store.node("a", &all()).await.expect("node").expect("seen").documents,
        documents
    );
}

pub(super) async fn expansion_is_nearest_first_and_tells_what_it_cut(store: &dyn GraphStore, _: u32) {
    let mut one = facts(1, 0);
    one.edges = vec![edge("b", "d"), edge("m", "b"), edge("c", "m"), edge("d", "e")];
    one.edges[1].confidence = 0.5;
    store.replace(vec![one]).await.expect("replace");
    let ends = async |hops: u8, limit: usize, direction: Direction| {
        let expansion = Expansion {
            hops,
            limit,
            direction,
            ..around("m", all())
        };
        let seen = store.expand(expansion).await.expect("expand");
        let nodes: Vec<_> = seen.nodes.iter().map(|node| node.key.as_str().to_owned()).collect();
        let edges: Vec<_> = seen
            .edges
            .iter()
            .map(|edge| format!("{}{}", edge.from, edge.to))
            .collect();
        (edges.join(" "), nodes.join(""), seen.truncated)
    };
    let expected = |edges: &str, nodes: &str, cut| (edges.to_owned(), nodes.to_owned(), cut);
    assert_eq!(ends(1, 9, Direction::Both).await, expected("cm mb", "mbc", false));
    assert_eq!(ends(2, 9, Direction::Both).await, expected("cm mb bd", "mbcd", false));
    assert_eq!(ends(2, 3, Direction::Both).await, expected("cm mb bd", "mbcd", false));
    assert_eq!(ends(8, 3, Direction::Both).await, expected("cm mb bd", "mbcd", true));
    assert_eq!(ends(8, 1, Direction::Both).await, expected("cm", "mc", true));
    assert_eq!(ends(8, 9, Direction::Out).await, expected("mb bd de", "mbde", false));
    assert_eq!(ends(8, 9, Direction::In).await, expected("cm", "mc", false));
}

pub(super) async fn paths_avoid_what_is_hidden(store: &dyn GraphStore, _: u32) {
    let (mut open, mut secret) = (facts(1, 0), facts(2, 1));
    open.edges = vec![edge("a", "b"), edge("c", "b"), edge("c", "d")];
    secret.edges = vec![edge("a", "d")];
    store.replace(vec![open, secret]).await.expect("replace");
    let seen = store.paths(between("a", "d", sees(&[0]))).await.expect("paths");
    assert_eq!(nodes(&seen), ["a b c d"]);
    assert_eq!(
        seen[0].edges.iter().map(|edge| edge.from.as_str()).collect::<Vec<_>>(),
        ["a", "c", "c"]
    );
    assert_eq!(
        nodes(&store.paths(between("a", "d", all())).await.expect("paths")),
        ["a d", "a b c d"]
    );
    let short = PathQuery {
        max_hops: 2,
        ..between("a", "d", sees(&[0]))
    };
    assert_eq!(store.paths(short).await.expect("paths"), vec![]);
    let alone = store.paths(between("a", "a", sees(&[0]))).await.expect("paths");
    assert_eq!((nodes(&alone), alone[0].edges.len()), (vec!["a".to_owned()], 0));
}

pub(super) async fn parallel_edges_are_one_step(store: &dyn GraphStore, _: u32) {
    let mut one = facts(1, 0);
    one.edges = vec![edge("a", "b"), edge("b", "a"), edge("a", "b")];
    (one.edges[0].confidence, one.edges[2].confidence) = (0.5, 0.6);
    one.edges[2].kind = EdgeKind::Blocks;
    store.replace(vec![one]).await.expect("replace");
    let seen = store.paths(between("a", "b", all())).await.expect("paths");
    assert_eq!((seen.len(), seen[0].edges[0].from.as_str()), (1, "b"));
    assert!((seen[0].weight - 0.5).abs() < 1e-6);
    let blocks = PathQuery {
        edges: EdgeFilter::kinds([EdgeKind::Blocks]),
        ..between("a", "b", all())
    };
    let seen = store.paths(blocks).await.expect("paths");
    assert_eq!(seen[0].edges[0].kind, EdgeKind::Blocks);
    assert!((seen[0].weight - 0.7).abs() < 1e-6);
}

pub(super) async fn paths_go_through_a_given_node(store: &dyn GraphStore, _: u32) {
    let mut one = facts(1, 0);
    one.edges = vec![
        edge("a", "z"),
        edge("a", "b"),
        edge("b", "c"),
        edge("c", "z"),
        edge("b", "z"),
        edge("a", "leaf"),
    ];
    store.replace(vec![one]).await.expect("replace");
    let via = async |name: &str| {
        let query = PathQuery {
            through: Some(name.to_owned()),
            ..between("a", "z", all())
        };
        nodes(&store.paths(query).await.expect("paths"))
    };
    assert_eq!(via("b").await, ["a b z", "a b c z"]);
    assert_eq!(via("c").await, ["a b c z"]);
    assert_eq!(via("leaf").await, Vec::<String>::new());
    assert_eq!(via("a").await, ["a z", "a b z", "a b c z"]);
}

pub(super) async fn hubs_are_charged_by_their_visible_edges(store: &dyn GraphStore, _: u32) {
    let (mut open, mut secret) = (facts(1, 0), facts(2, 1));
    open.edges = vec![
        edge("a", "quiet"),
        edge("quiet", "z"),
        edge("a", "busy"),
        edge("busy", "z"),
    ];
    open.edges.extend((0..30).map(|n| edge("busy", &format!("n{n}"))));
    secret.edges = (0..500).map(|n| edge("quiet", &format!("n{n}"))).collect();
    store.replace(vec![open, secret]).await.expect("replace");
    let seen = store
        .paths(PathQuery {
            max_hops: 2,
            ..between("a", "z", sees(&[0]))
        })
        .await
        .expect("paths");
    assert_eq!(nodes(&seen), ["a quiet z", "a busy z"]);
    assert!(
        (seen[0].weight - 1.04).abs() < 1e-5 && (seen[1].weight - 1.12).abs() < 1e-5,
        "{seen:?}"
    );
    let all = store
        .paths(PathQuery {
            max_hops: 2,
            ..between("a", "z", all())
        })
        .await
        .expect("paths");
    assert_eq!(nodes(&all), ["a busy z", "a quiet z"]);
}
