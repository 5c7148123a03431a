//! Webhooks and the schedule over the real server: a genuine delivery makes its source read at once, nothing else does.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use neurosync_tests::{Neurosync, Server};

const SECRET: &str = "It's a Secret to Everybody";
/// The signature of `Hello, World!` by that secret, as GitHub documents it.
const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn git(repository: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(repository)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]);
    let status = command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").status();
    assert!(status.expect("git runs").success(), "{arguments:?}");
}

fn commit(repository: &Path, subject: &str) {
    git(repository, &["commit", "--quiet", "--allow-empty", "-m", subject]);
}

/// A server over one repository that is synced by nobody.
fn world(folder: &Path, schedule: &str) -> Neurosync {
    let repository = folder.join("repository");
    std::fs::create_dir(&repository).expect("a folder");
    git(&repository, &["init", "--quiet", "--initial-branch=main"]);
    commit(&repository, "Retry the payment");
    let neurosync = Neurosync::at(&folder.join("data"));
    std::fs::create_dir_all(neurosync.data()).expect("a folder");
    let text = format!("[keys]\nfile = {:?}\n", folder.join("key").display().to_string());
    std::fs::write(neurosync.data().join("neurosync.toml"), text).expect("a file");
    let path = repository.display().to_string();
    neurosync.json(&[
        "source",
        "import",
        "git",
        "code",
        &path,
        "--repository",
        "acme/api",
        "--schedule",
        schedule,
    ]);
    neurosync
}

fn set_secret(neurosync: &Neurosync, source: &str) -> Option<i32> {
    let mut command = neurosync.command(&["source", "webhook", source]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(SECRET.as_bytes())
        .expect("it reads");
    child.wait().expect("it ends").code()
}

/// The status of a delivery of `Hello, World!`.
fn deliver(server: &Server, place: &str, signature: &str) -> u16 {
    let request = format!(
        "POST /v1/webhooks/{place} HTTP/1.1\r\nHost: {}\r\nX-Hub-Signature-256: {signature}\r\nX-GitHub-Delivery: d1\r\n\
         Content-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!",
        server.address()
    );
    server.raw(&request).status
}

/// Ask until something is found; each question is an answer of the server's, so that nothing waits for nothing.
fn found(server: &Server, query: &str) -> bool {
    (0..2000).any(|_| {
        let answer = server.get(&format!("/v1/search?q={query}"), None).json();
        answer["results"].as_array().is_some_and(|results| {
            results
                .iter()
                .any(|result| result["title"].as_str().is_some_and(|title| title.contains("ledger")))
        })
    })
}

#[test]
fn a_genuine_delivery_has_its_source_read_and_others_are_refused_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let neurosync = world(folder.path(), "never");
    assert_eq!(set_secret(&neurosync, "code"), Some(0));
    assert_eq!(set_secret(&neurosync, "other"), Some(3));
    let server = neurosync.serve();
    commit(&folder.path().join("repository"), "Reconcile the ledger");
    let wrong = SIGNATURE.replace("757107", "757108");
    for (place, signature) in [
        ("github/code", wrong.as_str()),
        ("github/other", SIGNATURE),
        ("gitlab/code", SIGNATURE),
        ("slack/code", SIGNATURE),
        ("jira/code", SIGNATURE),
    ] {
        assert_eq!(deliver(&server, place, signature), 403, "{place}");
    }
    assert_eq!(deliver(&server, "github/code", SIGNATURE), 202);
    assert!(found(&server, "reconcile+ledger"), "the commit is not found");
    // The same once more is taken and changes nothing.
    assert_eq!(deliver(&server, "github/code", SIGNATURE), 202);
}

#[test]
fn a_schedule_is_checked_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let neurosync = world(folder.path(), "0 3 * * 1-5");
    let listed = neurosync.json(&["source", "list"]);
    assert_eq!(listed["sources"][0]["source"]["settings"]["schedule"], "0 3 * * 1-5");
    let (code, error) = neurosync.fails(&["source", "add", "git", "code", ".", "--schedule", "often"]);
    assert!(
        code == 2 && error.contains("`often`") && error.contains("15m"),
        "{error}"
    );
}
