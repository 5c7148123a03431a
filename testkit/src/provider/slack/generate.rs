//! Makes Slack channels and what is said in them.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Channel, File, Kind, Message, Slack, UserGroup, ts};
use crate::provider::github::generate::some_targets;
use crate::provider::organisation::Size;
use crate::provider::prose::{Target, mrkdwn, prose};
use crate::provider::seed::Rng;
use crate::provider::time::{HOUR, MINUTE};
use crate::provider::world::World;

const NAMES: [&str; 8] = [
    "general",
    "payments",
    "incidents",
    "web",
    "random",
    "releases",
    "security",
    "data",
];

/// User groups and channels, with nothing said yet.
pub(crate) fn containers(world: &mut World, rng: &mut Rng, size: Size) {
    let count = world.people.len();
    let full: BTreeSet<usize> = (0..count).filter(|one| !world.people[*one].guest).collect();
    let group = |rng: &mut Rng, handle: &str, users: BTreeSet<usize>| UserGroup {
        id: format!("S0{}", rng.hex(8).to_uppercase()),
        handle: handle.to_owned(),
        users,
        created: world.now,
    };
    let oncall = full.iter().copied().filter(|_| rng.chance(400)).collect();
    let groups = vec![group(rng, "everyone-acme", full.clone()), group(rng, "oncall", oncall)];
    let mut channels: Vec<Channel> = (0..size.channels)
        .map(|number| {
            let kind = if number % 3 == 2 { Kind::Private } else { Kind::Public };
            let all = 0..count;
            let members = all.filter(|one| *one == 0 || number == 0 || rng.chance(600)).collect();
            let tail = if number < NAMES.len() {
                String::new()
            } else {
                format!("-{number}")
            };
            channel(rng, &format!("{}{tail}", NAMES[number % NAMES.len()]), kind, members)
        })
        .collect();
    if count > 1 {
        channels.push(channel(rng, "", Kind::Direct, BTreeSet::from([0, 1])));
    }
    let bot = channels
        .iter()
        .filter(|one| one.kind == Kind::Public)
        .map(|one| one.id.clone());
    world.slack = Slack {
        bot: bot.collect(),
        channels,
        groups,
        guests: (0..count).filter(|one| !full.contains(one)).collect(),
        last: 0,
    };
    for channel in &mut world.slack.channels {
        channel.created = world.now;
    }
}

fn channel(rng: &mut Rng, name: &str, kind: Kind, members: BTreeSet<usize>) -> Channel {
    let letter = if kind == Kind::Direct { 'D' } else { 'C' };
    Channel {
        id: format!("{letter}0{}", rng.hex(9).to_uppercase()),
        name: name.to_owned(),
        old_names: Vec::new(),
        kind,
        archived: false,
        created: 0,
        members,
        messages: BTreeMap::new(),
    }
}

/// Something said in a channel, in a thread or not, by one of its members. Its time.
pub(crate) fn message(world: &mut World, rng: &mut Rng, at: usize, thread: Option<i64>) -> i64 {
    let members: Vec<usize> = world.slack.channels[at].members.iter().copied().collect();
    let author = rng.choose(&members).unwrap_or(0);
    let moment = world.slack.moment(world.now);
    let id = world.slack.channels[at].id.clone();
    let from = Target::Message(id, ts(thread.unwrap_or(moment)), None).key();
    let targets = some_targets(world, rng);
    let mentioned = rng.choose(&members).filter(|_| rng.chance(300));
    let person = mentioned.map(|one| world.people[one].clone());
    let pieces = prose(rng, &targets, person.as_ref());
    let pieces = world.told(&from, pieces);
    let file = rng.chance(100).then(|| File {
        id: format!("F0{}", rng.hex(9).to_uppercase()),
        name: "graph.png".to_owned(),
        created: world.now,
        user: author,
    });
    let message = Message {
        ts: moment,
        thread,
        author,
        text: mrkdwn(&pieces),
        edited: None,
        broadcast: thread.is_some() && rng.chance(100),
        tombstone: false,
        files: file.into_iter().collect(),
    };
    world.slack.channels[at].messages.insert(moment, message);
    moment
}

/// A reply to a message of a channel. The first one makes it a thread.
pub(crate) fn reply(world: &mut World, rng: &mut Rng, at: usize) -> Option<i64> {
    let channel = &world.slack.channels[at];
    let able = channel.messages.values().filter(|one| !one.reply() && !one.tombstone);
    let able: Vec<i64> = able.map(|one| one.ts).collect();
    let parent = rng.choose(&able)?;
    if let Some(parent) = world.slack.channels[at].messages.get_mut(&parent) {
        parent.thread = Some(parent.ts);
    }
    Some(message(world, rng, at, Some(parent)))
}

/// One more thing said somewhere, some minutes later.
pub(crate) fn one(world: &mut World, rng: &mut Rng) {
    world.now += rng.between(MINUTE, HOUR);
    let at = rng.below(world.slack.channels.len());
    if rng.chance(400) && reply(world, rng, at).is_some() {
        return;
    }
    message(world, rng, at, None);
}
