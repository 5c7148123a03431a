//! One request from its arrival to its answer, over all that the simulators hold.

use super::Provider;
use super::auth::{self, Auth, Service};
use super::call::{Call, Reply, Wire};
use super::faults::{self, Fault};
use super::limits::{Meter, Violation};
use super::log::{Entry, Log};
use super::seed::Rng;
use super::settings::{Settings, millis};
use super::simulators::Addresses;
use super::time::{HOUR, SECOND, http};
use super::world::World;
use super::{github, jira, slack, wiki};

/// All that the simulators hold.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) settings: Settings,
    pub(crate) auth: Auth,
    pub(crate) meter: Meter,
    pub(crate) log: Log,
    pub(crate) addresses: Addresses,
    /// How many requests are under way at the service that is asked.
    pub(crate) at_once: usize,
    /// Who made the request that is being answered.
    pub(crate) account: Option<usize>,
    /// What goes wrong with it.
    pub(crate) fault: Option<Fault>,
    pub(crate) changes: Rng,
    pub(crate) luck: Rng,
}

impl State {
    pub(crate) fn new(world: World, settings: Settings, addresses: Addresses) -> Self {
        Self {
            auth: Auth::new(settings.seed),
            changes: Rng::new(settings.seed ^ 0x6368_616e),
            luck: Rng::new(settings.seed ^ 0x6c75_636b),
            meter: Meter::default(),
            log: Log::default(),
            at_once: 0,
            account: None,
            fault: None,
            world,
            settings,
            addresses,
        }
    }

    /// Keep that a client asked for more than it may.
    pub(crate) fn violated(&mut self, provider: Provider, violation: Violation) {
        self.log.violations.push((provider, self.world.now, violation));
    }

    /// Keep that a client asks although it was told to wait.
    pub(crate) fn patience(&mut self, provider: Provider, name: &str) {
        if self.meter.waits(name, self.world.now) {
            self.violated(provider, Violation::Impatient);
        }
    }

    /// How far search lags behind for this request.
    pub(crate) fn lag(&self) -> i64 {
        if self.fault == Some(Fault::StaleSearch) {
            HOUR
        } else {
            millis(self.settings.search_lag)
        }
    }

    /// Answer a request.
    pub(crate) fn serve(&mut self, service: Service, call: &Call) -> Reply {
        self.world.now += millis(self.settings.tick);
        self.account = None;
        self.log.most_at_once = self.log.most_at_once.max(self.at_once);
        let provider = provider(service, call);
        // A browser's page does not fail: people would only try again.
        let page = call.path.ends_with("/authorize");
        self.fault = if page {
            None
        } else {
            self.settings.faults.draw(&mut self.luck, provider)
        };
        let now = self.world.now;
        let mut reply = match self.fault.filter(|fault| fault.early()) {
            Some(fault) => {
                self.patience(provider, &waiter(call));
                let early = faults::early(fault, provider, &mut self.luck).unwrap_or_else(|| Reply::empty(500));
                self.told(call, &early);
                early
            }
            None => self.answer(service, provider, call),
        };
        if let Some(fault) = self.fault {
            reply = faults::late(fault, reply, &mut self.luck);
        }
        let skew = faults::skew(self.fault, &mut self.luck);
        self.write(provider, call, &reply);
        reply.header("date", http(now + skew))
    }

    fn answer(&mut self, service: Service, provider: Provider, call: &Call) -> Reply {
        self.patience(provider, &waiter(call));
        let reply = match (service, provider) {
            (Service::GitHub, _) => auth::github::answer(self, call).unwrap_or_else(|| github::answer(self, call)),
            (Service::Slack, _) => auth::slack::answer(self, call).unwrap_or_else(|| slack::answer(self, call)),
            (Service::Atlassian, Provider::Confluence) => wiki::answer(self, call),
            (Service::Atlassian, _) => auth::atlassian::answer(self, call).unwrap_or_else(|| jira::answer(self, call)),
        };
        self.told(call, &reply);
        reply
    }

    /// Keep how long an answer told its client to wait.
    fn told(&mut self, call: &Call, reply: &Reply) {
        let wait = reply.headers.iter().find(|(name, _)| name == "retry-after");
        if let Some(seconds) = wait.and_then(|(_, value)| value.parse::<i64>().ok()) {
            self.meter.wait(&waiter(call), self.world.now + seconds * SECOND);
        }
    }

    fn write(&mut self, provider: Provider, call: &Call, reply: &Reply) {
        let reset = reply.wire == Wire::Reset;
        // Only routes that were reached know their parameters.
        let reached = reply.status == 200 && self.fault.is_none();
        self.log.entries.push(Entry {
            provider,
            at: self.world.now,
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.raw_query.clone(),
            status: if reset { 0 } else { reply.status },
            account: self.account,
            unknown: if reached { call.unknown() } else { Vec::new() },
            fault: self.fault,
            body: call.body.clone(),
        });
    }
}

/// The name under which a client is told to wait: Slack blocks one method, the others the whole client.
fn waiter(call: &Call) -> String {
    let token = call.bearer().unwrap_or_default();
    if call.path.starts_with("/api/") {
        format!("{token}{}", call.path)
    } else {
        token.to_owned()
    }
}

fn provider(service: Service, call: &Call) -> Provider {
    match service {
        Service::GitHub => Provider::GitHub,
        Service::Slack => Provider::Slack,
        Service::Atlassian if call.path.starts_with("/ex/confluence/") => Provider::Confluence,
        Service::Atlassian => Provider::Jira,
    }
}
