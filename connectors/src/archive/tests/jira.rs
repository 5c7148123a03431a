//! Jira issues.

use domain::{DocumentKind, Markup};
use serde_json::{Value, json};

use super::{Found, Kind, folder, found, lines, principals, write};

fn cloud() -> Value {
    let user = |id: &str, name: &str| json!({ "accountId": id, "displayName": name });
    json!({
        "id": "10012", "key": "PAY-12", "self": "https://acme.atlassian.net/rest/api/3/issue/10012",
        "fields": {
            "summary": "Retries charge\n twice", "description": { "type": "doc", "version": 1, "content": [] },
            "project": { "key": "PAY", "name": "Payments" }, "issuetype": { "name": "Bug" }, "status": { "name": "Done" },
            "priority": { "name": "High" }, "resolution": { "name": "Fixed" }, "labels": ["incident"], "components": [{ "name": "billing" }],
            "fixVersions": [{ "name": "2.1" }], "created": "2024-01-02T03:04:05.678+0000", "updated": "garbage",
            "reporter": user("557058:a-b", "Ada"), "creator": user("5c2", "Bot"), "assignee": user("712020:c", "Bob"),
            "customfield_10020": [{ "id": 4, "name": "Sprint 9", "state": "closed", "boardId": 1 }],
            "issuelinks": [{ "type": { "name": "Relates" }, "inwardIssue": { "key": "PAY-3" } }],
            "parent": { "key": "PAY-1" }, "subtasks": [{ "key": "PAY-13" }],
            "comment": { "comments": [
                { "id": "7", "author": user("712020:c", "Bob"), "body": { "type": "doc" }, "created": "2024-01-03T00:00:00.000+0000" },
                { "id": "8", "body": "secret", "visibility": { "type": "role", "value": "Developers" } },
                { "id": "9", "body": "secret", "visibility": { "type": "group", "value": "eng" } },
            ] },
        },
        "changelog": { "histories": [{ "id": "1", "items": [] }] },
    })
}

#[test]
fn an_issue_of_the_cloud_becomes_an_issue_its_comments_and_its_project() {
    let folder = folder();
    write(
        folder.path(),
        "PAY.json",
        json!({ "startAt": 0, "issues": [cloud()], "isLast": true }).to_string(),
    );
    let found = found(Kind::Jira, folder.path(), json!({ "access": "source" }));
    let site = "jira:acme.atlassian.net";
    let issue = format!("{site}/PAY-12");
    assert_eq!(
        found.keys(),
        [
            format!("{site}/PAY"),
            issue.clone(),
            format!("{issue}#comment-7"),
            format!("{issue}#comment-8"),
            format!("{issue}#comment-9"),
        ]
    );
    check_cloud(&found, site, &issue);
}

fn check_cloud(found: &Found, site: &str, issue: &str) {
    let document = found.document(issue);
    assert_eq!(
        (document.kind, document.title.as_str()),
        (DocumentKind::Issue, "Retries charge twice")
    );
    assert_eq!(
        (document.body.markup, document.aliases.as_slice()),
        (Markup::Adf, &["PAY-12".to_owned()][..])
    );
    assert_eq!(
        document.url.as_deref(),
        Some("https://acme.atlassian.net/browse/PAY-12")
    );
    assert_eq!((document.created.is_some(), document.updated), (true, None));
    assert_eq!(
        serde_json::to_value(&document.fields).unwrap(),
        json!({
            "assignee": ["Bob"], "fix_version": ["2.1"], "label": ["incident", "billing"], "priority": ["High"], "reporter": ["Ada"],
            "resolution": ["Fixed"], "sprint": ["Sprint 9"], "state": ["Done"], "type": ["Bug"],
        })
    );
    let account = "account:jira/acme.atlassian.net";
    assert_eq!(
        document.author.as_ref().unwrap().as_str(),
        format!("{account}/557058:a-b")
    );
    assert_eq!(
        found.links(issue),
        [
            format!("-> assigned {account}/712020:c (jira.assignee)"),
            format!("-> part_of {site}/PAY (jira.project)"),
            format!("-> part_of {site}/PAY-1 (jira.parent)"),
            format!("<- authored {account}/557058:a-b (jira.reporter)"),
            format!("<- authored {account}/5c2 (jira.creator)"),
            format!("<- links_to {site}/PAY-3 (jira.issuelinks.Relates)"),
            format!("<- part_of {site}/PAY-13 (jira.subtasks)"),
        ]
    );

    let comment = found.document(&format!("{issue}#comment-7"));
    assert_eq!(
        (comment.kind, comment.title.as_str()),
        (DocumentKind::Comment, "Comment on PAY-12: Retries charge twice")
    );
    assert_eq!(comment.container.as_str(), format!("{site}/PAY"));
    assert_eq!(found.links(&format!("{issue}#comment-7")).len(), 2);
    assert_eq!(found.document(&format!("{site}/PAY")).title, "Payments");
    assert_eq!(found.accounts.len(), 3);
}

