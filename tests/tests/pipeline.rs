//! The main job over the real binary: import, ask, sync again, delete, rebuild.

use std::fs;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines, sha};
use serde_json::Value;

fn world() -> Neurosync {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let issues = [
        issue(
            "PAY-1",
            "Customers are charged twice when a payment is retried",
            "h2. Cause\nThe client retries after a timeout. PR: https://github.com/acme/api/pull/7",
        ),
        issue("PAY-2", "Write a runbook for refunds", "See PAY-1."),
    ];
    json_lines(&dir.join("jira"), "PAY.jsonl", &issues);
    let log = [
        commit(0, "Start", &["src/lib.rs"]),
        commit(
            1,
            "Merge pull request #7 from ada/PAY-1-idempotency\n\nPAY-1: send an idempotency key",
            &["src/retry.rs"],
        ),
        commit(2, "Speak UTF-8 everywhere (#8)", &["src/lib.rs"]),
    ];
    json_lines(&dir.join("commits"), "acme__api.jsonl", &log);
    for (connector, name) in [("commits", "api"), ("jira", "pay")] {
        let path = dir
            .join(if name == "api" { "commits" } else { "jira" })
            .display()
            .to_string();
        neurosync.json(&["source", "import", connector, name, &path]);
    }
    neurosync
}

fn keys(answer: &Value) -> Vec<&str> {
    answer["results"]
        .as_array()
        .map(|results| results.iter().filter_map(|result| result["key"].as_str()).collect())
        .unwrap_or_default()
}

#[test]
fn a_question_in_words_finds_the_issue_and_an_identifier_is_pinned() {
    let neurosync = world();
    let answer = neurosync.json(&["search", "why are customers charged twice"]);
    assert_eq!(keys(&answer).first(), Some(&"jira:pay/PAY-1"), "{answer}");
    let answer = neurosync.json(&["search", "PAY-2"]);
    assert_eq!(
        (keys(&answer).first(), &answer["results"][0]["pinned"]),
        (Some(&"jira:pay/PAY-2"), &Value::Bool(true)),
        "{answer}"
    );
    let sha = sha(1);
    let answer = neurosync.json(&["search", &sha[..10]]);
    assert_eq!(
        keys(&answer).first(),
        Some(&format!("commit:acme/api@{sha}").as_str()),
        "{answer}"
    );
    let answer = neurosync.json(&["search", "retry kind:commit"]);
    assert!(
        keys(&answer).iter().all(|key| key.starts_with("commit:")) && !keys(&answer).is_empty(),
        "{answer}"
    );
}

#[test]
fn a_path_leads_from_the_issue_through_the_pull_request_to_the_commit() {
    let neurosync = world();
    let sha = sha(1);
    let answer = neurosync.json(&["path", "PAY-1", &sha, "--through", "acme/api#7", "--max-hops", "3"]);
    let path = &answer["paths"][0];
    assert_eq!(
        path["nodes"],
        serde_json::json!(["jira:pay/PAY-1", "github:acme/api#7", format!("commit:acme/api@{sha}")]),
        "{answer}"
    );
    for edge in path["edges"].as_array().expect("edges") {
        assert!(
            edge["evidence"].as_str().is_some_and(|words| !words.is_empty()),
            "{edge}"
        );
        assert!(edge["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{edge}");
    }
}

#[test]
fn newest_first_lists_what_is_relevant_and_not_what_is_merely_new() {
    let neurosync = world();
    let dir = neurosync.data().join("in/more");
    let mut newer = issue("OPS-1", "Order more coffee for the kitchen", "Both machines are empty.");
    newer["fields"]["updated"] = "2025-01-01T00:00:00.000+0000".into();
    let mut again = issue(
        "OPS-2",
        "Customers were charged twice again when a payment was retried",
        "Like PAY-1.",
    );
    again["fields"]["updated"] = "2024-12-01T00:00:00.000+0000".into();
    json_lines(&dir, "OPS.jsonl", &[newer, again]);
    neurosync.json(&["source", "import", "jira", "ops", &dir.display().to_string()]);
    let question = "why are customers charged twice when a payment is retried";
    let by_score = neurosync.json(&["search", "-n", "50", question]);
    assert!(keys(&by_score).contains(&"jira:ops/OPS-1"), "{by_score}");
    let by_time = neurosync.json(&["search", "-n", "50", &format!("{question} sort:new")]);
    assert_eq!(keys(&by_time).first(), Some(&"jira:ops/OPS-2"), "{by_time}");
    assert!(keys(&by_time).contains(&"jira:pay/PAY-1"), "{by_time}");
    assert!(!keys(&by_time).contains(&"jira:ops/OPS-1"), "{by_time}");
    // What the query names stands in front whatever its time.
    let named = neurosync.json(&["search", &format!("PAY-2 {question} sort:new")]);
    assert_eq!(keys(&named).first(), Some(&"jira:pay/PAY-2"), "{named}");
}

#[test]
fn text_tells_how_to_go_on_and_where_one_is() {
    let neurosync = world();
    let text = |arguments: &[&str]| String::from_utf8(neurosync.run(arguments).stdout).expect("UTF-8");
    let page = text(&["search", "-n", "1", "payment"]);
    let (_, cursor) = page.split_once("next page: --cursor ").expect("a cursor");
    let next = text(&["search", "-n", "1", "payment", "--cursor", cursor.trim()]);
    assert!(next.starts_with(" 1. ") && next != page, "{next}");
    let here = text(&["path", "PAY-1", "PAY-1"]);
    assert!(
        here.contains("(0 hops)") && here.contains("\n  jira:pay/PAY-1"),
        "{here}"
    );
}

#[test]
fn the_export_holds_what_the_store_derives() {
    let neurosync = world();
    let export = neurosync.run(&["export"]);
    assert!(export.status.success());
    let mut counts = std::collections::BTreeMap::new();
    for line in String::from_utf8(export.stdout).expect("UTF-8").lines() {
        let line: Value = serde_json::from_str(line).expect("a whole line");
        *counts
            .entry(line["type"].as_str().expect("a type").to_owned())
            .or_insert(0) += 1;
    }
    for kind in [
        "access",
        "statistics",
        "account",
        "document",
        "chunk",
        "mentions",
        "vector",
        "node",
        "edge",
    ] {
        assert!(counts.contains_key(kind), "{kind} is not in {counts:?}");
    }
    let full = fs::File::options().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = neurosync
            .command(&["export"])
            .stdout(full)
            .output()
            .expect("the binary starts");
        assert!(!output.status.success(), "what cannot be written is an error");
    }
}

