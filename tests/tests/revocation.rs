//! What somebody may no longer read at its provider he no longer finds here: within a minute of a webhook, and without one by the next poll.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use neurosync_tests::fixtures::keys;
use neurosync_tests::providers::{
    catch_up, configured, connect_all_for, deliver, lasting, post, redirect, simulators_of, source, stored,
};
use neurosync_tests::{Answer, Server, tell};
use serde_json::Value;
use sha2::{Digest, Sha256};
use testkit::provider::{Changed, Delivery, Mutation, Provider, Secrets, Simulators};
use tokio::task::block_in_place;

/// How long after a webhook something may still be found.
const LIMIT: Duration = Duration::from_mins(1);
/// Permissions changed before it is given up that one of a kind is among them.
const TRIES: usize = 400;
const OWNER: &str = "the key of the owner of all this";

/// How the server hears of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Webhook,
    Poll,
}

/// What is changed, by the name of the change, and how the server hears of it.
const CASES: [(Provider, &[(&str, Word)]); 4] = [
    (
        Provider::GitHub,
        &[
            ("privatized", Word::Webhook),
            ("removed", Word::Webhook),
            ("removed", Word::Poll),
        ],
    ),
    (
        Provider::Jira,
        &[("level", Word::Webhook), ("level", Word::Poll), ("role", Word::Poll)],
    ),
    (
        Provider::Confluence,
        &[("restriction", Word::Poll), ("space", Word::Poll)],
    ),
    (
        Provider::Slack,
        &[
            ("member_left_channel", Word::Poll),
            ("member_left_channel", Word::Webhook),
        ],
    ),
];

fn password(person: usize) -> String {
    format!("the key of person {person}, who reads")
}

/// API keys of everybody in the organisation, with the accounts that each has.
fn everybody(simulators: &Simulators) -> String {
    let hash = |key: &str| testkit::provider::hex(&Sha256::digest(key));
    let mut text = format!(
        "[[server.api_keys]]\nname = \"owner\"\nsha256 = {:?}\nowner = true\n",
        hash(OWNER)
    );
    for (number, person) in simulators.world().people().iter().enumerate() {
        let site = "acme.atlassian.net";
        let mut principals = vec![
            format!("account:github/{}", person.github_login),
            format!("account:jira/{site}/{}", person.atlassian_id),
            format!("account:wiki/{site}/{}", person.atlassian_id),
            format!("account:slack/T0ACME0001/{}", person.slack_id),
        ];
        // A guest at Slack is not everybody: he sees the channels that he is in.
        let all = Provider::ALL
            .into_iter()
            .filter(|one| !(person.guest && *one == Provider::Slack));
        principals.extend(all.map(|provider| format!("source:{}", source(provider))));
        let hash = hash(&password(number));
        text.extend([format!(
            "[[server.api_keys]]\nname = \"p{number}\"\nsha256 = {hash:?}\nprincipals = {principals:?}\n"
        )]);
    }
    text
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Whether an answer has a field with a text.
fn has(answer: &Answer, field: &str, text: &str) -> bool {
    answer.status == 200
        && answer
            .body
            .contains(&format!("{}:{}", Value::from(field), Value::from(text)))
}

/// A document, and what leads to it.
struct Place {
    key: String,
    title: String,
    neighbour: String,
}

impl Place {
    /// What the owner is told of a document.
    fn of(server: &Server, key: &str) -> Option<Self> {
        let entity = server.get(&format!("/v1/entities/{}", encoded(key)), Some(OWNER));
        let near = server.get(&format!("/v1/graph/neighbors?node={}", encoded(key)), Some(OWNER));
        if entity.status != 200 || near.status != 200 {
            return None;
        }
        let (entity, near) = (entity.json(), near.json());
        let mut edges = near["edges"].as_array()?.iter();
        let own = edges.find(|edge| edge["asserted_by"] == key)?;
        let mut ends = [&own["from"], &own["to"]].into_iter().filter_map(Value::as_str);
        Some(Self {
            key: key.to_owned(),
            title: entity["documents"][0]["title"].as_str()?.to_owned(),
            neighbour: ends.find(|end| *end != key)?.to_owned(),
        })
    }

    /// Where somebody finds what it says: by search, by name, in its edges, and on a path. That it is named elsewhere, where he may
    /// read, shows nothing of it.
    fn found(&self, server: &Server, person: usize) -> [bool; 4] {
        let (key, near, own) = (encoded(&self.key), encoded(&self.neighbour), password(person));
        let ask = |path: String| server.get(&path, Some(&own));
        let results = ask(format!("/v1/search?q={}&limit=100", encoded(&self.title)));
        [
            results.status == 200 && keys(&results.json()).contains(&self.key.as_str()),
            has(&ask(format!("/v1/entities/{key}")), "title", &self.title),
            has(
                &ask(format!("/v1/graph/neighbors?node={key}&limit=1000")),
                "asserted_by",
                &self.key,
            ),
            has(
                &ask(format!("/v1/graph/paths?from={near}&to={key}&limit=50")),
                "asserted_by",
                &self.key,
            ),
        ]
    }
}

/// What a change of permissions is called.
fn name(changed: &Changed, deliveries: &[Delivery]) -> String {
    let told = deliveries
        .first()
        .and_then(|one| serde_json::from_slice::<Value>(&one.body).ok());
    let word = match changed.mutation.provider() {
        Provider::GitHub => told.and_then(|body| body["action"].as_str().map(str::to_owned)),
        Provider::Slack => told.and_then(|body| body["event"]["type"].as_str().map(str::to_owned)),
        Provider::Jira => Some(if told.is_some() { "level" } else { "role" }.to_owned()),
        Provider::Confluence => Some(
            if changed.key.matches('/').count() > 1 {
                "restriction"
            } else {
                "space"
            }
            .to_owned(),
        ),
    };
    word.unwrap_or_default()
}

/// What each person may read at a provider.
fn readable(simulators: &Simulators, provider: Provider) -> Vec<BTreeSet<String>> {
    let world = simulators.world();
    let of = |person| world.readable(provider, person).iter().map(|key| stored(key)).collect();
    (0..world.people().len()).map(of).collect()
}

/// The server over the simulators.
struct Desk<'d> {
    simulators: &'d Simulators,
    server: Server,
}

