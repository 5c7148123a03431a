//! What changes, goes and comes back, over the real binary: synced again, deleted, removed, renamed, rebuilt.

use std::fs;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines, keys, sha, world};

#[test]
fn order_of_arrival_does_not_matter() {
    // `world` imports the commits before the project that explains `PAY-1` is known.
    let neurosync = world();
    let answer = neurosync.json(&["neighbors", "PAY-1"]);
    let commit = format!("commit:acme/api@{}", sha(1));
    assert!(
        answer["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .any(|edge| edge["from"] == commit.as_str()),
        "{answer}"
    );
    assert!(!answer.to_string().contains("UTF-8"), "{answer}");
}

#[test]
fn a_second_sync_changes_nothing_and_a_rebuild_gives_the_same() {
    let neurosync = world();
    let before = neurosync.hash();
    let run = neurosync.json(&["sync"]);
    for source in run["sources"].as_array().expect("sources") {
        assert_eq!(
            (
                &source["committed"]["upserted"],
                &source["committed"]["deleted"],
                &source["embedded"]
            ),
            (&0.into(), &0.into(), &0.into()),
            "{source}"
        );
    }
    assert_eq!(neurosync.hash(), before);
    let run = neurosync.json(&["rebuild"]);
    assert!(
        run["sources"]
            .as_array()
            .expect("sources")
            .iter()
            .all(|source| source["embedded"] == 0),
        "{run}"
    );
    assert_eq!(neurosync.hash(), before);
}

#[test]
fn what_is_deleted_at_the_source_is_gone_everywhere() {
    let neurosync = world();
    let dir = neurosync.data().join("in/jira");
    json_lines(
        &dir,
        "PAY.jsonl",
        &[issue("PAY-2", "Write a runbook for refunds", "See PAY-1.")],
    );
    let run = neurosync.json(&["sync", "pay"]);
    assert_eq!(
        run["sources"]
            .as_array()
            .expect("sources")
            .iter()
            .find(|source| source["source"] == "pay")
            .expect("pay")["committed"]["deleted"],
        2,
        "issue and comment: {run}"
    );
    let answer = neurosync.json(&["search", "customers charged twice retried"]);
    assert!(!keys(&answer).contains(&"jira:pay/PAY-1"), "{answer}");
    assert!(
        !neurosync
            .json(&["show", "jira:pay/PAY-1"])
            .to_string()
            .contains("charged twice")
    );
}

#[test]
fn a_removed_source_leaves_nothing_and_can_come_back() {
    let neurosync = world();
    let before = neurosync.hash();
    neurosync.json(&["source", "remove", "pay"]);
    let (code, _) = neurosync.fails(&["show", "PAY-2"]);
    assert_eq!(code, 3);
    let jira = neurosync.data().join("in/jira").display().to_string();
    neurosync.json(&["source", "import", "jira", "pay", &jira]);
    assert_eq!(neurosync.hash(), before);
}

#[test]
fn nothing_that_a_removed_source_said_is_left_on_the_disk() {
    let neurosync = world();
    let dir = neurosync.data().join("secret");
    let text = "The passphrase is xylophone-quartz-8841, said zebulon.";
    let path = json_lines(
        &dir,
        "SEC.jsonl",
        &[issue("SEC-1", "Quartz-8841 rotation", text), issue("SEC-2", "x", text)],
    );
    neurosync.json(&["source", "import", "jira", "sec", &path.display().to_string()]);
    fs::remove_dir_all(&dir).expect("the source's own files");
    let found = |word: &str| -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![neurosync.data().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)
                .expect("folder")
                .map(|entry| entry.expect("entry").path())
            {
                if entry.is_dir() {
                    folders.push(entry);
                } else if fs::read(&entry)
                    .expect("file")
                    .windows(word.len())
                    .any(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))
                {
                    found.push(entry.display().to_string());
                }
            }
        }
        found
    };
    for word in ["quartz-8841", "zebulon"] {
        assert!(!found(word).is_empty(), "the test can fail");
    }
    neurosync.json(&["source", "remove", "sec"]);
    for word in ["quartz-8841", "zebulon"] {
        assert_eq!(found(word), [""; 0], "{word}");
    }
}

#[test]
fn what_a_name_means_follows_the_entry_that_explains_it() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let text = "Broken since old/name#7 and PAY-2; see https://github.com/older/name/pull/3";
    let pay = json_lines(
        &dir.join("pay"),
        "PAY.jsonl",
        &[issue("PAY-1", "One", text), issue("PAY-2", "Two", "x")],
    );
    let other = json_lines(
        &dir.join("other"),
        "OTHER.jsonl",
        &[issue("OTHER-1", "Other", "See PAY-1.")],
    );
    let log = json_lines(
        &dir.join("log"),
        "acme__api.jsonl",
        &[commit(0, "Start PAY-1", &["a.rs"])],
    );
    let place = |path: &std::path::Path| path.display().to_string();
    for (connector, name, path) in [
        ("jira", "pay", &pay),
        ("jira", "other", &other),
        ("commits", "api", &log),
    ] {
        neurosync.json(&["source", "import", connector, name, &place(path)]);
    }
    let settled = |neurosync: &Neurosync, what: &str| {
        let before = neurosync.hash();
        neurosync.json(&["rebuild"]);
        assert_eq!(neurosync.hash(), before, "{what}");
    };
    let formerly: [&[&str]; 3] = [&["old/name", "older/name"], &["older/name"], &[]];
    for names in formerly {
        let flags: Vec<_> = names.iter().flat_map(|name| ["--formerly", name]).collect();
        neurosync.json(&[&["source", "import", "commits", "api", &place(&log)], flags.as_slice()].concat());
        let around = neurosync.json(&["neighbors", "PAY-1"]).to_string();
        assert_eq!(
            around.contains("github:acme/api#7"),
            names.contains(&"old/name"),
            "{names:?}: {around}"
        );
        assert_eq!(
            around.contains("github:acme/api#3"),
            names.contains(&"older/name"),
            "{names:?}: {around}"
        );
        settled(&neurosync, &format!("{names:?}"));
    }
    neurosync.json(&["source", "remove", "pay"]);
    let around = neurosync.json(&["neighbors", "OTHER-1"]).to_string();
    assert!(!around.contains("PAY-1"), "{around}");
    settled(&neurosync, "removed");
}
