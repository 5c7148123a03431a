//! Confluence: what every request passes on its way to a route, and which route is which.

mod classic;
mod content;
mod cql;
pub(crate) mod generate;
pub(crate) mod model;
pub(crate) mod mutate;
mod paging;
pub(crate) mod record;
mod spaces;

use serde_json::json;

use super::Provider;
use super::auth::atlassian::{holder, mismatch};
use super::call::{Call, Reply};
use super::jira::{burst, charge};
use super::state::State;
use super::world::CLOUD;

/// A route's view of a request.
pub(crate) struct Ask<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
    pub(crate) person: usize,
}

/// An error as Confluence words it.
pub(crate) fn error(status: u16, code: &str, title: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "errors": [{ "status": status, "code": code, "title": title, "detail": null }] }),
    )
}

pub(crate) fn not_found() -> Reply {
    error(404, "NOT_FOUND", "Not Found")
}

/// Answer a request through the gateway.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let grant = match holder(state, call) {
        Ok(grant) => grant,
        Err(reply) => return reply,
    };
    state.account = grant.who.person();
    let parts = call.parts();
    let ["ex", "confluence", cloud, "wiki", rest @ ..] = parts.as_slice() else {
        return not_found();
    };
    let Some(person) = state.account.filter(|_| *cloud == CLOUD) else {
        return not_found();
    };
    let scopes = scopes(rest);
    if !scopes.iter().any(|scope| grant.allows(scope)) {
        return mismatch();
    }
    if let Some(refusal) = burst(state, call, Provider::Confluence) {
        return refusal;
    }
    let ask = Ask { state, call, person };
    let reply = match rest {
        ["api", "v2", "spaces", more @ ..] => spaces::answer(&ask, more),
        ["api", "v2", more @ ..] => content::answer(&ask, more),
        ["rest", "api", more @ ..] => classic::answer(&ask, more),
        _ => not_found(),
    };
    charge(state, Provider::Confluence, reply)
}

/// The scopes of which a route needs one. The new routes want the fine ones.
fn scopes(rest: &[&str]) -> &'static [&'static str] {
    match rest {
        ["api", "v2", "spaces", _, "permissions" | "role-assignments"] => {
            &["read:space.permission:confluence", "read:space:confluence"]
        }
        ["api", "v2", "spaces", _, "pages" | "blogposts"] => &["read:page:confluence"],
        ["api", "v2", "spaces", ..] => &["read:space:confluence"],
        ["api", "v2", .., "footer-comments" | "inline-comments" | "children"]
        | ["api", "v2", "footer-comments" | "inline-comments", ..] => &["read:comment:confluence"],
        ["api", "v2", .., "attachments"] | ["api", "v2", "attachments", ..] => &["read:attachment:confluence"],
        ["api", "v2", .., "ancestors"] => &["read:content.metadata:confluence"],
        ["api", "v2", .., "direct-children" | "descendants"] => &["read:hierarchical-content:confluence"],
        ["api", "v2", "users-bulk"] => &["read:user:confluence"],
        ["api", "v2", ..] => &["read:page:confluence"],
        ["rest", "api", "search", ..] | ["rest", "api", "content", "search"] => &["search:confluence"],
        ["rest", "api", "content", _, "permission", ..] => &["read:confluence-content.permission"],
        ["rest", "api", "content", _, "child", ..] => &["readonly:content.attachment:confluence"],
        ["rest", "api", "content", ..] => &["read:confluence-content.all"],
        ["rest", "api", "group", ..] => &["read:confluence-groups"],
        ["rest", "api", "user", ..] => &["read:confluence-user"],
        _ => &[],
    }
}
