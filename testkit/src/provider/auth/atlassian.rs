//! How Atlassian lets people sign in, for Jira and Confluence together.

use serde_json::{Value, json};

use super::{CODE_LIFE, Code, Grant, Renewal, Service, Who, registered, scopes, with_query};
use crate::provider::call::{Call, Reply};
use crate::provider::settings::{Application, millis};
use crate::provider::state::State;
use crate::provider::time::{DAY, HOUR, MINUTE, SECOND};
use crate::provider::world::{CLOUD, SITE};

const APP: Application = Application::ATLASSIAN;
/// How long a refresh token that was used can be used again.
const LEEWAY: i64 = 10 * MINUTE;
/// How long a refresh token is good for when nobody uses it.
const INACTIVITY: i64 = 90 * DAY;

/// Routes of the sign-in and of the account.
pub(crate) fn answer(state: &mut State, call: &Call) -> Option<Reply> {
    let parts = call.parts();
    Some(match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["authorize"]) => authorize(state, call),
        ("POST", ["oauth", "token"]) => token(state, call),
        ("GET", ["oauth", "token", "accessible-resources"]) => match holder(state, call) {
            Ok(grant) => Reply::ok(&resources(&grant)),
            Err(reply) => reply,
        },
        ("GET", ["me"]) => match holder(state, call) {
            Ok(grant) if !grant.allows("read:me") => mismatch(),
            Ok(grant) => me(state, &grant),
            Err(reply) => reply,
        },
        _ => return None,
    })
}

/// What the token of a request allows, or the gateway's refusal.
pub(crate) fn holder(state: &State, call: &Call) -> Result<Grant, Reply> {
    let token = call.bearer().unwrap_or_default();
    let grant = state.auth.holder(Service::Atlassian, token, state.world.now);
    grant
        .cloned()
        .map_err(|_refusal| Reply::json(401, &json!({ "code": 401, "message": "Unauthorized" })))
}

/// The gateway's refusal of a token with too few scopes.
pub(crate) fn mismatch() -> Reply {
    Reply::json(
        401,
        &json!({ "code": 401, "message": "Unauthorized; scope does not match" }),
    )
}

fn authorize(state: &mut State, call: &Call) -> Reply {
    let back = call.get("redirect_uri").unwrap_or_default().to_owned();
    let asked = scopes(call.get("scope").unwrap_or_default());
    let right = call.get("audience") == Some("api.atlassian.com")
        && call.get("client_id") == Some(APP.client_id)
        && call.get("response_type") == Some("code")
        && call.get("prompt") == Some("consent")
        && call.get("state").is_some_and(|state| !state.is_empty())
        && !asked.is_empty()
        && registered(&state.settings.redirects, &back, false);
    if !right {
        return Reply::html(400, "Something went wrong: invalid_request");
    }
    let sent = call.get("state").unwrap_or_default();
    let Some(person) = state.auth.visitor(Service::Atlassian) else {
        let text = "User did not authorize the request";
        let query = [("error", "access_denied"), ("error_description", text), ("state", sent)];
        return Reply::redirect(302, &with_query(&back, &query));
    };
    let code = state.auth.code(Code {
        service: Service::Atlassian,
        person,
        scopes: asked,
        user_scopes: Vec::new(),
        redirect: Some(back.clone()),
        challenge: None,
        expires: state.world.now + CODE_LIFE,
    });
    Reply::redirect(302, &with_query(&back, &[("state", sent), ("code", &code)]))
}

fn error(status: u16, kind: &str, text: &str) -> Reply {
    Reply::json(status, &json!({ "error": kind, "error_description": text }))
}

fn token(state: &mut State, call: &Call) -> Reply {
    let secret = call.field("client_secret");
    if call.field("client_id").as_deref() != Some(APP.client_id) || secret.as_deref() != Some(APP.client_secret) {
        return error(401, "access_denied", "Unauthorized");
    }
    match call.field("grant_type").as_deref() {
        Some("authorization_code") => exchange(state, call),
        Some("refresh_token") => renew(state, call),
        _ => error(400, "unsupported_grant_type", "Unsupported grant type"),
    }
}

fn exchange(state: &mut State, call: &Call) -> Reply {
    let text = call.field("code").unwrap_or_default();
    let code = state.auth.take(Service::Atlassian, &text, state.world.now);
    let Some(code) = code.filter(|code| code.redirect == call.field("redirect_uri")) else {
        return error(403, "invalid_grant", "Invalid authorization code");
    };
    // One person's later consent replaces what an earlier one allowed, for the tokens that exist too.
    let who = Who::Person(code.person);
    let earlier = state.auth.grants.iter_mut();
    for grant in earlier.filter(|grant| grant.service == Service::Atlassian && grant.who == who) {
        grant.scopes.clone_from(&code.scopes);
    }
    let grant = state.auth.grant(Service::Atlassian, who, code.scopes);
    Reply::ok(&tokens(state, grant))
}

/// An access token, and where it was asked for a refresh token.
pub(crate) fn tokens(state: &mut State, grant: usize) -> Value {
    let (now, life) = (state.world.now, state.settings.token_life.map_or(HOUR, millis));
    let access = state.auth.mint(grant, "eyJraWQiOiJ.", Some(now + life));
    let mut body = json!({
        "access_token": access, "expires_in": life / SECOND, "token_type": "Bearer",
        "scope": state.auth.grants[grant].scopes.join(" "),
    });
    if state.auth.grants[grant].allows("offline_access") {
        let renewal = Renewal {
            grant,
            expires: Some(now + INACTIVITY),
            used: None,
            access,
        };
        body["refresh_token"] = json!(state.auth.renewal("eyJjdHki.", renewal));
    }
    body
}

/// Every use gives a new refresh token; the old one still works for a short time, so that a lost answer can be asked for again.
fn renew(state: &mut State, call: &Call) -> Reply {
    let text = call.field("refresh_token").unwrap_or_default();
    let now = state.world.now;
    let found = state.auth.find_renewal(&text, Service::Atlassian);
    let good = found
        .filter(|one| one.expires.is_none_or(|end| now < end) && one.used.is_none_or(|first| now - first < LEEWAY));
    let Some(renewal) = good else {
        state.log.refused_refreshes += 1;
        return error(403, "invalid_grant", "Unknown or invalid refresh token.");
    };
    renewal.used.get_or_insert(now);
    let grant = renewal.grant;
    state.log.refreshes += 1;
    Reply::ok(&tokens(state, grant))
}

/// The one site, once for each product that the scopes are for.
fn resources(grant: &Grant) -> Value {
    let of = |word: &str| -> Vec<&String> { grant.scopes.iter().filter(|scope| scope.contains(word)).collect() };
    let products = [of("jira"), of("confluence")];
    let listed = products.into_iter().filter(|scopes| !scopes.is_empty()).map(|scopes| {
        json!({
            "id": CLOUD, "name": SITE, "url": format!("https://{SITE}.atlassian.net"), "scopes": scopes,
            "avatarUrl": "https://site-admin-avatar-cdn.prod.public.atl-paas.net/avatars/240/koala.png",
        })
    });
    Value::Array(listed.collect())
}

fn me(state: &State, grant: &Grant) -> Reply {
    let Some(person) = grant.who.person().map(|person| &state.world.people[person]) else {
        return Reply::json(401, &json!({ "code": 401, "message": "Unauthorized" }));
    };
    Reply::ok(&json!({
        "account_type": "atlassian", "account_id": person.atlassian_id, "email": person.email, "name": person.name,
        "nickname": person.handle(), "zoneinfo": person.zone, "account_status": "active", "picture": "",
    }))
}
