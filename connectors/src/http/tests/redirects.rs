//! Redirects and links: each hop is checked, and the credential stays where it belongs.

use domain::ErrorKind;

use super::server::{Server, answer, good};
use super::{Arc, Credential, Fixed, Policy, Secret, TestClock, api, http, key};
use crate::http::Request;

#[tokio::test]
async fn a_redirect_is_followed_with_the_credential_on_one_origin() {
    let clock = TestClock::start();
    let server = Server::start(|_, asked| {
        if asked.starts_with("GET /old") {
            answer(301, &[("location", "/new?a=1")], "")
        } else {
            good("{}")
        }
    })
    .await;
    let api = api(&clock, Policy::github, &server.base);
    let found = api.send(Request::get(server.url("old"))).await.expect("moved");
    assert_eq!(found.url().path(), "/new");
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.contains("authorization: Bearer canary"))
    );
}

#[tokio::test]
async fn another_origin_never_sees_the_credential() {
    let clock = TestClock::start();
    let other = Server::in_turn(vec![good("{}")]).await;
    let target = other.url("file").to_string();
    let server = Server::start(move |_, _| answer(302, &[("location", &target)], "")).await;
    let api = api(&clock, Policy::github, &server.base);
    let request = || Request::get(server.url("x")).header("x-own", "canary").expect("header");
    api.send(request()).await.expect("elsewhere");
    // Nor when a request goes there at once.
    api.send(Request::get(other.url("y"))).await.expect("elsewhere");
    assert_eq!(other.asked().len(), 2);
    for asked in other.asked() {
        assert!(!asked.contains("canary") && !asked.contains("x-github"), "{asked}");
    }
}

#[tokio::test]
async fn a_credential_that_left_does_not_come_back() {
    let clock = TestClock::start();
    let server = Server::start(|_, asked| match asked {
        asked if asked.starts_with("GET /out") => {
            let port = asked
                .lines()
                .find_map(|line| line.strip_prefix("host: 127.0.0.1:"))
                .expect("port");
            answer(302, &[("location", &format!("http://127.0.0.2:{port}/in"))], "")
        }
        _ => good("{}"),
    })
    .await;
    let api = api(&clock, Policy::github, &server.base);
    // 127.0.0.2 is another origin; nothing listens there, or the same server does: either way it must not see the token.
    let _outcome = api.send(Request::get(server.url("out"))).await;
    let seen = server.asked();
    assert!(
        seen.iter()
            .filter(|asked| asked.starts_with("GET /in"))
            .all(|asked| !asked.contains("canary"))
    );
}

#[tokio::test]
async fn each_hop_is_checked() {
    for target in [
        "http://169.254.169.254/latest/",
        "http://10.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "http://0xa9fea9fe/",
        "file:///etc/passwd",
        "https://metadata.google.internal/",
        "https://user:canary@1.1.1.1/",
        "http://1.1.1.1/",
    ] {
        let clock = TestClock::start();
        let server = Server::start(move |_, _| answer(302, &[("location", target)], "")).await;
        let error = api(&clock, Policy::github, &server.base)
            .send(Request::get(server.url("x")))
            .await
            .expect_err(target);
        assert!(
            matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid),
            "{target}: {error}"
        );
        assert!(!format!("{error:?}").contains("canary"));
        assert_eq!(server.asked().len(), 1, "{target}");
    }
}

#[tokio::test]
async fn redirects_end() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![answer(302, &[("location", "/again")], "")]).await;
    let api = api(&clock, Policy::github, &server.base);
    let error = api.send(Request::get(server.url("x"))).await.expect_err("endless");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(server.asked().len(), 6);
}

#[tokio::test]
async fn a_post_is_sent_on_as_the_status_says() {
    for (status, method) in [(302, "GET /b"), (303, "GET /b"), (307, "POST /b"), (308, "POST /b")] {
        let clock = TestClock::start();
        let server = Server::start(move |_, asked| {
            if asked.starts_with("POST /a") {
                answer(status, &[("location", "/b")], "")
            } else {
                good("{}")
            }
        })
        .await;
        let request = Request::post(server.url("a")).form(&[("k", "v w")]);
        api(&clock, Policy::plain, &server.base)
            .send(request)
            .await
            .expect("answer");
        let last = server.asked().pop().expect("two");
        assert!(last.starts_with(method), "{status}: {last}");
        assert_eq!(last.ends_with("k=v+w"), method.starts_with("POST"), "{last}");
    }
}

#[tokio::test]
async fn next_links_stay_on_their_origin() {
    let clock = TestClock::start();
    for (link, good_link) in [
        ("</x?page=2>; rel=\"next\"", true),
        ("<https://127.0.0.1/x>; rel=\"next\"", false),
        ("<http://127.0.0.1:1/x>; rel=\"next\"", false),
        ("<//evil.example/x>; rel=\"next\"", false),
        ("<javascript:alert(1)>; rel=\"next\"", false),
    ] {
        let server = Server::in_turn(vec![answer(200, &[("link", link)], "[]")]).await;
        let found = api(&clock, Policy::github, &server.base)
            .send(Request::get(server.url("x")))
            .await
            .expect("page");
        assert_eq!(found.next_link().is_ok(), good_link, "{link}");
    }
}

#[tokio::test]
async fn credentials_are_written_as_the_server_wants_them_and_shown_nowhere() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![good("{}")]).await;
    let credential = Credential::Basic {
        user: "a@acme.example".into(),
        password: Secret::new("canary"),
    };
    assert!(!format!("{credential:?}").contains("canary"));
    let api = http(&clock).api(
        Policy::plain(&server.base).expect("policy"),
        Arc::new(Fixed(credential)),
        &key(),
    );
    api.send(Request::get(server.url("x"))).await.expect("answer");
    assert!(server.asked()[0].contains("authorization: Basic YUBhY21lLmV4YW1wbGU6Y2FuYXJ5"));
    let broken = Fixed(Credential::Bearer(Secret::new("canary\n")));
    let api = http(&clock).api(Policy::plain(&server.base).expect("policy"), Arc::new(broken), &key());
    let error = api.send(Request::get(server.url("x"))).await.expect_err("malformed");
    assert!(!format!("{error:?}").contains("canary"));
}
