//! Who may do what: codes, tokens and their renewal, for all providers.

pub(crate) mod atlassian;
pub(crate) mod github;
pub(crate) mod slack;

use std::collections::BTreeMap;

use super::call::{Call, encode};
use super::seed::Rng;
use super::signature::challenge;
use super::time::MINUTE;

/// Where people sign in: Jira and Confluence share one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    GitHub,
    Atlassian,
    Slack,
}

/// Who acts with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Person(usize),
    /// GitHub's App in the organisation, in some of its repositories or in all.
    Installation(Option<Vec<u64>>),
    /// Slack's bot of our application.
    Bot,
}

impl Who {
    pub(crate) fn person(&self) -> Option<usize> {
        match self {
            Self::Person(person) => Some(*person),
            Self::Installation(_) | Self::Bot => None,
        }
    }
}

/// What someone allowed the application.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) service: Service,
    pub(crate) who: Who,
    pub(crate) scopes: Vec<String>,
    pub(crate) alive: bool,
}

impl Grant {
    pub(crate) fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}

/// What a sign-in led to, until it is exchanged.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) service: Service,
    pub(crate) person: usize,
    pub(crate) scopes: Vec<String>,
    pub(crate) user_scopes: Vec<String>,
    pub(crate) redirect: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) expires: i64,
}

#[derive(Debug, Clone)]
struct Token {
    grant: usize,
    expires: Option<i64>,
    dead: bool,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(crate) struct Renewal {
    pub(crate) grant: usize,
    pub(crate) expires: Option<i64>,
    /// When it was first used.
    pub(crate) used: Option<i64>,
    /// The access token that it came with.
    pub(crate) access: String,
}

/// A device that waits for someone to type its code elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: i64,
    pub(crate) interval: i64,
    pub(crate) polled: Option<i64>,
    pub(crate) answer: Option<Answer>,
}

/// What someone said who was asked to sign a device in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// The person agreed.
    Agreed(usize),
    Refused,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    Expired,
    Revoked,
}

#[derive(Debug, Clone)]
pub(crate) struct Auth {
    pub(crate) rng: Rng,
    pub(crate) grants: Vec<Grant>,
    codes: BTreeMap<String, Code>,
    tokens: BTreeMap<String, Token>,
    renewals: BTreeMap<String, Renewal>,
    pub(crate) devices: BTreeMap<String, Device>,
    /// Who sits at the browser; none refuses.
    pub(crate) signed_in: BTreeMap<Service, Option<usize>>,
}

