//! Sources at providers: from a command line and a connection to a record, and from a record to its connector.

use connectors::confluence::{Confluence, ConfluenceCloudSettings};
use connectors::github::{GitHub, GitHubApiSettings};
use connectors::http::{Policy, Provider};
use connectors::jira::{Jira, JiraCloudSettings};
use connectors::oauth::{Endpoints, Grant, GrantKind, Site};
use connectors::slack::{Slack, SlackApiSettings};
use domain::seam::Connector;
use domain::seam::store::SourceRecord;
use domain::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

use crate::cli::{ConnectorKind, SourceSettings};
use crate::connections::{Connections, section};

/// The setting that names the connection.
pub(crate) const CONNECTION: &str = "connection";
/// What Jira's connector is called in a record.
pub(crate) const JIRA: &str = "jira";
const OPERATION: &str = "add source";

/// What a kind is called in a record when it is read from its provider; none where it only is from files.
pub(crate) fn name(kind: ConnectorKind) -> Option<&'static str> {
    match kind {
        ConnectorKind::Jira => Some(JIRA),
        ConnectorKind::Confluence => Some("confluence"),
        ConnectorKind::Github => Some("github"),
        ConnectorKind::Slack => Some("slack"),
        ConnectorKind::Git | ConnectorKind::Wiki | ConnectorKind::Commits => None,
    }
}

/// Whether a command line means a provider: its location is a web address, and no repository of Git's.
pub(crate) fn is_meant(written: &SourceSettings) -> bool {
    let web = written.location.starts_with("https://") || written.location.starts_with("http://");
    name(written.connector).is_some() && (web || written.connector == ConnectorKind::Confluence)
}

fn provider(connector: &str) -> Provider {
    match connector {
        "github" => Provider::GitHub,
        "slack" => Provider::Slack,
        _ => Provider::Atlassian,
    }
}

/// The settings of a source at a provider; what its connection knows of the site is taken from there.
///
/// # Errors
/// `NotFound` when there is no such connection; `Invalid` when it does not reach the location.
pub(crate) async fn settings(
    written: &SourceSettings,
    connector: &str,
    connections: &Connections,
) -> Result<Map<String, Value>> {
    let place = Url::parse(&written.location).map_err(|error| {
        Error::invalid(OPERATION, format!("`{}` is no web address", written.location))
            .with_source(error)
            .with_hint("write the site's address: https://acme.atlassian.net")
    })?;
    let provider = provider(connector);
    let connection = written
        .connection
        .clone()
        .unwrap_or_else(|| section(provider).to_owned());
    let grant = connections.grant(&connection).await?;
    if grant.provider != provider {
        let message = format!("`{connection}` is a connection to {}", grant.provider.name());
        return Err(
            Error::invalid(OPERATION, message).with_hint("name another with --connection; see `neurosync connections`")
        );
    }
    let mut settings = match connector {
        "github" => github(&place, connections),
        "slack" => slack(connections),
        product => atlassian(product, &place, &grant, connections)?,
    };
    settings.insert(CONNECTION.to_owned(), json!(connection));
    if !written.only.is_empty() {
        let filter = match connector {
            "github" => "repositories",
            "slack" => "channels",
            JIRA => "projects",
            _ => "spaces",
        };
        settings.insert(filter.to_owned(), json!(written.only));
    }
    Ok(settings)
}

/// The API that an app is configured with, where that is not the provider's own.
fn api(connections: &Connections, provider: Provider) -> Option<Url> {
    let configured = connections.app(provider).ok()?.endpoints.api.clone();
    let usual = Endpoints::of(provider).ok()?.api;
    (configured != usual).then_some(configured)
}

fn github(place: &Url, connections: &Connections) -> Map<String, Value> {
    let mut settings = Map::new();
    let origin = place.origin().ascii_serialization();
    if let Some(api) = api(connections, Provider::GitHub) {
        settings.insert("api".to_owned(), json!(api));
    } else if place.host_str() != Some("github.com") {
        settings.insert("api".to_owned(), json!(format!("{origin}/api/v3")));
        settings.insert("web".to_owned(), json!(origin));
    }
    let mut parts = place
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty());
    match (parts.next(), parts.next()) {
        (Some(owner), Some(repository)) => {
            let repository = repository.trim_end_matches(".git");
            settings.insert("repositories".to_owned(), json!([format!("{owner}/{repository}")]));
        }
        (Some(owner), None) => {
            settings.insert("owner".to_owned(), json!(owner));
        }
        (None, _) => {}
    }
    settings
}

fn slack(connections: &Connections) -> Map<String, Value> {
    let api = api(connections, Provider::Slack);
    api.map(|api| ("api".to_owned(), json!(api))).into_iter().collect()
}

