//! The workspace as it is now: who asks, its people and groups, its channels, and who is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{AccessRule, Change, Error, Key, Readers, Result, Timestamp};
use serde_json::Value;
use tracing::info;
use url::Url;

use super::client::Method;
use super::connector::Slack;
use super::cursor::{Channel, Position, Run, Stage};
use crate::archive::json::{at, id, is_id, text};
use crate::archive::slack::Config as Names;
use crate::archive::slack::directory::{Conversation, Directory, Privacy};
use crate::batch::Batch;
use crate::clock::until;
use crate::hex::digest;

/// How long people are taken for known.
const PERIOD: Duration = Duration::from_hours(1);
/// People told in one step.
const PEOPLE: usize = 1_000;

/// Who asks, and the people.
pub(super) struct Workspace {
    pub(super) names: Arc<Names>,
    /// The account that is connected, and whether it is a bot, which reads only where it is.
    pub(super) viewer: String,
    pub(super) bot: bool,
    pub(super) people: Directory,
    read: Timestamp,
}

/// The kind of a conversation, by its row.
pub(super) fn privacy(row: &Value) -> Privacy {
    let is = |field| at(row, &[field]) == Some(&Value::Bool(true));
    if is("is_im") || is("is_mpim") {
        Privacy::Direct
    } else if is("is_private") {
        Privacy::Private
    } else {
        Privacy::Public
    }
}

/// The conversation of a row, without its members.
pub(super) fn bare(row: &Value) -> Option<Conversation> {
    Conversation::read(row, privacy(row))
}

impl Slack {
    /// The workspace, asked for again when what is known of it is too old.
    pub(super) async fn workspace(&self) -> Result<Arc<Workspace>> {
        let now = self.clock.now();
        let known = self.workspace.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| until(known.read, now) < PERIOD) {
            return Ok(known);
        }
        let refused = |word: String| {
            Error::new(
                domain::ErrorKind::Denied,
                "read Slack",
                format!("Slack answers `{word}`"),
            )
        };
        let own = self.client.call(Method::TEST, &[]).await?.map_err(refused)?;
        let (Some(team), Some(viewer)) = (id(&own, &["team_id"]), id(&own, &["user_id"])) else {
            return Err(Error::corrupt("read Slack", "auth.test names no team or user"));
        };
        let host = text(&own, &["url"]).and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
        let workspace = host
            .and_then(|host| host.split('.').next().map(str::to_owned))
            .filter(|name| is_id(name));
        let mut people = Directory::default();
        let users = self.client.list(Method::USERS, &[("limit", "200")], "members").await?;
        users.unwrap_or_default().iter().for_each(|user| people.person(user));
        let groups = self.client.call(Method::GROUPS, &[]).await?.unwrap_or_default();
        for group in crate::archive::json::list(&groups, &["usergroups"]) {
            if let (Some(id), Some(handle)) = (id(group, &["id"]), text(group, &["handle"])) {
                people.names.insert(id, handle.to_owned());
            }
        }
        let known = Arc::new(Workspace {
            names: Arc::new(Names::live(
                self.config.source.clone(),
                team,
                workspace,
                self.config.access.clone(),
            )),
            viewer,
            bot: at(&own, &["bot_id"]).is_some(),
            people,
            read: now,
        });
        *self.workspace.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    /// The conversations that are to be read, by id.
    pub(super) async fn listed(&self) -> Result<Result<BTreeMap<String, Value>, String>> {
        let fields = [("types", self.config.types.as_str()), ("limit", "999")];
        let rows = match self.client.list(Method::CHANNELS, &fields, "channels").await? {
            Ok(rows) => rows,
            Err(word) => return Ok(Err(word)),
        };
        let wanted = rows.into_iter().filter_map(|row| {
            let id = id(&row, &["id"])?;
            let name = text(&row, &["name"]).unwrap_or_default();
            self.config.wants(&id, name).then_some((id, row))
        });
        Ok(Ok(wanted.collect()))
    }

    /// Begin a run.
    pub(super) async fn begin(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let (workspace, now) = (self.workspace().await?, self.clock.now());
        let rows = self.listed().await?.map_err(|word| {
            Error::new(
                domain::ErrorKind::Denied,
                "list channels",
                format!("Slack answers `{word}`"),
            )
            .with_hint("connect again and allow what the application asks for")
        })?;
        let team = Key::from_raw(&format!("slack:{}", workspace.names.team()));
        batch
            .changes
            .push(Change::Access(self.config.access.rule(&self.config.source, &team)));
        let changed = position.settings != self.config.print();
        let due = position
            .reread
            .is_none_or(|then| until(then, now) >= self.config.reread);
        if due || changed {
            position.reread = Some(now);
            batch.reread.push("channel ".to_owned());
        }
        position.settings = self.config.print();
        position.census.get_or_insert(now);
        for (id, channel) in &mut position.channels {
            channel.again |= due || changed;
            if !rows.contains_key(id) && !channel.gone {
                channel.gone = true;
                batch.changes.extend(closed(&workspace, id).map(Change::Access));
                info!(source.id = %self.config.source, channel = id, "the channel is no longer listed");
            }
        }
        for (id, row) in rows {
            meet(&id, row, (position.channels.entry(id.clone()).or_default(), &self.rows));
        }
        let told = position.people.is_some_and(|then| until(then, now) < PERIOD);
        position.run = Some(Run {
            stage: Stage::People(0),
            at: String::new(),
        });
        if told {
            position.advance();
        }
        Ok(())
    }

