//! How GitHub lets people, devices and Apps sign in.

use serde_json::{Value, json};

use super::{Answer, CODE_LIFE, Code, Device, Renewal, Service, Who, registered, scopes, verified, with_query};
use crate::provider::call::{Call, Reply, encode};
use crate::provider::settings::{Application, millis};
use crate::provider::signature::app_claims;
use crate::provider::state::State;
use crate::provider::time::{DAY, HOUR, MINUTE, SECOND, seconds};

const APP: Application = Application::GITHUB;

/// Routes that need no token of a person.
pub(crate) fn answer(state: &mut State, call: &Call) -> Option<Reply> {
    let parts = call.parts();
    Some(match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["login", "oauth", "authorize"]) => authorize(state, call),
        ("POST", ["login", "oauth", "access_token"]) => token(state, call),
        ("POST", ["login", "device", "code"]) => device(state, call),
        (method, ["applications", id, what]) => application(state, call, (method, id, what)),
        ("GET", ["app"]) => as_app(state, call, |_| app()),
        ("GET", ["app", "installations"]) => as_app(state, call, |state| json!([installation(state)])),
        ("POST", ["app", "installations", id, "access_tokens"]) => install(state, call, id),
        ("DELETE", ["installation", "token"]) => {
            state.auth.kill(call.bearer().unwrap_or_default());
            Reply::empty(204)
        }
        _ => return None,
    })
}

fn error(kind: &str, text: &str) -> Value {
    json!({ "error": kind, "error_description": text, "error_uri": "https://docs.github.com/apps/oauth" })
}

