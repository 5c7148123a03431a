//! What is configured of providers: the apps through which users grant access, and the key that seals what they grant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use connectors::http::Provider;
use connectors::oauth::{AppKey, Endpoints, OAuthApp};
use connectors::secret::Secret;
use domain::{Error, Result};
use serde::Deserialize;
use url::Url;

const OPERATION: &str = "read configuration";
/// Where the browser comes back to, unless configured otherwise.
const REDIRECT: &str = "http://127.0.0.1:7711/callback";

const GITHUB_SCOPES: &[&str] = &["repo", "read:org", "read:user", "user:email"];
/// One app serves Jira and Confluence: a new consent replaces the scopes of the former.
const ATLASSIAN_SCOPES: &[&str] = &[
    "offline_access",
    "read:me",
    "read:jira-work",
    "read:jira-user",
    "manage:jira-configuration",
    "manage:jira-webhook",
    "read:board-scope:jira-software",
    "read:sprint:jira-software",
    "read:page:confluence",
    "read:space:confluence",
    "read:comment:confluence",
    "read:attachment:confluence",
    "read:content.metadata:confluence",
    "read:hierarchical-content:confluence",
    "read:space.permission:confluence",
    "read:configuration:confluence",
    "read:user:confluence",
    "search:confluence",
    "read:confluence-content.all",
    "read:confluence-content.permission",
    "read:confluence-groups",
    "read:confluence-user",
];
const SLACK_SCOPES: &[&str] = &[
    "channels:read",
    "channels:history",
    "groups:read",
    "groups:history",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "files:read",
    "team:read",
];

/// Everything about providers.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// Hosts, addresses and networks that may be reached although they are private.
    pub allow: Vec<String>,
    /// The file of the key that seals credentials; none: the platform's configuration folder.
    pub key_file: Option<PathBuf>,
    /// The apps.
    pub apps: Vec<OAuthApp>,
}

/// `[network]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenNetwork {
    allow: Vec<String>,
}

/// `[keys]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenKeys {
    file: Option<PathBuf>,
}

/// `[apps]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenApps {
    github: Option<WrittenApp>,
    atlassian: Option<WrittenApp>,
    slack: Option<WrittenApp>,
}

/// An app as it was registered. Its secret is in a file or in the environment: what is in the data folder is copied and shown.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenApp {
    client_id: String,
    client_secret_file: Option<PathBuf>,
    redirect: Option<String>,
    scopes: Option<Vec<String>>,
    user_scopes: Vec<String>,
    app_id: Option<String>,
    private_key_file: Option<PathBuf>,
    authorize: Option<String>,
    token: Option<String>,
    device: Option<String>,
    api: Option<String>,
}

/// Put together what is written and the secrets of the environment, which are named by the apps' names in lower case.
///
/// # Errors
/// `Invalid` for an address or a key that is none, an I/O error for a file that cannot be read.
pub(super) fn providers(
    network: WrittenNetwork,
    keys: WrittenKeys,
    apps: WrittenApps,
    secrets: &BTreeMap<String, Secret>,
) -> Result<Providers> {
    let written = [
        ("github", Provider::GitHub, apps.github),
        ("atlassian", Provider::Atlassian, apps.atlassian),
        ("slack", Provider::Slack, apps.slack),
    ];
    let mut apps = Vec::new();
    for (name, provider, app) in written {
        if let Some(app) = app {
            apps.push(app.read(name, provider, secrets.get(name))?);
        }
    }
    Ok(Providers {
        allow: network.allow,
        key_file: keys.file,
        apps,
    })
}

