//! All that is asked of the providers: whole and incremental readings, censuses and sweeps, and every way to sign in and out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use connectors::clock::Clock;
use connectors::http::{GrantKey, Http, Provider as Service, Settings as HttpSettings};
use connectors::oauth::{AppKey, Endpoints, Grant, GrantKind, Grants, Logins, OAuthApp};
use connectors::secret::Secret;
use connectors::vault::{Vault, WrappingKeys};
use connectors::webhook::{Sender, target};
use domain::seam::Connector;
use domain::seam::grants::GrantStore;
use serde_json::{Value, json};
use testkit::grants::MemoryGrants;
use testkit::provider::{Application, Entry, Limits, Mutation, Provider, Secrets, Simulators};
use url::Url;

use super::altered::Altered;
use crate::four::{DAY, beside, change, open, start, with_token, with_webhook};
use crate::simulated::{Held, SimClock, url};
use crate::targets::{follow, look};

const CALLBACK: &str = "http://127.0.0.1/callback";
const WRAPPING: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Everything that the connectors ask of a provider in some weeks, each reading with its estimate before it.
pub(crate) async fn reading(provider: Provider) -> Vec<Entry> {
    let mut asked = Vec::new();
    for seed in 1..=3 {
        let simulators = start(seed, 400, Limits::none()).await;
        let connector = open(provider, &simulators, 0);
        let mut held = Held::default();
        for round in 0..8 {
            let told = connector.estimate(held.cursor.as_ref()).await;
            assert!(told.is_ok(), "{told:?}");
            held.sync(&*connector, &simulators).await;
            change(provider, &simulators, round * 12, 12);
            simulators.advance(if round % 2 == 0 { DAY / 24 } else { DAY * 8 });
        }
        // Somebody who may see less asks for other things.
        let last = simulators.world().people().len() - 1;
        for person in [1, last] {
            Held::default()
                .sync(&*open(provider, &simulators, person), &simulators)
                .await;
        }
        if provider == Provider::Slack {
            let token = simulators.bot_tokens().access;
            Held::default()
                .sync(&*with_token(provider, &simulators, &token), &simulators)
                .await;
        }
        asked.extend(simulators.log().entries);
    }
    asked
}

/// What is asked for what webhooks name, and for Jira's webhooks themselves.
pub(crate) async fn named() -> Vec<Entry> {
    let simulators = start(7, 400, Limits::none()).await;
    for provider in [Provider::GitHub, Provider::Jira, Provider::Slack] {
        let connector = open(provider, &simulators, 0);
        let mut held = Held::default();
        held.sync(&*connector, &simulators).await;
        for mutation in [
            Mutation::Create(provider),
            Mutation::Edit(provider),
            Mutation::Delete(provider),
        ] {
            for _ in 0..12 {
                if let Some(changed) = simulators.mutate_as(mutation) {
                    follow(&mut held, &*connector, &simulators, &changed).await;
                }
            }
        }
        if provider == Provider::GitHub {
            remark(&mut held, &*connector, &simulators).await;
        }
    }
    let token = simulators.tokens(Provider::Jira, 0).access;
    let jira = with_webhook(&simulators, &token, "https://sync.acme.example/v1/webhooks/jira/issues");
    let mut held = Held::default();
    held.sync(&*jira, &simulators).await;
    simulators.advance(DAY * 16);
    held.sync(&*jira, &simulators).await;
    Held::default().sync(&*jira, &simulators).await;
    simulators.log().entries
}

/// Look at a comment on a line of code that somebody says is gone.
async fn remark(held: &mut Held, connector: &dyn Connector, simulators: &Simulators) {
    let told = (0..50).find_map(|_| simulators.mutate_as(Mutation::Edit(Provider::GitHub)));
    let delivery = simulators
        .deliveries(&told.expect("a change"), &Secrets::default())
        .pop();
    let mut body: Value = serde_json::from_slice(&delivery.expect("a delivery").body).expect("JSON");
    body["action"] = "deleted".into();
    body["comment"] = json!({ "id": 1 });
    let event = |name: &str| (name == "x-github-event").then_some("pull_request_review_comment");
    let target = target(Sender::GitHub, event, body.to_string().as_bytes()).expect("a target");
    assert!(look(held, connector, &target).await);
}

/// What Jira and Confluence are asked where a site has more than the simulated one: roles, hidden content, long lists.
pub(crate) async fn rarities() -> Vec<Entry> {
    let simulators = start(4, 400, Limits::none()).await;
    let way = Altered::start(&simulators.addresses().atlassian).await;
    for provider in [Provider::Jira, Provider::Confluence] {
        way.late.store(false, Ordering::SeqCst);
        let token = simulators.tokens(provider, 0).access;
        let connector = beside(provider, &simulators, &way.address, &token);
        let mut held = Held::default();
        held.sync(&*connector, &simulators).await;
        way.late.store(true, Ordering::SeqCst);
        simulators.advance(DAY * 2);
        held.sync(&*connector, &simulators).await;
    }
    simulators.log().entries
}

