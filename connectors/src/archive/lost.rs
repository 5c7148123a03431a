//! What is lost with a record that cannot be read: which documents a sweep must not take for gone.

use domain::Key;
use serde_json::{Map, Value};

/// What a record that cannot be read may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No document.
    Nothing,
    /// The documents of these keys, and what stands under them.
    Under(Vec<Key>),
    /// Any document.
    Anything,
}

/// What is there of a record that was rejected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Remains<'r> {
    /// All of it: it is readable and not what was expected.
    Whole(&'r Value),
    /// The strings and numbers of its top level, as far as they could be made out. The others may be any.
    Part(&'r Value),
    /// Nothing: it is missing, and with it whatever followed it in its file.
    Nothing,
}

/// The strings and whole numbers directly in a JSON object that is not all there, or not all JSON. Never looks deeper, so that
/// what a text deep within says cannot pass for the record's own.
pub(crate) fn top_level(bytes: &[u8]) -> Value {
    let mut found = Map::new();
    let (mut depth, mut key, mut at) = (0_usize, None, 0);
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                let Some(end) = end_of_string(bytes, at) else { break };
                at = end;
                let text: Option<String> = bytes.get(start..end).and_then(|text| serde_json::from_slice(text).ok());
                match (depth, key.take(), text) {
                    (1, None, text) => key = text.filter(|_| is_key(bytes, end)),
                    (1, Some(key), Some(text)) => drop(found.insert(key, text.into())),
                    _ => {}
                }
            }
            b'{' | b'[' => {
                depth += 1;
                key = None;
            }
            b'}' | b']' if depth <= 1 => break,
            b'}' | b']' => depth -= 1,
            b',' => key = None,
            b'0'..=b'9' if depth == 1 => {
                let end = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count() + at;
                at = end;
                let number: Option<u64> = bytes
                    .get(start..end)
                    .and_then(|digits| serde_json::from_slice(digits).ok());
                if let (Some(key), Some(number), Some(b',' | b'}')) = (key.take(), number, bytes.get(end)) {
                    found.insert(key, number.into());
                }
            }
            _ => {}
        }
    }
    Value::Object(found)
}

/// Where the string that begins before `at` ends, behind its quotation mark.
fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether a colon follows.
fn is_key(bytes: &[u8], at: usize) -> bool {
    bytes.iter().skip(at).find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::top_level;

    #[test]
    fn only_the_top_level_counts() {
        let record =
            br#"{"id": "1", "fields": {"key": "B-2", "n": [{"key": "C-3"}]}, "key" : "A-1", "number": 41, "x": 1.5"#;
        assert_eq!(top_level(record), json!({ "id": "1", "key": "A-1", "number": 41 }));
        let within = br#"{"text": "\"key\":\"B-2\"", "fields": ["key", "B-2"], "key": null, "a": "b"}, "key": "C-3""#;
        assert_eq!(top_level(within), json!({ "text": "\"key\":\"B-2\"", "a": "b" }));
        for nothing in [
            &b"not json"[..],
            b"",
            b"{\"key",
            b"{\"key\": \"A-1",
            b"[1, 2]",
            b"\xff\xfe",
        ] {
            assert_eq!(top_level(nothing), json!({}));
        }
        assert_eq!(
            top_level(b"{\"key\":\"A-1\",\"summary\":\"\xff"),
            json!({ "key": "A-1" })
        );
    }

    proptest! {
        #[test]
        fn of_a_whole_object_it_finds_the_same_as_a_parser(text in "[a-z{}\\[\\]:,\"]{0,8}", number in any::<u64>()) {
            let record = json!({ "a": text, "deep": { "a": 1, "list": [text] }, "n": number, "z": [[text]], "last": text });
            prop_assert_eq!(top_level(record.to_string().as_bytes()), json!({ "a": text, "n": number, "last": text }));
        }

        #[test]
        fn any_bytes_have_a_top_level(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(top_level(&bytes).is_object());
        }
    }
}
