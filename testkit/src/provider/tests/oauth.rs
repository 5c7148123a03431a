//! Sign-ins, codes, challenges, and the renewal of tokens in each provider's way.

use serde_json::{Value, json};

use super::{Desk, header, json};
use crate::provider::auth::{Answer, Service};
use crate::provider::call::Reply;
use crate::provider::settings::{Application, Settings};
use crate::provider::signature::{app_token, challenge};
use crate::provider::time::{DAY, HOUR, MINUTE, SECOND};

const BACK: &str = "http%3A%2F%2F127.0.0.1%2Fcallback";
const PLAIN: &str = "http://127.0.0.1/callback";

fn code(reply: &Reply) -> Option<String> {
    let url = url::Url::parse(header(reply, "location")?).ok()?;
    url.query_pairs()
        .find(|(key, _)| key == "code")
        .map(|(_, value)| value.into_owned())
}

fn github(desk: &mut Desk, mut body: Value) -> Value {
    body["client_id"] = json!(Application::GITHUB.client_id);
    body["client_secret"] = json!(Application::GITHUB.client_secret);
    json(&desk.send(
        Service::GitHub,
        ("POST", "/login/oauth/access_token"),
        &[],
        &body.to_string(),
    ))
}

fn atlassian(desk: &mut Desk, mut body: Value) -> Reply {
    body["client_id"] = json!(Application::ATLASSIAN.client_id);
    body["client_secret"] = json!(Application::ATLASSIAN.client_secret);
    desk.send(Service::Atlassian, ("POST", "/oauth/token"), &[], &body.to_string())
}

fn slack(desk: &mut Desk, body: &str) -> Value {
    let body = format!(
        "client_id={}&client_secret={}&{body}",
        Application::SLACK.client_id,
        Application::SLACK.client_secret
    );
    json(&desk.send(Service::Slack, ("POST", "/api/oauth.v2.access"), &[], &body))
}

#[test]
fn github_checks_the_challenge_and_takes_a_code_once() {
    let mut desk = Desk::new(Settings::default());
    let verifier = "v".repeat(43);
    let path = format!(
        "/login/oauth/authorize?client_id={}&redirect_uri={BACK}&state=s&code_challenge={}&code_challenge_method=S256",
        Application::GITHUB.client_id,
        challenge(&verifier)
    );
    let first = code(&desk.github(&path)).expect("a code");
    let wrong = github(&mut desk, json!({ "code": first, "code_verifier": "w".repeat(43) }));
    assert_eq!(wrong["error"], "bad_verification_code");
    let second = code(&desk.github(&path)).expect("a code");
    let body = json!({ "code": second, "code_verifier": verifier, "redirect_uri": PLAIN });
    assert!(
        github(&mut desk, body.clone())["access_token"]
            .as_str()
            .expect("a token")
            .starts_with("ghu_")
    );
    assert_eq!(github(&mut desk, body)["error"], "bad_verification_code");
    let third = code(&desk.github(&path)).expect("a code");
    desk.state.world.now += 10 * MINUTE;
    assert_eq!(
        github(&mut desk, json!({ "code": third, "code_verifier": verifier }))["error"],
        "bad_verification_code"
    );
}

