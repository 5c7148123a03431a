//! GitHub's pages, filters, permissions, budgets and moved things.

use serde_json::Value;

use super::{Desk, counts, header, json, link};
use crate::provider::auth::Service;
use crate::provider::limits::Violation;
use crate::provider::mutation::Mutation;
use crate::provider::seed::Rng;
use crate::provider::{Limits, Provider, Settings, time};

fn desk() -> Desk {
    Desk::signed(Service::GitHub, 0)
}

#[test]
fn every_list_has_every_item_once_whatever_the_size_of_a_page() {
    let mut desk = desk();
    let repository = desk.state.world.github.repositories[0].clone();
    let name = repository.full_name();
    for sort in ["created", "updated", "comments"] {
        for direction in ["asc", "desc"] {
            for size in [1, 3, 100] {
                let path = format!("/repos/{name}/issues?state=all&sort={sort}&direction={direction}&per_page={size}");
                let rows = desk.all(&path);
                assert_eq!(rows.len(), repository.items.len(), "{path}");
                assert!(counts(&rows, "id").values().all(|count| *count == 1), "{path}");
            }
        }
    }
    let comments: usize = repository.items.values().map(|item| item.comments.len()).sum();
    let rows = desk.all(&format!("/repos/{name}/issues/comments?per_page=2"));
    assert_eq!((rows.len(), counts(&rows, "id").len()), (comments, comments));
    let pulls = repository.items.values().filter(|item| item.pull.is_some()).count();
    let rows = desk.all(&format!("/repos/{name}/pulls?state=all&per_page=1"));
    assert_eq!(rows.len(), pulls);
}

#[test]
fn links_name_the_repository_by_number_and_carry_a_cursor() {
    let mut desk = desk();
    let (id, name) = {
        let repository = &desk.state.world.github.repositories[0];
        (repository.id, repository.full_name())
    };
    let reply = desk.github(&format!("/repos/{name}/issues?state=all&per_page=1"));
    let next = link(&reply, "next").expect("more than one item");
    assert!(
        next.contains(&format!("/repositories/{id}/issues?")) && next.contains("after="),
        "{next}"
    );
    let far = desk.github(&format!("/repos/{name}/issues?state=all&per_page=100&page=101"));
    assert_eq!(far.status, 422);
}

#[test]
fn since_counts_whole_seconds_and_includes_its_own() {
    let mut desk = desk();
    let name = desk.state.world.github.repositories[0].full_name();
    let rows = desk.all(&format!("/repos/{name}/issues?state=all&sort=updated&direction=asc"));
    let middle = rows[rows.len() / 2]["updated_at"].as_str().expect("a time").to_owned();
    let later = desk.all(&format!("/repos/{name}/issues?state=all&since={middle}"));
    let expected = rows
        .iter()
        .filter(|row| row["updated_at"].as_str() >= Some(middle.as_str()))
        .count();
    assert_eq!(later.len(), expected);
    assert_eq!(
        desk.github(&format!("/repos/{name}/issues?since=yesterday")).status,
        422
    );
}

#[test]
fn only_what_an_account_may_see_is_shown() {
    for person in 0..6 {
        let mut desk = Desk::signed(Service::GitHub, person);
        let world = desk.state.world.clone();
        for repository in &world.github.repositories {
            let status = desk.github(&format!("/repos/{}", repository.full_name())).status;
            let seen = world.github.role(person, repository).is_some();
            assert_eq!(status, if seen { 200 } else { 404 }, "person {person}");
        }
        let listed = desk.all("/user/repos?per_page=1").len();
        let seen = world
            .github
            .repositories
            .iter()
            .filter(|one| world.github.role(person, one).is_some());
        assert_eq!(listed, seen.count());
    }
}

#[test]
fn what_has_not_changed_is_free() {
    let mut desk = desk();
    let name = desk.state.world.github.repositories[0].full_name();
    let path = format!("/repos/{name}/labels");
    let first = desk.github(&path);
    let tag = header(&first, "etag").expect("a tag").to_owned();
    let again = desk.send(Service::GitHub, ("GET", &path), &[("if-none-match", &tag)], "");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(header(&first, "x-ratelimit-used"), header(&again, "x-ratelimit-used"));
}

#[test]
fn a_spent_budget_is_refused_until_it_begins_anew() {
    let mut desk = Desk::new(Settings {
        limits: Limits {
            github_hourly: 2,
            ..Limits::default()
        },
        ..Settings::default()
    });
    desk.sign(Service::GitHub, crate::provider::auth::Who::Person(0));
    let statuses: Vec<u16> = (0..3).map(|_| desk.github("/user").status).collect();
    assert_eq!(statuses, [200, 200, 403]);
    let refused = desk.github("/user");
    assert_eq!(header(&refused, "x-ratelimit-remaining"), Some("0"));
    assert_eq!(desk.state.log.violations[0].2, Violation::Budget);
    desk.state.world.now += time::HOUR;
    assert_eq!(desk.github("/user").status, 200);
}

