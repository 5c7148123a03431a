//! The organisation as a whole, its changes, and the simulators over a network.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::provider::call::Call;
use crate::provider::mutation::Mutation;
use crate::provider::prose::Target;
use crate::provider::seed::Rng;
use crate::provider::signature::hmac_hex;
use crate::provider::{Fault, Faults, Limits, Provider, Secrets, Settings, Simulators, Size, World};

#[test]
fn a_seed_makes_one_organisation_and_one_history() {
    let make = |seed| {
        let mut world = World::new(seed, Size::SMALL);
        let mut rng = Rng::new(seed);
        let changes: Vec<_> = (0..100).map(|_| world.mutate(&mut rng)).collect();
        format!("{changes:?}{world:?}")
    };
    assert_eq!(make(4), make(4));
    assert_ne!(make(4), make(5));
}

#[test]
fn references_lead_to_what_there_is_and_across_providers() {
    let world = World::new(1, Size::SMALL);
    let keys: std::collections::BTreeSet<String> = world.targets().iter().map(Target::key).collect();
    assert!(world.references().len() > 50);
    assert!(world.references().iter().all(|one| keys.contains(&one.to)));
    let scheme = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
    let across = world
        .references()
        .iter()
        .filter(|one| scheme(&one.from) != scheme(&one.to))
        .count();
    assert!(across > 20, "{across}");
}

#[test]
fn every_kind_of_change_happens() {
    let mut world = World::new(2, Size::SMALL);
    let mut rng = Rng::new(2);
    for mutation in Mutation::all() {
        let done = (0..50).find_map(|_| world.mutate_as(mutation, &mut rng));
        assert!(done.is_some_and(|done| done.mutation == mutation), "{mutation:?}");
    }
}

#[test]
fn a_large_organisation_is_made() {
    let world = World::new(3, Size::of(1500));
    let many = Provider::ALL
        .map(|provider| world.readable(provider, 0).len())
        .iter()
        .sum::<usize>();
    assert!(many > 800, "{many}");
}

/// One request over the network, and all bytes of its answer.
fn get(address: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("a listener");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nuser-agent: tests\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    // A connection that is ended is an answer too.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulators_listen_and_break_off_where_they_should() {
    let simulators = Simulators::start(Settings {
        limits: Limits::none(),
        ..Settings::default()
    })
    .await
    .expect("started");
    let (address, token) = (
        simulators.addresses().github.clone(),
        simulators.tokens(Provider::GitHub, 0).access,
    );
    let ask = |address: String, token: String| tokio::task::spawn_blocking(move || get(&address, "/user", &token));
    let whole = ask(address.clone(), token.clone()).await.expect("asked");
    assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with('}'), "{whole}");
    let faults = [
        (Fault::Reset, 0..1),
        (Fault::HalfBody, 0..whole.len() - 1),
        (Fault::WrongLength, 0..whole.len() - 1),
    ];
    for (fault, lengths) in faults {
        simulators.set_faults(Faults {
            rate: 1000,
            kinds: vec![fault],
        });
        let broken = ask(address.clone(), token.clone()).await.expect("asked");
        assert!(lengths.contains(&broken.len()), "{fault:?}: {broken}");
    }
    let log = simulators.log();
    assert_eq!((log.count(Provider::GitHub), log.entries[1].status), (4, 0));
    assert_eq!(log.entries[0].account, Some(0));
}

#[test]
fn webhooks_are_signed_over_every_byte() {
    let mut desk = super::Desk::new(Settings::default());
    let secrets = Secrets::default();
    let (mut seen, mut rng) = (std::collections::BTreeSet::new(), Rng::new(7));
    for _ in 0..200 {
        let changed = desk.state.world.mutate(&mut rng);
        for delivery in desk.state.deliveries(&changed, &secrets) {
            let header = |name: &str| {
                delivery
                    .headers
                    .iter()
                    .find(|(own, _)| own == name)
                    .map(|(_, value)| value.clone())
            };
            match delivery.provider {
                Provider::GitHub => {
                    let own = format!("sha256={}", hmac_hex(&secrets.github, &delivery.body));
                    assert_eq!(header("x-hub-signature-256"), Some(own));
                }
                Provider::Slack => {
                    let stamp = header("x-slack-request-timestamp").expect("a time");
                    let text = [format!("v0:{stamp}:").as_bytes(), &delivery.body].concat();
                    assert_eq!(
                        header("x-slack-signature"),
                        Some(format!("v0={}", hmac_hex(&secrets.slack, &text)))
                    );
                }
                Provider::Jira => assert!(header("x-hub-signature").or(header("authorization")).is_some()),
                Provider::Confluence => unreachable!("it sends none"),
            }
            seen.insert(delivery.provider);
        }
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn signatures_agree_with_the_published_ones() {
    assert_eq!(
        hmac_hex("It's a Secret to Everybody", b"Hello, World!"),
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
    assert_eq!(
        hmac_hex("It's a Secret to Everybody", b"Hello World!"),
        "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    );
}

#[test]
fn parameters_that_no_route_knows_are_written_down() {
    let mut desk = super::Desk::signed(crate::provider::auth::Service::GitHub, 0);
    desk.github("/user/repos?per_page=5&colour=red");
    assert_eq!(desk.state.log.entries.last().expect("one").unknown, ["colour"]);
    let call = Call::new(
        "GET",
        &"/a%20b?c=d".parse().expect("proper"),
        axum::http::HeaderMap::new(),
        Vec::new(),
    );
    assert_eq!(call.parts(), ["a b"]);
}
