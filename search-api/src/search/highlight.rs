//! Excerpts: the window of a chunk that holds most of the query's terms.

use domain::Chunk;
use domain::seam::Analyser;

use super::Match;

/// About how much of a chunk an excerpt shows, in bytes.
const WINDOW: usize = 300;

/// The excerpt of `chunk` for a query with these terms (ascending).
pub(crate) fn excerpt(chunk: &Chunk, terms: &[u32], analyser: &dyn Analyser) -> Match {
    let text = chunk.text.as_str();
    let found = analyser.matches(text, terms);
    let start = best_start(&found.iter().map(|range| range.start).collect::<Vec<_>>());
    let from = word_start(text, start.saturating_sub(WINDOW / 4));
    let to = text.floor_char_boundary(from.saturating_add(WINDOW));
    let shown = text.get(from..to).unwrap_or_default();
    let highlights = found
        .iter()
        .filter(|range| range.start >= from && range.end <= to)
        .map(|range| [range.start - from, range.end - from]);
    Match {
        heading: chunk.heading.clone(),
        highlights: highlights.collect(),
        text: shown.to_owned(),
    }
}

/// The position from which a window holds the most matches; the first of equals.
fn best_start(starts: &[usize]) -> usize {
    let (mut best, mut most, mut end) = (0, 0, 0);
    for (first, start) in starts.iter().enumerate() {
        while end < starts.len() && starts[end] < start + WINDOW / 2 {
            end += 1;
        }
        if end - first > most {
            (best, most) = (*start, end - first);
        }
    }
    best
}

/// The start of the word at or before `at`, at most a word's length back.
fn word_start(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at);
    let floor = at.saturating_sub(40);
    let before = text.get(text.floor_char_boundary(floor)..at).unwrap_or_default();
    before
        .rfind(char::is_whitespace)
        .map_or(at, |space| text.floor_char_boundary(floor) + space + 1)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use domain::seam::Analyser;
    use domain::{Chunk, DocumentId, SourceId, SparseVector};
    use proptest::prelude::*;

    use super::{best_start, excerpt};

    struct Needle;

    impl Analyser for Needle {
        fn passage(&self, _: &str) -> SparseVector {
            SparseVector::default()
        }
        fn query(&self, _: &str) -> Vec<(u32, f32)> {
            Vec::new()
        }
        fn matches(&self, text: &str, _: &[u32]) -> Vec<Range<usize>> {
            text.match_indices("needle")
                .map(|(at, word)| at..at + word.len())
                .collect()
        }
    }

    fn chunk(text: String) -> Chunk {
        let document = DocumentId::new(&SourceId::new("s").expect("slug"), "a");
        Chunk {
            document,
            ordinal: 0,
            start: 0,
            end: 0,
            heading: Vec::new(),
            text,
        }
    }

    #[test]
    fn the_window_goes_where_the_matches_are() {
        assert_eq!(best_start(&[5, 1000, 1010, 1020]), 1000);
        assert_eq!(best_start(&[]), 0);
    }

    proptest! {
        #[test]
        fn highlights_lie_on_the_matches(parts in prop::collection::vec("[a-zé ]{0,80}", 0..12)) {
            let found = excerpt(&chunk(parts.join("needle")), &[], &Needle);
            prop_assert!(found.text.len() <= 300);
            for [start, end] in found.highlights {
                prop_assert_eq!(found.text.get(start..end), Some("needle"));
            }
        }
    }
}
