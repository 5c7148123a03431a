//! A connector, the simulated site that it reads, and a store in memory: what the tests of both connectors go by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{
    AccessId, AccessRule, Account, Change, Cursor, Document, DocumentId, DocumentKind, ErrorKind, Page, Principal,
    Readers, Retry, Sweep, Timestamp,
};
use testkit::provider::{Limits, Provider, Settings, Simulators};
use url::Url;

use crate::clock::Clock;
use crate::http::{Api, Credential, Fixed, GrantKey, Http, Policy};
use crate::secret::Secret;

/// The simulated site's id.
const CLOUD: &str = "35273b54-3f06-40d2-880f-dd28cf8daafa";

/// The clock of the simulated site. It passes while somebody waits by it.
struct Virtual(Arc<Simulators>);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now())
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time + Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
}

/// The simulated site.
pub(crate) struct Desk {
    pub(crate) site: Arc<Simulators>,
    product: &'static str,
    provider: Provider,
}

impl Desk {
    pub(crate) async fn start(provider: Provider, seed: u64) -> Self {
        let settings = Settings {
            seed,
            limits: Limits::none(),
            token_life: Some(Duration::from_hours(24 * 365)),
            ..Settings::default()
        };
        let product = if provider == Provider::Jira {
            "jira"
        } else {
            "confluence"
        };
        Self {
            site: Arc::new(Simulators::start(settings).await.expect("started")),
            product,
            provider,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Virtual(Arc::clone(&self.site)))
    }

    /// The view of a grant of a person.
    pub(crate) fn api(&self, person: usize) -> Api {
        let tokens = self.site.tokens(self.provider, person);
        self.with_token(&tokens.access)
    }

    /// The view of a grant with some scopes.
    pub(crate) fn api_with(&self, person: usize, scopes: &str) -> Api {
        let tokens = self.site.tokens_with(self.provider, person, scopes);
        self.with_token(&tokens.access)
    }

    fn with_token(&self, token: &str) -> Api {
        let allow = vec!["127.0.0.0/8".to_owned()];
        let http = Http::new(&crate::http::Settings { allow }, self.clock()).expect("client");
        let base = Url::parse(&self.site.addresses().atlassian).expect("address");
        let mut policy = Policy::atlassian(&base).expect("policy");
        policy.budget = None;
        let tokens = Fixed(Credential::Bearer(Secret::new(token)));
        let key = GrantKey {
            tenant: "acme".into(),
            grant: token.to_owned(),
        };
        http.api(policy, Arc::new(tokens), &key)
    }

    /// The address of the API, as settings write it.
    pub(crate) fn address(&self) -> String {
        format!("{}/ex/{}/{CLOUD}", self.site.addresses().atlassian, self.product)
    }

    /// What each person is called as a principal: the provider's name for accounts, and the person's number.
    pub(crate) fn principal(&self, name: &str, person: usize) -> Principal {
        Principal(format!(
            "account:{name}/acme/{}",
            self.site.world().people()[person].atlassian_id
        ))
    }

    pub(crate) fn minutes(&self, minutes: u64) {
        self.site.advance(Duration::from_mins(minutes));
    }

    /// The requests since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = self.site.log();
        self.site.clear_log();
        log.entries
            .iter()
            .map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }
}

/// What a store would hold.
#[derive(Debug, Default, Clone)]
pub(crate) struct Held {
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    pub(crate) rules: BTreeMap<AccessId, AccessRule>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) cursor: Option<Cursor>,
    /// How often each document was told by the last sync.
    pub(crate) told: BTreeMap<DocumentId, usize>,
    pub(crate) frozen: Option<String>,
    due: bool,
}

impl Held {
    /// Read to the end and sweep where that is due, through whatever passes when it is tried again.
    pub(crate) async fn sync(&mut self, connector: &dyn Connector, desk: &Desk) {
        self.told.clear();
        loop {
            let Some(page) = patiently(desk, async || connector.pull(self.cursor.as_ref()).await).await else {
                return;
            };
            let more = page.more;
            self.apply(page);
            if !more {
                break;
            }
        }
        if self.due {
            let Some(sweep) = patiently(desk, async || connector.sweep(self.cursor.as_ref()).await).await else {
                return;
            };
            self.sweep(sweep);
        }
    }

