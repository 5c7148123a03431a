//! Who sees what, and that nothing hidden is ever read.

use std::sync::Arc;

use domain::{AccessId, Caller, Change, Readers, Visible};

use super::Store;
use super::make::{World, caller, labels, principals, record, upsert};

pub(super) async fn rules_tell_who_sees_a_label(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    world
        .commit(vec![
            world.rule("public", Readers::Public),
            world.rule("all", Readers::EveryoneInSource),
            world.rule("team", Readers::Principals(principals(&["group:eng", "group:ops"]))),
            world.rule("nobody", Readers::Principals(principals(&[]))),
            world.put("P-1", "its label `open` has no rule"),
        ])
        .await;
    other.commit(vec![other.rule("all", Readers::EveryoneInSource)]).await;
    let public = world.label("public");
    let cases = [
        (caller(&[]), labels([public.clone()])),
        (
            caller(&["group:ops", "group:hr"]),
            labels([public.clone(), world.label("team")]),
        ),
        (
            caller(&["group:eng", "group:ops", "source:a"]),
            labels([public.clone(), world.label("team"), world.label("all")]),
        ),
        (
            caller(&["source:b", "source:c", "a"]),
            labels([public, other.label("all")]),
        ),
        (Caller::Owner, Visible::All),
    ];
    for (caller, expected) in cases {
        assert_eq!(store.visible(&caller).await.expect("visible"), expected, "{caller:?}");
    }
    for (name, readers) in [
        ("public", Some(Readers::Public)),
        ("nobody", Some(Readers::Principals(principals(&[])))),
        ("open", None),
    ] {
        let rule = store.rule(&world.label(name)).await.expect("rule");
        assert_eq!(rule.map(|rule| rule.readers), readers, "{name}");
    }
}

pub(super) async fn a_changed_rule_counts_at_once(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let eng = caller(&["group:eng"]);
    let team = |names: &[&str]| world.rule("open", Readers::Principals(principals(names)));
    let sees = async |expected: bool| {
        let visible = store.visible(&eng).await.expect("visible");
        assert_eq!(visible.contains(&world.label("open")), expected);
        assert_eq!(
            store
                .documents(&[world.id("P-1")], &visible)
                .await
                .expect("documents")
                .len(),
            usize::from(expected)
        );
    };
    world.commit(vec![world.put("P-1", "x")]).await;
    sees(false).await;
    let steps = [
        (team(&["group:eng"]), true),
        (team(&["group:ops"]), false),
        (world.rule("open", Readers::Public), true),
    ];
    for (rule, expected) in steps {
        let done = world.commit(vec![rule]).await;
        assert_eq!((done.upserted, done.revision), (0, 1), "a rule is no document");
        sees(expected).await;
    }
    world.commit(vec![team(&[]), team(&["group:eng"]), team(&[])]).await;
    sees(false).await;
}

pub(super) async fn changed_readers_of_a_source_count_at_once(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let (eng, hr) = (caller(&["group:eng"]), caller(&["group:hr"]));
    let named = |names: &[&str]| Readers::Principals(principals(names));
    let sees = async |caller: &Caller, expected: &[AccessId]| {
        let visible = store.visible(caller).await.expect("visible");
        assert_eq!(visible, Visible::Labels(expected.iter().cloned().collect()));
    };
    let put = async |readers: Readers| {
        let done = store.put_source(record(&world.source, "test"), readers).await;
        done.expect("put source");
    };
    other.commit(vec![other.rule("all", named(&["group:eng"]))]).await;
    put(Readers::Public).await;
    sees(&eng, &[other.label("all")]).await;
    world
        .commit(vec![world.rule("all", Readers::Public), world.put("P-1", "x")])
        .await;
    put(named(&["group:hr"])).await;
    sees(&eng, &[other.label("all")]).await;
    sees(&hr, &[world.label("all")]).await;
    let resume = store.resume(&world.source).await.expect("resume");
    assert!(
        resume.cursor.is_some() && !resume.sweep_due,
        "no other rule has to be told again"
    );

    world.commit(vec![world.rule("team", named(&["group:eng"]))]).await;
    put(named(&["group:hr"])).await;
    sees(&eng, &[world.label("team"), other.label("all")]).await;
    put(named(&["group:ops"])).await;
    sees(&eng, &[other.label("all")]).await;
    sees(&hr, &[]).await;
    let resume = store.resume(&world.source).await.expect("resume");
    assert!(resume.cursor.is_none() && resume.sweep_due, "all rules are told again");
}

