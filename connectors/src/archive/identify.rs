//! Telling one kind of archive from another, so that a source of the wrong kind fails with the right advice.

use std::fmt;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::archive::records::{Record, Records, has_extension, is_json, parse};
use crate::archive::tree::{Entry, Tree};

/// The kinds of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Jira issues as JSON.
    Jira,
    /// GitHub issues and pull requests as JSON.
    Github,
    /// A Slack export.
    Slack,
    /// A folder of Markdown pages.
    Wiki,
    /// Commit logs as JSON lines.
    Commits,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Jira, Self::Github, Self::Slack, Self::Wiki, Self::Commits];

    /// The name used in settings and cursors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Wiki => "wiki",
            Self::Commits => "commits",
        }
    }

    /// What such an archive holds, with its article.
    fn holds(self) -> &'static str {
        match self {
            Self::Jira => "Jira issues as JSON (`.json`, `.jsonl`, `.jsonl.gz`)",
            Self::Github => "GitHub issues and pull requests as JSON (`.json`, `.jsonl`, `.jsonl.gz`)",
            Self::Slack => "a Slack export (`users.json`, `channels.json` and a folder per conversation)",
            Self::Wiki => "Markdown pages (`.md`)",
            Self::Commits => "commit logs as JSON lines (`owner__name.jsonl`, also `.gz`)",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The files that make a Slack export.
pub(crate) const SLACK_FILES: [&str; 6] = [
    "channels.json",
    "groups.json",
    "dms.json",
    "mpims.json",
    "users.json",
    "org_users.json",
];

/// Files looked into, and records looked at in each, before giving up.
const PROBED: usize = 5;

/// The kind of archive that a record belongs to.
fn of_record(record: &Value) -> Option<Kind> {
    let has = |key: &str| record.get(key).is_some();
    if has("fields") && has("key") {
        Some(Kind::Jira)
    } else if has("sha") && has("message") {
        Some(Kind::Commits)
    } else if (has("ts") && has("text")) || (has("profile") && has("team_id")) || (has("members") && has("creator")) {
        Some(Kind::Slack)
    } else if has("number") || has("issue_url") || has("pull_request_url") || has("html_url") || has("event") {
        Some(Kind::Github)
    } else {
        None
    }
}

/// The kind of the first readable record of a file.
fn of_file(tree: &Tree, entry: &Entry) -> Option<Kind> {
    let mut records = Records::open(tree, entry, &["issues", "items"]).ok()?;
    for _ in 0..PROBED {
        let Record::Json(_, bytes) = records.next().ok()?? else {
            continue;
        };
        if let Ok(value) = parse(&bytes) {
            return of_record(&value);
        }
    }
    None
}

/// What an archive looks like.
fn of_tree(tree: &Tree) -> Option<Kind> {
    let metadata = |entry: &&Entry| {
        entry
            .path
            .rsplit('/')
            .next()
            .is_some_and(|name| SLACK_FILES.contains(&name))
    };
    if tree.entries.iter().filter(metadata).count() > 1 {
        return Some(Kind::Slack);
    }
    let pages = tree
        .entries
        .iter()
        .filter(|entry| has_extension(&entry.path, "md"))
        .count();
    let json: Vec<_> = tree.entries.iter().filter(|entry| is_json(entry)).collect();
    if pages > json.len() {
        return Some(Kind::Wiki);
    }
    json.into_iter().take(PROBED).find_map(|entry| of_file(tree, entry))
}

/// Check that an archive is of the wanted kind, as far as its first files tell; `usable` counts the files that fit by their names.
///
/// # Errors
/// `NotFound` for an empty archive; `Invalid` for one of another kind, naming what was found and the connector that fits.
pub(crate) fn require(tree: &Tree, wanted: Kind, usable: usize) -> Result<()> {
    let place = tree.root.display();
    if tree.entries.is_empty() {
        return Err(Error::not_found("open archive", format!("{place} holds no files"))
            .with_hint(format!("put {} there", wanted.holds())));
    }
    match of_tree(tree) {
        Some(found) if found != wanted && (usable == 0 || wanted != Kind::Wiki) => {
            let message = format!("{place} holds {}, not {}", found.holds(), wanted.holds());
            Err(Error::invalid("open archive", message)
                .with_hint(format!("use a source of kind `{found}` for it, or correct the path")))
        }
        None if usable == 0 => {
            let message = format!("{place} holds nothing that can be read as {}", wanted.holds());
            Err(Error::invalid("open archive", message).with_hint("correct the path"))
        }
        Some(_) | None => Ok(()),
    }
}
