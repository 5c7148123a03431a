//! The order of keys by number, so that two of them are compared without a look at their texts.
//!
//! Sorting a million keys takes a second, so it is done beside everything else, when a file is opened and when a quarter
//! of the names is new. Until it is done, and for names that came after it began, the texts are compared: answers are the same.

use std::cmp::Ordering;
use std::sync::Arc;

use domain::Key;

use super::Inner;
use super::memory::Graph;

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
    fn order(&self, a: u32, b: u32) -> Option<Ordering> {
        Some(self.places.get(a as usize)?.cmp(self.places.get(b as usize)?))
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u32>()
    }
}

impl Graph {
    /// How the keys of two nodes are ordered.
    pub(crate) fn order(&self, a: u32, b: u32) -> Ordering {
        let known = self.ranks.order(a, b);
        known.unwrap_or_else(|| self.key(a).cmp(self.key(b)))
    }

    /// Order keys by these places, unless they are of names that went, or of fewer than are known.
    fn take_places(&mut self, epoch: u64, places: Vec<u32>) {
        if self.epoch == epoch && self.ranks.places.len() < places.len() {
            self.ranks.places = places;
        }
    }
}

/// Sort the names beside everything else when many are new.
pub(crate) fn renew(inner: &Arc<Inner>) {
    let begin = |graph: &mut Graph| {
        let names = graph.keys.names();
        let new = names.len().saturating_sub(graph.ranks.begun);
        (new >= LEAST.max(graph.ranks.begun / 4)).then(|| {
            graph.ranks.begun = names.len();
            (graph.epoch, names.to_vec())
        })
    };
    if let Some((epoch, names)) = inner.change(begin) {
        // It keeps nobody from closing the store.
        let inner = Arc::downgrade(inner);
        drop(tokio::task::spawn_blocking(move || {
            let places = places(&names);
            if let Some(inner) = inner.upgrade() {
                inner.change(|graph| graph.take_places(epoch, places));
            }
        }));
    }
}

/// The place of every name in the order of all.
fn places(names: &[Key]) -> Vec<u32> {
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
    use super::places;

    #[test]
    fn ranks_order_as_texts_do_also_where_some_are_missing() {
        let names = ["b", "a", "ab", "", "c/1", "c/10", "c/2", "B"].map(Key::from_raw);
        let mut graph = Graph::default();
        graph.keys.add(names.iter().cloned()).expect("new names");
        for ranked in [0, 5, names.len()] {
            graph.ranks.places = places(&names[..ranked]);
            for (a, one) in (0..).zip(&names) {
                for (b, other) in (0..).zip(&names) {
                    assert_eq!(graph.order(a, b), one.cmp(other), "{one} {other} of {ranked}");
                }
            }
        }
        assert_eq!(graph.order(1, 0), Ordering::Less);
    }
}
