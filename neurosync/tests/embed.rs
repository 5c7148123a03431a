//! The embedding job over the binary: lines in, vectors out, with a small random model.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../embed/tests/fixtures/parity/bert-mean");

/// The digits of a commit: the files that are given need no other.
const NAME: &str = "[model]\nname = \"hf:parity/bert-mean@0123456789012345678901234567890123456789\"\n";

fn run(arguments: &[&str], input: &str) -> Output {
    let data = tempfile::tempdir().expect("a folder");
    std::fs::write(data.path().join("neurosync.toml"), NAME).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_neurosync"))
        .arg("--data")
        .arg(data.path())
        .args(["--model-dir", MODEL, "embed"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn length(vector: &Value) -> f64 {
    let numbers = vector.as_array().expect("a vector").iter();
    numbers
        .map(|x| x.as_f64().expect("a number").powi(2))
        .sum::<f64>()
        .sqrt()
}

#[test]
fn each_line_gets_its_vector_in_order_and_bad_ones_say_why() {
    let input =
        "{\"id\": \"a\", \"text\": \"the fox\"}\nnot JSON\n{\"text\": \"the fox\"}\n{\"id\": 9, \"text\": \"a dog\"}";
    let output = run(&[], input);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let lines = lines(&output.stdout);
    let ids: Vec<_> = lines.iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!("a"), json!(2), json!(3), json!(9)]);
    assert!(lines[1]["error"].as_str().is_some_and(|reason| reason.contains("text")));
    assert!((length(&lines[0]["vector"]) - 1.0).abs() < 1e-5);
    assert_eq!(lines[0]["vector"], lines[2]["vector"]);
    assert_ne!(lines[0]["vector"], lines[3]["vector"]);
    assert!(error.contains("left out"), "{error}");
}

#[test]
fn a_file_gets_the_vectors_and_standard_output_the_summary() {
    let folder = tempfile::tempdir().expect("a folder");
    let (texts, vectors) = (folder.path().join("texts.txt"), folder.path().join("vectors.jsonl"));
    std::fs::write(&texts, "one\ntwo\n").expect("a file");
    let paths = [texts.display().to_string(), vectors.display().to_string()];
    let output = run(&["--json", "--plain", &paths[0], "-o", &paths[1]], "");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (summary["texts"].clone(), summary["device"].clone()),
        (json!(2), json!("cpu"))
    );
    assert_eq!(lines(&std::fs::read(&vectors).expect("vectors")).len(), 2);
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_gpu_that_is_not_there_is_told_and_the_cpu_used() {
    let output = run(&["--device", "cuda"], "{\"text\": \"fox\"}\n");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), lines(&output.stdout).len()),
        (Some(0), 1),
        "{error}"
    );
    assert!(
        error.contains("without CUDA") && error.contains("the CPU is used instead"),
        "{error}"
    );
}

#[test]
fn when_no_line_can_be_read_the_job_fails_and_says_what_is_wanted() {
    let output = run(&[], "one\ntwo\n");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("none of 2 lines") && error.contains("--plain"),
        "{error}"
    );
}
