//! What was said in a channel: new messages, and the window in which late replies, edits and deletions are looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{Change, Result, Timestamp};
use serde_json::Value;
use tracing::{debug, info};

use super::client::Method;
use super::connector::Slack;
use super::convert::{Scribe, parent, print, replies};
use super::cursor::{Channel, Position, Walk, earlier, later, moment};
use super::workspace::{bare, directory};
use crate::archive::json::{at, list, text};
use crate::archive::slack::threads::ts;
use crate::batch::Batch;
use crate::clock::until;

/// Messages asked for at once in a first reading: each thread among them costs a request more.
const FIRST: &str = "200";
/// And in later ones, which find most of them as they were.
const LATER: &str = "999";
/// The most that an application outside Slack's marketplace gets.
pub(super) const LIMITED: usize = 15;
/// How often a window of several pages is read.
const SCAN: Duration = Duration::from_hours(1);
/// How often a window is read at one page a minute, and how often the replies of threads that look as they did.
const SLOW: Duration = Duration::from_hours(24);

/// A page of a channel, and between which messages it tells all.
pub(super) struct Said {
    pub(super) rows: Vec<Value>,
    /// Exclusive; none from the newest on.
    before: Option<String>,
    /// Exclusive; none down to the first.
    after: Option<String>,
}

/// Where the window begins: on the hour, so that a walk that fails begins again with the same question.
fn begin(now: Timestamp, window: Duration) -> Timestamp {
    let start = now
        .0
        .saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
    Timestamp(start - start.rem_euclid(3_600_000))
}

/// Begin a walk: over the whole channel, over the window, or over what is new.
pub(super) fn walk(channel: &Channel, (limited, share): (bool, usize), (now, window): (Timestamp, Duration)) -> Walk {
    let age = |then: Option<Timestamp>| then.map_or(Duration::MAX, |then| until(then, now));
    let Some(high) = channel.high.clone().filter(|_| !channel.again) else {
        return Walk {
            deep: true,
            window: true,
            ..Walk::default()
        };
    };
    let period = match (limited, channel.pages) {
        (true, _) => SLOW,
        (false, 0 | 1) => Duration::ZERO,
        (false, _) => SCAN,
    };
    if age(channel.scanned) < period {
        return Walk {
            floor: Some(high),
            ..Walk::default()
        };
    }
    let start = moment(begin(now, window));
    // Of a busy channel less than the window is remembered, and what is not cannot be compared.
    let oldest = channel.known.keys().next().filter(|_| channel.known.len() >= share);
    let start = later(Some(start), oldest.cloned()).unwrap_or_default();
    Walk {
        floor: Some(if earlier(&high, &start) { high } else { start }),
        deep: age(channel.deep) >= SLOW,
        window: true,
        ..Walk::default()
    }
}

impl Slack {
    /// A page of a channel.
    pub(super) async fn history(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let (workspace, now, share) = (self.workspace().await?, self.clock.now(), position.share());
        let names = directory(&workspace, position);
        let mut limited = position.limited;
        let Some((id, channel)) = position.at() else {
            return Ok(());
        };
        let row = self.row(&id).await?;
        let outside =
            workspace.bot && row.as_ref().and_then(|row| at(row, &["is_member"])) == Some(&Value::Bool(false));
        let conversation = row.as_ref().and_then(bare);
        let Some(conversation) = conversation.filter(|_| !outside) else {
            channel.closed = true;
            position.advance();
            return Ok(());
        };
        let walk = channel
            .walk
            .take()
            .unwrap_or_else(|| walk(channel, (limited, share), (now, self.config.window)));
        channel.again = false;
        let Some((said, more)) = self.page(&id, &walk, limited).await? else {
            channel.closed = true;
            position.advance();
            return Ok(());
        };
        channel.closed = false;
        if more && said.rows.len() <= LIMITED && !limited {
            info!(source.id = %self.config.source, "Slack holds this application to {LIMITED} messages a minute");
            limited = true;
        }
        let scribe = Scribe::new(&workspace, &self.config.source, names, conversation);
        self.compare(&scribe, channel, (&said, &walk, limited), batch).await?;
        let newest = said.rows.iter().find_map(|row| text(row, &["ts"])).map(str::to_owned);
        let oldest = said
            .rows
            .iter()
            .rev()
            .find_map(|row| text(row, &["ts"]))
            .map(str::to_owned);
        let walk = Walk {
            top: later(walk.top, newest),
            pages: walk.pages + 1,
            latest: oldest,
            ..walk
        };
        if more {
            channel.walk = Some(walk);
        } else {
            finish(channel, walk, (now, self.config.window), share);
            position.advance();
        }
        position.limited = limited;
        Ok(())
    }

