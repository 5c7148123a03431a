//! What a provider demands of its clients: origins, concurrency, budget, and how it tells its limits.

use std::time::Duration;

use domain::Result;
use serde::{Deserialize, Serialize};
use url::Url;

use super::request::origin;

/// Whose rules for errors and limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub, in the cloud or on a server of one's own.
    GitHub,
    /// Jira and Confluence Cloud.
    Atlassian,
    /// Slack.
    Slack,
    /// Any other server: 429 and 503 with `Retry-After`.
    Plain,
}

impl Provider {
    /// Its name in logs and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::Atlassian => "Atlassian",
            Self::Slack => "Slack",
            Self::Plain => "the server",
        }
    }

    /// The word after `neurosync connect`; none where nothing is to be connected.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some("github"),
            // One consent serves Confluence too.
            Self::Atlassian => Some("jira"),
            Self::Slack => Some("slack"),
            Self::Plain => None,
        }
    }
}

/// So many points in any period of this length. A tenth is left unused, for others who draw on the same limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Points, or requests where each costs one.
    pub points: u32,
    /// The period.
    pub period: Duration,
}

impl Rate {
    /// `points` in a minute.
    pub const fn per_minute(points: u32) -> Self {
        Self {
            points,
            period: Duration::from_mins(1),
        }
    }

    /// `points` in an hour.
    pub const fn per_hour(points: u32) -> Self {
        Self {
            points,
            period: Duration::from_hours(1),
        }
    }
}

/// How requests of one grant are sent. Made by the constructor of a provider; fields are then free to change.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whose rules hold.
    pub provider: Provider,
    /// Origins that the credential is sent to. A request elsewhere is sent without it.
    pub origins: Vec<Url>,
    /// Requests at the same time.
    pub concurrency: usize,
    /// What all lanes of the grant may spend together.
    pub budget: Option<Rate>,
    /// Headers of every request to `origins`.
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Policy {
    /// Any server: eight requests at once, no budget.
    ///
    /// # Errors
    /// `Invalid` when `base` is not an `http` or `https` address.
    pub fn plain(base: &Url) -> Result<Self> {
        origin(base)?;
        Ok(Self {
            provider: Provider::Plain,
            origins: vec![base.clone()],
            concurrency: 8,
            budget: None,
            headers: Vec::new(),
        })
    }

    /// GitHub's API at `base` (`https://api.github.com`): 900 points a minute, where a read costs one and a write five.
    ///
    /// # Errors
    /// As [`Policy::plain`].
    pub fn github(base: &Url) -> Result<Self> {
        Ok(Self {
            provider: Provider::GitHub,
            budget: Some(Rate::per_minute(900)),
            headers: vec![("x-github-api-version", "2022-11-28")],
            ..Self::plain(base)?
        })
    }

    /// Jira or Confluence Cloud through `base` (`https://api.atlassian.com`, or a site where API tokens are used). Apps share
    /// 65,000 points an hour over all their tenants; API tokens have no such quota: clear `budget` for them.
    ///
    /// # Errors
    /// As [`Policy::plain`].
    pub fn atlassian(base: &Url) -> Result<Self> {
        Ok(Self {
            provider: Provider::Atlassian,
            budget: Some(Rate::per_hour(65_000)),
            ..Self::plain(base)?
        })
    }

    /// Slack's API at `base` (`https://slack.com/api/`). Its limits are per method: see [`super::Request::lane`].
    ///
    /// # Errors
    /// As [`Policy::plain`].
    pub fn slack(base: &Url) -> Result<Self> {
        Ok(Self {
            provider: Provider::Slack,
            concurrency: 4,
            ..Self::plain(base)?
        })
    }

    /// Whether the credential may be sent to `url`.
    pub(super) fn trusts(&self, url: &Url) -> bool {
        self.origins.iter().any(|trusted| trusted.origin() == url.origin())
    }
}
