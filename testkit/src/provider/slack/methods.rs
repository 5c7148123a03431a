//! Slack's methods that read.

use serde_json::{Map, Value, json};

use super::model::{Channel, Kind, Message, parse, ts};
use super::{Ask, Failure, record};
use crate::provider::auth::slack::BOT;
use crate::provider::prose::permalink;
use crate::provider::signature::{clear, opaque};
use crate::provider::time::SECOND;
use crate::provider::world::{ORGANISATION, TEAM};

type Body = Result<Map<String, Value>, Failure>;

pub(crate) fn answer(ask: &Ask<'_>, method: &str) -> Body {
    match method {
        "auth.test" => Ok(test(ask)),
        "team.info" => Ok(fields(
            json!({ "team": { "id": TEAM, "name": ORGANISATION, "domain": ORGANISATION,
            "url": format!("https://{ORGANISATION}.slack.com/"), "email_domain": "acme.example", "icon": {} } }),
        )),
        "conversations.list" => list(ask, false),
        "users.conversations" => list(ask, true),
        "conversations.info" => {
            let id = ask.text("channel").ok_or("channel_not_found")?;
            let channel = ask.state.world.slack.channel(&id).filter(|channel| ask.knows(channel));
            let channel = channel.ok_or("channel_not_found")?;
            Ok(fields(
                json!({ "channel": record::channel(ask.state, channel, ask.member(channel)) }),
            ))
        }
        "conversations.members" => members(ask),
        "conversations.history" => history(ask),
        "conversations.replies" => replies(ask),
        "users.list" => users(ask),
        "users.info" => {
            let person = ask
                .text("user")
                .and_then(|id| ask.state.world.person(&id))
                .ok_or("user_not_found")?;
            Ok(fields(
                json!({ "user": record::user(ask.state, person, ask.grant.allows("users:read.email")) }),
            ))
        }
        "usergroups.list" => {
            let users = ask.flag("include_users");
            let groups = ask
                .state
                .world
                .slack
                .groups
                .iter()
                .map(|one| record::group(ask.state, one, users));
            Ok(fields(json!({ "usergroups": groups.collect::<Vec<_>>() })))
        }
        "usergroups.users.list" => {
            let id = ask.text("usergroup");
            let groups = &ask.state.world.slack.groups;
            let group = groups
                .iter()
                .find(|one| Some(&one.id) == id.as_ref())
                .ok_or("no_such_subteam")?;
            let users = group.users.iter().map(|one| &ask.state.world.people[*one].slack_id);
            Ok(fields(json!({ "users": users.collect::<Vec<_>>() })))
        }
        "chat.getPermalink" => link(ask),
        "files.list" => Ok(files(ask)),
        _ => Err("unknown_method"),
    }
}

/// The address of a message.
fn link(ask: &Ask<'_>) -> Body {
    let channel = ask.channel()?;
    let moment = ask
        .text("message_ts")
        .and_then(|text| parse(&text))
        .ok_or("message_not_found")?;
    let message = channel.messages.get(&moment).ok_or("message_not_found")?;
    let thread = message.thread.map(ts);
    let link = permalink(&channel.id, &ts(moment), thread.as_deref());
    Ok(fields(json!({ "channel": channel.id, "permalink": link })))
}

fn fields(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else {
        return Map::new();
    };
    fields
}

fn test(ask: &Ask<'_>) -> Map<String, Value> {
    let person = ask.grant.who.person().map(|person| &ask.state.world.people[person]);
    let (user, id) = match person {
        Some(person) => (person.handle(), person.slack_id.clone()),
        None => ("neurosync".to_owned(), BOT.to_owned()),
    };
    let mut body = fields(
        json!({ "url": format!("https://{ORGANISATION}.slack.com/"), "team": ORGANISATION, "user": user,
        "team_id": TEAM, "user_id": id, "is_enterprise_install": false }),
    );
    if person.is_none() {
        body.insert("bot_id".to_owned(), json!("B0NEUROSYNC"));
    }
    body
}

/// A page of a list by a cursor that says how many came before. The end has an empty cursor.
fn page<'a, T>(ask: &Ask<'_>, items: &'a [T], most: usize) -> Result<(&'a [T], Value), Failure> {
    let limit = ask.number("limit").unwrap_or(100);
    if limit < 0 {
        return Err("invalid_limit");
    }
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(100)
        .min(most);
    let start = match ask.text("cursor").filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => {
            let at = clear(&cursor).and_then(|text| text.strip_prefix("next:")?.parse::<usize>().ok());
            at.ok_or("invalid_cursor")?.min(items.len())
        }
    };
    let end = (start + limit).min(items.len());
    let next = if end < items.len() {
        opaque(&format!("next:{end}"))
    } else {
        String::new()
    };
    Ok((
        items.get(start..end).unwrap_or_default(),
        json!({ "next_cursor": next }),
    ))
}

