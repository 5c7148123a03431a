//! Two hundred changes at four providers: what is followed becomes what a fresh reading of the same world holds, and asks for little.

use std::collections::BTreeMap;

use neurosync_tests::providers::{configured, connect_all, redirect, simulators_of};
use neurosync_tests::tell;
use serde_json::Value;
use testkit::provider::{Entry, Log, Mutation, Provider, Settings, Simulators, Size};

/// What the world and its changes follow from.
const SEED: u64 = 20;
/// Changes between two readings.
const CHANGES: usize = 200;

/// What a reading asks whatever has changed.
struct Streams {
    provider: Provider,
    source: &'static str,
    /// Lists that there are once.
    once: u64,
    /// The kind of what holds the others, and how many lists each of that kind has.
    container: &'static str,
    each: u64,
    /// Requests for a document that changed.
    reads: u64,
    /// Of how many documents of a kind one is asked for by itself, because a list leaves it out.
    alone: Option<(&'static str, u64)>,
}

/// GitHub: who asks and what there is; then a repository itself, its labels, milestones, teams, readers, members, issues, comments,
/// pull requests, what is stated between the ones and the others, remarks, discussions and releases. Jira: projects, changes, levels and two groups; a project's scheme. Confluence:
/// spaces, the restrictions of pages, pages and posts with the bins of both, files and comments of two kinds; a space's permissions;
/// of a page itself, its files, and its restrictions once more, for what is new may be for fewer. Slack: who asks,
/// people, groups and channels; what is said in a channel and who is in it.
const STREAMS: [Streams; 4] = [
    Streams {
        provider: Provider::GitHub,
        source: "github",
        once: 2,
        container: "repository",
        each: 14,
        reads: 1,
        alone: None,
    },
    Streams {
        provider: Provider::Jira,
        source: "jira",
        once: 5,
        container: "project",
        each: 1,
        reads: 1,
        alone: None,
    },
    Streams {
        provider: Provider::Confluence,
        source: "confluence",
        once: 9,
        container: "space",
        each: 1,
        reads: 3,
        alone: Some(("page", 8)),
    },
    Streams {
        provider: Provider::Slack,
        source: "slack",
        once: 4,
        container: "channel",
        each: 2,
        reads: 1,
        alone: None,
    },
];

/// Requests for content: not for tokens, and not those that only showed that a token had ended.
fn content(log: &Log, provider: Provider) -> Vec<&Entry> {
    let own = log
        .entries
        .iter()
        .filter(|one| one.provider == provider && one.status != 401);
    own.filter(|one| !one.path.contains("oauth")).collect()
}

/// Requests by kind: without what names one thing.
fn kinds(asked: &[&Entry]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for entry in asked {
        let named = |part: &&str| part.chars().any(|letter| letter.is_ascii_digit());
        let parts = entry.path.split('/').map(|part| if named(&part) { "*" } else { part });
        let kind = format!("{} {}", entry.method, parts.collect::<Vec<_>>().join("/"));
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// Make changes of all kinds in turn.
fn change(simulators: &Simulators) {
    let kinds = Mutation::all();
    let mut made = 0;
    for round in 0.. {
        // Seven has no part in common with the number of kinds: each comes as often.
        made += usize::from(simulators.mutate_as(kinds[round * 7 % kinds.len()]).is_some());
        if made == CHANGES {
            return;
        }
    }
}

/// The run of a source in what `sync` answers.
fn of<'a>(list: &'a Value, source: &str) -> &'a Value {
    let mut rows = list["sources"].as_array().expect("a list").iter();
    rows.find(|row| row["source"] == source || row["source"]["id"] == source)
        .expect("the source")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// Nothing is asked again and again, and in all no more than the lists, what they leave out, and what each document that changed
/// takes, with a tenth to spare.
fn assert_little(log: &Log, runs: &Value, held: &Value) {
    for streams in STREAMS {
        let asked = content(log, streams.provider);
        let committed = &of(runs, streams.source)["committed"];
        let changed = number(&committed["upserted"]) + number(&committed["deleted"]);
        let documents = &of(held, streams.source)["documents"];
        let lists = streams.once + streams.each * number(&documents[streams.container]);
        let alone = streams
            .alone
            .map_or(0, |(kind, of)| number(&documents[kind]).div_ceil(of));
        let bound = (lists + alone + changed * streams.reads) * 11 / 10;
        tell(&format!(
            "{}: {} requests; {lists} lists, {alone} left out of them, {changed} documents changed: at most {bound}",
            streams.source,
            asked.len()
        ));
        let mut same: BTreeMap<_, usize> = BTreeMap::new();
        for one in &asked {
            *same.entry((&one.method, &one.path, &one.query, &one.body)).or_default() += 1;
        }
        // Where something vanished, the sweep that is then owed lists once more what the reading listed, comments twice.
        let often = |one: &&Entry| if one.path.ends_with("-comments") { 3 } else { 2 };
        let again = asked
            .iter()
            .find(|one| same[&(&one.method, &one.path, &one.query, &one.body)] > often(one));
        assert!(again.is_none(), "asked again and again: {again:#?}");
        assert!(asked.len() as u64 <= bound, "{:#?}", kinds(&asked));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_followed_is_what_is_there() {
    let redirect = redirect();
    let settings = Settings {
        seed: SEED,
        size: Size::of(400),
        ..Settings::default()
    };
    let simulators = simulators_of(&redirect, settings).await;
    let followed = configured(&simulators, &redirect);
    let runs = tokio::task::block_in_place(|| {
        connect_all(&followed, &simulators);
        followed.json(&["sync"])
    });
    tell(&format!("first reading: {} requests", simulators.log().entries.len()));
    assert!(
        STREAMS
            .iter()
            .all(|one| number(&of(&runs, one.source)["committed"]["upserted"]) > 0),
        "{runs}"
    );
    change(&simulators);
    simulators.clear_log();
    tokio::task::block_in_place(|| {
        let runs = followed.json(&["sync"]);
        assert_little(&simulators.log(), &runs, &followed.json(&["source", "list"]));
        let news = followed.hash();
        followed.json(&["sync", "--census"]);
        let fresh = configured(&simulators, &redirect);
        connect_all(&fresh, &simulators);
        fresh.json(&["sync"]);
        followed.assert_same(&fresh, "what was followed differs from what is there");
        // Not every change is dated by its provider: without some of those, this would show little.
        assert_ne!(news, fresh.hash(), "the changes were found without the census");
        let again = followed.json(&["sync", "--census"]);
        let quiet = |one: &Streams| number(&of(&again, one.source)["committed"]["upserted"]) == 0;
        assert!(
            STREAMS.iter().all(quiet),
            "a census finds nothing new where nothing is: {again}"
        );
    });
}
