//! What the tests of the API connectors share: simulators on their own clock, and a store that applies pages and sweeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connectors::clock::Clock;
use connectors::http::{Api, Credential, Fixed, GrantKey, Http, Policy, Settings as HttpSettings};
use connectors::secret::Secret;
use domain::seam::Connector;
use domain::{
    AccessId, AccessRule, Account, Change, Cursor, Document, DocumentId, ErrorKind, Key, Page, Readers, Retry, Sweep,
    Timestamp,
};
use testkit::provider::Simulators;
use url::Url;

/// The simulators' clock: it passes only while somebody waits, or when something changes.
pub(crate) struct SimClock(pub(crate) Arc<Simulators>);

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now())
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
        tokio::task::yield_now().await;
    }
}

/// An API of a simulator with a fixed token.
pub(crate) fn api(simulators: &Arc<Simulators>, policy: Policy, token: &str) -> Api {
    let settings = HttpSettings {
        allow: vec!["127.0.0.0/8".to_owned()],
    };
    let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(simulators)));
    let key = GrantKey {
        tenant: "acme".into(),
        grant: "g".into(),
    };
    let tokens = Fixed(Credential::Bearer(Secret::new(token)));
    Http::new(&settings, clock)
        .expect("client")
        .api(policy, Arc::new(tokens), &key)
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

/// What a store would hold.
#[derive(Debug, Default, Clone)]
pub(crate) struct Held {
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    pub(crate) rules: BTreeMap<AccessId, AccessRule>,
    pub(crate) accounts: BTreeMap<Key, Account>,
    pub(crate) rejected: Vec<String>,
    pub(crate) cursor: Option<Cursor>,
    /// How many documents were brought, each time counted.
    pub(crate) upserts: usize,
    pub(crate) sweeps: usize,
}

impl Held {
    pub(crate) fn apply(&mut self, page: Page) {
        for change in page.changes {
            match change {
                Change::Upsert(document) => {
                    self.upserts += 1;
                    self.documents.insert(document.id, *document);
                }
                Change::Delete(id) => drop(self.documents.remove(&id)),
                Change::Access(rule) => drop(self.rules.insert(rule.id.clone(), rule)),
                Change::Account(account) => drop(self.accounts.insert(account.id.clone(), account)),
            }
        }
        self.rejected
            .extend(page.rejected.into_iter().map(|one| one.to_string()));
        assert!(
            page.cursor.0.len() <= 1 << 20,
            "a cursor of {} bytes",
            page.cursor.0.len()
        );
        self.cursor = Some(page.cursor);
    }

    fn sweep(&mut self, sweep: Sweep) {
        self.sweeps += 1;
        let under = |key: &Key, unknown: &BTreeSet<Key>| {
            unknown.iter().any(|one| {
                key.as_str()
                    .strip_prefix(one.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#', '@']))
            })
        };
        let (existing, unknown) = match sweep {
            Sweep::Complete(existing) => (existing, BTreeSet::new()),
            Sweep::Partial { existing, unknown } => (existing, unknown),
            Sweep::Frozen(_) => return,
        };
        let existing: BTreeSet<DocumentId> = existing.into_iter().collect();
        self.documents
            .retain(|id, document| existing.contains(id) || under(&document.key, &unknown));
    }

    /// Pull to the end and sweep where that is due. What fails in passing is tried again, later where it says so.
    pub(crate) async fn sync(&mut self, connector: &dyn Connector, simulators: &Simulators) {
        let mut due = false;
        for _ in 0..20_000 {
            match connector.pull(self.cursor.as_ref()).await {
                Ok(page) => {
                    due |= page.sweep_due;
                    let (more, moved) = (page.more, self.cursor.as_ref() != Some(&page.cursor));
                    assert!(moved || !more, "the cursor stands still");
                    self.apply(page);
                    if !more {
                        break;
                    }
                }
                Err(error) => wait(&error, simulators),
            }
        }
        for _ in 0..2_000 {
            if !due {
                return;
            }
            match connector.sweep(self.cursor.as_ref()).await {
                Ok(sweep) => {
                    self.sweep(sweep);
                    due = false;
                }
                Err(error) => wait(&error, simulators),
            }
        }
        assert!(!due, "the sweep never came to an end");
    }

    /// Delete what a census does not find.
    pub(crate) async fn census(&mut self, connector: &dyn Connector) {
        self.sweep(connector.sweep(self.cursor.as_ref()).await.expect("swept"));
    }

    /// Keys of the documents, sorted.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.documents.values().map(|one| one.key.as_str().to_owned()).collect();
        keys.sort();
        keys
    }

    /// Every document with who may read it.
    pub(crate) fn shown(&self) -> BTreeMap<DocumentId, (Document, Option<Readers>)> {
        let readers = |one: &Document| self.rules.get(&one.access).map(|rule| rule.readers.clone());
        self.documents
            .iter()
            .map(|(id, one)| (*id, (one.clone(), readers(one))))
            .collect()
    }
}

fn wait(error: &domain::Error, simulators: &Simulators) {
    match error.retry() {
        Retry::After(time) => simulators.advance(time),
        Retry::Now => simulators.advance(Duration::from_mins(1)),
        Retry::Never => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
    }
}

/// Say what differs, document by document.
pub(crate) fn assert_same(left: &Held, right: &Held) {
    let (a, b) = (left.shown(), right.shown());
    let ids: BTreeSet<&DocumentId> = a.keys().chain(b.keys()).collect();
    let name = |one: Option<&(Document, Option<Readers>)>| one.map(|(document, _)| document.key.to_string());
    let wrong: Vec<String> = ids
        .into_iter()
        .filter(|id| a.get(id) != b.get(id))
        .map(|id| match (a.get(id), b.get(id)) {
            (Some(one), Some(other)) => format!("{one:#?}\n differs from {other:#?}"),
            (one, other) => format!("{:?} here, {:?} afresh", name(one), name(other)),
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.iter().take(3).cloned().collect::<Vec<_>>().join("\n")
    );
}
