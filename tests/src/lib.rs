//! Driving the real binary: runs of commands, a running server, and a plain HTTP client.

#![expect(clippy::panic, reason = "a helper of tests fails the test that uses it")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub mod echo;
pub mod fixtures;
pub mod leaks;
pub mod providers;

/// The binary built beside the tests.
///
/// # Panics
/// When it is not there: `cargo test --workspace` builds it.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let path = test
        .ancestors()
        .nth(2)
        .expect("target/debug/deps/test")
        .join("neurosync");
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build -p neurosync` or `cargo test --workspace`",
        path.display()
    );
    path
}

/// A data folder of its own and the commands run on it.
pub struct Neurosync {
    data: PathBuf,
    _scratch: Option<tempfile::TempDir>,
}

impl Default for Neurosync {
    fn default() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        Self {
            data: scratch.path().join("data"),
            _scratch: Some(scratch),
        }
    }
}

impl Neurosync {
    /// One that works on a folder of the caller's.
    pub fn at(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            _scratch: None,
        }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A command line on this data folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("--data")
            .arg(&self.data)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Run a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Run a command that must succeed, and give its JSON.
    ///
    /// # Panics
    /// When it fails, showing what it printed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        assert!(
            output.status.success(),
            "{arguments:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!(
                "{arguments:?} printed no JSON ({error}):\n{}",
                String::from_utf8_lossy(&output.stdout)
            )
        })
    }

    /// Run a command that must fail, and give its exit code and what it wrote to standard error.
    ///
    /// # Panics
    /// When it succeeds.
    pub fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(
            !output.status.success(),
            "{arguments:?} succeeded:\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// Keep the secret of a source's webhooks.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn keep_webhook(&self, source: &str, secret: &str) {
        let mut command = self.command(&["source", "webhook", source]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(secret.as_bytes()).expect("it reads");
        drop(stdin);
        assert!(child.wait().expect("it ends").success(), "{source}");
    }

    /// The SHA-256 of the export.
    pub fn hash(&self) -> String {
        self.json(&["export", "--hash"])["sha256"]
            .as_str()
            .expect("a hash")
            .to_owned()
    }

    /// Check that two data folders hold the same.
    ///
    /// # Panics
    /// When they do not, showing lines of either export that the other lacks.
    pub fn assert_same(&self, other: &Self, why: &str) {
        if self.hash() == other.hash() {
            return;
        }
        let lines = |one: &Self| -> BTreeSet<String> {
            let output = one.run(&["export"]);
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .map(str::to_owned)
                .collect()
        };
        let (own, others) = (lines(self), lines(other));
        let some = |lines: Vec<&String>| -> String {
            let cut = lines
                .iter()
                .take(8)
                .map(|line| line.chars().take(600).collect::<String>());
            cut.collect::<Vec<_>>().join("\n")
        };
        let (more, less) = (
            some(own.difference(&others).collect()),
            some(others.difference(&own).collect()),
        );
        panic!("{why}\ntoo much:\n{more}\ntoo little:\n{less}");
    }

    /// Serve on a free port until dropped.
    ///
    /// # Panics
    /// When it does not start.
    pub fn serve(&self) -> Server {
        self.serve_at("127.0.0.1:0", &[], Stdio::inherit())
    }

    /// The same on a port that was chosen, with more flags, and its log to a place of the caller's.
    ///
    /// # Panics
    /// When it does not start.
    pub fn serve_at(&self, address: &str, flags: &[&str], log: Stdio) -> Server {
        let mut child = self
            .command(&[&["--json", "serve", "--listen", address], flags].concat())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut told = String::new();
        let out = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(out).lines();
        while serde_json::from_str::<Value>(&told).is_err() {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("the server ended before it listened"))
                .expect("UTF-8");
            told.push_str(&line);
        }
        let told: Value = serde_json::from_str(&told).expect("checked above");
        let address = told["listening"]
            .as_str()
            .and_then(|url| url.strip_prefix("http://"))
            .expect("an address")
            .to_owned();
        Server { child, address }
    }
}

/// A running server; asked to stop when dropped.
pub struct Server {
    child: Child,
    address: String,
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header, without the date.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.body))
    }
}

impl Server {
    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// GET a path, with an API key if there is one.
    pub fn get(&self, path: &str, key: Option<&str>) -> Answer {
        let key = key
            .map(|key| format!("Authorization: Bearer {key}\r\n"))
            .unwrap_or_default();
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{key}Connection: close\r\n\r\n",
            self.address
        ))
    }

    /// POST JSON to a path.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.raw(&format!("POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", self.address, body.len()))
    }

    /// Send a request as it is.
    ///
    /// # Panics
    /// When the server cannot be reached or answers no HTTP.
    pub fn raw(&self, request: &str) -> Answer {
        send(&self.address, request)
    }
}

/// Send a request as it is to `host:port`.
///
/// # Panics
/// When nobody listens there or answers no HTTP.
pub fn send(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("the server answers");
    let response = String::from_utf8_lossy(&response).into_owned();
    let (head, body) = response
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP: {response}"));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status: {head}"));
    let head: String = head
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("date:"))
        .collect::<Vec<_>>()
        .join("\n");
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    Answer {
        status,
        body: if chunked { dechunk(body) } else { body.to_owned() },
        head,
    }
}

/// Tell a figure to whoever reads a test's output.
///
/// # Panics
/// When standard error is closed.
pub fn tell(figure: &str) {
    writeln!(std::io::stderr(), "{figure}").expect("standard error");
}

fn dechunk(body: &str) -> String {
    let (mut out, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(part) = after.get(..size).filter(|_| size > 0) else {
            break;
        };
        out.push_str(part);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    out
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever became of it, nothing may be left running.
        let _stopped = self.child.kill();
        let _reaped = self.child.wait();
    }
}
