//! Jira: what every request passes on its way to a route, and which route is which.

mod agile;
pub(crate) mod generate;
mod issues;
mod jql;
pub(crate) mod model;
pub(crate) mod mutate;
mod people;
mod projects;
pub(crate) mod record;
mod search;
mod webhooks;

use serde_json::{Value, json};

use super::Provider;
use super::auth::Grant;
use super::auth::atlassian::{holder, mismatch};
use super::call::{Call, Reply};
use super::limits::{Budget, Violation, Window};
use super::state::State;
use super::time::{SECOND, seconds};
use super::world::CLOUD;

/// A route's view of a request.
pub(crate) struct Ask<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
    pub(crate) person: usize,
}

impl Ask<'_> {
    pub(crate) fn write(&self) -> record::Writer<'_> {
        record::Writer::new(self.state, Some(self.person))
    }

    /// Whether they administer Jira.
    pub(crate) fn admin(&self) -> bool {
        self.state.world.people[self.person].admin
    }

    /// A page by the number of its first item.
    pub(crate) fn page(&self, items: &[Value], (usual, most): (usize, usize), name: &str) -> Value {
        let number = |name: &str| self.call.get(name).and_then(|text| text.parse::<usize>().ok());
        let start = number("startAt").unwrap_or(0);
        let size = number("maxResults").unwrap_or(usual).min(most);
        let end = start.saturating_add(size).min(items.len());
        let rows = items.get(start.min(end)..end).unwrap_or_default();
        let mut body = json!({ "startAt": start, "maxResults": size, "total": items.len() });
        if name == "values" {
            body["isLast"] = json!(end >= items.len());
            body["self"] = json!(format!("{}{}", self.state.addresses.atlassian, self.call.path));
        }
        body[name] = json!(rows);
        body
    }
}

/// An error as Jira words it.
pub(crate) fn error(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({ "errorMessages": [text], "errors": {} }))
}

pub(crate) fn not_found(what: &str) -> Reply {
    error(
        404,
        &format!("{what} does not exist or you do not have permission to see it."),
    )
}

/// Answer a request through the gateway.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let grant = match holder(state, call) {
        Ok(grant) => grant,
        Err(reply) => return reply,
    };
    state.account = grant.who.person();
    let parts = call.parts();
    let ["ex", "jira", cloud, "rest", rest @ ..] = parts.as_slice() else {
        return Reply::json(404, &json!({ "code": 404, "message": "Not Found" }));
    };
    let Some(person) = state.account.filter(|_| *cloud == CLOUD) else {
        return Reply::json(404, &json!({ "code": 404, "message": "Not Found" }));
    };
    if !scope(rest).iter().any(|scope| grant.allows(scope)) {
        return mismatch();
    }
    if let Some(refusal) = burst(state, call, Provider::Jira) {
        return refusal;
    }
    let reply = route(state, call, (person, &grant), rest);
    charge(state, Provider::Jira, reply)
}

/// The scopes of which a route needs one.
fn scope(rest: &[&str]) -> &'static [&'static str] {
    match rest {
        ["api", "3", "webhook", ..] => &["manage:jira-webhook"],
        ["api", "3", "user" | "users" | "myself", ..] => &["read:jira-user"],
        ["api", "3", "group" | "issuesecurityschemes" | "auditing", ..] => &["manage:jira-configuration"],
        ["agile" | "software", "1.0", ..] => &["read:board-scope:jira-software", "read:sprint:jira-software"],
        _ => &["read:jira-work"],
    }
}

