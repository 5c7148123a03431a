//! What requests to a site come to, counted beforehand.

use crate::estimate::pages;

/// Requests, their points, and the documents that they bring.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) requests: u64,
    pub(crate) points: u64,
    pub(crate) documents: u64,
}

impl Sum {
    /// Requests, each of which costs a point beside what is in its answer.
    pub(crate) fn ask(&mut self, requests: u64, objects: u64) {
        self.requests = self.requests.saturating_add(requests);
        self.points = self.points.saturating_add(requests).saturating_add(objects);
    }

    /// Read a list to its end, in pages of `size` rows.
    pub(crate) fn list(&mut self, rows: u64, size: u64) {
        self.ask(pages(rows, size), rows);
    }
}
