//! Documents and accounts as connectors deliver them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{AccessId, EdgeKind, Error, Key, Result, Timestamp};

/// The name of a configured source: 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceId(Arc<str>);

impl SourceId {
    /// Check and take a name.
    ///
    /// # Errors
    /// `Invalid` when it has other characters, is empty or too long.
    pub fn new(name: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = name.len() <= 64
            && name.bytes().next().is_some_and(allowed)
            && name.bytes().all(|byte| allowed(byte) || b"._-".contains(&byte));
        if good {
            Ok(Self(name.into()))
        } else {
            Err(Error::invalid(
                "name source",
                format!("`{}` cannot name a source", name.chars().take(80).collect::<String>()),
            )
            .with_hint("use 1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SourceId {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::new(&name)
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.0.to_string()
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A document's identity: derived from its source and its key there, so that a re-import meets the same document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub Uuid);

/// The namespace of all identifiers derived here.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_7c5e_9a34_5b0e_8d2f_4e55_524f_5359);

impl DocumentId {
    /// The document that `source` knows under `native`, the provider's immutable id, or the canonical key where there is none.
    pub fn new(source: &SourceId, native: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("{source}\n{native}").as_bytes()))
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a document is. Each kind has the node kind of the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A repository.
    Repository,
    /// A commit with its message.
    Commit,
    /// A tag or a release.
    Release,
    /// A text or code file at the head of the default branch.
    File,
    /// An issue of any tracker.
    Issue,
    /// A pull request.
    PullRequest,
    /// A review of a pull request.
    Review,
    /// A comment on an issue, a pull request or a page.
    Comment,
    /// A project of an issue tracker.
    Project,
    /// A chat channel.
    Channel,
    /// A chat thread, or a single message without replies.
    Thread,
    /// A wiki page or blog post.
    Page,
    /// A wiki space.
    Space,
    /// A discussion.
    Discussion,
}

impl DocumentKind {
    /// All kinds, in the order of the enum.
    pub const ALL: [Self; 14] = [
        Self::Repository,
        Self::Commit,
        Self::Release,
        Self::File,
        Self::Issue,
        Self::PullRequest,
        Self::Review,
        Self::Comment,
        Self::Project,
        Self::Channel,
        Self::Thread,
        Self::Page,
        Self::Space,
        Self::Discussion,
    ];

    /// The name used in filters, answers and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::File => "file",
            Self::Issue => "issue",
            Self::PullRequest => "pull_request",
            Self::Review => "review",
            Self::Comment => "comment",
            Self::Project => "project",
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Page => "page",
            Self::Space => "space",
            Self::Discussion => "discussion",
        }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// `Invalid`, listing the names, when there is none.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            Error::invalid("read kind", format!("`{name}` is not a kind of document"))
                .with_hint(format!("kinds are: {}", names.join(", ")))
        })
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Plain text, commit messages among it.
    Plain,
    /// GitHub-flavoured or wiki Markdown.
    Markdown,
    /// Atlassian Document Format, as JSON text.
    Adf,
    /// Jira wiki markup.
    JiraWiki,
    /// A chat thread: a JSON array of [`crate::document::Message`].
    SlackThread,
    /// Source code; the language is told by the document's path (the last part of its key).
    Code,
}

/// A document's content in the provider's own markup. Normalising to text is the projections' work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// How `text` is written.
    pub markup: Markup,
    /// The content.
    pub text: String,
}

impl Body {
    /// A plain text body.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            markup: Markup::Plain,
            text: text.into(),
        }
    }
}

/// One message of a chat thread, as stored in a [`Markup::SlackThread`] body, first message first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The message's id, `seconds.micros`, as text: never a float.
    pub ts: String,
    /// The author's name as people know it.
    pub author: String,
    /// The author's account, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The text as mrkdwn with user and channel mentions still encoded.
    pub text: String,
    /// The `blocks` of the message as the provider sent them, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<serde_json::Value>,
    /// Names for the ids that `text` and `blocks` mention (`U1` → `ada`, `C9` → `general`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// Titles of attached files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A relationship that the provider states itself, as opposed to one read from text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// What it means, read from this document to `target`; with `inverse`, from `target` to this document.
    pub kind: EdgeKind,
    /// The other end.
    pub target: Key,
    /// Whether the edge runs from `target` to this document (for example an author to what he wrote).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverse: bool,
    /// The provider's field or event that says so, e.g. `jira.issuelinks.Relates`.
    pub rule: String,
    /// When the relationship was stated, where the provider tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// When it ended, where the provider's history tells that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// A second label that must be visible too, beside the document's: that of the other end, where the provider tells of the
    /// relationship only those who may read both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<AccessId>,
}

/// One document of a source. Equal content gives an equal [`Document::content_hash`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its identity.
    pub id: DocumentId,
    /// Where it came from.
    pub source: SourceId,
    /// What it is.
    pub kind: DocumentKind,
    /// Its canonical key, and the id of its graph node.
    pub key: Key,
    /// Other names that lead to it: old keys, native ids, URLs.
    pub aliases: Vec<String>,
    /// The container: project, repository, channel, space.
    pub container: Key,
    /// Who may read it.
    pub access: AccessId,
    /// A line that names it.
    pub title: String,
    /// Its content.
    pub body: Body,
    /// Where a person opens it.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it last changed.
    pub updated: Option<Timestamp>,
    /// Facts to filter and show: `state`, `label`, `assignee`, `priority`, `type`, … each with its values.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Relationships that the provider states.
    pub links: Vec<Link>,
}

impl Document {
    /// The SHA-256 of everything in the document, by which an unchanged one is known.
    ///
    /// # Panics
    /// Never: every part of a document serialises.
    pub fn content_hash(&self) -> [u8; 32] {
        let bytes = serde_json::to_vec(self).expect("every part of a document serialises");
        Sha256::digest(bytes).into()
    }

    /// The values of a field, none where it is absent.
    pub fn field(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }
}

/// An account's identity: its canonical key (`account:…`).
pub type AccountId = Key;

/// Somebody as one provider knows him. Accounts of one person are joined elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `account:<provider>/<unique name>`.
    pub id: AccountId,
    /// The source that told it.
    pub source: SourceId,
    /// The login, where there is one.
    pub login: Option<String>,
    /// Display names, newest first.
    pub names: Vec<String>,
    /// E-mail addresses that the provider vouches for.
    pub emails: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::{DocumentId, DocumentKind, SourceId};

    #[test]
    fn a_source_name_is_a_slug() {
        for good in ["a", "git-alloy", "0x.y_z"] {
            assert!(SourceId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", &"a".repeat(65)] {
            assert!(SourceId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_depend_on_source_and_native_id_only() {
        let (a, b) = (SourceId::new("a").expect("slug"), SourceId::new("b").expect("slug"));
        assert_eq!(DocumentId::new(&a, "1"), DocumentId::new(&a, "1"));
        assert_ne!(DocumentId::new(&a, "1"), DocumentId::new(&b, "1"));
        assert_ne!(DocumentId::new(&a, "1"), DocumentId::new(&a, "2"));
    }

    #[test]
    fn kinds_read_back_from_their_names() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::parse(kind.as_str()).expect("kind"), kind);
            assert_eq!(serde_json::to_value(kind).expect("json"), kind.as_str());
        }
        assert!(
            DocumentKind::parse("banana")
                .expect_err("no kind")
                .hint()
                .is_some_and(|hint| hint.contains("pull_request"))
        );
    }
}
