//! Our registration with a provider, and where the provider is.

use domain::{Error, Result};
use url::Url;

use super::AppKey;
use crate::http::Provider;
use crate::secret::Secret;

/// Where a provider authorizes. Servers of one's own and simulators have others than the defaults.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Where the user consents.
    pub authorize: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token: Url,
    /// Where a login by another device begins.
    pub device: Option<Url>,
    /// The base of the API, with a slash at its end.
    pub api: Url,
}

impl Endpoints {
    /// The provider's own.
    ///
    /// # Errors
    /// `Invalid` when the provider has no OAuth.
    pub fn of(provider: Provider) -> Result<Self> {
        let (authorize, token, device, api) = match provider {
            Provider::GitHub => (
                "https://github.com/login/oauth/authorize",
                "https://github.com/login/oauth/access_token",
                Some("https://github.com/login/device/code"),
                "https://api.github.com/",
            ),
            Provider::Atlassian => (
                "https://auth.atlassian.com/authorize",
                "https://auth.atlassian.com/oauth/token",
                None,
                "https://api.atlassian.com/",
            ),
            Provider::Slack => (
                "https://slack.com/oauth/v2/authorize",
                "https://slack.com/api/oauth.v2.access",
                None,
                "https://slack.com/api/",
            ),
            Provider::Plain => return Err(Error::invalid("authorize", "this server has no OAuth that is known")),
        };
        Ok(Self {
            authorize: address(authorize)?,
            token: address(token)?,
            device: device.map(address).transpose()?,
            api: address(api)?,
        })
    }
}

fn address(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| Error::internal("authorize", "a built-in address is malformed").with_source(error))
}

/// Our app as it is registered with a provider.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// Whose app.
    pub provider: Provider,
    /// Its public id.
    pub client_id: String,
    /// Its secret; a device login at GitHub needs none.
    pub client_secret: Option<Secret>,
    /// Where the provider sends users back, exactly as registered.
    pub redirect: Url,
    /// What to ask for; of Slack, for the bot.
    pub scopes: Vec<String>,
    /// What to ask for in the user's name; of Slack only.
    pub user_scopes: Vec<String>,
    /// Where the provider is.
    pub endpoints: Endpoints,
    /// The private key of a GitHub App, for tokens of its installations.
    pub key: Option<AppKey>,
}
