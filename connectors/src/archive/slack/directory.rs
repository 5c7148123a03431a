//! The lists of a Slack export: people, and conversations with who may read them.

use std::collections::BTreeMap;

use domain::{Account, Error, ErrorKind, Key, Result, SourceId, Timestamp};
use serde_json::Value;

use crate::archive::identify::SLACK_FILES;
use crate::archive::json::{at, id, list, name, text};
use crate::archive::records::{Record, Records, parse};
use crate::archive::tree::{Entry, Tree};

/// Former names of a channel that are kept.
const FORMER: usize = 100;

/// A person.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    login: Option<String>,
    names: Vec<String>,
    email: Option<String>,
}

impl Person {
    pub(crate) fn read(user: &Value) -> Self {
        let words = |path: &[&str]| name(user, path);
        let mut names: Vec<String> = Vec::new();
        for path in [
            &["profile", "display_name"][..],
            &["profile", "real_name"],
            &["real_name"],
        ] {
            names.extend(words(path).filter(|name| !names.contains(name)));
        }
        let email = words(&["profile", "email"]).filter(|email| email.contains('@'));
        Self {
            login: words(&["name"]),
            names,
            email,
        }
    }

    /// The name to show.
    fn name(&self) -> Option<&str> {
        self.names.first().or(self.login.as_ref()).map(String::as_str)
    }

    pub(crate) fn account(&self, id: Key, source: &SourceId) -> Account {
        let emails = self.email.iter().cloned().collect();
        Account {
            id,
            source: source.clone(),
            login: self.login.clone(),
            names: self.names.clone(),
            emails,
        }
    }
}

/// Who may read a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Everybody in the workspace.
    Public,
    /// The members of a private channel.
    Private,
    /// The members of a direct conversation.
    Direct,
    /// It is in no list: nobody.
    Unknown,
}

impl Privacy {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
            Self::Unknown => "unknown",
        }
    }
}

/// A conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) privacy: Privacy,
    pub(crate) members: Vec<String>,
    pub(crate) topic: String,
    pub(crate) purpose: String,
    pub(crate) created: Option<Timestamp>,
    pub(crate) creator: Option<String>,
    pub(crate) archived: bool,
    pub(crate) former: Vec<String>,
}

impl Conversation {
    pub(crate) fn read(value: &Value, privacy: Privacy) -> Option<Self> {
        let id = id(value, &["id"])?;
        let words = |path: &[&str]| text(value, path).unwrap_or_default().to_owned();
        let strings = |field| {
            list(value, &[field])
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        // A channel that was made private may still stand in the list of the public ones.
        let private = at(value, &["is_private"]).and_then(Value::as_bool) == Some(true);
        Some(Self {
            name: name(value, &["name"]).unwrap_or_else(|| id.clone()),
            privacy: if private && privacy == Privacy::Public {
                Privacy::Private
            } else {
                privacy
            },
            members: strings("members"),
            topic: words(&["topic", "value"]),
            purpose: words(&["purpose", "value"]),
            created: at(value, &["created"])
                .and_then(Value::as_i64)
                .map(Timestamp::from_seconds),
            creator: crate::archive::json::id(value, &["creator"]),
            archived: at(value, &["is_archived"]).and_then(Value::as_bool) == Some(true),
            former: list(value, &["previous_names"])
                .iter()
                .filter_map(|former| name(former, &[]))
                .take(FORMER)
                .collect(),
            id,
        })
    }

    fn unknown(folder: &str) -> Self {
        let id: String = folder
            .chars()
            .map(|one| {
                if one.is_ascii_alphanumeric() || "._-".contains(one) {
                    one
                } else {
                    '-'
                }
            })
            .collect();
        Self {
            id,
            name: folder.to_owned(),
            privacy: Privacy::Unknown,
            members: Vec::new(),
            topic: String::new(),
            purpose: String::new(),
            created: None,
            creator: None,
            archived: false,
            former: Vec::new(),
        }
    }

    /// How it is called: `#general`, or the people in it.
    pub(crate) fn title(&self, names: &BTreeMap<String, String>) -> String {
        match self.privacy {
            Privacy::Public | Privacy::Private | Privacy::Unknown => format!("#{}", self.name),
            Privacy::Direct => {
                let people: Vec<&str> = self
                    .members
                    .iter()
                    .map(|user| names.get(user).map_or(user.as_str(), String::as_str))
                    .collect();
                format!("Direct message: {}", people.join(", "))
            }
        }
    }
}

/// The lists of an export.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The folder in which the lists lie, empty or with a slash at the end.
    pub(crate) base: String,
    /// People by id.
    pub(crate) people: BTreeMap<String, Person>,
    /// Names of people and channels by id.
    pub(crate) names: BTreeMap<String, String>,
    /// Conversations by id.
    listed: BTreeMap<String, Conversation>,
    /// Ids of conversations by the name of their folder.
    folders: BTreeMap<String, String>,
}

