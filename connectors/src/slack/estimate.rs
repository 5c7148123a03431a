//! What the next reading would ask and bring. Slack counts no messages: of some channels the newest page is read, and the others are
//! taken to be like them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Error, ErrorKind, Estimate, Quota, Result, Retry, Timestamp, Work};
use serde_json::Value;

use super::client::Method;
use super::connector::Slack;
use super::convert::{parent, replies};
use super::cursor::{Channel, Position, Stage, Walk};
use super::history::{LIMITED, Said, is_same, walk};
use super::workspace::privacy;
use crate::archive::json::{at, text};
use crate::archive::slack::directory::Privacy;
use crate::archive::slack::threads::ts;
use crate::clock::until;
use crate::estimate::{pages, scaled, since};
use crate::http::Rate;

/// Channels of which a page is read.
const SAMPLED: usize = 20;
/// Pages of people that are asked for; in a larger workspace the others are not counted.
const PEOPLE: usize = 10;
/// Messages of a page in a first reading, in later ones, and in a census.
const FIRST: u64 = 200;
const LATER: u64 = 999;

/// What a channel, or some together, take and bring.
#[derive(Debug, Clone, Copy, Default)]
struct Talk {
    history: u64,
    replies: u64,
    /// Requests of the method that is asked more: while one is waited for, the other's limit recovers.
    turns: u64,
    threads: u64,
    /// Pages of a census.
    census: u64,
}

impl Talk {
    fn add(&mut self, other: Self) {
        self.history += other.history;
        self.replies += other.replies;
        self.turns += other.turns;
        self.threads += other.threads;
        self.census += other.census;
    }

    fn scaled(self, of: u64, to: u64) -> Self {
        Self {
            history: scaled(self.history, of, to),
            replies: scaled(self.replies, of, to),
            turns: scaled(self.turns, of, to),
            threads: scaled(self.threads, of, to),
            census: scaled(self.census, of, to),
        }
    }
}

/// What was found out of all channels.
#[derive(Debug, Default)]
struct Sample {
    talk: Talk,
    sampled: u64,
    limited: bool,
    /// Channels of which more than the newest page is to be read.
    longer: u64,
}

impl Slack {
    /// What the next reading from `position` would ask and bring.
    pub(super) async fn forecast(&self, position: &Position) -> Result<Estimate> {
        let (api, now) = (self.client.api(), self.clock.now());
        let own = self
            .client
            .call(Method::TEST, &[])
            .await?
            .map_err(|word| refused(&word))?;
        let bot = at(&own, &["bot_id"]).is_some();
        let (users, groups) = (self.users().await?, 1);
        let before = api.sent();
        let rows = self.listed().await?.map_err(|word| refused(&word))?;
        let listed = api.sent() - before;
        let channels = self.ahead(position, &rows, now);
        let outside =
            |id: &str| bot && rows.get(id).and_then(|row| at(row, &["is_member"])) == Some(&Value::Bool(false));
        let read = channels.iter().filter(|(id, _)| !outside(id));
        let read: BTreeMap<&String, &Channel> = read.map(|(id, channel)| (*id, channel)).collect();
        let sample = self.sample(position, &read, &rows).await?;
        let count = read.len() as u64;
        let talk = sample.talk.scaled(sample.sampled, count);
        let private = channels
            .keys()
            .filter_map(|id| rows.get(*id))
            .filter(|row| privacy(row) != Privacy::Public);
        let members = private.count() as u64;
        let told = channels.iter().filter(|(_, channel)| channel.row.is_empty()).count() as u64;
        let requests = 1 + users + groups + listed + members + talk.history + talk.replies;
        let due = position
            .census
            .is_some_and(|then| until(then, now) >= self.config.census);
        let sweep = if sample.limited {
            0
        } else {
            1 + users + groups + listed + talk.census
        };
        let rate = Method::history(sample.limited).rate();
        let of = |requests, points| Work {
            requests,
            points,
            least: std::time::Duration::ZERO,
        };
        Ok(Estimate {
            reading: of(requests, talk.turns),
            sweep: of(sweep, if sample.limited { 0 } else { talk.census }),
            sweep_due: due,
            documents: Some(told + talk.threads),
            quota: rate.map(quota),
            latency: api.latency(),
            grounds: grounds(&sample, count),
        })
    }

    /// Requests for all people.
    async fn users(&self) -> Result<u64> {
        let mut cursor = String::new();
        for asked in 1..=PEOPLE as u64 {
            let mut fields = vec![("limit", "200")];
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            let answer = self.client.call(Method::USERS, &fields).await?.unwrap_or_default();
            let next = text(&answer, &["response_metadata", "next_cursor"]).unwrap_or_default();
            if next.is_empty() {
                return Ok(asked);
            }
            next.clone_into(&mut cursor);
        }
        Ok(PEOPLE as u64)
    }

