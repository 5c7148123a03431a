//! Logins through the server: the provider sends the owner's browser back to this server's own address.

use connectors::http::Provider;
use connectors::secret::Secret;
use domain::{Error, ErrorKind, Result};
use search_api::http::{Consent, Login};

use crate::connections::{Connections, key, section};

const OPERATION: &str = "connect";
/// The longest reason of a refusal that is repeated, in bytes.
const MOST: usize = 64;

/// Begin a login that ends in a connection of this name.
///
/// # Errors
/// `Invalid` when no app is configured whose consent leads back to this server.
pub(crate) async fn begin(connections: &Connections, provider: &str, name: Option<String>) -> Result<Login> {
    let provider = [Provider::GitHub, Provider::Atlassian, Provider::Slack]
        .into_iter()
        .find(|one| section(*one) == provider)
        .ok_or_else(|| {
            Error::not_found(OPERATION, format!("there is no provider `{provider}`"))
                .with_hint("providers are github, atlassian and slack")
        })?;
    let (app, place) = (
        connections.app(provider)?,
        format!("/v1/oauth/{}/callback", section(provider)),
    );
    if app.redirect.path() != place {
        let message = format!("its app sends browsers to {}, which is not this server", app.redirect);
        let hint = format!(
            "register https://THIS-SERVER{place} with the provider and set it as `redirect` under [apps.{}], or connect from the command line",
            section(provider)
        );
        return Err(Error::invalid(OPERATION, message).with_hint(hint));
    }
    let name = name.unwrap_or_else(|| section(provider).to_owned());
    connections.check_free(&name, provider).await?;
    let browser = Secret::random::<32>()?;
    let begun = connections
        .logins()
        .begin(provider, &key(&name), browser.expose())
        .await?;
    Ok(Login {
        url: begun.url.to_string(),
        browser: browser.expose().to_owned(),
        secure: app.redirect.scheme() == "https",
    })
}

/// Finish a login; the name of the connection.
///
/// # Errors
/// As [`connectors::oauth::Logins::finish`]; `Denied` when the user refused.
pub(crate) async fn finish(connections: &Connections, consent: Consent) -> Result<String> {
    match consent.code {
        Ok(code) => {
            let (state, code) = (Secret::new(consent.state), Secret::new(code));
            let key = connections.logins().finish(&consent.browser, &state, &code).await?;
            Ok(key.grant)
        }
        Err(reason) => {
            let reason: String = reason
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .take(MOST)
                .collect();
            Err(Error::new(
                ErrorKind::Denied,
                OPERATION,
                format!("the provider gave no consent: {reason}"),
            )
            .with_hint("begin again and agree on the provider's page"))
        }
    }
}
