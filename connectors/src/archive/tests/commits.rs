//! Commit logs.

use serde_json::json;

use super::{Kind, folder, found, gzip, lines, write};

const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn a_commit_has_its_repository_parents_files_and_author() {
    let folder = folder();
    let (a, b) = (A, "b".repeat(40));
    let merge = json!({ "sha": b, "parents": [a, "short"], "date": "2024-05-01T10:00:00+02:00", "author": "Ada L",
        "message": "Merge pull request #41 from acme/PAY-12\n\nFix it", "files": ["src/a b.rs", "/abs"], "n_files": 2 });
    let first = json!({ "sha": a, "parents": [], "date": "not a date", "author": { "name": "Bob", "email": "Bob@Acme.example" }, "message": "" });
    write(
        folder.path(),
        "acme__api.jsonl.gz",
        gzip(lines(&[merge, first]).as_bytes()),
    );
    let found = found(
        Kind::Commits,
        folder.path(),
        json!({ "formerly": ["acme/old-api"], "access": "public" }),
    );

    let low = a.to_lowercase();
    let key = format!("commit:acme/api@{b}");
    assert_eq!(
        found.keys(),
        [
            format!("commit:acme/api@{low}"),
            key.clone(),
            "repo:acme/api".to_owned()
        ]
    );
    let commit = found.document(&key);
    assert_eq!(commit.title, "Merge pull request #41 from acme/PAY-12");
    assert!(commit.body.text.ends_with("\n\nFix it"));
    assert_eq!(
        commit.url.as_deref(),
        Some(format!("https://github.com/acme/api/commit/{b}").as_str())
    );
    assert_eq!(commit.created.unwrap().to_string(), "2024-05-01T08:00:00Z");
    assert_eq!(commit.container.as_str(), "repo:acme/api");
    assert_eq!(
        found.links(&key),
        [
            format!("-> follows commit:acme/api@{low} (git.parent)"),
            "-> part_of repo:acme/api (git.repository)".to_owned(),
            "-> touches file:acme/api/src/a b.rs (git.diff)".to_owned(),
            "<- authored account:git/Ada L (git.author)".to_owned(),
        ]
    );
    let plain = found.document(&format!("commit:acme/api@{low}"));
    assert_eq!((plain.title.as_str(), plain.created), (low.as_str(), None));
    assert_eq!(
        found.accounts["account:git/bob@acme.example"].emails,
        ["Bob@Acme.example"]
    );
    assert_eq!(found.document("repo:acme/api").aliases, ["acme/api", "acme/old-api"]);
    assert_eq!(found.rules["src/all"].readers, domain::Readers::Public);
}

#[test]
fn a_commit_touches_at_most_a_thousand_files() {
    let folder = folder();
    let files: Vec<String> = (0..1500).map(|number| format!("f{number}")).collect();
    write(
        folder.path(),
        "x.jsonl",
        lines(&[json!({ "sha": A, "message": "m", "files": files })]),
    );
    let found = found(
        Kind::Commits,
        &folder.path().join("x.jsonl"),
        json!({ "repository": "acme/api" }),
    );
    let touched = found
        .document(&format!("commit:acme/api@{}", A.to_lowercase()))
        .links
        .iter()
        .filter(|link| link.rule == "git.diff")
        .count();
    assert_eq!(touched, 1000);
}
