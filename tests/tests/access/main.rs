//! Two worlds that differ only in what a caller may not see answer him byte for byte alike.

mod world;

use std::fs;

use neurosync_tests::fixtures::{issue, json_lines, sha};
use neurosync_tests::{Neurosync, Server};
use serde_json::json;

use world::{CONFIG, Hidden, import, questions, world};

fn assert_alike(one: &Server, other: &Server, key: &str) {
    for question in questions() {
        let (a, b) = (one.get(&question, Some(key)), other.get(&question, Some(key)));
        assert_eq!(a, b, "{key} {question}");
        assert!(
            !a.body.contains("mallory@")
                && !a.body.contains("Project HR")
                && !a.body.to_lowercase().contains("severance"),
            "{question}: {}",
            a.body
        );
    }
}

#[test]
fn hidden_content_changes_no_byte_of_any_answer() {
    let mut secret = vec![
        issue(
            "HR-1",
            "Secret salary review",
            "Severance for OPEN-1's author; retry payments charge twice twice twice. acme/api#7",
        ),
        issue(
            "HR-2",
            "Retry the payments of mallory",
            "Blocks OPEN-2. See src/retry.rs",
        ),
    ];
    secret[1]["fields"]["reporter"] =
        json!({"name": "mallory", "displayName": "Mallory", "emailAddress": "mallory@acme.example"});
    let other = vec![issue(
        "HR-3",
        "Idempotency of severance",
        "OPEN-1 retry idempotency retry idempotency",
    )];
    let worlds = [
        world(Hidden::Absent),
        world(Hidden::Issues(secret)),
        world(Hidden::Issues(other)),
    ];
    let servers = worlds.each_ref().map(Neurosync::serve);
    for key in ["eng-key", "nobody-key"] {
        assert_alike(&servers[0], &servers[1], key);
        assert_alike(&servers[0], &servers[2], key);
    }
    // The test can fail: the owner does see the difference, and the engineer sees more than nobody.
    let question = "/v1/search?q=secret+salary+review";
    assert_ne!(
        servers[0].get(question, Some("owner-key")).body,
        servers[1].get(question, Some("owner-key")).body
    );
    let question = "/v1/graph/paths?from=OPEN-1&to=file%3Aacme/api/src/lib.rs&max_hops=4";
    assert_eq!(servers[0].get(question, Some("eng-key")).status, 200);
    assert_eq!(servers[0].get(question, Some("nobody-key")).status, 404);
    assert_eq!(servers[0].get(question, None).status, 401);
    assert_eq!(servers[0].get(question, Some("wrong")).status, 401);
    // The name of the scheme is read without case.
    let raw = format!(
        "GET {question} HTTP/1.1\r\nHost: {}\r\nauthorization: bearer eng-key\r\nConnection: close\r\n\r\n",
        servers[0].address()
    );
    assert_eq!(servers[0].raw(&raw).status, 200);
}

#[test]
fn what_a_hidden_source_calls_somebody_finds_nobody() {
    let told = |private: bool| {
        let mut hidden = issue("HR-1", "Secret", "Text");
        hidden["self"] = json!("https://open/rest/api/2/issue/1");
        hidden["fields"]["reporter"]["displayName"] = json!(if private { "Countess Lovelace" } else { "Ada" });
        hidden["fields"]["reporter"]["emailAddress"] = json!(if private {
            "ada.private@home.example"
        } else {
            "x@y.example"
        });
        world(Hidden::Issues(vec![hidden]))
    };
    let worlds = [world(Hidden::Absent), told(true), told(false)];
    let servers = worlds.each_ref().map(Neurosync::serve);
    for name in [
        "ada",
        "Ada+L.",
        "Ada",
        "ada.private@home.example",
        "\"Countess+Lovelace\"",
        "x@y.example",
    ] {
        for question in [
            format!("author:{name}+retry"),
            format!("author:{name}"),
            format!("retry&author={name}"),
        ] {
            let answers = servers
                .each_ref()
                .map(|server| server.get(&format!("/v1/search?q={question}"), Some("eng-key")));
            assert_eq!(answers[0], answers[1], "{question}");
            assert_eq!(answers[0], answers[2], "{question}");
        }
    }
    let owner = |server: &Server| {
        server
            .get("/v1/search?q=author:ada.private@home.example", Some("owner-key"))
            .body
    };
    assert!(
        owner(&servers[1]).contains("OPEN-1"),
        "the test can fail: {}",
        owner(&servers[1])
    );
}

