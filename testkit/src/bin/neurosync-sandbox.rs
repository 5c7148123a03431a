//! Runs the simulated providers over a made-up organisation, so that connectors can be tried by hand.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::provider::{Application, Limits, Provider, Settings, Simulators, Size};

const USAGE: &str =
    "usage: neurosync-sandbox [--seed N] [--size ITEMS] [--port PORT] [--redirect URL] [--limits] [--json]

Runs simulators of GitHub, Jira, Confluence and Slack on loopback until it is interrupted.
  --seed N        what the organisation follows from (1)
  --size ITEMS    about how many issues, messages, pages and so on there are (100)
  --port PORT     GitHub's port; Atlassian's and Slack's are the next two (any that are free)
  --redirect URL  an address that sign-ins may lead back to
  --limits        enforce the providers' limits on requests
  --json          print one line of JSON instead of text
";

/// How often the virtual clock is moved on.
const STEP: Duration = Duration::from_millis(100);

/// What the command line asks for; none where it asks for help or makes no sense.
fn settings(mut words: impl Iterator<Item = String>) -> Option<(Settings, bool)> {
    let mut settings = Settings {
        limits: Limits::none(),
        ..Settings::default()
    };
    let mut machine = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => machine = true,
            "--limits" => settings.limits = Limits::default(),
            "--seed" => settings.seed = words.next()?.parse().ok()?,
            "--size" => {
                let items = words.next()?.parse().ok()?;
                settings.size = if items == 100 { Size::SMALL } else { Size::of(items) };
            }
            "--port" => settings.port = words.next()?.parse().ok()?,
            "--redirect" => settings.redirects.push(words.next()?),
            _ => return None,
        }
    }
    Some((settings, machine))
}

fn describe(simulators: &Simulators) -> Value {
    let places = simulators.addresses();
    let world = simulators.world();
    let people: Vec<Value> = (0..)
        .zip(world.people())
        .map(|(number, person)| {
            json!({ "name": person.name, "email": person.email, "github": person.github_login, "atlassian": person.atlassian_id,
                "slack": person.slack_id, "admin": person.admin, "guest": person.guest,
                "tokens": {
                    "github": simulators.tokens(Provider::GitHub, number).access,
                    "atlassian": simulators.tokens(Provider::Jira, number).access,
                    "slack": simulators.tokens(Provider::Slack, number).access,
                } })
        })
        .collect();
    let application = |one: Application| json!({ "client_id": one.client_id, "client_secret": one.client_secret, "webhook_secret": one.webhook_secret });
    let mut github = application(Application::GITHUB);
    github["app_id"] = json!(Application::GITHUB_APP);
    github["installation_id"] = json!(Application::GITHUB_INSTALLATION);
    github["private_key"] = json!(Application::github_key());
    json!({
        "github": { "api": places.github, "web": places.github, "application": github },
        "atlassian": { "api": places.atlassian, "auth": places.atlassian, "application": application(Application::ATLASSIAN) },
        "slack": { "api": format!("{}/api", places.slack), "web": places.slack, "application": application(Application::SLACK) },
        "people": people,
    })
}

/// The same for people to read: names and values, indented by depth.
fn text(value: &Value, depth: usize, into: &mut String) {
    let fields = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value));
    let items = value
        .as_array()
        .into_iter()
        .flatten()
        .zip(1..)
        .map(|(value, at)| (at.to_string(), value));
    for (name, value) in fields.chain(items) {
        into.extend([&"  ".repeat(depth), &name, ":"]);
        match value {
            Value::Object(_) | Value::Array(_) => {
                into.push('\n');
                text(value, depth + 1, into);
            }
            Value::String(words) => into.extend([" ", &words.replace('\n', "\\n"), "\n"]),
            Value::Null | Value::Bool(_) | Value::Number(_) => into.extend([" ", &value.to_string(), "\n"]),
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Some((settings, machine)) = settings(std::env::args().skip(1)) else {
        io::stderr().write_all(USAGE.as_bytes())?;
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let simulators = Simulators::start(settings).await?;
    let described = describe(&simulators);
    let mut told = String::new();
    if machine {
        told = format!("{described}\n");
    } else {
        text(&described, 0, &mut told);
    }
    io::stdout().write_all(told.as_bytes())?;
    io::stdout().flush()?;
    let mut last = Instant::now();
    let stopped = tokio::signal::ctrl_c();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            result = &mut stopped => return result,
            () = tokio::time::sleep(STEP) => {
                simulators.advance(last.elapsed());
                last = Instant::now();
            }
        }
    }
}
