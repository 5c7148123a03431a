//! Finding secrets in whatever a program leaves behind: as they are, in base64, in hex, and as addresses write them.

use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Bytes by which a form is looked up; none may be shorter.
const START: usize = 8;

/// Secrets to look for.
pub struct Leaks {
    /// What each form is called, and its bytes, by how it begins.
    forms: HashMap<[u8; START], Vec<(String, Vec<u8>)>>,
}

impl Leaks {
    /// Look for named secrets, in all forms of each.
    ///
    /// # Panics
    /// When a secret is too short to be told from chance.
    pub fn of(secrets: &[(String, Vec<u8>)]) -> Self {
        let mut found: HashMap<[u8; START], Vec<(String, Vec<u8>)>> = HashMap::new();
        for (name, secret) in secrets {
            assert!(secret.len() >= 12, "{name} is too short");
            for (form, bytes) in forms(secret) {
                let start = bytes.first_chunk().copied().expect("long enough");
                found.entry(start).or_default().push((format!("{name} {form}"), bytes));
            }
        }
        Self { forms: found }
    }

    /// What of it is in these bytes.
    pub fn find(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, start) in bytes.array_windows::<START>().enumerate() {
            let begun = self.forms.get(start).into_iter().flatten();
            let whole = begun.filter(|(_, form)| bytes.get(at..).is_some_and(|rest| rest.starts_with(form)));
            found.extend(whole.map(|(name, _)| name.as_str()));
        }
        found
    }
}

/// A secret as it may be written, and what each way is called.
fn forms(secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let hex = |digits: &[u8; 16]| -> Vec<u8> {
        let pair = |byte: &u8| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]];
        secret.iter().flat_map(pair).collect()
    };
    let mut forms = vec![
        ("as it is".to_owned(), secret.to_vec()),
        ("in hex".to_owned(), hex(b"0123456789abcdef")),
        ("in upper hex".to_owned(), hex(b"0123456789ABCDEF")),
        ("in an address".to_owned(), encoded(secret)),
    ];
    for shift in 0..3 {
        forms.push((
            format!("in base64, {shift} on"),
            base64(&STANDARD_NO_PAD, secret, shift),
        ));
        forms.push((
            format!("in base64 of addresses, {shift} on"),
            base64(&URL_SAFE_NO_PAD, secret, shift),
        ));
    }
    forms
}

/// As addresses write it.
fn encoded(secret: &[u8]) -> Vec<u8> {
    let one = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => vec![*byte],
        _ => format!("%{byte:02X}").into_bytes(),
    };
    secret.iter().flat_map(one).collect()
}

/// The part of its base64 that does not hang on what stands around it, where it begins `shift` bytes after a multiple of three.
fn base64(engine: &impl Engine, secret: &[u8], shift: usize) -> Vec<u8> {
    let shifted = [vec![0; shift], secret.to_vec()].concat();
    let mut text = engine.encode(&shifted).into_bytes();
    if shifted.len() % 3 > 0 {
        text.pop();
    }
    text.split_off([0, 2, 3][shift])
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::Leaks;

    #[test]
    fn every_form_is_found_wherever_it_stands() {
        let secret = "ghp_Canary/+?=~ÿ0123456789";
        let leaks = Leaks::of(&[("token".into(), secret.as_bytes().to_vec())]);
        let hex = testkit::provider::hex(secret.as_bytes());
        let mut texts = vec![secret.to_owned(), hex.clone(), hex.to_uppercase()];
        texts.push("ghp_Canary%2F%2B%3F%3D~%C3%BF0123456789".to_owned());
        for around in ["", "a", "ab", "abc"] {
            let inside = format!("{around}{secret}{around}");
            texts.extend([STANDARD.encode(&inside), URL_SAFE.encode(&inside)]);
        }
        for text in texts {
            assert!(!leaks.find(format!("x{text}y").as_bytes()).is_empty(), "{text}");
        }
        assert!(leaks.find(b"ghp_Canary/+?=~ 0123456789").is_empty());
    }
}
