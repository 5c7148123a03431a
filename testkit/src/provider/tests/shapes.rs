//! Our records beside the providers' own examples: what the official description demands is there, and of the same type.

use std::path::PathBuf;

use serde_json::Value;

use super::{Desk, json};
use crate::provider::auth::Service;

/// A file of the official descriptions, in the folder that `NEUROSYNC_SPECS` names.
fn official(name: &str) -> Value {
    let folder = std::env::var_os("NEUROSYNC_SPECS").expect("NEUROSYNC_SPECS names the folder of the descriptions");
    let bytes = std::fs::read(PathBuf::from(folder).join(name)).expect(name);
    serde_json::from_slice(&bytes).expect(name)
}

/// What `value` lacks of what a schema requires.
fn missing(spec: &Value, schema: &str, value: &Value) -> Vec<String> {
    let schema = &spec["components"]["schemas"][schema];
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut wrong: Vec<String> = required
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| value.get(*name).is_none())
        .map(|name| format!("{name} is missing"))
        .collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let (Some(own), Some(kind)) = (value.get(name), property["type"].as_str()) else {
            continue;
        };
        let nullable = property["nullable"] == true;
        let right = match own {
            Value::Null => nullable,
            Value::Bool(_) => kind == "boolean",
            Value::Number(_) => kind == "integer" || kind == "number",
            Value::String(_) => kind == "string",
            Value::Array(_) => kind == "array",
            Value::Object(_) => kind == "object",
        };
        if !right {
            wrong.push(format!("{name} is {own} and not of type {kind}"));
        }
    }
    wrong
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_github_records_have_the_same_fields() {
    let spec = official("github/api.github.com.subset.json");
    let mut desk = Desk::signed(Service::GitHub, 0);
    let repository = desk.state.world.github.repositories[0].clone();
    let base = format!("/repos/{}", repository.full_name());
    let pull = repository
        .items
        .values()
        .find(|item| item.pull.is_some())
        .expect("a pull request")
        .number;
    let single = [
        (base.clone(), "full-repository"),
        (format!("{base}/pulls/{pull}"), "pull-request"),
        (format!("{base}/commits/main"), "commit"),
        (
            "/users/".to_owned() + &desk.state.world.people[1].github_login,
            "public-user",
        ),
    ];
    for (path, schema) in single {
        let value = json(&desk.github(&path));
        assert_eq!(missing(&spec, schema, &value), Vec::<String>::new(), "{path}");
    }
    let lists = [
        (format!("{base}/issues?state=all&per_page=100"), "issue"),
        (format!("{base}/pulls?state=all&per_page=100"), "pull-request-simple"),
        (format!("{base}/issues/comments?per_page=100"), "issue-comment"),
        (
            format!("{base}/pulls/comments?per_page=100"),
            "pull-request-review-comment",
        ),
        (format!("{base}/labels"), "label"),
        (format!("{base}/milestones"), "milestone"),
        (format!("{base}/releases"), "release"),
        (format!("{base}/collaborators"), "collaborator"),
        (format!("{base}/teams"), "team"),
        (format!("{base}/pulls/{pull}/files"), "diff-entry"),
        (format!("{base}/commits"), "commit"),
        ("/user/repos".to_owned(), "repository"),
        ("/orgs/acme/members".to_owned(), "simple-user"),
    ];
    for (path, schema) in lists {
        for value in desk.all(&path) {
            assert_eq!(missing(&spec, schema, &value), Vec::<String>::new(), "{path}");
        }
    }
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_jira_records_have_the_same_fields() {
    let spec = official("jira/jira-cloud-platform-v3.subset.json");
    let mut desk = Desk::signed(Service::Atlassian, 0);
    let jira = desk.state.world.jira.clone();
    let seen = jira.issues.values().filter(|issue| jira.sees(0, issue));
    for issue in seen {
        let path = format!("/api/3/issue/{}", issue.id);
        let value = json(&desk.jira(&path));
        assert_eq!(missing(&spec, "IssueBean", &value), Vec::<String>::new());
        for comment in json(&desk.jira(&format!("{path}/comment")))["comments"]
            .as_array()
            .expect("a list")
        {
            assert_eq!(missing(&spec, "Comment", comment), Vec::<String>::new());
        }
        for change in json(&desk.jira(&format!("{path}/changelog")))["values"]
            .as_array()
            .expect("a list")
        {
            assert_eq!(missing(&spec, "Changelog", change), Vec::<String>::new());
        }
    }
    let pages = [
        (
            "/api/3/project/search?expand=lead,projectKeys,insight,description",
            "Project",
        ),
        ("/api/3/group/bulk", "GroupDetails"),
    ];
    for (path, schema) in pages {
        for value in json(&desk.jira(path))["values"].as_array().expect("a list") {
            assert_eq!(missing(&spec, schema, value), Vec::<String>::new(), "{path}");
        }
    }
    let single = [("/api/3/myself", "User"), ("/api/3/serverInfo", "ServerInformation")];
    for (path, schema) in single {
        let value = json(&desk.jira(path));
        assert_eq!(missing(&spec, schema, &value), Vec::<String>::new(), "{path}");
    }
}

/// Fields of `ours` whose type is not that of the official sample.
fn unlike(sample: &Value, ours: &Value) -> Vec<String> {
    let fields = ours.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, own)| {
            let official = sample.get(name)?;
            let same = std::mem::discriminant(own) == std::mem::discriminant(official);
            (!same && !own.is_null() && !official.is_null()).then(|| format!("{name}: {own} beside {official}"))
        })
        .collect()
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_slack_samples_have_the_same_types() {
    let mut desk = Desk::signed(Service::Slack, 0);
    let id = desk.state.world.slack.channels[0].id.clone();
    let methods = [
        ("conversations.list", String::new(), "channels"),
        ("conversations.history", format!("?channel={id}"), "messages"),
        ("users.list", String::new(), "members"),
        ("usergroups.list", String::new(), "usergroups"),
        ("files.list", String::new(), "files"),
    ];
    for (method, query, list) in methods {
        let sample = official(&format!("slack/samples/api/{method}.json"));
        let ours = json(&desk.slack(&format!("{method}{query}")));
        for row in ours[list].as_array().expect("a list") {
            assert_eq!(unlike(&sample[list][0], row), Vec::<String>::new(), "{method}");
        }
    }
}
