//! Slack's pages, bounds, threads and tiers.

use serde_json::{Value, json};

use super::{Desk, counts, header, json};
use crate::provider::auth::{Service, Who};
use crate::provider::call::encode;
use crate::provider::slack::model::{Kind, parse, ts};
use crate::provider::time::MINUTE;
use crate::provider::{Limits, Settings};

fn desk() -> Desk {
    Desk::signed(Service::Slack, 0)
}

fn all(desk: &mut Desk, path: &str, list: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = json(&desk.slack(&format!("{path}&cursor={}", encode(&cursor))));
        assert_eq!(page["ok"], true, "{path}: {page}");
        rows.extend(page[list].as_array().expect("a list").clone());
        cursor = page["response_metadata"]["next_cursor"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if cursor.is_empty() {
            return rows;
        }
    }
}

#[test]
fn every_message_comes_once_and_every_thread_whole() {
    let mut desk = desk();
    for channel in desk.state.world.slack.channels.clone() {
        if !desk.state.world.slack.sees(0, &channel) {
            continue;
        }
        let top = channel
            .messages
            .values()
            .filter(|one| !one.reply() || one.broadcast)
            .count();
        for size in [1, 4, 200] {
            let rows = all(
                &mut desk,
                &format!("conversations.history?channel={}&limit={size}", channel.id),
                "messages",
            );
            assert_eq!((rows.len(), counts(&rows, "ts").len()), (top, top));
        }
        for first in channel.messages.values().filter(|one| one.thread == Some(one.ts)) {
            let path = format!(
                "conversations.replies?channel={}&ts={}&limit=2",
                channel.id,
                ts(first.ts)
            );
            let rows = all(&mut desk, &path, "messages");
            assert_eq!(counts(&rows, "ts").len(), channel.replies(first.ts).count() + 1);
            assert_eq!(rows[0]["thread_ts"], rows[0]["ts"]);
        }
    }
}

#[test]
fn bounds_leave_out_their_own_moment() {
    let mut desk = desk();
    let channel = desk.state.world.slack.channels[0].clone();
    let moments: Vec<i64> = channel
        .messages
        .values()
        .filter(|one| !one.reply())
        .map(|one| one.ts)
        .collect();
    let path = format!("conversations.history?channel={}&oldest={}", channel.id, ts(moments[0]));
    let without = all(&mut desk, &path, "messages").len();
    let with = all(&mut desk, &format!("{path}&inclusive=true"), "messages").len();
    assert_eq!(with, without + 1);
    assert_eq!(parse(&ts(1_700_000_000_000_119)), Some(1_700_000_000_000_119));
}

#[test]
fn the_usual_list_has_public_channels_only() {
    let mut desk = desk();
    let rows = all(&mut desk, "conversations.list?limit=1", "channels");
    assert!(rows.iter().all(|row| row["is_private"] == false));
    let every = all(
        &mut desk,
        "conversations.list?types=public_channel,private_channel,im&limit=2",
        "channels",
    );
    let seen = desk
        .state
        .world
        .slack
        .channels
        .iter()
        .filter(|one| desk.state.world.slack.sees(0, one))
        .count();
    assert_eq!(every.len(), seen);
}

#[test]
fn a_bot_reads_only_where_it_is() {
    let mut desk = desk();
    desk.sign(Service::Slack, Who::Bot);
    let slack = desk.state.world.slack.clone();
    let private = slack
        .channels
        .iter()
        .find(|one| one.kind == Kind::Private)
        .expect("one is private");
    assert_eq!(
        json(&desk.slack(&format!("conversations.history?channel={}", private.id)))["error"],
        "channel_not_found"
    );
    let public = slack
        .channels
        .iter()
        .find(|one| one.kind == Kind::Public)
        .expect("one is public");
    desk.state.world.slack.bot.clear();
    let path = format!("conversations.history?channel={}", public.id);
    assert_eq!(json(&desk.slack(&path))["error"], "not_in_channel");
    let body = json!({ "channel": public.id }).to_string();
    desk.send(Service::Slack, ("POST", "/api/conversations.join"), &[], &body);
    assert_eq!(json(&desk.slack(&path))["ok"], true);
}

#[test]
fn a_method_that_is_asked_too_often_is_held_up_alone() {
    let mut desk = Desk::new(Settings {
        limits: Limits {
            slack_tiers: [1, 2, 50, 100],
            ..Limits::default()
        },
        ..Settings::default()
    });
    desk.sign(Service::Slack, Who::Person(0));
    let statuses: Vec<u16> = (0..3).map(|_| desk.slack("users.list").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
    assert!(header(&desk.slack("users.list"), "retry-after").is_some());
    assert_eq!(desk.slack("auth.test").status, 200);
    desk.state.world.now += MINUTE;
    assert_eq!(desk.slack("users.list").status, 200);
}

#[test]
fn an_unlisted_application_gets_fifteen_messages() {
    let mut desk = Desk::new(Settings {
        limits: Limits {
            slack_unlisted: true,
            ..Limits::none()
        },
        ..Settings::default()
    });
    desk.sign(Service::Slack, Who::Person(0));
    let id = desk.state.world.slack.channels[0].id.clone();
    for _ in 0..20 {
        let mut rng = crate::provider::seed::Rng::new(1);
        crate::provider::slack::generate::message(&mut desk.state.world, &mut rng, 0, None);
    }
    let page = json(&desk.slack(&format!("conversations.history?channel={id}&limit=200")));
    assert_eq!(
        (page["messages"].as_array().expect("a list").len(), &page["has_more"]),
        (15, &json!(true))
    );
    assert_eq!(desk.slack(&format!("conversations.history?channel={id}")).status, 429);
}

#[test]
fn addresses_are_shown_by_those_who_show_them_and_with_the_scope() {
    let mut desk = desk();
    let rows = all(&mut desk, "users.list?limit=2", "members");
    for (person, row) in desk.state.world.people.iter().zip(&rows) {
        assert_eq!(
            row["profile"]["email"].is_string(),
            person.shows(crate::provider::Provider::Slack)
        );
    }
    let grant = desk
        .state
        .auth
        .grant(Service::Slack, Who::Person(0), vec!["users:read".to_owned()]);
    desk.token = desk.state.auth.mint(grant, "x", None);
    let rows = all(&mut desk, "users.list?limit=100", "members");
    assert!(rows.iter().all(|row| row["profile"]["email"].is_null()));
    assert_eq!(json(&desk.slack("conversations.list"))["error"], "missing_scope");
}
