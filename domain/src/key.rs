//! Canonical keys: the names under which documents and graph nodes meet, whichever arrives first.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The canonical name of a document or graph node. Two mentions of the same thing in any source give the same key.
///
/// | thing | key |
/// |---|---|
/// | Jira project, issue, comment | `jira:acme/PAY`, `jira:acme/PAY-12`, `jira:acme/PAY-12#comment-7` |
/// | repository | `repo:acme/api` |
/// | GitHub issue, pull request or discussion, and a comment or review on it | `github:acme/api#41`, `github:acme/api#41/comment-9`, `github:acme/api#41/review-3` |
/// | commit (full SHA), tag, file, symbol | `commit:acme/api@<sha>`, `tag:acme/api@v1`, `file:acme/api/src/a.rs`, `symbol:acme/api/src/a.rs#parse` |
/// | what code of a repository calls a symbol, in a family of languages; what it imports a module by | `symbol:acme/api#rust:parse`, `symbol:acme/api#java:Ledger.post`, `module:acme/api#python:billing.models` |
/// | Slack channel, thread | `slack:T1/C9`, `slack:T1/C9/1712.0001` |
/// | wiki space, page | `wiki:acme/ENG`, `wiki:acme/ENG/123` |
/// | account | `account:jira/acme/jdoe`, `account:github/jdoe`, `account:git/jdoe@acme.example`, `account:slack/T1/U2` |
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Arc<str>);

impl Key {
    /// A key as stored or as typed; nothing is normalised.
    pub fn from_raw(text: &str) -> Self {
        Self(text.into())
    }

    /// A Jira project on a site; `project` is upper-cased.
    pub fn jira_project(site: &str, project: &str) -> Self {
        Self(format!("jira:{}/{}", site.to_lowercase(), project.to_uppercase()).into())
    }

    /// A Jira issue by its human key (`PAY-12`, upper-cased).
    pub fn jira_issue(site: &str, issue: &str) -> Self {
        Self::jira_project(site, issue)
    }

    /// A comment on a Jira issue.
    pub fn jira_comment(site: &str, issue: &str, comment: &str) -> Self {
        Self(format!("{}#comment-{comment}", Self::jira_issue(site, issue)).into())
    }

    /// A repository, `owner/name`, lower-cased: hosts compare these names without case.
    pub fn repository(repository: &str) -> Self {
        Self(format!("repo:{}", repository.to_lowercase()).into())
    }

    /// An issue, a pull request or a discussion: they share their numbers.
    pub fn github_item(repository: &str, number: u64) -> Self {
        Self(format!("github:{}#{number}", repository.to_lowercase()).into())
    }

    /// A part of an issue or pull request, `part` being `comment` or `review`.
    pub fn github_part(repository: &str, number: u64, part: &str, id: &str) -> Self {
        Self(format!("{}/{part}-{id}", Self::github_item(repository, number)).into())
    }

    /// A commit by its full SHA (lower-cased).
    pub fn commit(repository: &str, sha: &str) -> Self {
        Self(format!("commit:{}@{}", repository.to_lowercase(), sha.to_lowercase()).into())
    }

    /// A tag or release.
    pub fn tag(repository: &str, tag: &str) -> Self {
        Self(format!("tag:{}@{tag}", repository.to_lowercase()).into())
    }

    /// A file by its path from the repository's root, with forward slashes.
    pub fn file(repository: &str, path: &str) -> Self {
        Self(format!("file:{}/{path}", repository.to_lowercase()).into())
    }

    /// A function, type or module defined in a file.
    pub fn symbol(repository: &str, path: &str, name: &str) -> Self {
        Self(format!("symbol:{}/{path}#{name}", repository.to_lowercase()).into())
    }

    /// The name by which code of a repository calls a symbol, whichever file defines it. `family` keeps languages apart that
    /// cannot call each other: `rust`, `python`, `script` (JavaScript and TypeScript), `java`, `go`, `c` (and C++).
    pub fn symbol_name(repository: &str, family: &str, name: &str) -> Self {
        Self(format!("symbol:{}#{family}:{name}", repository.to_lowercase()).into())
    }

    /// The name by which code of a repository imports a module, whichever file it is.
    pub fn module_name(repository: &str, family: &str, name: &str) -> Self {
        Self(format!("module:{}#{family}:{name}", repository.to_lowercase()).into())
    }

    /// A Slack channel, or a direct conversation.
    pub fn slack_channel(team: &str, channel: &str) -> Self {
        Self(format!("slack:{team}/{channel}").into())
    }

    /// A Slack thread by the `ts` of its first message, as text.
    pub fn slack_thread(team: &str, channel: &str, ts: &str) -> Self {
        Self(format!("slack:{team}/{channel}/{ts}").into())
    }

    /// A wiki space on a site.
    pub fn wiki_space(site: &str, space: &str) -> Self {
        Self(format!("wiki:{}/{space}", site.to_lowercase()).into())
    }

    /// A wiki page, by its id, or by its file name where it has none.
    pub fn wiki_page(site: &str, space: &str, page: &str) -> Self {
        Self(format!("wiki:{}/{space}/{page}", site.to_lowercase()).into())
    }

    /// An account: `provider` is `github`, `git`, `jira`, `slack` or `wiki`; `name` is what is unique there.
    pub fn account(provider: &str, name: &str) -> Self {
        Self(format!("account:{provider}/{name}").into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon (`jira`, `github`, `commit`, …), empty where there is none.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The part after the first colon, or all of it where there is none.
    pub fn local(&self) -> &str {
        self.0.split_once(':').map_or(self.as_str(), |(_, local)| local)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn the_same_thing_has_the_same_key_however_it_is_spelt() {
        assert_eq!(Key::github_item("Acme/API", 41), Key::github_item("acme/api", 41));
        assert_eq!(Key::jira_issue("Acme", "pay-12").as_str(), "jira:acme/PAY-12");
        assert_eq!(Key::commit("Acme/api", "ABCDEF").as_str(), "commit:acme/api@abcdef");
    }

    #[test]
    fn parts_of_a_key() {
        let key = Key::file("acme/api", "src/a:b.rs");
        assert_eq!((key.scheme(), key.local()), ("file", "acme/api/src/a:b.rs"));
        assert_eq!((Key::from_raw("x").scheme(), Key::from_raw("x").local()), ("", "x"));
    }
}
