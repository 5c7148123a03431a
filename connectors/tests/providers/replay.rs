//! Every request that the connectors make is one that the providers describe: path, method, parameters and body.
//!
//! GitHub, Jira and Slack publish descriptions of their APIs; `specs/extract.py` takes from them what `specs/operations.json`
//! holds. There is none of Confluence and of signing in: for these `specs/facts.json` holds what the providers' documents say.
//! There too stand GitHub's addresses of repositories by number, which its own links between pages are made of, and the sizes of
//! Slack's pages, which changed since it last published a description.

mod altered;
mod examples;
mod graphql;
mod runs;
mod schema;
mod server;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testkit::provider::{Entry, Provider};

use table::Table;

/// Check all that was asked, and give the numbers of the operations that it was.
fn check(table: &Table, asked: &[Entry]) -> BTreeSet<usize> {
    let (mut met, mut wrong) = (BTreeSet::new(), BTreeMap::new());
    for entry in asked {
        match table.check(entry) {
            Ok(number) => drop(met.insert(number)),
            Err(why) => {
                let body = String::from_utf8_lossy(&entry.body);
                let shown = format!("{} {}?{} {body}", entry.method, entry.path, entry.query);
                *wrong.entry((why, shown)).or_insert(0) += 1;
            }
        }
    }
    let some: Vec<_> = wrong.iter().take(5).collect();
    assert!(wrong.is_empty(), "{} requests are wrong, first {some:#?}", wrong.len());
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_described_by_its_provider() {
    let table = Table::read();
    let (mut met, mut count) = (BTreeSet::new(), 0);
    for provider in Provider::ALL {
        let asked = runs::reading(provider).await;
        count += asked.len();
        met.extend(check(&table, &asked));
    }
    for asked in [runs::rarities().await, runs::named().await, runs::signing().await] {
        count += asked.len();
        met.extend(check(&table, &asked));
    }
    println!(
        "{count} requests, {} of {} operations",
        met.len(),
        table.operations.len()
    );
    let never: Vec<&str> = (0..)
        .zip(&table.operations)
        .filter(|(number, _)| !met.contains(number))
        .map(|(_, one)| one.path.as_str())
        .collect();
    assert_eq!(
        never,
        Vec::<&str>::new(),
        "operations in the table that nothing asks for"
    );
}

/// A request as the log would have it.
fn entry(provider: Provider, (method, path): (&str, &str), query: &str, body: &str) -> Entry {
    Entry {
        provider,
        at: 0,
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        status: 200,
        account: None,
        unknown: Vec::new(),
        fault: None,
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn a_wrong_request_is_told() {
    let table = Table::read();
    let (issues, pulls) = ("/repositories/42/issues", "/repos/acme/api/pulls");
    let (search, bulk) = (
        "/ex/jira/1/rest/api/3/search/jql",
        "/ex/jira/1/rest/api/3/issue/bulkfetch",
    );
    let many = json!({ "issueIdsOrKeys": vec!["1"; 101] }).to_string();
    let wrong = [
        (Provider::GitHub, ("GET", "/repositories/42/tickets"), "", ""),
        (Provider::GitHub, ("POST", issues), "", ""),
        (Provider::GitHub, ("GET", issues), "per_page=101", ""),
        (Provider::GitHub, ("GET", issues), "per_page=ten", ""),
        (Provider::GitHub, ("GET", issues), "state=every", ""),
        (Provider::GitHub, ("GET", issues), "since=yesterday", ""),
        (Provider::GitHub, ("GET", pulls), "since=2026-01-01T00:00:00Z", ""),
        (Provider::GitHub, ("GET", "/repos/acme/api/issues/x/comments"), "", ""),
        (Provider::Jira, ("POST", search), "", r#"{"jql":"a","startAt":1}"#),
        (Provider::Jira, ("POST", search), "", r#"{"jql":"a","maxResults":5001}"#),
        (Provider::Jira, ("POST", bulk), "", r#"{"fields":["*all"]}"#),
        (Provider::Jira, ("POST", bulk), "", &many),
        (Provider::Jira, ("GET", "/ex/jira/1/rest/api/3/search"), "", ""),
        (
            Provider::Slack,
            ("GET", "/api/conversations.history"),
            "limit=1000&channel=C1",
            "",
        ),
        (
            Provider::Confluence,
            ("GET", "/ex/confluence/1/wiki/api/v2/pages"),
            "limit=251",
            "",
        ),
        (
            Provider::Confluence,
            ("GET", "/ex/confluence/1/wiki/api/v2/pages/x"),
            "",
            "",
        ),
    ];
    for (provider, place, query, body) in wrong {
        let found = table.check(&entry(provider, place, query, body));
        assert!(found.is_err(), "{place:?} {query} {body}");
    }
    let right = entry(Provider::GitHub, ("GET", issues), "per_page=100&state=all&page=2", "");
    table.check(&right).expect("right");
}

#[test]
fn a_wrong_query_is_told() {
    let table = Table::read();
    let ask = |query: &str, variables: serde_json::Value| {
        let body = json!({ "query": query, "variables": variables }).to_string();
        table
            .check(&entry(Provider::GitHub, ("POST", "/graphql"), "", &body))
            .map(drop)
    };
    let begin = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name)";
    let sent = json!({ "owner": "acme", "name": "api" });
    let good = format!("{begin} {{ discussions(first: 100) {{ nodes {{ number }} }} }} }}");
    ask(&good, sent.clone()).expect("right");
    for (from, to) in [
        ("number", "figure"),
        ("first: 100", "first: 101"),
        ("first: 100", "since: 100"),
        ("nodes { number }", "nodes"),
        ("number }", "number { x } }"),
        (", name: $name)", ")"),
        ("name: $name)", "name: $other)"),
        (
            "discussions(first: 100)",
            "discussions(orderBy: {field: SIZE, direction: ASC})",
        ),
    ] {
        assert!(good.contains(from));
        assert!(ask(&good.replacen(from, to, 1), sent.clone()).is_err(), "{to}");
    }
    assert!(ask(&good, json!({ "owner": "acme" })).is_err());
    assert!(ask(&good, json!({ "owner": "acme", "name": "api", "more": 1 })).is_err());
}
