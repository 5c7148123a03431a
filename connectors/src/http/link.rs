//! The `Link` header (RFC 8288).

/// The target of the first link of a relation.
pub(super) fn target<'h>(header: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = header;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (parameters, following) = cut(after, ',');
        if relations(parameters).any(|relation| relation.eq_ignore_ascii_case(wanted)) {
            return Some(target.trim());
        }
        rest = following;
    }
}

/// Cut at the first `separator` outside quotes; it begins the second part.
fn cut(text: &str, separator: char) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => return text.split_at(place),
            _ => {}
        }
    }
    (text, "")
}

/// The words of the first `rel` parameter.
fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut value) = (parameters, "");
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let (parameter, following) = cut(after, ';');
        rest = following;
        if let Some((name, found)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            value = found;
            break;
        }
    }
    value.trim().trim_matches('"').split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::target;

    fn next(header: &str) -> Option<&str> {
        target(header, "next")
    }

    #[test]
    fn finds_the_next_page() {
        for (header, expected) in [
            (
                r#"<https://a/?page=1>; rel="prev", <https://a/?page=3>; rel="next""#,
                Some("https://a/?page=3"),
            ),
            (
                r#"</wiki/api/v2/pages?cursor=a=b,c>; rel="next", </b>; rel="base""#,
                Some("/wiki/api/v2/pages?cursor=a=b,c"),
            ),
            (r"<u>; REL=next", Some("u")),
            (r#"<u>; rel="last next""#, Some("u")),
            (r#"<x>; title="a, b; rel=next"; rel="last", <y>; rel="next""#, Some("y")),
            (r#"<x>; title="quote \", <z>; rel=next"; rel="last""#, None),
            (r#"<x>; rel="last""#, None),
            (r#"<x>; rel="nexto""#, None),
            ("<x", None),
            ("", None),
        ] {
            assert_eq!(next(header), expected, "{header}");
        }
    }

    #[test]
    fn finds_the_last_page() {
        let header = r#"<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last""#;
        assert_eq!(target(header, "last"), Some("https://a/?page=9"));
    }

    proptest::proptest! {
        #[test]
        fn takes_any_text(text in ".{0,200}") {
            let _found = next(&text);
        }
    }
}
