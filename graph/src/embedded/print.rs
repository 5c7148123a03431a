//! What memory knows of a node fact without its texts.

use domain::{NodeFact, NodeKind, TextHash};

// A kind has five bits.
const _: () = assert!(NodeKind::ALL.len() <= 32);

/// What memory knows of a node fact: its kind, whether it has a title and aliases, and a hash of all three, so that equal
/// facts of many documents are read from the file once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Print(pub(crate) u64);

const TITLE: u64 = 1 << 5;
const ALIASES: u64 = 1 << 6;

impl Print {
    /// Of a fact.
    pub(crate) fn of(fact: &NodeFact) -> Self {
        let title = fact.title.as_deref().unwrap_or_default();
        let mut text = format!("{}:{title}", title.len());
        for alias in &fact.aliases {
            text.push_str(&alias.len().to_string());
            text.push(':');
            text.push_str(alias);
        }
        let digest = TextHash::of(&text).0;
        let hash = u64::from_le_bytes(*digest.first_chunk().expect("a hash has 32 bytes")) & !0x7f;
        let kind = NodeKind::ALL
            .iter()
            .position(|kind| *kind == fact.kind)
            .and_then(|place| u64::try_from(place).ok());
        let title = if fact.title.is_some() { TITLE } else { 0 };
        let aliases = if fact.aliases.is_empty() { 0 } else { ALIASES };
        Self(hash | kind.expect("every kind is in the list of all") | title | aliases)
    }

    /// What the node stands for; `None` when the number was not made by `of`.
    pub(crate) fn kind(self) -> Option<NodeKind> {
        NodeKind::ALL.get(usize::try_from(self.0 & 0x1f).ok()?).copied()
    }

    /// Whether the fact has a title.
    pub(crate) fn has_title(self) -> bool {
        self.0 & TITLE != 0
    }

    /// Whether the fact has aliases.
    pub(crate) fn has_aliases(self) -> bool {
        self.0 & ALIASES != 0
    }
}
