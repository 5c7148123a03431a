//! The main job over the real binary: import, ask, export, measure.

use std::fs;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{issue, json_lines, keys, sha, world};
use serde_json::Value;

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
    let answer = neurosync.json(&["search", sha.get(..10).expect("a hash")]);
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
