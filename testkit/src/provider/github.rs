//! GitHub: what every request passes on its way to a route.

mod account;
mod counts;
pub(crate) mod deeds;
mod fixed;
pub(crate) mod generate;
mod graphql;
pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod mutate;
mod paging;
mod pulls;
mod relations;
mod rest;
mod tree;
pub(crate) mod viewer;

use super::auth::Service;
use super::call::{Call, Reply};
use super::limits::{Budget, Violation, Window};
use super::state::State;
use super::time::SECOND;
use super::{Provider, signature};
use json::message;
use viewer::Viewer;

/// Answer a request to the API.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    if call.header("user-agent").is_none_or(str::is_empty) {
        return message(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        );
    }
    let viewer = match Viewer::of(state, call) {
        Ok(viewer) => viewer,
        Err(reply) => return reply,
    };
    state.account = viewer.person();
    if let Some(refusal) = unfit(call) {
        return refusal;
    }
    let name = call.bearer().map_or_else(|| "anonymous".to_owned(), |_| viewer.name());
    if let Some(refusal) = crowded(state, call, &name) {
        return refusal;
    }
    let free = call.path == "/rate_limit";
    let hourly = if viewer == Viewer::Anonymous {
        60
    } else {
        state.settings.limits.github_hourly
    };
    let asked = budget(state, &name, (hourly, u64::from(!free)));
    if asked.spent {
        state.violated(Provider::GitHub, Violation::Budget);
        let text = format!("API rate limit exceeded for {name}.");
        return with_budget(message(403, &text), &asked);
    }
    let reply = if call.method == "POST" && call.path == "/graphql" {
        graphql::answer(state, call, &viewer)
    } else {
        rest::answer(state, call, &viewer)
    };
    let reply = conditional(call, &name, reply);
    // What has not changed is free.
    let asked = if reply.status == 304 {
        state.meter.refund(&format!("github/{name}"), Window::Hour);
        budget(state, &name, (hourly, 0))
    } else {
        asked
    };
    let reply = with_budget(reply, &asked)
        .header("x-github-media-type", "github.v3; format=json")
        .header("x-github-api-version-selected", "2022-11-28");
    let Some(scopes) = viewer.scopes() else { return reply };
    reply
        .header("x-oauth-scopes", scopes)
        .header("x-accepted-oauth-scopes", "repo")
}

fn budget(state: &mut State, name: &str, terms: (u64, u64)) -> Budget {
    let now = state.world.now;
    state.meter.spend(&format!("github/{name}"), now, Window::Hour, terms)
}

fn with_budget(reply: Reply, budget: &Budget) -> Reply {
    let reset = (budget.reset + SECOND - 1).div_euclid(SECOND);
    reply
        .header("x-ratelimit-limit", budget.limit.to_string())
        .header("x-ratelimit-remaining", budget.remaining().to_string())
        .header("x-ratelimit-used", budget.used.to_string())
        .header("x-ratelimit-reset", reset.to_string())
        .header("x-ratelimit-resource", "core")
}

/// A version or a form of answer that does not exist.
fn unfit(call: &Call) -> Option<Reply> {
    let version = call.header("x-github-api-version").unwrap_or("2022-11-28");
    if !["2022-11-28", "2026-03-10"].contains(&version) {
        return Some(message(410, "This API version is no longer supported"));
    }
    let accept = call.header("accept").unwrap_or("*/*");
    let known = |one: &str| {
        let one = one.split(';').next().unwrap_or_default().trim();
        matches!(one, "*/*" | "application/json") || (one.starts_with("application/vnd.github") && one.contains("json"))
    };
    let fits = accept.split(',').any(known);
    (!fits).then(|| message(415, "Unsupported 'Accept' header. Must accept 'application/json'."))
}

/// Too much at once, or in a minute.
fn crowded(state: &mut State, call: &Call, name: &str) -> Option<Reply> {
    let now = state.world.now;
    let points = if call.method == "GET" || call.path == "/graphql" {
        1
    } else {
        5
    };
    let allowed = state.settings.limits.github_points;
    let minute = state
        .meter
        .spend(&format!("github/{name}"), now, Window::Minute, (allowed, points));
    let many = state.at_once > state.settings.limits.github_at_once;
    if !many && !minute.spent {
        return None;
    }
    let violation = if many { Violation::AtOnce } else { Violation::Burst };
    state.violated(Provider::GitHub, violation);
    let text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Some(message(403, text).header("retry-after", "60"))
}

/// Give the answer its tag, and only the tag to one who has that answer already.
fn conditional(call: &Call, name: &str, reply: Reply) -> Reply {
    if call.method != "GET" || reply.status != 200 {
        return reply;
    }
    let mut seed = reply.body.clone();
    seed.extend(name.bytes());
    seed.extend(call.header("accept").unwrap_or_default().bytes());
    let tag = format!("W/\"{}\"", signature::sha256(&seed));
    let same = call.header("if-none-match").is_some_and(|own| own == tag);
    let link = reply.headers.iter().find(|(own, _)| own == "link").cloned();
    let reply = if same { Reply::empty(304) } else { reply };
    let reply = match link {
        Some((link, value)) => reply.header(&link, value),
        None => reply,
    };
    reply
        .header("etag", tag)
        .header("cache-control", "private, max-age=60, s-maxage=60")
        .header("vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
}

/// The service's name for tokens.
pub(crate) const SERVICE: Service = Service::GitHub;
