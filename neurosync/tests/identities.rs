//! Persons are resolved once for all who ask at the same time and see the same, and for nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::identity::{Decision, DocumentParts, Listed, Part, Persons, Role, TookPart, Verdict};
use domain::seam::IdentityStore;
use domain::seam::store::{SourceRecord, SourceStore, SyncStore};
use domain::{
    AccessId, AccessRule, Account, AccountId, Body, Change, Cursor, Document, DocumentId, DocumentKind, Error, Key,
    Page, Principal, Readers, Result, SourceId, Timestamp, Visible,
};
use search_api::search::Identities;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SOURCES: [&str; 2] = ["open", "closed"];

/// A store that counts, and in which every resolution waits for leave to read.
struct Watched {
    store: store::Sqlite,
    asked: AtomicUsize,
    begun: AtomicUsize,
    leave: Semaphore,
    broken: AtomicUsize,
    _folder: tempfile::TempDir,
}

#[async_trait]
impl IdentityStore for Watched {
    async fn put_parts(&self, documents: Vec<DocumentParts>) -> Result<()> {
        self.store.put_parts(documents).await
    }

    async fn parts(&self, accounts: &[AccountId], visible: &Visible) -> Result<Vec<TookPart>> {
        self.store.parts(accounts, visible).await
    }

    async fn all_accounts(&self, visible: &Visible) -> Result<Vec<Account>> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.leave.acquire().await.expect("open").forget();
        let broken = self
            .broken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if broken.is_ok() {
            return Err(Error::internal("read accounts", "it broke"));
        }
        self.store.all_accounts(visible).await
    }

    async fn decisions(&self) -> Result<Vec<Decision>> {
        self.store.decisions().await
    }

    async fn decide(&self, a: &AccountId, b: &AccountId, verdict: Verdict) -> Result<()> {
        self.store.decide(a, b, verdict).await
    }

    async fn listed(&self) -> Result<Vec<Listed>> {
        self.store.listed().await
    }

    async fn put_listed(&self, directory: Vec<Listed>) -> Result<()> {
        self.store.put_listed(directory).await
    }

    async fn identity_version(&self) -> Result<u64> {
        let version = self.store.identity_version().await;
        self.asked.fetch_add(1, Ordering::SeqCst);
        version
    }
}

/// Wait until so many were counted.
async fn until(count: &AtomicUsize, wanted: usize) {
    while count.load(Ordering::SeqCst) < wanted {
        tokio::task::yield_now().await;
    }
}

fn slug(source: &str) -> SourceId {
    SourceId::new(source).expect("slug")
}

/// The account that a source tells.
fn account(source: &str) -> AccountId {
    Key::account("github", source)
}

/// What those see who see one source.
fn sight(source: &str) -> Visible {
    Visible::Labels(BTreeSet::from([AccessId::new(&slug(source), "all")]))
}

/// An issue that somebody wrote, under the label of a rule.
fn issue(source: &SourceId, rule: &AccessRule, author: &AccountId) -> Document {
    let key = format!("github:acme/{source}#1");
    Document {
        id: DocumentId::new(source, &key),
        source: source.clone(),
        kind: DocumentKind::Issue,
        key: Key::from_raw(&key),
        aliases: Vec::new(),
        container: rule.container.clone(),
        access: rule.id.clone(),
        title: String::new(),
        body: Body::plain(""),
        url: None,
        author: Some(author.clone()),
        created: Some(NOW),
        updated: Some(NOW),
        fields: BTreeMap::new(),
        links: Vec::new(),
    }
}

async fn fill(store: &store::Sqlite, source: &str) {
    let id = slug(source);
    let record = SourceRecord {
        id: id.clone(),
        connector: "test".to_owned(),
        settings: serde_json::json!({}),
        added: NOW,
    };
    store.put_source(record, Readers::Public).await.expect("source");
    let rule = AccessRule {
        id: AccessId::new(&id, "all"),
        container: Key::from_raw("github:acme/api"),
        readers: Readers::Principals([Principal(source.to_owned())].into()),
    };
    let told = Account {
        id: account(source),
        source: id.clone(),
        login: None,
        names: vec![source.to_owned()],
        emails: Vec::new(),
    };
    let document = issue(&id, &rule, &told.id);
    let parts = DocumentParts {
        document: document.id,
        access: rule.id.clone(),
        parts: vec![Part {
            account: told.id.clone(),
            role: Role::Own,
            subject: document.key.clone(),
            also: None,
        }],
    };
    let name = format!("sync:{source}");
    let lease = store.lease(&name, "test", Duration::from_hours(1), NOW);
    let lease = lease.await.expect("lease").expect("free");
    let page = Page {
        changes: vec![
            Change::Access(rule),
            Change::Account(told),
            Change::Upsert(Box::new(document)),
        ],
        ..Page::empty(Cursor("c".to_owned()))
    };
    store.commit(&id, &lease, page, NOW).await.expect("commit");
    store.put_parts(vec![parts]).await.expect("parts");
}