    /// What was said before the last page of a walk; none where that cannot be read. And whether more was said before that.
    pub(super) async fn page(&self, id: &str, walk: &Walk, limited: bool) -> Result<Option<(Said, bool)>> {
        let limit = match (limited, &walk.floor) {
            (true, _) => "15",
            (false, None) => FIRST,
            (false, Some(_)) => LATER,
        };
        let mut fields = vec![("channel", id), ("limit", limit)];
        fields.extend(walk.floor.as_deref().map(|floor| ("oldest", floor)));
        fields.extend(walk.latest.as_deref().map(|latest| ("latest", latest)));
        let answer = match self.client.call(Method::history(limited), &fields).await? {
            Ok(answer) => answer,
            Err(word) => {
                debug!(source.id = %self.config.source, channel = id, word, "the channel cannot be read");
                return Ok(None);
            }
        };
        let rows = list(&answer, &["messages"]).to_vec();
        let oldest = rows.iter().rev().find_map(|row| text(row, &["ts"])).map(str::to_owned);
        let more = at(&answer, &["has_more"]) == Some(&Value::Bool(true)) && oldest.is_some();
        // All is told down to the oldest of the page, itself included: one step before it.
        let after = if more {
            oldest.as_deref().map(before)
        } else {
            walk.floor.clone()
        };
        let said = Said {
            rows,
            before: walk.latest.clone(),
            after,
        };
        Ok(Some((said, more)))
    }

    /// Write what differs from what is remembered.
    async fn compare(
        &self,
        scribe: &Scribe,
        channel: &mut Channel,
        (said, walk, limited): (&Said, &Walk, bool),
        batch: &mut Batch,
    ) -> Result<()> {
        let within = |ts: &str| {
            said.before.as_deref().is_none_or(|before| earlier(ts, before))
                && said.after.as_deref().is_none_or(|after| earlier(after, ts))
        };
        let there: BTreeSet<&str> = said.rows.iter().filter_map(|row| text(row, &["ts"])).collect();
        let vanished = channel
            .known
            .keys()
            .filter(|ts| within(ts) && !there.contains(ts.as_str()));
        let vanished: Vec<String> = vanished.cloned().collect();
        for ts in vanished {
            channel.known.remove(&ts);
            batch.changes.push(Change::Delete(scribe.thread_id(&ts)));
        }
        // The threads to write, each with its first message where that is on this page.
        let mut threads: BTreeMap<&str, Option<&Value>> = BTreeMap::new();
        for row in &said.rows {
            let Some(own) = text(row, &["ts"]).filter(|own| ts(own).is_some()) else {
                batch.reject(
                    format!("channel {} message without a time", scribe.id()),
                    "not a message: no `ts`",
                );
                continue;
            };
            let same = is_same(channel, own, (row, walk));
            channel.known.insert(own.to_owned(), print(row));
            if same {
                continue;
            }
            let root = parent(row);
            let first = threads.entry(root.unwrap_or(own)).or_default();
            if root.is_none() {
                *first = Some(row);
            }
        }
        for (root, first) in threads {
            match first.filter(|first| replies(first) == 0) {
                Some(first) => scribe.thread(root, std::slice::from_ref(first), batch),
                None => {
                    if let Some(messages) = self.replies(scribe.id(), root, limited).await? {
                        scribe.thread(root, &messages, batch);
                    }
                }
            }
        }
        Ok(())
    }

    /// All of a thread: nothing where there is none any more, none where it may not be read.
    pub(super) async fn replies(&self, channel: &str, root: &str, limited: bool) -> Result<Option<Vec<Value>>> {
        let limit = if limited { "15" } else { LATER };
        let fields = [("channel", channel), ("ts", root), ("limit", limit)];
        let messages = match self.client.list(Method::replies(limited), &fields, "messages").await? {
            Ok(messages) => messages,
            Err(word) if word == "thread_not_found" => Vec::new(),
            Err(word) => {
                debug!(source.id = %self.config.source, channel, word, "a thread cannot be read");
                return Ok(None);
            }
        };
        // The first message comes on every page.
        let mut seen = BTreeSet::new();
        let once = |message: &Value| text(message, &["ts"]).is_none_or(|ts| seen.insert(ts.to_owned()));
        Ok(Some(messages.into_iter().filter(once).collect()))
    }
}

/// Whether a message is as it was read, and a walk does not look at it for its thread's sake.
pub(super) fn is_same(channel: &Channel, own: &str, (row, walk): (&Value, &Walk)) -> bool {
    let thread = parent(row).is_none() && replies(row) > 0;
    channel.known.get(own) == Some(&print(row)) && !(walk.deep && (thread || walk.floor.is_none()))
}

/// The id of a message that would be just before another.
fn before(own: &str) -> String {
    let Some((seconds, rest, _)) = ts(own) else {
        return own.to_owned();
    };
    match rest.checked_sub(1) {
        Some(rest) => format!("{seconds}.{rest:06}"),
        None => format!("{}.999999", seconds.saturating_sub(1)),
    }
}

/// End a walk that has read everything down to its floor.
fn finish(channel: &mut Channel, walk: Walk, (now, window): (Timestamp, Duration), share: usize) {
    channel.high = later(channel.high.take(), walk.top);
    // A channel in which nothing was said yet is known all the same.
    channel.high.get_or_insert_with(|| "0.000000".to_owned());
    if walk.window {
        channel.scanned = Some(now);
        channel.pages = walk.pages;
    }
    if walk.deep {
        channel.deep = Some(now);
    }
    channel.trim(&moment(begin(now, window)), share);
}
