//! Documents from GitHub's own examples of its records, and from records that are broken.

use std::path::PathBuf;

use domain::{Change, Document, DocumentKind, SourceId};
use serde_json::{Value, json};

use super::super::config::{Config, GitHubApiSettings};
use super::{Parts, Scribe};
use crate::archive::github::record::Shape;
use crate::batch::Batch;

/// The value of an official example, in the folder that `NEUROSYNC_SPECS` names.
fn example(name: &str) -> Value {
    let folder = std::env::var_os("NEUROSYNC_SPECS").expect("NEUROSYNC_SPECS names the folder of the descriptions");
    let file = PathBuf::from(folder).join("github/api.github.com.subset.json");
    let spec: Value = serde_json::from_slice(&std::fs::read(file).expect("the description")).expect("JSON");
    let value = &spec["components"]["examples"][name]["value"];
    assert!(!value.is_null(), "there is no example {name}");
    value.clone()
}

/// The records of an official example.
fn records(name: &str) -> Vec<Value> {
    let value = example(name);
    value.as_array().cloned().unwrap_or_default()
}

/// Read every official example.
fn read_examples(scribe: &mut Scribe<'_>, batch: &mut Batch) {
    for row in records("issue-items") {
        scribe.issue(&row, None, batch);
    }
    for row in records("issue-comment-items") {
        scribe.comment(Shape::Comment, &row, batch);
    }
    for row in records("pull-request-review-comment-items") {
        scribe.comment(Shape::ReviewComment, &row, batch);
    }
    for row in records("release-items") {
        scribe.release(&row, batch);
    }
    let parts = Parts {
        reviews: records("pull-request-review-items"),
        commits: records("commit-items"),
        files: records("diff-entry-items"),
        stated: None,
    };
    for row in records("pull-request-simple-items") {
        scribe.pull(&row, &parts, batch);
    }
}

fn config() -> Config {
    Config::new(SourceId::new("gh").expect("slug"), GitHubApiSettings::default()).expect("settings")
}

fn made(work: impl FnOnce(&mut Scribe<'_>, &mut Batch)) -> (Vec<Document>, Vec<String>) {
    let (config, mut batch) = (config(), Batch::default());
    work(&mut Scribe::new(&config, 1_296_269, "octocat/Hello-World"), &mut batch);
    let documents = batch.changes.into_iter().filter_map(|change| match change {
        Change::Upsert(document) => Some(*document),
        Change::Delete(_) | Change::Access(_) | Change::Account(_) => None,
    });
    (
        documents.collect(),
        batch.rejected.iter().map(ToString::to_string).collect(),
    )
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_records_become_documents() {
    let (documents, rejected) = made(read_examples);
    assert_eq!(rejected, Vec::<String>::new());
    let kinds: Vec<DocumentKind> = documents.iter().map(|one| one.kind).collect();
    for kind in [
        DocumentKind::Comment,
        DocumentKind::Release,
        DocumentKind::PullRequest,
        DocumentKind::Review,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
    }
    for one in &documents {
        assert!(one.key.as_str().contains("octocat/hello-world"), "{}", one.key);
        assert_eq!(one.access.as_str(), "gh/repository:1296269");
        assert!(
            one.author.is_some() && one.created.is_some() && one.url.is_some(),
            "{one:#?}"
        );
    }
    let pull = documents
        .iter()
        .find(|one| one.kind == DocumentKind::PullRequest)
        .expect("a pull request");
    let rules: Vec<&str> = pull.links.iter().map(|link| link.rule.as_str()).collect();
    assert!(
        ["github.commits", "github.files"]
            .iter()
            .all(|rule| rules.contains(rule)),
        "{rules:?}"
    );
}

#[test]
fn identities_outlive_the_names_of_repositories() {
    let row = json!({ "number": 7, "title": "t", "created_at": "2024-01-01T00:00:00Z" });
    let (config, mut batch) = (config(), Batch::default());
    for name in ["acme/api", "acme/core"] {
        Scribe::new(&config, 5, name).issue(&row, None, &mut batch);
    }
    let documents: Vec<_> = batch
        .changes
        .iter()
        .filter_map(|one| if let Change::Upsert(one) = one { Some(one) } else { None })
        .collect();
    assert_eq!(documents[0].id, documents[1].id);
    assert_ne!(documents[0].key, documents[1].key);
}

#[test]
fn what_only_some_may_see_is_left_out_and_what_is_broken_is_named() {
    let (documents, rejected) = made(|scribe, batch| {
        scribe.release(&json!({ "id": 1, "tag_name": "v1", "draft": true }), batch);
        let parts = Parts {
            reviews: vec![json!({ "id": 9, "state": "PENDING", "user": { "login": "ada" } })],
            ..Parts::default()
        };
        scribe.pull(&json!({ "number": 3, "title": "p", "head": {} }), &parts, batch);
        scribe.issue(&json!({ "id": 4 }), None, batch);
        scribe.comment(Shape::Comment, &json!({ "id": 5, "issue_url": "x/issues/none" }), batch);
        scribe.discussion(
            &json!({ "number": 8, "comments": { "nodes": [
            { "databaseId": 1, "deletedAt": "2024-01-01T00:00:00Z" }, { "body": "no id" }] } }),
            batch,
        );
    });
    let keys: Vec<&str> = documents.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["github:octocat/hello-world#3", "github:octocat/hello-world#8"]);
    assert!(documents[0].links.iter().all(|link| link.rule != "github.reviews"));
    assert_eq!(rejected.len(), 3, "{rejected:?}");
    assert!(
        rejected.iter().all(|one| one.starts_with("repository 1296269 ")),
        "{rejected:?}"
    );
}
