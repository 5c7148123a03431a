//! Page cursors: opaque to the caller and good only for the query they came from.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::{Error, Result};

/// Where the next page starts, bound to what was asked by its fingerprint.
pub(crate) fn write(offset: usize, fingerprint: u64) -> String {
    format!("{offset:x}.{fingerprint:016x}")
}

/// The offset in a cursor of this very query.
pub(crate) fn read(cursor: &str, fingerprint: u64) -> Result<usize> {
    let parsed = cursor.split_once('.').and_then(|(offset, print)| {
        Some((
            usize::from_str_radix(offset, 16).ok()?,
            u64::from_str_radix(print, 16).ok()?,
        ))
    });
    match parsed {
        Some((offset, print)) if print == fingerprint && cursor.len() <= 40 => Ok(offset),
        Some(_) | None => Err(Error::invalid("read cursor", "this cursor is not one of this query")
            .with_hint("send `next_cursor` of the previous page with the same query and filters, or none")),
    }
}

/// A hash over the parts of a query, the same in every run of one build.
pub(crate) fn fingerprint<'a>(parts: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fingerprint, read, write};

    #[test]
    fn a_cursor_is_good_for_its_own_query_only() {
        let (one, other) = (fingerprint(["a", "b"].into_iter()), fingerprint(["ab"].into_iter()));
        assert_ne!(one, other);
        assert_eq!(read(&write(20, one), one).expect("own"), 20);
        assert!(read(&write(20, one), other).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(cursor in ".{0,60}", print: u64) {
            if let Ok(offset) = read(&cursor, print) {
                prop_assert_eq!(read(&write(offset, print), print).expect("own"), offset);
            }
        }
    }
}
