//! The seam to the history of lines: which commit wrote what a file holds now.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::{Key, Result, SourceId};

/// Lines of a file that one commit wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// The commit.
    pub commit: Key,
    /// The lines, as the file numbers them now, the first being 1.
    pub lines: RangeInclusive<u32>,
}

/// What knows how files came to be as they are in the store.
#[async_trait]
pub trait LineHistory: Send + Sync {
    /// Who wrote the lines of a file of a source at the revision that was read last, in their order; the spans do not overlap. Lines
    /// whose origin the history does not reach are in none. Nothing here knows who asks: ask about a file whose document in this
    /// source the caller sees, and tell him of commits that he sees.
    ///
    /// # Errors
    /// `NotFound` for a source that is no repository, a file of another one, or one that is not in it; `Invalid` for lines that the file
    /// does not have, or more than 2,000; `Exhausted` where the history is too long to be searched at once.
    async fn blame(&self, source: &SourceId, file: &Key, lines: RangeInclusive<u32>) -> Result<Vec<Blame>>;
}
