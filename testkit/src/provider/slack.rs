//! Slack: what every call of a method passes, and which method is which.

pub(crate) mod generate;
mod methods;
pub(crate) mod model;
pub(crate) mod mutate;
pub(crate) mod record;

use serde_json::{Map, Value, json};

use super::Provider;
use super::auth::{Grant, Refusal, Service, Who};
use super::call::{Call, Reply};
use super::limits::{Violation, Window};
use super::state::State;
use model::Channel;

/// A call of a method, by one whom the token names.
pub(crate) struct Ask<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
    pub(crate) grant: &'a Grant,
}

/// Why a method fails: a word, with status 200.
pub(crate) type Failure = &'static str;

impl Ask<'_> {
    /// An argument, in the query or in the body.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.call.get(name).map(str::to_owned).or_else(|| self.call.field(name))
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).as_deref(), Some("true" | "1"))
    }

    /// Whether the one who asks is in a channel.
    pub(crate) fn member(&self, channel: &Channel) -> bool {
        match self.grant.who {
            Who::Person(person) => channel.members.contains(&person),
            Who::Bot | Who::Installation(_) => self.state.world.slack.bot.contains(&channel.id),
        }
    }

    /// Whether they may know of it. A bot knows public channels that it is not in.
    pub(crate) fn knows(&self, channel: &Channel) -> bool {
        match self.grant.who {
            Who::Person(person) => self.state.world.slack.sees(person, channel),
            Who::Bot | Who::Installation(_) => self.member(channel) || channel.kind == model::Kind::Public,
        }
    }

    /// The channel of the call, for one who may read what is said there.
    pub(crate) fn channel(&self) -> Result<&Channel, Failure> {
        let id = self.text("channel").ok_or("channel_not_found")?;
        let channel = self.state.world.slack.channel(&id).ok_or("channel_not_found")?;
        if !self.knows(channel) {
            return Err("channel_not_found");
        }
        if !self.member(channel) && self.grant.who == Who::Bot {
            return Err("not_in_channel");
        }
        Ok(channel)
    }
}

/// A method's tier.
fn tier(method: &str) -> usize {
    match method {
        "conversations.list" | "users.list" | "usergroups.list" | "usergroups.users.list" => 1,
        "auth.revoke" | "auth.test" | "conversations.members" | "users.info" => 3,
        _ => 2,
    }
}

/// The scopes of which a method needs one.
fn needed(method: &str) -> &'static [&'static str] {
    match method {
        "conversations.list" | "conversations.info" | "conversations.members" | "users.conversations" => {
            &["channels:read", "groups:read", "im:read", "mpim:read"]
        }
        "conversations.history" | "conversations.replies" => {
            &["channels:history", "groups:history", "im:history", "mpim:history"]
        }
        "conversations.join" => &["channels:join"],
        "users.list" | "users.info" => &["users:read"],
        "usergroups.list" | "usergroups.users.list" => &["usergroups:read"],
        "files.list" => &["files:read"],
        "team.info" => &["team:read"],
        _ => &[],
    }
}

fn failed(error: &str) -> Reply {
    Reply::ok(&json!({ "ok": false, "error": error }))
}

/// Answer a call of a method.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let parts = call.parts();
    let ["api", method] = parts.as_slice() else {
        return Reply::html(404, "Not Found");
    };
    let token = call.bearer().map(str::to_owned).or_else(|| call.field("token"));
    let Some(token) = token else {
        return failed("not_authed");
    };
    let grant = match state.auth.holder(Service::Slack, &token, state.world.now) {
        Ok(grant) => grant.clone(),
        Err(Refusal::Unknown) => return failed("invalid_auth"),
        Err(Refusal::Expired) => return failed("token_expired"),
        Err(Refusal::Revoked) => return failed("token_revoked"),
    };
    state.account = grant.who.person();
    if let Some(refusal) = crowded(state, method) {
        return refusal;
    }
    let needed = needed(method);
    if !needed.is_empty() && !needed.iter().any(|scope| grant.allows(scope)) {
        return Reply::ok(
            &json!({ "ok": false, "error": "missing_scope", "needed": needed[0], "provided": grant.scopes.join(",") }),
        );
    }
    let result = match *method {
        "auth.revoke" => Ok(revoke(state, &token)),
        "conversations.join" => join(state, call, &grant),
        _ => methods::answer(
            &Ask {
                state,
                call,
                grant: &grant,
            },
            method,
        ),
    };
    match result {
        Ok(mut body) => {
            body.insert("ok".to_owned(), json!(true));
            Reply::ok(&Value::Object(body)).header("x-oauth-scopes", grant.scopes.join(","))
        }
        Err(error) => failed(error),
    }
}

/// Too many calls of one method in a minute.
fn crowded(state: &mut State, method: &str) -> Option<Reply> {
    let limits = state.settings.limits;
    let read = matches!(method, "conversations.history" | "conversations.replies");
    let allowed = if read && limits.slack_unlisted {
        1
    } else {
        limits.slack_tiers[tier(method)]
    };
    let now = state.world.now;
    let name = format!("slack/{method}");
    let minute = state.meter.spend(&name, now, Window::Minute, (allowed, 1));
    if !minute.spent {
        return None;
    }
    state.violated(Provider::Slack, Violation::Burst);
    let body = json!({ "ok": false, "error": "ratelimited" });
    Some(Reply::json(429, &body).header("retry-after", minute.wait(now).to_string()))
}

/// With rotation one token ends, without it all that was allowed.
fn revoke(state: &mut State, token: &str) -> Map<String, Value> {
    if state.settings.tokens.slack_rotates {
        state.auth.kill(token);
    } else {
        state.auth.kill_grant(token);
    }
    Map::from_iter([("revoked".to_owned(), json!(true))])
}

fn join(state: &mut State, call: &Call, grant: &Grant) -> Result<Map<String, Value>, Failure> {
    let id = call.get("channel").map(str::to_owned).or_else(|| call.field("channel"));
    let id = id.ok_or("channel_not_found")?;
    let slack = &mut state.world.slack;
    let channel = slack
        .channels
        .iter_mut()
        .find(|one| one.id == id)
        .ok_or("channel_not_found")?;
    if channel.kind != model::Kind::Public {
        return Err("method_not_supported_for_channel_type");
    }
    if channel.archived {
        return Err("is_archived");
    }
    match grant.who {
        Who::Person(person) => {
            channel.members.insert(person);
        }
        Who::Bot | Who::Installation(_) => {
            slack.bot.insert(id.clone());
        }
    }
    let channel = state.world.slack.channel(&id).ok_or("channel_not_found")?;
    Ok(Map::from_iter([(
        "channel".to_owned(),
        record::channel(state, channel, true),
    )]))
}