#[test]
fn too_many_points_in_a_minute_are_refused_with_a_time_to_wait() {
    let mut desk = Desk::new(Settings {
        limits: Limits {
            github_points: 2,
            ..Limits::default()
        },
        ..Settings::default()
    });
    desk.sign(Service::GitHub, crate::provider::auth::Who::Person(0));
    let replies: Vec<_> = (0..3).map(|_| desk.github("/user")).collect();
    assert_eq!(
        (replies[2].status, header(&replies[2], "retry-after")),
        (403, Some("60"))
    );
    desk.github("/user");
    let kinds: Vec<Violation> = desk.state.log.violations.iter().map(|one| one.2).collect();
    assert!(
        kinds.contains(&Violation::Burst) && kinds.contains(&Violation::Impatient),
        "{kinds:?}"
    );
}

#[test]
fn what_moved_is_found_and_what_is_gone_is_gone() {
    let mut desk = desk();
    let mut rng = Rng::new(5);
    let moved = desk
        .state
        .world
        .mutate_as(Mutation::Move(Provider::GitHub), &mut rng)
        .expect("an issue");
    let before = moved.before.expect("another key");
    let (name, number) = before
        .strip_prefix("github:")
        .and_then(|key| key.split_once('#'))
        .expect("an item's key");
    let reply = desk.github(&format!("/repos/{name}/issues/{number}"));
    assert_eq!(reply.status, 301);
    let place = header(&reply, "location")
        .expect("a place")
        .replace("http://127.0.0.1:1", "");
    assert_eq!(desk.github(&place).status, 200);

    let renamed = desk
        .state
        .world
        .mutate_as(Mutation::Rename(Provider::GitHub), &mut rng)
        .expect("a repository");
    let old = renamed.before.expect("another name").replace("repo:", "/repos/");
    let reply = desk.github(&format!("{old}/issues?state=all"));
    assert_eq!(reply.status, 301);
    let place = header(&reply, "location")
        .expect("a place")
        .replace("http://127.0.0.1:1", "");
    assert_eq!(desk.github(&place).status, 200);

    let deleted = (0..200).find_map(|_| {
        let gone = desk
            .state
            .world
            .mutate_as(Mutation::Delete(Provider::GitHub), &mut rng)?;
        let (name, number) = gone.key.strip_prefix("github:").and_then(|key| key.split_once('#'))?;
        let path = format!("/repos/{name}/issues/{number}");
        (desk.github(&path).status == 410).then_some(path)
    });
    assert!(deleted.is_some());
}

#[test]
fn a_bad_request_is_refused() {
    let mut desk = desk();
    let bad = [
        (("GET", "/user"), ("user-agent", ""), 403),
        (("GET", "/user"), ("authorization", "Bearer ghu_wrong"), 401),
        (("GET", "/user"), ("x-github-api-version", "2019-01-01"), 410),
        (("GET", "/user"), ("accept", "text/csv"), 415),
    ];
    for (route, header, status) in bad {
        assert_eq!(
            desk.send(Service::GitHub, route, &[header], "").status,
            status,
            "{header:?}"
        );
    }
    desk.token.clear();
    assert_eq!(desk.github("/user").status, 401);
}

#[test]
fn discussions_come_by_graphql_each_once() {
    let mut desk = desk();
    let mut rng = Rng::new(1);
    for _ in 0..5 {
        crate::provider::github::generate::discussion(&mut desk.state.world, &mut rng, 0);
    }
    let repository = desk.state.world.github.repositories[0].clone();
    let query = "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) { \
        discussions(first: 2, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { id } } } }";
    let (mut ids, mut after) = (Vec::<Value>::new(), Value::Null);
    loop {
        let variables = serde_json::json!({ "owner": "acme", "name": repository.name, "after": after });
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let reply = json(&desk.send(Service::GitHub, ("POST", "/graphql"), &[], &body));
        let list = reply["data"]["repository"]["discussions"].clone();
        ids.extend(list["nodes"].as_array().expect("nodes").clone());
        after = list["pageInfo"]["endCursor"].clone();
        if list["pageInfo"]["hasNextPage"] != true {
            break;
        }
    }
    assert_eq!(counts(&ids, "id").len(), repository.discussions.len());
    assert_eq!(ids.len(), repository.discussions.len());
}

#[test]
fn what_is_stated_is_asked_by_a_hundred_ids_at_most() {
    let mut desk = desk();
    let repository = desk.state.world.github.repositories[0].clone();
    let mut ask = |ids: Vec<String>| {
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { id timelineItems(first: 100) { nodes { __typename } } } } }";
        let body = serde_json::json!({ "query": query, "variables": { "ids": ids } }).to_string();
        json(&desk.send(Service::GitHub, ("POST", "/graphql"), &[], &body))
    };
    let refused = ask(vec!["I_1".to_owned(); 101]);
    assert_eq!(refused["errors"][0]["type"], "ARGUMENT_LIMIT");
    // What is not there is told beside what is.
    let issue = repository.items.values().find(|item| item.pull.is_none());
    let partly = ask(vec!["I_0".to_owned(), format!("I_{}", issue.expect("an issue").id)]);
    assert_eq!(partly["errors"][0]["path"], serde_json::json!(["nodes", 0]));
    assert_eq!(
        (
            partly["data"]["nodes"][0].is_null(),
            partly["data"]["nodes"][1].is_object()
        ),
        (true, true)
    );
}
