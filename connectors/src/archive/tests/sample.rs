//! The sample workspace of the product: all of it is read, and its sources meet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::Document;
use serde_json::{Value, json};

use super::{Found, Kind, found};

fn sample(kind: Kind, settings: Value) -> Found {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../neurosync/sample")
        .join(kind.as_str());
    let found = found(kind, &folder, settings);
    assert_eq!(found.rejected, [], "{kind}");
    found
}

fn all() -> [Found; 5] {
    [
        sample(Kind::Jira, json!({ "site": "acme" })),
        sample(Kind::Github, json!({})),
        sample(Kind::Slack, json!({ "team": "T0ACME", "workspace": "acme" })),
        sample(Kind::Wiki, json!({ "site": "acme", "space": "ENG" })),
        sample(Kind::Commits, json!({})),
    ]
}

#[test]
fn the_sample_is_read_as_a_whole() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let all = all();
    for document in all.iter().flat_map(|found| found.documents.values()) {
        *kinds.entry(document.kind.as_str()).or_default() += 1;
    }
    let expected = [
        ("channel", 3),
        ("comment", 15),
        ("commit", 25),
        ("issue", 14),
        ("page", 6),
        ("project", 1),
        ("pull_request", 4),
        ("repository", 1),
        ("review", 7),
        ("space", 1),
        ("thread", 10),
    ];
    assert_eq!(kinds, expected.into());
}

#[test]
fn the_sources_of_the_sample_meet() {
    let all = all();
    let documents: BTreeMap<&str, &Document> = all
        .iter()
        .flat_map(|found| &found.documents)
        .map(|(key, document)| (key.as_str(), document))
        .collect();
    let targets: BTreeSet<&str> = documents
        .values()
        .flat_map(|document| &document.links)
        .map(|link| link.target.as_str())
        // The names of pages by their numbers alone are names only.
        .filter(|key| !key.starts_with("wiki:acme/_/"))
        .filter(|key| !["account", "file"].contains(&key.split(':').next().unwrap()))
        .collect();
    let missing: Vec<&&str> = targets.iter().filter(|key| !documents.contains_key(**key)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let urls: BTreeSet<&str> = documents
        .values()
        .filter_map(|document| document.url.as_deref())
        .collect();
    let texts: Vec<&str> = documents.values().map(|document| document.body.text.as_str()).collect();
    let texts = texts.join("\n");
    let told = |start: &str| {
        let ends = |one: char| one.is_whitespace() || "\"'<>)|\\".contains(one);
        texts
            .match_indices(start)
            .map(|(at, _)| {
                texts
                    .get(at..)
                    .unwrap()
                    .split(ends)
                    .next()
                    .unwrap()
                    .trim_end_matches(['.', ',', ':', ';'])
            })
            .collect::<BTreeSet<_>>()
    };
    for url in told("https://acme.slack.com/archives/")
        .into_iter()
        .chain(told("https://github.com/acme/api/"))
    {
        assert!(urls.contains(url), "{url} is told but leads nowhere");
    }
    for url in told("https://acme.atlassian.net/wiki/spaces/ENG/pages/") {
        let page = url.rsplit('/').next().unwrap();
        assert!(
            documents.contains_key(format!("wiki:acme/ENG/{page}").as_str()),
            "{url}"
        );
    }
}
