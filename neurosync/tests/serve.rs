//! A server over a data folder whose projections lag behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use neurosync::app::App;
use neurosync::cli::Cli;
use neurosync::config::{Config, Environment};
use serde_json::Value;

/// A running server, stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever became of it, nothing may be left running.
        let _stopped = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_neurosync"))
            .arg("--data")
            .arg(data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut told = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut told)
            .expect("UTF-8");
        let (_, rest) = told.split_once("http://").expect("an address");
        let address = rest.split_whitespace().next().expect("an address").to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

fn forget_projections(data: &Path) {
    let data = data.display().to_string();
    let cli = Cli::try_parse_from(["neurosync", "--data", &data, "rebuild"]).expect("a command line");
    let environment = Environment::read();
    let config = Config::load(&cli, &environment).expect("a configuration");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let app = runtime.block_on(App::open_without_projections(config, &environment));
    drop(app.expect("an open folder"));
}

#[test]
fn what_an_earlier_run_left_undone_is_done_when_the_server_starts() {
    let scratch = tempfile::tempdir().expect("folder");
    let (data, pages) = (scratch.path().join("data"), scratch.path().join("pages"));
    std::fs::create_dir(&pages).expect("folder");
    std::fs::write(pages.join("runbook.md"), "# Runbook\n\nWhat to do when payments fail.").expect("page");
    let imported = Command::new(env!("CARGO_BIN_EXE_neurosync"))
        .arg("--data")
        .arg(&data)
        .args(["source", "import", "wiki", "docs"])
        .arg(&pages)
        .output()
        .expect("the binary starts");
    assert!(
        imported.status.success(),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    forget_projections(&data);

    let server = Server::start(&data);
    let deadline = Instant::now() + Duration::from_mins(1);
    let behind = |sources: &Value| {
        let source = &sources["sources"][0];
        let positions = source["positions"].as_object().expect("positions");
        positions.values().any(|position| *position != source["revision"])
    };
    while behind(&server.get("/v1/sources")) {
        assert!(Instant::now() < deadline, "the projections still lag");
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = server.get("/v1/search?q=what+to+do+when+payments+fail");
    assert_eq!(found["results"][0]["title"], "Runbook", "{found}");
}
