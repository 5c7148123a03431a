//! Jira's search, pages and permissions.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Desk, counts, header, json};
use crate::provider::auth::Service;
use crate::provider::mutation::Mutation;
use crate::provider::seed::Rng;
use crate::provider::time::{HOUR, MINUTE};
use crate::provider::world::CLOUD;
use crate::provider::{Limits, Provider, Settings};

fn desk() -> Desk {
    Desk::signed(Service::Atlassian, 0)
}

/// All rows of a search, by its tokens.
fn search(desk: &mut Desk, jql: &str, size: usize) -> Vec<Value> {
    let (mut rows, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut body = json!({ "jql": jql, "maxResults": size, "fields": ["id", "key"] });
        if token.is_string() {
            body["nextPageToken"] = token;
        }
        let path = format!("/ex/jira/{CLOUD}/rest/api/3/search/jql");
        let reply = desk.send(Service::Atlassian, ("POST", &path), &[], &body.to_string());
        assert_eq!(reply.status, 200, "{jql}: {}", String::from_utf8_lossy(&reply.body));
        let page = json(&reply);
        rows.extend(page["issues"].as_array().expect("a list").clone());
        token = page["nextPageToken"].clone();
        if page["isLast"] == true {
            return rows;
        }
    }
}

#[test]
fn every_issue_that_one_sees_comes_once() {
    for person in 0..6 {
        let mut desk = Desk::signed(Service::Atlassian, person);
        let jira = desk.state.world.jira.clone();
        let seen = jira.issues.values().filter(|issue| jira.sees(person, issue)).count();
        for size in [1, 7, 5000] {
            let rows = search(&mut desk, "created >= 0 order by created asc", size);
            assert_eq!((rows.len(), counts(&rows, "id").len()), (seen, seen));
        }
    }
}

#[test]
fn what_is_not_bounded_or_not_understood_is_refused() {
    let mut desk = desk();
    for jql in [
        "",
        "order by created",
        "project = NOPE",
        "updated >= yesterday",
        "key = PAY-99999",
        "colour = red",
        "project = ",
    ] {
        let encoded = crate::provider::call::encode(jql);
        assert_eq!(
            desk.jira(&format!("/api/3/search/jql?jql={encoded}")).status,
            400,
            "{jql}"
        );
    }
    assert_eq!(desk.jira("/api/3/search?jql=created%3E%3D0").status, 410);
    let path = format!("/ex/jira/{CLOUD}/rest/api/3/search/jql");
    let body = json!({ "jql": "created >= 0", "startAt": 0 }).to_string();
    assert_eq!(desk.send(Service::Atlassian, ("POST", &path), &[], &body).status, 400);
}

#[test]
fn a_date_is_read_in_the_time_zone_of_the_one_who_asks() {
    let mut desk = desk();
    desk.state.world.people[0].zone = "Asia/Kolkata".to_owned();
    let issue = desk
        .state
        .world
        .jira
        .issues
        .values()
        .find(|one| desk.state.world.jira.sees(0, one))
        .expect("an issue");
    let (id, at) = (issue.id.to_string(), issue.created - issue.created.rem_euclid(MINUTE));
    let day = crate::provider::time::seconds(at + 330 * MINUTE);
    let text = format!(
        "{} {}",
        day.get(..10).expect("a date"),
        day.get(11..16).expect("a time")
    );
    let has = |rows: &[Value]| rows.iter().any(|row| row["id"] == id.as_str());
    assert!(has(&search(&mut desk, &format!("created >= \"{text}\""), 5000)));
    assert!(has(&search(&mut desk, &format!("created >= {at}"), 5000)));
    assert!(!has(&search(&mut desk, &format!("created < \"{text}\""), 5000)));
}

#[test]
fn fields_are_only_the_id_unless_they_are_asked_for() {
    let mut desk = desk();
    let page = json(&desk.jira("/api/3/search/jql?jql=created%3E%3D0"));
    let first = page["issues"][0].as_object().expect("an issue");
    assert_eq!(first.keys().collect::<Vec<_>>(), ["id"]);
    let page = json(&desk.jira("/api/3/search/jql?jql=created%3E%3D0&fields=summary,status&maxResults=1"));
    assert_eq!(page["issues"][0]["fields"].as_object().expect("fields").len(), 2);
}

