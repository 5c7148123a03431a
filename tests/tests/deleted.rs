//! What is deleted at a provider is gone here with its webhook: the provider is asked for just that, and the index and graph follow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use neurosync_tests::providers::{
    catch_up, configured, connect_all, deliver, lasting, redirect, simulators_of, stored,
};
use neurosync_tests::{Server, tell};
use testkit::provider::{Changed, Mutation, Provider, Secrets, Simulators};
use tokio::task::block_in_place;

/// How long after a webhook something may still be found.
const LIMIT: Duration = Duration::from_mins(1);
/// Requests that one deletion may cost at its provider.
const REQUESTS: usize = 14;

/// The keys of all documents of a source, by its own count of them: what the provider still has.
fn there(simulators: &Simulators, provider: Provider) -> BTreeSet<String> {
    simulators.world().readable(provider, 0).into_iter().collect()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_counts_with_its_webhook() {
    let redirect = redirect();
    let simulators = simulators_of(&redirect, lasting()).await;
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
            if provider == Provider::Slack {
                catch_up(&simulators);
            }
            let asked = simulators.log().count(provider);
            let deliveries = simulators.deliveries(&changed, &secrets);
            let last = deliveries.last().expect("a delivery");
            if provider == Provider::Jira {
                assert_eq!(deliver(&server, &deliveries[0]), 403, "nobody set that secret");
            }
            assert!(matches!(deliver(&server, last), 200 | 202), "{provider:?}");
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
