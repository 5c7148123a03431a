//! How the simulators behave, and the applications that are registered with them.

use std::time::Duration;

use super::faults::Faults;
use super::limits::Limits;
use super::organisation::Size;

/// How the simulators behave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the organisation, tokens and faults follow from.
    pub seed: u64,
    /// How large the organisation is.
    pub size: Size,
    /// What each provider allows.
    pub limits: Limits,
    /// What goes wrong, and how often.
    pub faults: Faults,
    /// How far Jira's and Confluence's search lags behind, on the virtual clock.
    pub search_lag: Duration,
    /// How long access tokens live, instead of each provider's own time.
    pub token_life: Option<Duration>,
    /// Which kinds of token the applications were set up to get.
    pub tokens: TokenKinds,
    /// Whether GitHub refuses what is asked by GraphQL: an application may lack the permissions.
    pub graphql_denied: bool,
    /// How far the virtual clock moves at each request.
    pub tick: Duration,
    /// How long each answer takes on the real clock, so that requests overlap.
    pub latency: Duration,
    /// The addresses that a sign-in may lead back to. On loopback GitHub does not mind the port.
    pub redirects: Vec<String>,
    /// The port of GitHub; Atlassian's and Slack's are the next two. 0 takes any that are free.
    pub port: u16,
}

/// Which kinds of token the applications were set up to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenKinds {
    /// Whether GitHub's user tokens end and can be renewed: a GitHub App's rather than an OAuth app's.
    pub github_expires: bool,
    /// Whether Slack's tokens rotate.
    pub slack_rotates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            size: Size::SMALL,
            limits: Limits::default(),
            faults: Faults::none(),
            search_lag: Duration::ZERO,
            token_life: None,
            tokens: TokenKinds {
                github_expires: true,
                slack_rotates: true,
            },
            graphql_denied: false,
            tick: Duration::ZERO,
            latency: Duration::ZERO,
            redirects: vec!["http://127.0.0.1/callback".to_owned()],
            port: 0,
        }
    }
}

/// An application as its provider knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Application {
    /// The id that it shows openly.
    pub client_id: &'static str,
    /// The secret that only it and the provider know.
    pub client_secret: &'static str,
    /// The secret that webhooks are signed with.
    pub webhook_secret: &'static str,
}

impl Application {
    /// Ours at GitHub: a GitHub App whose number is [`Application::GITHUB_APP`].
    pub const GITHUB: Self = Self {
        client_id: "Iv23liNeuroSyncTest0",
        client_secret: "github-client-secret-of-the-tests",
        webhook_secret: "github-webhook-secret-of-the-tests",
    };
    /// The number of our GitHub App.
    pub const GITHUB_APP: &'static str = "424242";
    /// The number of our GitHub App's installation in the organisation.
    pub const GITHUB_INSTALLATION: u64 = 777_001;
    /// Ours at Atlassian, for Jira and Confluence.
    pub const ATLASSIAN: Self = Self {
        client_id: "AtlassianClientOfTheTests0000001",
        client_secret: "atlassian-client-secret-of-the-tests",
        webhook_secret: "atlassian-webhook-secret-of-the-tests",
    };
    /// Ours at Slack.
    pub const SLACK: Self = Self {
        client_id: "1000000001.2000000002",
        client_secret: "slack-client-secret-of-the-tests",
        webhook_secret: "slack-signing-secret-of-the-tests",
    };

    /// The private key of our GitHub App, in PEM.
    pub fn github_key() -> String {
        super::signature::app_key_pem()
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("durations of tests are short")
}
