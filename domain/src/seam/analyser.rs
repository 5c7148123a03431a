//! The seam to lexical analysis: how passages and queries become weighted terms. Both sides must use the same analyser.

use std::ops::Range;

use crate::SparseVector;

/// Turns text into terms.
pub trait Analyser: Send + Sync {
    /// The term-frequency part of BM25 of a passage.
    fn passage(&self, text: &str) -> SparseVector;

    /// The distinct terms of a query with how often each occurs, by term.
    fn query(&self, text: &str) -> Vec<(u32, f32)>;

    /// The byte ranges of `text` that hold one of `terms` (ascending), in order: what to highlight.
    fn matches(&self, text: &str, terms: &[u32]) -> Vec<Range<usize>>;
}
