//! Whom a permission scheme, a role or a security level names.

use serde_json::Value;

use crate::archive::json::{id, text};

/// Somebody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// Everybody whom the site lets in.
    Open,
    /// An account by its id.
    Account(String),
    /// A group: the parameter by which its members are asked for, its value, and the group's name where it is told.
    Group(&'static str, String, Option<String>),
    /// A role in the project, by its id.
    Role(String),
    /// The project's lead.
    Lead,
    /// Somebody who differs from issue to issue (a reporter, a field), or who is not known here. Nobody is admitted by it.
    Other,
}

impl Holder {
    /// Read the holder of a grant.
    pub(super) fn read(holder: &Value) -> Self {
        let either = || id(holder, &["value"]).or_else(|| id(holder, &["parameter"]));
        let found = match text(holder, &["type"]) {
            Some("anyone" | "applicationRole") => Some(Self::Open),
            Some("user") => either().map(Self::Account),
            Some("group") => Self::group(id(holder, &["value"]), text(holder, &["parameter"])),
            Some("projectRole") => either().map(Self::Role),
            Some("projectLead") => Some(Self::Lead),
            Some(_) | None => None,
        };
        found.unwrap_or(Self::Other)
    }

    /// Read the actor of a role.
    pub(super) fn actor(actor: &Value) -> Self {
        let account = id(actor, &["actorUser", "accountId"]).map(Self::Account);
        let group = || {
            let name = text(actor, &["actorGroup", "name"]).or_else(|| text(actor, &["actorGroup", "displayName"]));
            Self::group(id(actor, &["actorGroup", "groupId"]), name)
        };
        account.or_else(group).unwrap_or(Self::Other)
    }

    /// A group by its id, or else by its name.
    pub(super) fn group(id: Option<String>, name: Option<&str>) -> Option<Self> {
        let name = name.map(str::to_owned);
        match (id, name) {
            (Some(id), name) => Some(Self::Group("groupId", id, name)),
            (None, Some(name)) => Some(Self::Group("groupname", name.clone(), Some(name))),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Holder;

    #[test]
    fn each_type_names_its_own() {
        let read = |kind: &str| Holder::read(&json!({ "type": kind, "parameter": "staff", "value": "v-1" }));
        assert_eq!(read("anyone"), Holder::Open);
        assert_eq!(read("applicationRole"), Holder::Open);
        assert_eq!(read("user"), Holder::Account("v-1".into()));
        assert_eq!(
            read("group"),
            Holder::Group("groupId", "v-1".into(), Some("staff".into()))
        );
        assert_eq!(read("projectRole"), Holder::Role("v-1".into()));
        assert_eq!(read("projectLead"), Holder::Lead);
        for other in [
            "reporter",
            "assignee",
            "userCustomField",
            "sd.customer.portal.only",
            "later",
        ] {
            assert_eq!(read(other), Holder::Other, "{other}");
        }
        assert_eq!(Holder::read(&json!({ "type": "user" })), Holder::Other);
    }

    #[test]
    fn an_actor_is_an_account_or_a_group() {
        assert_eq!(
            Holder::actor(&json!({ "actorUser": { "accountId": "a" } })),
            Holder::Account("a".into())
        );
        assert_eq!(
            Holder::actor(&json!({ "actorGroup": { "displayName": "staff" } })),
            Holder::Group("groupname", "staff".into(), Some("staff".into()))
        );
        assert_eq!(Holder::actor(&json!({})), Holder::Other);
    }
}
