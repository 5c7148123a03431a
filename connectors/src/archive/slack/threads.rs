//! From days to threads. Replies stand in the file of their own day, so the days are first searched for the last reply of each
//! thread; the second reading then holds only the threads that are still open.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use domain::document::Message;
use domain::{Body, Change, DocumentKind, EdgeKind, Key, Markup, Rejected, Result, Timestamp};
use serde_json::Value;

use crate::archive::draft::Draft;
use crate::archive::format::Event;
use crate::archive::json::{list, one_line, text};
use crate::archive::lost::Lost;
use crate::archive::records::{Record, Records, parse};
use crate::archive::slack::directory::{Conversation, Directory};
use crate::archive::slack::{Config, mrkdwn};
use crate::archive::tree::Tree;

/// The most bytes of text and blocks kept of a thread.
const THREAD_BYTES: usize = 8 * 1024 * 1024;

/// The title of a thread has at most this many characters.
const TITLE: usize = 80;

/// What people did to the channel, rather than said in it.
const NOISE: [&str; 6] = [
    "bot_add",
    "bot_remove",
    "pinned_item",
    "unpinned_item",
    "reminder_add",
    "huddle_thread",
];

/// A message's id in the order of time: seconds and the rest as whole numbers, and the text itself.
pub(crate) type Ts = (u64, u64, String);

/// Read a message's id.
pub(crate) fn ts(text: &str) -> Option<Ts> {
    let (seconds, rest) = text.split_once('.')?;
    let digits = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(seconds) && digits(rest)).then_some(())?;
    Some((seconds.parse().ok()?, rest.parse().ok()?, text.to_owned()))
}

fn time(ts: &Ts) -> Option<Timestamp> {
    let seconds = i64::try_from(ts.0).ok()?;
    // Six digits are microseconds; other lengths only tell messages of one second apart.
    let millis = if ts.2.len() == ts.0.to_string().len() + 7 {
        i64::try_from(ts.1 / 1000).ok()?
    } else {
        0
    };
    Some(Timestamp(seconds.checked_mul(1000)?.checked_add(millis)?))
}

/// The thread that a message belongs to.
fn root(message: &Value) -> Option<Ts> {
    text(message, &["thread_ts"])
        .and_then(ts)
        .or_else(|| text(message, &["ts"]).and_then(ts))
}

/// Where messages belong, and what names them.
pub(crate) struct Place {
    pub(crate) config: Arc<Config>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) conversation: Conversation,
}

/// A thread that may go on.
#[derive(Default)]
pub(crate) struct Thread {
    messages: BTreeMap<Ts, Message>,
    bytes: usize,
    updated: Option<Timestamp>,
    truncated: bool,
}

/// The threads of a conversation, in the order of the day they end on.
pub(super) struct Days {
    tree: Arc<Tree>,
    place: Place,
    files: Vec<String>,
    /// The day of the last reply, by thread.
    last: BTreeMap<Ts, usize>,
    day: usize,
    open: BTreeMap<Ts, Thread>,
    ready: VecDeque<Event>,
}

impl Days {
    /// Search the days for where threads end.
    pub(super) fn open(tree: Arc<Tree>, place: Place, files: Vec<String>) -> Result<Self> {
        let mut last = BTreeMap::new();
        for (day, file) in files.iter().enumerate() {
            records(&tree, file, |_, value| {
                if let Some(root) = value
                    .ok()
                    .filter(|value| value.get("thread_ts").is_some())
                    .as_ref()
                    .and_then(root)
                {
                    last.insert(root, day);
                }
            })?;
        }
        Ok(Self {
            tree,
            place,
            files,
            last,
            day: 0,
            open: BTreeMap::new(),
            ready: VecDeque::new(),
        })
    }

    /// Read a day, and finish the threads that end on it.
    fn read_day(&mut self, file: &str) -> Result<()> {
        let (place, open, ready) = (&self.place, &mut self.open, &mut self.ready);
        records(&self.tree, file, |number, value| {
            let lost = match &value {
                Ok(_) => Lost::Nothing,
                Err(_) => Lost::Under(vec![place.config.channel(&place.conversation)]),
            };
            if let Err(reason) = value.and_then(|value| place.take(&value, open)) {
                let item = format!("{file}:{number}");
                ready.push_back(Event::Rejected(Rejected { item, reason }, lost));
            }
        })?;
        let ended: Vec<Ts> = open
            .keys()
            .filter(|root| self.last.get(*root).is_none_or(|day| *day <= self.day))
            .cloned()
            .collect();
        for root in ended {
            if let Some(thread) = open.remove(&root) {
                ready.push_back(Event::Change(place.document(&root, thread)));
            }
        }
        Ok(())
    }
}

/// Hand all records of a file, by number, to `take`.
fn records(tree: &Tree, file: &str, mut take: impl FnMut(u64, Result<Value, String>)) -> Result<()> {
    let Some(entry) = tree.entry(file) else { return Ok(()) };
    let mut records = Records::open(tree, entry, &["messages"])?;
    while let Some(record) = records.next().map_err(|error| tree.failed(entry, error))? {
        match record {
            Record::Json(number, bytes) => take(number, parse(&bytes)),
            Record::Long(number, reason, _) | Record::Cut(number, reason) => take(number, Err(reason)),
        }
    }
    Ok(())
}

impl Iterator for Days {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            let file = self.files.get(self.day)?.clone();
            if let Err(error) = self.read_day(&file) {
                return Some(Err(error));
            }
            self.day += 1;
        }
    }
}

