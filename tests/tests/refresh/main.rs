//! One renewal for everybody: tasks of four processes over one store, and processes that are killed in the middle of a renewal.

mod proxy;
mod world;

use std::time::Duration;

use connectors::http::{Credential, Provider as Service};
use connectors::oauth::Grants;
use connectors::secret::Secret;
use domain::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use proxy::Proxy;
use world::{Around, World, asked_with, key};

const PROCESSES: usize = 4;
const TASKS: usize = 50;
/// Both providers whose refresh tokens are good for one use.
const ROTATING: [Service; 2] = [Service::Atlassian, Service::Slack];
/// How long a process may take to be there.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long Slack takes a used refresh token for a lost answer's; Atlassian does so for longer.
const GRACE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tasks_in_four_processes_renew_once() {
    for service in ROTATING {
        let world = World::start(service).await;
        let gate = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = gate.local_addr().expect("bound").to_string();
        let token = world.token_endpoint();
        let processes: Vec<_> = (0..PROCESSES)
            .map(|_| world.process("a_process_of_fifty_tasks", &token, &address))
            .collect();
        let mut waiting = Vec::new();
        for _ in 0..PROCESSES {
            let arrived = timeout(PATIENCE, gate.accept()).await.expect("it comes in time");
            waiting.push(arrived.expect("a process").0);
        }
        for one in &mut waiting {
            one.write_all(b"!").await.expect("it begins");
        }
        for mut process in processes {
            assert!(process.wait().await.expect("it ends").success(), "{service:?}");
        }
        let log = world.simulators.log();
        assert_eq!((log.refreshes, log.refused_refreshes), (1, 0), "{service:?}");
        assert_eq!(
            world.used(),
            PROCESSES * TASKS,
            "every task asked with a token that works"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that `two_hundred_tasks_in_four_processes_renew_once` starts"]
async fn a_process_of_fifty_tasks() {
    let around = Around::read();
    let (grants, http) = around.open(world::system()).await;
    let mut gate = TcpStream::connect(&around.gate).await.expect("the gate");
    gate.read_exact(&mut [0]).await.expect("all are there");
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            tokio::spawn(asked_with(
                around.service,
                grants.tokens(&key()),
                http.clone(),
                around.api.clone(),
            ))
        })
        .collect();
    for task in tasks {
        task.await.expect("a task").expect("a token that works");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that is killed by those who start it"]
async fn a_process_that_renews() {
    let around = Around::read();
    let (grants, _) = around.open(around.still()).await;
    let token = grants.tokens(&key()).token().await;
    assert!(token.is_err(), "the answer arrived though it was held back");
}

/// Kill a process after the provider gave it new tokens and before it could keep them.
async fn kill_in_a_renewal(world: &World) {
    let proxy = Proxy::start(&world.token_endpoint()).await;
    let mut process = world.process("a_process_that_renews", &proxy.address, "");
    timeout(PATIENCE, proxy.answered())
        .await
        .expect("the provider is asked");
    process.kill().await.expect("killed");
    assert_eq!(world.simulators.log().refreshes, 1, "the old refresh token is used up");
}

/// Ask for a token as a scheduler does: again when that is told, but not for ever.
async fn scheduled(world: &World, grants: &Grants) -> domain::Result<Credential> {
    let tokens = grants.tokens(&key());
    for _ in 0..20 {
        match tokens.token().await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                let domain::Retry::After(wait) = error.retry() else {
                    return Err(error);
                };
                world.simulators.advance(wait);
            }
            other => return other,
        }
    }
    Err(domain::Error::unavailable("wait for a token", "it goes on for ever"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_in_a_renewal_loses_nothing() {
    for service in ROTATING {
        let world = World::start(service).await;
        kill_in_a_renewal(&world).await;
        let killed = world.simulators.now();
        let (grants, http) = world.open().await;
        scheduled(&world, &grants).await.expect("a token");
        let waited = Duration::from_millis((world.simulators.now() - killed).unsigned_abs());
        assert!(waited < GRACE, "{service:?}: the next start waits for {waited:?}");
        asked_with(service, grants.tokens(&key()), http, world.api())
            .await
            .expect("a token that works");
        let log = world.simulators.log();
        assert_eq!((log.refreshes, log.refused_refreshes), (2, 0), "{service:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_renewal_asks_for_consent_once() {
    for service in ROTATING {
        let world = World::start(service).await;
        kill_in_a_renewal(&world).await;
        world.simulators.advance(Duration::from_hours(24));
        for start in 0..3 {
            let (grants, _) = world.open().await;
            for _ in 0..3 {
                let error = scheduled(&world, &grants).await.expect_err("it is lost");
                assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
                let hint = error.hint().expect("what to do").to_owned();
                assert!(hint.contains("neurosync connect"), "start {start}: {hint}");
            }
            let kept = grants.get(&key()).await.expect("read").expect("kept");
            assert!(kept.needs_consent.is_some());
        }
        let asked = world.simulators.log();
        assert_eq!(
            (asked.refreshes, asked.refused_refreshes),
            (1, 1),
            "{service:?}: asked once"
        );
        // What the user then gives is used.
        let (grants, http) = world.open().await;
        let given = world.simulators.tokens(world.provider(), 0).access;
        let mut grant = grants.get(&key()).await.expect("read").expect("kept");
        grant.access = Some(Secret::new(given));
        (grant.expires, grant.needs_consent) = (None, None);
        grants.put(&key(), grant).await.expect("kept");
        asked_with(service, grants.tokens(&key()), http, world.api())
            .await
            .expect("a token that works");
    }
}
