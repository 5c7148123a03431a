//! Bytes from a repository as text: decoded, bounded, free of what stores and keys cannot hold.

use std::fmt::Write as _;

/// A path or tag name as text. Bytes that are not UTF-8 are written `\xNN`, so that two such names stay two names.
pub(super) fn path(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    text
}

/// A message in the encoding that its header names: Latin-1, or else UTF-8 with what is malformed replaced.
pub(super) fn message(bytes: &[u8], encoding: Option<&[u8]>) -> String {
    let latin = encoding.is_some_and(|name| {
        [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    });
    let text = if latin {
        bytes.iter().copied().map(char::from).collect()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    text.replace('\0', "\u{FFFD}")
}

/// One line of at most `limit` characters: control characters become spaces, the ends are trimmed.
pub(super) fn line(text: &str, limit: usize) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(limit)
        .collect();
    line.trim().to_owned()
}

/// At most `limit` bytes of `text`, cut between characters.
pub(super) fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cut, line, message, path};

    #[test]
    fn names_that_are_not_utf8_stay_apart() {
        assert_eq!(path("grüße.md".as_bytes()), "grüße.md");
        assert_eq!(path(b"a\xff/b"), r"a\xFF/b");
        assert_ne!(path(b"a\xff"), path(b"a\xfe"));
    }

    #[test]
    fn a_message_is_read_in_its_encoding() {
        assert_eq!(message(b"caf\xe9", Some(b"ISO-8859-1")), "café");
        assert_eq!(message(b"caf\xe9", None), "caf\u{FFFD}");
        assert_eq!(message(b"a\0b", None), "a\u{FFFD}b");
    }

    proptest! {
        #[test]
        fn text_stays_within_its_bounds(text: String, limit in 0usize..40) {
            prop_assert!(cut(text.clone(), limit).len() <= limit);
            prop_assert!(text.starts_with(&cut(text.clone(), limit)));
            let one = line(&text, limit);
            prop_assert!(one.chars().count() <= limit && !one.chars().any(char::is_control));
        }
    }
}
