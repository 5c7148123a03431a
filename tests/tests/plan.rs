//! `sync --plan` over the real binary: before the first sync, after it, and where a source cannot be asked. Nothing is written by it.

use neurosync_tests::Neurosync;
use neurosync_tests::providers::{configured, connect_all, redirect, simulators};
use serde_json::Value;
use testkit::provider::Provider;

const PROVIDERS: [(&str, Provider); 4] = [
    ("github", Provider::GitHub),
    ("jira", Provider::Jira),
    ("confluence", Provider::Confluence),
    ("slack", Provider::Slack),
];

/// The row of a source.
fn row<'v>(answer: &'v Value, source: &str) -> &'v Value {
    let rows = answer["sources"].as_array().expect("rows");
    rows.iter().find(|row| row["source"] == source).expect("a row")
}

fn number(row: &Value, field: &str) -> u64 {
    row[field].as_u64().expect(field)
}

fn near(told: u64, truth: u64) -> bool {
    told.abs_diff(truth) <= 6 || (told * 2 <= truth * 3 && truth * 2 <= told * 3)
}

/// All that is stored, by its hash, and what is known of each source.
fn state(neurosync: &Neurosync) -> (Value, Value) {
    let mut listed = neurosync.json(&["source", "list"]);
    for source in listed["sources"].as_array_mut().expect("sources") {
        source["staleness_seconds"].take();
    }
    (neurosync.json(&["export", "--hash"]), listed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_tells_what_the_sync_then_does_and_writes_nothing() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    tokio::task::block_in_place(|| {
        connect_all(&neurosync, &simulators);
        let before = state(&neurosync);
        let plan = neurosync.json(&["sync", "--plan"]);
        assert_eq!(state(&neurosync), before);
        assert!(
            number(&plan["total"], "texts") > 0 && plan["texts_per_s"].as_f64() > Some(0.0),
            "{plan}"
        );
        simulators.clear_log();
        let runs = neurosync.json(&["sync"]);
        let log = simulators.log();
        for (source, provider) in PROVIDERS {
            let (told, made) = (row(&plan, source), row(&runs, source));
            let asked = u64::try_from(log.count(provider)).expect("few");
            assert!(
                near(number(told, "requests"), asked),
                "{source}: {asked} requests, {told}"
            );
            let upserted = number(&made["committed"], "upserted");
            assert!(near(number(told, "documents"), upserted), "{source}: {made}, {told}");
            assert!(number(told, "texts") > 0 && !told["grounds"][0].is_null(), "{told}");
        }
        let shares = ["github", "jira", "slack"].map(|source| row(&plan, source)["quota"]["hourly_share"].as_f64());
        assert!(shares.iter().all(|share| *share > Some(0.0)), "{plan}");

        let before = state(&neurosync);
        let again = neurosync.json(&["sync", "--plan"]);
        assert!(
            number(&again["total"], "requests") < number(&plan["total"], "requests") / 2,
            "{again}"
        );
        assert!(
            number(&again["total"], "documents") < number(&plan["total"], "documents") / 2,
            "{again}"
        );
        let census = neurosync.json(&["sync", "--plan", "--census", "jira"]);
        assert_eq!(census["sources"].as_array().expect("rows").len(), 1);
        let (whole, first) = (
            number(row(&census, "jira"), "requests"),
            number(row(&plan, "jira"), "requests"),
        );
        assert!(whole > first, "{census}");
        assert_eq!(state(&neurosync), before);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_be_asked_has_its_error_in_its_row() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    tokio::task::block_in_place(|| {
        connect_all(&neurosync, &simulators);
        neurosync.json(&["disconnect", "slack"]);
        let output = neurosync.run(&["--json", "sync", "--plan", "slack", "jira"]);
        assert!(!output.status.success());
        let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(row(&plan, "slack")["error"].is_string(), "{plan}");
        assert!(number(row(&plan, "jira"), "requests") > 0, "{plan}");
        assert_eq!(plan["total"]["partial"], true);
        let shown = neurosync.run(&["sync", "--plan", "slack", "jira"]);
        let shown = String::from_utf8(shown.stdout).expect("text");
        assert!(
            shown.contains("requests") && shown.lines().any(|line| line.starts_with("sum")),
            "{shown}"
        );
    });
}
