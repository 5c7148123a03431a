//! What is deleted at a provider is gone here with its webhook: the provider is asked for just that, and the index and graph follow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use neurosync_tests::providers::{configured, connect_all, redirect, simulators_of};
use neurosync_tests::{Server, tell};
use testkit::provider::{Changed, Delivery, Mutation, Provider, Secrets, Settings, Simulators};
use tokio::task::block_in_place;

/// How long after a webhook something may still be found.
const LIMIT: Duration = Duration::from_mins(1);
/// Requests that one deletion may cost at its provider.
const REQUESTS: usize = 14;

fn source(provider: Provider) -> &'static str {
    match provider {
        Provider::GitHub => "github",
        Provider::Jira => "jira",
        Provider::Confluence => "confluence",
        Provider::Slack => "slack",
    }
}

/// Post a delivery as its provider does; the status.
fn post(server: &Server, delivery: &Delivery) -> u16 {
    let headers = delivery
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers = headers.collect::<Vec<_>>().concat();
    let (provider, body) = (source(delivery.provider), String::from_utf8_lossy(&delivery.body));
    let request = format!(
        "POST /v1/webhooks/{provider}/{provider} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address(),
        body.len()
    );
    server.raw(&request).status
}

/// The keys of all documents of a source, by its own count of them: what the provider still has.
fn there(simulators: &Simulators, provider: Provider) -> BTreeSet<String> {
    simulators.world().readable(provider, 0).into_iter().collect()
}

/// The key of something as it is stored: sites have their hosts for names.
fn stored(key: &str) -> String {
    key.replacen("jira:acme/", "jira:acme.atlassian.net/", 1)
}

/// How often Jira was asked for webhooks by a method.
fn made(simulators: &Simulators, method: &str) -> usize {
    let log = simulators.log();
    let own = log
        .entries
        .iter()
        .filter(|one| one.method == method && one.path.contains("/rest/api/3/webhook"));
    own.count()
}

fn exists(server: &Server, key: &str) -> bool {
    let key = key
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect::<Vec<_>>()
        .concat();
    let answer = server.get(&format!("/v1/entities/{key}"), None);
    answer.status == 200
        && answer.json()["documents"]
            .as_array()
            .is_some_and(|found| !found.is_empty())
}

/// Delete something that has a document of its own here; its key, and what tells of it.
fn delete(simulators: &Simulators, server: &Server, provider: Provider) -> (String, Changed) {
    for _ in 0..100 {
        let before = there(simulators, provider);
        let Some(changed) = simulators.mutate_as(Mutation::Delete(provider)) else {
            continue;
        };
        let after = there(simulators, provider);
        let gone = before
            .difference(&after)
            .map(|key| stored(key))
            .find(|key| exists(server, key));
        if let Some(key) = gone {
            return (key, changed);
        }
    }
    unreachable!("nothing was deleted at {provider:?}");
}

/// Slack's signatures hold for five minutes, Jira's for three: their clock has to go as this machine's does.
fn catch_up(simulators: &Simulators) {
    let file = tempfile::tempfile().and_then(|file| file.metadata()?.modified());
    let now = file
        .expect("a date")
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let behind = now.as_millis().saturating_sub(simulators.now().unsigned_abs().into());
    simulators.advance(Duration::from_millis(behind.try_into().expect("not so far behind")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_counts_with_its_webhook() {
    let redirect = redirect();
    let settings = Settings {
        token_life: Some(Duration::from_hours(24 * 365 * 2)),
        ..Settings::default()
    };
    let simulators = simulators_of(&redirect, settings).await;
    let neurosync = configured(&simulators, &redirect);
    block_in_place(|| {
        connect_all(&neurosync, &simulators);
        neurosync.json(&["sync"]);
        let secrets = Secrets::default();
        for (source, secret) in [("github", &secrets.github), ("slack", &secrets.slack)] {
            neurosync.keep_webhook(source, secret);
        }
        // Jira makes its webhooks itself, signed by the app.
        let set = ["source", "webhook", "jira", "--address", "https://sync.acme.example"];
        let place = neurosync.json(&set)["address"].clone();
        assert_eq!(place, "https://sync.acme.example/v1/webhooks/jira/jira");
        neurosync.json(&["sync", "jira"]);
        assert_eq!(made(&simulators, "POST"), 1, "it is registered");
        assert!(
            neurosync
                .fails(&["source", "webhook", "slack", "--address", "https://x.example"])
                .1
                .contains("only Jira")
        );
        let server = neurosync.serve();
        for provider in [Provider::GitHub, Provider::Slack, Provider::Jira] {
            let (key, changed) = delete(&simulators, &server, provider);
            if provider != Provider::GitHub {
                catch_up(&simulators);
            }
            let asked = simulators.log().count(provider);
            let deliveries = simulators.deliveries(&changed, &secrets);
            let last = deliveries.last().expect("a delivery");
            if provider == Provider::Jira {
                assert_eq!(post(&server, &deliveries[0]), 403, "nobody set that secret");
            }
            assert!(matches!(post(&server, last), 200 | 202), "{provider:?}");
            let told = Instant::now();
            while exists(&server, &key) {
                assert!(told.elapsed() < LIMIT, "{key} is still there");
            }
            let asked = simulators.log().count(provider) - asked;
            tell(&format!(
                "{provider:?}: {key} is gone after {:?} and {asked} requests",
                told.elapsed()
            ));
            assert!(asked <= REQUESTS, "{provider:?}: {asked} requests");
        }
    });
}
