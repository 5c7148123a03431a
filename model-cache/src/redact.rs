//! Keeping credentials out of messages.

/// Hide the user and password of addresses: a mirror's may stand in the client's configuration.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after
            .find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c))
            .unwrap_or(after.len());
        let (authority, remainder) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("…@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = remainder;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn passwords_in_addresses_are_hidden() {
        assert_eq!(
            redact("no match at https://me:pass@mirror.example/simple/ nor http://other:1/x@y"),
            "no match at https://…@mirror.example/simple/ nor http://other:1/x@y"
        );
        assert_eq!(redact("plain"), "plain");
    }
}
