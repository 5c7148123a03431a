//! A page in the making.

use domain::{Change, Cursor, Page, Rejected};

/// Changes after which a page is full.
const FULL: usize = 1_000;

/// What steps have brought.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) changes: Vec<Change>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) reread: Vec<String>,
}

impl Batch {
    /// Add what another step brought.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.changes.append(&mut other.changes);
        self.rejected.append(&mut other.rejected);
        self.reread.append(&mut other.reread);
    }

    /// Note an item that could not be understood.
    pub(crate) fn reject(&mut self, item: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.rejected.push(Rejected { item, reason });
    }

    /// The page of all that was brought, which leads to `cursor`.
    pub(crate) fn page(self, cursor: Cursor, (more, sweep_due): (bool, bool)) -> Page {
        Page {
            changes: self.changes,
            rejected: self.rejected,
            reread: self.reread,
            cursor,
            more,
            sweep_due,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= FULL || self.rejected.len() >= FULL
    }
}
