//! The relationships that an issue states: links, parents, sprints and remote links.

use domain::{EdgeKind, Key, Link};
use serde_json::Value;

use crate::archive::json::{at, list, text, time};

/// An issue key: `PAY-12`.
pub(crate) fn issue_key(value: &Value, path: &[&str]) -> Option<String> {
    let key = text(value, path)?;
    let (project, number) = key.rsplit_once('-')?;
    let sound = project_key(project)
        && number.len() <= 18
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| key.to_uppercase())
}

/// Whether text can be the key of a project.
pub(crate) fn project_key(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a link type says, by the name that Jira ships it with. `Relates`, `Cloners` and types made by administrators just link.
pub(super) fn kind_of(name: &str) -> EdgeKind {
    let name = name.to_lowercase();
    if name.contains("block") {
        EdgeKind::Blocks
    } else if name.contains("duplicate") {
        EdgeKind::Duplicates
    } else {
        EdgeKind::LinksTo
    }
}

/// The links of an issue to others: `issuelinks`, `parent`, `epic` and `subtasks`. With an `inwardIssue` the other one is the
/// subject ("PAY-1 is blocked by PAY-2" stands on PAY-1 with PAY-2 as inward issue), so the edge runs from there.
pub(crate) fn edges(site: &str, fields: &Value) -> Vec<Link> {
    let link = |kind, key: &str, inverse, rule: String| Link {
        kind,
        target: Key::jira_issue(site, key),
        inverse,
        rule,
        at: None,
        until: None,
        also: None,
    };
    let mut links = Vec::new();
    for one in list(fields, &["issuelinks"]) {
        let name = text(one, &["type", "name"]).unwrap_or("unnamed");
        for (side, inverse) in [("outwardIssue", false), ("inwardIssue", true)] {
            if let Some(key) = issue_key(one, &[side, "key"]) {
                links.push(link(kind_of(name), &key, inverse, format!("jira.issuelinks.{name}")));
            }
        }
    }
    for (field, rule) in [("parent", "jira.parent"), ("epic", "jira.epic")] {
        links
            .extend(issue_key(fields, &[field, "key"]).map(|key| link(EdgeKind::PartOf, &key, false, rule.to_owned())));
    }
    for one in list(fields, &["subtasks"]) {
        links
            .extend(issue_key(one, &["key"]).map(|key| link(EdgeKind::PartOf, &key, true, "jira.subtasks".to_owned())));
    }
    links
}

/// The names of an issue's sprints, in order: the objects of Cloud in any custom field, those of the agile API, and the printed
/// Java objects of old Servers (`com.atlassian.greenhopper.service.sprint.Sprint@1[id=3,name=Sprint 4,…]`).
pub(crate) fn sprints(fields: &Value) -> Vec<String> {
    let Some(fields) = fields.as_object() else {
        return Vec::new();
    };
    let mut found: Vec<(Option<domain::Timestamp>, String)> = Vec::new();
    for (name, value) in fields {
        let named = matches!(name.as_str(), "sprint" | "closedSprints");
        let values = value
            .as_array()
            .map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for one in values {
            let object = (named || name.starts_with("customfield_")) && at(one, &["name"]).is_some() && is_sprint(one);
            let sprint = if object {
                text(one, &["name"])
            } else {
                one.as_str().and_then(printed_name)
            };
            found.extend(sprint.map(|sprint| (time(one, &["startDate"]), sprint.to_owned())));
        }
    }
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, name)| name).collect()
}

fn is_sprint(value: &Value) -> bool {
    text(value, &["state"]).is_some_and(|state| ["future", "active", "closed"].contains(&state.to_lowercase().as_str()))
}

/// The name in a printed sprint. Names may hold commas; what follows is a further `,word=`.
fn printed_name(printed: &str) -> Option<&str> {
    let (_, inner) = printed.strip_prefix("com.atlassian.greenhopper")?.split_once('[')?;
    let (_, rest) = inner.split_once("name=")?;
    let next_field = |(at, _): &(usize, &str)| {
        rest.get(at + 1..).is_some_and(|after| {
            let word = after.split('=').next().unwrap_or_default();
            word.len() < after.len() && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
    };
    let end = rest
        .match_indices(',')
        .find(next_field)
        .map_or_else(|| rest.rfind(']').unwrap_or(rest.len()), |(at, _)| at);
    rest.get(..end).filter(|name| !name.is_empty())
}

/// The addresses of remote links.
pub(crate) fn remote(issue: &Value) -> Vec<String> {
    let fields = [&["remotelinks"][..], &["remoteLinks"], &["fields", "remotelinks"]];
    let links = fields.iter().flat_map(|path| list(issue, path));
    links
        .filter_map(|link| text(link, &["object", "url"]))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::EdgeKind;
    use serde_json::json;

    use super::{edges, issue_key, sprints};

    #[test]
    fn a_link_runs_from_its_subject() {
        let kind = json!({ "name": "Blocks", "inward": "is blocked by", "outward": "blocks" });
        let fields = json!({
            "issuelinks": [{ "type": kind, "outwardIssue": { "key": "PAY-2" } }, { "type": kind, "inwardIssue": { "key": "PAY-3" } }],
            "subtasks": [{ "key": "PAY-4" }, { "key": "not a key" }],
        });
        let links = edges("acme", &fields);
        let told: Vec<_> = links
            .iter()
            .map(|link| (link.kind, link.target.as_str(), link.inverse))
            .collect();
        assert_eq!(
            told,
            [
                (EdgeKind::Blocks, "jira:acme/PAY-2", false),
                (EdgeKind::Blocks, "jira:acme/PAY-3", true),
                (EdgeKind::PartOf, "jira:acme/PAY-4", true),
            ]
        );
    }

    #[test]
    fn sprints_are_read_from_every_form() {
        let printed = "com.atlassian.greenhopper.service.sprint.Sprint@1a[id=3,rapidViewId=1,state=CLOSED,name=Pay, and run,startDate=2014,goal=]";
        let fields = json!({
            "customfield_1": [printed, "other text"],
            "customfield_2": [{ "id": 5, "name": "Sprint 9", "state": "active", "boardId": 1, "startDate": "2024-02-01" }],
            "customfield_3": { "name": "No sprint", "state": "on" },
            "closedSprints": [{ "id": 4, "name": "Sprint 8", "state": "closed", "startDate": "2024-01-01" }],
        });
        assert_eq!(sprints(&fields), ["Pay, and run", "Sprint 8", "Sprint 9"]);
    }

    #[test]
    fn keys_are_checked() {
        for bad in ["PAY", "PAY-", "-1", "PAY-1/2", "P Y-1", "1A-2"] {
            assert_eq!(issue_key(&json!(bad), &[]), None, "{bad}");
        }
        assert_eq!(issue_key(&json!("pay-1"), &[]).as_deref(), Some("PAY-1"));
    }
}