#[test]
fn narrowed_access_counts_for_the_next_question_also_where_the_source_is_gone() {
    let neurosync = Neurosync::default();
    fs::create_dir_all(neurosync.data()).expect("data folder");
    fs::write(neurosync.data().join("neurosync.toml"), CONFIG).expect("configuration");
    let mut issues = [
        issue("OPEN-1", "Checkout fails", "On retry."),
        issue("OPEN-2", "Other", "Text."),
    ];
    issues[0]["fields"]["comment"]["comments"][0]["visibility"] = json!({"type": "group", "value": "eng"});
    let path = json_lines(&neurosync.data().join("open"), "OPEN.jsonl", &issues);
    import(&neurosync, "jira", "open", &path, "public");
    let statuses = |key: &str| {
        let server = neurosync.serve();
        ["OPEN-1", "jira%3Aopen/OPEN-1%23comment-1"]
            .map(|name| server.get(&format!("/v1/entities/{name}"), Some(key)).status)
    };
    assert_eq!((statuses("nobody-key"), statuses("eng-key")), ([200, 404], [200, 200]));
    let gone = neurosync.data().join("gone.jsonl");
    fs::rename(&path, &gone).expect("moved away");
    let location = path.display().to_string();
    neurosync.json(&["source", "add", "jira", "open", &location, "--access", "group:hr"]);
    assert_eq!((statuses("nobody-key"), statuses("eng-key")), ([404, 404], [404, 404]));
    fs::rename(&gone, &path).expect("moved back");
    neurosync.json(&[
        "source",
        "import",
        "jira",
        "open",
        &location,
        "--access",
        "group:hr,group:eng",
    ]);
    assert_eq!((statuses("nobody-key"), statuses("eng-key")), ([404, 404], [200, 200]));
}

#[test]
fn a_restricted_comment_is_not_for_those_whom_the_source_does_not_admit() {
    let neurosync = Neurosync::default();
    fs::create_dir_all(neurosync.data()).expect("data folder");
    fs::write(neurosync.data().join("neurosync.toml"), CONFIG).expect("configuration");
    let mut secret = issue("PAY-1", "Outage", "Text.");
    secret["fields"]["comment"]["comments"][0]["visibility"] = json!({"type": "group", "value": "eng"});
    let path = json_lines(&neurosync.data().join("pay"), "PAY.jsonl", &[secret]);
    import(&neurosync, "jira", "pay", &path, "group:payments");
    let server = neurosync.serve();
    let comment = "/v1/entities/jira%3Apay/PAY-1%23comment-1";
    assert_eq!(server.get(comment, Some("eng-key")).status, 404);
    assert_eq!(server.get(comment, Some("owner-key")).status, 200);
}

#[test]
fn hidden_and_absent_are_the_same_answer() {
    let neurosync = world(Hidden::Issues(vec![issue("HR-1", "Secret", "Text")]));
    let server = neurosync.serve();
    let answer = |name: &str| {
        let answer = server.get(&format!("/v1/entities/{name}"), Some("nobody-key"));
        (answer.status, answer.body.replace(name, "NAME"))
    };
    assert_eq!(answer("HR-1"), answer("HR-7"));
    assert_eq!(answer("HR-1").0, 404);
}

#[test]
fn the_owner_sees_what_another_would_see_and_why() {
    let neurosync = world(Hidden::Issues(vec![issue("HR-1", "Secret", "Retry payments.")]));
    let commit = format!("commit:acme/api@{}", sha(1));
    let found = |person: &[&str]| {
        let answer = neurosync.json(&[&["search", "retry payments"], person].concat());
        let results = answer["results"].as_array().expect("results").clone();
        results
            .iter()
            .filter_map(|one| one["source"].as_str().map(str::to_owned))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let hr = ["docs", "hr", "hr-code", "hr-docs", "open"];
    assert_eq!(found(&["--as", "group:hr"]), hr.map(str::to_owned).into());
    assert_eq!(
        found(&["--as", "account:jira/open/ada"]),
        ["docs", "open"].map(str::to_owned).into()
    );
    assert!(found(&[]).contains("eng"));
    let hidden = ["HR-1", "--as", "group:eng"];
    for question in [&["show"][..], &["neighbors"], &["path", "OPEN-1"]] {
        let (code, error) = neurosync.fails(&[question, &hidden].concat());
        assert!(
            code == 3 && error.contains("nothing is known as `HR-1`"),
            "{question:?} {code} {error}"
        );
    }
    neurosync.json(&["show", "HR-1", "--as", "group:hr"]);
    let explained = |person: &str, document: &str| {
        let answer = neurosync.json(&["access", "explain", person, document]);
        (
            answer["documents"][0]["admitted"] == true,
            answer["documents"][0]["reason"].as_str().expect("words").to_owned(),
        )
    };
    assert_eq!(
        explained("group:eng", &commit),
        (true, "its rule names `group:eng`".to_owned())
    );
    assert_eq!(
        explained("group:hr,group:ops", &commit),
        (false, "its rule names 1 others".to_owned())
    );
    assert_eq!(
        explained("group:hr", "OPEN-1"),
        (true, "everybody may read it".to_owned())
    );
    // Two sources know an `ada`, each its own.
    let (code, error) = neurosync.fails(&["access", "explain", "ada", "OPEN-1"]);
    assert!(
        code == 2 && error.contains("account:jira/hr/ada, account:jira/open/ada"),
        "{error}"
    );
    let (code, error) = neurosync.fails(&["show", "OPEN-1", "--as", "eve"]);
    assert!(code == 3 && error.contains("no account is called `eve`"), "{error}");
    let server = neurosync.serve();
    let question = "/v1/access?person=group%3Aeng&document=HR-1";
    let told = server.get(question, Some("owner-key")).json();
    assert_eq!(told["documents"][0]["admitted"], false);
    for key in ["eng-key", "nobody-key"] {
        assert_eq!(server.get(question, Some(key)).status, 403);
    }
}
