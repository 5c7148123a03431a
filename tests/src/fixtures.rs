//! Small worlds written by the tests.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Neurosync;

/// Write JSON lines to `dir/name`.
///
/// # Panics
/// When the folder cannot be written.
pub fn json_lines(dir: &Path, name: &str, values: &[Value]) -> PathBuf {
    fs::create_dir_all(dir).expect("a writable folder");
    let mut text = String::new();
    for value in values {
        writeln!(text, "{value}").expect("a string takes anything");
    }
    let path = dir.join(name);
    fs::write(&path, text).expect("a writable file");
    path
}

/// A Jira issue in REST shape.
pub fn issue(key: &str, summary: &str, description: &str) -> Value {
    let (project, number) = key.split_once('-').expect("PROJECT-NUMBER");
    json!({
        "id": format!("{project}{number}"), "key": key,
        "fields": {
            "summary": summary, "description": description, "created": "2024-01-02T03:04:05.678+0000", "updated": "2024-02-03T04:05:06.789+0000",
            "project": {"key": project, "name": format!("Project {project}")}, "issuetype": {"name": "Bug"}, "status": {"name": "Open"},
            "reporter": {"name": "ada", "key": "ada", "displayName": "Ada L."}, "labels": ["payments"],
            "comment": {"comments": [{"id": "1", "author": {"name": "bob", "displayName": "Bob"}, "body": format!("Seen again in {key}."), "created": "2024-02-01T00:00:00.000+0000", "updated": "2024-02-01T00:00:00.000+0000"}]}
        }
    })
}

/// A commit as commit logs have it.
pub fn commit(number: u64, message: &str, files: &[&str]) -> Value {
    let parents: Vec<String> = if number > 0 { vec![sha(number - 1)] } else { Vec::new() };
    json!({"sha": sha(number), "parents": parents, "date": format!("2024-03-{:02}T10:00:00Z", number % 28 + 1), "author": "Ada L.", "message": message, "files": files, "n_files": files.len()})
}

/// The SHA of the `number`th commit.
pub fn sha(number: u64) -> String {
    format!(
        "{:016x}{number:024x}",
        number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// Two issues, and commits of which one merges a pull request that names the first, imported as `pay` and `api`.
///
/// # Panics
/// When they cannot be written or imported.
pub fn world() -> Neurosync {
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

/// The keys of a search's results, in order.
pub fn keys(answer: &Value) -> Vec<&str> {
    answer["results"]
        .as_array()
        .map(|results| results.iter().filter_map(|result| result["key"].as_str()).collect())
        .unwrap_or_default()
}
