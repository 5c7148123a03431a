//! What is deleted at a provider is gone here with its webhook: the provider is asked for just that, and the index and graph follow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use neurosync_tests::providers::{configured, connect_all, redirect, simulators};
use neurosync_tests::{Server, tell};
use testkit::provider::{Changed, Delivery, Mutation, Provider, Secrets, Simulators};
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

fn exists(server: &Server, key: &str) -> bool {
    let key: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
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

/// Slack's signatures hold for five minutes: its clock has to go as this machine's does.
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
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    block_in_place(|| {
        connect_all(&neurosync, &simulators);
        neurosync.json(&["sync"]);
        let secrets = Secrets::default();
        for (source, secret) in [
            ("github", &secrets.github),
            ("jira", &secrets.jira),
            ("slack", &secrets.slack),
        ] {
            neurosync.keep_webhook(source, secret);
        }
        let server = neurosync.serve();
        for provider in [Provider::GitHub, Provider::Jira, Provider::Slack] {
            let (key, changed) = delete(&simulators, &server, provider);
            if provider == Provider::Slack {
                catch_up(&simulators);
            }
            let asked = simulators.log().count(provider);
            let deliveries = simulators.deliveries(&changed, &secrets);
            assert!(matches!(post(&server, &deliveries[0]), 200 | 202), "{provider:?}");
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
