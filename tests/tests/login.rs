//! Connecting through the server: the owner begins, the provider sends his browser back, and nobody else's browser finishes it.

use std::process::Stdio;

use neurosync_tests::providers::{configured, redirect, simulators};
use neurosync_tests::{Answer, Neurosync, Server, send};
use testkit::provider::Provider;

/// A server over simulators whose app of Atlassian's leads back to it, and its address.
async fn world() -> (testkit::provider::Simulators, Neurosync, String) {
    let address = redirect().replace("/callback", "/v1/oauth/atlassian/callback");
    let simulators = simulators(&address).await;
    let neurosync = configured(&simulators, &address);
    let host = address
        .trim_start_matches("http://")
        .split('/')
        .next()
        .expect("a host")
        .to_owned();
    (simulators, neurosync, host)
}

fn start(server: &Server, query: &str) -> Answer {
    server.post(&format!("/v1/oauth/atlassian/start{query}"), "{}")
}

/// The value of a header.
fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
}

fn cookie(answer: &Answer) -> String {
    let line = header(answer, "set-cookie").expect("a cookie");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/v1/oauth/", "Max-Age=600"] {
        assert!(line.contains(flag), "{line}");
    }
    line.split(';').next().expect("a value").to_owned()
}

/// Where the provider sends a browser that consents at `address`.
fn consent(address: &str) -> String {
    let rest = address.strip_prefix("http://").expect("an address of this machine");
    let (host, path) = rest.split_once('/').expect("a path");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    header(&send(host, &request), "location")
        .expect("a redirection")
        .to_owned()
}

/// A browser comes back from the provider's page.
fn come_back(server: &Server, place: &str, cookie: Option<&str>) -> Answer {
    let path = place.splitn(4, '/').nth(3).expect("a path");
    let cookie = cookie
        .map(|cookie| format!("Cookie: other=1; {cookie}\r\n"))
        .unwrap_or_default();
    server.raw(&format!(
        "GET /{path} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: cross-site\r\n{cookie}Connection: close\r\n\r\n",
        server.address()
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_ends_in_a_connection_for_the_browser_that_began_and_once() {
    let (simulators, neurosync, host) = world().await;
    simulators.sign_in(Provider::Jira, Some(0));
    tokio::task::block_in_place(|| {
        let server = neurosync.serve_at(&host, &[], Stdio::inherit());
        let begun = start(&server, "?name=work");
        assert_eq!(begun.status, 200, "{}", begun.body);
        let (own, other) = (cookie(&begun), cookie(&start(&server, "?name=other")));
        let url = begun.json()["url"].as_str().expect("an address").to_owned();
        // Somebody who is sent another's address cannot finish it, and has not used it up for nobody: it is void.
        assert_eq!(come_back(&server, &consent(&url), Some(&other)).status, 403);
        assert_eq!(come_back(&server, &consent(&url), None).status, 403);
        let begun = start(&server, "?name=work");
        let (own_now, url) = (
            cookie(&begun),
            begun.json()["url"].as_str().expect("an address").to_owned(),
        );
        assert_ne!(own, own_now);
        let place = consent(&url);
        let done = come_back(&server, &place, Some(&own_now));
        assert_eq!(
            (done.status, done.body.as_str()),
            (200, "work is connected. You can close this page.\n")
        );
        assert_eq!(come_back(&server, &place, Some(&own_now)).status, 403, "once");
        drop(server);
        let listed = neurosync.json(&["connections"]);
        assert_eq!(listed["connections"][0]["name"], "work");
        assert_eq!(listed["connections"].as_array().map(Vec::len), Some(1));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_wrong_settings_are_told() {
    let (simulators, neurosync, host) = world().await;
    simulators.sign_in(Provider::Jira, None);
    tokio::task::block_in_place(|| {
        let server = neurosync.serve_at(&host, &[], Stdio::inherit());
        let begun = start(&server, "");
        let url = begun.json()["url"].as_str().expect("an address").to_owned();
        let refused = come_back(&server, &consent(&url), Some(&cookie(&begun)));
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("access_denied"), "{}", refused.body);
        assert_eq!(start(&server, "?name=webhook%3Ax").status, 400);
        // The app of Slack's leads to the same place, which is not its own.
        let slack = server.post("/v1/oauth/slack/start", "{}");
        assert!(
            slack.status == 400 && slack.body.contains("/v1/oauth/slack/callback"),
            "{}",
            slack.body
        );
        assert_eq!(server.post("/v1/oauth/gitlab/start", "{}").status, 404);
        assert_eq!(
            come_back(
                &server,
                "http://x/v1/oauth/atlassian/callback?state=a",
                Some("neurosync-login=1")
            )
            .status,
            400
        );
    });
}