#[test]
fn github_kills_both_tokens_when_one_is_renewed() {
    let mut desk = Desk::new(Settings::default());
    let path = format!(
        "/login/oauth/authorize?client_id={}&state=s",
        Application::GITHUB.client_id
    );
    let code = code(&desk.github(&path)).expect("a code");
    let first = github(&mut desk, json!({ "code": code }));
    desk.token = first["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(desk.github("/user").status, 200);
    let renew = json!({ "grant_type": "refresh_token", "refresh_token": first["refresh_token"] });
    let second = github(&mut desk, renew.clone());
    assert_eq!(desk.github("/user").status, 401);
    assert_eq!(github(&mut desk, renew)["error"], "bad_refresh_token");
    desk.token = second["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(desk.github("/user").status, 200);
    desk.state.world.now += 8 * HOUR;
    assert_eq!(desk.github("/user").status, 401);
    assert_eq!((desk.state.log.refreshes, desk.state.log.refused_refreshes), (1, 1));
}

#[test]
fn a_device_waits_slows_down_and_gets_its_token() {
    let mut desk = Desk::new(Settings::default());
    let body = json!({ "client_id": Application::GITHUB.client_id }).to_string();
    let device = json(&desk.send(Service::GitHub, ("POST", "/login/device/code"), &[], &body));
    let poll =
        json!({ "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"] });
    assert_eq!(github(&mut desk, poll.clone())["error"], "authorization_pending");
    let slow = github(&mut desk, poll.clone());
    assert_eq!((&slow["error"], &slow["interval"]), (&json!("slow_down"), &json!(10)));
    for device in desk.state.auth.devices.values_mut() {
        device.answer = Some(Answer::Agreed(1));
    }
    desk.state.world.now += 10 * SECOND;
    assert!(github(&mut desk, poll)["access_token"].is_string());
}

#[test]
fn an_app_shows_a_signed_token_and_gets_one_for_its_installation() {
    let mut desk = Desk::new(Settings::default());
    let now = desk.state.world.now;
    desk.token = app_token(Application::GITHUB_APP, now);
    let path = format!("/app/installations/{}/access_tokens", Application::GITHUB_INSTALLATION);
    let given = desk.send(Service::GitHub, ("POST", &path), &[], "{}");
    assert_eq!(given.status, 201);
    let token = json(&given)["token"].as_str().expect("a token").to_owned();
    let ahead = app_token(Application::GITHUB_APP, now + 5 * MINUTE);
    desk.token = ahead;
    assert_eq!(desk.github("/app").status, 401);
    desk.token = format!("{}x", app_token(Application::GITHUB_APP, now));
    assert_eq!(desk.github("/app").status, 401);
    desk.token = token;
    let listed = json(&desk.github("/installation/repositories"));
    assert_eq!(listed["total_count"], desk.state.world.github.repositories.len());
    desk.state.world.now += HOUR;
    assert_eq!(desk.github("/installation/repositories").status, 401);
}

#[test]
fn atlassian_renews_with_leeway_and_then_refuses() {
    let mut desk = Desk::new(Settings::default());
    let asked = format!(
        "/authorize?audience=api.atlassian.com&client_id={}&scope=read%3Ajira-work%20offline_access&redirect_uri={BACK}\
         &state=s&response_type=code&prompt=consent",
        Application::ATLASSIAN.client_id
    );
    let code = code(&desk.send(Service::Atlassian, ("GET", &asked), &[], "")).expect("a code");
    let body = json!({ "grant_type": "authorization_code", "code": code, "redirect_uri": PLAIN });
    let first = json(&atlassian(&mut desk, body));
    let renew = json!({ "grant_type": "refresh_token", "refresh_token": first["refresh_token"] });
    let second = json(&atlassian(&mut desk, renew.clone()));
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    desk.state.world.now += 9 * MINUTE;
    assert_eq!(atlassian(&mut desk, renew.clone()).status, 200);
    desk.state.world.now += MINUTE;
    let refused = atlassian(&mut desk, renew);
    assert_eq!(
        (refused.status, json(&refused)["error"].clone()),
        (403, json!("invalid_grant"))
    );
    desk.state.world.now += 90 * DAY;
    let old = json!({ "grant_type": "refresh_token", "refresh_token": second["refresh_token"] });
    assert_eq!(atlassian(&mut desk, old).status, 403);
}

#[test]
fn atlassian_wants_every_parameter_and_lists_the_site_by_product() {
    let mut desk = Desk::new(Settings::default());
    let short = format!(
        "/authorize?client_id={}&redirect_uri={BACK}&state=s",
        Application::ATLASSIAN.client_id
    );
    assert_eq!(desk.send(Service::Atlassian, ("GET", &short), &[], "").status, 400);
    desk.sign(Service::Atlassian, crate::provider::auth::Who::Person(0));
    let sites = json(&desk.send(
        Service::Atlassian,
        ("GET", "/oauth/token/accessible-resources"),
        &[],
        "",
    ));
    let ids: Vec<&Value> = sites
        .as_array()
        .expect("a list")
        .iter()
        .map(|site| &site["id"])
        .collect();
    assert_eq!((ids.len(), ids[0]), (2, ids[1]));
}

#[test]
fn slack_gives_bot_and_user_tokens_apart_and_keeps_two_alive() {
    let mut desk = Desk::new(Settings::default());
    let path = format!(
        "/oauth/v2/authorize?client_id={}&scope=channels:read&user_scope=channels:read,channels:history&redirect_uri={BACK}&state=s",
        Application::SLACK.client_id
    );
    let code = code(&desk.send(Service::Slack, ("GET", &path), &[], "")).expect("a code");
    let given = slack(&mut desk, &format!("code={code}&redirect_uri={BACK}"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    assert!(text(&given["access_token"]).starts_with("xoxe.xoxb-1-"));
    let user = &given["authed_user"];
    assert!(text(&user["access_token"]).starts_with("xoxe.xoxp-1-"));
    desk.token = text(&user["access_token"]);
    let mut renewal = text(&user["refresh_token"]);
    for alive in [true, false] {
        desk.state.world.now += MINUTE;
        let next = slack(&mut desk, &format!("grant_type=refresh_token&refresh_token={renewal}"));
        renewal = text(&next["refresh_token"]);
        assert_eq!(json(&desk.slack("auth.test"))["ok"], alive);
    }
    assert_eq!(slack(&mut desk, &format!("code={code}"))["error"], "invalid_code");
}
