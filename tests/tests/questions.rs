//! Questions of several steps, asked of the real binary over a small world: who knows, what depends, why, what repeats, what is stale.

use std::fs;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines, sha};
use serde_json::{Value, json};

/// Issues of which two say the same, commits of two people that name them, and a page about the code.
fn world() -> Neurosync {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let mut issues = [
        issue(
            "PAY-1",
            "Customers are charged twice when a payment is retried",
            "The client retries after a timeout.",
        ),
        issue(
            "PAY-2",
            "Write a runbook for refunds",
            "Nobody knows how to refund an order by hand.",
        ),
        issue(
            "PAY-3",
            "Retried payment charges the customer twice",
            "Seen again: the retry after the timeout charges twice.",
        ),
        issue("PAY-4", "Dark mode for the admin pages", "The white background hurts."),
    ];
    issues[2]["fields"]["issuelinks"] = json!([{
        "id": "1", "type": {"id": "1", "name": "Duplicate", "inward": "is duplicated by", "outward": "duplicates"},
        "outwardIssue": {"key": "PAY-1"}
    }]);
    issues[1]["fields"]["status"] = json!({"name": "Closed"});
    json_lines(&dir.join("jira"), "PAY.jsonl", &issues);
    let mut log = [
        commit(0, "Start", &["src/lib.rs", "src/retry.rs"]),
        commit(
            1,
            "Merge pull request #7 from ada/PAY-1-idempotency\n\nPAY-1: send an idempotency key",
            &["src/retry.rs"],
        ),
        commit(2, "Retry with a backoff (#8)", &["src/retry.rs"]),
        commit(3, "Tidy the library", &["src/lib.rs"]),
    ];
    log[2]["author"] = json!("Grace H.");
    json_lines(&dir.join("commits"), "acme__api.jsonl", &log);
    let wiki = dir.join("wiki");
    fs::create_dir_all(&wiki).expect("a folder");
    let page = "# How we retry\n\nCreated by Bob on Mar 02, 2024\n\nIt lies in https://github.com/acme/api/blob/main/src/retry.rs, see PAY-1.\n";
    fs::write(wiki.join("Retries.md"), page).expect("a page");
    for (connector, name, folder) in [
        ("commits", "api", "commits"),
        ("jira", "pay", "jira"),
        ("wiki", "docs", "wiki"),
    ] {
        let path = dir.join(folder).display().to_string();
        neurosync.json(&["source", "import", connector, name, &path]);
    }
    neurosync
}

/// The texts at `field` of all in a list.
fn all<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let list = list.as_array().expect("a list").iter();
    list.filter_map(|one| one[field].as_str()).collect()
}

fn commit_key(number: u64) -> String {
    format!("commit:acme/api@{}", sha(number))
}

#[test]
fn a_file_leads_to_its_commits_and_what_is_behind_them() {
    let neurosync = world();
    let why = neurosync.json(&["why", "file:acme/api/src/retry.rs:3"]);
    assert_eq!(
        (&why["by"], &why["line"]),
        (&json!("touches"), &json!(3)),
        "an archive has no lines to blame"
    );
    let commits: Vec<&str> = why["origins"]
        .as_array()
        .expect("origins")
        .iter()
        .filter_map(|one| one["commit"]["key"].as_str())
        .collect();
    assert_eq!(commits, [commit_key(2), commit_key(1), commit_key(0)]);
    let behind = &why["origins"][1]["reasons"];
    assert_eq!(
        all(behind, "key"),
        ["github:acme/api#7", "jira:pay/PAY-1", "wiki:docs/wiki/Retries"],
        "{behind}"
    );
    assert_eq!(behind[0]["via"][0]["kind"], "merges");
    assert!(
        behind[1]["via"][0]["evidence"]
            .as_str()
            .is_some_and(|words| words.contains("PAY-1"))
    );
    let (code, error) = neurosync.fails(&["why", "file:acme/api/src/retry.rs:0"]);
    assert!(code == 2 && error.contains("lines are counted from 1"), "{error}");
    let (code, _) = neurosync.fails(&["why", "file:acme/api/src/none.rs:1"]);
    assert_eq!(code, 3);
}

