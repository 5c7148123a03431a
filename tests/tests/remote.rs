//! Remote repositories: each source has a clone of its own, goes on with it after a kill, and leaves none behind.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use neurosync_tests::Neurosync;

/// Commits of a repository: more than one page.
const COMMITS: usize = 1200;

/// A bare repository whose every commit, file and tag names it.
fn repository(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    };
    let made = git(&["init", "--quiet", "--bare", "--initial-branch=main"])
        .arg(&path)
        .status();
    assert!(made.expect("git runs").success());
    let mut stream = String::new();
    for number in 0..COMMITS {
        let message = format!("{name} commit {number}");
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter Ada <ada@acme.example> {} +0000\ndata {}\n{message}",
            1_700_000_000 + number,
            message.len()
        )
        .expect("a string takes anything");
        let text = format!("Only in {name}\n");
        if number == 0 {
            write!(stream, "M 644 inline {name}.md\ndata {}\n{text}", text.len()).expect("a string takes anything");
        }
    }
    writeln!(stream, "reset refs/tags/of-{name}\nfrom refs/heads/main\n").expect("a string takes anything");
    let mut import = git(&["fast-import", "--quiet"])
        .current_dir(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut input = import.stdin.take().expect("piped");
    input.write_all(stream.as_bytes()).expect("git reads");
    drop(input);
    assert!(import.wait().expect("git ends").success());
    path
}

fn url(repository: &Path) -> String {
    format!("file://{}", repository.display())
}

/// Documents by kind, and the titles of all commits, files and tags.
fn content(neurosync: &Neurosync, source: &str) -> (String, String) {
    let report = neurosync.json(&["source", "report", source]);
    let export = neurosync.run(&["export"]);
    let of_source = format!("\"source\":\"{source}\"");
    let text = String::from_utf8(export.stdout).expect("UTF-8");
    let documents = text
        .lines()
        .filter(|line| line.contains("\"type\":\"document\"") && line.contains(&of_source));
    (report["source"]["documents"].to_string(), documents.collect())
}

#[test]
fn two_remote_repositories_stay_apart_through_a_kill() {
    let scratch = tempfile::tempdir().expect("folder");
    let (alpha, beta) = (repository(scratch.path(), "alpha"), repository(scratch.path(), "beta"));
    let neurosync = Neurosync::default();
    neurosync.json(&["source", "add", "git", "alpha", &url(&alpha)]);
    // Killed as soon as it cloned; wherever in its run that is, the next run must go on rightly.
    let mut child = neurosync
        .command(&["sync"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let clone = neurosync.data().join("clones/alpha");
    while !clone.join("packed-refs").exists() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("a child");
    child.wait().expect("a child");

    neurosync.json(&["source", "import", "git", "beta", &url(&beta)]);
    neurosync.json(&["sync"]);
    let expected = format!("{{\"commit\":{COMMITS},\"file\":1,\"release\":1,\"repository\":1}}");
    for (own, other) in [("alpha", "beta"), ("beta", "alpha")] {
        let (counts, documents) = content(&neurosync, own);
        assert_eq!(counts, expected, "{own}");
        assert!(
            documents.contains(own) && !documents.contains(other),
            "{own} holds what is {other}'s"
        );
    }
}

#[test]
fn a_removed_source_leaves_no_clone_and_another_of_its_name_inherits_nothing() {
    let scratch = tempfile::tempdir().expect("folder");
    let (alpha, beta) = (repository(scratch.path(), "alpha"), repository(scratch.path(), "beta"));
    let neurosync = Neurosync::default();
    neurosync.json(&["source", "import", "git", "code", &url(&alpha)]);
    let clone = neurosync.data().join("clones/code");
    assert!(clone.join("HEAD").exists());
    neurosync.json(&["source", "remove", "code"]);
    assert!(!clone.exists());
    neurosync.json(&["source", "import", "git", "code", &url(&beta)]);
    let (_, documents) = content(&neurosync, "code");
    assert!(documents.contains("beta") && !documents.contains("alpha"));
    // The same source with another location is read anew, from another clone.
    neurosync.json(&["source", "import", "git", "code", &url(&alpha)]);
    let (_, documents) = content(&neurosync, "code");
    assert!(documents.contains("alpha") && !documents.contains("beta"));
}
