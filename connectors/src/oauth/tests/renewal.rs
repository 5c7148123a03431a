//! One renewal for everybody, and nothing lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::ErrorKind;
use domain::seam::grants::GrantStore;
use testkit::grants::MemoryGrants;

use super::{Process, ahead, app, key, process};
use crate::http::tests::TestClock;
use crate::http::tests::server::{Server, answer, good};
use crate::http::{Credential, Provider};
use crate::oauth::{Grant, GrantKind};
use crate::secret::Secret;

fn bearer(token: &str) -> Credential {
    Credential::Bearer(Secret::new(token))
}

/// A token server that rotates: only the last refresh token is good, and using another one is a refusal.
async fn rotating() -> (Server, Arc<AtomicUsize>) {
    let renewals = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&renewals);
    let server = Server::start(move |_, asked| {
        let now = counted.load(Ordering::SeqCst);
        if !asked.contains(&format!("refresh_token=canary-r{now}&")) && !asked.ends_with(&format!("refresh_token=canary-r{now}")) {
            return answer(403, &[], r#"{"error":"invalid_grant"}"#);
        }
        let next = counted.fetch_add(1, Ordering::SeqCst) + 1;
        good(&format!(
            r#"{{"access_token":"canary-a{next}","refresh_token":"canary-r{next}","expires_in":3600,"token_type":"bearer","scope":"a:read"}}"#
        ))
    })
    .await;
    (server, renewals)
}

fn first(clock: &Arc<TestClock>, seconds: i64) -> Grant {
    let mut grant = Grant::new(Provider::Atlassian, GrantKind::OAuth, Some(Secret::new("canary-a0")));
    grant.refresh = Some(Secret::new("canary-r0"));
    grant.expires = Some(ahead(clock, seconds));
    grant
}

async fn ready(server: &Server, seconds: i64, processes: usize) -> (Arc<TestClock>, Arc<MemoryGrants>, Vec<Process>) {
    let (clock, store) = (TestClock::start(), Arc::new(MemoryGrants::default()));
    let made: Vec<_> = (0..processes)
        .map(|_| process(&clock, &store, vec![app(Provider::Atlassian, server)]))
        .collect();
    made[0].grants.put(&key(), first(&clock, seconds)).await.expect("put");
    (clock, store, made)
}

#[tokio::test]
async fn two_hundred_workers_in_four_processes_renew_once() {
    let (server, renewals) = rotating().await;
    let (clock, _, processes) = ready(&server, 60, 4).await;
    for round in 1..=3_usize {
        let workers: Vec<_> = (0..200)
            .map(|number| {
                let tokens = processes[number % 4].grants.tokens(&key());
                tokio::spawn(async move { tokens.token().await })
            })
            .collect();
        for worker in workers {
            assert_eq!(
                worker.await.expect("worker").expect("token"),
                bearer(&format!("canary-a{round}"))
            );
        }
        assert_eq!(renewals.load(Ordering::SeqCst), round);
        clock.pass(Duration::from_hours(1));
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all() {
    let (server, renewals) = rotating().await;
    let (_, _, processes) = ready(&server, 3600, 2).await;
    let workers: Vec<_> = (0..40)
        .map(|number| {
            let tokens = processes[number % 2].grants.tokens(&key());
            tokio::spawn(async move {
                tokens.token().await?;
                tokens.refused(&bearer("canary-a0")).await?;
                tokens.token().await
            })
        })
        .collect();
    for worker in workers {
        assert_eq!(worker.await.expect("worker").expect("token"), bearer("canary-a1"));
    }
    assert_eq!(renewals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_passing_failure_keeps_the_grant() {
    for failure in [
        Vec::new(),
        answer(500, &[], ""),
        good("<html>"),
        answer(400, &[], r#"{"error":"temporarily_unavailable"}"#),
    ] {
        let server = Server::in_turn(vec![
            failure,
            good(r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#),
        ])
        .await;
        let (_, _, processes) = ready(&server, 0, 1).await;
        let tokens = processes[0].grants.tokens(&key());
        let error = tokens.token().await.expect_err("fails");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let kept = processes[0].grants.get(&key()).await.expect("get").expect("kept");
        assert_eq!(
            (kept.needs_consent, kept.refresh),
            (None, Some(Secret::new("canary-r0")))
        );
        assert_eq!(tokens.token().await.expect("renewed"), bearer("a1"));
    }
}

#[tokio::test]
async fn a_refused_refresh_token_asks_for_consent_once() {
    for refusal in [
        answer(
            403,
            &[],
            r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#,
        ),
        good(r#"{"error":"bad_refresh_token","error_description":"canary"}"#),
        good(r#"{"ok":false,"error":"invalid_refresh_token"}"#),
    ] {
        let server = Server::in_turn(vec![refusal]).await;
        let (clock, _, processes) = ready(&server, 0, 2).await;
        for process in &processes {
            let error = process.grants.tokens(&key()).token().await.expect_err("gone");
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert!(
                error.hint().is_some() && !format!("{error:?}").contains("canary"),
                "{error:?}"
            );
        }
        assert_eq!(server.asked().len(), 1, "nobody asks again");
        processes[0]
            .grants
            .put(&key(), first(&clock, 3600))
            .await
            .expect("new consent");
        for process in &processes {
            let tokens = process.grants.tokens(&key());
            let used = tokens.token().await;
            assert_eq!(used.expect("good again"), bearer("canary-a0"));
        }
    }
}

#[tokio::test]
async fn new_consent_during_a_renewal_counts() {
    let store = Arc::new(MemoryGrants::default());
    let clock = TestClock::start();
    let server = Server::in_turn(vec![good(r#"{"access_token":"late","refresh_token":"late"}"#)]).await;
    let process = process(&clock, &store, vec![app(Provider::Atlassian, &server)]);
    process.grants.put(&key(), first(&clock, 0)).await.expect("put");
    // Another process holds the lease and writes a newer version meanwhile.
    let name = "grant:acme/main";
    let now = crate::clock::Clock::now(&*clock);
    assert!(
        store
            .hold(name, "other", Duration::from_secs(2), now)
            .await
            .expect("hold")
    );
    let other = super::process(&clock, &store, Vec::new());
    other
        .grants
        .put(&key(), {
            let mut grant = first(&clock, 7200);
            grant.access = Some(Secret::new("newer"));
            grant
        })
        .await
        .expect("put");
    assert_eq!(
        process.grants.tokens(&key()).token().await.expect("token"),
        bearer("newer")
    );
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn nothing_secret_is_stored_or_shown() {
    let (server, _) = rotating().await;
    let (_, store, processes) = ready(&server, 0, 1).await;
    processes[0].grants.tokens(&key()).token().await.expect("renewed");
    let grant = processes[0].grants.get(&key()).await.expect("get").expect("there");
    let listed = processes[0].grants.list("acme").await.expect("list");
    assert_eq!(listed, [("main".to_owned(), grant.clone())]);
    assert_eq!(grant.access, Some(Secret::new("canary-a1")));
    let stored = store.dump();
    assert!(!stored.windows(6).any(|window| window == b"canary") && stored.len() > 100);
    assert!(!format!("{grant:?} {:?}", app(Provider::GitHub, &server)).contains("canary"));
}

#[tokio::test]
async fn a_removed_grant_is_gone_for_every_process() {
    let (server, _) = rotating().await;
    let (_, _, processes) = ready(&server, 3600, 1).await;
    processes[0].grants.remove(&key()).await.expect("remove");
    assert_eq!(processes[0].grants.get(&key()).await.expect("get"), None);
    let error = processes[0].grants.tokens(&key()).token().await.expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
