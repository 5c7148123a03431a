//! Errors of the git library as errors of the seam, without what may be secret.

use domain::{Error, ErrorKind};

/// An error while reading a repository that is on this machine.
pub(super) fn reading(operation: &'static str) -> impl Fn(gix::Error) -> Error {
    move |error| {
        let kind = if error.is_permission_denied() {
            ErrorKind::Denied
        } else if error.is_resource_exhausted() {
            ErrorKind::Exhausted
        } else {
            ErrorKind::Corrupt
        };
        Error::new(kind, operation, summary(&error))
            .with_hint("check the repository with `git fsck`")
            .with_source(error)
    }
}

/// An error while talking to a remote. The library's own text may hold a URL that the user's git configuration rewrote
/// to carry a token, so that it is neither shown as it is nor kept as the source.
pub(super) fn fetching(error: &gix::Error) -> Error {
    const OPERATION: &str = "fetch repository";
    let message = summary(error);
    if error.is_cancelled() {
        Error::new(ErrorKind::Cancelled, OPERATION, "stopped")
    } else if error.is_unauthenticated() || error.is_permission_denied() {
        Error::new(ErrorKind::Denied, OPERATION, message)
            .with_hint("make `git ls-remote` work for this user: set up a credential helper or an ssh key")
    } else if error.is_not_found() {
        Error::not_found(OPERATION, message).with_hint("check the URL with `git ls-remote`")
    } else {
        Error::unavailable(OPERATION, message).with_hint("check the URL and the network with `git ls-remote`")
    }
}

/// The error and its root cause in one line, credentials in URLs blanked.
fn summary(error: &gix::Error) -> String {
    let (top, root) = (error.to_string(), error.probable_cause().to_string());
    let text = if top.contains(&root) {
        top
    } else {
        format!("{top}: {root}")
    };
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect();
    without_credentials(&line)
}

fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == '\'')
            .unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        clean.push_str("://");
        clean.push_str(host);
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn credentials_in_urls_are_blanked() {
        let text = r#"could not read "https://u:p@ss@h.example/a@b" or ssh://git@h/x, see https://ok.example"#;
        let clean = r#"could not read "https://h.example/a@b" or ssh://h/x, see https://ok.example"#;
        assert_eq!(without_credentials(text), clean);
        assert_eq!(without_credentials("plain"), "plain");
    }
}
