//! The one filter of every query: what the caller may see, and what he asks to see of it.

use crate::{ChunkId, DocumentKind, SourceId, Timestamp, Visible};

/// Conditions that all must hold; an empty list is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What may be seen. Never weakened by anything below.
    pub visible: Visible,
    /// Any of these sources.
    pub sources: Vec<SourceId>,
    /// Any of these kinds.
    pub kinds: Vec<DocumentKind>,
    /// Any of these containers, by canonical key.
    pub containers: Vec<String>,
    /// Any of these authors, by account key.
    pub authors: Vec<String>,
    /// All of these labels (field `label`, compared lower-cased).
    pub labels: Vec<String>,
    /// Any of these states (field `state`, compared lower-cased).
    pub states: Vec<String>,
    /// Updated at or after.
    pub updated_from: Option<Timestamp>,
    /// Updated before.
    pub updated_before: Option<Timestamp>,
    /// Only these chunks, for scoring known candidates.
    pub chunks: Option<Vec<ChunkId>>,
}

impl Filter {
    /// No condition but visibility.
    pub fn visible(visible: Visible) -> Self {
        Self {
            visible,
            sources: Vec::new(),
            kinds: Vec::new(),
            containers: Vec::new(),
            authors: Vec::new(),
            labels: Vec::new(),
            states: Vec::new(),
            updated_from: None,
            updated_before: None,
            chunks: None,
        }
    }
}
