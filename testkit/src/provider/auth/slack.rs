//! How Slack lets people sign in and install the application.

use serde_json::{Map, Value, json};

use super::{CODE_LIFE, Code, Renewal, Service, Who, registered, scopes, verified, with_query};
use crate::provider::call::{Call, Reply};
use crate::provider::settings::{Application, millis};
use crate::provider::state::State;
use crate::provider::time::{HOUR, MINUTE, SECOND};
use crate::provider::world::{ORGANISATION, TEAM};

const APP: Application = Application::SLACK;
/// How long a used refresh token still works.
const GRACE: i64 = MINUTE;
/// The bot's user.
pub(crate) const BOT: &str = "U0BOTNEURO1";

/// Routes of the sign-in.
pub(crate) fn answer(state: &mut State, call: &Call) -> Option<Reply> {
    let parts = call.parts();
    Some(match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["oauth", "v2", "authorize"]) => authorize(state, call),
        (_, ["api", "oauth.v2.access"]) => access(state, call),
        _ => return None,
    })
}

fn error(kind: &str) -> Reply {
    Reply::ok(&json!({ "ok": false, "error": kind }))
}

fn authorize(state: &mut State, call: &Call) -> Reply {
    let given = call.get("redirect_uri").map(str::to_owned);
    let back = given
        .clone()
        .or_else(|| state.settings.redirects.first().cloned())
        .unwrap_or_default();
    if call.get("client_id") != Some(APP.client_id) {
        return Reply::html(400, "Something went wrong: invalid_client_id");
    }
    if !registered(&state.settings.redirects, &back, false) {
        return Reply::html(400, "redirect_uri did not match any configured URIs.");
    }
    let asked = ["scope", "user_scope"].map(|name| scopes(call.get(name).unwrap_or_default()));
    if asked.iter().all(Vec::is_empty) {
        return Reply::html(400, "Something went wrong: no scopes requested");
    }
    let sent = call.get("state").unwrap_or_default();
    let challenge = call.get("code_challenge").map(str::to_owned);
    if challenge.is_some() && call.get("code_challenge_method") != Some("S256") {
        return Reply::html(400, "Something went wrong: invalid_code_challenge_method");
    }
    let Some(person) = state.auth.visitor(Service::Slack) else {
        let query = [("error", "access_denied"), ("state", sent)];
        return Reply::redirect(302, &with_query(&back, &query));
    };
    let [bot, user] = asked;
    let code = state.auth.code(Code {
        service: Service::Slack,
        person,
        scopes: bot,
        user_scopes: user,
        redirect: given,
        challenge,
        expires: state.world.now + CODE_LIFE,
    });
    Reply::redirect(302, &with_query(&back, &[("code", &code), ("state", sent)]))
}

fn access(state: &mut State, call: &Call) -> Reply {
    let own = (Some(APP.client_id.to_owned()), Some(APP.client_secret.to_owned()));
    let (id, secret) = match call.basic() {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (call.field("client_id"), call.field("client_secret")),
    };
    if id != own.0 {
        return error("invalid_client_id");
    }
    if secret != own.1 {
        return error("bad_client_secret");
    }
    match call.field("grant_type").as_deref() {
        None | Some("authorization_code") => exchange(state, call),
        Some("refresh_token") => renew(state, call),
        Some(_) => error("invalid_grant_type"),
    }
}

fn exchange(state: &mut State, call: &Call) -> Reply {
    let text = call.field("code").unwrap_or_default();
    let Some(code) = state.auth.take(Service::Slack, &text, state.world.now) else {
        return error("invalid_code");
    };
    if code.redirect != call.field("redirect_uri") {
        return error("bad_redirect_uri");
    }
    if !verified(&code, call) {
        return error("invalid_code_verifier");
    }
    let mut body = json!({
        "ok": true, "app_id": "A0NEUROSYNC", "authed_user": { "id": state.world.people[code.person].slack_id },
        "team": { "id": TEAM, "name": ORGANISATION }, "enterprise": null, "is_enterprise_install": false,
    });
    if !code.scopes.is_empty() {
        let grant = state.auth.grant(Service::Slack, Who::Bot, code.scopes);
        merge(&mut body, tokens(state, grant));
        body["bot_user_id"] = json!(BOT);
    }
    if !code.user_scopes.is_empty() {
        let grant = state
            .auth
            .grant(Service::Slack, Who::Person(code.person), code.user_scopes);
        let user = tokens(state, grant);
        merge(&mut body["authed_user"], user);
    }
    Reply::ok(&body)
}

fn merge(into: &mut Value, from: Map<String, Value>) {
    if let Some(into) = into.as_object_mut() {
        into.extend(from);
    }
}

/// A token, and with rotation what renews it. No more than two live at once.
pub(crate) fn tokens(state: &mut State, grant: usize) -> Map<String, Value> {
    let now = state.world.now;
    let bot = state.auth.grants[grant].who == Who::Bot;
    let (kind, prefix) = if bot { ("bot", "xoxb-1-") } else { ("user", "xoxp-1-") };
    let scope = state.auth.grants[grant].scopes.join(",");
    let mut body = Map::new();
    body.insert("token_type".to_owned(), json!(kind));
    body.insert("scope".to_owned(), json!(scope));
    if !state.settings.tokens.slack_rotates {
        let access = state.auth.mint(grant, prefix, None);
        body.insert("access_token".to_owned(), json!(access));
        return body;
    }
    let lifetime = state.settings.token_life.map_or(12 * HOUR, millis);
    let live = state.auth.live(grant, now);
    for old in live.iter().rev().skip(1) {
        state.auth.kill(old);
    }
    let access = state.auth.mint(grant, &format!("xoxe.{prefix}"), Some(now + lifetime));
    let renewal = Renewal {
        grant,
        expires: None,
        used: None,
        access: access.clone(),
    };
    body.insert("access_token".to_owned(), json!(access));
    body.insert(
        "refresh_token".to_owned(),
        json!(state.auth.renewal("xoxe-1-", renewal)),
    );
    body.insert("expires_in".to_owned(), json!(lifetime / SECOND));
    body
}

fn renew(state: &mut State, call: &Call) -> Reply {
    let text = call.field("refresh_token").unwrap_or_default();
    let now = state.world.now;
    let found = state.auth.find_renewal(&text, Service::Slack);
    let Some(renewal) = found.filter(|one| one.used.is_none_or(|first| now - first < GRACE)) else {
        state.log.refused_refreshes += 1;
        return error("invalid_refresh_token");
    };
    renewal.used.get_or_insert(now);
    let grant = renewal.grant;
    state.log.refreshes += 1;
    let mut body = json!({
        "ok": true, "app_id": "A0NEUROSYNC", "team": { "id": TEAM, "name": ORGANISATION },
        "enterprise": null, "is_enterprise_install": false,
    });
    if state.auth.grants[grant].who == Who::Bot {
        body["bot_user_id"] = json!(BOT);
    }
    merge(&mut body, tokens(state, grant));
    Reply::ok(&body)
}
