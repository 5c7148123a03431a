//! The seam to what knows languages: where a source file defines what.

use std::fmt::Debug;

/// A definition in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name after those of what encloses it, joined by dots, as in the symbol's key.
    pub name: String,
    /// Its first line, 1 being the file's first; comments and attributes just above belong to it.
    pub first: u32,
    /// Its last line.
    pub last: u32,
}

/// Finds definitions. The same text gives the same definitions.
pub trait Outline: Debug + Send + Sync {
    /// Whether files of this path can have definitions.
    fn covers(&self, path: &str) -> bool;

    /// The definitions in a file, the outer before the inner; none where it cannot be parsed. Work is bounded whatever the text.
    fn definitions(&self, path: &str, text: &str) -> Vec<Definition>;
}