fn list(ask: &Ask<'_>, own: bool) -> Body {
    let types = ask.text("types").unwrap_or_else(|| "public_channel".to_owned());
    let types: Vec<&str> = types.split(',').map(str::trim).collect();
    if types
        .iter()
        .any(|one| !["public_channel", "private_channel", "im", "mpim"].contains(one))
    {
        return Err("invalid_types");
    }
    let live = ask.flag("exclude_archived");
    let scope = |kind: Kind| match kind {
        Kind::Public => "channels:read",
        Kind::Private => "groups:read",
        Kind::Direct => "im:read",
    };
    let fits = |channel: &&Channel| {
        types.contains(&channel.kind.name())
            && ask.grant.allows(scope(channel.kind))
            && !(live && channel.archived)
            && if own { ask.member(channel) } else { ask.knows(channel) }
    };
    let some: Vec<&Channel> = ask.state.world.slack.channels.iter().filter(fits).collect();
    let (rows, next) = page(ask, &some, 999)?;
    let rows: Vec<Value> = rows
        .iter()
        .map(|one| record::channel(ask.state, one, ask.member(one)))
        .collect();
    Ok(fields(json!({ "channels": rows, "response_metadata": next })))
}

fn members(ask: &Ask<'_>) -> Body {
    let id = ask.text("channel").ok_or("channel_not_found")?;
    let channel = ask.state.world.slack.channel(&id).filter(|channel| ask.knows(channel));
    let members: Vec<usize> = channel.ok_or("channel_not_found")?.members.iter().copied().collect();
    let (rows, next) = page(ask, &members, 999)?;
    let rows: Vec<&str> = rows
        .iter()
        .map(|one| ask.state.world.people[*one].slack_id.as_str())
        .collect();
    Ok(fields(json!({ "members": rows, "response_metadata": next })))
}

fn users(ask: &Ask<'_>) -> Body {
    let everyone: Vec<usize> = (0..=ask.state.world.people.len()).collect();
    let (rows, next) = page(ask, &everyone, 999)?;
    let addresses = ask.grant.allows("users:read.email");
    let one = |person: &usize| {
        if *person == ask.state.world.people.len() {
            record::bot()
        } else {
            record::user(ask.state, *person, addresses)
        }
    };
    let rows: Vec<Value> = rows.iter().map(one).collect();
    Ok(fields(
        json!({ "members": rows, "cache_ts": ask.state.world.now / SECOND, "response_metadata": next }),
    ))
}

/// The moments between which messages are asked for; both ends are out unless they are asked for too.
fn bounds(ask: &Ask<'_>) -> Result<(i64, i64), Failure> {
    let bound = |name: &str| match ask.text(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => parse(&text).map(Some).ok_or(name.to_owned()),
    };
    let (oldest, latest) = (bound("oldest"), bound("latest"));
    let (Ok(oldest), Ok(latest)) = (oldest, latest) else {
        return Err("invalid_ts_oldest");
    };
    let step = i64::from(ask.flag("inclusive"));
    Ok((
        oldest.map_or(i64::MIN, |at| at - step),
        latest.map_or(i64::MAX, |at| at + step),
    ))
}

/// The limit and the most of a method that reads what is said.
fn limited(ask: &Ask<'_>, (usual, most): (i64, i64)) -> Result<usize, Failure> {
    let (usual, most) = if ask.state.settings.limits.slack_unlisted {
        (15, 15)
    } else {
        (usual, most)
    };
    let limit = ask.number("limit").filter(|limit| *limit != 0).unwrap_or(usual);
    usize::try_from(limit.min(most)).map_err(|_negative| "invalid_limit")
}

fn readable<'a>(ask: &'a Ask<'_>) -> Result<&'a Channel, Failure> {
    let channel = ask.channel()?;
    let scope = match channel.kind {
        Kind::Public => "channels:history",
        Kind::Private => "groups:history",
        Kind::Direct => "im:history",
    };
    if ask.grant.allows(scope) {
        Ok(channel)
    } else {
        Err("missing_scope")
    }
}

