//! Simulated providers, and what a person does with a browser to connect to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use connectors::clock::Clock;
use domain::Timestamp;
use serde_json::Value;
use testkit::provider::{Application, Delivery, Limits, Provider, Settings, Simulators, World};

use crate::{Neurosync, Server};

/// The simulators' clock: a wait moves it, and is over at once.
pub struct Virtual(pub Arc<Simulators>);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now())
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
        tokio::task::yield_now().await;
    }
}

/// Where the browser comes back to; each test has a port of its own.
pub fn redirect() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}/callback", free.local_addr().expect("an address"))
}

/// Simulators of a given world, without limits on requests, whose sign-ins lead back to `redirect`.
///
/// # Panics
/// When no port is free.
pub async fn simulators_over(redirect: &str, world: World) -> Simulators {
    let settings = Settings {
        limits: Limits::none(),
        redirects: vec![redirect.to_owned()],
        ..lasting()
    };
    Simulators::over(world, settings).await.expect("simulators")
}

/// Simulators without limits on requests, whose sign-ins lead back to `redirect`.
///
/// # Panics
/// When no port is free.
pub async fn simulators(redirect: &str) -> Simulators {
    simulators_of(redirect, Settings::default()).await
}

/// The same of a world of one's own.
///
/// # Panics
/// When no port is free.
pub async fn simulators_of(redirect: &str, settings: Settings) -> Simulators {
    let settings = Settings {
        limits: Limits::none(),
        redirects: vec![redirect.to_owned()],
        ..settings
    };
    Simulators::start(settings).await.expect("simulators")
}

/// A data folder whose configuration leads to the simulators.
pub fn configured(simulators: &Simulators, redirect: &str) -> Neurosync {
    let neurosync = Neurosync::default();
    let places = simulators.addresses();
    std::fs::create_dir_all(neurosync.data()).expect("a folder");
    let secret = neurosync.data().with_file_name("secret");
    let key = neurosync.data().with_file_name("key");
    let (github, atlassian, slack) = (&places.github, &places.atlassian, &places.slack);
    let app = |application: Application| {
        let path = secret.with_extension(application.client_id);
        std::fs::write(&path, application.client_secret).expect("a file");
        format!(
            "client_id = {:?}\nclient_secret_file = {:?}\nredirect = {redirect:?}\n",
            application.client_id,
            path.display().to_string()
        )
    };
    let text = format!(
        "[network]\nallow = [\"127.0.0.1\"]\n[keys]\nfile = {:?}\n\
         [apps.github]\n{}authorize = \"{github}/login/oauth/authorize\"\ntoken = \"{github}/login/oauth/access_token\"\n\
         device = \"{github}/login/device/code\"\napi = \"{github}/\"\n\
         [apps.atlassian]\n{}authorize = \"{atlassian}/authorize\"\ntoken = \"{atlassian}/oauth/token\"\napi = \"{atlassian}/\"\n\
         [apps.slack]\n{}authorize = \"{slack}/oauth/v2/authorize\"\ntoken = \"{slack}/api/oauth.v2.access\"\napi = \"{slack}/api/\"\n",
        key.display().to_string(),
        app(Application::GITHUB),
        app(Application::ATLASSIAN),
        app(Application::SLACK),
    );
    std::fs::write(neurosync.data().join("neurosync.toml"), text).expect("a file");
    neurosync
}

/// What each provider's source is called.
pub fn source(provider: Provider) -> &'static str {
    match provider {
        Provider::GitHub => "github",
        Provider::Jira => "jira",
        Provider::Confluence => "confluence",
        Provider::Slack => "slack",
    }
}

/// The key of something as it is stored: sites have their hosts for names.
pub fn stored(key: &str) -> String {
    key.replacen("jira:acme/", "jira:acme.atlassian.net/", 1)
        .replacen("wiki:acme/", "wiki:acme.atlassian.net/", 1)
}

