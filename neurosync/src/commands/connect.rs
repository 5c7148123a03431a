//! Connections to providers: made by consent or by a token, listed, and ended.

use std::io::{IsTerminal, Read, Write};
use std::time::Duration;

use connectors::http::{GrantKey, Provider};
use connectors::oauth::{Grant, GrantKind, Loopback};
use connectors::secret::Secret;
use domain::{Error, ErrorKind, Result};
use serde_json::{Value, json};

use crate::cli::{Connect, Service};
use crate::connections::{Connections, key, section};
use crate::context::Context;
use crate::hints::is_secret;
use crate::output::{Style, add};

const OPERATION: &str = "connect";
/// Characters of a token.
const MOST: u64 = 16 << 10;
/// How long the user has to consent.
const PATIENCE: Duration = Duration::from_mins(10);
/// Who begins and finishes a login of the command line.
const CALLER: &str = "command line";

/// Make a connection.
///
/// # Errors
/// `Denied` when the user or the provider refuses; `Invalid` when no app is configured.
pub(super) async fn connect(context: &Context<'_>, command: Connect) -> Result<()> {
    let app = context.app().await?;
    let connections = app.connections()?;
    let provider = provider(command.service);
    let name = command.name.clone().unwrap_or_else(|| section(provider).to_owned());
    connections.check_free(&name, provider).await?;
    let key = key(&name);
    if command.token {
        let grant = by_hand(provider, &command, read_token().await?);
        connections.keep(&name, grant).await?;
    } else if let Some(id) = command.installation {
        connections.app(provider)?;
        connections
            .keep(&name, Grant::new(provider, GrantKind::Installation { id }, None))
            .await?;
    } else if command.device_code {
        by_device(context, connections, (provider, &key)).await?;
    } else {
        by_browser(context, connections, (provider, &key)).await?;
    }
    let grant = connections.grant(&name).await?;
    context.output.answer(&shown(&name, &grant), |_, style| {
        let next = format!(
            "\nnext: neurosync source add {} NAME LOCATION --connection {name}",
            command.service
        );
        line(&name, &grant, *style) + &next
    })
}

/// List the connections.
///
/// # Errors
/// Those of the store.
pub(super) async fn list(context: &Context<'_>) -> Result<()> {
    let app = context.app().await?;
    let mut grants = app.connections()?.list().await?;
    grants.retain(|(name, _)| !is_secret(name));
    let all: Vec<Value> = grants.iter().map(|(name, grant)| shown(name, grant)).collect();
    context.output.answer(&json!({"connections": all}), |_, style| {
        if grants.is_empty() {
            return "no connections; make one: neurosync connect --help".to_owned();
        }
        let lines: Vec<_> = grants.iter().map(|(name, grant)| line(name, grant, *style)).collect();
        lines.join("\n")
    })
}

/// Revoke and forget a connection.
///
/// # Errors
/// `NotFound` when there is none; the provider's when it could not be revoked there.
pub(super) async fn disconnect(context: &Context<'_>, name: &str) -> Result<()> {
    let app = context.app().await?;
    app.connections()?.remove(name).await.map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            return error;
        }
        let message = format!(
            "`{name}` is forgotten here, but the provider was not told: {}",
            error.message()
        );
        Error::new(error.kind(), "disconnect", message)
            .with_hint("remove the app on the provider's page of connected apps")
    })?;
    context.output.answer(&json!({"disconnected": name}), |_, _| {
        format!("{name} is revoked and forgotten")
    })
}

/// Put a new key in force.
///
/// # Errors
/// Those of the key file and the store.
pub(super) async fn rotate_key(context: &Context<'_>) -> Result<()> {
    let app = context.app().await?;
    let count = Connections::rotate_key(&context.config.providers, app.grant_store()).await?;
    context.output.answer(&json!({"rewrapped": count}), |_, _| {
        let keys = if count == 1 { "data key was" } else { "data keys were" };
        format!("a new key is in force; {count} {keys} sealed by it")
    })
}

fn provider(service: Service) -> Provider {
    match service {
        Service::Github => Provider::GitHub,
        Service::Jira | Service::Confluence => Provider::Atlassian,
        Service::Slack => Provider::Slack,
    }
}

