//! `person` on the command line: who is who with reasons, the owner's word on it, and what that grants.

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines, sha};
use serde_json::Value;

const GIT: &str = "account:git/Ada Lovelace";
const JIRA: &str = "account:jira/pay/ada";
const BOB: &str = "account:jira/pay/bob";

/// Issues and commits by somebody of one name, and a repository for the Jira account alone.
fn world() -> Neurosync {
    let neurosync = Neurosync::default();
    let files = neurosync.data().with_file_name("in");
    let issues: Vec<Value> = (1..=5)
        .map(|number| {
            let mut issue = issue(&format!("PAY-{number}"), "Retries", "Text");
            issue["fields"]["reporter"]["displayName"] = "Ada Lovelace".into();
            issue
        })
        .collect();
    let signed = |number: u64, message: &str| {
        let mut commit = commit(number, message, &["src/lib.rs"]);
        commit["author"] = "Ada Lovelace".into();
        commit
    };
    let log: Vec<Value> = (1..=5)
        .map(|number| signed(number, &format!("PAY-{number}: retry")))
        .collect();
    let secret = [signed(9, "Secret plans")];
    for (connector, name, path, access) in [
        (
            "jira",
            "pay",
            json_lines(&files.join("pay"), "PAY.jsonl", &issues),
            "public",
        ),
        (
            "commits",
            "api",
            json_lines(&files.join("api"), "acme__api.jsonl", &log),
            "public",
        ),
        (
            "commits",
            "plans",
            json_lines(&files.join("plans"), "acme__plans.jsonl", &secret),
            JIRA,
        ),
    ] {
        let path = path.display().to_string();
        neurosync.json(&["source", "import", connector, name, &path, "--access", access]);
    }
    neurosync
}

