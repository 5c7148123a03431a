//! Reading documents, accounts and names.

use std::sync::Arc;

use domain::seam::Listing;
use domain::seam::store::Mentioned;
use domain::{AccessId, Account, Change, Document, DocumentId, DocumentKind, Key, Readers, Visible};

use super::Store;
use super::make::{World, labels, upsert};

fn keys(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.key.as_str()).collect()
}

fn commit(world: &World, repository: &str, sha: &str) -> Document {
    let mut document = world.document(&format!("{repository}@{sha}"), "message");
    (document.kind, document.key) = (DocumentKind::Commit, Key::commit(repository, sha));
    document.aliases.clear();
    document
}

pub(super) async fn documents_come_in_the_order_asked(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit((0..700).map(|native| world.put(&native.to_string(), "x")).collect())
        .await;
    let asked: Vec<String> = (0..700).rev().map(|native| native.to_string()).collect();
    let mut ids: Vec<DocumentId> = asked.iter().map(|native| world.id(native)).collect();
    ids.insert(350, world.id("never seen"));
    let found = store.documents(&ids, &Visible::All).await.expect("documents");
    let expected: Vec<Document> = asked.iter().map(|native| world.document(native, "x")).collect();
    assert_eq!(found, expected);
    assert!(store.documents(&[], &Visible::All).await.expect("documents").is_empty());
}

pub(super) async fn documents_are_listed_page_by_page(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let mut changes: Vec<Change> = (10..35).map(|native| world.put(&format!("P-{native}"), "x")).collect();
    changes.push(upsert(commit(
        &world,
        "acme/api",
        "abcdef0123456789abcdef0123456789abcdef01",
    )));
    let mut hidden = world.document("P-20", "x");
    hidden.access = AccessId::new(&world.source, "secret");
    changes.push(upsert(hidden));
    world.commit(changes).await;
    let mut listing = Listing {
        kind: DocumentKind::Issue,
        prefix: "jira:acme/P-".to_owned(),
        after: None,
        limit: 7,
    };
    let visible = labels([world.document("P-1", "x").access]);
    let mut listed = Vec::new();
    loop {
        let page = store.list(&listing, &visible).await.expect("list");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 7);
        listing.after = Some((last.key.clone(), last.id));
        listed.extend(page);
    }
    let expected: Vec<String> = (10..35)
        .filter(|native| *native != 20)
        .map(|native| format!("jira:acme/P-{native}"))
        .collect();
    assert_eq!(keys(&listed), expected);
    listing = Listing {
        prefix: "jira:acme/P-2".to_owned(),
        after: None,
        limit: 100,
        ..listing
    };
    assert_eq!(store.list(&listing, &Visible::All).await.expect("list").len(), 10);
    assert!(
        store
            .list(&listing, &Visible::nothing())
            .await
            .expect("list")
            .is_empty()
    );
    let named = ["jira:acme/P-21", "jira:acme/P-20", "jira:acme/P-99"].map(Key::from_raw);
    let found = store.under(&named, &Visible::All).await.expect("under");
    assert_eq!(keys(&found), ["jira:acme/P-20", "jira:acme/P-21"]);
    let found = store.under(&named, &visible).await.expect("under");
    assert_eq!(keys(&found), ["jira:acme/P-21"]);
}

