//! Accounts, and what Jira restricts to some of them.

use domain::{Account, Key, Principal, SourceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::archive::json::{at, id, text};

/// The account of a user object: by `accountId` (Cloud), or else by `key` or `name` (Server).
pub(crate) fn account(source: &SourceId, site: &str, user: &Value) -> Option<Account> {
    let name = ["accountId", "key", "name"]
        .iter()
        .find_map(|field| text(user, &[field]))?;
    if name.len() > 255 || name.contains(char::is_control) {
        return None;
    }
    let words = |field| crate::archive::json::name(user, &[field]);
    Some(Account {
        id: Key::account("jira", &format!("{}/{name}", site.to_lowercase())),
        source: source.clone(),
        login: words("name"),
        names: words("displayName").into_iter().collect(),
        emails: words("emailAddress")
            .filter(|email| email.contains('@'))
            .into_iter()
            .collect(),
    })
}

/// What restricts an issue or comment beyond its project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Restriction {
    /// What its readers are named by.
    pub(crate) kind: Kind,
    /// The name it goes by: a level's id, a group's or role's name.
    pub(crate) value: String,
    /// The immutable id, where Jira tells one beside the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

/// What the readers of something restricted are named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A security level.
    Level,
    /// A group.
    Group,
    /// A role in the project.
    Role,
}

impl Restriction {
    /// A name for the label of what it restricts.
    pub(crate) fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Level => "security",
            Kind::Group => "group",
            Kind::Role => "role",
        };
        format!("jira-{kind}:{}", self.value)
    }

    /// The principal who may read what it restricts.
    pub(crate) fn principal(&self, site: &str) -> Principal {
        let (site, value) = (site.to_lowercase(), &self.value);
        Principal(match self.kind {
            Kind::Level => format!("security:jira/{site}/{value}"),
            Kind::Group => format!("group:{value}"),
            Kind::Role => format!("role:jira/{site}/{value}"),
        })
    }
}

/// The security level of an issue.
pub(crate) fn security(fields: &Value) -> Option<Restriction> {
    let level = at(fields, &["security"])?;
    let value = id(level, &["id"])
        .or_else(|| text(level, &["name"]).map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    Some(Restriction {
        kind: Kind::Level,
        value,
        id: None,
    })
}

/// The role or group that a comment is restricted to. One that names neither is restricted to nobody.
pub(crate) fn visibility(comment: &Value) -> Option<Restriction> {
    let visibility = at(comment, &["visibility"])?;
    let group = text(visibility, &["type"]) == Some("group");
    Some(Restriction {
        kind: if group { Kind::Group } else { Kind::Role },
        value: text(visibility, &["value"]).unwrap_or("unknown").to_owned(),
        id: id(visibility, &["identifier"]),
    })
}
