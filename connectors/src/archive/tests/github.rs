//! GitHub issues and pull requests.

use domain::{DocumentKind, Markup};
use serde_json::{Value, json};

use super::{Found, Kind, folder, found, lines, write};

const API: &str = "https://api.github.com/repos/acme/api";
const SHA: &str = "cccccccccccccccccccccccccccccccccccccccc";

fn user(login: &str) -> Value {
    json!({ "login": login, "id": 1 })
}

fn issue(number: u64, title: &str) -> Value {
    json!({ "number": number, "title": title, "repository_url": API, "user": user("ada"), "state": "open", "body": null,
        "labels": [{ "name": "bug" }], "comments": 2, "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-02T00:00:00Z" })
}

fn row_of_pull() -> Value {
    let mut row = issue(41, "Add idempotency keys");
    row["pull_request"] = json!({ "merged_at": "2024-02-01T00:00:00Z", "url": format!("{API}/pulls/41") });
    row
}

fn pull() -> Value {
    json!({ "number": 41, "title": "Add idempotency keys", "url": format!("{API}/pulls/41"), "html_url": "https://github.com/acme/api/pull/41",
        "user": user("ada"), "state": "closed", "merged_at": "2024-02-01T00:00:00Z", "merge_commit_sha": SHA, "body": "Closes #40",
        "labels": [{ "name": "payments" }], "milestone": { "title": "2.1" }, "assignees": [user("bob")], "requested_reviewers": [user("cy")],
        "head": { "ref": "PAY-12-keys" }, "base": { "ref": "main", "repo": { "full_name": "acme/api" } } })
}

fn review() -> Value {
    json!({ "id": 80, "user": user("bob"), "body": "Good", "state": "APPROVED", "pull_request_url": format!("{API}/pulls/41"),
        "submitted_at": "2024-01-20T00:00:00Z" })
}

fn own_review() -> Value {
    json!({ "id": 81, "user": user("ada"), "body": "", "state": "COMMENTED", "pull_request_url": format!("{API}/pulls/41") })
}

fn line_comment() -> Value {
    json!({ "id": 10, "in_reply_to_id": 8, "pull_request_review_id": 80, "path": "src/pay.rs", "diff_hunk": "@@", "user": user("bob"),
        "body": "why?", "pull_request_url": format!("{API}/pulls/41"), "created_at": "2024-01-20T00:00:00Z" })
}

fn comment() -> Value {
    json!({ "id": 9, "user": null, "body": "me too", "issue_url": format!("{API}/issues/40"), "created_at": "2024-01-05T00:00:00Z" })
}

fn check(found: &Found) {
    assert_eq!(found.rejected, []);
    assert_eq!(
        found.keys(),
        [
            "github:acme/api#40",
            "github:acme/api#40/comment-9",
            "github:acme/api#41",
            "github:acme/api#41/comment-10",
            "github:acme/api#41/review-80",
            "github:acme/api#41/review-81",
        ]
    );
    let pull = found.document("github:acme/api#41");
    assert_eq!(
        (pull.kind, pull.body.markup, pull.body.text.as_str()),
        (DocumentKind::PullRequest, Markup::Markdown, "Closes #40")
    );
    assert_eq!(
        serde_json::to_value(&pull.fields).unwrap(),
        json!({
            "state": ["merged"], "label": ["payments"], "milestone": ["2.1"], "assignee": ["bob"], "requested_reviewer": ["cy"],
            "branch": ["PAY-12-keys"], "base": ["main"],
        })
    );
    assert_eq!(
        found.links("github:acme/api#41"),
        [
            "-> assigned account:github/bob (github.assignees)".to_owned(),
            "-> part_of repo:acme/api (github.repository)".to_owned(),
            "<- authored account:github/ada (github.user)".to_owned(),
            format!("<- merges commit:acme/api@{SHA} (github.merge_commit_sha)"),
            "<- references github:acme/web#3 (github.timeline.cross-referenced)".to_owned(),
            "<- reviewed account:github/bob (github.reviews)".to_owned(),
        ]
    );
    assert_eq!(
        found.links("github:acme/api#40")[1..],
        [
            "<- authored account:github/ada (github.user)".to_owned(),
            format!("<- closes commit:acme/api@{SHA} (github.timeline.closed)"),
        ]
    );
    check_parts(found);
}

