//! The HTTP API as clients meet it: its description, its errors, its paging, its sync.

use neurosync_tests::fixtures::{issue, json_lines};
use neurosync_tests::{Neurosync, Server};
use serde_json::{Value, json};

fn serve() -> (Neurosync, Server) {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let issues: Vec<_> = (1..=5)
        .map(|number| {
            issue(
                &format!("PAY-{number}"),
                &format!("Payment {number} is retried"),
                "Text",
            )
        })
        .collect();
    json_lines(&dir, "PAY.jsonl", &issues);
    neurosync.json(&["source", "import", "jira", "pay", &dir.display().to_string()]);
    let server = neurosync.serve();
    (neurosync, server)
}

fn problem(server: &Server, path: &str) -> Value {
    let answer = server.get(path, None);
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("content-type: application/problem+json"),
        "{}",
        answer.head
    );
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    body
}

#[test]
fn the_description_names_every_route() {
    let (_data, server) = serve();
    let description = server.get("/openapi.json", None).json();
    let paths: Vec<&String> = description["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(
        paths,
        [
            "/healthz",
            "/metrics",
            "/readyz",
            "/v1/access",
            "/v1/bus-factor",
            "/v1/duplicates",
            "/v1/entities/{key}",
            "/v1/experts",
            "/v1/graph/central",
            "/v1/graph/communities",
            "/v1/graph/neighbors",
            "/v1/graph/paths",
            "/v1/graph/subgraph",
            "/v1/graph/subgraph.svg",
            "/v1/impact",
            "/v1/oauth/{provider}/callback",
            "/v1/oauth/{provider}/start",
            "/v1/persons",
            "/v1/persons/{name}",
            "/v1/related",
            "/v1/reviewers",
            "/v1/search",
            "/v1/sources",
            "/v1/stale-docs",
            "/v1/sync",
            "/v1/webhooks/{provider}/{source}",
            "/v1/why"
        ]
    );
    let refusals = |path: &str, method: &str| -> Vec<String> {
        let responses = description["paths"][path][method]["responses"].as_object();
        responses.expect("responses").keys().cloned().collect()
    };
    assert_eq!(refusals("/v1/search", "get"), ["200", "400", "401", "503"]);
    assert_eq!(refusals("/v1/graph/paths", "get"), ["200", "400", "401", "404", "503"]);
    assert_eq!(
        refusals("/v1/sync", "post"),
        ["202", "400", "401", "403", "404", "408", "413", "415"]
    );
    let refused = &description["paths"]["/v1/search"]["get"]["responses"]["400"];
    assert_eq!(
        refused["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/Problem"
    );
    assert!(description["components"]["schemas"]["Problem"]["properties"]["hint"].is_object());
    assert_eq!(server.get("/healthz", None).body, "ok\n");
    assert_eq!(server.get("/readyz", None).body, "ready\n");
    assert!(
        server
            .get("/metrics", None)
            .body
            .contains("neurosync_search_api_requests_total")
    );
}

#[test]
fn errors_are_problems_that_say_what_to_do() {
    let (_data, server) = serve();
    assert_eq!(
        problem(&server, "/v1/search?q=x&kind=banana"),
        json!({
            "type": "urn:neurosync:invalid", "title": "The request cannot be understood", "status": 400,
            "detail": "`banana` is not a kind of document",
            "hint": "kinds are: repository, commit, release, file, issue, pull_request, review, comment, project, channel, thread, page, space, discussion"
        })
    );
    assert_eq!(
        problem(&server, "/v1/entities/NOPE-1"),
        json!({
            "type": "urn:neurosync:not-found", "title": "Nothing is known under this name", "status": 404,
            "detail": "nothing is known as `NOPE-1`",
            "hint": "names are canonical keys (jira:acme/PAY-12), issue keys, owner/repo#number, SHAs, URLs or paths; `search` finds things by content"
        })
    );
    for (path, status) in [
        ("/v1/search?q=x&limit=0", 400),
        ("/v1/search?q=x&limit=101", 400),
        ("/v1/search?q=x&cursor=zz", 400),
        ("/v1/search?q=x&unknown=1", 400),
        ("/v1/graph/paths?from=PAY-1&to=PAY-2&max_hops=9", 400),
        ("/v1/graph/neighbors?node=PAY-1&kind=banana", 400),
        ("/v1/graph/neighbors?node=PAY-1&as_of=banana", 400),
        ("/v1/graph/central?measure=banana", 400),
        ("/v1/graph/communities?limit=201", 400),
        ("/v1/graph/subgraph.svg?node=NOPE-1", 404),
        ("/v1/experts?topic=", 400),
        ("/v1/related?name=PAY-1&limit=0", 400),
        ("/v1/duplicates?name=jira:pay/PAY", 400),
        ("/v1/reviewers?name=PAY-1", 400),
        ("/v1/why?name=PAY-1:0", 400),
        ("/v1/impact?name=NOPE-1", 404),
        ("/v1/bus-factor?path=api", 400),
        ("/v1/bus-factor?path=acme/none", 404),
        ("/v1/stale-docs?limit=201", 400),
        ("/v1/nothing", 404),
    ] {
        assert_eq!(problem(&server, path)["status"], status, "{path}");
    }
}

#[test]
fn a_foreign_host_is_refused() {
    let (_data, server) = serve();
    let answer = server.raw("GET /v1/search?q=x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(
        (answer.status, answer.json()["type"].clone()),
        (421, json!("urn:neurosync:wrong-host"))
    );
}

/// A POST to `/v1/sync` with these header lines.
fn post(server: &Server, head: &str, body: &str) -> (u16, Value) {
    let answer = server.raw(&format!(
        "POST /v1/sync HTTP/1.1\r\nHost: {}\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address(),
        body.len()
    ));
    let body = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer.status, body)
}

