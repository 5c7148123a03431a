//! A world with something hidden in it, and every question about it.

use std::fs;
use std::path::Path;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines, sha};
use serde_json::{Value, json};

/// The hashes are those of `eng-key`, `nobody-key` and `owner-key`.
pub(crate) const CONFIG: &str = r#"
[[server.api_keys]]
name = "engineer"
sha256 = "3a4e4577bc54184550c83a439500914ae7d5428de214a35475192057118f6a71"
principals = ["group:eng"]

[[server.api_keys]]
name = "nobody"
sha256 = "c1588d684a6632dbac2ebe75275a10f51912c65b5b1741ea22eea65ba66d7697"

[[server.api_keys]]
name = "owner"
sha256 = "8a6c2ac2eb1a2b4dd304c30cf0fb722f8aeba23b2395cccf64e1866fd38256f1"
owner = true
"#;

/// What the hidden source holds in a world; nothing: there is no such source.
pub(crate) enum Hidden {
    Absent,
    Issues(Vec<Value>),
}

pub(crate) fn world(hidden: Hidden) -> Neurosync {
    let neurosync = Neurosync::default();
    fs::create_dir_all(neurosync.data()).expect("data folder");
    fs::write(neurosync.data().join("neurosync.toml"), CONFIG).expect("configuration");
    let files = neurosync.data().join("files");
    let open = [
        issue(
            "OPEN-1",
            "Checkout fails on retry",
            "See HR-1 and acme/api#7. Retried payments charge twice.",
        ),
        issue(
            "OPEN-2",
            "Add idempotency keys",
            "Blocked by HR-2, mentioned with OPEN-1.",
        ),
    ];
    import(
        &neurosync,
        "jira",
        "open",
        &json_lines(&files.join("open"), "OPEN.jsonl", &open),
        "public",
    );
    let log = [
        commit(0, "Start", &["src/lib.rs"]),
        commit(
            1,
            "Merge pull request #7 from acme/OPEN-1-retry\n\nOPEN-1 and HR-1: make retries idempotent",
            &["src/retry.rs", "src/lib.rs"],
        ),
        commit(2, "Tidy HR-3 leftovers (#8)", &["src/retry.rs"]),
    ];
    import(
        &neurosync,
        "commits",
        "eng",
        &json_lines(&files.join("eng"), "acme__api.jsonl", &log),
        "group:eng",
    );
    pages(
        &neurosync,
        ("docs", "public"),
        "Retries are made in https://github.com/acme/api/blob/main/src/retry.rs, see OPEN-1.",
    );
    if let Hidden::Issues(issues) = hidden {
        hide(&neurosync, &issues);
    }
    neurosync
}

/// Put issues, a commit and a page where only `group:hr` may read them.
fn hide(neurosync: &Neurosync, issues: &[Value]) {
    let files = neurosync.data().join("files");
    let mut own = commit(7, "HR-1: retry for OPEN-1 (#7)", &["src/retry.rs", "src/secret.rs"]);
    own["author"] = json!("mallory");
    let path = json_lines(&files.join("hr-code"), "acme__api.jsonl", &[own]);
    import(neurosync, "commits", "hr-code", &path, "group:hr");
    pages(
        neurosync,
        ("hr-docs", "group:hr"),
        "OPEN-1, OPEN-2 and HR-1: https://github.com/acme/api/blob/main/src/retry.rs",
    );
    import(
        neurosync,
        "jira",
        "hr",
        &json_lines(&files.join("hr"), "HR.jsonl", issues),
        "group:hr",
    );
}

/// A folder of one page.
fn pages(neurosync: &Neurosync, (name, access): (&str, &str), text: &str) {
    let folder = neurosync.data().join("files").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(
        folder.join("Retries.md"),
        format!("# Retries\n\nCreated by Bob on Mar 01, 2024\n\n{text}\n"),
    )
    .expect("a page");
    import(neurosync, "wiki", name, &folder, access);
}

