//! This crate's analyser behind the seam.

use std::ops::Range;

use domain::SparseVector;
use domain::seam::Analyser;

use super::{ids, query_terms, sparse_passage};

/// BM25 over the terms of this crate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bm25;

impl Analyser for Bm25 {
    fn passage(&self, text: &str) -> SparseVector {
        sparse_passage(text)
    }

    fn query(&self, text: &str) -> Vec<(u32, f32)> {
        query_terms(text)
    }

    /// Whole words: of an identifier that matches in one part, all of it.
    fn matches(&self, text: &str, terms: &[u32]) -> Vec<Range<usize>> {
        words(text)
            .filter(|range| {
                ids(text.get(range.clone()).unwrap_or_default())
                    .iter()
                    .any(|id| terms.binary_search(id).is_ok())
            })
            .collect()
    }
}

/// Runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let (start, first) = rest.find(|(_, c)| inside(*c))?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = rest.next_if(|(_, c)| inside(*c)) {
            end = at + c.len_utf8();
        }
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use domain::seam::Analyser;
    use proptest::prelude::*;

    use super::Bm25;

    fn shown(text: &str, query: &str) -> Vec<String> {
        let terms: Vec<u32> = Bm25.query(query).into_iter().map(|(term, _)| term).collect();
        Bm25.matches(text, &terms)
            .into_iter()
            .filter_map(|range| text.get(range).map(str::to_owned))
            .collect()
    }

    #[test]
    fn words_match_in_every_form() {
        assert_eq!(
            shown(
                "The payment was retried; paymentRetry() retries payments.",
                "retry payment"
            ),
            ["payment", "retried", "paymentRetry", "retries", "payments"]
        );
        assert!(shown("Nothing of it", "retry").is_empty());
    }

    proptest! {
        #[test]
        fn ranges_are_ordered_words(text in ".{0,80}", query in "[a-z ]{0,20}") {
            let terms: Vec<u32> = Bm25.query(&query).into_iter().map(|(term, _)| term).collect();
            let found = Bm25.matches(&text, &terms);
            prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
            prop_assert!(found.into_iter().all(|range| text.get(range).is_some_and(|word| !word.is_empty())));
        }
    }
}
