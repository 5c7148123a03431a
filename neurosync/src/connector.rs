//! From a source's record to its connector, and from the command line to a record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors::access::AccessSetting;
use connectors::archive::{Archive, Kind};
use connectors::git::Git;
use domain::seam::Connector;
use domain::seam::store::{SourceRecord, SourceReport};
use domain::{Error, Readers, Result, SourceId, Timestamp};
use ingest::syntax::Syntax;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

use crate::app::App;
use crate::cli::{ConnectorKind, SourceSettings};
use crate::cloud;
use crate::connections::Connections;
use crate::schedule::{self, Rule};

impl ConnectorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Jira => "jira-archive",
            Self::Github => "github-archive",
            Self::Slack => "slack-archive",
            Self::Wiki => "wiki-archive",
            Self::Commits => "commits-archive",
            Self::Confluence => "confluence",
        }
    }
}

/// The record of a source at a provider that a command line describes.
///
/// # Errors
/// `NotFound` when there is no such connection; `Invalid` when it does not reach the location.
pub(crate) async fn cloud_record(
    written: &SourceSettings,
    connections: &Connections,
    now: Timestamp,
) -> Result<SourceRecord> {
    let connector = cloud::name(written.connector).unwrap_or_default();
    let settings = cloud::settings(written, connector, connections).await?;
    finish(written, connector, settings, now)
}

/// A record of a connector's settings and of those that every source has.
fn finish(
    written: &SourceSettings,
    connector: &str,
    mut settings: Map<String, Value>,
    now: Timestamp,
) -> Result<SourceRecord> {
    if let Some(rule) = &written.schedule {
        Rule::parse(rule)?;
        settings.insert(schedule::SETTING.to_owned(), json!(rule));
    }
    settings.insert("access".to_owned(), access(&written.access));
    Ok(SourceRecord {
        id: SourceId::new(&written.name)?,
        connector: connector.to_owned(),
        settings: Value::Object(settings),
        added: now,
    })
}

/// The record that a command line describes. Opening its connector checks the settings.
pub(crate) fn record(written: &SourceSettings, now: Timestamp) -> Result<SourceRecord> {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    let git = written.connector == ConnectorKind::Git;
    let location = if git && (written.location.contains("://") || is_scp_like(&written.location)) {
        written.location.clone()
    } else {
        absolute(&written.location)?
    };
    let place = if git { "location" } else { "path" };
    set(place, json!(location));
    let optional = [
        ("repository", &written.repository),
        ("site", &written.site),
        ("space", &written.space),
        ("branch", &written.branch),
        ("team", &written.team),
        ("workspace", &written.workspace),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            set(name, json!(value));
        }
    }
    if !written.formerly.is_empty() {
        set("formerly", json!(written.formerly));
    }
    finish(written, written.connector.as_str(), settings, now)
}

fn access(written: &str) -> Value {
    match written {
        "owner" | "public" | "source" => json!(written),
        principals => json!(
            principals
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
        ),
    }
}

/// `user@host:path`, as Git takes it for SSH.
fn is_scp_like(location: &str) -> bool {
    location
        .split_once(':')
        .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}

fn absolute(path: &str) -> Result<String> {
    let path = Path::new(path);
    let full = std::path::absolute(path).map_err(|error| Error::io("find source", path, error))?;
    full.into_os_string().into_string().map_err(|path| {
        Error::invalid("find source", format!("{} is not UTF-8", path.display())).with_hint("rename the folder")
    })
}

/// Who may read what of a source is not restricted further.
pub(crate) fn readers(record: &SourceRecord) -> Result<Readers> {
    #[derive(Deserialize)]
    struct Access {
        #[serde(default)]
        access: AccessSetting,
    }
    Ok(settings::<Access>(record)?.access.readers())
}

/// The folder of a source's clone: each source has its own.
fn clone_of(id: &SourceId, clones: &Path) -> PathBuf {
    clones.join(id.as_str())
}