#[test]
fn an_unreadable_item_is_exported_as_such() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let path = json_lines(&dir, "PAY.jsonl", &[issue("PAY-1", "One", "x")]);
    let before = fs::read_to_string(&path).expect("read");
    fs::write(&path, before + "{\"half\"\n").expect("write");
    neurosync.json(&["source", "import", "jira", "pay", &dir.display().to_string()]);
    let export = String::from_utf8(neurosync.run(&["export"]).stdout).expect("UTF-8");
    let letters: Vec<_> = export
        .lines()
        .filter(|line| line.contains(r#""type":"dead_letter""#))
        .collect();
    assert!(letters.len() == 1 && letters[0].contains("PAY.jsonl:2"), "{letters:?}");
}

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

#[test]
fn the_sample_s_links_lead_to_the_thread_and_the_page_they_name() {
    let neurosync = Neurosync::default();
    let nowhere = neurosync.data().display().to_string();
    let demo = neurosync.run(&["--json", "demo", "--no-serve", "--repository", &nowhere]);
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    for (from, to) in [
        ("acme/api#37", "slack:T0ACME/C0PAYMENTS/1770638400.000100"),
        ("acme/api#42", "wiki:acme/ENG/100203"),
        ("wiki:acme/ENG/100205", "slack:T0ACME/C0PAYMENTS"),
        ("slack:T0ACME/C0PAYMENTS/1773306120.000100", "wiki:acme/ENG/100202"),
    ] {
        let paths = neurosync
            .json(&["path", from, to, "--max-hops", "2", "-n", "5"])
            .to_string();
        assert!(paths.contains("_url"), "{from} {to}: {paths}");
    }
    let before = neurosync.hash();
    neurosync.json(&["rebuild"]);
    assert_eq!(neurosync.hash(), before);
}

#[test]
fn eval_prints_the_measures_of_a_beir_folder() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("beir");
    fs::create_dir_all(&dir).expect("folder");
    fs::write(dir.join("corpus.jsonl"), "{\"_id\":\"a\",\"title\":\"Cats\",\"text\":\"The cat sleeps on the mat.\"}\n{\"_id\":\"b\",\"title\":\"Stars\",\"text\":\"Stars burn hydrogen.\"}\n").expect("corpus");
    fs::write(
        dir.join("queries.jsonl"),
        "{\"_id\":\"1\",\"text\":\"where does the cat sleep\"}\n{\"_id\":\"2\",\"text\":\"unjudged\"}\n",
    )
    .expect("queries");
    fs::write(dir.join("qrels.tsv"), "query-id\tcorpus-id\tscore\n1\ta\t1\n").expect("qrels");
    let report = neurosync.json(&["eval", &dir.display().to_string()]);
    for leg in ["bm25", "dense", "fused"] {
        assert_eq!(report[leg]["ndcg_at_10"], 1.0, "{report}");
        assert!(
            report[leg]["recall_at_10"].is_f64()
                && report[leg]["recall_at_100"].is_f64()
                && report[leg]["mrr_at_10"].is_f64()
        );
    }
    assert!(
        report["embed_texts_per_s"].is_f64() && report["query_p50_ms"].is_f64() && report["query_p99_ms"].is_f64(),
        "{report}"
    );
}

#[test]
fn an_index_of_another_model_is_refused_until_it_is_rebuilt() {
    let neurosync = world();
    let settings = neurosync.data().join("neurosync.toml");
    fs::write(&settings, "[model]\ndimensions = 128\n").expect("settings");
    for command in [&["search", "refund"][..], &["sync"]] {
        let (code, said) = neurosync.fails(command);
        assert!(
            code == 4 && said.contains("neurosync rebuild"),
            "{command:?}: {code} {said}"
        );
    }
    // What needs no model still reads what is stored.
    neurosync.hash();
    neurosync.json(&["rebuild"]);
    assert!(!keys(&neurosync.json(&["search", "refund"])).is_empty());
    fs::write(&settings, "[model]\npassage_prefix = \"passage: \"\n").expect("settings");
    assert_eq!(
        neurosync.fails(&["search", "refund"]).0,
        4,
        "equal length is not enough"
    );
}