/// JSON where it was asked for, else a form. Errors come with status 200 too.
fn told(call: &Call, body: &Value) -> Reply {
    if call.header("accept").is_some_and(|accept| accept.contains("json")) {
        return Reply::ok(body);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = body.as_object().into_iter().flatten();
    let form: Vec<String> = fields
        .map(|(key, value)| format!("{key}={}", encode(&text(value))))
        .collect();
    Reply::text(200, "application/x-www-form-urlencoded; charset=utf-8", &form.join("&"))
}

fn authorize(state: &mut State, call: &Call) -> Reply {
    if call.get("client_id") != Some(APP.client_id) {
        return Reply::html(404, "Not Found");
    }
    let given = call.get("redirect_uri");
    let back = given
        .map(str::to_owned)
        .or_else(|| state.settings.redirects.first().cloned())
        .unwrap_or_default();
    let sent = call.get("state").unwrap_or_default();
    let asked = scopes(call.get("scope").unwrap_or_default());
    if !registered(&state.settings.redirects, &back, true) {
        let home = state.settings.redirects.first().cloned().unwrap_or_default();
        let text = "The redirect_uri MUST match the registered callback URL for this application.";
        let query = [
            ("error", "redirect_uri_mismatch"),
            ("error_description", text),
            ("state", sent),
        ];
        return Reply::redirect(302, &with_query(&home, &query));
    }
    let challenge = call.get("code_challenge").map(str::to_owned);
    if challenge.is_some() && call.get("code_challenge_method") != Some("S256") {
        let query = [("error", "invalid_request"), ("state", sent)];
        return Reply::redirect(302, &with_query(&back, &query));
    }
    let person = match call.get("login").and_then(|login| state.world.person(login)) {
        Some(person) => Some(person),
        None => state.auth.visitor(Service::GitHub),
    };
    let Some(person) = person else {
        let query = [
            ("error", "access_denied"),
            ("error_description", "The user has denied your application access."),
            ("state", sent),
        ];
        return Reply::redirect(302, &with_query(&back, &query));
    };
    let code = state.auth.code(Code {
        service: Service::GitHub,
        person,
        scopes: asked,
        user_scopes: Vec::new(),
        redirect: given.map(str::to_owned),
        challenge,
        expires: state.world.now + CODE_LIFE,
    });
    Reply::redirect(302, &with_query(&back, &[("code", &code), ("state", sent)]))
}

fn token(state: &mut State, call: &Call) -> Reply {
    let grant = call.field("grant_type").unwrap_or_default();
    let device = grant == "urn:ietf:params:oauth:grant-type:device_code";
    let secret = call.field("client_secret");
    if call.field("client_id").as_deref() != Some(APP.client_id)
        || (!device && secret.as_deref() != Some(APP.client_secret))
    {
        let text = "The client_id and/or client_secret passed are incorrect.";
        return told(call, &error("incorrect_client_credentials", text));
    }
    let body = match grant.as_str() {
        "refresh_token" => renew(state, call),
        "" | "authorization_code" => exchange(state, call),
        _ if device => poll(state, call),
        _ => error("unsupported_grant_type", "The grant type is not supported."),
    };
    told(call, &body)
}

fn exchange(state: &mut State, call: &Call) -> Value {
    let code = call.field("code").unwrap_or_default();
    let bad = || error("bad_verification_code", "The code passed is incorrect or expired.");
    let Some(code) = state.auth.take(Service::GitHub, &code, state.world.now) else {
        return bad();
    };
    let given = call.field("redirect_uri");
    if given.is_some() && given != code.redirect {
        return error(
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL.",
        );
    }
    if !verified(&code, call) {
        return bad();
    }
    let grant = state.auth.grant(Service::GitHub, Who::Person(code.person), code.scopes);
    tokens(state, grant)
}

/// Tokens for a person's grant: an App's end and can be renewed, an OAuth app's do neither.
pub(crate) fn tokens(state: &mut State, grant: usize) -> Value {
    let scope = state.auth.grants[grant].scopes.join(",");
    if !state.settings.tokens.github_expires {
        let access = state.auth.mint(grant, "gho_", None);
        return json!({ "access_token": access, "scope": scope, "token_type": "bearer" });
    }
    let (now, life) = (state.world.now, state.settings.token_life.map_or(8 * HOUR, millis));
    let access = state.auth.mint(grant, "ghu_", Some(now + life));
    let renewal = Renewal {
        grant,
        expires: Some(now + 184 * DAY),
        used: None,
        access: access.clone(),
    };
    json!({
        "access_token": access, "expires_in": life / SECOND,
        "refresh_token": state.auth.renewal("ghr_", renewal), "refresh_token_expires_in": 184 * DAY / SECOND,
        // An App's tokens have permissions instead of scopes.
        "scope": "", "token_type": "bearer",
    })
}

/// Using a refresh token kills it and the access token that it came with, at once.
fn renew(state: &mut State, call: &Call) -> Value {
    let text = call.field("refresh_token").unwrap_or_default();
    let now = state.world.now;
    let found = state.auth.find_renewal(&text, Service::GitHub);
    let good = found.filter(|one| one.used.is_none() && one.expires.is_none_or(|end| now < end));
    let Some(renewal) = good else {
        state.log.refused_refreshes += 1;
        return error("bad_refresh_token", "The refresh token passed is incorrect or expired.");
    };
    renewal.used = Some(now);
    let (grant, old) = (renewal.grant, renewal.access.clone());
    state.auth.kill(&old);
    state.log.refreshes += 1;
    tokens(state, grant)
}

fn device(state: &mut State, call: &Call) -> Reply {
    if call.field("client_id").as_deref() != Some(APP.client_id) {
        return told(
            call,
            &error("incorrect_client_credentials", "The client_id passed is incorrect."),
        );
    }
    let code = state.auth.rng.hex(40);
    let user_code = state.auth.rng.word(8).to_uppercase();
    let (left, right) = user_code.split_at_checked(4).unwrap_or((&user_code, ""));
    let user_code = format!("{left}-{right}");
    let device = Device {
        user_code: user_code.clone(),
        scopes: scopes(&call.field("scope").unwrap_or_default()),
        expires: state.world.now + 15 * MINUTE,
        interval: 5,
        polled: None,
        answer: None,
    };
    state.auth.devices.insert(code.clone(), device);
    let body = json!({
        "device_code": code, "user_code": user_code, "verification_uri": "https://github.com/login/device",
        "expires_in": 900, "interval": 5,
    });
    told(call, &body)
}

fn poll(state: &mut State, call: &Call) -> Value {
    let now = state.world.now;
    let text = call.field("device_code").unwrap_or_default();
    let Some(device) = state.auth.devices.get_mut(&text) else {
        return error("incorrect_device_code", "The device_code provided is not valid.");
    };
    if now >= device.expires {
        return error("expired_token", "The device_code has expired.");
    }
    let early = device.polled.is_some_and(|last| now - last < device.interval * SECOND);
    device.polled = Some(now);
    if early {
        device.interval += 5;
        let mut body = error("slow_down", "Too many requests have been made in the same timeframe.");
        body["interval"] = json!(device.interval);
        return body;
    }
    let (answer, asked) = (device.answer, device.scopes.clone());
    match answer {
        None => error("authorization_pending", "The authorization request is still pending."),
        Some(Answer::Refused) => error("access_denied", "The authorization request was denied."),
        Some(Answer::Agreed(person)) => {
            state.auth.devices.remove(&text);
            let grant = state.auth.grant(Service::GitHub, Who::Person(person), asked);
            tokens(state, grant)
        }
    }
}

/// Check or end a token or all that its owner allowed.
fn application(state: &mut State, call: &Call, (method, id, what): (&str, &str, &str)) -> Reply {
    let own = call.basic() == Some((APP.client_id.to_owned(), APP.client_secret.to_owned()));
    if !own || id != APP.client_id {
        return crate::provider::github::json::message(401, "Bad credentials");
    }
    let token = call.field("access_token").unwrap_or_default();
    let known = state.auth.holder(Service::GitHub, &token, state.world.now).cloned();
    let Ok(grant) = known else {
        return crate::provider::github::json::message(404, "Not Found");
    };
    match (method, what) {
        ("POST", "token") => Reply::ok(&json!({ "token": token, "scopes": grant.scopes, "app": app() })),
        ("DELETE", "token") => {
            state.auth.kill(&token);
            Reply::empty(204)
        }
        ("DELETE", "grant") => {
            state.auth.kill_grant(&token);
            Reply::empty(204)
        }
        _ => crate::provider::github::json::message(404, "Not Found"),
    }
}

fn app() -> Value {
    json!({
        "id": 424_242, "client_id": APP.client_id, "slug": "neurosync", "node_id": "A_1", "name": "NeuroSync",
        "permissions": permissions(), "events": [], "external_url": "https://acme.example", "html_url": "https://github.com/apps/neurosync",
    })
}

fn permissions() -> Value {
    json!({ "metadata": "read", "contents": "read", "issues": "read", "pull_requests": "read",
        "discussions": "read", "members": "read", "administration": "read" })
}

pub(crate) fn installation(state: &State) -> Value {
    json!({
        "id": Application::GITHUB_INSTALLATION, "app_id": 424_242, "app_slug": "neurosync", "target_type": "Organization",
        "account": { "login": crate::provider::world::ORGANISATION, "id": state.world.github.id, "type": "Organization" },
        "repository_selection": "all", "permissions": permissions(), "suspended_at": null,
    })
}

/// Answer one who shows by a signed token that it is the App.
fn as_app(state: &mut State, call: &Call, body: impl FnOnce(&State) -> Value) -> Reply {
    match refused(state, call) {
        Some(refusal) => refusal,
        None => Reply::ok(&body(state)),
    }
}

fn refused(state: &State, call: &Call) -> Option<Reply> {
    let message = |text| Some(crate::provider::github::json::message(401, text));
    let Some(claims) = call.bearer().and_then(app_claims) else {
        return message("A JSON web token could not be decoded");
    };
    let now = state.world.now / SECOND;
    let (issued, ends) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    if claims["iss"] != Application::GITHUB_APP && claims["iss"] != APP.client_id {
        return message("'Issuer' claim ('iss') must be an Integer");
    }
    match (issued, ends) {
        (Some(issued), _) if issued > now => {
            message("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
        }
        (_, Some(ends)) if ends > now + 600 => message("'Expiration time' claim ('exp') is too far in the future"),
        (Some(_), Some(ends)) if ends > now => None,
        _ => message(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ),
    }
}

fn install(state: &mut State, call: &Call, id: &str) -> Reply {
    if let Some(refusal) = refused(state, call) {
        return refusal;
    }
    if id != Application::GITHUB_INSTALLATION.to_string() {
        return crate::provider::github::json::message(404, "Not Found");
    }
    let fields = call.fields();
    let some = fields.get("repository_ids").and_then(Value::as_array);
    let some: Option<Vec<u64>> = some.map(|ids| ids.iter().filter_map(Value::as_u64).collect());
    if some
        .iter()
        .flatten()
        .any(|id| state.world.github.repository(*id).is_none())
    {
        return crate::provider::github::json::message(422, "There is at least one repository that does not exist");
    }
    let selection = if some.is_some() { "selected" } else { "all" };
    let grant = state.auth.grant(Service::GitHub, Who::Installation(some), Vec::new());
    let ends = state.world.now + state.settings.token_life.map_or(HOUR, millis);
    let token = state.auth.mint(grant, "ghs_424242_", Some(ends));
    let body = json!({ "token": token, "expires_at": seconds(ends), "permissions": permissions(), "repository_selection": selection });
    Reply::json(201, &body)
}
