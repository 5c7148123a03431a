//! The four connectors over one simulation, each with the policy that the product gives it.

use std::sync::Arc;
use std::time::Duration;

use connectors::clock::Clock;
use connectors::confluence::Confluence;
use connectors::github::GitHub;
use connectors::http::Policy;
use connectors::jira::Jira;
use connectors::slack::Slack;
use domain::SourceId;
use domain::seam::Connector;
use serde_json::{Value, json};
use testkit::provider::{Addresses, Limits, Mutation, Provider, Settings, Simulators, Size};

use crate::simulated::{SimClock, api, url};

pub(crate) const DAY: Duration = Duration::from_hours(24);
/// The simulated site's id at Atlassian.
const CLOUD: &str = "35273b54-3f06-40d2-880f-dd28cf8daafa";

/// Simulators of a seed, about so large.
pub(crate) async fn start(seed: u64, items: usize, limits: Limits) -> Arc<Simulators> {
    let settings = Settings {
        seed,
        size: if items == 100 { Size::SMALL } else { Size::of(items) },
        limits,
        // Tests go over days, and what they read with is given once.
        token_life: Some(DAY * 1_000),
        ..Settings::default()
    };
    Arc::new(Simulators::start(settings).await.expect("started"))
}

/// A person's connector to a provider.
pub(crate) fn open(provider: Provider, simulators: &Arc<Simulators>, person: usize) -> Box<dyn Connector> {
    let token = simulators.tokens(provider, person).access;
    with_token(provider, simulators, &token)
}

/// A connector that reads with a token.
pub(crate) fn with_token(provider: Provider, simulators: &Arc<Simulators>, token: &str) -> Box<dyn Connector> {
    at(provider, (simulators, simulators.addresses()), token)
}

/// A connector to Jira that has it send webhooks to an address.
pub(crate) fn with_webhook(simulators: &Arc<Simulators>, token: &str, webhook: &str) -> Box<dyn Connector> {
    let places = simulators.addresses();
    let policy = Policy::atlassian(&url(&places.atlassian)).expect("a policy");
    let mut settings = settings(Provider::Jira, places);
    settings["webhook"] = webhook.into();
    let settings = serde_json::from_value(settings).expect("settings");
    let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(simulators)));
    let source = SourceId::new("source").expect("slug");
    Box::new(Jira::open(source, settings, api(simulators, policy, token), clock).expect("opened"))
}

/// One that asks another server than the simulator, by the simulators' clock.
pub(crate) fn beside(
    provider: Provider,
    simulators: &Arc<Simulators>,
    address: &str,
    token: &str,
) -> Box<dyn Connector> {
    let places = Addresses {
        github: address.to_owned(),
        atlassian: address.to_owned(),
        slack: address.to_owned(),
    };
    at(provider, (simulators, &places), token)
}

fn at(provider: Provider, (simulators, places): (&Arc<Simulators>, &Addresses), token: &str) -> Box<dyn Connector> {
    let policy = match provider {
        Provider::GitHub => Policy::github(&url(&places.github)),
        Provider::Jira | Provider::Confluence => Policy::atlassian(&url(&places.atlassian)),
        Provider::Slack => Policy::slack(&url(&format!("{}/api/", places.slack))),
    };
    let api = api(simulators, policy.expect("a policy"), token);
    let source = SourceId::new("source").expect("slug");
    let clock: Arc<dyn Clock> = Arc::new(SimClock(Arc::clone(simulators)));
    let settings = settings(provider, places);
    match provider {
        Provider::GitHub => {
            let settings = serde_json::from_value(settings).expect("settings");
            Box::new(GitHub::open(source, settings, api, clock).expect("opened"))
        }
        Provider::Jira => {
            let settings = serde_json::from_value(settings).expect("settings");
            Box::new(Jira::open(source, settings, api, clock).expect("opened"))
        }
        Provider::Slack => {
            let settings = serde_json::from_value(settings).expect("settings");
            Box::new(Slack::open(source, settings, api, clock).expect("opened"))
        }
        Provider::Confluence => {
            let settings = serde_json::from_value(settings).expect("settings");
            Box::new(Confluence::open(source, settings, api, clock).expect("opened"))
        }
    }
}

/// Settings by which a run of some days finds every change, also those that are looked for over weeks.
fn settings(provider: Provider, places: &Addresses) -> Value {
    let site = "https://acme.atlassian.net";
    let gateway = |product: &str| format!("{}/ex/{product}/{CLOUD}", places.atlassian);
    match provider {
        Provider::GitHub => json!({ "api": places.github, "access": "public" }),
        Provider::Jira => json!({ "api": gateway("jira"), "site": site, "name": "acme", "census_days": 1 }),
        Provider::Slack => {
            let types = ["public_channel", "private_channel", "im"];
            json!({ "api": format!("{}/api/", places.slack), "access": "source", "types": types })
        }
        Provider::Confluence => {
            json!({ "api": gateway("confluence"), "site": site, "name": "acme", "reread": 1000 })
        }
    }
}

/// Changes of every kind that a provider has, in a row that begins anew after each has been.
pub(crate) fn change(provider: Provider, simulators: &Simulators, from: usize, count: usize) {
    let own = |one: &Mutation| one.provider() == provider;
    let kinds: Vec<Mutation> = Mutation::all().into_iter().filter(own).collect();
    for number in from..from + count {
        simulators.mutate_as(kinds[number % kinds.len()]);
    }
}
