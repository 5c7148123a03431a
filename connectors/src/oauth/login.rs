//! A user's way through a provider's consent: begin, go there, come back, finish.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::seam::grants::{GrantStore, Pending};
use domain::{Error, ErrorKind, Result};
use oauth2::{
    AuthorizationCode, CsrfToken, DeviceAuthorizationUrl, PkceCodeChallenge, PkceCodeVerifier, Scope,
    StandardDeviceAuthorizationResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::exchange::{self, refusal};
use super::identity::{self, Granted};
use super::{Grants, OAuthApp};
use crate::clock::after;
use crate::hex::hex;
use crate::http::{GrantKey, Http, Provider};
use crate::secret::Secret;
use crate::vault::{Place, Vault};

const BEGIN: &str = "begin authorization";
const FINISH: &str = "finish authorization";
/// How long a user has to consent; providers' codes live as long.
const LIFE: Duration = Duration::from_mins(10);

/// Where to send a user.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The provider's page. Holds the state, so it is for the user alone.
    pub url: Url,
    /// What the provider sends back with the code.
    pub state: Secret,
}

/// What is kept, sealed, until the user comes back. The verifier never leaves us.
#[derive(Serialize, Deserialize)]
struct Kept {
    caller: String,
    tenant: String,
    grant: String,
    provider: Provider,
    verifier: String,
}

/// A login by another device, as the user must be told of it.
#[derive(Debug)]
pub struct DeviceLogin {
    /// What the user types in.
    pub code: String,
    /// Where he types it in.
    pub page: String,
    details: StandardDeviceAuthorizationResponse,
    app: Arc<OAuthApp>,
    key: GrantKey,
}

/// Leads through providers' consents.
#[derive(Clone)]
pub struct Logins {
    http: Http,
    store: Arc<dyn GrantStore>,
    vault: Arc<Vault>,
    grants: Grants,
    apps: Arc<BTreeMap<Provider, Arc<OAuthApp>>>,
}

impl Logins {
    /// Logins with the apps that `grants` knows, ending in it.
    pub fn new(http: Http, store: Arc<dyn GrantStore>, vault: Arc<Vault>, grants: Grants) -> Self {
        let apps = grants.apps();
        Self {
            http,
            store,
            vault,
            grants,
            apps,
        }
    }

    /// Begin an authorization for `key`. Only `caller` (a session of the web, a login of the command line) can finish it, once,
    /// within ten minutes.
    ///
    /// # Errors
    /// `Invalid` when no app of `provider` is configured; those of the store.
    pub async fn begin(&self, provider: Provider, key: &GrantKey, caller: &str) -> Result<Authorization> {
        let app = self.app(provider)?;
        let state = Secret::random::<32>()?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let kept = Kept {
            caller: caller.to_owned(),
            tenant: key.tenant.clone(),
            grant: key.grant.clone(),
            provider,
            verifier: verifier.into_secret(),
        };
        let plain = serde_json::to_vec(&kept)
            .map(Zeroizing::new)
            .map_err(|_hidden| Error::internal(BEGIN, "the authorization does not become JSON"))?;
        let (hash, now) = (hash(&state), self.http.clock().now());
        let name = hex(&hash);
        let pending = Pending {
            sealed: self.vault.seal(&place(&name), &plain).await?,
            state: hash,
            expires: after(now, LIFE),
        };
        self.store.put_pending(pending, now).await?;
        Ok(Authorization {
            url: address(&app, &state, challenge),
            state,
        })
    }

    /// Finish an authorization with what the provider sent back, and keep the grant. The state is used up, whatever comes of it.
    ///
    /// # Errors
    /// `Denied` when the state is unknown, used, expired or somebody else's, or when the provider refuses the code; `Unavailable`
    /// when the provider cannot be reached, after which the user begins again.
    pub async fn finish(&self, caller: &str, state: &Secret, code: &Secret) -> Result<GrantKey> {
        let kept = self.take(caller, state).await?;
        let app = self.app(kept.provider)?;
        let key = GrantKey {
            tenant: kept.tenant,
            grant: kept.grant,
        };
        let api = exchange::anonymous(&self.http, &app.endpoints.token, &key.tenant)?;
        let sender = move |request| exchange::send(api.clone(), request);
        let client = exchange::client(&app);
        let mut asking = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if pkce(app.provider) {
            asking = asking.set_pkce_verifier(PkceCodeVerifier::new(kept.verifier));
        }
        let answer = asking
            .request_async(&sender)
            .await
            .map_err(refusal)
            .map_err(Error::from)?;
        let granted = identity::complete(&self.http, &app, &key.tenant, &answer).await?;
        self.keep(&key, granted).await?;
        Ok(key)
    }

