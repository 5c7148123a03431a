//! What goes wrong on the way, by a seed and a rate.

use serde_json::{Value, json};

use super::Provider;
use super::call::{Reply, Wire};
use super::seed::Rng;
use super::time::MINUTE;

/// A thing that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 429 with `Retry-After`.
    Limited,
    /// 429 without.
    LimitedBare,
    /// GitHub's 403 for asking too much, without `Retry-After`.
    Secondary,
    /// 500, 502, 503 or 504.
    ServerError,
    /// The connection ends with no answer, though the request took effect.
    Reset,
    /// The connection ends in the middle of the body.
    HalfBody,
    /// `Content-Length` promises more than comes.
    WrongLength,
    /// A page in HTML with status 200.
    Html,
    /// A list names one of its items twice.
    Duplicate,
    /// A list lacks one of its items, which is there when it is read again.
    Missing,
    /// A list is in another order.
    Reordered,
    /// Search answers from before the last changes.
    StaleSearch,
    /// The `Date` header is up to ten minutes off.
    ClockSkew,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Limited,
        Self::LimitedBare,
        Self::Secondary,
        Self::ServerError,
        Self::Reset,
        Self::HalfBody,
        Self::WrongLength,
        Self::Html,
        Self::Duplicate,
        Self::Missing,
        Self::Reordered,
        Self::StaleSearch,
        Self::ClockSkew,
    ];

    /// Whether it happens before the provider acts on the request.
    pub(crate) fn early(self) -> bool {
        matches!(
            self,
            Self::Limited | Self::LimitedBare | Self::Secondary | Self::ServerError
        )
    }
}

/// What goes wrong, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// Of a thousand requests, how many.
    pub rate: u32,
    /// The kinds, each as likely.
    pub kinds: Vec<Fault>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self {
            rate: 0,
            kinds: Vec::new(),
        }
    }

    /// Everything does, at a rate of a thousand.
    pub fn all(rate: u32) -> Self {
        Self {
            rate,
            kinds: Fault::ALL.to_vec(),
        }
    }

    /// Whether something goes wrong with the next request to a provider.
    pub(crate) fn draw(&self, rng: &mut Rng, provider: Provider) -> Option<Fault> {
        if !rng.chance(self.rate) {
            return None;
        }
        let fault = rng.choose(&self.kinds)?;
        let fits = match fault {
            Fault::Secondary => provider == Provider::GitHub,
            // Slack has no search here, and its lists are pages of one snapshot.
            Fault::StaleSearch => matches!(provider, Provider::Jira | Provider::Confluence),
            Fault::Duplicate | Fault::Missing | Fault::Reordered => provider != Provider::Slack,
            Fault::Limited
            | Fault::LimitedBare
            | Fault::ServerError
            | Fault::Reset
            | Fault::HalfBody
            | Fault::WrongLength
            | Fault::Html
            | Fault::ClockSkew => true,
        };
        fits.then_some(fault)
    }
}

/// The answer in place of the provider's own.
pub(crate) fn early(fault: Fault, provider: Provider, rng: &mut Rng) -> Option<Reply> {
    let limited = || match provider {
        Provider::GitHub => {
            json!({ "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api" })
        }
        Provider::Slack => json!({ "ok": false, "error": "ratelimited" }),
        Provider::Jira | Provider::Confluence => json!({ "errorMessages": ["Rate limit exceeded."], "errors": {} }),
    };
    match fault {
        Fault::Limited => Some(Reply::json(429, &limited()).header("retry-after", rng.between(1, 30).to_string())),
        Fault::LimitedBare => Some(Reply::json(429, &limited())),
        Fault::Secondary => Some(Reply::json(403, &limited())),
        Fault::ServerError => {
            let status = *rng.pick(&[500, 502, 503, 504]);
            Some(Reply::html(status, "Unicorn! Something went wrong."))
        }
        Fault::Reset
        | Fault::HalfBody
        | Fault::WrongLength
        | Fault::Html
        | Fault::Duplicate
        | Fault::Missing
        | Fault::Reordered
        | Fault::StaleSearch
        | Fault::ClockSkew => None,
    }
}

/// The answer as it arrives.
pub(crate) fn late(fault: Fault, reply: Reply, rng: &mut Rng) -> Reply {
    match fault {
        Fault::Reset => Reply {
            wire: Wire::Reset,
            ..reply
        },
        Fault::HalfBody => Reply {
            wire: Wire::Half,
            ..reply
        },
        Fault::WrongLength => Reply {
            wire: Wire::Short,
            ..reply
        },
        Fault::Html => Reply::html(200, "We will be back soon"),
        Fault::Duplicate | Fault::Missing | Fault::Reordered => disorder(fault, reply, rng),
        Fault::Limited
        | Fault::LimitedBare
        | Fault::Secondary
        | Fault::ServerError
        | Fault::StaleSearch
        | Fault::ClockSkew => reply,
    }
}

/// How far off the `Date` header is.
pub(crate) fn skew(fault: Option<Fault>, rng: &mut Rng) -> i64 {
    if fault == Some(Fault::ClockSkew) {
        rng.between(-10 * MINUTE, 10 * MINUTE)
    } else {
        0
    }
}

/// A list with an item twice, missing, or in another place.
fn disorder(fault: Fault, mut reply: Reply, rng: &mut Rng) -> Reply {
    let Some(mut body) = reply.value().filter(|_| reply.status == 200) else {
        return reply;
    };
    let Some(items) = list(&mut body) else { return reply };
    if items.len() < 2 {
        return reply;
    }
    let (one, other) = (rng.below(items.len()), rng.below(items.len()));
    match fault {
        Fault::Duplicate => items.push(items[one].clone()),
        Fault::Missing => {
            items.remove(one);
        }
        Fault::Reordered
        | Fault::Limited
        | Fault::LimitedBare
        | Fault::Secondary
        | Fault::ServerError
        | Fault::Reset
        | Fault::HalfBody
        | Fault::WrongLength
        | Fault::Html
        | Fault::StaleSearch
        | Fault::ClockSkew => items.swap(one, other),
    }
    reply.body = body.to_string().into_bytes();
    reply
}

/// The list of a page: the body itself, or the one under a usual name.
fn list(body: &mut Value) -> Option<&mut Vec<Value>> {
    if body.is_array() {
        return body.as_array_mut();
    }
    let names = ["issues", "values", "results", "comments"];
    let name = names.into_iter().find(|name| body[*name].is_array())?;
    body[name].as_array_mut()
}