pub(super) async fn a_document_is_found_by_key_alias_and_hash(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let (one, two) = (
        "abcdef0123456789abcdef0123456789abcdef01",
        "abcdef0999999999abcdef0123456789abcdef01",
    );
    let mut renamed = world.document("P-1", "x");
    renamed.aliases = vec!["jira:acme/OLD-1".into(), "jira:acme/OLD-1".into(), "deadbeef".into()];
    world
        .commit(vec![
            upsert(renamed),
            upsert(commit(&world, "acme/api", one)),
            upsert(commit(&world, "acme/api", two)),
            upsert(commit(&world, "acme/web", one)),
        ])
        .await;
    let find = async |name: &str| -> Vec<String> {
        let found = store.find(name, &Visible::All).await.expect("find");
        keys(&found).into_iter().map(str::to_owned).collect()
    };
    let full = |repository: &str, sha: &str| Key::commit(repository, sha).as_str().to_owned();
    assert_eq!(find("jira:acme/P-1").await, ["jira:acme/P-1"]);
    assert_eq!(find("jira:acme/OLD-1").await, ["jira:acme/P-1"]);
    assert_eq!(
        find("deadbeef").await,
        ["jira:acme/P-1"],
        "an alias of hexadecimal digits is still an alias"
    );
    assert_eq!(
        find("abcdef0").await,
        [full("acme/api", one), full("acme/api", two), full("acme/web", one)]
    );
    assert_eq!(find("ABCDEF01").await, [full("acme/api", one), full("acme/web", one)]);
    assert_eq!(find(two).await, [full("acme/api", two)]);
    for nothing in [
        "",
        "abcdef",
        "abcdef00",
        "jira:acme/P-",
        "jira:acme/p-1",
        "%",
        "ffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_eq!(find(nothing).await, [""; 0], "{nothing}");
    }
    // A later state takes its former names away.
    world
        .commit(vec![
            world.put("P-1", "y"),
            Change::Delete(commit(&world, "acme/api", two).id),
        ])
        .await;
    assert_eq!(find("jira:acme/OLD-1").await, [""; 0]);
    assert_eq!(find("https://acme.example/P-1").await, ["jira:acme/P-1"]);
    assert_eq!(find(two).await, [""; 0]);
}

fn namesakes(world: &World) -> Vec<Document> {
    (10..60)
        .map(|n| {
            let mut document = world.document(&format!("P-{n}"), "x");
            document.aliases = vec!["namesake".into()];
            document.access = world.label(if n < 55 { "secret" } else { "open" });
            document
        })
        .collect()
}

pub(super) async fn hidden_documents_do_not_crowd_out_visible_ones(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(namesakes(&world).into_iter().map(upsert).collect()).await;
    let found = store
        .find("namesake", &labels([world.label("open")]))
        .await
        .expect("find");
    assert_eq!(
        keys(&found),
        [
            "jira:acme/P-55",
            "jira:acme/P-56",
            "jira:acme/P-57",
            "jira:acme/P-58",
            "jira:acme/P-59"
        ]
    );
}

pub(super) async fn at_most_twenty_are_found_by_key(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit(namesakes(&world).into_iter().rev().map(upsert).collect())
        .await;
    let found = store.find("namesake", &Visible::All).await.expect("find");
    assert_eq!(found, namesakes(&world).get(..20).expect("fifty"));
}

pub(super) async fn accounts_are_read_by_id(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    let account = |world: &World, login: &str, name: &str| Account {
        id: Key::account("jira", login),
        source: world.source.clone(),
        login: Some(login.into()),
        names: vec![name.into()],
        emails: vec![format!("{login}@acme.example")],
    };
    let (ada, ada_later, bob) = (
        account(&world, "ada", "Ada"),
        account(&world, "ada", "Ada L."),
        account(&world, "bob", "Bob"),
    );
    world
        .commit(vec![Change::Account(ada), Change::Account(bob.clone())])
        .await;
    world.commit(vec![Change::Account(ada_later.clone())]).await;
    other
        .commit(vec![Change::Account(account(&other, "ada", "Somebody"))])
        .await;
    let ids = ["bob", "nobody", "ada"].map(|login| Key::account("jira", login).to_string());
    let found = store.accounts(&ids, &Visible::All).await.expect("accounts");
    assert_eq!(found, [ada_later.clone(), bob.clone()], "each once, by id");
    for name in ["ADA", "Ada L.", "ada@ACME.example"] {
        let found = store
            .accounts(&[name.to_owned()], &Visible::All)
            .await
            .expect("accounts");
        assert_eq!(found, std::slice::from_ref(&ada_later), "{name}");
    }
    let former = store
        .accounts(&["Ada".to_owned()], &Visible::All)
        .await
        .expect("accounts");
    assert_eq!(
        former.len(),
        1,
        "the login, in any case; the former display name is forgotten"
    );
    // Of what other sources call somebody, a caller learns nothing.
    world.commit(vec![world.rule("all", Readers::Public)]).await;
    other.commit(vec![other.rule("all", Readers::Public)]).await;
    let somebody = ["somebody".to_owned()];
    for (label, expected) in [
        (world.label("all"), 0),
        (world.label("gone"), 0),
        (other.label("all"), 1),
    ] {
        let found = store.accounts(&somebody, &labels([label])).await.expect("accounts");
        assert_eq!(found.len(), expected);
    }
    let nothing = store.accounts(&ids, &Visible::nothing()).await;
    assert_eq!(nothing.expect("accounts"), []);
    store.remove_source(&world.source).await.expect("remove");
    assert_eq!(
        store.accounts(&ids, &Visible::All).await.expect("accounts"),
        [account(&other, "ada", "Somebody")]
    );
}

