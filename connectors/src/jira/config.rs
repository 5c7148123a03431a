//! What a person configures for a Jira Cloud source.

use std::time::Duration;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::AccessSetting;
use crate::atlassian::place::{Place, Written};
use crate::hex::digest;

/// The longest time between two readings of permissions, in minutes.
const MOST_MINUTES: u32 = 24 * 60;
/// The most days over which a census is spread.
const MOST_DAYS: u32 = 60;

/// The settings of a Jira Cloud source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JiraCloudSettings {
    /// The site's id at Atlassian's gateway, as sign-in tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_id: Option<String>,
    /// The address of the API, in place of the gateway's: a site reached with an API token, or another gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The site's address for people: `https://acme.atlassian.net`.
    pub site: String,
    /// The site's name in keys; by default its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The keys of the projects to read; none reads all that the connecting account sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// Who may read what Jira leaves open to everybody it lets in.
    #[serde(default)]
    pub access: AccessSetting,
    /// For how long a run goes by what it read of permissions, groups and roles, in minutes. Each run reads them when it begins; one
    /// that takes longer reads them again. Default: 5.
    #[serde(default = "default_access_minutes")]
    pub access_minutes: u32,
    /// Over how many days the daily census reads everything again, to find what no search tells. Default: 7.
    #[serde(default = "default_census_days")]
    pub census_days: u32,
    /// Where Jira is to tell of changes: the address of this server's route for the source's webhooks. Only with a consent by OAuth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Url>,
    /// Whether to read remote links, which takes a request for each issue. Default: yes.
    #[serde(default = "default_remote_links")]
    pub remote_links: bool,
}

fn default_access_minutes() -> u32 {
    5
}

fn default_census_days() -> u32 {
    7
}

fn default_remote_links() -> bool {
    true
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) place: Place,
    /// Upper-cased keys.
    pub(super) projects: Vec<String>,
    pub(super) access: AccessSetting,
    pub(super) access_age: Duration,
    pub(super) census_days: u32,
    pub(super) remote_links: bool,
    pub(super) webhook: Option<Url>,
    /// A digest of all by which documents are made.
    pub(super) digest: String,
}

impl Config {
    /// Check settings.
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub(super) fn read(settings: JiraCloudSettings) -> Result<Self> {
        let written = Written {
            product: "jira",
            cloud_id: settings.cloud_id.as_deref(),
            api: settings.api.as_deref(),
            site: &settings.site,
            name: settings.name.as_deref(),
        };
        let place = written.read()?;
        between("access_minutes", settings.access_minutes, MOST_MINUTES)?;
        between("census_days", settings.census_days, MOST_DAYS)?;
        let mut projects: Vec<String> = settings.projects.iter().map(|key| key.to_uppercase()).collect();
        projects.sort();
        if let Some(bad) = projects.iter().find(|key| !super::links::project_key(key)) {
            let message = format!(
                "`{}` is not the key of a project",
                bad.chars().take(80).collect::<String>()
            );
            return Err(Error::invalid("read source settings", message).with_hint("write keys as in PAY-12: `PAY`"));
        }
        let made_by = (&place.web, &place.name, &projects, settings.remote_links);
        let digest = digest(&serde_json::json!(made_by).to_string());
        Ok(Self {
            projects,
            access: settings.access,
            access_age: Duration::from_mins(settings.access_minutes.into()),
            census_days: settings.census_days,
            remote_links: settings.remote_links,
            webhook: settings.webhook,
            digest,
            place,
        })
    }
}

fn between(name: &str, value: u32, most: u32) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid("read source settings", format!("`{name}` is {value}")).with_hint(format!("use 1 to {most}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Config;

    #[test]
    fn settings_are_checked() {
        let read = |value: serde_json::Value| {
            serde_json::from_value(value)
                .map_err(|error| error.to_string())
                .and_then(|settings| Config::read(settings).map_err(|error| error.to_string()))
        };
        let site = "https://acme.atlassian.net";
        let config = read(json!({ "cloud_id": "1", "site": site, "projects": ["web", "PAY"] })).expect("settings");
        assert_eq!(
            (config.projects, config.census_days),
            (vec!["PAY".to_owned(), "WEB".to_owned()], 7)
        );
        for bad in [
            json!({ "site": site }),
            json!({ "cloud_id": "1", "site": site, "colour": "red" }),
            json!({ "cloud_id": "1", "site": site, "projects": ["P Y"] }),
            json!({ "cloud_id": "1", "site": site, "census_days": 0 }),
            json!({ "cloud_id": "1", "site": site, "access": "everyone" }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
