//! What the processes share: a store in a folder, a provider, and a grant whose token has ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use connectors::clock::{Clock, SystemClock};
use connectors::http::{GrantKey, Http, Policy, Provider as Service, Request, Settings as HttpSettings, Tokens};
use connectors::oauth::{Endpoints, Grant, GrantKind, Grants, OAuthApp};
use connectors::secret::Secret;
use connectors::vault::{Vault, WrappingKeys};
use domain::Timestamp;
use domain::seam::grants::GrantStore;
use neurosync_tests::providers::Virtual;
use serde_json::{Value, json};
use store::Sqlite;
use tempfile::TempDir;
use testkit::provider::{Application, Limits, Provider, Settings, Simulators};
use tokio::process::{Child, Command};
use url::Url;

/// What a started process reads of its surroundings.
const AROUND: &str = "NEUROSYNC_TEST_AROUND";
const WRAPPING: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// How long each answer takes, so that renewals would overlap if they could.
const LATENCY: Duration = Duration::from_millis(20);

pub(crate) fn key() -> GrantKey {
    GrantKey {
        tenant: "acme".into(),
        grant: "main".into(),
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

/// The clock of the machine, which all processes share.
pub(crate) fn system() -> Arc<dyn Clock> {
    SystemClock::shared(|| {
        let since = UNIX_EPOCH.elapsed().expect("it is after 1970");
        Timestamp(i64::try_from(since.as_millis()).expect("soon after"))
    })
}

/// A clock that passes only by the waits of those who go by it.
struct Still(AtomicI64);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, time: Duration) {
        let passed = i64::try_from(time.as_millis()).expect("a short wait");
        self.0.fetch_add(passed, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Open the store at `path` as a process of its own does.
async fn opened(path: &Path, app: OAuthApp, clock: Arc<dyn Clock>) -> (Grants, Http) {
    let store: Arc<dyn GrantStore> = Arc::new(Sqlite::open(path).await.expect("the store"));
    let keys = WrappingKeys::parse(&Secret::new(WRAPPING)).expect("keys");
    let vault = Arc::new(Vault::new(Arc::clone(&store), keys));
    let allow = vec!["127.0.0.0/8".to_owned()];
    let http = Http::new(&HttpSettings { allow }, clock).expect("client");
    let grants = Grants::new(store, vault, http.clone(), vec![app]).expect("grants");
    (grants, http)
}

/// Our application at a provider whose tokens are given at `token` and whose API is at `api`.
fn app(service: Service, token: &str, api: &Url) -> OAuthApp {
    let own = if service == Service::Slack {
        Application::SLACK
    } else {
        Application::ATLASSIAN
    };
    OAuthApp {
        provider: service,
        client_id: own.client_id.to_owned(),
        client_secret: Some(Secret::new(own.client_secret)),
        redirect: url("http://127.0.0.1/callback"),
        scopes: Vec::new(),
        user_scopes: Vec::new(),
        endpoints: Endpoints {
            authorize: api.clone(),
            token: url(token),
            device: None,
            api: api.clone(),
        },
        key: None,
    }
}

/// Ask the provider who one is, with the token in force.
///
/// # Errors
/// Those of the grant, and of a provider that refuses the token.
pub(crate) async fn asked_with(service: Service, tokens: Arc<dyn Tokens>, http: Http, api: Url) -> domain::Result<()> {
    let (policy, path) = if service == Service::Slack {
        (Policy::slack(&api), "auth.test")
    } else {
        (Policy::atlassian(&api), "me")
    };
    // Each task has the token itself, not only what the client does with it.
    let used = tokens.token().await?;
    let fixed = Arc::new(connectors::http::Fixed(used));
    let answer = http
        .api(policy?, fixed, &key())
        .send(Request::get(api.join(path).expect("a path")))
        .await?;
    let told: Value = answer.json()?;
    assert_ne!(told["ok"], false, "{told}");
    Ok(())
}

/// The simulated provider with a store beside it.
pub(crate) struct World {
    pub(crate) simulators: Arc<Simulators>,
    service: Service,
    folder: TempDir,
}

impl World {
    /// A store with one grant, whose token has ended and which a refresh token can renew once.
    pub(crate) async fn start(service: Service) -> Self {
        let settings = Settings {
            limits: Limits::none(),
            latency: LATENCY,
            ..Settings::default()
        };
        let world = Self {
            simulators: Arc::new(Simulators::start(settings).await.expect("started")),
            service,
            folder: tempfile::tempdir().expect("a folder"),
        };
        let given = world.simulators.tokens(world.provider(), 0);
        let mut grant = Grant::new(service, GrantKind::OAuth, Some(Secret::new("ended")));
        grant.refresh = given.refresh.map(Secret::new);
        grant.expires = Some(Timestamp(1));
        let (grants, _) = world.open().await;
        grants.put(&key(), grant).await.expect("kept");
        world
    }

    pub(crate) fn provider(&self) -> Provider {
        if self.service == Service::Slack {
            Provider::Slack
        } else {
            Provider::Jira
        }
    }

    pub(crate) fn api(&self) -> Url {
        let places = self.simulators.addresses();
        if self.service == Service::Slack {
            url(&format!("{}/api/", places.slack))
        } else {
            url(&format!("{}/", places.atlassian))
        }
    }

    pub(crate) fn token_endpoint(&self) -> String {
        let path = if self.service == Service::Slack {
            "oauth.v2.access"
        } else {
            "oauth/token"
        };
        self.api().join(path).expect("a path").into()
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// The next start, by the simulators' clock.
    pub(crate) async fn open(&self) -> (Grants, Http) {
        let clock = Arc::new(Virtual(Arc::clone(&self.simulators)));
        let app = app(self.service, &self.token_endpoint(), &self.api());
        opened(&self.store(), app, clock).await
    }

    /// How many times somebody asked who he is with a token that works.
    pub(crate) fn used(&self) -> usize {
        let log = self.simulators.log();
        let asked = |path: &str| path.ends_with("/me") || path.ends_with("/auth.test");
        log.entries
            .iter()
            .filter(|one| asked(&one.path) && one.status == 200)
            .count()
    }

    /// Start a test of this program as a process of its own, which is killed when it is dropped.
    pub(crate) fn process(&self, test: &str, token: &str, gate: &str) -> Child {
        let around = json!({
            "slack": self.service == Service::Slack, "store": self.store(), "api": self.api().as_str(), "token": token,
            "gate": gate, "now": self.simulators.now(),
        });
        Command::new(std::env::current_exe().expect("a running test has a path"))
            .args(["--exact", test, "--ignored"])
            .env(AROUND, around.to_string())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("started")
    }
}

/// What a started process is told.
pub(crate) struct Around {
    pub(crate) service: Service,
    pub(crate) api: Url,
    pub(crate) gate: String,
    store: PathBuf,
    token: String,
    now: i64,
}

impl Around {
    pub(crate) fn read() -> Self {
        let told = std::env::var_os(AROUND).expect("set by the test that starts this one");
        let told: Value = serde_json::from_str(&told.to_string_lossy()).expect("JSON");
        let text = |name: &str| told[name].as_str().expect(name).to_owned();
        Self {
            service: if told["slack"] == true {
                Service::Slack
            } else {
                Service::Atlassian
            },
            api: url(&text("api")),
            gate: text("gate"),
            store: text("store").into(),
            token: text("token"),
            now: told["now"].as_i64().expect("now"),
        }
    }

    /// A clock that stands at the simulators' time.
    pub(crate) fn still(&self) -> Arc<dyn Clock> {
        Arc::new(Still(AtomicI64::new(self.now)))
    }

    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> (Grants, Http) {
        opened(&self.store, app(self.service, &self.token, &self.api), clock).await
    }
}