/// Our applications at the simulators.
fn apps(simulators: &Simulators) -> Vec<OAuthApp> {
    let places = simulators.addresses();
    let at = |base: &str, path: &str| url(&format!("{base}/{path}"));
    let app = |provider, own: Application, scopes: &[&str], endpoints| OAuthApp {
        provider,
        client_id: own.client_id.to_owned(),
        client_secret: Some(Secret::new(own.client_secret)),
        redirect: url(CALLBACK),
        scopes: scopes.iter().map(|&one| one.to_owned()).collect(),
        user_scopes: Vec::new(),
        endpoints,
        key: None,
    };
    let github = Endpoints {
        authorize: at(&places.github, "login/oauth/authorize"),
        token: at(&places.github, "login/oauth/access_token"),
        device: Some(at(&places.github, "login/device/code")),
        api: at(&places.github, ""),
    };
    let atlassian = Endpoints {
        authorize: at(&places.atlassian, "authorize"),
        token: at(&places.atlassian, "oauth/token"),
        device: None,
        api: at(&places.atlassian, ""),
    };
    let slack = Endpoints {
        authorize: at(&places.slack, "oauth/v2/authorize"),
        token: at(&places.slack, "api/oauth.v2.access"),
        device: None,
        api: at(&places.slack, "api/"),
    };
    let key = AppKey::from_pem(Application::GITHUB_APP, &Secret::new(Application::github_key())).expect("a key");
    vec![
        OAuthApp {
            key: Some(key),
            ..app(Service::GitHub, Application::GITHUB, &["repo", "read:org"], github)
        },
        app(
            Service::Atlassian,
            Application::ATLASSIAN,
            &["offline_access", "read:jira-work", "read:page:confluence"],
            atlassian,
        ),
        OAuthApp {
            user_scopes: vec!["channels:read".to_owned()],
            ..app(
                Service::Slack,
                Application::SLACK,
                &["channels:read", "channels:history"],
                slack,
            )
        },
    ]
}

/// One process that signs in at the simulators.
struct Office {
    simulators: Arc<Simulators>,
    grants: Grants,
    logins: Logins,
}

fn key(grant: &str) -> GrantKey {
    GrantKey {
        tenant: "acme".into(),
        grant: grant.into(),
    }
}

impl Office {
    async fn open() -> Self {
        let simulators = start(1, 100, Limits::none()).await;
        let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(&simulators)));
        let allow = vec!["127.0.0.0/8".to_owned()];
        let http = Http::new(&HttpSettings { allow }, clock).expect("client");
        let store: Arc<dyn GrantStore> = Arc::new(MemoryGrants::default());
        let keys = WrappingKeys::parse(&Secret::new(WRAPPING)).expect("keys");
        let vault = Arc::new(Vault::new(Arc::clone(&store), keys));
        let apps = apps(&simulators);
        let grants = Grants::new(Arc::clone(&store), Arc::clone(&vault), http.clone(), apps).expect("grants");
        Self {
            logins: Logins::new(http, store, vault, grants.clone()),
            simulators,
            grants,
        }
    }

    /// Consent in a browser, renew, and give back.
    async fn consent(&self, service: Service) {
        let key = key(service.name());
        let begun = self.logins.begin(service, &key, "session").await.expect("begun");
        let code = browse(begun.url).await;
        self.logins
            .finish("session", &begun.state, &code)
            .await
            .expect("finished");
        self.renew(&key).await;
        self.grants.remove(&key).await.expect("removed");
    }

    /// See that a refused token is renewed.
    async fn renew(&self, key: &GrantKey) {
        let tokens = self.grants.tokens(key);
        let used = tokens.token().await.expect("a token");
        tokens.refused(&used).await.expect("renewed");
        assert_ne!(tokens.token().await.expect("another"), used);
    }

    /// Sign in on another device.
    async fn device(&self) {
        let login = self
            .logins
            .begin_device(Service::GitHub, &key("device"))
            .await
            .expect("begun");
        assert!(self.simulators.answer_device(&login.code, Some(0)));
        self.logins.wait(login).await.expect("signed in");
    }

    /// Read as the App in its installation, and give the token back.
    async fn installation(&self) {
        let (key, id) = (key("installation"), Application::GITHUB_INSTALLATION);
        let grant = Grant::new(Service::GitHub, GrantKind::Installation { id }, None);
        self.grants.put(&key, grant).await.expect("kept");
        self.renew(&key).await;
        let token = self
            .grants
            .get(&key)
            .await
            .expect("read")
            .and_then(|grant| grant.access);
        let token = token.expect("a token").expose().to_owned();
        let connector = with_token(Provider::GitHub, &self.simulators, &token);
        Held::default().sync(&*connector, &self.simulators).await;
        self.grants.remove(&key).await.expect("removed");
    }
}

/// What a browser brings back from a page where the user agrees.
async fn browse(page: Url) -> Secret {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let answer = client.expect("client").get(page).send().await.expect("an answer");
    let back = answer.headers()["location"].to_str().expect("text").to_owned();
    let code = url(&back)
        .query_pairs()
        .find(|(name, _)| name == "code")
        .map(|(_, code)| code.into_owned());
    Secret::new(code.expect(&back))
}

/// Everything that is asked to sign in, to renew and to sign out.
pub(crate) async fn signing() -> Vec<Entry> {
    let office = Office::open().await;
    for service in [Service::GitHub, Service::Atlassian, Service::Slack] {
        office.consent(service).await;
    }
    office.device().await;
    office.installation().await;
    office.simulators.log().entries
}
