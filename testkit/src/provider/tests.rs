//! Tests of the simulators themselves: a simulator that is wrong would make connectors wrong.

mod faults;
mod github;
mod jira;
mod oauth;
mod shapes;
mod slack;
mod truth;
mod whole;
mod wiki;

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::Value;

use super::auth::Service;
use super::call::{Call, Reply};
use super::settings::Settings;
use super::simulators::Addresses;
use super::state::State;
use super::world::{CLOUD, World};

/// The simulators without a network.
struct Desk {
    state: State,
    token: String,
}

impl Desk {
    fn new(settings: Settings) -> Self {
        let address = |port: u16| format!("http://127.0.0.1:{port}");
        let addresses = Addresses {
            github: address(1),
            atlassian: address(2),
            slack: address(3),
        };
        let world = World::new(settings.seed, settings.size);
        Self {
            state: State::new(world, settings, addresses),
            token: String::new(),
        }
    }

    /// With a token of a person for a service.
    fn signed(service: Service, person: usize) -> Self {
        let mut desk = Self::new(Settings {
            limits: super::Limits::none(),
            ..Settings::default()
        });
        desk.sign(service, super::auth::Who::Person(person));
        desk
    }

    fn sign(&mut self, service: Service, who: super::auth::Who) {
        let scopes = super::auth::scopes(match service {
            Service::GitHub => "repo,read:org",
            Service::Atlassian => super::control::ATLASSIAN_SCOPES,
            Service::Slack => super::control::SLACK_SCOPES,
        });
        let grant = self.state.auth.grant(service, who, scopes);
        let prefix = if service == Service::GitHub { "ghu_" } else { "token" };
        self.token = self.state.auth.mint(grant, prefix, None);
    }

    fn send(&mut self, service: Service, (method, path): (&str, &str), headers: &[(&str, &str)], body: &str) -> Reply {
        let uri: Uri = path.parse().expect("a proper address");
        let mut map = HeaderMap::new();
        let usual = [("user-agent", "tests"), ("accept", "application/json")];
        let token = format!("Bearer {}", self.token);
        if !self.token.is_empty() {
            map.insert("authorization", HeaderValue::from_str(&token).expect("a proper token"));
        }
        for (name, value) in usual.iter().chain(headers) {
            let name: HeaderName = name.parse().expect("a proper name");
            map.insert(name, HeaderValue::from_str(value).expect("a proper value"));
        }
        if body.starts_with('{') {
            map.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let call = Call::new(method, &uri, map, body.as_bytes().to_vec());
        self.state.serve(service, &call)
    }

    fn github(&mut self, path: &str) -> Reply {
        self.send(Service::GitHub, ("GET", path), &[], "")
    }

    fn jira(&mut self, path: &str) -> Reply {
        let path = format!("/ex/jira/{CLOUD}/rest{path}");
        self.send(Service::Atlassian, ("GET", &path), &[], "")
    }

    fn wiki(&mut self, path: &str) -> Reply {
        let path = format!("/ex/confluence/{CLOUD}{path}");
        self.send(Service::Atlassian, ("GET", &path), &[], "")
    }

    fn slack(&mut self, path: &str) -> Reply {
        self.send(Service::Slack, ("GET", &format!("/api/{path}")), &[], "")
    }

    /// All rows of a GitHub list, by its links.
    fn all(&mut self, path: &str) -> Vec<Value> {
        let (mut rows, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let reply = self.github(&path);
            assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
            rows.extend(json(&reply).as_array().expect("a list").clone());
            next = link(&reply, "next").map(|url| url.replace("http://127.0.0.1:1", ""));
        }
        rows
    }
}

fn json(reply: &Reply) -> Value {
    reply
        .value()
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&reply.body)))
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let found = reply.headers.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

fn link(reply: &Reply, rel: &str) -> Option<String> {
    let links = header(reply, "link")?;
    let one = links.split(", ").find(|one| one.ends_with(&format!("rel=\"{rel}\"")))?;
    Some(one.split('>').next()?.trim_start_matches('<').to_owned())
}

/// How often each value of a field occurs.
fn counts(rows: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row[field].to_string()).or_default() += 1;
    }
    counts
}