/// Settings whose tokens outlive all that a test lets pass.
pub fn lasting() -> Settings {
    Settings {
        token_life: Some(Duration::from_hours(24 * 365 * 2)),
        ..Settings::default()
    }
}

/// Move the simulators' clock on to this machine's, as it dates a new file: signatures hold for minutes.
///
/// # Panics
/// When the simulators' clock is ahead of this machine's.
pub fn catch_up(simulators: &Simulators) {
    let file = tempfile::tempfile().and_then(|file| file.metadata()?.modified());
    let now = file.expect("a date").duration_since(UNIX_EPOCH).expect("after 1970");
    let passed = Duration::from_millis(simulators.now().unsigned_abs());
    simulators.advance(now.checked_sub(passed).expect("the simulators are behind"));
}

/// Post something to a server; the status.
pub fn post(server: &Server, path: &str, headers: &[(String, String)], body: &[u8]) -> u16 {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let (headers, body) = (headers.collect::<Vec<_>>().concat(), String::from_utf8_lossy(body));
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address(),
        body.len()
    );
    server.raw(&request).status
}

/// Post a delivery to the source of its provider as that does; the status.
pub fn deliver(server: &Server, delivery: &Delivery) -> u16 {
    let path = format!("/v1/webhooks/{0}/{0}", source(delivery.provider));
    post(server, &path, &delivery.headers, &delivery.body)
}

/// Open an address as a browser does, following redirections; what the last page says.
pub fn browse(address: &str) -> String {
    let mut address = address.to_owned();
    for _ in 0..4 {
        let rest = address.strip_prefix("http://").expect("an address of this machine");
        let (host, path) = rest.split_once('/').expect("a path");
        let mut stream = TcpStream::connect(host).expect("it listens");
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let location = answer.lines().find_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("location"))
        });
        match location {
            Some((_, next)) => address = next.trim().to_owned(),
            None => return answer,
        }
    }
    address
}

/// The address that a waiting `connect` asks to open.
pub fn asked(child: &mut Child) -> String {
    let lines = BufReader::new(child.stderr.as_mut().expect("piped")).lines();
    let mut lines = lines.map(|line| line.expect("text"));
    let found = lines.find(|line| line.trim_start().starts_with("http://"));
    found.expect("an address").trim().to_owned()
}

/// Connect by consent; the JSON that the command ends with.
pub fn consent(neurosync: &Neurosync, service: &str) -> Value {
    let mut command = neurosync.command(&["--json", "connect", service]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let page = browse(&asked(&mut child));
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Service, connection and location of each source.
const SOURCES: [(&str, &str, &str); 4] = [
    ("github", "github", "https://github.com/"),
    ("jira", "atlassian", ""),
    ("confluence", "atlassian", ""),
    ("slack", "slack", "https://acme.slack.com"),
];

/// The address of the site that Atlassian's consent reaches.
pub fn site(neurosync: &Neurosync) -> String {
    let listed = neurosync.json(&["connections"]);
    let connections = listed["connections"].as_array().expect("a list");
    let found = connections
        .iter()
        .find(|one| one["name"] == "atlassian")
        .expect("a connection");
    found["sites"][0]["url"].as_str().expect("an address").to_owned()
}

/// Connect to all providers as the first person, and add a source of each under its service's name.
pub fn connect_all(neurosync: &Neurosync, simulators: &Simulators) {
    connect_all_for(neurosync, simulators, "owner");
}

/// The same for these readers.
pub fn connect_all_for(neurosync: &Neurosync, simulators: &Simulators, access: &str) {
    for (service, provider) in [
        ("github", Provider::GitHub),
        ("jira", Provider::Jira),
        ("slack", Provider::Slack),
    ] {
        simulators.sign_in(provider, Some(0));
        consent(neurosync, service);
    }
    let site = site(neurosync);
    for (kind, connection, location) in SOURCES {
        let location = if location.is_empty() { site.as_str() } else { location };
        let source = ["source", "add", kind, kind, location];
        neurosync.json(&[&source[..], &["--connection", connection, "--access", access]].concat());
    }
}
