//! What persons are resolved from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::identity::{DocumentParts, Listed, Part, Role, TookPart, Verdict};
use domain::seam::store::INDEX;
use domain::{Account, AccountId, Change, ErrorKind, Key, Readers, Visible};

use super::Store;
use super::make::{World, labels, upsert};

fn ada() -> AccountId {
    Key::account("jira", "acme/ada")
}

fn part(subject: &str) -> Part {
    Part {
        account: ada(),
        subject: Key::from_raw(subject),
        role: Role::Own,
        also: None,
    }
}

fn shown(world: &World, native: &str, parts: Vec<Part>) -> DocumentParts {
    DocumentParts {
        document: world.id(native),
        access: world.label("open"),
        parts,
    }
}

async fn subjects(store: &Arc<dyn Store>, visible: &Visible) -> Vec<String> {
    let parts = store.parts(&[ada()], visible).await.expect("parts");
    parts.into_iter().map(|part| part.subject.to_string()).collect()
}

pub(super) async fn parts_are_replaced_and_die_with_their_document(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x"), world.put("P-2", "x")]).await;
    let first = vec![
        shown(
            &world,
            "P-1",
            vec![part("jira:acme/P-1"), part("jira:acme/P-9"), part("jira:acme/P-9")],
        ),
        shown(&world, "P-2", vec![part("jira:acme/P-9"), part("jira:acme/P-2")]),
        shown(&world, "unknown", vec![part("jira:acme/P-7")]),
    ];
    for _ in 0..2 {
        store.put_parts(first.clone()).await.expect("put");
        assert_eq!(
            subjects(&store, &Visible::All).await,
            ["jira:acme/P-1", "jira:acme/P-2", "jira:acme/P-9"]
        );
    }
    let told = store
        .parts(&[Key::account("jira", "acme/bo")], &Visible::All)
        .await
        .expect("parts");
    assert_eq!(told, Vec::<TookPart>::new());
    store
        .put_parts(vec![shown(&world, "P-1", vec![part("jira:acme/P-3")])])
        .await
        .expect("put");
    assert_eq!(
        subjects(&store, &Visible::All).await,
        ["jira:acme/P-2", "jira:acme/P-3", "jira:acme/P-9"]
    );
    world.commit(vec![Change::Delete(world.id("P-2"))]).await;
    assert_eq!(subjects(&store, &Visible::All).await, ["jira:acme/P-3"]);
    store.reset(INDEX).await.expect("reset");
    assert_eq!(subjects(&store, &Visible::All).await, ["jira:acme/P-3"]);
    store.reset(domain::seam::store::GRAPH).await.expect("reset");
    assert!(subjects(&store, &Visible::All).await.is_empty());
}

pub(super) async fn parts_need_every_label_they_rest_on(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "x")]).await;
    let further = Part {
        also: Some(world.label("further")),
        ..part("jira:acme/P-2")
    };
    store
        .put_parts(vec![shown(&world, "P-1", vec![part("jira:acme/P-1"), further])])
        .await
        .expect("put");
    let (open, further) = (world.label("open"), world.label("further"));
    assert_eq!(subjects(&store, &labels([open.clone()])).await, ["jira:acme/P-1"]);
    assert_eq!(
        subjects(&store, &labels([open.clone(), further.clone()])).await.len(),
        2
    );
    assert!(subjects(&store, &labels([further])).await.is_empty());
    // What it said while it was open is not told to those who see only what it became, nor to those who saw what it was.
    let mut document = world.document("P-1", "x");
    document.access = world.label("closed");
    world.commit(vec![upsert(document)]).await;
    let closed = world.label("closed");
    assert!(subjects(&store, &labels([open.clone()])).await.is_empty());
    assert!(subjects(&store, &labels([closed.clone()])).await.is_empty());
    assert_eq!(subjects(&store, &labels([open, closed])).await, ["jira:acme/P-1"]);
}