#[test]
fn names_are_not_endless() {
    let folder = folder();
    let mut issue = cloud();
    issue["fields"]["reporter"]["displayName"] = json!("x".repeat(10_000));
    write(folder.path(), "PAY.jsonl", lines(&[issue]));
    let found = found(Kind::Jira, folder.path(), json!({ "site": "acme" }));
    let name = &found.accounts["account:jira/acme/557058:a-b"].names[0];
    assert_eq!(name.chars().count(), 200);
}

#[test]
fn what_jira_restricts_gets_a_label_of_its_own() {
    let folder = folder();
    let mut secure = cloud();
    secure["key"] = json!("PAY-14");
    secure["fields"]["security"] = json!({ "id": "10", "name": "Staff" });
    write(folder.path(), "PAY.jsonl", lines(&[cloud(), secure]));
    let open = found(Kind::Jira, folder.path(), json!({ "access": "public", "site": "acme" }));
    assert_eq!(open.readers("jira:acme/PAY-12"), &domain::Readers::Public);
    assert_eq!(open.readers("jira:acme/PAY-12#comment-7"), &domain::Readers::Public);
    assert_eq!(
        open.readers("jira:acme/PAY-12#comment-8"),
        &principals(&["role:jira/acme/Developers"])
    );
    assert_eq!(open.readers("jira:acme/PAY-12#comment-9"), &principals(&["group:eng"]));
    assert_eq!(
        open.readers("jira:acme/PAY-14"),
        &principals(&["security:jira/acme/10"])
    );
    assert_eq!(
        open.readers("jira:acme/PAY-14#comment-7"),
        &principals(&["security:jira/acme/10"])
    );
    assert_eq!(open.readers("jira:acme/PAY-14#comment-8"), &principals(&[]));

    let named = found(
        Kind::Jira,
        folder.path(),
        json!({ "access": ["group:eng", "group:ops"], "site": "acme" }),
    );
    assert_eq!(named.readers("jira:acme/PAY-12#comment-9"), &principals(&["group:eng"]));
    for closed in [
        "jira:acme/PAY-12#comment-8",
        "jira:acme/PAY-14",
        "jira:acme/PAY-14#comment-9",
    ] {
        assert_eq!(
            named.readers(closed),
            &principals(&[]),
            "{closed}: a restriction never widens what the source says"
        );
    }
    let inside = found(Kind::Jira, folder.path(), json!({ "access": "source", "site": "acme" }));
    assert_eq!(inside.readers("jira:acme/PAY-12#comment-9"), &principals(&[]));

    let closed = found(Kind::Jira, folder.path(), json!({ "site": "acme" }));
    assert!(
        closed.rules.values().all(|rule| rule.readers == principals(&[])),
        "a restriction never opens a closed source"
    );
}

#[test]
fn an_issue_of_a_server_keeps_its_wiki_markup_and_may_lack_everything() {
    let folder = folder();
    let user = json!({ "name": "jdoe", "key": "JIRAUSER1", "displayName": "J Doe", "emailAddress": "j@acme.example" });
    let full = json!({ "id": "1", "key": "MOD-1", "fields": { "summary": "S", "description": "{{x}} [a|http://b]", "reporter": user,
        "assignee": null, "resolution": null, "priority": null, "labels": null, "comment": [{ "id": "5", "body": null }] } });
    let bare = json!({ "key": "MOD-2", "fields": {} });
    write(folder.path(), "MOD.json", json!([full, bare]).to_string());
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert_eq!(
        found.keys(),
        [
            "jira:src/MOD",
            "jira:src/MOD-1",
            "jira:src/MOD-1#comment-5",
            "jira:src/MOD-2"
        ]
    );
    let issue = found.document("jira:src/MOD-1");
    assert_eq!(
        (issue.body.markup, issue.body.text.as_str(), &issue.url),
        (Markup::JiraWiki, "{{x}} [a|http://b]", &None)
    );
    let account = &found.accounts["account:jira/src/JIRAUSER1"];
    assert_eq!(
        (account.login.as_deref(), account.names.as_slice()),
        (Some("jdoe"), &["J Doe".to_owned()][..])
    );
    assert_eq!(account.emails, ["j@acme.example"]);
    assert_eq!(found.document("jira:src/MOD-2").title, "(no summary)");
}