/// The lists of an export by their file names, in the order of `SLACK_FILES`. They lie together, at the least depth.
pub(crate) fn files(tree: &Tree) -> impl Iterator<Item = (&'static str, &Entry)> {
    let depth = |entry: &&Entry| entry.path.matches('/').count();
    let listed = |entry: &&Entry| {
        entry
            .path
            .rsplit('/')
            .next()
            .is_some_and(|name| SLACK_FILES.contains(&name))
    };
    let first = tree.entries.iter().filter(listed).min_by_key(depth);
    let base = first.map_or("", |entry| entry.path.rsplit_once('/').map_or("", |(folder, _)| folder));
    let base = if base.is_empty() {
        String::new()
    } else {
        format!("{base}/")
    };
    SLACK_FILES
        .into_iter()
        .filter_map(move |name| tree.entry(&format!("{base}{name}")).map(|entry| (name, entry)))
}

impl Directory {
    /// Read the lists.
    ///
    /// # Errors
    /// `Corrupt` when one is damaged: it says who may read what, so nothing is guessed from the rest of it.
    pub(crate) fn read(tree: &Tree) -> Result<Self> {
        let mut directory = Self::default();
        for (name, entry) in files(tree) {
            entry
                .path
                .strip_suffix(name)
                .unwrap_or_default()
                .clone_into(&mut directory.base);
            let mut records = Records::open(tree, entry, &[])?;
            while let Some(record) = records.next().map_err(|error| tree.failed(entry, error))? {
                let value = match record {
                    Record::Json(number, bytes) => parse(&bytes).map_err(|reason| (number, reason)),
                    Record::Long(number, reason, _) | Record::Cut(number, reason) => Err((number, reason)),
                };
                let value = value.map_err(|(number, reason)| {
                    Error::new(
                        ErrorKind::Corrupt,
                        "read Slack export",
                        format!("{}, element {number}: {reason}", entry.path),
                    )
                    .with_hint("export the workspace again")
                })?;
                directory.add(name, &value);
            }
        }
        Ok(directory)
    }

    /// A directory of names alone.
    pub(crate) fn named(names: BTreeMap<String, String>) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Add a person.
    pub(crate) fn person(&mut self, value: &Value) {
        let Some(user) = id(value, &["id"]) else { return };
        let person = Person::read(value);
        self.names
            .extend(person.name().map(|name| (user.clone(), name.to_owned())));
        self.people.insert(user, person);
    }

    fn add(&mut self, file: &str, value: &Value) {
        let privacy = match file {
            "channels.json" => Privacy::Public,
            "groups.json" => Privacy::Private,
            "dms.json" | "mpims.json" => Privacy::Direct,
            _ => {
                self.person(value);
                return;
            }
        };
        let Some(conversation) = Conversation::read(value, privacy) else {
            return;
        };
        if conversation.privacy != Privacy::Direct {
            self.names.insert(conversation.id.clone(), conversation.name.clone());
        }
        self.folders.insert(conversation.id.clone(), conversation.id.clone());
        self.folders.insert(conversation.name.clone(), conversation.id.clone());
        self.listed.insert(conversation.id.clone(), conversation);
    }

    /// The conversation of a folder, given with its slash. One in no list is for nobody.
    pub(crate) fn conversation(&self, folder: &str) -> Conversation {
        let name = folder
            .strip_prefix(self.base.as_str())
            .unwrap_or(folder)
            .trim_end_matches('/');
        let listed = self.folders.get(name).and_then(|id| self.listed.get(id));
        listed.cloned().unwrap_or_else(|| Conversation::unknown(name))
    }

    /// All conversations: the listed ones, and those of folders in no list.
    pub(crate) fn conversations<'a>(&self, folders: impl Iterator<Item = &'a String>) -> Vec<Conversation> {
        let unknown = folders
            .map(|folder| self.conversation(folder))
            .filter(|one| one.privacy == Privacy::Unknown);
        self.listed.values().cloned().chain(unknown).collect()
    }
}