/// Whether somebody said something: not a notice about the channel, a placeholder of a deleted message, or a hidden event.
pub(crate) fn is_said(message: &Value) -> bool {
    let hidden = message.get("hidden").and_then(Value::as_bool) == Some(true);
    let notice = text(message, &["subtype"]).is_some_and(|subtype| {
        subtype.starts_with("channel_")
            || subtype.starts_with("group_")
            || matches!(subtype, "tombstone" | "message_deleted")
            || NOISE.contains(&subtype)
    });
    !hidden && !notice
}

impl Place {
    /// Put a message into its thread.
    pub(crate) fn take(&self, value: &Value, open: &mut BTreeMap<Ts, Thread>) -> Result<(), String> {
        if !is_said(value) {
            return Ok(());
        }
        let at = text(value, &["ts"]).and_then(ts).ok_or("not a message: no `ts`")?;
        let thread = open.entry(root(value).unwrap_or_else(|| at.clone())).or_default();
        let message = self.message(value, &at);
        let size = message.text.len()
            + message
                .blocks
                .iter()
                .map(|block| block.to_string().len())
                .sum::<usize>();
        if thread.bytes + size > THREAD_BYTES {
            thread.truncated = true;
            return Ok(());
        }
        thread.bytes += size;
        let edited = text(value, &["edited", "ts"]).and_then(ts).as_ref().and_then(time);
        thread.updated = thread.updated.max(edited).max(time(&at));
        thread.messages.insert(at, message);
        Ok(())
    }

    fn message(&self, value: &Value, at: &Ts) -> Message {
        let names = &self.directory.names;
        let user = text(value, &["user"]).filter(|user| crate::archive::json::is_id(user));
        let paths = [
            &["user_profile", "display_name"][..],
            &["user_profile", "real_name"],
            &["username"],
            &["bot_profile", "name"],
            &["bot_id"],
        ];
        let told = || paths.iter().find_map(|path| text(value, path));
        let author = user
            .and_then(|user| names.get(user).map(String::as_str))
            .or_else(told)
            .or(user)
            .unwrap_or("unknown");
        let said = text(value, &["text"]).map_or_else(|| attached(value), str::to_owned);
        let blocks = list(value, &["blocks"]).to_vec();
        let file = |file: &Value| {
            text(file, &["title"])
                .or_else(|| text(file, &["name"]))
                .map(|title| one_line(title, 200))
        };
        Message {
            ts: at.2.clone(),
            author: one_line(author, 200),
            account: user.map(|user| self.config.account(user)),
            names: mrkdwn::mentioned(&said, &blocks, names),
            text: said,
            blocks,
            files: list(value, &["files"]).iter().filter_map(file).collect(),
        }
    }

    /// The document of a thread.
    pub(crate) fn document(&self, root: &Ts, thread: Thread) -> Change {
        let (config, conversation) = (&self.config, &self.conversation);
        let messages: Vec<Message> = thread.messages.into_values().collect();
        let first = messages.first();
        let url = config.permalink(&conversation.id, Some(&root.2));
        let created = time(root);
        let key = Key::slack_thread(&config.team, &conversation.id, &root.2);
        let mut draft = Draft::new(&config.source, DocumentKind::Thread, key, config.label(conversation))
            .title(&self.title(first, created))
            .aliases(url.clone())
            .url(url)
            .times(created, thread.updated.max(created))
            .part_of(config.channel(conversation), "slack.channel")
            .field("channel", [conversation.name.clone()])
            .field("truncated", thread.truncated.then_some("true"))
            .author(first.and_then(|message| message.account.clone()), "slack.user");
        for account in messages.iter().skip(1).filter_map(|message| message.account.clone()) {
            draft = draft.back_link(EdgeKind::Authored, account, "slack.user");
        }
        let body = serde_json::to_string(&messages).expect("every part of a message serialises");
        draft
            .body(Body {
                markup: Markup::SlackThread,
                text: body,
            })
            .upsert()
    }

    /// The first line that was said, or the channel and the day.
    fn title(&self, first: Option<&Message>, created: Option<Timestamp>) -> String {
        let names = &self.directory.names;
        let said = first
            .map(|message| mrkdwn::plain(&message.text, names))
            .unwrap_or_default();
        if let Some(line) = said.lines().find(|line| !line.trim().is_empty()) {
            return one_line(line, TITLE);
        }
        let time = created.map(|time| time.to_string()).unwrap_or_default();
        format!(
            "{} {}",
            self.conversation.title(names),
            time.split('T').next().unwrap_or_default()
        )
    }
}

/// The text of attachments, which some bots write instead of a message.
fn attached(value: &Value) -> String {
    let fields = ["title", "text", "fallback"];
    let parts = list(value, &["attachments"])
        .iter()
        .filter_map(|one| fields.iter().find_map(|field| text(one, &[field])));
    parts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{time, ts};

    #[test]
    fn ids_are_ordered_as_numbers_and_never_rounded() {
        assert!(ts("999.000002").unwrap() < ts("1712345678.000001").unwrap());
        assert!(ts("1712345678.000100").unwrap() < ts("1712345678.000101").unwrap());
        assert_eq!(time(&ts("1712345678.123456").unwrap()).unwrap().0, 1_712_345_678_123);
        for bad in ["", "1", "1.", ".1", "1.2.3", "-1.5", "1e5.0"] {
            assert_eq!(ts(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn later_ids_have_later_times(a in 0u64..4_000_000_000, b in 0u64..4_000_000_000, x in 0u32..1_000_000, y in 0u32..1_000_000) {
            let (one, two) = (ts(&format!("{a}.{x:06}")).unwrap(), ts(&format!("{b}.{y:06}")).unwrap());
            prop_assert_eq!(one.cmp(&two).then(std::cmp::Ordering::Equal), (a, x).cmp(&(b, y)));
            prop_assert!(one > two || time(&one) <= time(&two));
        }
    }
}
