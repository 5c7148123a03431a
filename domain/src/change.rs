//! What a connector delivers: pages of changes with the cursor that follows them.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccessRule, Account, Document, DocumentId, Key};

/// A connector's own account of how far it has read; opaque to everybody else. At most 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// What a provider says has changed, in the words of the connector that is to look at it; opaque to everybody else. It is a hint of
/// where to look, never content. At most 1 KiB.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(pub String);

/// One change of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A document is new or may have changed; an unchanged one is recognised by its content and costs nothing downstream.
    Upsert(Box<Document>),
    /// A document is gone; of an issue, a pull request or a discussion all that stands under its key goes with it: its comments and
    /// reviews.
    Delete(DocumentId),
    /// Who may read a label.
    Access(AccessRule),
    /// An account is new or may have changed.
    Account(Account),
}

/// An item that could not be understood. It goes to the dead letters; the rest of its page is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Which item, as a person finds it: `issues.jsonl:17`, `channel C9 message 1712.0001`. Unique within the source.
    pub item: String,
    /// Why, in one sentence, without content that could be secret.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.item, self.reason)
    }
}

/// A page: durable together with its cursor in one transaction, or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What changed, in order; a later change of the same document wins.
    pub changes: Vec<Change>,
    /// What could not be understood.
    pub rejected: Vec<Rejected>,
    /// Prefixes of `Rejected::item` that this page read again: older dead letters under them are void.
    pub reread: Vec<String>,
    /// How far this page reads.
    pub cursor: Cursor,
    /// Whether another page follows now.
    pub more: bool,
    /// Whether things may have vanished without notice, so that a sweep is due when the last page is committed.
    pub sweep_due: bool,
}

impl Page {
    /// A last page without changes.
    pub fn empty(cursor: Cursor) -> Self {
        Self {
            changes: Vec::new(),
            rejected: Vec::new(),
            reread: Vec::new(),
            cursor,
            more: false,
            sweep_due: false,
        }
    }
}

/// The answer to "what exists now", for finding deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sweep {
    /// Exactly these documents exist; every other one of the source is gone.
    Complete(Vec<DocumentId>),
    /// These exist, and nothing is known of the documents under the unknown keys: those that have such a key, or one that goes
    /// on from it with `/`, `#` or `@`. Every other one of the source is gone.
    Partial {
        /// What exists.
        existing: Vec<DocumentId>,
        /// Under what nothing is known.
        unknown: BTreeSet<Key>,
    },
    /// The source cannot be enumerated now (unreadable, denied, empty where it was not): delete nothing.
    Frozen(String),
}
