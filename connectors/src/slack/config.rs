//! The settings of a Slack source, and their meaning.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Error, Result, SourceId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::AccessSetting;
use crate::github::address;

/// The kinds of conversation that Slack lists.
const TYPES: [&str; 4] = ["public_channel", "private_channel", "mpim", "im"];

/// The settings of a Slack source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackApiSettings {
    /// The API.
    pub api: String,
    /// Only these channels, by name or id. An empty list is all that the connecting account may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The kinds of conversation to read: `public_channel`, `private_channel`, `mpim` and `im`, the direct ones.
    pub types: Vec<String>,
    /// Who may read public channels. The others are for their members; where this names readers, for the members among them.
    pub access: AccessSetting,
    /// Days back in which late replies, edits and deletions are looked for.
    pub window_days: u16,
    /// Hours between two searches for what was deleted before that.
    pub census_hours: u16,
    /// Days after which everything is read again.
    pub reread_days: u16,
}

impl Default for SlackApiSettings {
    fn default() -> Self {
        Self {
            api: "https://slack.com/api/".to_owned(),
            channels: Vec::new(),
            types: TYPES.iter().take(2).map(|&kind| kind.to_owned()).collect(),
            access: AccessSetting::default(),
            window_days: 30,
            census_hours: 7 * 24,
            reread_days: 90,
        }
    }
}

/// The meaning of the settings.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) source: SourceId,
    pub(super) api: Url,
    channels: BTreeSet<String>,
    /// As the list of conversations is asked for them.
    pub(super) types: String,
    pub(super) access: AccessSetting,
    pub(super) window: Duration,
    pub(super) census: Duration,
    pub(super) reread: Duration,
}

fn days(days: u16) -> Duration {
    Duration::from_hours(24 * u64::from(days))
}

impl Config {
    pub(super) fn new(source: SourceId, settings: SlackApiSettings) -> Result<Self> {
        let refuse =
            |message: String, hint: String| Err(Error::invalid("read source settings", message).with_hint(hint));
        if let Some(bad) = settings.types.iter().find(|kind| !TYPES.contains(&kind.as_str())) {
            let bad: String = bad.chars().take(80).collect();
            return refuse(
                format!("`{bad}` is no kind of conversation"),
                format!("kinds are: {}", TYPES.join(", ")),
            );
        }
        let numbers = [settings.window_days, settings.census_hours, settings.reread_days];
        if settings.types.is_empty() || numbers.contains(&0) {
            let message = "types is empty, or window_days, census_hours or reread_days is 0";
            return refuse(message.to_owned(), "name a kind, and use 1 or more".to_owned());
        }
        Ok(Self {
            source,
            api: address("api", &settings.api)?,
            channels: settings
                .channels
                .iter()
                .map(|name| name.trim_start_matches('#').to_owned())
                .collect(),
            types: settings.types.join(","),
            access: settings.access,
            window: days(settings.window_days),
            census: Duration::from_hours(settings.census_hours.into()),
            reread: days(settings.reread_days),
        })
    }

    /// Whether a conversation is one to read.
    pub(super) fn wants(&self, id: &str, name: &str) -> bool {
        self.channels.is_empty() || self.channels.contains(id) || self.channels.contains(name)
    }

    /// What of the settings is in documents and rules: where it changes, everything is read again.
    pub(super) fn print(&self) -> String {
        serde_json::to_string(&self.access).expect("a setting serialises")
    }
}

#[cfg(test)]
mod tests {
    use domain::SourceId;

    use super::{Config, SlackApiSettings};

    fn config(json: &str) -> domain::Result<Config> {
        let settings: SlackApiSettings = serde_json::from_str(json).expect(json);
        Config::new(SourceId::new("s").expect("slug"), settings)
    }

    #[test]
    fn channels_are_named_or_numbered() {
        assert!(config("{}").expect("defaults").wants("C1", "general"));
        let some = config(r##"{"channels":["#general","C2"]}"##).expect("good");
        assert!(some.wants("C1", "general") && some.wants("C2", "x") && !some.wants("C3", "random"));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for bad in [
            r#"{"types":["dm"]}"#,
            r#"{"types":[]}"#,
            r#"{"window_days":0}"#,
            r#"{"api":"slack"}"#,
        ] {
            assert!(config(bad).is_err(), "{bad}");
        }
    }
}
