//! Names and times as people write them in a question, read into what the seams take.

use domain::seam::EdgeFilter;
use domain::{EdgeKind, Result, SourceId, Timestamp};

/// Which edges are wanted, as it was written.
#[derive(Debug, Clone, Copy)]
pub struct WrittenEdges<'w> {
    /// Kinds by name; none: all.
    pub kinds: &'w [String],
    /// Sources by name; none: all.
    pub sources: &'w [String],
    /// A time or date.
    pub since: Option<&'w str>,
    /// A time or date.
    pub before: Option<&'w str>,
}

impl WrittenEdges<'_> {
    /// The filter that is meant.
    ///
    /// # Errors
    /// `Invalid` for a name that is none or a time that cannot be read.
    pub fn filter(self) -> Result<EdgeFilter> {
        Ok(EdgeFilter {
            kinds: parse_all(self.kinds, EdgeKind::parse)?,
            sources: parse_all(self.sources, SourceId::new)?,
            since: moment(self.since)?,
            before: moment(self.before)?,
        })
    }
}

/// What names mean, one by one.
///
/// # Errors
/// That of the first one which `parse` refuses.
pub fn parse_all<T>(names: &[String], parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    names.iter().map(|name| parse(name)).collect()
}

/// A time (RFC 3339), or the beginning of a date (UTC).
///
/// # Errors
/// `Invalid` for what is neither.
pub fn moment(text: Option<&str>) -> Result<Option<Timestamp>> {
    text.map(Timestamp::parse).transpose()
}