    /// The channels that a run has before it, as it would begin them.
    fn ahead<'r>(
        &self,
        position: &Position,
        rows: &'r BTreeMap<String, Value>,
        now: Timestamp,
    ) -> BTreeMap<&'r String, Channel> {
        let due = position
            .reread
            .is_none_or(|then| until(then, now) >= self.config.reread);
        let again = due || position.settings != self.config.print();
        let done = position.run.as_ref().filter(|run| run.stage == Stage::History);
        let wanted = rows.iter().filter(|(id, _)| done.is_none_or(|run| **id >= run.at));
        let begun = |(id, row): (&'r String, &'r Value)| {
            let mut channel = position.channels.get(id).cloned().unwrap_or_default();
            let renamed = text(row, &["name"]).unwrap_or_default() != channel.name;
            channel.again |= channel.high.is_some() && (again || renamed);
            if channel.again {
                channel.row.clear();
            }
            (id, channel)
        };
        wanted.map(begun).collect()
    }

    /// Read a page of some of the channels.
    async fn sample(
        &self,
        position: &Position,
        channels: &BTreeMap<&String, &Channel>,
        rows: &BTreeMap<String, Value>,
    ) -> Result<Sample> {
        let now = self.clock.now();
        let mut sample = Sample {
            limited: position.limited,
            ..Sample::default()
        };
        for (id, channel) in channels.iter().take(SAMPLED) {
            let walk = channel
                .walk
                .clone()
                .unwrap_or_else(|| walk(channel, (sample.limited, position.share()), (now, self.config.window)));
            let page = match self.page(id, &walk, sample.limited).await {
                // At one page a minute there is no time for more than one.
                Err(error) if sample.sampled > 0 && matches!(error.retry(), Retry::After(_)) => {
                    sample.limited = true;
                    break;
                }
                page => page?,
            };
            sample.sampled += 1;
            let Some((said, more)) = page else {
                sample.talk.history += 1;
                sample.talk.turns += 1;
                continue;
            };
            sample.limited |= more && said.rows.len() <= LIMITED;
            sample.longer += u64::from(more);
            let began = rows
                .get(*id)
                .and_then(|row| at(row, &["created"])?.as_i64())
                .unwrap_or_default();
            sample
                .talk
                .add(talk(channel, (&said, more), &walk, (now, began, sample.limited)));
            if sample.limited {
                break;
            }
        }
        Ok(sample)
    }
}

/// What a channel takes by its newest page.
fn talk(
    channel: &Channel,
    (said, more): (&Said, bool),
    walk: &Walk,
    (now, began, limited): (Timestamp, i64, bool),
) -> Talk {
    let rows = said.rows.len() as u64;
    let own = |row: &Value| text(row, &["ts"]).map(str::to_owned);
    let changed = said
        .rows
        .iter()
        .filter(|row| own(row).is_some_and(|ts| !is_same(channel, &ts, (row, walk))));
    let (mut threads, mut asked) = (BTreeSet::new(), 0);
    for row in changed {
        let root = parent(row).map(str::to_owned).or_else(|| own(row));
        let talked = parent(row).is_some() || replies(row) > 0;
        if root.is_some_and(|root| threads.insert(root)) && talked {
            asked += if limited {
                pages(replies(row) + 1, LIMITED as u64)
            } else {
                1
            };
        }
    }
    let moment = |ts_of: &str| ts(ts_of).and_then(|(seconds, ..)| i64::try_from(seconds).ok());
    let floor = walk.floor.as_deref().and_then(moment).unwrap_or(began);
    let oldest = said.rows.iter().filter_map(|row| moment(text(row, &["ts"])?)).min();
    let all = match oldest.filter(|_| more) {
        Some(oldest) => since(rows, (now.0 / 1000, oldest, floor)),
        None => rows,
    };
    let size = match (limited, &walk.floor) {
        (true, _) => LIMITED as u64,
        (false, None) => FIRST,
        (false, Some(_)) => LATER,
    };
    let (history, replies) = (pages(all, size), scaled(asked, rows, all));
    Talk {
        history,
        replies,
        turns: history.max(replies),
        threads: scaled(threads.len() as u64, rows, all),
        census: pages(all.max(channel.known.len() as u64), LATER),
    }
}

fn refused(word: &str) -> Error {
    Error::new(ErrorKind::Denied, "read Slack", format!("Slack answers `{word}`"))
        .with_hint("connect again and allow what the application asks for")
}

/// The limit of the methods that tell what is said; each has one of its own, and the one that is asked more decides.
fn quota(rate: Rate) -> Quota {
    Quota {
        points: rate.points.into(),
        per: rate.period,
        left: None,
        renewed_in: None,
    }
}

fn grounds(sample: &Sample, channels: u64) -> Vec<String> {
    let mut grounds = vec![format!(
        "Slack counts no messages: the newest page of {} of {channels} channels was read",
        sample.sampled
    )];
    if sample.sampled < channels {
        grounds.push("the other channels are taken to be like these".to_owned());
    }
    if sample.longer > 0 {
        grounds.push(format!(
            "{} of these have older messages, which are taken to be as frequent as the newest",
            sample.longer
        ));
    }
    if sample.limited {
        grounds.push(format!(
            "Slack holds this application to one request a minute for {LIMITED} messages, and so for replies: there is no time \
             for more than one channel, and the truth may be several times as much or as little"
        ));
    }
    grounds
}
