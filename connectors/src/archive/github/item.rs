//! The document of an issue or a pull request.

use domain::{AccessId, Account, AccountId, Body, Change, DocumentKind, EdgeKind, Key, Markup};
use serde_json::Value;

use crate::archive::draft::Draft;
use crate::archive::format::Told;
use crate::archive::github::GitHub;
use crate::archive::github::index::{Index, Known};
use crate::archive::github::record::{Record, Shape};
use crate::archive::json::{at, list, names, text, time};
use crate::archive::repository::is_commit;

/// What makes documents of records.
pub(super) struct Maker<'m> {
    pub(super) github: &'m GitHub,
    pub(super) index: &'m Index,
    pub(super) told: &'m mut Told,
    pub(super) changes: &'m mut Vec<Change>,
}

/// A Markdown body; absent text is empty.
pub(super) fn markdown(value: &Value) -> Body {
    Body {
        markup: Markup::Markdown,
        text: text(value, &["body"]).unwrap_or_default().to_owned(),
    }
}

impl Maker<'_> {
    /// The changes of a record and of what is embedded in it.
    pub(super) fn record(&mut self, record: &Record<'_>) {
        let key = Key::github_item(&record.repository, record.number);
        let known = self.index.known(&key);
        match record.shape {
            // The row of the other list makes the document; this one has nothing that it lacks.
            Shape::Issue if known.has_pull_row => {}
            Shape::Issue | Shape::Pull => self.item(record, key, known),
            Shape::Comment | Shape::Review | Shape::ReviewComment => self.part(record, &key, &known),
            Shape::Event => {}
        }
        for child in record.children() {
            self.record(&child);
        }
    }

    /// The account of a user object, told once.
    pub(super) fn account(&mut self, user: Option<&Value>) -> Option<AccountId> {
        let account: Account = self.github.account(user)?;
        Some(self.told.account(self.changes, account))
    }

    fn item(&mut self, record: &Record<'_>, key: Key, known: Known) {
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
        let address = format!("https://github.com/{repository}/{path}/{}", record.number);
        let mut draft = Draft::new(&self.github.source, kind, key, AccessId::common(&self.github.source))
            .title(text(value, &["title"]).unwrap_or("(no title)"))
            .aliases([format!("{repository}#{}", record.number)])
            .body(markdown(value))
            .url(Some(text(value, &["html_url"]).map_or(address, str::to_owned)))
            .times(time(value, &["created_at"]), time(value, &["updated_at"]))
            .part_of(Key::repository(repository), "github.repository")
            .author(author, "github.user");
        for assignee in assignees {
            draft = draft.link(EdgeKind::Assigned, assignee, "github.assignees");
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
