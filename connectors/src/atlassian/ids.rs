//! A set of ids that stays small in a cursor: ids of one site lie close together, so what is written are the gaps.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Ids, written as the gaps between them: `10001,1,1,5`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Ids(pub(crate) BTreeSet<u64>);

impl Ids {
    /// Take out up to `count` of the smallest.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u64> {
        let taken: Vec<u64> = self.0.iter().copied().take(count).collect();
        for id in &taken {
            self.0.remove(id);
        }
        taken
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Ids {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut ids = BTreeSet::new();
        let mut last: u64 = 0;
        for gap in text.split(',').filter(|gap| !gap.is_empty()) {
            let gap: u64 = gap
                .parse()
                .map_err(|_error: std::num::ParseIntError| "not a set of ids")?;
            last = last.checked_add(gap).ok_or("not a set of ids")?;
            ids.insert(last);
        }
        Ok(Self(ids))
    }
}

impl From<Ids> for String {
    fn from(ids: Ids) -> Self {
        let mut last = 0;
        let mut gaps = Vec::with_capacity(ids.0.len());
        for id in ids.0 {
            gaps.push((id - last).to_string());
            last = id;
        }
        gaps.join(",")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Ids;

    proptest! {
        #[test]
        fn what_is_written_reads_back(ids in proptest::collection::btree_set(any::<u64>(), 0..50)) {
            let ids = Ids(ids);
            let text = serde_json::to_string(&ids).expect("json");
            prop_assert_eq!(serde_json::from_str::<Ids>(&text).expect("ours"), ids);
        }
    }

    #[test]
    fn close_ids_take_little_room_and_other_text_is_refused() {
        let ids = Ids((100_000..150_000).collect());
        assert!(String::from(ids).len() < 101_000);
        for bad in ["x", "1,-1", "18446744073709551615,1"] {
            assert!(Ids::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_smallest_are_taken_first() {
        let mut ids = Ids([5, 1, 9].into());
        assert_eq!(ids.take(2), [1, 5]);
        assert_eq!(ids.take(2), [9]);
        assert!(ids.is_empty());
    }
}
