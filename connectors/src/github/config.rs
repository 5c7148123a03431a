//! The settings of a GitHub source, and their meaning.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{AccessId, Error, Result, SourceId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::AccessSetting;
use crate::archive::json::{is_id, one_line};
use crate::archive::repository::check;

/// The settings of a GitHub source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitHubApiSettings {
    /// The API: `https://api.github.com`, or `https://host/api/v3` of a server of one's own.
    pub api: String,
    /// Where people browse: `https://github.com`.
    pub web: String,
    /// Only the repositories of this user or organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only these repositories, `owner/name`; public ones may be any, the others those that the connecting account may read.
    /// An empty list is all that the account works in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Who may read public repositories. The others are for their readers at GitHub; where this names readers, for those among them.
    pub access: AccessSetting,
    /// Whether to read the commits and files of pull requests: two requests for each that changes.
    pub details: bool,
    /// Hours between two searches for what was deleted.
    pub census_hours: u16,
    /// Days after which everything is read again, for the changes that GitHub does not date: renamed people and labels, edited reviews.
    pub reread_days: u16,
}

impl Default for GitHubApiSettings {
    fn default() -> Self {
        Self {
            api: "https://api.github.com".to_owned(),
            web: "https://github.com".to_owned(),
            owner: None,
            repositories: Vec::new(),
            access: AccessSetting::default(),
            details: true,
            census_hours: 24,
            reread_days: 7,
        }
    }
}

/// A web address of the settings.
///
/// # Errors
/// `Invalid` when it is none.
pub(crate) fn address(setting: &str, text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    url.ok_or_else(|| {
        let message = format!("{setting}: `{}` is no web address", one_line(text, 80));
        Error::invalid("read source settings", message).with_hint("write it as https://host/path")
    })
}

/// The meaning of the settings.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) source: SourceId,
    pub(super) api: Url,
    /// Without a slash at the end.
    pub(super) web: String,
    owner: Option<String>,
    /// In lower case.
    pub(super) repositories: BTreeSet<String>,
    pub(super) access: AccessSetting,
    pub(super) details: bool,
    pub(super) census: Duration,
    pub(super) reread: Duration,
}

impl Config {
    pub(super) fn new(source: SourceId, settings: GitHubApiSettings) -> Result<Self> {
        settings.repositories.iter().try_for_each(|name| check(name))?;
        if let Some(owner) = settings.owner.as_ref().filter(|owner| !is_id(owner)) {
            let message = format!("`{}` cannot own repositories", one_line(owner, 80));
            return Err(Error::invalid("read source settings", message).with_hint("write the owner as `acme`"));
        }
        if settings.census_hours == 0 || settings.reread_days == 0 {
            return Err(
                Error::invalid("read source settings", "census_hours or reread_days is 0").with_hint("use 1 or more"),
            );
        }
        Ok(Self {
            source,
            api: address("api", &settings.api)?,
            web: address("web", &settings.web)?.as_str().trim_end_matches('/').to_owned(),
            owner: settings.owner.map(|owner| owner.to_lowercase()),
            repositories: settings.repositories.iter().map(|name| name.to_lowercase()).collect(),
            access: settings.access,
            details: settings.details,
            census: Duration::from_hours(settings.census_hours.into()),
            reread: Duration::from_hours(24 * u64::from(settings.reread_days)),
        })
    }

    /// Whether a repository is one to read.
    pub(super) fn wants(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let owned = |owner: &String| name.split('/').next() == Some(owner);
        self.owner.as_ref().is_none_or(owned) && (self.repositories.is_empty() || self.repositories.contains(&name))
    }

    /// The label of a repository's documents. Each has its own, whoever may read it: it then changes its readers by one row, and
    /// what is no longer public never waits for its documents to be written again.
    pub(super) fn label(&self, repository: u64) -> AccessId {
        AccessId::new(&self.source, &format!("repository:{repository}"))
    }

    /// What of the settings is in documents and rules: where it changes, everything is read again.
    pub(super) fn print(&self) -> String {
        let access = serde_json::to_string(&self.access).expect("a setting serialises");
        format!("{} {} {access}", self.web, self.details)
    }
}

#[cfg(test)]
mod tests {
    use domain::SourceId;

    use super::{Config, GitHubApiSettings};

    fn config(json: &str) -> domain::Result<Config> {
        let settings: GitHubApiSettings = serde_json::from_str(json).expect(json);
        Config::new(SourceId::new("g").expect("slug"), settings)
    }

    #[test]
    fn filters_name_owners_and_repositories_without_case() {
        let all = config("{}").expect("defaults");
        assert!(all.wants("any/thing"));
        let some = config(r#"{"owner":"Acme","repositories":["acme/API"]}"#).expect("good");
        assert!(some.wants("Acme/api") && !some.wants("acme/web") && !some.wants("other/api"));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for bad in [
            r#"{"owner":"a/b"}"#,
            r#"{"repositories":["a b"]}"#,
            r#"{"census_hours":0}"#,
        ] {
            assert!(config(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<GitHubApiSettings>(r#"{"ownr":"x"}"#).is_err());
    }
}
