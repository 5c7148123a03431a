//! The document of an issue or a pull request.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AccessId, Account, AccountId, Body, Change, DocumentKind, EdgeKind, Key, Link, Markup, SourceId, Timestamp,
};
use serde_json::Value;

use crate::archive::draft::Draft;
use crate::archive::format::Told;
use crate::archive::github::record::Record;
use crate::archive::json::{at, is_id, list, names, text, time};
use crate::archive::repository::is_commit;

/// What is known of an issue or pull request from other records than its own.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    /// The title, for the titles of its comments; empty where those are to do without.
    pub(crate) title: String,
    /// Whether it is a pull request, by any record.
    pub(crate) is_pull: bool,
    /// Whether a row of the list of pull requests exists, which then makes the document.
    pub(crate) has_pull_row: bool,
    /// The logins of its reviewers.
    pub(crate) reviewers: BTreeSet<String>,
    /// What its timeline states.
    pub(crate) links: Vec<Link>,
    /// Since when it is assigned to whom, where that is told.
    pub(crate) assigned: BTreeMap<AccountId, Timestamp>,
}

/// How documents get their identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// By their keys: an archive does not change its names.
    Keys,
    /// By GitHub's numbers, which outlive names; this is the repository's.
    Numbers(u64),
}

/// What makes documents of records.
pub(crate) struct Maker<'m> {
    pub(crate) source: &'m SourceId,
    pub(crate) access: &'m AccessId,
    pub(crate) identity: Identity,
    /// Where people browse, without a slash at the end.
    pub(crate) web: &'m str,
    pub(crate) told: &'m mut Told,
    pub(crate) changes: &'m mut Vec<Change>,
}

/// A Markdown body; absent text is empty.
pub(crate) fn markdown(value: &Value) -> Body {
    Body {
        markup: Markup::Markdown,
        text: text(value, &["body"]).unwrap_or_default().to_owned(),
    }
}

impl Maker<'_> {
    /// The account of a user object, told once.
    pub(crate) fn account(&mut self, user: Option<&Value>) -> Option<AccountId> {
        let account: Account = account(self.source, user)?;
        Some(self.told.account(self.changes, account))
    }

    /// The document of an issue or a pull request.
    pub(crate) fn item(&mut self, record: &Record<'_>, key: Key, known: Known) {
        let value = record.value;
        let repository = &record.repository;
        let kind = if known.is_pull {
            DocumentKind::PullRequest
        } else {
            DocumentKind::Issue
        };
        let author = self.account(at(value, &["user"]));
        let assignees: Vec<_> = list(value, &["assignees"])
            .iter()
            .filter_map(|user| self.account(Some(user)))
            .collect();
        let path = if known.is_pull { "pull" } else { "issues" };
        let address = format!("{}/{repository}/{path}/{}", self.web, record.number);
        let mut draft = Draft::new(self.source, kind, key, self.access.clone())
            .title(text(value, &["title"]).unwrap_or("(no title)"))
            .aliases([format!("{repository}#{}", record.number)])
            .body(markdown(value))
            .url(Some(text(value, &["html_url"]).map_or(address, str::to_owned)))
            .times(time(value, &["created_at"]), time(value, &["updated_at"]))
            .part_of(Key::repository(repository), "github.repository")
            .author(author, "github.user");
        if let Identity::Numbers(repository) = self.identity {
            draft = draft.native(&item_id(repository, record.number));
        }
        for assignee in assignees {
            let at = known.assigned.get(&assignee).copied();
            draft = draft.edge(Link {
                kind: EdgeKind::Assigned,
                target: assignee,
                inverse: false,
                rule: "github.assignees".to_owned(),
                at,
                until: None,
                also: None,
            });
        }
        // Whoever answers comments on his own pull request is recorded as a reviewer of it, but is none.
        let own = text(value, &["user", "login"]);
        for login in known.reviewers.into_iter().filter(|login| Some(login.as_str()) != own) {
            draft = draft.back_link(EdgeKind::Reviewed, Key::account("github", &login), "github.reviews");
        }
        if let Some(commit) = merge_commit(value) {
            draft = draft.back_link(
                EdgeKind::Merges,
                Key::commit(repository, commit),
                "github.merge_commit_sha",
            );
        }
        let draft = fields(draft, value).edges(known.links);
        self.changes.push(draft.upsert());
    }
}

/// The identity of an issue, a pull request or a discussion: they share their numbers.
pub(crate) fn item_id(repository: u64, number: u64) -> String {
    format!("item:{repository}#{number}")
}

/// The account of a user object, by login.
pub(crate) fn account(source: &SourceId, user: Option<&Value>) -> Option<Account> {
    let login = user
        .and_then(|user| text(user, &["login"]))
        .filter(|login| is_login(login))?;
    let words = |field| user.and_then(|user| crate::archive::json::name(user, &[field]));
    Some(Account {
        id: Key::account("github", login),
        source: source.clone(),
        login: Some(login.to_owned()),
        names: words("name").into_iter().collect(),
        emails: words("email").filter(|email| email.contains('@')).into_iter().collect(),
    })
}

/// Whether text is a login; those of apps end in `[bot]`.
pub(crate) fn is_login(login: &str) -> bool {
    is_id(login.strip_suffix("[bot]").unwrap_or(login))
}

/// When it was merged. The rows of issues tell it within `pull_request`.
fn merged_at(value: &Value) -> Option<&str> {
    text(value, &["merged_at"]).or_else(|| text(value, &["pull_request", "merged_at"]))
}

/// The commit that merged a pull request. Before that, the field names a throw-away test merge.
fn merge_commit(value: &Value) -> Option<&str> {
    text(value, &["merge_commit_sha"]).filter(|sha| is_commit(sha) && merged_at(value).is_some())
}

/// The fields to filter by.
fn fields(draft: Draft, value: &Value) -> Draft {
    let one = |path: &[&str]| text(value, path).map(str::to_owned);
    let state = if merged_at(value).is_some() {
        Some("merged".to_owned())
    } else {
        one(&["state"])
    };
    let draft_state = at(value, &["draft"]).and_then(Value::as_bool) == Some(true);
    draft
        .field("state", state)
        .field("draft", draft_state.then_some("true"))
        .field("resolution", one(&["state_reason"]))
        .field("label", names(list(value, &["labels"]), "name"))
        .field("milestone", one(&["milestone", "title"]))
        .field("assignee", names(list(value, &["assignees"]), "login"))
        .field(
            "requested_reviewer",
            names(list(value, &["requested_reviewers"]), "login"),
        )
        .field("branch", one(&["head", "ref"]))
        .field("base", one(&["base", "ref"]))
}