#[test]
fn a_change_meets_people_issues_and_pages() {
    let neurosync = world();
    let impact = neurosync.json(&["impact", "file:acme/api/src/retry.rs"]);
    assert_eq!(
        all(&impact["changes"], "key"),
        [commit_key(2), commit_key(1), commit_key(0)]
    );
    assert_eq!(all(&impact["people"], "name"), ["Ada L.", "Grace H."]);
    assert_eq!(
        all(&impact["open"], "key"),
        ["jira:pay/PAY-1"],
        "PAY-2 is closed, PAY-3 and PAY-4 say nothing of it"
    );
    assert_eq!(all(&impact["pages"], "key"), ["wiki:docs/wiki/Retries"]);

    let reviewers = neurosync.json(&["reviewers", &commit_key(2)]);
    assert_eq!(
        all(&reviewers["reviewers"], "name"),
        ["Ada L."],
        "nobody reviews what he wrote: {reviewers}"
    );
    assert_eq!(reviewers["reviewers"][0]["contributions"], 2);
    let (code, error) = neurosync.fails(&["reviewers", "PAY-1"]);
    assert!(code == 2 && error.contains("git source"), "{error}");

    let factor = neurosync.json(&["bus-factor", "acme/api/src"]);
    let told = ["factor", "commits", "files", "by_one"].map(|field| factor[field].as_u64());
    assert_eq!(told, [Some(1), Some(4), Some(2), Some(1)], "{factor}");
    let (code, _) = neurosync.fails(&["bus-factor", "acme/api/docs"]);
    assert_eq!(code, 3);

    let stale = neurosync.json(&["stale-docs"]);
    assert_eq!(
        (&stale["citing"], stale["pages"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
    let page = &stale["pages"][0];
    assert_eq!(
        (&page["page"]["key"], &page["changes"]),
        (&json!("wiki:docs/wiki/Retries"), &json!(2)),
        "{stale}"
    );
    assert_eq!(page["newest"]["key"], commit_key(2));
    assert_eq!(neurosync.json(&["stale-docs", "wiki:other"])["citing"], 0);
}

#[test]
fn an_issue_finds_its_like_and_a_topic_its_people() {
    let neurosync = world();
    let duplicates = neurosync.json(&["duplicates", "PAY-1"]);
    let first = &duplicates["duplicates"][0];
    assert_eq!(
        (&first["key"], &first["known"]),
        (&json!("jira:pay/PAY-3"), &json!(true)),
        "{duplicates}"
    );
    assert!(!all(&duplicates["duplicates"], "key").contains(&"jira:pay/PAY-1"));
    let report = neurosync.json(&["eval", "--duplicates"]);
    assert_eq!(
        (&report["pairs"], &report["recall_at_10"]["duplicates"]),
        (&json!(1), &json!(1.0)),
        "{report}"
    );

    let related = neurosync.json(&["related", "PAY-1"]);
    let keys = all(&related["related"], "key");
    assert!(
        keys.contains(&commit_key(1).as_str()) && keys.contains(&"wiki:docs/wiki/Retries"),
        "{keys:?}"
    );
    assert_eq!(
        keys.first(),
        Some(&"jira:pay/PAY-3"),
        "linked, and reads alike: {related}"
    );
    assert!(!keys.contains(&"jira:pay/PAY-1"));

    let experts = neurosync.json(&["experts", "retry", "of", "payments"]);
    let best = &experts["experts"][0];
    assert_eq!(
        (&best["name"], &best["score"]),
        (&json!("Ada L."), &json!(1.0)),
        "{experts}"
    );
    assert!(best["because"].as_array().is_some_and(|because| !because.is_empty()));
    let (code, _) = neurosync.fails(&["experts", " "]);
    assert_eq!(code, 2);
}

#[test]
fn the_graph_is_drawn_measured_and_asked_about_the_past() {
    let neurosync = world();
    let picture = neurosync.data().join("picture.svg");
    neurosync.json(&[
        "neighbors",
        "PAY-1",
        "--hops",
        "2",
        "--svg",
        &picture.display().to_string(),
    ]);
    let drawn = fs::read_to_string(&picture).expect("a picture");
    assert!(drawn.starts_with("<svg ") && drawn.contains("Customers are charged twice") && drawn.ends_with("</svg>\n"));

    let central = neurosync.json(&["central", "--measure", "degree", "--node-kind", "file"]);
    assert_eq!(
        all(&central["things"], "key"),
        ["file:acme/api/src/retry.rs", "file:acme/api/src/lib.rs"]
    );
    let communities = neurosync.json(&["communities"]);
    assert!(
        communities["communities"][0]["size"]
            .as_u64()
            .is_some_and(|size| size > 2),
        "{communities}"
    );

    let touching = |as_of: &str| {
        let around = neurosync.json(&[
            "neighbors",
            "file:acme/api/src/retry.rs",
            "--kind",
            "touches",
            "--as-of",
            as_of,
        ]);
        around["edges"].as_array().expect("edges").len()
    };
    assert_eq!(
        (touching("2024-03-02"), touching("2024-03-03"), touching("2024-04-01")),
        (1, 2, 3)
    );
    let path = |more: &[&str]| {
        let answer = neurosync.json(&[&["path", "PAY-1", "file:acme/api/src/retry.rs"], more].concat());
        answer["paths"].as_array().expect("paths").len()
    };
    assert!(path(&[]) > 0);
    let (code, _) = neurosync.fails(&["path", "PAY-1", "file:acme/api/src/retry.rs", "--as-of", "2024-02-01"]);
    assert_eq!(code, 3, "nothing had named the file yet");
    assert_eq!(
        path(&["--source", "docs", "--max-hops", "2"]),
        1,
        "the page alone joins them"
    );
    assert_eq!(path(&["--node-kind", "page", "--max-hops", "2"]), 1);
    let (code, _) = neurosync.fails(&["show", "PAY-1", "--as-of", "2024-01-01"]);
    assert_eq!(code, 3, "it was not there yet");
}

#[test]
fn answers_are_told_in_words() {
    let neurosync = world();
    for (question, words) in [
        (&["why", "file:acme/api/src/retry.rs"][..], "merges→ github:acme/api#7"),
        (&["impact", "file:acme/api/src/retry.rs"], "open about it (1)"),
        (&["duplicates", "PAY-1"], "already said to be one"),
        (&["experts", "retry", "payments"], "Ada L."),
        (&["reviewers", &commit_key(2)], "Ada L."),
        (
            &["bus-factor", "acme/api"],
            "1 person made half of the changes (4 commits, 2 files, 1 changed by one person alone)",
        ),
        (&["stale-docs"], "file:acme/api/src/retry.rs changed 2 times since"),
        (&["related", "PAY-1"], "duplicates→"),
        (&["central"], "by pagerank"),
        (&["communities"], "things"),
    ] {
        let told = String::from_utf8(neurosync.run(question).stdout).expect("UTF-8");
        assert!(told.contains(words), "{question:?}: {told}");
    }
}
