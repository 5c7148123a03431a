//! Changes at Slack.

use super::generate;
use super::model::{Kind, ts};
use crate::provider::mutation::{Changed, Event, Mutation, toggle};
use crate::provider::prose::{Piece, Target, mrkdwn, title};
use crate::provider::seed::Rng;
use crate::provider::world::{TEAM, World};

const SELF: crate::provider::Provider = crate::provider::Provider::Slack;

pub(crate) fn apply(world: &mut World, rng: &mut Rng, mutation: Mutation) -> Option<Changed> {
    let at = rng.below(world.slack.channels.len());
    match mutation {
        Mutation::Create(_) => {
            let moment = generate::message(world, rng, at, None);
            Some(changed(world, at, mutation, ("message", Some(moment))))
        }
        Mutation::LateReply => {
            let moment = generate::reply(world, rng, at)?;
            Some(changed(world, at, mutation, ("message", Some(moment))))
        }
        Mutation::Edit(_) => edit(world, rng, at),
        Mutation::Delete(_) => delete(world, rng, at),
        Mutation::Rename(_) => {
            let channel = &mut world.slack.channels[at];
            if channel.kind == Kind::Direct {
                return None;
            }
            let stem = channel.name.split('_').next().unwrap_or("channel").to_owned();
            let old = std::mem::replace(&mut channel.name, format!("{stem}_{}", rng.hex(4)));
            channel.old_names.push(old);
            Some(changed(world, at, mutation, ("channel_rename", None)))
        }
        Mutation::Permission(_) => permission(world, rng, at),
        Mutation::State(_) => {
            let channel = &mut world.slack.channels[at];
            if channel.kind == Kind::Direct || channel.name.starts_with("general") {
                return None;
            }
            channel.archived = !channel.archived;
            let event = if channel.archived {
                "channel_archive"
            } else {
                "channel_unarchive"
            };
            Some(changed(world, at, mutation, (event, None)))
        }
        Mutation::Move(_) | Mutation::RenamePerson => None,
    }
}

fn changed(world: &World, at: usize, mutation: Mutation, (event, moment): (&'static str, Option<i64>)) -> Changed {
    let channel = &world.slack.channels[at];
    let thread = moment.and_then(|moment| channel.messages.get(&moment)?.thread);
    let key = match moment {
        Some(moment) => Target::Message(channel.id.clone(), ts(moment), thread.map(ts)).key(),
        None => format!("slack:{TEAM}/{}", channel.id),
    };
    Changed::new(mutation, key, Event::Slack(event, channel.id.clone(), moment))
}

/// The time of some message that was not deleted.
fn some(world: &World, rng: &mut Rng, at: usize) -> Option<i64> {
    let live = world.slack.channels[at]
        .messages
        .values()
        .filter(|message| !message.tombstone);
    let moments: Vec<i64> = live.map(|message| message.ts).collect();
    rng.choose(&moments)
}

fn edit(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let moment = some(world, rng, at)?;
    let edited = world.slack.moment(world.now);
    let text = mrkdwn(&[Piece::Words(title(rng))]);
    let message = world.slack.channels[at].messages.get_mut(&moment)?;
    message.text = text;
    message.edited = Some(edited);
    Some(changed(
        world,
        at,
        Mutation::Edit(SELF),
        ("message_changed", Some(moment)),
    ))
}

/// A message goes; one with replies leaves a stone in its place.
fn delete(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let moment = some(world, rng, at)?;
    let told = changed(world, at, Mutation::Delete(SELF), ("message_deleted", Some(moment)));
    let channel = &mut world.slack.channels[at];
    let thread = channel.messages.get(&moment).and_then(|message| message.thread);
    let told = told.gone(thread.and_then(|thread| thread.try_into().ok()));
    if channel.replies(moment).next().is_some() {
        let message = channel.messages.get_mut(&moment)?;
        message.tombstone = true;
        "This message was deleted.".clone_into(&mut message.text);
        message.files.clear();
    } else {
        channel.messages.remove(&moment);
    }
    Some(told)
}

fn permission(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let person = rng.below(world.people.len());
    let channel = &mut world.slack.channels[at];
    if channel.kind == Kind::Direct {
        return None;
    }
    let event = if rng.chance(200) && channel.kind == Kind::Public {
        channel.kind = Kind::Private;
        "channel_convert_to_private"
    } else {
        toggle(&mut channel.members, person);
        if channel.members.contains(&person) {
            "member_joined_channel"
        } else {
            "member_left_channel"
        }
    };
    Some(changed(world, at, Mutation::Permission(SELF), (event, None)))
}