fn account(world: &World, name: &str) -> Change {
    Change::Account(Account {
        id: Key::account("jira", &format!("acme/{name}")),
        source: world.source.clone(),
        login: None,
        names: vec![name.to_owned()],
        emails: Vec::new(),
    })
}

pub(super) async fn accounts_are_told_by_what_is_visible_of_them(store: Arc<dyn Store>) {
    let (one, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    for world in [&one, &other] {
        let rule = world.rule("open", Readers::Public);
        world
            .commit(vec![
                rule,
                account(world, "ada"),
                account(world, &world.source.to_string()),
                world.put("P-1", "x"),
            ])
            .await;
        store
            .put_parts(vec![shown(world, "P-1", vec![part("jira:acme/P-1")])])
            .await
            .expect("put");
    }
    let ids = async |visible: &Visible| -> Vec<String> {
        let all = store.all_accounts(visible).await.expect("accounts");
        all.into_iter()
            .map(|one| format!("{} {}", one.id.local(), one.source))
            .collect()
    };
    assert_eq!(
        ids(&Visible::All).await,
        ["jira/acme/a a", "jira/acme/ada a", "jira/acme/ada b", "jira/acme/b b"]
    );
    // Of `b` nothing is seen but that the source knows it, and of `ada` no more than what this source says.
    assert_eq!(ids(&labels([other.label("open")])).await, ["jira/acme/ada b"]);
    assert!(ids(&Visible::nothing()).await.is_empty());
    store.remove_source(&one.source).await.expect("removed");
    assert_eq!(ids(&Visible::All).await, ["jira/acme/ada b", "jira/acme/b b"]);
}

pub(super) async fn the_last_decision_about_a_pair_is_kept(store: Arc<dyn Store>) {
    let bo = Key::account("slack", "T1/bo");
    for verdict in [Verdict::Merge, Verdict::Split] {
        store.decide(&bo, &ada(), verdict).await.expect("decided");
        let all = store.decisions().await.expect("decisions");
        assert_eq!(
            (all.len(), &all[0].a, &all[0].b, all[0].verdict),
            (1, &ada(), &bo, verdict)
        );
    }
    store
        .decide(&ada(), &Key::account("git", "x"), Verdict::Claim)
        .await
        .expect("decided");
    let all = store.decisions().await.expect("decisions");
    assert_eq!(all.len(), 2);
    assert!(all[0].number > all[1].number, "{all:?}");
    let wrong = store
        .decide(&ada(), &ada(), Verdict::Merge)
        .await
        .expect_err("one account");
    assert_eq!(wrong.kind(), ErrorKind::Invalid);
}

pub(super) async fn a_directory_takes_the_place_of_the_one_before(store: Arc<dyn Store>) {
    let line = |name: &str| Listed {
        name: name.to_owned(),
        emails: BTreeSet::from([format!("{name}@acme.example")]),
        accounts: BTreeMap::from([("github".to_owned(), BTreeSet::from([name.to_owned()]))]),
    };
    for names in [&["bo", "ada", "cy"][..], &["dee"], &[]] {
        let lines: Vec<Listed> = names.iter().map(|name| line(name)).collect();
        store.put_listed(lines.clone()).await.expect("put");
        assert_eq!(store.listed().await.expect("read"), lines);
    }
}

pub(super) async fn the_version_grows_with_what_persons_rest_on(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let version = async || store.identity_version().await.expect("a version");
    let mut last = version().await;
    let mut grown = async |what: &str| {
        let now = version().await;
        assert!(now > last, "{what}");
        last = now;
    };
    world.commit(vec![world.put("P-1", "x"), account(&world, "ada")]).await;
    grown("a page").await;
    store
        .put_parts(vec![shown(&world, "P-1", vec![part("jira:acme/P-1")])])
        .await
        .expect("put");
    grown("parts").await;
    store
        .decide(&ada(), &Key::account("git", "x"), Verdict::Merge)
        .await
        .expect("decided");
    grown("a decision").await;
    store.put_listed(Vec::new()).await.expect("put");
    grown("a directory").await;
    store.remove_source(&world.source).await.expect("removed");
    grown("a source").await;
}
