//! Tolerant access to provider JSON: a missing, null or mistyped part is absent, never an error.

use domain::Timestamp;
use serde_json::Value;

/// The value at a path of object keys; `None` where there is none or it is null.
pub(crate) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter()
        .try_fold(value, |value, key| value.get(key))
        .filter(|value| !value.is_null())
}

/// A string with something other than white space in it.
pub(crate) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str().filter(|text| !text.trim().is_empty())
}

/// The most characters of a name of somebody or something.
pub(crate) const NAME: usize = 200;

/// A name, on one line and not endless.
pub(crate) fn name(value: &Value, path: &[&str]) -> Option<String> {
    text(value, path).map(|text| one_line(text, NAME))
}

/// An identifier: a string or a whole number, of at most 128 letters, digits and `. _ : -`.
pub(crate) fn id(value: &Value, path: &[&str]) -> Option<String> {
    let found = at(value, path)?;
    let id = found
        .as_str()
        .map(str::to_owned)
        .or_else(|| found.as_u64().map(|number| number.to_string()))?;
    is_id(&id).then_some(id)
}

/// Whether text can be part of a key as it stands.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}

/// A whole number.
pub(crate) fn number(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path)?.as_u64()
}

/// An array; empty where there is none.
pub(crate) fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A time; an unreadable one is absent.
pub(crate) fn time(value: &Value, path: &[&str]) -> Option<Timestamp> {
    Timestamp::parse(text(value, path)?).ok()
}

/// The strings of an array, or the string `key` of its objects.
pub(crate) fn names(values: &[Value], key: &str) -> Vec<String> {
    values
        .iter()
        .filter_map(|value| value.as_str().or_else(|| text(value, &[key])))
        .map(str::to_owned)
        .collect()
}

/// Text on one line: runs of white space become one space, and what is beyond `limit` characters becomes `…`.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
        // A byte is at most a character, so this line is long enough to be cut below.
        if line.len() > limit.saturating_mul(4) {
            break;
        }
    }
    if line.chars().nth(limit).is_none() {
        return line;
    }
    let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{id, is_id, one_line, text, time};

    #[test]
    fn what_is_missing_or_mistyped_is_absent() {
        let value = json!({ "a": { "b": " ", "n": 7, "s": "x", "t": "never" }, "z": null });
        assert_eq!(text(&value, &["a", "s"]), Some("x"));
        for path in [&["a", "b"][..], &["a", "n"], &["z"], &["a", "s", "x"], &["q"]] {
            assert_eq!(text(&value, path), None, "{path:?}");
        }
        assert_eq!(id(&value, &["a", "n"]).as_deref(), Some("7"));
        assert_eq!(time(&value, &["a", "t"]), None);
    }

    #[test]
    fn an_id_cannot_break_out_of_its_key() {
        for bad in ["", "a/b", "a#b", "a b", "a@b", "é", &"a".repeat(129)] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_short_and_single(text in "\\PC{0,200}|[a b\n]{0,200}", limit in 1usize..90) {
            let line = one_line(&text, limit);
            prop_assert!(line.chars().count() <= limit);
            prop_assert!(!line.contains('\n'));
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert!(line == words || words.starts_with(line.strip_suffix('…').unwrap_or("?")));
        }
    }
}
