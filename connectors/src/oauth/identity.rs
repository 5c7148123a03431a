//! Who granted, and for which places: each provider tells it in its own way.

use std::sync::Arc;

use domain::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::exchange::{Answer, granted, split};
use super::{Account, Grant, OAuthApp, Site};
use crate::clock::after;
use crate::http::{Api, Fixed, GrantKey, Http, Policy, Provider, Request};
use crate::secret::Secret;

/// What an authorization gave: the grant, and at Slack perhaps one more in the user's name.
pub(super) struct Granted {
    /// The grant; at Slack the bot's, or the user's where no bot was asked for.
    pub(super) main: Grant,
    /// The user's beside the bot's.
    pub(super) user: Option<Grant>,
}

/// Complete what an answer of the token endpoint gives.
pub(super) async fn complete(http: &Http, app: &OAuthApp, tenant: &str, answer: &Answer) -> Result<Granted> {
    let mut main = granted(app, answer, http.clock().now());
    match app.provider {
        Provider::Slack => return Ok(slack(http, app, answer, main)),
        Provider::GitHub => main.account = Some(github(http, app, tenant, &main).await?),
        Provider::Atlassian => main.sites = atlassian(http, app, tenant, &main).await?,
        Provider::Plain => {}
    }
    Ok(Granted { main, user: None })
}

/// The API with a grant's own credential. The budget is one of its own: the grant has no name yet.
fn api(http: &Http, app: &OAuthApp, tenant: &str, grant: &Grant) -> Result<Api> {
    let credential = grant
        .credential()
        .ok_or_else(|| Error::internal("authorize", "the provider gave no token"))?;
    let key = GrantKey {
        tenant: tenant.to_owned(),
        grant: "authorization".into(),
    };
    let policy = match app.provider {
        Provider::GitHub => Policy::github(&app.endpoints.api)?,
        Provider::Atlassian => Policy::atlassian(&app.endpoints.api)?,
        Provider::Slack => Policy::slack(&app.endpoints.api)?,
        Provider::Plain => Policy::plain(&app.endpoints.api)?,
    };
    Ok(http.api(policy, Arc::new(Fixed(credential)), &key))
}

/// An address under the API's base.
pub(super) fn under(base: &Url, path: &str) -> Result<Url> {
    base.join(path)
        .map_err(|error| Error::invalid("authorize", "the API's address is malformed").with_source(error))
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

async fn github(http: &Http, app: &OAuthApp, tenant: &str, grant: &Grant) -> Result<Account> {
    let request = Request::get(under(&app.endpoints.api, "user")?);
    let user: User = api(http, app, tenant, grant)?.send(request).await?.json()?;
    Ok(Account {
        id: user.id.to_string(),
        name: user.login,
    })
}

#[derive(Deserialize)]
struct Resource {
    id: String,
    name: String,
    url: String,
    #[serde(default)]
    scopes: Vec<String>,
}

async fn atlassian(http: &Http, app: &OAuthApp, tenant: &str, grant: &Grant) -> Result<Vec<Site>> {
    let request = Request::get(under(&app.endpoints.api, "oauth/token/accessible-resources")?);
    let resources: Vec<Resource> = api(http, app, tenant, grant)?.send(request).await?.json()?;
    Ok(resources
        .into_iter()
        .map(|resource| Site {
            id: resource.id,
            name: resource.name,
            url: resource.url,
            scopes: resource.scopes.into_iter().collect(),
        })
        .collect())
}

/// Slack tells everything in the answer itself.
fn slack(http: &Http, app: &OAuthApp, answer: &Answer, mut main: Grant) -> Granted {
    let extra = oauth2::StandardTokenResponse::extra_fields(answer);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(team) = &extra.team {
        main.sites = vec![Site {
            id: text(team, "id").unwrap_or_default(),
            name: text(team, "name").unwrap_or_default(),
            url: String::new(),
            scopes: main.scopes.clone(),
        }];
    }
    main.account = extra.bot_user_id.clone().map(|id| Account { name: id.clone(), id });
    let user = extra.authed_user.as_ref().and_then(|user| {
        let mut grant = Grant::new(
            app.provider,
            main.kind.clone(),
            Some(Secret::new(text(user, "access_token")?)),
        );
        grant.refresh = text(user, "refresh_token").map(Secret::new);
        let seconds = user.get("expires_in").and_then(Value::as_u64);
        let now = http.clock().now();
        grant.expires = seconds.map(|seconds| after(now, std::time::Duration::from_secs(seconds)));
        grant.scopes = split(text(user, "scope").unwrap_or_default().split(','));
        grant.account = text(user, "id").map(|id| Account { name: id.clone(), id });
        grant.sites.clone_from(&main.sites);
        Some(grant)
    });
    Granted { main, user }
}
