//! Which issues the census of a day reads again.

/// In milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// The part of all issues that the census of a day reads again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    part: u64,
    of: u64,
}

impl Slice {
    pub(super) fn new(start: i64, days: u32) -> Self {
        let of = u64::from(days.max(1));
        let day = u64::try_from(start.div_euclid(DAY)).unwrap_or(0);
        Self { part: day % of, of }
    }

    pub(super) fn has(self, id: u64) -> bool {
        id % self.of == self.part
    }
}
