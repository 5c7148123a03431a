//! All four providers over the real binary: connected by consent, read, changed, read again; and what one may not see stays unseen.

use std::collections::BTreeSet;

use neurosync_tests::Neurosync;
use neurosync_tests::providers::{configured, connect_all, redirect, simulators};
use testkit::provider::{Mutation, Provider};

/// Documents of every source together, by kind.
fn counts(neurosync: &Neurosync) -> Vec<(String, u64)> {
    let listed = neurosync.json(&["source", "list"]);
    let sources = listed["sources"].as_array().expect("a list");
    let documents = sources
        .iter()
        .flat_map(|source| source["documents"].as_object().expect("counts"));
    let mut counts: Vec<_> = documents
        .map(|(kind, count)| (kind.clone(), count.as_u64().expect("a count")))
        .collect();
    counts.sort();
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_providers_are_read_and_followed() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    tokio::task::block_in_place(|| {
        connect_all(&neurosync, &simulators);
        let runs = neurosync.json(&["sync"]);
        for run in runs["sources"].as_array().expect("runs") {
            assert!(
                run["error"].is_null() && run["committed"]["upserted"].as_u64() > Some(0),
                "{run}"
            );
        }
        let again = neurosync.json(&["sync"]);
        for run in again["sources"].as_array().expect("runs") {
            assert_eq!(
                (&run["committed"]["upserted"], &run["embedded"]),
                (&0.into(), &0.into()),
                "{run}"
            );
        }
    });
    for mutation in [
        Mutation::Create(Provider::Jira),
        Mutation::Create(Provider::GitHub),
        Mutation::Create(Provider::Slack),
        Mutation::Create(Provider::Confluence),
    ] {
        simulators.mutate_as(mutation);
    }
    simulators.advance(std::time::Duration::from_mins(20));
    let (followed, fresh) = tokio::task::block_in_place(|| {
        let runs = neurosync.json(&["sync"]);
        let changed = runs["sources"].as_array().expect("runs").iter();
        let changed: BTreeSet<_> = changed
            .filter(|run| run["committed"]["upserted"].as_u64() > Some(0))
            .map(|run| run["source"].as_str().expect("a name").to_owned())
            .collect();
        // The bot of Slack sees what is new only in the channels that it is in.
        assert!(changed.len() >= 3, "{runs}");
        let other = configured(&simulators, &redirect);
        connect_all(&other, &simulators);
        other.json(&["sync"]);
        (counts(&neurosync), counts(&other))
    });
    assert_eq!(followed, fresh);
}
