//! Accounts, and the labels of what Jira itself restricts.

use std::collections::BTreeSet;

use domain::{AccessId, AccessRule, Account, Key, Principal, SourceId};
use serde_json::Value;

use crate::archive::jira::Jira;
use crate::archive::json::{id, text};

/// The account of a user object: by `accountId` (Cloud), or else by `key` or `name` (Server).
pub(super) fn account(source: &SourceId, site: &str, user: &Value) -> Option<Account> {
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

/// What restricts an issue or comment beyond its source: a name for the label and the principal who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restriction {
    name: String,
    principal: String,
}

/// The security level of an issue.
pub(super) fn security(site: &str, fields: &Value) -> Option<Restriction> {
    let level = crate::archive::json::at(fields, &["security"])?;
    let name = id(level, &["id"])
        .or_else(|| text(level, &["name"]).map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    Some(Restriction {
        principal: format!("security:jira/{}/{name}", site.to_lowercase()),
        name: format!("jira-security:{name}"),
    })
}

/// The role or group that a comment is restricted to. One that names neither is restricted to nobody.
pub(super) fn visibility(site: &str, comment: &Value) -> Option<Restriction> {
    let visibility = crate::archive::json::at(comment, &["visibility"])?;
    let value = text(visibility, &["value"]).unwrap_or("unknown");
    Some(match text(visibility, &["type"]) {
        Some("group") => Restriction {
            name: format!("jira-group:{value}"),
            principal: format!("group:{value}"),
        },
        Some(_) | None => Restriction {
            name: format!("jira-role:{value}"),
            principal: format!("role:jira/{}/{value}", site.to_lowercase()),
        },
    })
}

/// The label of what `first` and `second` restrict together, with its rule; `None` where neither does.
///
/// Jira shows it to those who may read the source, hold the level, and are in the role. A rule is a union and cannot say "and", so
/// a restriction leaves those whom the source names too, and two restrictions together leave only the owner.
pub(super) fn label(
    jira: &Jira,
    container: &Key,
    first: Option<&Restriction>,
    second: Option<&Restriction>,
) -> Option<AccessRule> {
    let (name, principals) = match (first, second) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => (one.name.clone(), [Principal(one.principal.clone())].into()),
        (Some(a), Some(b)) => (format!("{}+{}", a.name, b.name), BTreeSet::new()),
    };
    Some(AccessRule {
        id: AccessId::new(&jira.source, &name),
        container: container.clone(),
        readers: jira.access.narrowed(principals),
    })
}