pub(super) async fn rules_are_listed_by_label(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let readers = [
        ("c", Readers::Public),
        ("a", Readers::EveryoneInSource),
        ("b", Readers::Principals(principals(&["x", "y"]))),
    ];
    world
        .commit(
            readers
                .iter()
                .cloned()
                .map(|(label, readers)| world.rule(label, readers))
                .collect(),
        )
        .await;
    let rules = store.access_rules().await.expect("rules");
    let found: Vec<_> = rules.iter().map(|rule| (rule.id.as_str(), &rule.readers)).collect();
    assert_eq!(
        found,
        [("a/a", &readers[1].1), ("a/b", &readers[2].1), ("a/c", &readers[0].1)]
    );
    assert!(rules.iter().all(|rule| rule.container.as_str() == "jira:acme/PAY"));
}

pub(super) async fn nothing_hidden_is_ever_read(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let mut secret = world.document("P-2", "secret");
    secret.access = world.label("secret");
    secret.aliases = vec!["shared name".into()];
    let mut open = world.document("P-1", "open");
    open.aliases = vec!["shared name".into()];
    world.commit(vec![upsert(open), upsert(secret)]).await;
    world
        .index(
            2,
            vec![
                world.indexed("P-1", "open", &[vec![1]]),
                world.indexed("P-2", "secret", &[vec![1]]),
            ],
        )
        .await;
    for (visible, expected) in [
        (Visible::nothing(), 0),
        (labels([world.label("open")]), 1),
        (Visible::All, 2),
    ] {
        let both = store
            .documents(&[world.id("P-1"), world.id("P-2")], &visible)
            .await
            .expect("documents");
        assert_eq!(both.len(), expected);
        assert_eq!(store.find("shared name", &visible).await.expect("find").len(), expected);
        assert_eq!(
            store.find("jira:acme/P-2", &visible).await.expect("find").len(),
            expected.saturating_sub(1)
        );
        assert_eq!(
            store.chunks(world.id("P-1"), &visible).await.expect("chunks").len(),
            expected.min(1)
        );
        assert_eq!(
            store.chunks(world.id("P-2"), &visible).await.expect("chunks").len(),
            expected.saturating_sub(1)
        );
        let statistics = store.term_statistics(&[1], &visible).await.expect("statistics");
        assert_eq!(
            (statistics.chunks, statistics.frequencies),
            (expected as u64, vec![expected as u64])
        );
    }
}

pub(super) async fn chunks_of_a_former_label_stay_hidden(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let mut document = world.document("P-1", "written in confidence");
    document.access = world.label("secret");
    world.commit(vec![upsert(document)]).await;
    world.index(1, vec![world.indexed("P-1", "secret", &[vec![1]])]).await;
    world.commit(vec![world.put("P-1", "cleaned and opened")]).await;
    let open = labels([world.label("open")]);
    assert!(
        store.chunks(world.id("P-1"), &open).await.expect("chunks").is_empty(),
        "the index still has the confidential text"
    );
    world.index(2, vec![world.indexed("P-1", "open", &[vec![1]])]).await;
    assert_eq!(store.chunks(world.id("P-1"), &open).await.expect("chunks").len(), 1);
    assert!(
        store
            .chunks(world.id("P-1"), &labels([world.label("secret")]))
            .await
            .expect("chunks")
            .is_empty()
    );
}

pub(super) async fn what_left_a_caller_s_sight_is_told_until_the_graph_knows(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit(["1", "2", "3", "4"].map(|native| world.put(native, "x")).to_vec())
        .await;
    store
        .commit_graph(&world.source, 4, Vec::new(), Vec::new())
        .await
        .expect("project");
    let open = labels([world.label("open")]);
    let revoked = async |visible: &Visible| store.revoked(visible).await.expect("revoked");
    assert!(revoked(&open).await.is_empty() && revoked(&Visible::All).await.is_empty());
    let mut hidden = world.document("1", "x");
    hidden.access = world.label("secret");
    let deleted = Change::Delete(world.id("2"));
    world
        .commit(vec![upsert(hidden), deleted, world.put("3", "edited")])
        .await;
    assert_eq!(revoked(&open).await, [world.id("1"), world.id("2")].into());
    assert_eq!(revoked(&Visible::All).await, [world.id("2")].into());
    assert_eq!(
        revoked(&Visible::nothing()).await,
        [world.id("1"), world.id("2"), world.id("3")].into()
    );
    store
        .commit_graph(&world.source, 7, Vec::new(), Vec::new())
        .await
        .expect("project");
    assert!(revoked(&open).await.is_empty());
    store.remove_source(&world.source).await.expect("remove");
    let all = ["1", "3", "4"].map(|native| world.id(native));
    assert_eq!(revoked(&Visible::All).await, all.into());
    store.reset("graph").await.expect("reset");
    assert!(revoked(&Visible::All).await.contains(&world.id("4")));
}