impl Desk<'_> {
    /// Let the server hear of a change.
    fn tell(&self, word: Word, changed: &Changed) {
        let provider = changed.mutation.provider();
        match word {
            Word::Webhook => {
                if provider == Provider::Slack {
                    // Its signatures hold for five minutes.
                    catch_up(self.simulators);
                }
                let own = self.simulators.deliveries(changed, &Secrets::default());
                let delivery = own.first().expect("a webhook");
                let status = deliver(&self.server, delivery);
                assert!(matches!(status, 200 | 202), "{provider:?} answers {status}");
            }
            Word::Poll => {
                let headers = [
                    ("Authorization", format!("Bearer {OWNER}")),
                    ("Content-Type", "application/json".to_owned()),
                ];
                let headers = headers.map(|(name, value)| (name.to_owned(), value));
                let body = format!("{{\"sources\":[{:?}]}}", source(provider));
                assert_eq!(post(&self.server, "/v1/sync", &headers, body.as_bytes()), 202);
            }
        }
    }

    /// Change permissions until somebody loses sight of something by a change of this name, and see that he does here.
    fn check(&self, provider: Provider, (wanted, word): (&str, Word)) {
        for _ in 0..TRIES {
            let before = readable(self.simulators, provider);
            let Some(changed) = self.simulators.mutate_as(Mutation::Permission(provider)) else {
                continue;
            };
            if name(&changed, &self.simulators.deliveries(&changed, &Secrets::default())) != wanted {
                continue;
            }
            let after = readable(self.simulators, provider);
            let lost = before.iter().zip(&after).enumerate();
            let lost = lost.flat_map(|(person, (had, has))| had.difference(has).map(move |key| (person, key)));
            let mut lost = lost.filter_map(|(person, key)| {
                let place = Place::of(&self.server, key)?;
                (place.found(&self.server, person) == [true; 4]).then_some((person, place))
            });
            let Some((person, place)) = lost.next() else { continue };
            let keeper = (0..after.len())
                .find(|keeper| after[*keeper].contains(&place.key) && place.found(&self.server, *keeper) == [true; 4]);
            self.tell(word, &changed);
            let told = Instant::now();
            while place.found(&self.server, person) != [false; 4] {
                assert!(
                    told.elapsed() < LIMIT,
                    "{provider:?} {wanted} {word:?}: person {person} still finds {} in {:?}",
                    place.key,
                    place.found(&self.server, person)
                );
            }
            tell(&format!(
                "{provider:?} {wanted} by {word:?}: gone after {:?}",
                told.elapsed()
            ));
            // What the first person, who connected, no longer reads goes for everybody, as does a channel that was made private
            // and that the bot is not in.
            let read = provider != Provider::Slack && after[0].contains(&place.key);
            if let Some(keeper) = keeper.filter(|_| read) {
                assert_eq!(place.found(&self.server, keeper), [true; 4], "person {keeper} keeps it");
            }
            return;
        }
        unreachable!("nobody lost anything at {provider:?} by `{wanted}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_access_finds_nothing_any_more() {
    let redirect = redirect();
    let simulators = simulators_of(&redirect, lasting()).await;
    let neurosync = configured(&simulators, &redirect);
    block_in_place(|| {
        let path = neurosync.data().join("neurosync.toml");
        let text = std::fs::read_to_string(&path).expect("a file") + &everybody(&simulators);
        std::fs::write(path, text).expect("a file");
        connect_all_for(&neurosync, &simulators, "source");
        neurosync.json(&["sync"]);
        let secrets = Secrets::default();
        for (source, secret) in [
            ("github", secrets.github),
            ("jira", secrets.jira),
            ("slack", secrets.slack),
        ] {
            neurosync.keep_webhook(source, &secret);
        }
        let desk = Desk {
            simulators: &simulators,
            server: neurosync.serve(),
        };
        for (provider, cases) in CASES {
            for case in cases {
                desk.check(provider, *case);
            }
        }
    });
}