fn route(state: &mut State, call: &Call, (person, _): (usize, &Grant), rest: &[&str]) -> Reply {
    if let ["api", "3", "webhook", more @ ..] = rest {
        return webhooks::answer(state, call, more);
    }
    let ask = Ask { state, call, person };
    match (call.method.as_str(), rest) {
        (_, ["api", "3", "search"]) => error(
            410,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
        ),
        ("GET" | "POST", ["api", "3", "search", "jql"]) => search::search(&ask),
        ("POST", ["api", "3", "search", "approximate-count"]) => search::count(&ask),
        (
            _,
            [
                "api",
                "3",
                "issue" | "comment" | "changelog" | "attachment" | "worklog",
                ..,
            ],
        ) => issues::answer(&ask, rest),
        (
            _,
            [
                "api",
                "3",
                "project" | "permissions" | "mypermissions" | "issuesecurityschemes" | "data-policy",
                ..,
            ],
        ) => projects::answer(&ask, rest),
        ("GET", ["agile" | "software", "1.0", more @ ..]) => agile::answer(&ask, more),
        ("GET", ["api", "3", ..]) => people::answer(&ask, rest),
        _ => error(404, "null for uri"),
    }
}

/// Too many requests in a second.
pub(crate) fn burst(state: &mut State, call: &Call, provider: Provider) -> Option<Reply> {
    let now = state.world.now;
    let allowed = state.settings.limits.atlassian_burst;
    let name = format!("{provider:?}/{}/{}", call.method, endpoint(call));
    let second = state.meter.spend(&name, now, Window::Second, (allowed, 1));
    if !second.spent {
        return None;
    }
    state.violated(provider, Violation::Burst);
    Some(limited(provider, "burst-based", (&second, now)))
}

/// The path without what it says of a single thing: all issues share one endpoint.
fn endpoint(call: &Call) -> String {
    let own = call.segments.iter().skip(3).enumerate();
    // A version before that is part of the endpoint's name.
    let is_one = |at: usize, segment: &str| at > 2 && segment.contains(|letter: char| letter.is_ascii_digit());
    let route: Vec<&str> = own
        .map(|(at, segment)| if is_one(at, segment) { "{}" } else { segment.as_str() })
        .collect();
    route.join("/")
}

fn limited(provider: Provider, reason: &str, (budget, now): (&Budget, i64)) -> Reply {
    let product = if provider == Provider::Jira {
        "jira"
    } else {
        "confluence"
    };
    error(429, "Rate limit exceeded.")
        .header("retry-after", budget.wait(now).to_string())
        .header("ratelimit-reason", format!("{product}-{reason}"))
        .header("x-ratelimit-limit", budget.limit.to_string())
        .header("x-ratelimit-remaining", budget.remaining().to_string())
        .header("x-ratelimit-reset", seconds(budget.reset))
}

/// Charge an answer by what is in it: one point, and one for each object or two for each person.
pub(crate) fn charge(state: &mut State, provider: Provider, reply: Reply) -> Reply {
    let points = 1 + objects(&reply);
    let (now, allowed) = (state.world.now, state.settings.limits.atlassian_points);
    let hour = state
        .meter
        .spend("atlassian", now, Window::ClockHour, (allowed, points));
    if hour.spent {
        state.violated(provider, Violation::Budget);
        return limited(provider, "quota-global-based", (&hour, now));
    }
    let policy = format!("\"global-app-quota\";q={allowed};w=3600");
    let reply = reply.header("ratelimit-policy", policy);
    if hour.used * 10 < allowed * 8 {
        return reply;
    }
    let left = format!(
        "\"global-app-quota\";r={};t={}",
        hour.remaining(),
        (hour.reset - now) / SECOND
    );
    reply.header("ratelimit", left).header("x-ratelimit-nearlimit", "true")
}

fn objects(reply: &Reply) -> u64 {
    let body = reply.value().unwrap_or_default();
    let lists = ["issues", "values", "results", "comments"]
        .iter()
        .filter_map(|name| body[*name].as_array());
    let list = lists.chain(body.as_array());
    let cost = |value: &Value| if value["accountId"].is_string() { 2 } else { 1 };
    let sum: u64 = list.flatten().map(cost).sum();
    sum.max(u64::from(reply.status == 200))
}
