//! A Slack export: a zip or folder with lists of people and conversations, and a folder of days per conversation.

pub(crate) mod directory;
mod mrkdwn;
pub(crate) mod threads;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{AccessId, AccessRule, Change, DocumentKind, Error, Key, Result, SourceId};
use serde::Deserialize;

use crate::access::AccessSetting;
use crate::archive::draft::Draft;
use crate::archive::format::{Events, Format, Unit};
use crate::archive::identify::{self, Kind};
use crate::archive::json::{is_id, one_line};
use crate::archive::lost::Lost;
use crate::archive::tree::{Tree, fingerprint};

use directory::{Conversation, Directory, Privacy};

/// The settings of a Slack export.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// The zip, or the folder it was unpacked to.
    pub path: PathBuf,
    /// The id of the team (`T0123`) in keys; by default the name of the source.
    #[serde(default)]
    pub team: Option<String>,
    /// The workspace in addresses: `acme` for `acme.slack.com`. Without it, documents have no address.
    #[serde(default)]
    pub workspace: Option<String>,
    /// Who may read public channels. The others are for their members; where this names readers, for the members among them.
    #[serde(default)]
    pub access: AccessSetting,
    /// The most bytes that one file may have after expansion.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// The meaning of the settings.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    source: SourceId,
    team: String,
    workspace: Option<String>,
    access: AccessSetting,
    labels: Labels,
}

/// How public channels are labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    /// All alike: an export stays as it is.
    Shared,
    /// Each by itself, so that one that becomes private is closed by one row, and not only when its messages are written again.
    Own,
}

/// A Slack export.
pub(crate) struct Slack {
    config: Arc<Config>,
    /// The lists as last read, with the version of their files.
    directory: Mutex<Option<(String, Arc<Directory>)>>,
}

impl std::fmt::Debug for Slack {
    /// The settings alone: versions of documents depend on this text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.config.fmt(f)
    }
}

impl Slack {
    pub(crate) fn new(source: SourceId, settings: SlackSettings) -> Result<Self> {
        let team = settings.team.unwrap_or_else(|| source.to_string());
        if let Some(bad) = [Some(&team), settings.workspace.as_ref()]
            .into_iter()
            .flatten()
            .find(|name| !is_id(name))
        {
            let message = format!("`{}` cannot name a Slack team or workspace", one_line(bad, 80));
            return Err(Error::invalid("read source settings", message)
                .with_hint("write the team as `T0123`, the workspace as `acme`"));
        }
        let config = Config {
            source,
            team,
            workspace: settings.workspace,
            access: settings.access,
            labels: Labels::Shared,
        };
        Ok(Self {
            config: Arc::new(config),
            directory: Mutex::new(None),
        })
    }

    /// The lists of people and conversations, read again when their files have changed.
    fn directory(&self, tree: &Tree) -> Result<Arc<Directory>> {
        let version = fingerprint(directory::files(tree).map(|(_, entry)| entry.quick()));
        let mut known = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, directory)) = known.as_ref()
            && *at == version
        {
            return Ok(Arc::clone(directory));
        }
        let directory = Arc::new(Directory::read(tree)?);
        *known = Some((version, Arc::clone(&directory)));
        Ok(directory)
    }

    /// The days of each conversation, by its folder with a slash at the end.
    fn days(tree: &Tree, base: &str) -> BTreeMap<String, Vec<String>> {
        let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in &tree.entries {
            let Some((folder, file)) = entry.path.strip_prefix(base).and_then(|path| path.rsplit_once('/')) else {
                continue;
            };
            if is_day(file) && !folder.contains('/') {
                days.entry(format!("{base}{folder}/"))
                    .or_default()
                    .push(entry.path.clone());
            }
        }
        days
    }
}

/// Whether a file holds the messages of a day: `2024-01-31.json`.
fn is_day(file: &str) -> bool {
    file.strip_suffix(".json").is_some_and(|day| {
        day.len() == 10
            && day.bytes().enumerate().all(|(at, byte)| {
                if at == 4 || at == 7 {
                    byte == b'-'
                } else {
                    byte.is_ascii_digit()
                }
            })
    })
}

impl Config {
    /// The meaning of settings that were checked, for a workspace that may change.
    pub(crate) fn live(source: SourceId, team: String, workspace: Option<String>, access: AccessSetting) -> Self {
        Self {
            source,
            team,
            workspace,
            access,
            labels: Labels::Own,
        }
    }

    /// The id of the team.
    pub(crate) fn team(&self) -> &str {
        &self.team
    }

    /// An account.
    pub(crate) fn account(&self, user: &str) -> Key {
        Key::account("slack", &format!("{}/{user}", self.team))
    }

    /// The key of a conversation.
    pub(crate) fn channel(&self, conversation: &Conversation) -> Key {
        Key::slack_channel(&self.team, &conversation.id)
    }