impl Auth {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed ^ 0x6175_7468),
            grants: Vec::new(),
            codes: BTreeMap::new(),
            tokens: BTreeMap::new(),
            renewals: BTreeMap::new(),
            devices: BTreeMap::new(),
            signed_in: BTreeMap::new(),
        }
    }

    /// Who sits at the browser, by default the first person; none refuses.
    pub(crate) fn visitor(&self, service: Service) -> Option<usize> {
        self.signed_in.get(&service).copied().unwrap_or(Some(0))
    }

    pub(crate) fn code(&mut self, code: Code) -> String {
        let text = self.rng.hex(20);
        self.codes.insert(text.clone(), code);
        text
    }

    /// Take a code, which is thereby used up. One that is too old is none.
    pub(crate) fn take(&mut self, service: Service, code: &str, now: i64) -> Option<Code> {
        let code = self.codes.remove(code)?;
        (code.service == service && now < code.expires).then_some(code)
    }

    pub(crate) fn grant(&mut self, service: Service, who: Who, scopes: Vec<String>) -> usize {
        self.grants.push(Grant {
            service,
            who,
            scopes,
            alive: true,
        });
        self.grants.len() - 1
    }

    /// A new access token.
    pub(crate) fn mint(&mut self, grant: usize, prefix: &str, expires: Option<i64>) -> String {
        let text = format!("{prefix}{}", self.rng.word(36));
        self.tokens.insert(
            text.clone(),
            Token {
                grant,
                expires,
                dead: false,
            },
        );
        text
    }

    /// A new refresh token.
    pub(crate) fn renewal(&mut self, prefix: &str, renewal: Renewal) -> String {
        let text = format!("{prefix}{}", self.rng.word(76));
        self.renewals.insert(text.clone(), renewal);
        text
    }

    pub(crate) fn find_renewal(&mut self, text: &str, service: Service) -> Option<&mut Renewal> {
        let renewal = self.renewals.get_mut(text)?;
        let grant = &self.grants[renewal.grant];
        (grant.alive && grant.service == service).then_some(renewal)
    }

    /// What a token allows.
    pub(crate) fn holder(&self, service: Service, token: &str, now: i64) -> Result<&Grant, Refusal> {
        let token = self.tokens.get(token).ok_or(Refusal::Unknown)?;
        let grant = &self.grants[token.grant];
        if grant.service != service {
            return Err(Refusal::Unknown);
        }
        if token.dead || !grant.alive {
            return Err(Refusal::Revoked);
        }
        if token.expires.is_some_and(|end| now >= end) {
            return Err(Refusal::Expired);
        }
        Ok(grant)
    }

    /// Every token that was ever given out.
    pub(crate) fn every_token(&self) -> Vec<String> {
        self.tokens.keys().chain(self.renewals.keys()).cloned().collect()
    }

    pub(crate) fn kill(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.dead = true;
        }
    }

    /// End all that the grant of a token allows.
    pub(crate) fn kill_grant(&mut self, token: &str) {
        if let Some(token) = self.tokens.get(token) {
            self.grants[token.grant].alive = false;
        }
    }

    /// The live access tokens of a grant, the one that ends first first.
    pub(crate) fn live(&self, grant: usize, now: i64) -> Vec<String> {
        let own = self
            .tokens
            .iter()
            .filter(|(_, token)| token.grant == grant && !token.dead);
        let mut own: Vec<(i64, String)> = own
            .filter(|(_, token)| token.expires.is_none_or(|end| now < end))
            .map(|(text, token)| (token.expires.unwrap_or(i64::MAX), text.clone()))
            .collect();
        own.sort();
        own.into_iter().map(|(_, text)| text).collect()
    }

    /// What belongs to a person's grants at a service ends.
    pub(crate) fn revoke(&mut self, service: Service, person: usize) {
        let own = |grant: &&mut Grant| grant.service == service && grant.who == Who::Person(person);
        self.grants.iter_mut().filter(own).for_each(|grant| grant.alive = false);
    }
}

/// How long a code is good for.
pub(crate) const CODE_LIFE: i64 = 10 * MINUTE;

/// Words separated by spaces or commas.
pub(crate) fn scopes(text: &str) -> Vec<String> {
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// An address with more in its query.
pub(crate) fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let mut address = address.to_owned();
    for (key, value) in pairs {
        let sign = if address.contains('?') { "&" } else { "?" };
        address.extend([sign, key, "=", &encode(value)]);
    }
    address
}

/// Whether a sign-in may lead back to an address. Some services do not mind the port on loopback.
pub(crate) fn registered(redirects: &[String], address: &str, any_port: bool) -> bool {
    let bare = |text: &str| -> Option<(String, Option<String>, Option<u16>, String)> {
        let url = url::Url::parse(text).ok()?;
        let host = url.host_str().map(str::to_owned);
        let loopback = matches!(host.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let port = url.port().filter(|_| !(any_port && loopback));
        Some((url.scheme().to_owned(), host, port, url.path().to_owned()))
    };
    let asked = bare(address);
    asked.is_some()
        && redirects
            .iter()
            .any(|own| own == address || (any_port && bare(own) == asked))
}

/// Whether a verifier answers the challenge of a code. Where none was set none is expected.
pub(crate) fn verified(code: &Code, call: &Call) -> bool {
    match (&code.challenge, call.field("code_verifier")) {
        (None, None) => true,
        (Some(own), Some(verifier)) => (43..=128).contains(&verifier.len()) && challenge(&verifier) == *own,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