#[test]
fn search_lags_behind_but_not_for_issues_that_are_named() {
    let mut desk = Desk::new(Settings {
        search_lag: Duration::from_mins(1),
        limits: Limits::none(),
        ..Settings::default()
    });
    desk.sign(Service::Atlassian, crate::provider::auth::Who::Person(0));
    let mut rng = Rng::new(3);
    let id = crate::provider::jira::generate::issue(&mut desk.state.world, &mut rng, 0);
    desk.state.world.jira.issues.get_mut(&id).expect("just made").level = None;
    let id = id.to_string();
    let has = |rows: &[Value]| rows.iter().any(|row| row["id"] == id);
    assert!(!has(&search(&mut desk, "created >= 0", 5000)));
    let named = json(&desk.jira(&format!(
        "/api/3/search/jql?jql=created%3E%3D0&maxResults=5000&reconcileIssues={id}"
    )));
    assert!(has(named["issues"].as_array().expect("a list")));
    desk.state.world.now += MINUTE;
    assert!(has(&search(&mut desk, "created >= 0", 5000)));
}

#[test]
fn a_moved_issue_keeps_its_id_and_is_found_by_its_old_key() {
    let mut desk = desk();
    let mut rng = Rng::new(9);
    let found = (0..100).find_map(|_| {
        let moved = desk.state.world.mutate_as(Mutation::Move(Provider::Jira), &mut rng)?;
        let old = moved.before?.rsplit('/').next()?.to_owned();
        let reply = desk.jira(&format!("/api/3/issue/{old}?fields=summary"));
        (reply.status == 200).then(|| (old, json(&reply)["key"].clone()))
    });
    let (old, new) = found.expect("an issue that both projects' readers see");
    assert_ne!(new, old);
}

#[test]
fn comments_for_a_group_are_hidden_from_others() {
    let mut desk = desk();
    let jira = desk.state.world.jira.clone();
    for person in 0..6 {
        desk.sign(Service::Atlassian, crate::provider::auth::Who::Person(person));
        for issue in jira.issues.values() {
            let reply = desk.jira(&format!("/api/3/issue/{}/comment", issue.id));
            if !jira.sees(person, issue) {
                assert_eq!(reply.status, 404);
                continue;
            }
            let seen = issue.comments.iter().filter(|one| jira.reads(person, one)).count();
            assert_eq!(json(&reply)["total"], seen);
        }
    }
}

#[test]
fn points_run_out_at_the_hour_of_the_clock() {
    let mut desk = Desk::new(Settings {
        limits: Limits {
            atlassian_points: 3,
            ..Limits::default()
        },
        ..Settings::default()
    });
    desk.sign(Service::Atlassian, crate::provider::auth::Who::Person(0));
    assert_eq!(desk.jira("/api/3/serverInfo").status, 200);
    let refused = desk.jira("/api/3/serverInfo");
    assert_eq!(refused.status, 429);
    assert_eq!(header(&refused, "ratelimit-reason"), Some("jira-quota-global-based"));
    let wait: i64 = header(&refused, "retry-after")
        .expect("a wait")
        .parse()
        .expect("seconds");
    assert!((1..=3600).contains(&wait));
    let now = desk.state.world.now;
    desk.state.world.now = now - now.rem_euclid(HOUR) + HOUR;
    assert_eq!(desk.jira("/api/3/serverInfo").status, 200);
}

#[test]
fn a_scope_that_is_missing_is_a_401() {
    let mut desk = Desk::new(Settings::default());
    let grant = desk.state.auth.grant(
        Service::Atlassian,
        crate::provider::auth::Who::Person(0),
        vec!["read:jira-user".to_owned()],
    );
    desk.token = desk.state.auth.mint(grant, "x", None);
    assert_eq!(desk.jira("/api/3/myself").status, 200);
    let refused = desk.jira("/api/3/project/search");
    assert_eq!(
        (refused.status, json(&refused)["message"].clone()),
        (401, json!("Unauthorized; scope does not match"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the text, it is understood or refused.
    #[test]
    fn no_query_breaks_the_reader(jql in "(project|updated|id|not|and|or|in|order by|=|>=|\\(|\\)|,|\"|[0-9]{1,4}|PAY| ){0,12}") {
        let mut desk = desk();
        let status = desk.jira(&format!("/api/3/search/jql?jql={}", crate::provider::call::encode(&jql))).status;
        prop_assert!(status == 200 || status == 400, "{status}");
    }
}