async fn watched() -> (Arc<Watched>, Arc<Identities>) {
    let folder = tempfile::tempdir().expect("folder");
    let store = store::Sqlite::open(&folder.path().join("store.db"))
        .await
        .expect("store");
    for source in SOURCES {
        fill(&store, source).await;
    }
    let watched = Arc::new(Watched {
        store,
        asked: AtomicUsize::new(0),
        begun: AtomicUsize::new(0),
        leave: Semaphore::new(0),
        broken: AtomicUsize::new(0),
        _folder: folder,
    });
    (Arc::clone(&watched), Arc::new(Identities::new(watched)))
}

fn ask(identities: &Arc<Identities>, visible: Visible) -> JoinHandle<Result<Arc<Persons>>> {
    let identities = Arc::clone(identities);
    tokio::spawn(async move { identities.persons(&visible).await })
}

async fn persons(asking: JoinHandle<Result<Arc<Persons>>>) -> Arc<Persons> {
    asking.await.expect("it ends").expect("persons")
}

#[tokio::test]
async fn who_sees_the_same_waits_for_one_resolution_and_others_have_their_own() {
    let (watched, identities) = watched().await;
    let same: Vec<_> = (0..8).map(|_| ask(&identities, sight("open"))).collect();
    let other = ask(&identities, sight("closed"));
    until(&watched.asked, 9).await;
    until(&watched.begun, 2).await;
    watched.leave.add_permits(100);
    for asking in same {
        let persons = persons(asking).await;
        assert!(persons.of(&account("open")).is_some() && persons.of(&account("closed")).is_none());
    }
    let persons = persons(other).await;
    assert!(persons.of(&account("closed")).is_some() && persons.of(&account("open")).is_none());
    assert_eq!(watched.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_goes_away_takes_nothing_from_who_waits() {
    let (watched, identities) = watched().await;
    let first = ask(&identities, sight("open"));
    until(&watched.begun, 1).await;
    let second = ask(&identities, sight("open"));
    first.abort();
    assert!(first.await.expect_err("it was told to go").is_cancelled());
    let third = ask(&identities, sight("open"));
    watched.leave.add_permits(100);
    for asking in [second, third] {
        assert!(persons(asking).await.of(&account("open")).is_some());
    }
    assert_eq!(watched.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_asks_after_a_change_never_gets_what_was_read_before_it() {
    let (watched, identities) = watched().await;
    let before = ask(&identities, Visible::All);
    until(&watched.begun, 1).await;
    let (one, other) = (account("open"), account("closed"));
    watched.decide(&one, &other, Verdict::Merge).await.expect("decided");
    let asked = watched.asked.load(Ordering::SeqCst);
    let after: Vec<_> = (0..8).map(|_| ask(&identities, Visible::All)).collect();
    until(&watched.asked, asked + 8).await;
    watched.leave.add_permits(100);
    assert_eq!(persons(before).await.all().len(), 2);
    for asking in after {
        assert_eq!(persons(asking).await.all().len(), 1);
    }
    assert_eq!(
        watched.begun.load(Ordering::SeqCst),
        2,
        "all who came after it share one more"
    );
    assert_eq!(persons(ask(&identities, Visible::All)).await.all().len(), 1);
    assert_eq!(watched.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn while_things_change_all_who_waited_share_what_is_read_next() {
    let (watched, identities) = watched().await;
    let mut asking = vec![ask(&identities, Visible::All)];
    until(&watched.begun, 1).await;
    for verdict in [Verdict::Merge, Verdict::Split, Verdict::Merge] {
        let asked = watched.asked.load(Ordering::SeqCst);
        watched
            .decide(&account("open"), &account("closed"), verdict)
            .await
            .expect("decided");
        asking.push(ask(&identities, Visible::All));
        until(&watched.asked, asked + 1).await;
    }
    watched.leave.add_permits(100);
    for asking in asking {
        persons(asking).await;
    }
    assert_eq!(watched.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_failed_is_tried_again() {
    let (watched, identities) = watched().await;
    watched.broken.store(1, Ordering::SeqCst);
    watched.leave.add_permits(100);
    let error = identities.persons(&Visible::All).await.expect_err("it broke");
    assert_eq!(error.message(), "it broke");
    assert_eq!(identities.persons(&Visible::All).await.expect("persons").all().len(), 2);
}