impl WrittenApp {
    fn read(self, name: &str, provider: Provider, secret: Option<&Secret>) -> Result<OAuthApp> {
        let field = |what: &str| format!("apps.{name}.{what}");
        if self.client_id.is_empty() {
            return Err(Error::invalid(OPERATION, format!("`{}` is empty", field("client_id")))
                .with_hint("copy it from the app's page at the provider"));
        }
        let mut endpoints = Endpoints::of(provider)?;
        let places = [
            ("authorize", &mut endpoints.authorize, self.authorize),
            ("token", &mut endpoints.token, self.token),
            ("api", &mut endpoints.api, self.api),
        ];
        for (what, place, written) in places {
            if let Some(written) = written {
                *place = address(&field(what), &written)?;
            }
        }
        if let Some(device) = self.device {
            endpoints.device = Some(address(&field("device"), &device)?);
        }
        let client_secret = match (&self.client_secret_file, secret) {
            (Some(path), _) => Some(read_secret(path)?),
            (None, secret) => secret.cloned(),
        };
        let key = match (self.app_id, &self.private_key_file) {
            (Some(app), Some(path)) => Some(AppKey::from_pem(app, &read_secret(path)?)?),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                let message = format!(
                    "`{}` and `{}` belong together",
                    field("app_id"),
                    field("private_key_file")
                );
                return Err(Error::invalid(OPERATION, message).with_hint("set both, or neither"));
            }
        };
        let usual = match provider {
            Provider::GitHub => GITHUB_SCOPES,
            Provider::Atlassian => ATLASSIAN_SCOPES,
            Provider::Slack => SLACK_SCOPES,
            Provider::Plain => &[],
        };
        Ok(OAuthApp {
            provider,
            client_id: self.client_id,
            client_secret,
            redirect: address(&field("redirect"), self.redirect.as_deref().unwrap_or(REDIRECT))?,
            scopes: self
                .scopes
                .unwrap_or_else(|| usual.iter().map(ToString::to_string).collect()),
            user_scopes: self.user_scopes,
            endpoints,
            key,
        })
    }
}

fn address(field: &str, written: &str) -> Result<Url> {
    Url::parse(written).map_err(|error| {
        Error::invalid(OPERATION, format!("`{field} = \"{written}\"` is no address"))
            .with_source(error)
            .with_hint("write it with its scheme: https://…")
    })
}

/// A secret in a file, without the line's end.
fn read_secret(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::io(OPERATION, path, error))?;
    Ok(Secret::new(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connectors::http::Provider;
    use connectors::secret::Secret;

    use super::{Providers, WrittenApps, WrittenKeys, WrittenNetwork, providers};

    fn read(apps: &str) -> domain::Result<Providers> {
        let apps: WrittenApps = toml::from_str(apps).unwrap();
        let secrets = BTreeMap::from([("slack".to_owned(), Secret::new("hush"))]);
        providers(WrittenNetwork::default(), WrittenKeys::default(), apps, &secrets)
    }

    #[test]
    fn an_app_has_the_provider_s_addresses_and_its_secret_from_outside() {
        let found = read("[slack]\nclient_id = \"7\"\nuser_scopes = [\"search:read\"]")
            .unwrap()
            .apps;
        let [app] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((app.provider, app.client_id.as_str()), (Provider::Slack, "7"));
        assert_eq!(app.client_secret.as_ref().map(Secret::expose), Some("hush"));
        assert_eq!(app.endpoints.api.as_str(), "https://slack.com/api/");
        assert!(app.scopes.contains(&"channels:history".to_owned()));
    }

    #[test]
    fn a_secret_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hush\n").unwrap();
        let written = format!(
            "[github]\nclient_id = \"7\"\nclient_secret_file = {:?}",
            path.display().to_string()
        );
        let app = read(&written).unwrap().apps.pop().unwrap();
        assert_eq!(app.client_secret.as_ref().map(Secret::expose), Some("hush"));
    }

    #[test]
    fn what_is_no_address_or_half_a_key_is_named() {
        let message = |written: &str| read(written).unwrap_err().message().to_owned();
        assert!(message("[github]\nclient_id = \"7\"\nredirect = \"here\"").contains("apps.github.redirect"));
        assert!(message("[github]\nclient_id = \"7\"\napp_id = \"1\"").contains("private_key_file"));
        assert!(message("[atlassian]").contains("apps.atlassian.client_id"));
    }
}