/// The accounts of the person whom a name means.
fn accounts(neurosync: &Neurosync, name: &str) -> Vec<String> {
    let found = neurosync.json(&["person", "show", name]);
    let person = &found["persons"][0];
    let accounts = person["accounts"].as_array().expect("accounts");
    accounts
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn reads(neurosync: &Neurosync, person: &str) -> bool {
    let secret = format!("commit:acme/plans@{}", sha(9));
    let told = neurosync.json(&["access", "explain", person, &secret]);
    told["documents"][0]["admitted"] == true
}

#[test]
fn a_person_is_found_shown_split_and_merged() {
    let neurosync = world();
    assert_eq!(accounts(&neurosync, "ada lovelace"), [GIT, JIRA]);
    let shown = neurosync.json(&["person", "show", JIRA]);
    let rules: Vec<_> = shown["persons"][0]["evidence"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|one| &one["rule"])
        .collect();
    assert_eq!(rules, ["name.same", "activity.shared"], "{shown}");
    assert_eq!(shown["persons"][0]["name"], "Ada Lovelace");
    let listed = neurosync.json(&["person", "list"]);
    assert_eq!(listed["persons"].as_array().expect("all").len(), 2);

    neurosync.json(&["person", "split", JIRA]);
    assert_eq!(accounts(&neurosync, JIRA), [JIRA]);
    assert_eq!(
        neurosync.json(&["person", "review"])["total"],
        0,
        "what was decided is not asked again"
    );
    let (code, error) = neurosync.fails(&["person", "show", "nobody at all"]);
    assert!(code == 3 && error.contains("person list"), "{error}");
    // Two persons have the name now.
    let (code, error) = neurosync.fails(&["person", "merge", "Ada Lovelace", BOB]);
    assert!(code == 2 && error.contains("person:git/Ada Lovelace"), "{error}");
    neurosync.json(&["person", "merge", GIT, JIRA]);
    assert_eq!(accounts(&neurosync, GIT), [GIT, JIRA]);
    // What was split forbids what would join it by another way.
    neurosync.json(&["person", "split", BOB, JIRA]);
    let (code, error) = neurosync.fails(&["person", "merge", BOB, GIT]);
    assert!(code == 4 && error.contains(BOB), "{error}");

    let hash = neurosync.hash();
    neurosync.json(&["rebuild"]);
    assert_eq!(neurosync.hash(), hash);
    assert_eq!(accounts(&neurosync, GIT), [GIT, JIRA]);
    let human = neurosync.run(&["person", "show", "Ada Lovelace"]);
    let human = String::from_utf8_lossy(&human.stdout).into_owned();
    assert!(human.contains("merged by hand") && human.contains(JIRA), "{human}");
}

#[test]
fn only_the_owner_s_word_grants_access() {
    let neurosync = world();
    assert!(reads(&neurosync, JIRA));
    // They are one person by all evidence, which is a guess.
    assert_eq!(accounts(&neurosync, GIT), [GIT, JIRA]);
    assert!(!reads(&neurosync, GIT));
    neurosync.json(&["person", "claim", JIRA, "--as", GIT]);
    assert!(!reads(&neurosync, GIT));
    neurosync.json(&["person", "merge", GIT, JIRA]);
    assert!(reads(&neurosync, GIT));
    neurosync.json(&["person", "split", GIT, JIRA]);
    assert!(!reads(&neurosync, GIT));
    // Nobody undoes the owner's word about himself.
    let (code, error) = neurosync.fails(&["person", "claim", JIRA, "--as", GIT]);
    assert!(code == 4 && error.contains("the owner has decided"), "{error}");
    assert!(!reads(&neurosync, GIT));
}

#[test]
fn a_directory_joins_grants_and_is_replaced() {
    let neurosync = world();
    let file = neurosync.data().with_file_name("people.csv");
    let path = file.display().to_string();
    let text = "name,email,jira,git\nBob,bob@acme.example,bob,ada lovelace\nEve,no address,eve,\nCy,,cy,\n";
    std::fs::write(&file, text).expect("a file");
    let told = neurosync.json(&["person", "import", &path]);
    assert_eq!(told["persons"], 2);
    assert_eq!(
        (&told["bad"][0]["line"], &told["bad"].as_array().expect("lines").len()),
        (&3.into(), &1)
    );
    assert_eq!(told["unknown"][0]["line"], 4);
    assert_eq!(accounts(&neurosync, BOB), [GIT, BOB]);
    let secret = format!("commit:acme/plans@{}", sha(9));
    let as_git = neurosync.json(&["access", "explain", GIT, &secret]);
    assert_eq!(as_git["principals"], serde_json::json!([GIT, BOB]));
    std::fs::write(&file, "email\n").expect("a file");
    neurosync.json(&["person", "import", &path]);
    assert_eq!(accounts(&neurosync, GIT), [GIT, JIRA]);
    std::fs::write(&file, "phone\n1\n").expect("a file");
    let (code, error) = neurosync.fails(&["person", "import", &path]);
    assert!(code == 2 && error.contains("name,email,github"), "{error}");
}

#[test]
fn a_handle_that_two_places_have_grants_nothing() {
    let neurosync = world();
    let files = neurosync.data().with_file_name("in").join("pub");
    let open = json_lines(
        &files,
        "PUB.jsonl",
        &[issue("PUB-1", "Anybody may sign up here", "Text")],
    );
    neurosync.json(&[
        "source",
        "import",
        "jira",
        "pub",
        &open.display().to_string(),
        "--access",
        "public",
    ]);
    let file = neurosync.data().with_file_name("people.csv");
    let import = |lines: &str| {
        std::fs::write(&file, lines).expect("a file");
        neurosync.json(&["person", "import", &file.display().to_string()])
    };
    let told = import("name,jira,git\nAda,ada,ada lovelace\n");
    assert_eq!(told["unknown"][0]["line"], 2, "{told}");
    assert!(!reads(&neurosync, "account:jira/pub/ada") && !reads(&neurosync, GIT));
    import("name,jira,git\nAda,pay/ada,ada lovelace\n");
    assert!(!reads(&neurosync, "account:jira/pub/ada") && reads(&neurosync, GIT));
    let told = import("name,jira,git\nAda,pay/ada,ada lovelace\nEve,pay/ada;pub/ada,\n");
    assert_eq!(
        told["bad"][0]["line"], 3,
        "what an earlier line lists is not for a later one: {told}"
    );
    assert!(!reads(&neurosync, "account:jira/pub/ada") && reads(&neurosync, GIT));
}

#[test]
fn a_removed_source_takes_its_accounts_along() {
    let neurosync = world();
    neurosync.json(&["source", "remove", "pay"]);
    assert_eq!(accounts(&neurosync, GIT), [GIT]);
    let (code, _) = neurosync.fails(&["person", "show", JIRA]);
    assert_eq!(code, 3);
}
