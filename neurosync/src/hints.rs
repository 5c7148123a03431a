//! What webhooks tell: that a source has something new. Each delivery counts once, however often it comes.

use connectors::http::Provider;
use connectors::oauth::{Grant, GrantKind};
use connectors::secret::Secret;
use connectors::webhook::{Delivery, Sender, receive, target};
use domain::{Error, ErrorKind, Result, SourceId, Target};
use search_api::http::Webhook;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::app::{App, now};
use crate::connections::{Connections, key};
use crate::export::hex;

/// What stands before the name of a source where its webhook's secret is kept.
const PREFIX: &str = "webhook:";

/// A source that has something new, and what, where that can be looked at by itself.
pub(crate) type Hint = (SourceId, Option<Target>);

/// Takes deliveries and passes on what they are about.
pub(crate) struct Hints {
    sources: mpsc::UnboundedSender<Hint>,
}

impl Hints {
    /// Pass hints on to `sources`.
    pub(crate) fn new(sources: mpsc::UnboundedSender<Hint>) -> Self {
        Self { sources }
    }

    /// Take a delivery; what is to be answered, where the provider wants something.
    ///
    /// # Errors
    /// `Denied` when it is not signed with the secret of the source, the same as where there is no such source or secret.
    pub(crate) async fn take(&self, app: &App, webhook: &Webhook) -> Result<Option<String>> {
        let connections = app.connections()?;
        let sender = match webhook.provider.as_str() {
            "github" => Sender::GitHub,
            "jira" => Sender::Jira,
            "slack" => Sender::Slack,
            _ => return Err(unsigned()),
        };
        let secret = secret(connections, &webhook.source).await?.ok_or_else(unsigned)?;
        let header = |name: &str| {
            let found = webhook.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let delivery = receive(sender, &secret, (header, &webhook.body), now()).map_err(|error| {
            if error.kind() == ErrorKind::Denied {
                unsigned()
            } else {
                error
            }
        })?;
        match delivery {
            Delivery::Challenge(text) => Ok(Some(text)),
            Delivery::Event { id } => {
                let name = match sender {
                    // Its id is not signed, the body is: who repeats it under another id says nothing new.
                    Sender::GitHub | Sender::Jira => hex(Sha256::new_with_prefix(&webhook.body)),
                    Sender::Slack => id,
                };
                let about = target(sender, header, &webhook.body);
                let (store, sources, source) = (app.sync_store(), self.sources.clone(), webhook.source.clone());
                // It is durable before it is acknowledged, and passed on even if nobody waits for the acknowledgement any more.
                let noted = tokio::spawn(async move {
                    if store.note_delivery(&source, &name, now()).await? {
                        // A server that stops syncs at its next start.
                        sources.send((source, about)).ok();
                    }
                    Ok(None)
                });
                noted
                    .await
                    .map_err(|error| Error::internal("receive webhook", "it was interrupted").with_source(error))?
            }
        }
    }
}

fn unsigned() -> Error {
    Error::new(
        ErrorKind::Denied,
        "receive webhook",
        "the delivery is not signed by its sender",
    )
    .with_hint("set the same secret at the provider and with `neurosync source webhook`")
}

/// The secret that a source's webhooks are signed with.
async fn secret(connections: &Connections, source: &SourceId) -> Result<Option<Secret>> {
    match connections.grant(&name(source)).await {
        // Without a secret of their own they are signed by the app that made them.
        Ok(Grant { access: None, .. }) => Ok(connections.app(Provider::Atlassian)?.client_secret.clone()),
        Ok(grant) => Ok(grant.access),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keep the secret that a source's webhooks are signed with.
///
/// # Errors
/// Those of the store.
pub(crate) async fn keep_secret(connections: &Connections, source: &SourceId, secret: Secret) -> Result<()> {
    let kept = Grant::new(Provider::Plain, GrantKind::Personal, Some(secret));
    connections.keep(&name(source), kept).await
}

/// Trust what Atlassian's configured app signs.
///
/// # Errors
/// `Invalid` when there is no such app or it has no secret; those of the store.
pub(crate) async fn trust_app(connections: &Connections, source: &SourceId) -> Result<()> {
    if connections.app(Provider::Atlassian)?.client_secret.is_none() {
        let error = Error::invalid("set webhook", "the configured app of Atlassian has no secret");
        return Err(
            error.with_hint("set NEUROSYNC_ATLASSIAN_CLIENT_SECRET, or `client_secret_file` under [apps.atlassian]")
        );
    }
    let kept = Grant::new(Provider::Plain, GrantKind::Personal, None);
    connections.keep(&name(source), kept).await
}

/// Forget the secret of a source that is removed; nothing is opened where there is none.
///
/// # Errors
/// Those of the store.
pub(crate) async fn forget_secret(app: &App, source: &SourceId) -> Result<()> {
    let key = key(&name(source));
    if app.grant_store().grant(&key.tenant, &key.grant).await?.sealed.is_none() {
        return Ok(());
    }
    app.connections()?.remove(&key.grant).await
}

/// Whether a kept credential is the secret of a webhook, no connection.
pub(crate) fn is_secret(name: &str) -> bool {
    name.starts_with(PREFIX)
}

fn name(source: &SourceId) -> String {
    format!("{PREFIX}{source}")
}