#[test]
fn a_page_of_another_site_can_do_nothing() {
    let (_data, server) = serve();
    let json = "Content-Type: application/json\r\n";
    for head in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ] {
        let (status, problem) = post(&server, &format!("{head}{json}"), "{}");
        assert_eq!(
            (status, &problem["type"]),
            (403, &json!("urn:neurosync:cross-site")),
            "{head}"
        );
        let read = server.raw(&format!(
            "GET /v1/search?q=x HTTP/1.1\r\nHost: {}\r\n{head}Connection: close\r\n\r\n",
            server.address()
        ));
        assert_eq!(read.status, 403, "{head}");
    }
    for head in ["Content-Type: text/plain\r\n", ""] {
        let (status, problem) = post(&server, head, "{}");
        assert_eq!(
            (status, &problem["type"]),
            (415, &json!("urn:neurosync:media-type")),
            "{head}"
        );
    }
    let own = "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n";
    assert_eq!(post(&server, &format!("{own}{json}"), r#"{"sources":["nope"]}"#).0, 404);
    assert_eq!(post(&server, own, "").0, 202, "nothing to read needs no type");
}

#[test]
fn limits_are_told_as_problems() {
    let (_data, server) = serve();
    let large = format!(r#"{{"sources":["{}"]}}"#, "a".repeat(1 << 20));
    let (status, problem) = post(&server, "Content-Type: application/json\r\n", &large);
    assert_eq!((status, &problem["type"]), (413, &json!("urn:neurosync:too-large")));
    let many = "&container=x".repeat(33);
    let problem = self::problem(&server, &format!("/v1/search?q=x{many}"));
    assert_eq!(problem["status"], 400);
    assert!(
        problem["hint"].as_str().is_some_and(|hint| hint.contains("32")),
        "{problem}"
    );
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    let (_data, server) = serve();
    let all = server.get("/v1/search?q=payment+retried&limit=50", None).json();
    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = server
            .get(&format!("/v1/search?q=payment+retried&limit=2{next}"), None)
            .json();
        paged.extend(page["results"].as_array().expect("results").clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert!(paged.len() >= 5);
    assert_eq!(Value::from(paged), all["results"]);
    assert_eq!(
        all["facets"]["source"],
        json!([{"value": "pay", "count": all["total"]}])
    );
}

#[test]
fn filters_alone_list_the_newest() {
    let (_data, server) = serve();
    let keys = |path: &str| -> Vec<String> {
        let body = server.get(path, None).json();
        let results = body["results"].as_array().expect("results");
        results
            .iter()
            .map(|result| result["key"].as_str().expect("key").to_owned())
            .collect()
    };
    let expected: Vec<_> = (1..=5).map(|number| format!("jira:pay/PAY-{number}")).collect();
    let mut listed = keys("/v1/search?kind=issue");
    listed.sort();
    assert_eq!(listed, expected);
    assert_eq!(keys("/v1/search?q=kind:issue+state:closed"), Vec::<String>::new());
    let (first, all) = (keys("/v1/search?limit=1"), keys("/v1/search"));
    assert_eq!(first[..], all[..1]);
}

#[test]
fn a_sync_is_started_once_and_unknown_sources_are_told() {
    let (_data, server) = serve();
    assert_eq!(server.post("/v1/sync", r#"{"sources":["nope"]}"#).status, 404);
    assert_eq!(server.post("/v1/sync", r#"{"source":["pay"]}"#).status, 400);
    assert_eq!(server.post("/v1/sync", "{}").status, 202);
    let sources = server.get("/v1/sources", None).json();
    assert_eq!(sources["sources"][0]["documents"]["issue"], 5);
}