    /// Some more of the people.
    pub(super) async fn people(&self, from: usize, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let workspace = self.workspace().await?;
        let some = workspace.people.people.iter().skip(from).take(PEOPLE);
        let account = |(id, person): (&String, &crate::archive::slack::directory::Person)| {
            Change::Account(person.account(workspace.names.account(id), &self.config.source))
        };
        batch.changes.extend(some.map(account));
        let next = from + PEOPLE;
        if next < workspace.people.people.len() {
            if let Some(run) = &mut position.run {
                run.stage = Stage::People(next);
            }
        } else {
            position.people = Some(workspace.read);
            position.advance();
        }
        Ok(())
    }

    /// The document and the readers of one conversation.
    pub(super) async fn access(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let workspace = self.workspace().await?;
        let directory = directory(&workspace, position);
        let Some((id, channel)) = position.at() else {
            return Ok(());
        };
        let Some(conversation) = self.conversation(&id, &workspace).await? else {
            position.advance();
            return Ok(());
        };
        batch
            .changes
            .extend(workspace.names.rule(&conversation).map(Change::Access));
        let document = workspace.names.channel_document(&conversation, &directory);
        let row = digest(&format!("{document:?}"));
        if channel.row != row {
            channel.row = row;
            batch.changes.push(document);
        }
        position.advance();
        Ok(())
    }

    /// A conversation with its members where those decide who may read it.
    pub(super) async fn conversation(&self, id: &str, workspace: &Workspace) -> Result<Option<Conversation>> {
        let row = self.row(id).await?;
        let Some(mut conversation) = row.as_ref().and_then(bare) else {
            return Ok(None);
        };
        if conversation.privacy != Privacy::Public {
            let fields = [("channel", id), ("limit", "999")];
            let members = self.client.list(Method::MEMBERS, &fields, "members").await?;
            let members = members.unwrap_or_default();
            let ids = members
                .iter()
                .filter_map(Value::as_str)
                .filter(|id| is_id(id))
                .map(str::to_owned);
            // Who asks is a reader, be he in it or not, and the only one where the others are hidden.
            let mut all: Vec<String> = ids.chain([workspace.viewer.clone()]).collect();
            all.sort();
            all.dedup();
            conversation.members = all;
        }
        Ok(Some(conversation))
    }

    /// The row of a conversation. After a restart in the middle of a run the list is read again.
    pub(super) async fn row(&self, id: &str) -> Result<Option<Value>> {
        let known = |slack: &Self| {
            slack
                .rows
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(id)
                .cloned()
        };
        if let Some(row) = known(self) {
            return Ok(Some(row));
        }
        let rows = self.listed().await?.unwrap_or_default();
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = rows;
        Ok(known(self))
    }
}

/// The rule of a conversation that is no longer listed: nobody is known to read it.
fn closed(workspace: &Workspace, id: &str) -> Option<AccessRule> {
    let conversation = bare(&serde_json::json!({ "id": id }))?;
    Some(AccessRule {
        id: workspace.names.label(&conversation),
        container: workspace.names.channel(&conversation),
        readers: Readers::Principals(BTreeSet::new()),
    })
}

/// Compare a conversation with what is known of it.
fn meet(id: &str, row: Value, (channel, rows): (&mut Channel, &std::sync::Mutex<BTreeMap<String, Value>>)) {
    let name = text(&row, &["name"]).unwrap_or_default();
    // What was said carries the name of its channel.
    if channel.high.is_some() && channel.name != name {
        channel.again = true;
        channel.row.clear();
    }
    name.clone_into(&mut channel.name);
    channel.gone = false;
    rows.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id.to_owned(), row);
}

/// Names of people and channels.
pub(super) fn directory(workspace: &Workspace, position: &Position) -> Directory {
    let mut names = workspace.people.names.clone();
    let channels = position.channels.iter().filter(|(_, channel)| !channel.name.is_empty());
    names.extend(channels.map(|(id, channel)| (id.clone(), channel.name.clone())));
    Directory::named(names)
}
