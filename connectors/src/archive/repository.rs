//! Names of repositories and hashes of commits, checked before they become parts of keys.

use domain::{Error, Result};

/// Whether text is a repository's name: `name` or `owner/name`, of letters, digits and `. _ -`.
pub(crate) fn is_repository(text: &str) -> bool {
    let part = |part: &str| {
        (1..=100).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && part.bytes().any(|byte| byte != b'.')
    };
    text.split('/').count() <= 2 && text.split('/').all(part)
}

/// Check a repository named in settings.
///
/// # Errors
/// `Invalid` when it is not one.
pub(crate) fn check(name: &str) -> Result<()> {
    if is_repository(name) {
        return Ok(());
    }
    let message = format!(
        "`{}` cannot name a repository",
        crate::archive::json::one_line(name, 80)
    );
    Err(Error::invalid("read source settings", message).with_hint("write it as `owner/name`"))
}

/// Where `owner/name` is browsed; `None` for a bare name.
pub(crate) fn web(repository: &str) -> Option<String> {
    repository
        .contains('/')
        .then(|| format!("https://github.com/{repository}"))
}

/// The repository in an address of GitHub's API (`…/repos/owner/name/…`) or web site (`https://host/owner/name/…`).
pub(crate) fn from_url(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let mut parts: Vec<&str> = url.path_segments()?.collect();
    if let Some(at) = parts.iter().position(|part| *part == "repos") {
        parts.drain(..=at);
    }
    let [owner, name, ..] = parts.as_slice() else {
        return None;
    };
    let repository = format!("{owner}/{name}");
    is_repository(&repository).then_some(repository)
}

/// Whether text is a full commit hash, SHA-1 or SHA-256.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{from_url, is_commit, is_repository, web};

    #[test]
    fn names_are_checked() {
        for good in ["api", "acme/api", "a.b/c_d-e", ".github/.github"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in ["", "/", "a/", "a/b/c", "a b/c", "../etc", "a@b/c", "a/..", "é/x"] {
            assert!(!is_repository(bad), "{bad}");
        }
        assert_eq!(
            (web("acme/api").as_deref(), web("api")),
            (Some("https://github.com/acme/api"), None)
        );
    }

    #[test]
    fn a_repository_is_found_in_both_kinds_of_address() {
        assert_eq!(
            from_url("https://api.github.com/repos/acme/api/issues/4").as_deref(),
            Some("acme/api")
        );
        assert_eq!(
            from_url("https://ghe.acme.example/api/v3/repos/acme/api").as_deref(),
            Some("acme/api")
        );
        assert_eq!(
            from_url("https://github.com/acme/api/pull/4").as_deref(),
            Some("acme/api")
        );
        assert_eq!(from_url("https://github.com/acme"), None);
        assert_eq!(from_url("acme/api"), None);
    }

    #[test]
    fn a_commit_is_named_in_full() {
        assert!(is_commit(&"aB345".repeat(8)) && is_commit(&"0".repeat(64)));
        assert!(!is_commit("abc1234") && !is_commit(&"g".repeat(40)));
    }
}