fn atlassian(product: &str, place: &Url, grant: &Grant, connections: &Connections) -> Result<Map<String, Value>> {
    let origin = place.origin().ascii_serialization();
    let mut settings = Map::new();
    settings.insert("site".to_owned(), json!(origin));
    if matches!(grant.kind, GrantKind::Basic { .. }) {
        // An API token goes to the site itself, not to the gateway.
        settings.insert("api".to_owned(), json!(origin));
        return Ok(settings);
    }
    let known = |site: &&Site| Url::parse(&site.url).is_ok_and(|url| url.origin() == place.origin());
    // A site stands in the list once for each product; scopes tell them apart.
    let granted = |site: &&Site| site.scopes.iter().any(|scope| scope.contains(product));
    let mut sites = grant.sites.iter().filter(known);
    let Some(site) = sites.clone().find(granted).or_else(|| sites.next()) else {
        let names: Vec<_> = grant.sites.iter().map(|site| site.url.as_str()).collect();
        let message = format!(
            "the connection does not reach {origin}; it reaches: {}",
            names.join(", ")
        );
        return Err(Error::invalid(OPERATION, message).with_hint("connect again and choose that site"));
    };
    match api(connections, Provider::Atlassian) {
        Some(gateway) => {
            let api = format!("{}/ex/{product}/{}", gateway.as_str().trim_end_matches('/'), site.id);
            settings.insert("api".to_owned(), json!(api));
        }
        None => {
            settings.insert("cloud_id".to_owned(), json!(site.id));
        }
    }
    Ok(settings)
}

/// The connector of a record that is read from a provider; none for others. `own` are the settings that are the connector's.
///
/// # Errors
/// `Invalid` for settings that make no sense.
pub(crate) fn open(
    record: &SourceRecord,
    own: Value,
    connections: impl Fn() -> Result<Connections>,
) -> Result<Option<Box<dyn Connector>>> {
    let id = record.id.clone();
    Ok(Some(match record.connector.as_str() {
        "github" => {
            let (settings, link) = (read::<GitHubApiSettings>(record, own)?, Link::of(record, connections)?);
            let api = link.api(Policy::github(&address(&settings.api)?)?);
            Box::new(GitHub::open(id, settings, api, link.clock())?)
        }
        "slack" => {
            let (settings, link) = (read::<SlackApiSettings>(record, own)?, Link::of(record, connections)?);
            let api = link.api(Policy::slack(&address(&settings.api)?)?);
            Box::new(Slack::open(id, settings, api, link.clock())?)
        }
        JIRA => {
            let (settings, link) = (read::<JiraCloudSettings>(record, own)?, Link::of(record, connections)?);
            let api = link.api(Policy::atlassian(&gateway(settings.api.as_deref())?)?);
            Box::new(Jira::open(id, settings, api, link.clock())?)
        }
        "confluence" => {
            let (settings, link) = (
                read::<ConfluenceCloudSettings>(record, own)?,
                Link::of(record, connections)?,
            );
            let api = link.api(Policy::atlassian(&gateway(settings.api.as_deref())?)?);
            Box::new(Confluence::open(id, settings, api, link.clock())?)
        }
        _ => return Ok(None),
    }))
}

/// A source's connection, opened.
struct Link {
    connections: Connections,
    name: String,
}

impl Link {
    fn of(record: &SourceRecord, connections: impl Fn() -> Result<Connections>) -> Result<Self> {
        let name = record
            .settings
            .get(CONNECTION)
            .and_then(Value::as_str)
            .unwrap_or_default();
        Ok(Self {
            connections: connections()?,
            name: name.to_owned(),
        })
    }

    fn api(&self, policy: Policy) -> connectors::http::Api {
        self.connections.api(policy, &self.name)
    }

    fn clock(&self) -> std::sync::Arc<dyn connectors::clock::Clock> {
        self.connections.http().clock().clone()
    }
}

/// Where Atlassian's API is: at the gateway, unless the settings say otherwise.
fn gateway(api: Option<&str>) -> Result<Url> {
    match api {
        Some(api) => address(api),
        None => Ok(Endpoints::of(Provider::Atlassian)?.api),
    }
}

fn address(text: &str) -> Result<Url> {
    Url::parse(text)
        .map_err(|error| Error::new(ErrorKind::Invalid, "open source", format!("`{text}`")).with_source(error))
}

fn read<T: DeserializeOwned>(record: &SourceRecord, own: Value) -> Result<T> {
    T::deserialize(own).map_err(|error| {
        Error::invalid("open source", format!("{}: {error}", record.id))
            .with_hint("add the source again with `neurosync source add`")
    })
}