    fn apply(&mut self, page: Page) {
        assert!(page.cursor.0.len() < 1 << 20);
        assert_ne!(
            self.cursor.as_ref().filter(|_| page.more),
            Some(&page.cursor),
            "it stands still"
        );
        assert_eq!(page.rejected, []);
        for change in page.changes {
            match change {
                Change::Upsert(document) => {
                    *self.told.entry(document.id).or_default() += 1;
                    self.documents.insert(document.id, *document);
                }
                Change::Delete(id) => drop(self.documents.remove(&id)),
                Change::Access(rule) => drop(self.rules.insert(rule.id.clone(), rule)),
                Change::Account(account) => drop(self.accounts.insert(account.id.to_string(), account)),
            }
        }
        let told = |document: &&Document| !self.rules.contains_key(&document.access);
        assert_eq!(self.documents.values().find(told), None, "every label has a rule");
        self.due |= page.sweep_due;
        self.cursor = Some(page.cursor);
    }

    fn sweep(&mut self, sweep: Sweep) {
        let (existing, unknown) = match sweep {
            Sweep::Complete(existing) => (existing, BTreeSet::new()),
            Sweep::Partial { existing, unknown } => (existing, unknown),
            Sweep::Frozen(reason) => {
                self.frozen = Some(reason);
                return;
            }
        };
        let existing: BTreeSet<DocumentId> = existing.into_iter().collect();
        self.documents.retain(|id, document| {
            let key = document.key.as_str();
            let under = |unknown: &str| {
                key.strip_prefix(unknown)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#', '@']))
            };
            existing.contains(id) || unknown.iter().any(|unknown| under(unknown.as_str()))
        });
        (self.due, self.frozen) = (false, None);
    }

    /// The keys of the documents of some kinds, sorted.
    pub(crate) fn keys(&self, kinds: &[DocumentKind]) -> Vec<String> {
        let own = self
            .documents
            .values()
            .filter(|document| kinds.contains(&document.kind));
        let mut keys: Vec<String> = own.map(|document| document.key.to_string()).collect();
        keys.sort();
        keys
    }

    /// The documents that a principal may read, by their rules.
    pub(crate) fn readable(&self, principal: &Principal) -> BTreeSet<String> {
        let admits = |document: &&Document| match self.rules.get(&document.access).map(|rule| &rule.readers) {
            Some(Readers::Public | Readers::EveryoneInSource) => true,
            Some(Readers::Principals(named)) => named.contains(principal),
            None => false,
        };
        self.documents
            .values()
            .filter(admits)
            .map(|document| document.key.to_string())
            .collect()
    }

    /// All that is there to compare: documents, and who may read them.
    pub(crate) fn all(&self) -> BTreeMap<String, (Document, Readers)> {
        let pair = |document: &Document| {
            let readers = self.rules[&document.access].readers.clone();
            (document.key.to_string(), (document.clone(), readers))
        };
        self.documents.values().map(pair).collect()
    }

    /// Check that two hold the same.
    pub(crate) fn assert_same(&self, other: &Self) {
        let (own, others) = (self.all(), other.all());
        let keys = |all: &BTreeMap<String, (Document, Readers)>| all.keys().cloned().collect::<BTreeSet<_>>();
        let (mine, theirs) = (keys(&own), keys(&others));
        assert_eq!(
            mine.difference(&theirs).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "too many"
        );
        assert_eq!(
            theirs.difference(&mine).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "too few"
        );
        for (key, pair) in own {
            assert_eq!(&pair, &others[&key], "{key}");
        }
        assert_eq!(self.documents.len(), other.documents.len());
    }
}

/// Try until it works, as a scheduler would; none when it does not for a day.
async fn patiently<T>(desk: &Desk, work: impl AsyncFn() -> domain::Result<T>) -> Option<T> {
    for _ in 0..200 {
        let error = match work().await {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let wait = match error.retry() {
            Retry::After(wait) => wait,
            Retry::Now | Retry::Never => Duration::from_mins(1),
        };
        desk.site.advance(wait + Duration::from_millis(1));
    }
    None
}
