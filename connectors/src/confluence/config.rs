//! What a person configures for a Confluence Cloud source.

use std::time::Duration;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::access::AccessSetting;
use crate::archive::json::one_line;
use crate::atlassian::place::{Place, Written};
use crate::hex::digest;

/// The longest time between two readings of permissions, in minutes.
const MOST_MINUTES: u32 = 24 * 60;

/// Pages that a run reads the list of restrictions of.
const LISTED: usize = 5_000;

/// The settings of a Confluence Cloud source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfluenceCloudSettings {
    /// The site's id at Atlassian's gateway, as sign-in tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_id: Option<String>,
    /// The address of the API up to `/wiki`, in place of the gateway's: a site reached with an API token, or another gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The site's address for people, without `/wiki`: `https://acme.atlassian.net`.
    pub site: String,
    /// The site's name in keys; by default its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The keys of the spaces to read; none reads all that the connecting account sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spaces: Vec<String>,
    /// Who may read what Confluence leaves open to everybody it lets in.
    #[serde(default)]
    pub access: AccessSetting,
    /// For how long a run goes by what it read of permissions and groups, in minutes. Each run reads them when it begins; one that
    /// takes longer reads again what it needs. Default: 5.
    #[serde(default = "default_access_minutes")]
    pub access_minutes: u32,
    /// How many pages a run reads again that begins `access_minutes` or more after the last that did: moves and labels make no new
    /// version of a page, and nothing tells of them. Each takes two requests. Default: 100.
    #[serde(default = "default_reread")]
    pub reread: u32,
}

fn default_access_minutes() -> u32 {
    5
}

fn default_reread() -> u32 {
    100
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) place: Place,
    pub(super) spaces: Vec<String>,
    pub(super) access: AccessSetting,
    pub(super) access_age: Duration,
    pub(super) reread: usize,
    /// Pages that a run reads the list of restrictions of, about.
    pub(super) listed: usize,
    /// A digest of all by which documents are made.
    pub(super) digest: String,
}

impl Config {
    /// Check settings.
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub(super) fn read(settings: ConfluenceCloudSettings) -> Result<Self> {
        let written = Written {
            product: "confluence",
            cloud_id: settings.cloud_id.as_deref(),
            api: settings.api.as_deref(),
            site: &settings.site,
            name: settings.name.as_deref(),
        };
        let place = written.read()?;
        if !(1..=MOST_MINUTES).contains(&settings.access_minutes) {
            let message = format!("`access_minutes` is {}", settings.access_minutes);
            return Err(Error::invalid("read source settings", message).with_hint(format!("use 1 to {MOST_MINUTES}")));
        }
        let mut spaces = settings.spaces;
        spaces.sort();
        if let Some(bad) = spaces.iter().find(|key| !is_key(key)) {
            let message = format!("`{}` is not the key of a space", one_line(bad, 80));
            return Err(
                Error::invalid("read source settings", message).with_hint("write keys as in addresses: `ENG`, `~ada`")
            );
        }
        let made_by = (&place.web, &place.name, &spaces);
        let digest = digest(&serde_json::json!(made_by).to_string());
        Ok(Self {
            spaces,
            access: settings.access,
            access_age: Duration::from_mins(settings.access_minutes.into()),
            reread: usize::try_from(settings.reread).unwrap_or(usize::MAX),
            listed: LISTED,
            digest,
            place,
        })
    }
}

/// Whether text can be the key of a space, and part of a document's key as it stands.
pub(super) fn is_key(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"~._:-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Config;

    #[test]
    fn settings_are_checked() {
        let read = |value: serde_json::Value| {
            let settings = serde_json::from_value(value).map_err(|error| error.to_string());
            settings.and_then(|settings| Config::read(settings).map_err(|error| error.to_string()))
        };
        let site = "https://acme.atlassian.net";
        let config = read(json!({ "cloud_id": "1", "site": site, "spaces": ["~ada", "ENG"] })).expect("settings");
        assert_eq!(config.place.api.as_str(), "https://api.atlassian.com/ex/confluence/1/");
        assert_eq!(
            (config.spaces, config.reread),
            (vec!["ENG".to_owned(), "~ada".to_owned()], 100)
        );
        for bad in [
            json!({ "site": site }),
            json!({ "cloud_id": "1", "site": site, "colour": "red" }),
            json!({ "cloud_id": "1", "site": site, "spaces": ["E/G"] }),
            json!({ "cloud_id": "1", "site": site, "access_minutes": 0 }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
