//! Where the repository is, what it is called and where people see it: read from a path or URL, checked.

use std::path::PathBuf;

use domain::{Error, Result};
use gix::url::Scheme;

const OPERATION: &str = "configure git";
const MAX_LOCATION_BYTES: usize = 4_096;

/// A folder on this machine, or something to clone.
#[derive(Debug)]
pub(super) enum Location {
    Folder(PathBuf),
    Url(gix::Url),
}

impl Location {
    /// Read a path or URL. Only https, ssh, git and file are fetched: every other transport either runs a command that
    /// the URL names or sends what it carries in the clear. Messages never repeat the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refuse = |message: &str, hint: &str| Err(Error::invalid(OPERATION, message).with_hint(hint));
        if text.is_empty() || text.len() > MAX_LOCATION_BYTES || text.chars().any(char::is_control) {
            return refuse(
                "the location is empty, too long or has control characters",
                "give a folder or a clone URL",
            );
        }
        if text.split_once("::").is_some_and(|(helper, _)| {
            helper
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        }) {
            return refuse(
                "remote helpers (`name::address`) are not used",
                "give a folder, or an https, ssh, git or file URL",
            );
        }
        let Ok(url) = gix::url::parse(text) else {
            return refuse(
                "the location is neither a folder nor a URL",
                "give a folder, or an https, ssh, git or file URL",
            );
        };
        if url.scheme == Scheme::File && !text.contains("://") {
            return Ok(Self::Folder(text.into()));
        }
        match &url.scheme {
            Scheme::Https | Scheme::Ssh | Scheme::Git | Scheme::File => {}
            Scheme::Http | Scheme::Ext | Scheme::Helper(_) | Scheme::HelperUrl(_) => {
                return refuse("this kind of URL is not fetched", "use https, ssh, git or file");
            }
        }
        let names_a_user = url.user().is_some() && url.scheme != Scheme::Ssh;
        if url.password().is_some() || names_a_user {
            return refuse(
                "the URL holds a user name or password",
                "remove it and let a git credential helper supply it, so that it stays out of settings and logs",
            );
        }
        let starts_an_option = |part: Option<&str>| part.is_some_and(|part| part.starts_with('-'));
        if starts_an_option(url.user()) || starts_an_option(url.host()) || url.path.starts_with(b"-") {
            return refuse("a part of the URL begins with `-`", "check the URL");
        }
        Ok(Self::Url(url))
    }
}

/// A repository's name as configured: `owner/name`.
pub(super) fn checked_name(name: &str) -> Result<String> {
    let good = name
        .split_once('/')
        .is_some_and(|(owner, name)| [owner, name].into_iter().all(is_segment));
    if good {
        return Ok(name.to_owned());
    }
    Err(Error::invalid(
        OPERATION,
        format!(
            "`{}` does not name a repository",
            name.chars().take(80).collect::<String>()
        ),
    )
    .with_hint("write it as owner/name, of letters, digits, `.`, `_` and `-`"))
}

/// The name where none is configured: the last two parts of the origin's path, where it is on another machine, else `local/<folder>`.
pub(super) fn name(origin: Option<&gix::Url>, location: &Location) -> String {
    origin.and_then(hosted_name).unwrap_or_else(|| {
        let folder = match location {
            Location::Folder(path) => path
                .canonicalize()
                .unwrap_or_else(|_| path.clone())
                .to_string_lossy()
                .into_owned(),
            Location::Url(url) => url.path.to_string(),
        };
        let last = folder
            .trim_end_matches("/.git")
            .rsplit('/')
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        let plain: String = last
            .strip_suffix(".git")
            .unwrap_or(last)
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(100)
            .collect();
        format!("local/{}", if is_segment(&plain) { &plain } else { "repository" })
    })
}

/// The repository's page on github.com, where it is there.
pub(super) fn web(url: &gix::Url) -> Option<String> {
    matches!(url.host(), Some("github.com" | "www.github.com" | "ssh.github.com"))
        .then(|| hosted_name(url).map(|name| format!("https://github.com/{name}")))
        .flatten()
}

fn hosted_name(url: &gix::Url) -> Option<String> {
    url.host()?;
    let path = url.path.to_string();
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let name = parts.next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let owner = parts.next()?;
    (is_segment(owner) && is_segment(name)).then(|| format!("{owner}/{name}"))
}

fn is_segment(part: &str) -> bool {
    (1..=100).contains(&part.len())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !part.bytes().all(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;

    use super::{Location, checked_name, name, web};

    fn url(text: &str) -> gix::Url {
        match Location::parse(text).expect(text) {
            Location::Url(url) => url,
            Location::Folder(path) => panic!("{} is a folder", path.display()),
        }
    }

    #[test]
    fn the_name_comes_from_the_host_and_else_from_the_folder() {
        let folder = Location::Folder("/srv/some where/api.git".into());
        for (text, expected) in [
            ("https://github.com/Acme/api.git", "Acme/api"),
            ("git@github.com:Acme/api.git", "Acme/api"),
            ("ssh://git@example.com:22/group/sub/api/", "sub/api"),
            ("git://example.com/api.git", "local/api"),
            ("file:///srv/acme/api.git", "local/api"),
        ] {
            assert_eq!(name(Some(&url(text)), &folder), expected, "{text}");
        }
        assert_eq!(name(None, &Location::Folder("/nowhere/a b/.git".into())), "local/a-b");
        assert_eq!(name(None, &Location::Folder("/".into())), "local/repository");
    }

    #[test]
    fn only_github_has_pages_that_we_know() {
        assert_eq!(
            web(&url("git@github.com:Acme/api.git")).as_deref(),
            Some("https://github.com/Acme/api")
        );
        assert_eq!(web(&url("https://example.com/Acme/api.git")), None);
    }

    #[test]
    fn what_could_run_a_command_or_leak_a_secret_is_refused_without_repeating_it() {
        for bad in [
            "",
            "a\nb",
            "ext::sh -c hunter2",
            "fd::17/hunter2",
            "http://h/hunter2",
            "ftp://h/hunter2",
            "https://u:hunter2@github.com/a/b",
            "https://hunter2@github.com/a/b",
            "ssh://u:hunter2@h/a",
            "ssh://-ohunter2/a",
            "ext://hunter2",
        ] {
            let error = Location::parse(bad).map(|_| ()).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
            assert!(!format!("{error:?}").contains("hunter2"), "{bad}: {error:?}");
        }
    }

    #[test]
    fn a_plain_path_is_a_folder() {
        for text in ["/srv/api", "./api", "api", "C/api"] {
            assert!(matches!(Location::parse(text), Ok(Location::Folder(_))), "{text}");
        }
    }

    #[test]
    fn a_configured_name_has_two_parts() {
        assert!(checked_name("Acme/api.rs").is_ok());
        for bad in ["", "api", "a/b/c", "a/", "a b/c", "../x", "a/.."] {
            assert!(checked_name(bad).is_err(), "{bad}");
        }
    }
}