fn by_hand(provider: Provider, command: &Connect, token: Secret) -> Grant {
    let kind = match &command.user {
        Some(user) => GrantKind::Basic { user: user.clone() },
        None => GrantKind::Personal,
    };
    Grant::new(provider, kind, Some(token))
}

/// A token from standard input, so that it stands in no list of processes and no history.
pub(super) async fn read_token() -> Result<Secret> {
    if std::io::stdin().is_terminal() {
        let _gone = write!(std::io::stderr(), "token: ");
    }
    let read = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        let mut input = std::io::stdin().lock().take(MOST);
        if std::io::stdin().is_terminal() {
            std::io::BufRead::read_line(&mut input, &mut text).map(|_| text)
        } else {
            input.read_to_string(&mut text).map(|_| text)
        }
    });
    let text = read
        .await
        .map_err(|error| Error::internal(OPERATION, "reading was interrupted").with_source(error))?
        .map_err(|error| Error::io(OPERATION, std::path::Path::new("standard input"), error))?;
    match text.trim() {
        "" => {
            Err(Error::invalid(OPERATION, "there is no token on standard input")
                .with_hint("pipe it in: … --token < FILE"))
        }
        token => Ok(Secret::new(token)),
    }
}

async fn by_browser(
    context: &Context<'_>,
    connections: &Connections,
    (provider, key): (Provider, &GrantKey),
) -> Result<()> {
    let app = connections.app(provider)?;
    let loopback = Loopback::bind(&app.redirect).await?;
    let begun = connections.logins().begin(provider, key, CALLER).await?;
    ask(context, "open this address in a browser and agree", begun.url.as_str());
    let code = tokio::select! {
        biased;
        () = context.cancel.cancelled() => return Err(Error::new(ErrorKind::Cancelled, OPERATION, "stopped")),
        code = tokio::time::timeout(PATIENCE, loopback.wait(&begun.state)) => code,
    };
    let code = code.map_err(|late| {
        Error::new(ErrorKind::Denied, OPERATION, "nobody came back within ten minutes")
            .with_source(late)
            .with_hint("connect again")
    })??;
    connections.logins().finish(CALLER, &begun.state, &code).await?;
    Ok(())
}

async fn by_device(
    context: &Context<'_>,
    connections: &Connections,
    (provider, key): (Provider, &GrantKey),
) -> Result<()> {
    let login = connections.logins().begin_device(provider, key).await?;
    ask(
        context,
        &format!("enter the code {} at this address", login.code),
        &login.page,
    );
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(Error::new(ErrorKind::Cancelled, OPERATION, "stopped")),
        done = connections.logins().wait(login) => done.map(drop),
    }
}

/// Tell the user what to do, on standard error: the answer is for standard output.
fn ask(context: &Context<'_>, what: &str, address: &str) {
    context.output.note(&format!("{what}:\n  {address}"));
}

fn shown(name: &str, grant: &Grant) -> Value {
    json!({
        "name": name,
        "provider": section(grant.provider),
        "account": grant.account.as_ref().map(|account| account.name.clone()),
        "sites": grant.sites.iter().map(|site| json!({"id": site.id, "name": site.name, "url": site.url})).collect::<Vec<_>>(),
        "scopes": grant.scopes,
        "expires": grant.expires.map(|time| time.to_string()),
        "needs_consent": grant.needs_consent,
    })
}

fn line(name: &str, grant: &Grant, style: Style) -> String {
    let mut text = format!("{} {}", style.key(name), section(grant.provider));
    if let Some(account) = &grant.account {
        add(&mut text, format_args!(" as {}", account.name));
    }
    let mut sites: Vec<_> = grant.sites.iter().map(|site| site.name.as_str()).collect();
    sites.dedup();
    if !sites.is_empty() {
        add(&mut text, format_args!(" at {}", sites.join(", ")));
    }
    if let Some(reason) = &grant.needs_consent {
        add(
            &mut text,
            format_args!(
                "; needs your consent again ({reason}): neurosync connect {} --name {name}",
                grant.provider.service().unwrap_or("--help")
            ),
        );
    }
    text
}