pub(super) async fn a_scan_meets_every_live_document_once(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store, "a").await, World::new(&store, "b").await);
    world
        .commit((0..23).map(|native| world.put(&native.to_string(), "x")).collect())
        .await;
    other.commit(vec![other.put("0", "x")]).await;
    world.commit(vec![Change::Delete(world.id("7"))]).await;
    let mut met: Vec<DocumentId> = Vec::new();
    loop {
        let page = store.scan_documents(met.last().copied(), 5).await.expect("scan");
        assert!(page.len() <= 5);
        if page.is_empty() {
            break;
        }
        met.extend(page.iter().map(|document| document.id));
    }
    assert_eq!(met.len(), 23);
    assert!(met.is_sorted_by(|a, b| a < b));
    assert!(!met.contains(&world.id("7")));
}

pub(super) async fn an_export_finds_accounts_in_order(store: Arc<dyn Store>) {
    let (b, a) = (World::new(&store, "b").await, World::new(&store, "a").await);
    let account = |world: &World, login: &str| Account {
        id: Key::account("jira", login),
        source: world.source.clone(),
        login: None,
        names: Vec::new(),
        emails: Vec::new(),
    };
    for (world, logins) in [(&b, ["zoe", "ada"]), (&a, ["bob", "ada"])] {
        let accounts = logins.map(|login| Change::Account(account(world, login)));
        world.commit(accounts.to_vec()).await;
    }
    let (mut after, mut met) = (None, Vec::new());
    while let Some(one) = store.scan_accounts(after.as_ref(), 1).await.expect("scan").pop() {
        after = Some((one.id.clone(), one.source.clone()));
        met.push(one);
    }
    let expected = [
        account(&a, "ada"),
        account(&b, "ada"),
        account(&a, "bob"),
        account(&b, "zoe"),
    ];
    assert_eq!(met, expected);
}

/// Two sources with two documents each.
async fn two_of_two(store: &Arc<dyn Store>) -> [World; 2] {
    let worlds = [World::new(store, "b").await, World::new(store, "a").await];
    for world in &worlds {
        world.commit(vec![world.put("1", "x"), world.put("2", "x")]).await;
    }
    worlds
}

pub(super) async fn an_export_finds_the_statistics_of_labels(store: Arc<dyn Store>) {
    let [world, _] = two_of_two(&store).await;
    let indexed = vec![
        world.indexed("1", "open", &[vec![7, 3], vec![3]]),
        world.indexed("2", "secret", &[vec![9]]),
    ];
    world.index(1, indexed).await;
    world.index(2, vec![world.indexed("2", "open", &[vec![7]])]).await;
    let statistics = store.label_statistics().await.expect("statistics");
    let told: Vec<_> = statistics
        .into_iter()
        .map(|one| (one.label, one.chunks, one.terms))
        .collect();
    assert_eq!(told, [(world.label("open"), 3, vec![(3, 2), (7, 2)])]);
}

pub(super) async fn an_export_finds_mentions_in_order(store: Arc<dyn Store>) {
    let [_, world] = two_of_two(&store).await;
    let mentioned = |native: &str, names: &[&str]| Mentioned {
        id: world.id(native),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut expected = vec![mentioned("1", &["x", "y"]), mentioned("2", &["y"])];
    let found = vec![mentioned("1", &["y", "x"]), mentioned("2", &["y"])];
    store
        .commit_graph(&world.source, 2, found, Vec::new())
        .await
        .expect("project");
    expected.sort_by_key(|one| one.id);
    let first = store.scan_mentions(None, 1).await.expect("scan");
    let rest = store
        .scan_mentions(first.last().map(|one| one.id), 5)
        .await
        .expect("scan");
    assert_eq!([first, rest].concat(), expected);
}
