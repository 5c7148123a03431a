//! How far the connector has read: per channel, and the run under way.

use std::collections::BTreeMap;

use domain::{Cursor, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::archive::slack::threads::ts;
use crate::cursor;

/// The form below. A cursor of another form begins again.
const VERSION: u8 = 1;
/// Messages that are remembered for comparison, in all channels together: some 32 bytes of the cursor each.
const KNOWN: usize = 20_000;
/// The fewest of one channel.
const FEWEST: usize = 20;

/// A cursor, opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    version: u8,
    /// By which settings it was read.
    pub(super) settings: String,
    pub(super) run: Option<Run>,
    pub(super) channels: BTreeMap<String, Channel>,
    /// Whether Slack holds this application to 15 messages a minute.
    pub(super) limited: bool,
    /// When the people were last told.
    pub(super) people: Option<Timestamp>,
    /// When deletions were last looked for.
    pub(super) census: Option<Timestamp>,
    /// When everything was last read.
    pub(super) reread: Option<Timestamp>,
}

/// A run: people, then who may read what, then channel after channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) stage: Stage,
    pub(super) at: String,
}

/// What is read, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// So many people were told.
    People(usize),
    Access,
    History,
}

/// What is known of a channel.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own, and all are written by name"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) name: String,
    /// Whether it is no longer listed.
    pub(super) gone: bool,
    /// Whether what is said in it could not be read the last time.
    pub(super) closed: bool,
    /// A digest of its document.
    pub(super) row: String,
    /// Everything up to this message was read once.
    pub(super) high: Option<String>,
    pub(super) walk: Option<Walk>,
    /// The messages of the window as they were read, by `ts`, each with a digest; the newest ones where they are many.
    pub(super) known: BTreeMap<String, String>,
    /// Whether all of it must be written again, for its name is another.
    pub(super) again: bool,
    /// When the window was last read, in how many pages, and when with all replies.
    pub(super) scanned: Option<Timestamp>,
    pub(super) pages: u32,
    pub(super) deep: Option<Timestamp>,
}

/// A walk from the newest message back. Nothing is known of what lies before its end, so `high` waits for that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// The oldest message read; the next page is before it.
    pub(super) latest: Option<String>,
    pub(super) top: Option<String>,
    /// Where it ends.
    pub(super) floor: Option<String>,
    /// Whether threads are read that look as they did.
    pub(super) deep: bool,
    /// Whether it began as a reading of the window.
    pub(super) window: bool,
    pub(super) pages: u32,
}

/// Whether one message is before another. They are compared as whole numbers, never as fractions.
pub(super) fn earlier(one: &str, other: &str) -> bool {
    match (ts(one), ts(other)) {
        (Some(one), Some(other)) => (one.0, one.1) < (other.0, other.1),
        _ => one < other,
    }
}

/// The later of two messages.
pub(super) fn later(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if earlier(&one, &other) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

/// A time as the id of a message that nobody wrote.
pub(super) fn moment(time: Timestamp) -> String {
    format!("{}.000000", time.0.max(0) / 1000)
}

impl Position {
    /// Open a cursor; an absent one, and one of another version, begins again.
    pub(super) fn read(cursor: Option<&Cursor>) -> Result<Self> {
        let kept = cursor::read(cursor, VERSION, "read Slack cursor")?;
        Ok(kept.unwrap_or_else(|| Self {
            version: VERSION,
            ..Self::default()
        }))
    }

    /// The cursor to keep.
    pub(super) fn write(&self) -> Cursor {
        cursor::write(self)
    }

    /// The channel that is being read.
    pub(super) fn at(&mut self) -> Option<(String, &mut Channel)> {
        let id = self.run.as_ref()?.at.clone();
        let channel = self.channels.get_mut(&id)?;
        Some((id, channel))
    }

    /// Go on to the next channel or stage; at the end there is no run.
    pub(super) fn advance(&mut self) {
        let Some(run) = &mut self.run else { return };
        let live: Vec<&String> = self
            .channels
            .iter()
            .filter(|(_, one)| !one.gone)
            .map(|(id, _)| id)
            .collect();
        let first = live.first().copied();
        let following = live.iter().find(|id| ***id > run.at).copied();
        let next = match run.stage {
            Stage::People(_) => first.map(|id| (Stage::Access, id)),
            Stage::Access => following
                .map(|id| (Stage::Access, id))
                .or_else(|| first.map(|id| (Stage::History, id))),
            Stage::History => following.map(|id| (Stage::History, id)),
        };
        match next {
            Some((stage, at)) => (run.stage, run.at) = (stage, at.clone()),
            None => self.run = None,
        }
    }

    /// How many messages a channel may remember.
    pub(super) fn share(&self) -> usize {
        (KNOWN / self.channels.len().max(1)).max(FEWEST)
    }
}

impl Channel {
    /// Keep of what is remembered what is not before `window`, and of that the newest.
    pub(super) fn trim(&mut self, window: &str, share: usize) {
        self.known.retain(|ts, _| !earlier(ts, window));
        while self.known.len() > share {
            self.known.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Cursor, ErrorKind, Timestamp};

    use super::{Channel, Position, Run, Stage, earlier, later, moment};

    fn position() -> Position {
        let mut position = Position::read(None).expect("start");
        for id in ["C1", "C2", "C3"] {
            let channel = Channel {
                gone: id == "C2",
                known: [("1712345678.000100".into(), "ab".into())].into(),
                ..Channel::default()
            };
            position.channels.insert(id.into(), channel);
        }
        position.run = Some(Run {
            stage: Stage::People(3),
            at: String::new(),
        });
        position
    }

    #[test]
    fn a_position_reads_back_and_another_version_begins_again() {
        let position = position();
        assert_eq!(Position::read(Some(&position.write())).expect("ours"), position);
        let later = Cursor(r#"{"version":2}"#.into());
        assert_eq!(
            Position::read(Some(&later)).expect("later"),
            Position::read(None).expect("none")
        );
        let error = Position::read(Some(&Cursor("[]".into()))).expect_err("no cursor");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_run_asks_first_who_reads_what() {
        let (mut position, mut passed) = (position(), Vec::new());
        while let Some(run) = &position.run {
            passed.push((run.stage, run.at.clone()));
            position.advance();
        }
        let expected = [
            (Stage::People(3), ""),
            (Stage::Access, "C1"),
            (Stage::Access, "C3"),
            (Stage::History, "C1"),
            (Stage::History, "C3"),
        ];
        assert_eq!(passed, expected.map(|(stage, at)| (stage, at.to_owned())));
    }

    #[test]
    fn messages_are_ordered_as_numbers() {
        assert!(earlier("999.000002", "1712345678.000001"));
        assert!(earlier("1712345678.000100", "1712345678.000101"));
        assert!(!earlier("1712345678.000101", "1712345678.000101"));
        assert_eq!(later(Some("9.0".into()), Some("10.0".into())), Some("10.0".into()));
        assert_eq!(later(None, Some("1.0".into())), Some("1.0".into()));
        assert_eq!(moment(Timestamp(1_712_345_678_901)), "1712345678.000000");
    }

    #[test]
    fn the_newest_messages_are_remembered() {
        let mut channel = Channel::default();
        for number in 0..30 {
            channel
                .known
                .insert(format!("17123456{number:02}.000000"), String::new());
        }
        channel.trim("1712345610.000000", 5);
        let first = channel.known.keys().next().expect("some");
        assert_eq!((channel.known.len(), first.as_str()), (5, "1712345625.000000"));
        channel.trim("1712345628.000000", 5);
        assert_eq!(channel.known.len(), 2);
    }
}
