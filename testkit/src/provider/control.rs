//! What a test does to the simulators: reads their world and log, changes things, signs people in, takes tokens.

use super::auth::{Answer, Service, Who, atlassian, github, slack};
use super::faults::Faults;
use super::github::deeds::Hand;
use super::limits::Limits;
use super::log::Log;
use super::mutation::{Changed, Mutation};
use super::simulators::Simulators;
use super::webhook::{Delivery, Secrets};
use super::world::World;
use super::{Provider, auth::scopes};

/// The scopes of Atlassian tokens that tests take: all that reading needs.
pub(crate) const ATLASSIAN_SCOPES: &str = "offline_access read:me read:jira-work read:jira-user manage:jira-webhook manage:jira-configuration \
    read:board-scope:jira-software read:sprint:jira-software read:page:confluence read:space:confluence read:comment:confluence \
    read:attachment:confluence read:content.metadata:confluence read:hierarchical-content:confluence \
    read:space.permission:confluence read:user:confluence search:confluence read:confluence-content.all \
    read:confluence-content.permission read:confluence-groups read:confluence-user readonly:content.attachment:confluence";
/// The same for Slack.
pub(crate) const SLACK_SCOPES: &str = "channels:read,channels:history,groups:read,groups:history,im:read,im:history,mpim:read,mpim:history,\
    users:read,users:read.email,usergroups:read,files:read,team:read,channels:join";

/// An access token, and what renews it where that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: Option<String>,
}

fn service(provider: Provider) -> Service {
    match provider {
        Provider::GitHub => Service::GitHub,
        Provider::Jira | Provider::Confluence => Service::Atlassian,
        Provider::Slack => Service::Slack,
    }
}

impl Simulators {
    /// Milliseconds since 1970 on the virtual clock.
    pub fn now(&self) -> i64 {
        self.locked().world.now
    }

    /// A copy of the organisation as it is now.
    pub fn world(&self) -> World {
        self.locked().world.clone()
    }

    /// A copy of the log.
    pub fn log(&self) -> Log {
        self.locked().log.clone()
    }

    /// Forget what was asked so far.
    pub fn clear_log(&self) {
        self.locked().log = Log::default();
    }

    /// Make one random change.
    pub fn mutate(&self) -> Changed {
        let mut state = self.locked();
        let state = &mut *state;
        state.world.mutate(&mut state.changes)
    }

    /// Make one random change of a kind; none where there is nothing that could change so.
    pub fn mutate_as(&self, mutation: Mutation) -> Option<Changed> {
        let mut state = self.locked();
        let state = &mut *state;
        state.world.mutate_as(mutation, &mut state.changes)
    }

    /// Do something by hand at GitHub, now: to an item by its key, with another or with an account. Whether there are both.
    pub fn by_hand(&self, hand: Hand, item: &str, with: &str) -> bool {
        self.locked().world.by_hand(hand, item, with).is_some()
    }

    /// The webhooks by which a provider tells of a change, signed and ready to be posted. Jira's come once for each way of signing.
    pub fn deliveries(&self, changed: &Changed, secrets: &Secrets) -> Vec<Delivery> {
        self.locked().deliveries(changed, secrets)
    }

    /// Let other things go wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.locked().settings.faults = faults;
    }

    /// Allow other amounts from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.locked().settings.limits = limits;
    }

    /// Allow another address for sign-ins to lead back to.
    pub fn allow_redirect(&self, address: &str) {
        self.locked().settings.redirects.push(address.to_owned());
    }

    /// Say who sits at the browser and agrees to the next sign-ins; none refuses them.
    pub fn sign_in(&self, provider: Provider, person: Option<usize>) {
        self.locked().auth.signed_in.insert(service(provider), person);
    }

    /// Answer a device that waits: as a person who agrees, or not at all. Whether there is such a device.
    pub fn answer_device(&self, user_code: &str, person: Option<usize>) -> bool {
        let mut state = self.locked();
        let device = state
            .auth
            .devices
            .values_mut()
            .find(|device| device.user_code == user_code);
        let answer = person.map_or(Answer::Refused, Answer::Agreed);
        device.map(|device| device.answer = Some(answer)).is_some()
    }

    /// Tokens of a person with all scopes that reading needs, as a sign-in would give.
    pub fn tokens(&self, provider: Provider, person: usize) -> Tokens {
        let asked = match provider {
            Provider::GitHub => "repo,read:org,read:user,user:email",
            Provider::Jira | Provider::Confluence => ATLASSIAN_SCOPES,
            Provider::Slack => SLACK_SCOPES,
        };
        self.tokens_with(provider, person, asked)
    }

    /// Tokens of a person with some scopes.
    pub fn tokens_with(&self, provider: Provider, person: usize, asked: &str) -> Tokens {
        self.give(provider, Who::Person(person), asked)
    }

    /// Tokens of Slack's bot.
    pub fn bot_tokens(&self) -> Tokens {
        self.give(Provider::Slack, Who::Bot, SLACK_SCOPES)
    }

    /// Every access and refresh token that was ever given out.
    pub fn every_token(&self) -> Vec<String> {
        self.locked().auth.every_token()
    }

    fn give(&self, provider: Provider, who: Who, asked: &str) -> Tokens {
        let mut state = self.locked();
        let grant = state.auth.grant(service(provider), who, scopes(asked));
        let body = match provider {
            Provider::GitHub => github::tokens(&mut state, grant),
            Provider::Jira | Provider::Confluence => atlassian::tokens(&mut state, grant),
            Provider::Slack => slack::tokens(&mut state, grant).into(),
        };
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        Tokens {
            access: text("access_token").unwrap_or_default(),
            refresh: text("refresh_token"),
        }
    }

    /// A person takes back all that they allowed at a provider.
    pub fn revoke(&self, provider: Provider, person: usize) {
        self.locked().auth.revoke(service(provider), person);
    }
}
