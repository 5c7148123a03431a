//! Relationships from events in the forms that GitHub's schema has.

use domain::{SourceId, Timestamp};
use serde_json::{Value, json};

use super::super::super::config::{Config, GitHubApiSettings};
use super::{MOST, Own, Stated};

const OWN: u64 = 7;
const OTHER: u64 = 8;

fn item(kind: &str, repository: u64, number: u64) -> Value {
    let name = if repository == OWN { "acme/api" } else { "acme/web" };
    json!({ "__typename": kind, "number": number, "repository": { "databaseId": repository, "nameWithOwner": name } })
}

fn event(kind: &str, day: u32, mut more: Value) -> Value {
    more["__typename"] = json!(kind);
    more["createdAt"] = json!(format!("2024-01-{day:02}T00:00:00Z"));
    more
}

fn assigned(kind: &str, day: u32, login: &str) -> Value {
    event(
        kind,
        day,
        json!({ "assignee": { "__typename": "User", "login": login } }),
    )
}

fn connected(kind: &str, day: u32, (source, subject): (Value, Value)) -> Value {
    event(kind, day, json!({ "source": source, "subject": subject }))
}

fn duplicate(kind: &str, day: u32, (one, canonical): (Value, Value)) -> Value {
    event(kind, day, json!({ "duplicate": one, "canonical": canonical }))
}

fn read(closing: &[Value], events: &[Value]) -> Stated {
    Stated::read(&json!({ "closingIssuesReferences": { "nodes": closing }, "timelineItems": { "nodes": events } }))
}

/// The edges of item 3, a line each; days stand for times.
fn told(stated: &Stated) -> Vec<String> {
    let config = Config::new(SourceId::new("gh").expect("slug"), GitHubApiSettings::default()).expect("settings");
    let own = Own {
        config: &config,
        repository: OWN,
        number: 3,
    };
    let day = |time: Option<Timestamp>| {
        time.map_or_else(
            || "?".to_owned(),
            |time| ((time.0 - 1_704_067_200_000) / 86_400_000 + 1).to_string(),
        )
    };
    let line = |link: domain::Link| {
        let arrow = if link.inverse { "<-" } else { "->" };
        let also = link.also.map(|label| format!(" for {label}")).unwrap_or_default();
        let (rule, kind) = (link.rule.trim_start_matches("github."), link.kind.as_str());
        format!(
            "{arrow} {kind} {} {rule} {}-{}{also}",
            link.target,
            day(link.at),
            day(link.until)
        )
    };
    stated.links(own).into_iter().map(line).collect()
}

#[test]
fn what_is_connected_by_hand_has_its_time_on_both_sides() {
    let (pull, issue) = (item("PullRequest", OWN, 3), item("Issue", OWN, 5));
    let events = [
        connected("ConnectedEvent", 2, (pull.clone(), issue.clone())),
        connected("DisconnectedEvent", 4, (pull.clone(), issue.clone())),
        connected("ConnectedEvent", 6, (issue.clone(), pull)),
    ];
    assert_eq!(
        told(&read(&[issue, item("Issue", OWN, 6)], &events)),
        [
            "-> closes github:acme/api#5 connected 2-4",
            "-> closes github:acme/api#5 connected 6-?",
            "-> closes github:acme/api#5 closing 6-?",
            "-> closes github:acme/api#6 closing ?-?",
        ]
    );
    let from = (item("PullRequest", OWN, 9), item("Issue", OWN, 3));
    let events = [connected("ConnectedEvent", 2, from)];
    assert_eq!(told(&read(&[], &events)), ["<- closes github:acme/api#9 connected 2-?"]);
}

