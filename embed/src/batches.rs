//! Batches of texts of like length, each within a budget of tokens.

use crate::tokens::Sequence;

/// Bytes of text that one tokenising job takes, or one text that is longer.
const TOKENISED_AT_ONCE: usize = 64 * 1024;

/// One text of a request: its place there and its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) place: usize,
    pub(crate) sequence: Sequence,
}

/// Tokens of a batch. Enough rows for the matrix products to reach their speed; few enough for a query not to wait long behind one,
/// and for the rows to stay in the second-level cache.
pub(crate) const BUDGET: usize = 256;

/// Sort by length, longest first, so that no long text is left to the end, and cut into batches of at most `budget` tokens,
/// or of one text that is longer.
pub(crate) fn form(mut items: Vec<Item>, budget: usize) -> Vec<Vec<Item>> {
    items.sort_by_key(|item| (std::cmp::Reverse(item.sequence.ids.len()), item.place));
    let mut batches: Vec<Vec<Item>> = Vec::new();
    let mut left = 0;
    for item in items {
        match batches.last_mut() {
            Some(batch) if item.sequence.ids.len() <= left => {
                left -= item.sequence.ids.len();
                batch.push(item);
            }
            _ => {
                left = budget.saturating_sub(item.sequence.ids.len());
                batches.push(vec![item]);
            }
        }
    }
    batches
}

/// Cut a request into tokenising jobs of some [`TOKENISED_AT_ONCE`] bytes, each text with its place.
pub(crate) fn groups(texts: Vec<String>) -> Vec<Vec<(usize, String)>> {
    let mut groups: Vec<Vec<(usize, String)>> = Vec::new();
    let mut left = 0;
    for (place, text) in texts.into_iter().enumerate() {
        let size = text.len().max(1);
        match groups.last_mut() {
            Some(group) if size <= left => {
                left -= size;
                group.push((place, text));
            }
            _ => {
                left = TOKENISED_AT_ONCE.saturating_sub(size);
                groups.push(vec![(place, text)]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Item, form};
    use crate::tokens::Sequence;

    fn item(place: usize, length: usize) -> Item {
        let ids = vec![7; length];
        Item {
            place,
            sequence: Sequence { second: ids.len(), ids },
        }
    }

    proptest! {
        #[test]
        fn each_text_is_in_one_batch_within_the_budget(lengths in prop::collection::vec(1_usize..40, 0..60), budget in 1_usize..80) {
            let items: Vec<_> = lengths.iter().enumerate().map(|(place, length)| item(place, *length)).collect();
            let batches = form(items, budget);
            let mut places: Vec<_> = batches.iter().flatten().map(|item| item.place).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                let tokens: usize = batch.iter().map(|item| item.sequence.ids.len()).sum();
                prop_assert!(batch.len() == 1 || (!batch.is_empty() && tokens <= budget));
            }
            prop_assert!(batches.iter().flatten().map(|item| item.sequence.ids.len()).rev().is_sorted());
        }
    }
}
