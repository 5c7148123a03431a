//! What one document counts for in its label's statistics, as a compact blob: term ids ascending, each as the difference
//! to the one before, with the number of the document's chunks that hold it; all numbers in LEB128.

use std::collections::BTreeMap;

use domain::Result;

use super::error::unreadable;

/// For each term, how many chunks of the document hold it.
pub(super) type Postings = BTreeMap<u32, u32>;

/// Write as a blob.
pub(super) fn encode(postings: &Postings) -> Vec<u8> {
    let mut out = Vec::with_capacity(postings.len() * 4);
    let mut before = 0;
    for (term, chunks) in postings {
        put(&mut out, term - before);
        put(&mut out, *chunks);
        before = *term;
    }
    out
}

/// Read a blob.
///
/// # Errors
/// `Corrupt` when it was not written by `encode`.
pub(super) fn decode(blob: &[u8]) -> Result<Postings> {
    let mut rest = blob.iter();
    let mut postings = Postings::new();
    let mut term = 0_u32;
    while !rest.as_slice().is_empty() {
        let pair = take(&mut rest)
            .and_then(|step| term.checked_add(step))
            .zip(take(&mut rest));
        let Some((next, chunks)) = pair.filter(|(next, chunks)| *chunks > 0 && (*next > term || postings.is_empty()))
        else {
            return Err(unreadable(
                "commit index",
                "the stored terms of a document do not read back",
            ));
        };
        postings.insert(next, chunks);
        term = next;
    }
    Ok(postings)
}

fn put(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

fn take(rest: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = *rest.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    proptest! {
        #[test]
        fn what_is_written_reads_back(postings in prop::collection::btree_map(any::<u32>(), 1_u32.., 0..200)) {
            prop_assert_eq!(decode(&encode(&postings)).expect("written by encode"), postings);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(postings) = decode(&bytes) {
                prop_assert!(postings.values().all(|chunks| *chunks > 0));
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_read_back() {
        let postings = [(0, 1), (1, u32::MAX), (u32::MAX, 7)].into();
        assert_eq!(decode(&encode(&postings)).expect("written by encode"), postings);
    }
}
