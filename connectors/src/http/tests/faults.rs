//! Broken connections, broken bodies, and what is never tried again.

use std::io::Write;
use std::time::Duration;

use domain::{ErrorKind, Retry};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::server::{Server, answer, good};
use super::{Arc, Counted, Policy, TestClock, api, http, key};
use crate::http::Request;

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("pack");
    encoder.finish().expect("pack")
}

fn gzip_answer(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[tokio::test]
async fn a_gateway_that_waited_too_long_answers_who_can_ask_for_less() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![answer(504, &[], "slow"), answer(503, &[], ""), good("{}")]).await;
    let api = api(&clock, Policy::atlassian, &server.base);
    let ask = async || {
        api.ask(Request::get(server.url("list")).heavy())
            .await
            .expect("an answer")
    };
    assert_eq!(ask().await.status(), 504);
    // Other failures are tried again as ever.
    assert_eq!(ask().await.status(), 200);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn passing_faults_are_tried_again() {
    let whole = packed(br#"{"a":1}"#);
    let faults = [
        ("closed", Vec::new()),
        ("half a head", b"HTTP/1.1 200 OK\r\ncont".to_vec()),
        (
            "half a body",
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_vec(),
        ),
        (
            "too short a length",
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\n{\"a\":1}".to_vec(),
        ),
        (
            "a broken chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n{\"a\"".to_vec(),
        ),
        ("no HTTP", b"SSH-2.0-x\r\n".to_vec()),
        (
            "a web page",
            answer(200, &[("content-type", "text/html")], "<html>sign in</html>"),
        ),
        ("no body", answer(200, &[], "")),
        ("half a compressed body", gzip_answer(&whole[..whole.len() - 9])),
        ("no compressed body", gzip_answer(b"{}")),
        ("500", answer(500, &[], "")),
        ("502", answer(502, &[], "<html>")),
        ("503", answer(503, &[("retry-after", "3")], "")),
        ("504", answer(504, &[], "")),
    ];
    for (name, fault) in faults {
        let clock = TestClock::start();
        let server = Server::in_turn(vec![fault, good(r#"{"a":1}"#)]).await;
        let found = api(&clock, Policy::github, &server.base)
            .send(Request::get(server.url("x")))
            .await;
        let found: serde_json::Value = found.expect(name).json().expect(name);
        assert_eq!(found["a"], 1, "{name}");
        let waits = clock.waits.lock().expect("waits").clone();
        assert_eq!(waits.len(), 1, "{name}");
        let expected = if name == "503" { 3.0 } else { 1.0 };
        assert!((waits[0].as_secs_f64() - expected).abs() <= 0.11, "{name}: {waits:?}");
    }
}

#[tokio::test]
async fn gives_up_after_five_attempts() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![answer(500, &[], "")]).await;
    let api = api(&clock, Policy::github, &server.base);
    let error = api
        .send(Request::get(server.url("x?secret=canary")))
        .await
        .expect_err("fails");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Now));
    assert_eq!(server.asked().len(), 5);
    let waits: Duration = clock.waits.lock().expect("waits").iter().sum();
    assert!((waits.as_secs_f64() - 15.0).abs() <= 1.6, "{waits:?}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn definite_refusals_are_not_tried_again() {
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (403, ErrorKind::Denied),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (410, ErrorKind::NotFound),
        (422, ErrorKind::Invalid),
        (501, ErrorKind::Invalid),
    ] {
        let clock = TestClock::start();
        let server = Server::in_turn(vec![answer(status, &[], r#"{"message":"Not\nhere"}"#)]).await;
        let api = api(&clock, Policy::github, &server.base);
        let request = || Request::get(server.url("x"));
        let error = api.send(request()).await.expect_err("refused");
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Never), "{status}");
        assert!(
            error.message().ends_with(&format!("answers {status}: Not here")),
            "{error}"
        );
        assert_eq!(api.ask(request()).await.expect("definite").status(), status);
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_must_not_be_repeated_is_sent_once() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![Vec::new(), good("{}")]).await;
    let api = api(&clock, Policy::plain, &server.base);
    let error = api.send(Request::post(server.url("x")).once()).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nothing_there_is_unavailable() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![good("{}")]).await;
    let base = server.base.clone();
    drop(server);
    tokio::task::yield_now().await;
    let error = api(&clock, Policy::plain, &base)
        .send(Request::get(base.clone()))
        .await
        .expect_err("nothing");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_packed_or_not() {
    let clock = TestClock::start();
    let bomb = packed(&vec![b' '; 10 << 20]);
    assert!(bomb.len() < 100 << 10);
    for answer in [gzip_answer(&bomb), answer(200, &[], &" ".repeat(300 << 10))] {
        let server = Server::in_turn(vec![answer]).await;
        let api = api(&clock, Policy::plain, &server.base);
        let error = api
            .send(Request::get(server.url("x")).limit(200 << 10))
            .await
            .expect_err("large");
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Exhausted, Retry::Never));
        assert_eq!(server.asked().len(), 1);
    }
    let body = format!("[{}]", " ".repeat(998));
    let server = Server::in_turn(vec![gzip_answer(&packed(body.as_bytes()))]).await;
    let api = api(&clock, Policy::plain, &server.base);
    let found = api.send(Request::get(server.url("x")).limit(1000)).await.expect("fits");
    assert_eq!(found.body().as_ref(), body.as_bytes());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let clock = TestClock::start();
    let server = Server::start(|_, asked| {
        if asked.contains("Bearer t1") {
            good("{}")
        } else {
            answer(401, &[], "")
        }
    })
    .await;
    let tokens = Arc::new(Counted::default());
    let api = http(&clock).api(Policy::github(&server.base).expect("policy"), tokens, &key());
    api.send(Request::get(server.url("x"))).await.expect("renewed");
    assert_eq!(server.asked().len(), 2);
    let hopeless = Server::in_turn(vec![answer(401, &[], "")]).await;
    let tokens = Arc::new(Counted::default());
    let api = http(&clock).api(Policy::github(&hopeless.base).expect("policy"), tokens, &key());
    let error = api.send(Request::get(hopeless.url("x"))).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(hopeless.asked().len(), 2);
}

#[tokio::test]
async fn an_entity_tag_goes_there_and_back() {
    let clock = TestClock::start();
    let server = Server::start(|_, asked| {
        let tag = ("etag", "W/\"a\"");
        if asked.contains("if-none-match: W/\"a\"") {
            answer(304, &[tag], "")
        } else {
            answer(200, &[tag], "[]")
        }
    })
    .await;
    let api = api(&clock, Policy::github, &server.base);
    let first = api.send(Request::get(server.url("x")).etag(None)).await.expect("first");
    let second = api
        .send(Request::get(server.url("x")).etag(first.etag()))
        .await
        .expect("second");
    assert!(!first.not_modified() && second.not_modified());
    assert_eq!(second.etag(), Some("W/\"a\""));
}