fn check_parts(found: &Found) {
    assert_eq!(
        found.links("github:acme/api#41/comment-10"),
        [
            "-> part_of github:acme/api#41 (github.comment)",
            "-> part_of github:acme/api#41/review-80 (github.pull_request_review_id)",
            "-> replies_to github:acme/api#41/comment-8 (github.in_reply_to_id)",
            "<- authored account:github/bob (github.user)",
        ]
    );
    let review = found.document("github:acme/api#41/review-80");
    assert_eq!(
        (review.kind, review.title.as_str()),
        (DocumentKind::Review, "Review of acme/api#41: Add idempotency keys")
    );
    assert_eq!(review.field("state"), ["approved"]);
    assert_eq!(
        found.document("github:acme/api#40/comment-9").title,
        "Comment on acme/api#40: Charged twice"
    );
}

fn events() -> (Value, Value) {
    let source = json!({ "issue": { "number": 3, "repository_url": "https://api.github.com/repos/acme/web" } });
    let referenced = json!({ "event": "cross-referenced", "source": source, "created_at": "2024-01-10T00:00:00Z" });
    let closed = json!({ "event": "closed", "commit_id": SHA, "commit_url": format!("{API}/commits/{SHA}") });
    (referenced, closed)
}

#[test]
fn rows_in_files_of_their_own_become_one_document_each() {
    let folder = folder();
    let (referenced, closed) = events();
    write(
        folder.path(),
        "issues.json",
        json!([issue(40, "Charged twice"), row_of_pull()]).to_string(),
    );
    write(folder.path(), "pulls.jsonl", lines(&[pull()]));
    write(
        folder.path(),
        "reviews.json",
        json!([review(), own_review()]).to_string(),
    );
    write(folder.path(), "comments.json", json!([comment()]).to_string());
    write(
        folder.path(),
        "review_comments.json",
        json!([line_comment()]).to_string(),
    );
    write(
        folder.path(),
        "timeline-41.json",
        json!([referenced, { "event": "labeled" }]).to_string(),
    );
    write(folder.path(), "timeline-40.json", json!([closed]).to_string());
    check(&found(Kind::Github, folder.path(), json!({})));
}

#[test]
fn embedded_parts_give_the_same_documents() {
    let folder = folder();
    let (referenced, closed) = events();
    let (mut forty, mut forty_one) = (issue(40, "Charged twice"), pull());
    forty["comments"] = json!([comment()]);
    forty["timeline"] = json!([closed, { "event": "labeled" }]);
    forty_one["reviews"] = json!([review(), own_review()]);
    forty_one["review_comments"] = json!([line_comment()]);
    forty_one["timeline"] = json!([referenced]);
    write(
        folder.path(),
        "all.json",
        json!({ "total_count": 2, "items": [forty_one, forty] }).to_string(),
    );
    check(&found(Kind::Github, folder.path(), json!({})));
}

#[test]
fn a_row_among_the_issues_is_a_pull_request_too() {
    let folder = folder();
    write(folder.path(), "issues.json", json!([row_of_pull()]).to_string());
    let found = found(Kind::Github, folder.path(), json!({}));
    let pull = found.document("github:acme/api#41");
    assert_eq!(
        (pull.kind, pull.field("state")),
        (DocumentKind::PullRequest, &["merged".to_owned()][..])
    );
}

#[test]
fn a_test_merge_of_an_open_pull_request_is_no_merge() {
    let folder = folder();
    let mut open = pull();
    open["merged_at"] = Value::Null;
    open["state"] = json!("open");
    write(folder.path(), "pulls.json", json!([open]).to_string());
    let found = found(Kind::Github, folder.path(), json!({}));
    assert!(
        found
            .links("github:acme/api#41")
            .iter()
            .all(|link| !link.contains("merges"))
    );
}

#[test]
fn a_record_without_a_repository_or_a_number_is_rejected() {
    let folder = folder();
    let mut elsewhere = issue(7, "y");
    elsewhere["repository_url"] = json!("https://api.github.com/repos/acme/web");
    let homeless = json!({ "number": 1, "title": "t" });
    let numberless = json!({ "event": "closed", "url": format!("{API}/issues/events/1") });
    write(
        folder.path(),
        "issues.jsonl",
        lines(&[
            issue(40, "x"),
            elsewhere,
            homeless,
            numberless,
            json!({ "what": 1 }),
            json!(5),
        ]),
    );
    let found = found(Kind::Github, folder.path(), json!({}));
    let items: Vec<&str> = found.rejected.iter().map(|rejected| rejected.item.as_str()).collect();
    assert_eq!(
        (found.keys().len(), items),
        (
            2,
            vec!["issues.jsonl:3", "issues.jsonl:4", "issues.jsonl:5", "issues.jsonl:6"]
        )
    );
}