/// Remove what a source's connector keeps on disk.
pub(crate) fn forget(id: &SourceId, clones: &Path) -> Result<()> {
    Git::discard(&clone_of(id, clones))
}

/// Check that a source can be read before it is stored: its settings, and what is at its path. A URL is only asked by a sync.
pub(crate) async fn check(record: &SourceRecord, app: &App) -> Result<()> {
    match archive_kind(&record.connector) {
        Some(kind) => {
            let archive = Archive::open(record.id.clone(), kind, connectors_own(record))?;
            archive.check().await
        }
        None => open(record, app).map(drop),
    }
}

/// The setting that names where a provider is to send webhooks.
const WEBHOOK: &str = "webhook";

/// Have the connector of a source see to webhooks at an address.
pub(crate) fn set_webhook(record: &mut SourceRecord, address: &Url) {
    if let Value::Object(settings) = &mut record.settings {
        settings.insert(WEBHOOK.to_owned(), json!(address));
    }
}

/// A record with the webhooks that the source of its name has: they are set by themselves, and stay when other settings change.
pub(crate) fn with_webhook_of(mut record: SourceRecord, reports: &[SourceReport]) -> SourceRecord {
    let known = reports
        .iter()
        .find(|report| !report.removed && report.source.id == record.id);
    let known = known.filter(|report| report.source.connector == record.connector);
    if let Some(address) = known.and_then(|report| report.source.settings.get(WEBHOOK))
        && let Value::Object(settings) = &mut record.settings
    {
        settings.insert(WEBHOOK.to_owned(), address.clone());
    }
    record
}

/// Whether two records lead to the same place.
pub(crate) fn is_same_place(one: &SourceRecord, other: &SourceRecord) -> bool {
    let place = |record: &SourceRecord| {
        let settings = &record.settings;
        ["path", "location", "site", "owner", "repositories"].map(|name| settings.get(name).cloned())
    };
    one.connector == other.connector && place(one) == place(other)
}

/// The kind of archive that a connector reads.
fn archive_kind(connector: &str) -> Option<Kind> {
    let kind = connector.strip_suffix("-archive")?;
    Kind::ALL.into_iter().find(|one| one.as_str() == kind)
}

/// The connector of a record.
pub(crate) fn open(record: &SourceRecord, app: &App) -> Result<Box<dyn Connector>> {
    let id = record.id.clone();
    if let Some(kind) = archive_kind(&record.connector) {
        return Ok(Box::new(Archive::open(id, kind, connectors_own(record))?));
    }
    let connections = || app.connections().cloned();
    if let Some(connector) = cloud::open(record, connectors_own(record), connections)? {
        return Ok(connector);
    }
    match record.connector.as_str() {
        "git" => Ok(Box::new(open_git(record, &app.clones())?)),
        other => Err(Error::invalid(
            "open source",
            format!("{id} is read by `{other}`, which this version does not have"),
        )
        .with_hint("use the version that added it, or remove the source")),
    }
}

/// The connector of a git source, which knows the languages that ingest does.
pub(crate) fn open_git(record: &SourceRecord, clones: &Path) -> Result<Git> {
    let clone = clone_of(&record.id, clones);
    let git = Git::open(record.id.clone(), settings(record)?, &clone)?;
    Ok(git.with_outline(Arc::new(Syntax)))
}

/// The settings that are the connector's own.
fn connectors_own(record: &SourceRecord) -> Value {
    let mut settings = record.settings.clone();
    if let Value::Object(settings) = &mut settings {
        settings.remove(schedule::SETTING);
        settings.remove(cloud::CONNECTION);
    }
    settings
}

fn settings<T: DeserializeOwned>(record: &SourceRecord) -> Result<T> {
    T::deserialize(connectors_own(record)).map_err(|error| {
        Error::invalid("open source", format!("{}: {error}", record.id))
            .with_hint("see `neurosync source add --help` for the settings of each kind")
    })
}
