//! Secrets in every place where one is kept are in nothing that the program writes or answers, whatever goes wrong with them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use neurosync_tests::Neurosync;
use neurosync_tests::echo::Echo;
use neurosync_tests::leaks::Leaks;
use neurosync_tests::providers::{browse, configured, redirect, simulators, site};
use testkit::provider::{Application, Provider, Simulators};
use tokio::task::block_in_place;

/// Tokens by hand, by what they are connected as.
const TOKENS: [(&str, &str, &str); 3] = [
    ("github", "mine", "ghp_CanaryOfThePersonalToken0123456789"),
    ("jira", "desk", "ATATT3xCanary/OfTheApiToken+0123456789=AB"),
    ("slack", "bot", "xoxb-1000-Canary-OfTheBotToken0123456789"),
];
/// What somebody asks the server by, and a wrong one.
const KEYS: [&str; 2] = ["canary-of-the-key-to-the-api-01", "canary-of-a-key-that-is-wrong-1"];
/// SHA-256 of the first.
const KEY_HASH: &str = "53c81cb4b1e720a971cd4c5efeab1e7b7401446e08fb201131679070b84ec351";
/// Secrets of webhooks, by source.
const WEBHOOKS: [(&str, &str); 3] = [
    ("github", "canary-of-a-webhook-at-github"),
    ("jira", "canary-of-a-webhook-at-jira-01"),
    ("slack", "canary-of-a-webhook-at-slack-1"),
];

/// The program, and all that it ever said.
struct Witness {
    neurosync: Neurosync,
    said: Vec<u8>,
}

impl Witness {
    fn spawn(&self, arguments: &[&str]) -> std::process::Child {
        let mut command: Command = self.neurosync.command(&[&["-vvv"], arguments].concat());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the binary starts")
    }

    /// Run a command to its end, well or not.
    fn run(&mut self, arguments: &[&str], input: &str) -> bool {
        let mut child = self.spawn(arguments);
        let mut stdin = child.stdin.take().expect("piped");
        // A command that reads nothing may have ended by now.
        stdin.write_all(input.as_bytes()).ok();
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        self.said.extend([output.stdout, output.stderr].concat());
        output.status.success()
    }

    /// Connect by consent in a browser.
    fn consent(&mut self, service: &str) {
        let mut child = self.spawn(&["connect", service]);
        let mut errors = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.trim_start().starts_with("http://") {
            line.clear();
            assert!(
                errors.read_line(&mut line).expect("text") > 0,
                "it ended before it asked"
            );
            self.said.extend(line.bytes());
        }
        browse(line.trim());
        errors.read_to_end(&mut self.said).expect("text");
        let output = child.wait_with_output().expect("it ends");
        self.said.extend(output.stdout);
        assert!(output.status.success(), "{service} is not connected");
    }

    /// Lead all that asks a provider to another address.
    fn redirect(&self, places: &[&str], to: &str) {
        let path = self.neurosync.data().join("neurosync.toml");
        let mut text = std::fs::read_to_string(&path).expect("a file");
        for place in places {
            text = text.replace(place, to);
        }
        std::fs::write(path, text).expect("a file");
    }

    fn log(&self) -> std::path::PathBuf {
        self.neurosync.data().with_file_name("server.log")
    }

    /// Ask a server what it answers, and what it refuses to.
    fn serve(&mut self) {
        let log = std::fs::File::create(self.log()).expect("a file");
        let server = self.neurosync.serve_at("127.0.0.1:0", &["-vvv"], Stdio::from(log));
        let mut answers = Vec::new();
        for key in [Some(KEYS[0]), Some(KEYS[1]), None] {
            for path in [
                "/metrics",
                "/v1/search?q=deploy",
                "/v1/sources",
                "/v1/entities/no:such",
                "/nowhere",
            ] {
                answers.push(server.get(path, key));
            }
        }
        for (provider, secret) in WEBHOOKS {
            // Somebody who takes the secret for the signature.
            let request = format!(
                "POST /v1/webhooks/{provider}/{provider} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {secret}\r\n\
                 X-Hub-Signature: {secret}\r\nX-Hub-Signature-256: {secret}\r\nX-Slack-Signature: {secret}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{secret}",
                server.address(),
                secret.len()
            );
            answers.push(server.raw(&request));
        }
        assert!(answers.iter().any(|answer| answer.status == 200) && answers.iter().any(|answer| answer.status == 401));
        answers.push(server.get("/metrics", Some(KEYS[0])));
        let answers = answers.iter().flat_map(|answer| [&answer.head, &answer.body]);
        self.said.extend(answers.flat_map(|text| text.bytes()));
    }
}

/// Every file below a folder.
fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// A data folder in whose configuration every secret has its place.
fn prepared(simulators: &Simulators, redirect: &str) -> Witness {
    let neurosync = configured(simulators, redirect);
    let key = neurosync.data().with_file_name("app.pem");
    std::fs::write(&key, Application::github_key()).expect("a file");
    let path = neurosync.data().join("neurosync.toml");
    let text = std::fs::read_to_string(&path).expect("a file");
    let app = format!(
        "[apps.github]\napp_id = {:?}\nprivate_key_file = {:?}\n",
        Application::GITHUB_APP,
        key.display().to_string()
    );
    let keys = format!("[[server.api_keys]]\nname = \"ada\"\nsha256 = {KEY_HASH:?}\nowner = true\n");
    std::fs::write(path, text.replace("[apps.github]\n", &app) + &keys).expect("a file");
    Witness {
        neurosync,
        said: Vec::new(),
    }
}

