//! Counting beforehand: pages of lists, people of whom only some were met, and lists of which only the beginning was seen.

use std::collections::BTreeMap;

/// Pages of a list that is asked for at least once.
pub(crate) fn pages(rows: u64, size: u64) -> u64 {
    rows.div_ceil(size).max(1)
}

/// `number` in the proportion of `of` to `to`, rounded up; `number` itself where nothing is to be compared.
pub(crate) fn scaled(number: u64, of: u64, to: u64) -> u64 {
    if of == 0 {
        return number;
    }
    let product = u128::from(number) * u128::from(to);
    u64::try_from(product.div_ceil(u128::from(of))).unwrap_or(u64::MAX)
}

/// How many of a list from the newest on have changed since `from`, of which `rows` were seen, down to the time `oldest`. They are
/// taken to have changed evenly.
pub(crate) fn since(rows: u64, (now, oldest, from): (i64, i64, i64)) -> u64 {
    let span = |then: i64| now.saturating_sub(then).max(1).unsigned_abs();
    scaled(rows, span(oldest), span(from)).max(rows)
}

/// People of whom some were met.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// How often each was met.
    met: BTreeMap<String, u64>,
    /// Whether there may be others whom nobody met.
    pub(crate) partial: bool,
}

impl Crowd {
    /// Meet somebody.
    pub(crate) fn meet(&mut self, name: &str) {
        *self.met.entry(name.to_owned()).or_default() += 1;
    }

    /// Those who are wanted, and how many there are by Chao's estimate, from those who were met once and twice.
    pub(crate) fn size(&self, wanted: impl Fn(&str) -> bool) -> u64 {
        let times: Vec<u64> = self
            .met
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(_, times)| *times)
            .collect();
        let met = times.len() as u64;
        if !self.partial {
            return met;
        }
        let once = times.iter().filter(|times| **times == 1).count() as u64;
        let twice = times.iter().filter(|times| **times == 2).count() as u64;
        met + once * once.saturating_sub(1) / (2 * (twice + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, pages, scaled, since};

    #[test]
    fn pages_and_proportions_are_rounded_up() {
        assert_eq!([pages(0, 100), pages(100, 100), pages(101, 100)], [1, 1, 2]);
        assert_eq!(
            [scaled(3, 2, 5), scaled(7, 0, 9), scaled(u64::MAX, 1, 2)],
            [8, 7, u64::MAX]
        );
    }

    #[test]
    fn a_list_goes_on_as_it_began() {
        assert_eq!(since(250, (1_000, 900, 800)), 500);
        assert_eq!(since(250, (1_000, 900, 950)), 250, "never fewer than were seen");
        assert_eq!(since(3, (1_000, 1_000, 1_000)), 3);
    }

    #[test]
    fn who_is_met_again_and_again_is_one_of_few() {
        let mut crowd = Crowd::default();
        for name in ["a", "a", "a", "b", "b", "c", "d", "e", "f"] {
            crowd.meet(name);
        }
        assert_eq!(crowd.size(|_| true), 6);
        crowd.partial = true;
        assert_eq!(crowd.size(|_| true), 6 + 4 * 3 / 4);
        assert_eq!(crowd.size(|name| name < "c"), 2);
    }
}
