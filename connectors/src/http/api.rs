//! The client of a process, and one grant's view of it.

use std::sync::Arc;

use domain::Result;
use tracing::debug;

use super::attempt::Attempt;
use super::grants::{Grants, Shared};
use super::guard::Guard;
use super::outlook::Pace;
use super::request::shown;
use super::{Policy, Request, Response, Tokens, transport};
use crate::clock::Clock;

/// Whose requests share a budget: a grant of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantKey {
    /// The tenant.
    pub tenant: String,
    /// The grant's name.
    pub grant: String,
}

/// Settings of the client.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Hosts and networks of one's own that may be reached though their addresses are private, and without TLS: `jira.acme.example`,
    /// `10.1.0.0/16`, `127.0.0.1`. Everything public may always be reached.
    pub allow: Vec<String>,
}

/// The client of a process: connections, the guard, and what is known of each grant's limits. Clones share all of it.
#[derive(Clone)]
pub struct Http {
    pub(super) client: reqwest::Client,
    pub(super) guard: Guard,
    pub(super) clock: Arc<dyn Clock>,
    grants: Arc<Grants>,
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// `Invalid` when an entry of `allow` is neither a host nor a network, `Internal` when TLS cannot be set up.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let guard = Guard::new(&settings.allow)?;
        Ok(Self {
            client: transport::client(&guard)?,
            guard,
            clock,
            grants: Arc::default(),
        })
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The view of one grant. All views of one `key` share limits and budget, whatever task they are in.
    pub fn api(&self, policy: Policy, tokens: Arc<dyn Tokens>, key: &GrantKey) -> Api {
        let shared = self.grants.shared(key, &policy, self.clock.now());
        Api {
            http: self.clone(),
            policy: Arc::new(policy),
            tokens,
            shared,
            pace: Arc::default(),
        }
    }
}

/// One grant's view of the client. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(super) http: Http,
    pub(super) policy: Arc<Policy>,
    pub(super) tokens: Arc<dyn Tokens>,
    pub(super) shared: Arc<Shared>,
    pub(super) pace: Arc<Pace>,
}

impl Api {
    /// Send `request` and give the good answer to it (2xx or 304).
    ///
    /// # Errors
    /// As [`Api::ask`], and those of [`Response::good`].
    pub async fn send(&self, request: Request) -> Result<Response> {
        self.ask(request).await?.good()
    }

    /// Send `request` and give any definite answer: also a refusal (400, 403, 404, 409, 410, 422 …) that a connector understands.
    ///
    /// # Errors
    /// - `Unavailable` with [`domain::Retry::After`] when the provider asks to wait for longer than a job should sleep, or was down
    ///   so often that it is left alone; with [`domain::Retry::Now`] when five attempts failed.
    /// - `Denied` when the credential is refused and cannot be renewed, or when the address may not be reached.
    /// - `Exhausted` when the body is larger than the request's limit.
    /// - `Invalid` when the request's address is no web address.
    pub async fn ask(&self, request: Request) -> Result<Response> {
        let (method, address) = (request.method.clone(), shown(&request.url));
        let answer = Attempt::new(self, &request).run().await?;
        debug!(%method, address, status = answer.status(), bytes = answer.body().len(), "request answered");
        Ok(answer)
    }
}