/// All that must stay unsaid.
fn secrets(witness: &Witness, simulators: &Simulators) -> Vec<(String, Vec<u8>)> {
    let mut texts: Vec<(String, String)> = Vec::new();
    for (name, app) in [
        ("GitHub", Application::GITHUB),
        ("Atlassian", Application::ATLASSIAN),
        ("Slack", Application::SLACK),
    ] {
        texts.push((format!("{name}'s client secret"), app.client_secret.to_owned()));
    }
    texts.extend(TOKENS.map(|(service, _, token)| (format!("the token for {service}"), token.to_owned())));
    texts.extend(WEBHOOKS.map(|(source, secret)| (format!("the webhook secret of {source}"), secret.to_owned())));
    texts.extend(KEYS.map(|key| (format!("the API key {key}"), key.to_owned())));
    texts.extend(
        simulators
            .every_token()
            .into_iter()
            .map(|token| (format!("the token {token}"), token)),
    );
    let pem = Application::github_key();
    let lines = pem.lines().filter(|line| !line.starts_with('-') && line.len() > 40);
    texts.extend(lines.map(|line| ("a line of the private key".to_owned(), line.to_owned())));
    let key = std::fs::read_to_string(witness.neurosync.data().with_file_name("key")).expect("a file");
    texts.extend(key.lines().map(|line| ("the key file".to_owned(), line.to_owned())));
    let mut secrets: Vec<_> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    let bare = key.lines().map(|line| STANDARD.decode(line).expect("base64"));
    secrets.extend(bare.map(|bytes| ("the key in the key file".to_owned(), bytes)));
    secrets
}

/// Connect in every way that there is, and read what can be read.
fn connect(witness: &mut Witness, simulators: &Simulators) {
    for (service, provider) in [
        ("github", Provider::GitHub),
        ("jira", Provider::Jira),
        ("slack", Provider::Slack),
    ] {
        simulators.sign_in(provider, Some(0));
        witness.consent(service);
    }
    by_hand(witness);
    let installation = Application::GITHUB_INSTALLATION.to_string();
    witness.run(
        &["connect", "github", "--name", "app", "--installation", &installation],
        "",
    );
    add(witness, "http://127.0.0.1:9/");
    for (source, secret) in WEBHOOKS {
        assert!(witness.run(&["source", "webhook", source], secret));
    }
}

/// Keep the tokens by hand.
fn by_hand(witness: &mut Witness) {
    let user: &[&str] = &["--user", "ada@acme.example"];
    for (service, name, token) in TOKENS {
        let more = if service == "jira" { user } else { &[] };
        let arguments = [&["connect", service, "--name", name, "--token"], more].concat();
        assert!(witness.run(&arguments, token), "{service}");
    }
}

/// Add a source of every connection, at wherever the configuration leads to now; the site of the API token is at `desk`.
fn add(witness: &mut Witness, desk: &str) {
    let site = site(&witness.neurosync);
    let (github, slack) = ("https://github.com/", "https://acme.slack.com");
    for (kind, name, place, connection) in [
        ("github", "github", github, "github"),
        ("jira", "jira", site.as_str(), "atlassian"),
        ("confluence", "confluence", site.as_str(), "atlassian"),
        ("slack", "slack", slack, "slack"),
        ("github", "by-hand", github, "mine"),
        ("jira", "by-key", desk, "desk"),
        ("slack", "by-bot", slack, "bot"),
        ("github", "by-app", github, "app"),
    ] {
        assert!(
            witness.run(&["source", "add", kind, name, place, "--connection", connection], ""),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_anything_that_is_written_or_answered() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let echo = Echo::start().await;
    let mut witness = prepared(&simulators, &redirect);
    block_in_place(|| {
        connect(&mut witness, &simulators);
        // The tokens by hand are unknown to their providers.
        assert!(!witness.run(&["sync"], ""));
        witness.serve();
        let places = simulators.addresses();
        witness.redirect(&[&places.github, &places.atlassian, &places.slack], echo.address());
        add(&mut witness, echo.address());
        // Those that were refused are no longer used.
        by_hand(&mut witness);
        for status in [400, 401, 403, 404, 422, 302, 200] {
            echo.answer(status);
            assert!(!witness.run(&["--json", "sync"], ""), "{status}");
        }
        witness.run(&["connect", "github", "--name", "device", "--device-code"], "");
        witness.run(&["export"], "");
        witness.run(&["--json", "doctor"], "");
        witness.run(&["source", "report", "github"], "");
        assert!(witness.run(&["rotate-key"], ""));
        assert!(witness.run(&["connections"], ""));
        for name in ["github", "atlassian", "slack", "mine", "desk", "bot", "app"] {
            witness.run(&["disconnect", name], "");
        }
    });
    let secrets = secrets(&witness, &simulators);
    let leaks = Leaks::of(&secrets);
    // Every kind of secret that goes over the wire was at risk: what was told back is full of them.
    let risked = leaks.find(&echo.heard());
    for name in [
        "GitHub's client secret",
        "Atlassian's client secret",
        "Slack's client secret",
        "the token for github",
        "the token for jira",
        "the token gh",
        "the token xox",
        "the token for slack",
    ] {
        assert!(
            risked.iter().any(|found| found.starts_with(name)),
            "{name} was never at risk: {risked:?}"
        );
    }
    assert_eq!(leaks.find(&witness.said), [].into(), "in what was said");
    let mut paths = vec![witness.log()];
    files(witness.neurosync.data(), &mut paths);
    for path in paths {
        assert_eq!(
            leaks.find(&std::fs::read(&path).expect("a file")),
            [].into(),
            "in {}",
            path.display()
        );
    }
    assert!(witness.said.len() > 10_000, "little was said");
}