/// Messages of a channel from the newest to the oldest, without replies.
fn history(ask: &Ask<'_>) -> Body {
    let channel = readable(ask)?;
    let (oldest, latest) = bounds(ask)?;
    let limit = limited(ask, (100, 999))?;
    // A cursor says before which message the next page begins, so that new ones do not shift it.
    let before = match ask.text("cursor").filter(|cursor| !cursor.is_empty()) {
        None => i64::MAX,
        Some(cursor) => {
            let moment = clear(&cursor).and_then(|text| text.strip_prefix("next_ts:")?.parse().ok());
            moment.ok_or("invalid_cursor")?
        }
    };
    let fits = |message: &&Message| {
        (!message.reply() || message.broadcast) && message.ts > oldest && message.ts < latest && message.ts < before
    };
    let rows: Vec<&Message> = channel.messages.values().rev().filter(fits).collect();
    let more = rows.len() > limit;
    let rows = rows.get(..limit.min(rows.len())).unwrap_or_default();
    let list: Vec<Value> = rows
        .iter()
        .map(|one| record::message(ask.state, &channel.id, one))
        .collect();
    let mut body = fields(
        json!({ "messages": list, "has_more": more, "pin_count": 0, "channel_actions_ts": null, "channel_actions_count": 0 }),
    );
    if let Some(last) = rows.last().filter(|_| more) {
        let cursor = opaque(&format!("next_ts:{}", last.ts));
        body.insert("response_metadata".to_owned(), json!({ "next_cursor": cursor }));
    }
    Ok(body)
}

/// A thread: its first message on every page, and replies from the oldest to the newest.
fn replies(ask: &Ask<'_>) -> Body {
    let channel = readable(ask)?;
    let moment = ask.text("ts").and_then(|text| parse(&text)).ok_or("thread_not_found")?;
    let first = channel.messages.get(&moment).ok_or("thread_not_found")?;
    let (oldest, latest) = bounds(ask)?;
    let limit = limited(ask, (1000, 1000))?;
    let after = match ask.text("cursor").filter(|cursor| !cursor.is_empty()) {
        None => i64::MIN,
        Some(cursor) => {
            let moment = clear(&cursor).and_then(|text| text.strip_prefix("next_ts:")?.parse().ok());
            moment.ok_or("invalid_cursor")?
        }
    };
    let fits = |message: &&Message| message.ts > oldest && message.ts < latest && message.ts > after;
    let thread = first.thread.unwrap_or(first.ts);
    let rows: Vec<&Message> = channel.replies(thread).filter(fits).collect();
    // The first message takes a place of its own.
    let room = limit.saturating_sub(1).max(1);
    let more = rows.len() > room;
    let rows = rows.get(..room.min(rows.len())).unwrap_or_default();
    let whole = channel.messages.get(&thread).into_iter().chain(rows.iter().copied());
    let list: Vec<Value> = whole.map(|one| record::message(ask.state, &channel.id, one)).collect();
    let mut body = fields(json!({ "messages": list, "has_more": more }));
    if let Some(last) = rows.last().filter(|_| more) {
        let cursor = opaque(&format!("next_ts:{}", last.ts));
        body.insert("response_metadata".to_owned(), json!({ "next_cursor": cursor }));
    }
    Ok(body)
}

/// Files by page number. The bounds are on when they were made.
fn files(ask: &Ask<'_>) -> Map<String, Value> {
    let bound = |name: &str| ask.text(name).and_then(|text| parse(&text)).map(|micros| micros / 1000);
    let (from, to) = (bound("ts_from"), bound("ts_to"));
    let only = ask.text("channel");
    let seen = ask
        .state
        .world
        .slack
        .channels
        .iter()
        .filter(|channel| ask.knows(channel));
    let mut some = Vec::new();
    for channel in seen.filter(|channel| only.as_ref().is_none_or(|only| *only == channel.id)) {
        let files = channel.messages.values().flat_map(|message| &message.files);
        some.extend(files.map(|file| (channel, file)));
    }
    some.retain(|(_, file)| from.is_none_or(|from| file.created >= from) && to.is_none_or(|to| file.created <= to));
    let count = ask
        .number("count")
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(100)
        .clamp(1, 1000);
    let number = ask
        .number("page")
        .and_then(|page| usize::try_from(page).ok())
        .unwrap_or(1)
        .max(1);
    let rows = some.iter().skip((number - 1) * count).take(count);
    let rows: Vec<Value> = rows
        .map(|(channel, file)| record::file(ask.state, &channel.id, file))
        .collect();
    let pages = some.len().div_ceil(count).max(1);
    fields(json!({ "files": rows, "paging": { "count": count, "total": some.len(), "page": number, "pages": pages } }))
}
