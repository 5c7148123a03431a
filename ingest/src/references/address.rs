//! Web addresses, taken apart without copying. Lenient: what is not an address of this form is none.

/// The parts of an `http` or `https` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// The host, lower-cased, without credentials and port.
    pub(crate) host: String,
    /// The path's segments, still percent-encoded; empty ones are left out, and so is what follows the sixty-fourth.
    pub(crate) segments: Vec<&'a str>,
    query: &'a str,
    /// What follows `#`.
    pub(crate) fragment: &'a str,
}

impl<'a> Address<'a> {
    /// Take an address apart; `None` when the scheme is another or the host is missing.
    pub(crate) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) {
            return None;
        }
        let segments = path.split('/').filter(|segment| !segment.is_empty()).take(64).collect();
        Some(Self {
            host,
            segments,
            query,
            fragment,
        })
    }

    /// The segments at and after `index`.
    pub(crate) fn tail(&self, index: usize) -> &[&'a str] {
        self.segments.get(index..).unwrap_or_default()
    }

    /// The first value of a query parameter, as written.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Undo percent-encoding; `None` when the bytes are no UTF-8. A `%` without two hex digits stays.
pub(crate) fn decode(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let digit = |at: usize| {
        bytes
            .get(at)
            .and_then(|byte| char::from(*byte).to_digit(16))
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _plain => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::{Address, decode};

    #[test]
    fn an_address_comes_apart() {
        let address = Address::parse("HTTPS://GitHub.com:443//acme/api/pull/4?a=1&b=2#frag").expect("address");
        assert_eq!((address.host.as_str(), address.fragment), ("github.com", "frag"));
        assert_eq!(address.segments, ["acme", "api", "pull", "4"]);
        assert_eq!((address.parameter("b"), address.parameter("c")), (Some("2"), None));
        assert_eq!(address.tail(9), [""; 0]);
    }

    #[test]
    fn credentials_do_not_pass_for_the_host() {
        assert_eq!(
            Address::parse("https://github.com@evil.example/x")
                .expect("address")
                .host,
            "evil.example"
        );
    }

    #[test]
    fn other_schemes_and_empty_hosts_are_no_addresses() {
        for text in [
            "ftp://a/b",
            "mailto:a@b",
            "https://",
            "https:///x",
            "x",
            "https://a b/c",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn percent_encoding_is_undone_where_it_is_utf_8() {
        assert_eq!(decode("a%20b%C3%A9%"), Some("a bé%".to_owned()));
        assert_eq!(decode("%FF"), None);
    }
}