pub(crate) fn import(neurosync: &Neurosync, connector: &str, name: &str, path: &Path, access: &str) {
    neurosync.json(&[
        "source",
        "import",
        connector,
        name,
        &path.display().to_string(),
        "--access",
        access,
    ]);
}

/// Words to search by.
const QUERIES: [&str; 11] = [
    "retry+payments+charge+twice",
    "HR-1",
    "secret+salary+review",
    "idempotency",
    "kind%3Aissue+retry",
    "author%3Aada+retry",
    "author%3Amallory+retry",
    "src/retry.rs",
    "mallory",
    "label%3Apayments+retry+sort%3Anew",
    "source%3Ahr+retry",
];

/// Names of things visible, hidden and absent; the commit's is made.
const NAMES: [&str; 13] = [
    "OPEN-1",
    "OPEN-2",
    "HR-1",
    "HR-2",
    "HR-9",
    "jira%3Ahr/HR-1",
    "jira%3Ahr/HR",
    "jira%3Aopen/OPEN-1",
    "github%3Aacme/api%237",
    "file%3Aacme/api/src/retry.rs",
    "account%3Ajira/hr/mallory",
    "account%3Ajira/open/ada",
    "salary",
];

/// Names of people.
const PEOPLE: [&str; 7] = [
    "ada",
    "Ada%20L.",
    "bob",
    "mallory",
    "account%3Ajira/hr/ada",
    "person%3Ajira/open/ada",
    "x",
];

/// Questions about no one thing.
const WHOLE: [&str; 17] = [
    "/v1/persons",
    "/v1/persons?limit=1",
    "/v1/experts?topic=retry+payments",
    "/v1/experts?topic=mallory",
    "/v1/experts?topic=secret+salary",
    "/v1/graph/central?measure=pagerank",
    "/v1/graph/central?measure=degree",
    "/v1/graph/central?measure=betweenness",
    "/v1/graph/communities",
    "/v1/stale-docs",
    "/v1/stale-docs?within=wiki:hr",
    "/v1/bus-factor?path=acme/api",
    "/v1/bus-factor?path=acme/api/src/secret.rs",
    "/v1/why?name=file:acme/api/src/retry.rs:1",
    "/v1/sources",
    "/metrics",
    "/readyz",
];

/// Every question the API takes, over names visible, hidden and absent.
pub(crate) fn questions() -> Vec<String> {
    let commit = format!("commit%3Aacme/api%40{}", sha(1));
    let names: Vec<&str> = NAMES.into_iter().chain([commit.as_str()]).collect();
    let mut all: Vec<String> = PEOPLE.iter().map(|name| format!("/v1/persons/{name}")).collect();
    for query in QUERIES {
        all.push(format!("/v1/search?q={query}"));
        all.push(format!("/v1/search?q={query}&limit=1"));
    }
    for name in &names {
        all.extend(about(name));
        for other in &names {
            let ends = format!("from={name}&to={other}");
            all.push(format!("/v1/graph/paths?{ends}&as_of=2024-03-02&node_kind=commit"));
            all.push(format!("/v1/graph/paths?{ends}&max_hops=8&limit=10"));
        }
    }
    // The metrics count what was asked, so they come last.
    all.extend(WHOLE.map(str::to_owned));
    all
}

/// Every question about one thing.
fn about(name: &str) -> Vec<String> {
    let questions = ["related", "impact", "why", "duplicates", "reviewers"];
    let around = [
        "neighbors?hops=1&",
        "neighbors?hops=2&",
        "neighbors?hops=3&",
        "neighbors?as_of=2024-03-02&",
        "neighbors?since=2024-03-02&source=hr&",
        "subgraph?",
        "subgraph.svg?hops=2&",
    ];
    let mut all: Vec<String> = questions
        .iter()
        .map(|question| format!("/v1/{question}?name={name}"))
        .collect();
    all.extend(around.iter().map(|form| format!("/v1/graph/{form}node={name}")));
    all.extend(["", "?as_of=2024-03-02"].map(|form| format!("/v1/entities/{name}{form}")));
    all
}
