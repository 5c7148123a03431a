//! What Slack knows of the organisation.

use std::collections::{BTreeMap, BTreeSet};

use crate::provider::prose::Target;

#[derive(Debug, Clone)]
pub(crate) struct Slack {
    pub(crate) channels: Vec<Channel>,
    pub(crate) groups: Vec<UserGroup>,
    pub(crate) guests: BTreeSet<usize>,
    /// Ids of the channels that our application's bot is in.
    pub(crate) bot: BTreeSet<String>,
    pub(crate) last: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct UserGroup {
    pub(crate) id: String,
    pub(crate) handle: String,
    pub(crate) users: BTreeSet<usize>,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) old_names: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) archived: bool,
    pub(crate) created: i64,
    pub(crate) members: BTreeSet<usize>,
    /// Messages by their time in microseconds.
    pub(crate) messages: BTreeMap<i64, Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Public,
    Private,
    Direct,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Direct => "im",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) ts: i64,
    /// The first message of its thread, which for that message is itself.
    pub(crate) thread: Option<i64>,
    pub(crate) author: usize,
    pub(crate) text: String,
    pub(crate) edited: Option<i64>,
    /// Whether a reply was also sent to the channel.
    pub(crate) broadcast: bool,
    /// Whether it was deleted while it had replies.
    pub(crate) tombstone: bool,
    pub(crate) files: Vec<File>,
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: i64,
    pub(crate) user: usize,
}

/// A time in microseconds as Slack writes it.
pub(crate) fn ts(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

/// The time that text in Slack's form says; the fraction may be absent.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = fraction.chars().chain("000000".chars()).take(6).collect::<String>();
    Some(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)? + digits.parse::<i64>().ok()?)
}

impl Message {
    /// Whether it is a reply in someone else's thread.
    pub(crate) fn reply(&self) -> bool {
        self.thread.is_some_and(|thread| thread != self.ts)
    }
}

impl Channel {
    /// The replies of a thread, oldest first.
    pub(crate) fn replies(&self, thread: i64) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages
            .range(thread + 1..)
            .map(|(_, message)| message)
            .filter(move |message| message.thread == Some(thread))
    }
}

impl Slack {
    pub(crate) fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|one| one.id == id)
    }

    /// The next moment that no message has.
    pub(crate) fn moment(&mut self, now: i64) -> i64 {
        self.last = (self.last + 1).max(now * 1000 + 119);
        self.last
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        let of = |channel: &Channel| -> Vec<Target> {
            let live = channel.messages.values().filter(|message| !message.tombstone);
            live.map(|message| Target::Message(channel.id.clone(), ts(message.ts), message.thread.map(ts)))
                .collect()
        };
        let open = self.channels.iter().filter(|channel| channel.kind != Kind::Direct);
        open.flat_map(of).collect()
    }

    /// Keys of threads, a single message being one too.
    pub(crate) fn readable(&self, person: usize) -> Vec<String> {
        let seen = self.channels.iter().filter(|channel| self.sees(person, channel));
        let keys = seen.flat_map(|channel| {
            let first = channel.messages.values().filter(|message| !message.reply());
            first.map(|message| Target::Message(channel.id.clone(), ts(message.ts), None).key())
        });
        keys.collect()
    }

    /// Whether a person's token shows a channel: guests see only their own.
    pub(crate) fn sees(&self, person: usize, channel: &Channel) -> bool {
        channel.members.contains(&person) || (channel.kind == Kind::Public && !self.guests.contains(&person))
    }
}
