//! What people read on a terminal: other people's data never makes the terminal do anything.

use std::fs;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{issue, json_lines};

/// Clear the screen, a colour by C1, bell, backspace, text turned around by an override and by an isolate.
const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{7}\u{8}\u{202e}\u{2066}end";

fn world() -> Neurosync {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let mut hostile = issue(
        "PAY-1",
        &format!("Retry{HOSTILE}"),
        &format!("First line{HOSTILE}\n\tindented, see PAY-2\r\nlast line"),
    );
    hostile["fields"]["status"]["name"] = format!("Open{HOSTILE}").into();
    let mut lines = vec![hostile, issue("PAY-2", "Other", &format!("{HOSTILE} PAY-1"))];
    lines.push(serde_json::json!({"key": format!("PAY{HOSTILE}"), "fields": 1}));
    json_lines(&dir, "PAY.jsonl", &lines);
    neurosync.json(&["source", "import", "jira", "pay", &dir.display().to_string()]);
    neurosync
}

fn assert_harmless(what: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let obeyed: Vec<char> = text
        .chars()
        .filter(|c| {
            c.is_control() && !"\n\t".contains(*c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect();
    assert!(obeyed.is_empty(), "{what} prints {obeyed:?}:\n{text}");
    text
}

#[test]
fn no_answer_prints_what_a_terminal_obeys() {
    let neurosync = world();
    let commands: [&[&str]; 7] = [
        &["search", "retry"],
        &["show", "PAY-1"],
        &["show", "PAY-2"],
        &["neighbors", "PAY-1"],
        &["path", "PAY-1", "PAY-2"],
        &["source", "list"],
        &["source", "report", "pay"],
    ];
    for command in commands {
        let output = neurosync.run(command);
        assert!(output.status.success(), "{command:?}");
        assert_harmless(&format!("{command:?}"), &output.stdout);
        assert_harmless(&format!("{command:?}"), &output.stderr);
    }
    let shown = neurosync.run(&["show", "PAY-1"]);
    let shown = assert_harmless("show", &shown.stdout);
    assert!(
        shown.contains("\n\tindented") && shown.contains('\u{fffd}') && shown.contains("last line"),
        "{shown}"
    );
}

#[test]
fn an_error_prints_no_such_thing_either() {
    let neurosync = Neurosync::default();
    let missing = neurosync.data().join(format!("no{HOSTILE}"));
    let commands = [
        vec!["show".to_owned(), HOSTILE.to_owned()],
        ["source", "import", "jira", "pay", &missing.display().to_string()]
            .map(str::to_owned)
            .to_vec(),
    ];
    for command in commands {
        let output = neurosync.run(&command.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!output.status.success());
        assert_harmless(&format!("{command:?}"), &output.stderr);
    }
}

#[test]
fn a_file_name_is_shown_and_not_obeyed() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("wiki");
    fs::create_dir_all(&dir).expect("folder");
    fs::write(
        dir.join("e\u{1b}[31mx.md"),
        "# Runbook\n\nWhat to do when payments fail.",
    )
    .expect("page");
    let imported = neurosync.run(&["source", "import", "wiki", "docs", &dir.display().to_string()]);
    assert_harmless("import", &imported.stdout);
    let found = neurosync.run(&["search", "what to do when payments fail"]);
    assert!(assert_harmless("search", &found.stdout).contains("Runbook"));
}

#[test]
fn json_stays_exact() {
    let neurosync = world();
    let answer = neurosync.json(&["show", "PAY-1"]);
    assert_eq!(answer["documents"][0]["title"], format!("Retry{HOSTILE}"));
}
