//! What was asked of the simulators.

use super::Provider;
use super::limits::Violation;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom it was made to.
    pub provider: Provider,
    /// When, on the virtual clock.
    pub at: i64,
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The status of the answer; 0 where the connection was ended instead.
    pub status: u16,
    /// Whose token it carried: the number of a person.
    pub account: Option<usize>,
    /// Parameters that the route does not know. Most providers ignore them, and a client that sends them is wrong.
    pub unknown: Vec<String>,
    /// What was made to go wrong.
    pub fault: Option<super::Fault>,
    /// The body that was sent.
    pub body: Vec<u8>,
}

/// All that was asked of the simulators.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Requests, oldest first.
    pub entries: Vec<Entry>,
    /// Where a client asked for more than it may.
    pub violations: Vec<(Provider, i64, Violation)>,
    /// How often tokens were renewed.
    pub refreshes: usize,
    /// How often a renewal was refused.
    pub refused_refreshes: usize,
    /// The most requests that were under way at once.
    pub most_at_once: usize,
}

impl Log {
    /// How many requests a provider got.
    pub fn count(&self, provider: Provider) -> usize {
        self.entries.iter().filter(|entry| entry.provider == provider).count()
    }
}
