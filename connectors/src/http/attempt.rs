//! One request until there is a definite answer: waiting for its turn, trying again, renewing the credential.

use std::time::{Duration, Instant};

use domain::{Error, Result, Retry};
use reqwest::StatusCode;
use tracing::debug;

use super::blot::blot;
use super::dialect::{self, Verdict};
use super::request::shown;
use super::transport::{self, Fault};
use super::{Api, Credential, Expect, Request, Response, backoff};

/// How often a request is sent that fails in passing.
const ATTEMPTS: u32 = 5;
/// The longest wait that is slept through; a longer one parks the job.
const PARK: Duration = Duration::from_secs(30);
/// How long one request waits in all before its job is parked.
const PATIENCE: Duration = Duration::from_mins(5);

/// What one exchange came to.
enum Outcome {
    Answer(Response),
    /// It is not its turn.
    Wait(Duration),
    /// The server refused it for a limit.
    Limited(Duration),
    Unauthorized(Response, Credential),
    Failed {
        why: String,
        wait: Duration,
        sent: bool,
    },
}

/// A request on its way.
pub(super) struct Attempt<'a> {
    api: &'a Api,
    request: &'a Request,
    /// Whether it goes to the grant's own origin, whose rules, budget and health then count.
    own: bool,
    failures: u32,
    limits: u32,
    waited: Duration,
    renewed: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(api: &'a Api, request: &'a Request) -> Self {
        Self {
            api,
            request,
            own: api.policy.trusts(&request.url),
            failures: 0,
            limits: 0,
            waited: Duration::ZERO,
            renewed: false,
        }
    }

    /// Send until there is a definite answer.
    pub(super) async fn run(mut self) -> Result<Response> {
        loop {
            match self.once().await? {
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Wait(wait) => self.pause(wait).await?,
                Outcome::Limited(wait) => {
                    self.limits += 1;
                    if self.limits >= ATTEMPTS {
                        return Err(self.parked(wait));
                    }
                    self.pause(wait).await?;
                }
                Outcome::Unauthorized(answer, used) => {
                    if self.renewed || !self.own || used == Credential::Anonymous {
                        return Ok(answer);
                    }
                    self.renewed = true;
                    self.api.tokens.refused(&used).await?;
                }
                Outcome::Failed { why, wait, sent } => self.failed(&why, wait, sent).await?,
            }
        }
    }

    async fn failed(&mut self, why: &str, wait: Duration, sent: bool) -> Result<()> {
        self.failures += 1;
        debug!(attempt = self.failures, why, "request failed");
        if self.failures >= ATTEMPTS || (sent && self.request.once) {
            let message = format!("{why} ({} of {ATTEMPTS} attempts)", self.failures);
            return Err(Error::unavailable("send request", message));
        }
        let wait = wait.max(backoff::delay(self.failures)?);
        self.pause(wait).await
    }

    /// Take a turn and send once.
    async fn once(&mut self) -> Result<Outcome> {
        let shared = &self.api.shared;
        let _slot = shared
            .slots
            .acquire()
            .await
            .map_err(|error| Error::internal("send request", "the client is closed").with_source(error))?;
        if self.own
            && let Err(wait) = self.admit()
        {
            return Ok(Outcome::Wait(wait));
        }
        let credential = if self.own {
            self.api.tokens.token().await?
        } else {
            Credential::Anonymous
        };
        let header = credential.header()?;
        let http = &self.api.http;
        let begun = Instant::now();
        let answer = transport::exchange((&http.client, &http.guard), &self.api.policy, self.request, header).await;
        self.api.pace.note(begun.elapsed());
        let answer = answer.map(|answer| Response {
            body: blot(&credential, answer.body),
            ..answer
        });
        self.judge(answer, credential)
    }

    /// Ask the breaker and the budget.
    fn admit(&self) -> Result<(), Duration> {
        let now = self.api.http.clock.now();
        let lane = (self.request.lane, self.request.lane_rate);
        self.api.shared.budget().spend(lane, self.request.cost, now)?;
        self.api.shared.breaker().admit(now)
    }

    fn judge(&self, answer: Result<Response, Fault>, credential: Credential) -> Result<Outcome> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(Fault::Lasting(error)) => {
                self.record(None);
                return Err(error);
            }
            Err(Fault::Passing { why, sent }) => {
                self.record(Some(true));
                let wait = Duration::ZERO;
                return Ok(Outcome::Failed { why, wait, sent });
            }
        };
        let now = self.api.http.clock.now();
        // Another origin's answers follow no rules but the general ones.
        let provider = if self.own && self.api.policy.trusts(&answer.url) {
            self.api.policy.provider
        } else {
            super::Provider::Plain
        };
        if self.own
            && let Some(left) = dialect::left(provider, &answer, now)
        {
            self.api.shared.budget().observe(self.request.lane, left, now);
        }
        Ok(match dialect::judge(provider, &answer, now) {
            Verdict::Limited { all, wait } => {
                self.record(None);
                let mut budget = self.api.shared.budget();
                let wait = wait.unwrap_or_else(|| budget.strike(dialect::untold(provider)));
                if self.own {
                    budget.block((!all).then_some(self.request.lane), wait, now);
                }
                Outcome::Limited(wait)
            }
            Verdict::Unauthorized => {
                self.record(Some(false));
                Outcome::Unauthorized(answer, credential)
            }
            Verdict::Failed { .. } if self.request.heavy && answer.status == StatusCode::GATEWAY_TIMEOUT => {
                self.record(None);
                Outcome::Answer(answer)
            }
            Verdict::Failed { why, wait } => self.fault(&answer, &why, wait.unwrap_or_default()),
            Verdict::Final => {
                if let Some(why) = self.not_json(&answer) {
                    self.fault(&answer, why, Duration::ZERO)
                } else {
                    self.record(Some(false));
                    self.api.shared.budget().passed();
                    Outcome::Answer(answer)
                }
            }
        })
    }

    fn fault(&self, answer: &Response, why: &str, wait: Duration) -> Outcome {
        self.record(Some(true));
        Outcome::Failed {
            why: format!("{}: {why}", shown(&answer.url)),
            wait,
            sent: true,
        }
    }

    /// Tell the breaker what became of the request; nothing, where that says nothing of the provider's health.
    fn record(&self, failed: Option<bool>) {
        if !self.own {
            return;
        }
        let now = self.api.http.clock.now();
        let mut breaker = self.api.shared.breaker();
        match failed {
            Some(failed) => breaker.record(failed, now),
            None => breaker.no_outcome(),
        }
    }

    /// Why a good answer is not the JSON that was asked for.
    fn not_json(&self, answer: &Response) -> Option<&'static str> {
        let must = self.request.expect == Expect::Json && answer.status.is_success();
        let empty = matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
            || (answer.body.is_empty() && self.request.method != reqwest::Method::GET);
        if !must || empty {
            return None;
        }
        match serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body) {
            Ok(_) => None,
            Err(_) if answer.body.first() == Some(&b'<') => Some("a web page instead of data"),
            Err(_) => Some("broken data"),
        }
    }

    /// Sleep through a short wait; a long one ends the request.
    async fn pause(&mut self, wait: Duration) -> Result<()> {
        if wait > PARK || self.waited + wait > PATIENCE {
            return Err(self.parked(wait));
        }
        self.waited += wait;
        self.api.http.clock.sleep(wait).await;
        Ok(())
    }

    fn parked(&self, wait: Duration) -> Error {
        let provider = self.api.policy.provider.name();
        let message = format!("{provider} can be asked again in {} s", wait.as_secs().max(1));
        Error::unavailable("send request", message).with_retry(Retry::After(wait.max(Duration::from_secs(1))))
    }
}
