//! Who may read what: one label per document, one rule per label, and the set of labels a caller sees.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Key, SourceId};

/// The access label of a document. Containers with the same readers may share one; its rule may change at any time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessId(pub Arc<str>);

impl AccessId {
    /// The label named `name` within `source`: `source/name`.
    pub fn new(source: &SourceId, name: &str) -> Self {
        Self(format!("{source}/{name}").into())
    }

    /// The label of everything in `source` that is not restricted further.
    pub fn common(source: &SourceId) -> Self {
        Self::new(source, "all")
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody or a group that a rule can name, e.g. `group:eng`, `account:slack/T1/U2`, `role:jira/acme/Developers`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Principal(pub String);

/// The readers of a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readers {
    /// Everybody, signed in or not.
    Public,
    /// Every caller who has the principal `source:<id>`.
    EveryoneInSource,
    /// Exactly these principals; an empty set means nobody but the owner of the data.
    Principals(BTreeSet<Principal>),
}

/// Who may read the documents of one label. A label without a rule is invisible to all but the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRule {
    /// The label that the rule is about.
    pub id: AccessId,
    /// The container it was read from, for explanations.
    pub container: Key,
    /// Who may read.
    pub readers: Readers,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The owner of the data: the person at the command line on his own data folder. Sees everything.
    Owner,
    /// Somebody with these principals; an empty set sees only what is public.
    Principals(BTreeSet<Principal>),
}

/// The labels a caller sees, as the store computed them. Every backend filters by this and by nothing weaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible {
    /// Every label, present and future.
    All,
    /// Exactly these.
    Labels(BTreeSet<AccessId>),
}

impl Visible {
    /// Whether documents of `label` may be read.
    pub fn contains(&self, label: &AccessId) -> bool {
        match self {
            Self::All => true,
            Self::Labels(labels) => labels.contains(label),
        }
    }

    /// Nothing at all.
    pub fn nothing() -> Self {
        Self::Labels(BTreeSet::new())
    }
}
