//! Limits that servers tell, and the breaker, as a job sees them.

use std::time::Duration;

use domain::{ErrorKind, Retry};

use super::server::{Server, answer, good};
use super::{Arc, Credential, Fixed, GrantKey, Policy, TestClock, api, http, key};
use crate::http::{Rate, Request};

#[tokio::test]
async fn a_short_limit_is_waited_out() {
    let clock = TestClock::start();
    let slow = answer(429, &[("retry-after", "7")], "");
    let server = Server::in_turn(vec![slow, good("{\"ok\":true}")]).await;
    let api = api(&clock, Policy::slack, &server.base);
    api.send(Request::get(server.url("x")).lane("history", None))
        .await
        .expect("after a while");
    assert_eq!(*clock.waits.lock().expect("waits"), [Duration::from_secs(7)]);
}

#[tokio::test]
async fn a_long_limit_parks_the_job() {
    let hour = Duration::from_mins(50);
    let clock = TestClock::start();
    let slow = answer(
        429,
        &[("retry-after", "3000"), ("ratelimit-reason", "jira-quota-global-based")],
        "",
    );
    let server = Server::in_turn(vec![slow, good("{}")]).await;
    let http = http(&clock);
    let grant = |grant: &str| {
        let key = GrantKey {
            grant: grant.into(),
            ..key()
        };
        http.api(
            Policy::atlassian(&server.base).expect("policy"),
            Arc::new(Fixed(Credential::Anonymous)),
            &key,
        )
    };
    let error = grant("a")
        .send(Request::get(server.url("x")))
        .await
        .expect_err("parked");
    assert_eq!(
        (error.kind(), error.retry()),
        (ErrorKind::Unavailable, Retry::After(hour))
    );
    // Another worker of the same grant does not even ask; another grant does.
    let error = grant("a")
        .send(Request::get(server.url("y")))
        .await
        .expect_err("parked");
    assert_eq!(error.retry(), Retry::After(hour));
    assert_eq!(server.asked().len(), 1);
    grant("b")
        .send(Request::get(server.url("y")))
        .await
        .expect("another grant");
    clock.pass(hour);
    grant("a")
        .send(Request::get(server.url("x")))
        .await
        .expect("after the limit");
}

#[tokio::test]
async fn a_lane_s_limit_leaves_the_others_open() {
    let clock = TestClock::start();
    let server = Server::start(|_, asked| {
        if asked.starts_with("GET /history") {
            answer(429, &[("retry-after", "60")], "")
        } else {
            good("{\"ok\":true}")
        }
    })
    .await;
    let api = api(&clock, Policy::slack, &server.base);
    let history = || Request::get(server.url("history")).lane("history", Some(Rate::per_minute(50)));
    assert!(api.send(history()).await.is_err());
    assert!(api.send(history()).await.is_err());
    api.send(Request::get(server.url("list")).lane("list", None))
        .await
        .expect("another lane");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_secondary_limit_without_a_time_takes_longer_each_time() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![answer(403, &[], r#"{"message":"secondary rate limit"}"#)]).await;
    let api = api(&clock, Policy::github, &server.base);
    for minutes in [1, 2, 4] {
        let wait = Duration::from_mins(minutes);
        let error = api.send(Request::get(server.url("x"))).await.expect_err("parked");
        assert_eq!(error.retry(), Retry::After(wait));
        clock.pass(wait);
    }
    assert!(clock.waits.lock().expect("waits").is_empty());
}

#[tokio::test]
async fn an_endless_short_limit_ends() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![answer(
        200,
        &[("retry-after", "1")],
        r#"{"ok":false,"error":"ratelimited"}"#,
    )])
    .await;
    let api = api(&clock, Policy::slack, &server.base);
    let error = api.send(Request::get(server.url("x"))).await.expect_err("parked");
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(1)));
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn the_budget_is_never_exceeded_by_all_workers_together() {
    let clock = TestClock::start();
    let server = Server::in_turn(vec![good("{}")]).await;
    let http = http(&clock);
    let mut policy = Policy::github(&server.base).expect("policy");
    policy.budget = Some(Rate::per_minute(60));
    let start = crate::clock::Clock::now(&*clock);
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let api = http.api(policy.clone(), Arc::new(Fixed(Credential::Anonymous)), &key());
            let url = server.url("x");
            tokio::spawn(async move {
                for _ in 0..5 {
                    api.send(Request::get(url.clone())).await.expect("in time");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("worker");
    }
    let passed = crate::clock::Clock::now(&*clock).0 - start.0;
    // 40 requests, 6 of them at once, then 48 a minute.
    assert!(passed >= 34 * 60_000 / 48 - 100, "{passed} ms");
}

#[tokio::test]
async fn a_failing_provider_is_left_alone() {
    let clock = TestClock::start();
    let server = Server::start(|number, _| if number < 10 { answer(500, &[], "") } else { good("{}") }).await;
    let api = api(&clock, Policy::github, &server.base);
    for _ in 0..2 {
        assert!(api.send(Request::get(server.url("x"))).await.is_err());
    }
    clock.waits.lock().expect("waits").clear();
    api.send(Request::get(server.url("x"))).await.expect("well again");
    let waits = clock.waits.lock().expect("waits").clone();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert!(
        waits[0] > Duration::from_secs(29) && waits[0] <= Duration::from_secs(30),
        "{waits:?}"
    );
    assert_eq!(server.asked().len(), 11);
}
