//! The providers' own examples of their answers and webhooks, read by the connectors.
//!
//! They are not ours to copy: these tests read the folder that `NEUROSYNC_SPECS` names, laid out as `specs/extract.py` says, with
//! GitHub's webhooks in `github/webhooks-examples.json` and Slack's samples in `slack/samples`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::secret::Secret;
use connectors::webhook::{Delivery, Sender, receive};
use domain::{DocumentKind, Timestamp};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};
use testkit::provider::{Limits, Provider};
use tokio::net::{TcpListener, TcpStream};

use super::server::{self, Asked};
use super::table::Table;
use crate::four::{beside, start};
use crate::simulated::Held;

const SECRET: &str = "a secret of the tests";

/// A file of the folder.
fn file(name: &str) -> Value {
    let folder = std::env::var_os("NEUROSYNC_SPECS").expect("NEUROSYNC_SPECS names the folder of the descriptions");
    let path = PathBuf::from(folder).join(name);
    let bytes = std::fs::read(path).expect(name);
    serde_json::from_slice(&bytes).expect(name)
}

/// What the official descriptions give as the answers of the operations that the connectors use.
struct Examples {
    table: Table,
    github: Value,
    jira: Value,
}

impl Examples {
    fn read() -> Self {
        Self {
            table: Table::read(),
            github: file("github/api.github.com.subset.json"),
            jira: file("jira/jira-cloud-platform-v3.subset.json"),
        }
    }

    /// The example of an answer to a request; none where none is given.
    fn answer(&self, provider: Provider, asked: &Asked) -> Option<Value> {
        let path = self.table.template(provider, &asked.method, asked.path())?;
        let content = |spec: &Value| {
            let answers = &spec["paths"][&path][asked.method.to_lowercase()]["responses"]["200"];
            answers["content"]["application/json"].clone()
        };
        match provider {
            Provider::GitHub => {
                let content = content(&self.github);
                let (_, first) = content["examples"].as_object()?.iter().next()?;
                let name = first["$ref"].as_str()?.rsplit('/').next()?;
                Some(self.github["components"]["examples"][name]["value"].clone())
            }
            Provider::Jira => content(&self.jira)
                .get("example")
                .cloned()
                .map(|answer| first_page(asked, answer)),
            Provider::Slack => {
                let mut sample = file(&format!("slack/samples{path}.json"));
                // Samples show all fields that there are, those of a refusal too.
                (sample["ok"], sample["error"]) = (json!(true), Value::Null);
                // And those of a bot beside those of a person, who reads every public channel.
                if let Some(fields) = sample.as_object_mut() {
                    fields.remove("bot_id");
                }
                Some(sample)
            }
            Provider::Confluence => None,
        }
    }
}

/// Examples show the first page of a list: what is asked for after it is empty.
fn first_page(asked: &Asked, mut answer: Value) -> Value {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let after = asked.target.contains("startAt=") && !asked.target.contains("startAt=0");
    if let Some(rows) = answer.as_array_mut().filter(|_| after) {
        rows.clear();
    }
    if let Some(fields) = answer.as_object_mut().filter(|_| !body["nextPageToken"].is_null()) {
        fields.remove("nextPageToken");
    }
    answer
}

/// Give the examples to whoever asks, under the address of a server.
async fn serve(provider: Provider, examples: Arc<Examples>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("somebody asks");
            give(stream, provider, &examples).await;
        }
    });
    address
}

async fn give(mut stream: TcpStream, provider: Provider, examples: &Examples) {
    let Some(asked) = server::read(&mut stream).await else {
        return;
    };
    match examples.answer(provider, &asked) {
        Some(body) => server::answer(stream, 200, &body).await,
        None => server::answer(stream, 404, &json!({ "message": "Not Found" })).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
async fn official_examples_of_answers_become_documents() {
    let examples = Arc::new(Examples::read());
    for (provider, expected) in [
        (
            Provider::GitHub,
            vec![
                DocumentKind::Repository,
                DocumentKind::PullRequest,
                DocumentKind::Review,
                DocumentKind::Comment,
                DocumentKind::Release,
            ],
        ),
        (Provider::Jira, vec![DocumentKind::Project, DocumentKind::Issue]),
        (Provider::Slack, vec![DocumentKind::Channel, DocumentKind::Thread]),
    ] {
        let simulators = start(1, 100, Limits::none()).await;
        let address = serve(provider, Arc::clone(&examples)).await;
        let connector = beside(provider, &simulators, &address, "token");
        let mut held = Held::default();
        held.sync(&*connector, &simulators).await;
        assert_eq!(held.rejected, Vec::<String>::new(), "{provider:?}");
        let kinds: BTreeSet<DocumentKind> = held.documents.values().map(|one| one.kind).collect();
        for kind in expected {
            assert!(kinds.contains(&kind), "{provider:?}: {kind:?} is not one of {kinds:?}");
        }
        assert!(!held.accounts.is_empty(), "{provider:?}: people are known");
    }
}

fn signed(text: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), text);
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text takes more");
        text
    })
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_webhooks_of_github_are_taken_in() {
    let events = file("github/webhooks-examples.json");
    let mut count = 0;
    for event in events.as_array().expect("events") {
        for example in event["examples"].as_array().expect("examples") {
            let body = example.to_string();
            let signature = format!("sha256={}", signed(body.as_bytes()));
            let header = |name: &str| match name {
                "x-hub-signature-256" => Some(signature.as_str()),
                "x-github-delivery" => Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
                _ => None,
            };
            let taken = receive(
                Sender::GitHub,
                &Secret::new(SECRET),
                (header, body.as_bytes()),
                Timestamp(0),
            );
            assert!(matches!(taken, Ok(Delivery::Event { .. })), "{}", event["name"]);
            count += 1;
        }
    }
    assert!(count > 300, "{count} examples");
}

#[test]
#[ignore = "reads the folder that NEUROSYNC_SPECS names"]
fn official_events_of_slack_are_taken_in() {
    let folder = std::env::var_os("NEUROSYNC_SPECS").expect("NEUROSYNC_SPECS names the folder of the descriptions");
    let folder = PathBuf::from(folder).join("slack/samples/events");
    let (now, mut count) = (1_700_000_000, 0);
    for entry in std::fs::read_dir(folder).expect("samples") {
        let name = entry.expect("a sample").file_name().to_string_lossy().into_owned();
        let mut sample = file(&format!("slack/samples/events/{name}"));
        // Samples leave texts empty; a delivery has a type and an id.
        (sample["type"], sample["event_id"]) = (json!("event_callback"), json!("Ev08MFMKH6"));
        let body = sample.to_string();
        let signature = format!("v0={}", signed(format!("v0:{now}:{body}").as_bytes()));
        let time = now.to_string();
        let header = |name: &str| match name {
            "x-slack-request-timestamp" => Some(time.as_str()),
            "x-slack-signature" => Some(signature.as_str()),
            _ => None,
        };
        let taken = receive(
            Sender::Slack,
            &Secret::new(SECRET),
            (header, body.as_bytes()),
            Timestamp(now * 1000),
        );
        assert!(matches!(taken, Ok(Delivery::Event { .. })), "{name}: {taken:?}");
        count += 1;
    }
    assert!(count > 80, "{count} samples");
}
