//! Consent at each provider, and everything that must not end in a grant.

use std::sync::Arc;
use std::time::Duration;

use domain::ErrorKind;
use testkit::grants::MemoryGrants;
use url::Url;

use super::{app, key, process};
use crate::http::Provider;
use crate::http::tests::TestClock;
use crate::http::tests::server::{Server, answer, good};
use crate::secret::Secret;

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn code() -> Secret {
    Secret::new("canary-code")
}

/// GitHub: a token, then the user.
async fn github() -> Server {
    Server::start(|_, asked| match asked {
        asked if asked.starts_with("GET /user") => good(r#"{"id":7,"login":"ada"}"#),
        asked if asked.contains("code_verifier=") => good(
            r#"{"access_token":"ghu_1","expires_in":28800,"refresh_token":"ghr_1","scope":"a:read,b:read","token_type":"bearer"}"#,
        ),
        _ => good(r#"{"error":"bad_verification_code"}"#),
    })
    .await
}

#[tokio::test]
async fn github_s_web_flow_has_a_proof_key_and_a_state() {
    let server = github().await;
    let process = process(
        &TestClock::start(),
        &Arc::default(),
        vec![app(Provider::GitHub, &server)],
    );
    let begun = process
        .logins
        .begin(Provider::GitHub, &key(), "session")
        .await
        .expect("begin");
    assert_eq!(begun.state.expose().len(), 43, "256 bits");
    for (name, value) in [
        ("client_id", "client"),
        ("state", begun.state.expose()),
        ("redirect_uri", "https://neurosync.acme.example/callback"),
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("scope", "a:read b:read"),
    ] {
        assert_eq!(parameter(&begun.url, name).as_deref(), Some(value), "{name}");
    }
    assert!(!begun.url.as_str().contains("canary"), "no secret goes by the user");
    let made = process
        .logins
        .finish("session", &begun.state, &code())
        .await
        .expect("finish");
    assert_eq!(made, key());
    let asked = server.asked();
    for part in [
        "code=canary-code",
        "client_secret=canary-app",
        "redirect_uri=https%3A%2F%2Fneurosync",
        "accept: application/json",
    ] {
        assert!(asked[0].contains(part), "{part}: {}", asked[0]);
    }
    assert!(!asked[0].contains("authorization:"));
    let grant = process.grants.get(&key()).await.expect("get").expect("there");
    assert_eq!(grant.account.expect("account").name, "ada");
    assert_eq!(grant.scopes.into_iter().collect::<Vec<_>>(), ["a:read", "b:read"]);
    assert!(grant.refresh.is_some() && grant.expires.is_some());
}

#[tokio::test]
async fn a_state_is_good_once_in_time_for_who_began() {
    let server = github().await;
    let clock = TestClock::start();
    let process = process(&clock, &Arc::default(), vec![app(Provider::GitHub, &server)]);
    let begin = async || {
        process
            .logins
            .begin(Provider::GitHub, &key(), "session")
            .await
            .expect("begin")
            .state
    };
    let refused = async |caller: &str, state: &Secret| {
        let error = process
            .logins
            .finish(caller, state, &code())
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    };
    refused("session", &Secret::new("made up")).await;
    let state = begin().await;
    refused("somebody", &state).await;
    refused("session", &state).await;
    let state = begin().await;
    clock.pass(Duration::from_mins(10));
    refused("session", &state).await;
    assert!(server.asked().is_empty(), "no code was given away");
    let state = begin().await;
    process.logins.finish("session", &state, &code()).await.expect("good");
    refused("session", &state).await;
}

#[tokio::test]
async fn an_error_in_a_good_answer_is_an_error() {
    let server = Server::in_turn(vec![good(
        r#"{"error":"bad_verification_code","error_description":"canary"}"#,
    )])
    .await;
    let store = Arc::new(MemoryGrants::default());
    let process = process(&TestClock::start(), &store, vec![app(Provider::GitHub, &server)]);
    let begun = process
        .logins
        .begin(Provider::GitHub, &key(), "s")
        .await
        .expect("begin");
    let error = process
        .logins
        .finish("s", &begun.state, &code())
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.message().contains("bad_verification_code") && !format!("{error:?}").contains("canary"));
    assert_eq!(process.grants.get(&key()).await.expect("get"), None);
}

#[tokio::test]
async fn atlassian_tells_its_sites() {
    let server = Server::start(|_, asked| {
        if asked.starts_with("GET /oauth/token/accessible-resources") {
            return good(
                r#"[{"id":"c1","name":"acme","url":"https://acme.example","scopes":["read:jira-work"]},
                    {"id":"c1","name":"acme","url":"https://acme.example","scopes":["read:page:confluence"]}]"#,
            );
        }
        good(r#"{"access_token":"a","expires_in":3600,"refresh_token":"r","scope":"read:jira-work offline_access","token_type":"Bearer"}"#)
    })
    .await;
    let process = process(
        &TestClock::start(),
        &Arc::default(),
        vec![app(Provider::Atlassian, &server)],
    );
    let begun = process
        .logins
        .begin(Provider::Atlassian, &key(), "s")
        .await
        .expect("begin");
    assert_eq!(parameter(&begun.url, "audience").as_deref(), Some("api.atlassian.com"));
    assert_eq!(parameter(&begun.url, "prompt").as_deref(), Some("consent"));
    process.logins.finish("s", &begun.state, &code()).await.expect("finish");
    let grant = process.grants.get(&key()).await.expect("get").expect("there");
    assert_eq!(grant.sites.len(), 2);
    assert!(grant.sites[1].scopes.contains("read:page:confluence"));
}

#[tokio::test]
async fn slack_gives_a_bot_s_and_a_user_s_token() {
    let both = r#"{"ok":true,"access_token":"xoxe.xoxb-1","token_type":"bot","scope":"a:read,b:read","bot_user_id":"U0","expires_in":43200,
        "refresh_token":"xoxe-1","team":{"id":"T1","name":"acme"},
        "authed_user":{"id":"U1","scope":"c:read","access_token":"xoxe.xoxp-1","refresh_token":"xoxe-2","expires_in":43200,"token_type":"user"}}"#;
    let only_user = r#"{"ok":true,"team":{"id":"T1","name":"acme"},"authed_user":{"id":"U1","scope":"c:read","access_token":"xoxp","token_type":"user"}}"#;
    let server = Server::in_turn(vec![
        good(both),
        good(only_user),
        good(r#"{"ok":false,"error":"invalid_code"}"#),
    ])
    .await;
    let process = process(
        &TestClock::start(),
        &Arc::default(),
        vec![app(Provider::Slack, &server)],
    );
    let begin = async || process.logins.begin(Provider::Slack, &key(), "s").await.expect("begin");
    let first = begin().await;
    assert_eq!(parameter(&first.url, "scope").as_deref(), Some("a:read,b:read"));
    assert_eq!(parameter(&first.url, "user_scope").as_deref(), Some("c:read"));
    process.logins.finish("s", &first.state, &code()).await.expect("both");
    let listed = process.grants.list("acme").await.expect("list");
    let names: Vec<_> = listed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["main", "main:user"]);
    assert_eq!(listed[0].1.sites[0].id, "T1");
    assert_eq!(listed[1].1.refresh, Some(Secret::new("xoxe-2")));
    process
        .logins
        .finish("s", &begin().await.state, &code())
        .await
        .expect("only the user");
    let grant = process.grants.get(&key()).await.expect("get").expect("there");
    assert_eq!(grant.access, Some(Secret::new("xoxp")));
    let error = process
        .logins
        .finish("s", &begin().await.state, &code())
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_device_login_waits_as_it_is_told() {
    let server = Server::start(|number, asked| match (number, asked) {
        (0, _) => good(
            r#"{"device_code":"canary-d","user_code":"WDJB-MJHT","verification_uri":"https://github.com/login/device","expires_in":900,"interval":5}"#,
        ),
        (1, _) => good(r#"{"error":"authorization_pending"}"#),
        (2, _) => good(r#"{"error":"slow_down","interval":10}"#),
        (3, _) => good(r#"{"access_token":"gho_1","token_type":"bearer","scope":""}"#),
        _ => good(r#"{"id":7,"login":"ada"}"#),
    })
    .await;
    let clock = TestClock::start();
    let process = process(&clock, &Arc::default(), vec![app(Provider::GitHub, &server)]);
    let login = process
        .logins
        .begin_device(Provider::GitHub, &key())
        .await
        .expect("begin");
    assert_eq!(
        (login.code.as_str(), login.page.as_str()),
        ("WDJB-MJHT", "https://github.com/login/device")
    );
    assert!(!format!("{login:?}").contains("canary-d"));
    process.logins.wait(login).await.expect("granted");
    assert_eq!(*clock.waits.lock().expect("waits"), [5, 10].map(Duration::from_secs));
    assert!(
        process
            .grants
            .get(&key())
            .await
            .expect("get")
            .expect("there")
            .expires
            .is_none()
    );
    let refused = Server::start(|number, _| {
        if number == 0 {
            good(r#"{"device_code":"d","user_code":"u","verification_uri":"https://x.example","expires_in":900,"interval":5}"#)
        } else {
            answer(200, &[], r#"{"error":"access_denied"}"#)
        }
    })
    .await;
    let process = super::process(
        &TestClock::start(),
        &Arc::default(),
        vec![app(Provider::GitHub, &refused)],
    );
    let login = process
        .logins
        .begin_device(Provider::GitHub, &key())
        .await
        .expect("begin");
    assert_eq!(
        process.logins.wait(login).await.expect_err("refused").kind(),
        ErrorKind::Denied
    );
}