    /// Begin a login by another device (GitHub only): tell the user code and page, then [`Logins::wait`].
    ///
    /// # Errors
    /// `Invalid` when the provider has no such login.
    pub async fn begin_device(&self, provider: Provider, key: &GrantKey) -> Result<DeviceLogin> {
        let app = self.app(provider)?;
        let device = app
            .endpoints
            .device
            .clone()
            .ok_or_else(|| Error::invalid(BEGIN, format!("{} has no login by another device", provider.name())))?;
        let api = exchange::anonymous(&self.http, &device, &key.tenant)?;
        let sender = move |request| exchange::send(api.clone(), request);
        let client = exchange::client(&app).set_device_authorization_url(DeviceAuthorizationUrl::from_url(device));
        let asking = client.exchange_device_code().add_scopes(scopes(&app));
        let details: StandardDeviceAuthorizationResponse = asking
            .request_async(&sender)
            .await
            .map_err(refusal)
            .map_err(Error::from)?;
        Ok(DeviceLogin {
            code: details.user_code().secret().clone(),
            page: details.verification_uri().to_string(),
            details,
            app,
            key: key.clone(),
        })
    }

    /// Wait until the user has typed in the code, and keep the grant. Asks as often as the provider allows.
    ///
    /// # Errors
    /// `Denied` when the user refuses or the code expires.
    pub async fn wait(&self, login: DeviceLogin) -> Result<GrantKey> {
        let api = exchange::anonymous(&self.http, &login.app.endpoints.token, &login.key.tenant)?;
        let sender = move |request| exchange::send(api.clone(), request);
        let clock = Arc::clone(self.http.clock());
        let sleep = move |time| {
            let clock = Arc::clone(&clock);
            async move { clock.sleep(time).await }
        };
        let client = exchange::client(&login.app);
        let answer = client
            .exchange_device_access_token(&login.details)
            .request_async(&sender, sleep, None)
            .await
            .map_err(refusal)
            .map_err(Error::from)?;
        let granted = identity::complete(&self.http, &login.app, &login.key.tenant, &answer).await?;
        self.keep(&login.key, granted).await?;
        Ok(login.key)
    }

    /// Keep what was granted; a user's grant beside a bot's under its name with `:user`.
    async fn keep(&self, key: &GrantKey, granted: Granted) -> Result<()> {
        self.grants.put(key, granted.main).await?;
        if let Some(user) = granted.user {
            let beside = GrantKey {
                grant: format!("{}:user", key.grant),
                ..key.clone()
            };
            self.grants.put(&beside, user).await?;
        }
        Ok(())
    }

    /// Take what was kept for a state out of the store.
    async fn take(&self, caller: &str, state: &Secret) -> Result<Kept> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::Denied, FINISH, why)
                .with_hint("begin again, and finish in the same session within ten minutes")
        };
        let hash = hash(state);
        let pending = self.store.take_pending(&hash, self.http.clock().now()).await?;
        let pending = pending.ok_or_else(|| refuse("the state is unknown, used or expired"))?;
        let plain = self.vault.open(&place(&hex(&hash)), &pending.sealed).await?;
        let kept: Kept = serde_json::from_slice(&plain)
            .map_err(|_hidden| Error::corrupt(FINISH, "a kept authorization does not read back"))?;
        if kept.caller != caller {
            return Err(refuse("the authorization was begun by somebody else"));
        }
        Ok(kept)
    }

    fn app(&self, provider: Provider) -> Result<Arc<OAuthApp>> {
        self.apps.get(&provider).cloned().ok_or_else(|| no_app(provider))
    }
}

/// The error where no app is configured.
pub(super) fn no_app(provider: Provider) -> Error {
    Error::invalid("authorize", format!("no app of {} is configured", provider.name()))
        .with_hint("register an app with the provider and set its id and secret")
}

/// Whether the provider takes a proof key. Atlassian's documents do not know it, and at Slack it turns an app into a public one.
fn pkce(provider: Provider) -> bool {
    provider == Provider::GitHub
}

/// The provider's page for the user.
fn address(app: &OAuthApp, state: &Secret, challenge: PkceCodeChallenge) -> Url {
    let client = exchange::client(app);
    let token = state.expose().to_owned();
    let mut asking = client
        .authorize_url(move || CsrfToken::new(token))
        .add_scopes(scopes(app));
    if pkce(app.provider) {
        asking = asking.set_pkce_challenge(challenge);
    }
    let user = app.user_scopes.join(",");
    asking = match app.provider {
        Provider::Atlassian => asking
            .add_extra_param("audience", "api.atlassian.com")
            .add_extra_param("prompt", "consent"),
        Provider::Slack if !user.is_empty() => asking.add_extra_param("user_scope", user),
        Provider::Slack | Provider::GitHub | Provider::Plain => asking,
    };
    asking.url().0
}

/// The scopes as the provider separates them: by spaces, or at Slack by commas, as if they were one.
fn scopes(app: &OAuthApp) -> Vec<Scope> {
    match app.provider {
        Provider::Slack if app.scopes.is_empty() => Vec::new(),
        Provider::Slack => vec![Scope::new(app.scopes.join(","))],
        Provider::GitHub | Provider::Atlassian | Provider::Plain => {
            app.scopes.iter().cloned().map(Scope::new).collect()
        }
    }
}

/// By what a state is found: whoever reads the store cannot tell the state.
fn hash(state: &Secret) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, state.expose().as_bytes())
        .as_ref()
        .to_vec()
}

/// Authorizations under way belong to no tenant's key: who comes back is only known from what is sealed.
fn place(name: &str) -> Place<'_> {
    Place {
        tenant: "authorizations",
        owner: name,
        field: "pending",
        version: 1,
    }
}
