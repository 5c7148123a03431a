//! The order of keys by number, so that two of them are compared without a look at their texts.
//!
//! Sorting a million keys takes a second, so it is done beside everything else, when a file is opened and when a quarter
//! of the names is new. Until it is done, and for names that came after it began, the texts are compared: answers are the same.

use std::cmp::Ordering;

use domain::Key;

/// Fewer names than this are compared by their texts.
const LEAST: usize = 10_000;

/// For the first names their places in the order of all of them.
#[derive(Default)]
pub(crate) struct Ranks {
    places: Vec<u32>,
    /// How many names are sorted or being sorted.
    begun: usize,
}

impl Ranks {
    /// How two names are ordered, where that is known.
    pub(crate) fn order(&self, a: u32, b: u32) -> Option<Ordering> {
        Some(self.places.get(a as usize)?.cmp(self.places.get(b as usize)?))
    }

    /// The names to sort, when many of all these are new.
    pub(crate) fn begin(&mut self, names: &[Key]) -> Option<Vec<Key>> {
        let new = names.len().saturating_sub(self.begun);
        (new >= LEAST.max(self.begun / 4)).then(|| {
            self.begun = names.len();
            names.to_vec()
        })
    }

    /// Order keys by these places, unless those of more are known.
    pub(crate) fn take(&mut self, places: Vec<u32>) {
        if self.places.len() < places.len() {
            self.places = places;
        }
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u32>()
    }
}

/// The place of every name in the order of all.
pub(crate) fn places(names: &[Key]) -> Vec<u32> {
    let mut sorted: Vec<(&str, u32)> = names.iter().map(Key::as_str).zip(0..).collect();
    sorted.sort_unstable();
    let mut places = vec![0; names.len()];
    for ((_, number), place) in sorted.into_iter().zip(0..) {
        places[number as usize] = place;
    }
    places
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use domain::Key;

    use super::super::memory::Graph;
    use super::{Ranks, places};

    #[test]
    fn ranks_order_as_texts_do_also_where_some_are_missing() {
        let names = ["b", "a", "ab", "", "c/1", "c/10", "c/2", "B"].map(Key::from_raw);
        let mut graph = Graph::default();
        graph.keys.add(names.iter().cloned()).expect("new names");
        for ranked in [0, 5, names.len()] {
            graph.ranks = Ranks::default();
            graph.ranks.take(places(&names[..ranked]));
            for (a, one) in (0..).zip(&names) {
                for (b, other) in (0..).zip(&names) {
                    assert_eq!(graph.order(a, b), one.cmp(other), "{one} {other} of {ranked}");
                }
            }
        }
        assert_eq!(graph.order(1, 0), Ordering::Less);
    }
}