    /// The label of what is said in a conversation.
    pub(crate) fn label(&self, conversation: &Conversation) -> AccessId {
        match (conversation.privacy, self.labels) {
            (Privacy::Public, Labels::Shared) => AccessId::common(&self.source),
            (Privacy::Public, Labels::Own) | (Privacy::Private | Privacy::Direct | Privacy::Unknown, _) => {
                AccessId::new(&self.source, &format!("channel:{}", conversation.id))
            }
        }
    }

    /// The rule of a conversation that not everybody may read. Its members belong to the workspace, and so to everyone in the source.
    pub(crate) fn rule(&self, conversation: &Conversation) -> Option<AccessRule> {
        let members = conversation.members.iter();
        let readers = match (conversation.privacy, self.labels) {
            (Privacy::Public, Labels::Shared) => return None,
            (Privacy::Public, Labels::Own) => self.access.readers(),
            (Privacy::Private | Privacy::Direct | Privacy::Unknown, _) => {
                let principal = |user: &String| domain::Principal(self.account(user).as_str().to_owned());
                self.access.members(members.map(principal).collect())
            }
        };
        Some(AccessRule {
            id: self.label(conversation),
            container: self.channel(conversation),
            readers,
        })
    }

    fn permalink(&self, channel: &str, ts: Option<&str>) -> Option<String> {
        let message = ts.map_or_else(String::new, |ts| format!("/p{}", ts.replace('.', "")));
        self.workspace
            .as_ref()
            .map(|workspace| format!("https://{workspace}.slack.com/archives/{channel}{message}"))
    }

    /// The document of a conversation.
    pub(crate) fn channel_document(&self, conversation: &Conversation, directory: &Directory) -> Change {
        let about = [&conversation.topic, &conversation.purpose].map(|text| mrkdwn::plain(text, &directory.names));
        let about: Vec<_> = about.into_iter().filter(|text| !text.is_empty()).collect();
        Draft::new(
            &self.source,
            DocumentKind::Channel,
            self.channel(conversation),
            self.label(conversation),
        )
        .title(&conversation.title(&directory.names))
        .aliases(std::iter::once(conversation.id.clone()).chain(conversation.former.iter().cloned()))
        .body(domain::Body::plain(about.join("\n\n")))
        .url(self.permalink(&conversation.id, None))
        .times(conversation.created, None)
        .field("type", [conversation.privacy.as_str()])
        .field("state", conversation.archived.then_some("archived"))
        .author(
            conversation.creator.as_deref().map(|user| self.account(user)),
            "slack.creator",
        )
        .upsert()
    }
}

impl Format for Slack {
    fn kind(&self) -> Kind {
        Kind::Slack
    }

    fn preamble(&self, tree: &Tree) -> Result<Vec<Change>> {
        let (config, directory) = (&self.config, self.directory(tree)?);
        let team = Key::from_raw(&format!("slack:{}", config.team));
        let mut changes = vec![Change::Access(config.access.rule(&config.source, &team))];
        changes.extend(
            directory
                .people
                .iter()
                .map(|(user, person)| Change::Account(person.account(config.account(user), &config.source))),
        );
        for conversation in directory.conversations(Self::days(tree, &directory.base).keys()) {
            changes.extend(config.rule(&conversation).map(Change::Access));
            changes.push(config.channel_document(&conversation, &directory));
        }
        Ok(changes)
    }

    fn units(&self, tree: &Tree) -> Result<Vec<Unit>> {
        let directory = self.directory(tree)?;
        let days = Self::days(tree, &directory.base);
        identify::require(tree, Kind::Slack, days.len() + directory::files(tree).count())?;
        let names = fingerprint(directory.names.iter().map(|(id, name)| format!("{id}\t{name}")));
        let unit = |(folder, files): (String, Vec<String>)| {
            let conversation = directory.conversation(&folder);
            let context = format!("{names} {} {}", conversation.id, conversation.privacy.as_str());
            Unit {
                lost: Lost::Under(vec![self.config.channel(&conversation)]),
                rejects: vec![folder.clone()],
                name: folder,
                files,
                context,
            }
        };
        Ok(days.into_iter().map(unit).collect())
    }

    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events> {
        let directory = self.directory(tree)?;
        let conversation = directory.conversation(&unit.name);
        let place = threads::Place {
            config: Arc::clone(&self.config),
            directory,
            conversation,
        };
        Ok(Box::new(threads::Days::open(
            Arc::clone(tree),
            place,
            unit.files.clone(),
        )?))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_day_is_named_by_its_date() {
        assert!(super::is_day("2024-01-31.json"));
        for bad in ["2024-1-31.json", "users.json", "2024-01-31.txt", "2024_01_31.json"] {
            assert!(!super::is_day(bad), "{bad}");
        }
    }
}