#[test]
fn what_lies_in_another_repository_is_for_those_who_read_that_too() {
    let there = item("Issue", OTHER, 3);
    let events = [
        duplicate(
            "MarkedAsDuplicateEvent",
            2,
            (item("Issue", OWN, 3), item("Issue", OTHER, 4)),
        ),
        duplicate(
            "MarkedAsDuplicateEvent",
            3,
            (item("Issue", OWN, 4), item("Issue", OWN, 3)),
        ),
        duplicate(
            "UnmarkedAsDuplicateEvent",
            5,
            (item("Issue", OWN, 3), item("Issue", OTHER, 4)),
        ),
    ];
    assert_eq!(
        told(&read(&[there], &events)),
        [
            "-> duplicates github:acme/web#4 duplicate 2-5 for gh/repository:8",
            "<- duplicates github:acme/api#4 duplicate 3-?",
            "-> closes github:acme/web#3 closing ?-? for gh/repository:8",
        ]
    );
}

#[test]
fn everybody_had_an_item_for_a_time() {
    // GitHub's apps have another login by REST.
    let app = json!({ "assignee": { "__typename": "Bot", "login": "helper" } });
    let stated = read(
        &[],
        &[
            assigned("AssignedEvent", 4, "bob"),
            assigned("AssignedEvent", 2, "ada"),
            assigned("UnassignedEvent", 6, "ada"),
            event("UnassignedEvent", 7, app),
        ],
    );
    assert_eq!(
        told(&stated),
        [
            "-> assigned account:github/ada timeline.assigned 2-6",
            "-> assigned account:github/helper[bot] timeline.assigned ?-7",
        ]
    );
    let since: Vec<_> = stated.assigned().into_iter().collect();
    let [(account, at)] = &since[..] else {
        panic!("{since:?}")
    };
    assert_eq!(
        (account.as_str(), at.to_string().starts_with("2024-01-04")),
        ("account:github/bob", true)
    );
}

#[test]
fn what_later_events_may_have_ended_is_not_said_to_hold() {
    let (pull, issue) = (item("PullRequest", OWN, 3), item("Issue", OWN, 5));
    let events = [
        assigned("AssignedEvent", 2, "ada"),
        connected("ConnectedEvent", 2, (pull, issue)),
        assigned("AssignedEvent", 3, "bob"),
        assigned("UnassignedEvent", 4, "bob"),
    ];
    let mut stated = read(&[], &events);
    stated.cut();
    assert_eq!(told(&stated), ["-> assigned account:github/bob timeline.assigned 3-4"]);
    assert!(stated.assigned().is_empty());
}

#[test]
fn endless_histories_are_cut_to_the_newest() {
    let mut stated = Stated::default();
    for round in 0..150 {
        let login = format!("dev{round}");
        stated.events(&[
            assigned("AssignedEvent", 1, &login),
            assigned("UnassignedEvent", 2 + round / 10, &login),
        ]);
    }
    let told = told(&stated);
    assert_eq!(told.len(), MOST);
    assert!(told[0].contains("dev50 ") && told[99].contains("dev149 "), "{told:#?}");
}

#[test]
fn what_is_not_understood_is_passed_over() {
    let (pull, issue) = (item("PullRequest", OWN, 3), item("Issue", OWN, 5));
    let mut unnamed = issue.clone();
    unnamed["repository"]["nameWithOwner"] = json!("not a name");
    let strange = [
        Value::Null,
        json!(7),
        json!({ "__typename": "LaterEvent", "createdAt": "2024-01-01T00:00:00Z" }),
        json!({ "__typename": "AssignedEvent", "assignee": { "login": "ada" } }),
        assigned("AssignedEvent", 2, "a/b c"),
        event("AssignedEvent", 2, json!({ "assignee": null })),
        connected("ConnectedEvent", 2, (pull.clone(), pull.clone())),
        connected("ConnectedEvent", 2, (pull.clone(), Value::Null)),
        connected("ConnectedEvent", 2, (pull.clone(), unnamed.clone())),
        // About two others.
        connected("ConnectedEvent", 2, (item("PullRequest", OWN, 4), issue)),
        duplicate("MarkedAsDuplicateEvent", 2, (pull.clone(), pull)),
    ];
    let stated = read(&[unnamed, Value::Null, item("Issue", OWN, 3)], &strange);
    assert_eq!(told(&stated), Vec::<String>::new());
    assert!(stated.assigned().is_empty());
}
