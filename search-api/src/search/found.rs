//! Results on their way from the legs to the answer.

use domain::{Document, Timestamp};

use super::Candidate;

/// A result on its way: the document and the chunk that found it.
pub(super) struct Found {
    pub(super) document: Document,
    pub(super) candidate: Option<Candidate>,
    pub(super) pinned: bool,
}

/// When a document last changed, as far as it is known.
pub(super) fn time_of(document: &Document) -> Option<Timestamp> {
    document.updated.or(document.created)
}
