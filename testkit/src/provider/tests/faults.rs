//! What goes wrong when it should, and only as it should.

use super::{Desk, header, json};
use crate::provider::auth::Service;
use crate::provider::time::MINUTE;
use crate::provider::{Fault, Faults};

fn with(faults: Faults) -> Desk {
    let mut desk = Desk::signed(Service::GitHub, 0);
    desk.state.settings.faults = faults;
    desk
}

fn only(fault: Fault) -> Desk {
    with(Faults {
        rate: 1000,
        kinds: vec![fault],
    })
}

#[test]
fn a_seed_makes_one_row_of_faults() {
    let run = || {
        let mut desk = with(Faults::all(300));
        (0..200).for_each(|_| drop(desk.github("/user/repos")));
        desk.state
            .log
            .entries
            .iter()
            .map(|entry| entry.fault)
            .collect::<Vec<_>>()
    };
    let faults = run();
    assert_eq!(faults, run());
    let some = faults.iter().flatten().count();
    assert!((30..90).contains(&some), "{some}");
}

#[test]
fn refusals_have_the_provider_s_form() {
    let limited = only(Fault::Limited).github("/user");
    assert_eq!((limited.status, header(&limited, "retry-after").is_some()), (429, true));
    let bare = only(Fault::LimitedBare).github("/user");
    assert_eq!((bare.status, header(&bare, "retry-after").is_some()), (429, false));
    assert_eq!(only(Fault::Secondary).github("/user").status, 403);
    assert!(only(Fault::ServerError).github("/user").status >= 500);
    let html = only(Fault::Html).github("/user");
    assert_eq!(
        (html.status, header(&html, "content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
}

#[test]
fn lists_are_in_disorder_and_whole_again_without_the_fault() {
    let path = "/user/repos?per_page=100";
    let whole = Desk::signed(Service::GitHub, 0).all(path);
    for (fault, more) in [(Fault::Duplicate, 1), (Fault::Missing, -1), (Fault::Reordered, 0)] {
        let mut desk = only(fault);
        let rows = desk.all(path).len();
        assert_eq!(
            i64::try_from(rows).expect("few"),
            i64::try_from(whole.len()).expect("few") + more
        );
        desk.state.settings.faults = Faults::none();
        assert_eq!(desk.all(path), whole);
    }
}

#[test]
fn the_date_is_off_by_ten_minutes_at_most() {
    let mut desk = only(Fault::ClockSkew);
    let now = desk.state.world.now;
    let allowed: Vec<String> = (-10 * 60..=10 * 60)
        .map(|second| crate::provider::time::http(now + second * MINUTE / 60))
        .collect();
    for _ in 0..20 {
        let reply = desk.github("/user");
        assert!(allowed.iter().any(|one| Some(one.as_str()) == header(&reply, "date")));
    }
}

#[test]
fn a_stale_search_does_not_know_the_last_issue() {
    let mut desk = Desk::signed(Service::Atlassian, 0);
    let mut rng = crate::provider::seed::Rng::new(1);
    let id = crate::provider::jira::generate::issue(&mut desk.state.world, &mut rng, 0);
    desk.state.world.jira.issues.get_mut(&id).expect("just made").level = None;
    let id = id.to_string();
    let has = |desk: &mut Desk| {
        let page = json(&desk.jira("/api/3/search/jql?jql=created%3E%3D0&maxResults=5000"));
        page["issues"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|row| row["id"] == id)
    };
    assert!(has(&mut desk));
    desk.state.settings.faults = Faults {
        rate: 1000,
        kinds: vec![Fault::StaleSearch],
    };
    assert!(!has(&mut desk));
}

#[test]
fn the_page_of_a_sign_in_does_not_fail() {
    let mut desk = with(Faults::all(1000));
    let path = format!(
        "/login/oauth/authorize?client_id={}&state=s",
        crate::provider::Application::GITHUB.client_id
    );
    assert!((0..50).all(|_| desk.github(&path).status == 302));
}
