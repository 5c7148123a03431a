//! From GitHub's records to documents. Issues, pull requests and what is written on them are made as those of an archive are.

use std::collections::BTreeSet;

use domain::{AccessId, Body, Change, DocumentKind, EdgeKind, Key, Link, Markup};
use serde_json::Value;

use super::config::Config;
use super::relations::{Own, Stated};
use crate::archive::draft::Draft;
use crate::archive::format::Told;
use crate::archive::github::item::{Identity, Known, Maker, account, is_login, item_id};
use crate::archive::github::record::{Record, Shape};
use crate::archive::json::{at, id, list, names, number, text, time};
use crate::archive::repository::is_commit;
use crate::batch::Batch;

/// What makes the documents of one repository.
pub(super) struct Scribe<'s> {
    pub(super) config: &'s Config,
    pub(super) id: u64,
    /// `owner/name`.
    pub(super) name: &'s str,
    pub(super) access: AccessId,
    told: Told,
}

/// Reads the number of the issue or pull request that a comment's address ends in.
fn number_of(row: &Value) -> Option<u64> {
    ["issue_url", "pull_request_url"]
        .iter()
        .find_map(|field| text(row, &[field])?.rsplit('/').next()?.parse().ok())
}

/// A relationship that GitHub states.
fn link(kind: EdgeKind, target: Key, inverse: bool, rule: &str) -> Link {
    Link {
        kind,
        target,
        inverse,
        rule: rule.to_owned(),
        at: None,
        until: None,
        also: None,
    }
}

/// What belongs to a pull request besides its row.
#[derive(Debug, Default)]
pub(super) struct Parts<'s> {
    pub(super) reviews: Vec<Value>,
    pub(super) commits: Vec<Value>,
    pub(super) files: Vec<Value>,
    pub(super) stated: Option<&'s Stated>,
}

impl<'s> Scribe<'s> {
    pub(super) fn new(config: &'s Config, id: u64, name: &'s str) -> Self {
        Self {
            config,
            id,
            name,
            access: config.label(id),
            told: Told::default(),
        }
    }

    fn maker<'m>(&'m mut self, batch: &'m mut Batch) -> Maker<'m> {
        Maker {
            source: &self.config.source,
            access: &self.access,
            identity: Identity::Numbers(self.id),
            web: &self.config.web,
            told: &mut self.told,
            changes: &mut batch.changes,
        }
    }

    fn key(&self, number: u64) -> Key {
        Key::github_item(self.name, number)
    }

    fn record<'v>(&self, shape: Shape, number: u64, value: &'v Value) -> Record<'v> {
        Record {
            shape,
            repository: self.name.to_owned(),
            number,
            value,
        }
    }

    /// The account of a user object. The name of a rejected item, for one that is none.
    pub(super) fn person(&mut self, user: &Value, batch: &mut Batch) {
        if let Some(account) = account(&self.config.source, Some(user)) {
            self.told.account(&mut batch.changes, account);
        }
    }

    /// How a rejected item is called. It begins with the repository's number, by which it is voided when that is read again.
    fn item(&self, kind: &str, row: &Value) -> String {
        let name = id(row, &["id"]).unwrap_or_else(|| "without an id".to_owned());
        format!("{}{kind} {name}", prefix(self.id))
    }

    /// An issue, with what is stated of it. The row of a pull request makes nothing: another list has more of it.
    pub(super) fn issue(&mut self, row: &Value, stated: Option<&Stated>, batch: &mut Batch) {
        let Some(number) = number(row, &["number"]) else {
            batch.reject(self.item("issue", row), "an issue without a number");
            return;
        };
        if is_issue(row) {
            let (record, key) = (self.record(Shape::Issue, number, row), self.key(number));
            let known = Known {
                links: self.stated(number, stated),
                assigned: stated.map(Stated::assigned).unwrap_or_default(),
                ..Known::default()
            };
            self.maker(batch).item(&record, key, known);
        }
    }

    /// The edges that are stated of an item.
    fn stated(&self, number: u64, stated: Option<&Stated>) -> Vec<Link> {
        let own = Own {
            config: self.config,
            repository: self.id,
            number,
        };
        stated.map(|stated| stated.links(own)).unwrap_or_default()
    }

    /// A pull request with its reviews, commits and files.
    pub(super) fn pull(&mut self, row: &Value, parts: &Parts<'_>, batch: &mut Batch) {
        let Some(number) = number(row, &["number"]) else {
            batch.reject(self.item("pull request", row), "a pull request without a number");
            return;
        };
        // A review that is not sent yet is seen by its author alone.
        let sent = |review: &&Value| text(review, &["state"]) != Some("PENDING");
        let reviews: Vec<&Value> = parts.reviews.iter().filter(sent).collect();
        let logins = reviews.iter().filter_map(|review| text(review, &["user", "login"]));
        let known = Known {
            is_pull: true,
            has_pull_row: true,
            reviewers: logins
                .filter(|login| is_login(login))
                .map(str::to_owned)
                .collect::<BTreeSet<_>>(),
            links: [self.links(parts), self.stated(number, parts.stated)].concat(),
            assigned: parts.stated.map(Stated::assigned).unwrap_or_default(),
            ..Known::default()
        };
        let (record, key) = (self.record(Shape::Pull, number, row), self.key(number));
        self.maker(batch).item(&record, key.clone(), known);
        for review in reviews {
            self.part(Shape::Review, number, review, batch);
        }
    }

    fn links(&self, parts: &Parts<'_>) -> Vec<Link> {
        let shas = parts
            .commits
            .iter()
            .filter_map(|commit| text(commit, &["sha"]))
            .filter(|sha| is_commit(sha));
        let commits = shas.map(|sha| link(EdgeKind::PartOf, Key::commit(self.name, sha), true, "github.commits"));
        let paths = parts.files.iter().filter_map(|file| text(file, &["filename"]));
        let files = paths.map(|path| link(EdgeKind::Touches, Key::file(self.name, path), false, "github.files"));
        commits.chain(files).collect()
    }

    /// A comment, or a comment on a line of code.
    pub(super) fn comment(&mut self, shape: Shape, row: &Value, batch: &mut Batch) {
        match number_of(row) {
            Some(number) => self.part(shape, number, row, batch),
            None => batch.reject(self.item("comment", row), "a comment on nothing that has a number"),
        }
    }

    fn part(&mut self, shape: Shape, number: u64, row: &Value, batch: &mut Batch) {
        if id(row, &["id"]).is_none() {
            batch.reject(self.item("comment", row), "a comment or review without an id");
            return;
        }
        let (record, key) = (self.record(shape, number, row), self.key(number));
        self.maker(batch).part(&record, &key, &Known::default());
    }

    /// A release. A draft is not for everybody who reads the repository.
    pub(super) fn release(&mut self, row: &Value, batch: &mut Batch) {
        if is_draft(row) {
            return;
        }
        let (Some(id), Some(tag)) = (id(row, &["id"]), text(row, &["tag_name"])) else {
            batch.reject(self.item("release", row), "a release without an id or a tag");
            return;
        };
        let key = Key::tag(self.name, tag);
        let author = at(row, &["author"]).and_then(|user| self.maker(batch).account(Some(user)));
        let draft = Draft::new(&self.config.source, DocumentKind::Release, key, self.access.clone())
            .native(&release_id(&id))
            .title(text(row, &["name"]).unwrap_or(tag))
            .aliases([format!("{}@{tag}", self.name)])
            .body(markdown(text(row, &["body"])))
            .url(text(row, &["html_url"]).map(str::to_owned))
            .times(time(row, &["created_at"]), time(row, &["published_at"]))
            .part_of(Key::repository(self.name), "github.repository")
            .author(author, "github.author")
            .field(
                "prerelease",
                (at(row, &["prerelease"]) == Some(&Value::Bool(true))).then_some("true"),
            );
        batch.changes.push(draft.upsert());
    }

    /// The repository itself, from its row and the lists of what belongs to it.
    pub(super) fn repository(&self, row: &Value, lists: &super::profile::Lists) -> Change {
        let one = |path: &[&str]| text(row, path).map(str::to_owned);
        let archived = at(row, &["archived"]) == Some(&Value::Bool(true));
        Draft::new(
            &self.config.source,
            DocumentKind::Repository,
            Key::repository(self.name),
            self.access.clone(),
        )
        .native(&repository_id(self.id))
        .title(self.name)
        .body(Body::plain(text(row, &["description"]).unwrap_or_default()))
        .url(Some(
            one(&["html_url"]).unwrap_or_else(|| format!("{}/{}", self.config.web, self.name)),
        ))
        .times(time(row, &["created_at"]), None)
        .field("visibility", one(&["visibility"]))
        .field("state", archived.then_some("archived"))
        .field("language", one(&["language"]))
        .field("topic", names(list(row, &["topics"]), "name"))
        .field("branch", one(&["default_branch"]))
        .field("label", names(&lists.labels, "name"))
        .field("milestone", names(&lists.milestones, "title"))
        .field("team", names(&lists.teams, "slug"))
        .upsert()
    }

    /// A discussion with its comments and their replies, as GraphQL tells them.
    pub(super) fn discussion(&mut self, node: &Value, batch: &mut Batch) {
        let Some(number) = number(node, &["number"]) else {
            batch.reject(self.item("discussion", node), "a discussion without a number");
            return;
        };
        let author = at(node, &["author"]).and_then(|user| self.maker(batch).account(Some(user)));
        let (key, answered) = (self.key(number), at(node, &["isAnswered"]) == Some(&Value::Bool(true)));
        let closed = at(node, &["closed"]) == Some(&Value::Bool(true));
        let draft = Draft::new(
            &self.config.source,
            DocumentKind::Discussion,
            key.clone(),
            self.access.clone(),
        )
        .native(&item_id(self.id, number))
        .title(text(node, &["title"]).unwrap_or("(no title)"))
        .aliases([format!("{}#{number}", self.name)])
        .body(markdown(text(node, &["body"])))
        .url(text(node, &["url"]).map(str::to_owned))
        .times(time(node, &["createdAt"]), time(node, &["updatedAt"]))
        .part_of(Key::repository(self.name), "github.repository")
        .author(author, "github.author")
        .field("state", [if closed { "closed" } else { "open" }])
        .field("resolution", answered.then_some("answered"))
        .field("category", text(node, &["category", "name"]))
        .field("label", names(list(node, &["labels", "nodes"]), "name"));
        batch.changes.push(draft.upsert());
        for comment in list(node, &["comments", "nodes"]) {
            self.said(number, comment, None, batch);
            let parent = id(comment, &["databaseId"]);
            for reply in list(comment, &["replies", "nodes"]) {
                self.said(number, reply, parent.as_deref(), batch);
            }
        }
    }

    /// A comment in a discussion, or a reply to one.
    fn said(&mut self, number: u64, node: &Value, parent: Option<&str>, batch: &mut Batch) {
        if at(node, &["deletedAt"]).is_some() {
            return;
        }
        let Some(id) = id(node, &["databaseId"]) else {
            batch.reject(self.item("discussion comment", node), "a comment without an id");
            return;
        };
        let part = |id: &str| Key::github_part(self.name, number, "comment", id);
        let key = part(&id);
        let replied = parent.map(part);
        let author = at(node, &["author"]).and_then(|user| self.maker(batch).account(Some(user)));
        let mut draft = Draft::new(&self.config.source, DocumentKind::Comment, key, self.access.clone())
            .native(&said_id(&id))
            .title(&format!("Comment on {}#{number}", self.name))
            .body(markdown(text(node, &["body"])))
            .url(text(node, &["url"]).map(str::to_owned))
            .times(time(node, &["createdAt"]), time(node, &["updatedAt"]))
            .container(Key::repository(self.name))
            .link(EdgeKind::PartOf, self.key(number), "github.comment")
            .author(author, "github.author")
            .field(
                "resolution",
                (at(node, &["isAnswer"]) == Some(&Value::Bool(true))).then_some("answer"),
            );
        if let Some(parent) = replied {
            draft = draft.link(EdgeKind::RepliesTo, parent, "github.replies");
        }
        batch.changes.push(draft.upsert());
    }
}

fn markdown(text: Option<&str>) -> Body {
    Body {
        markup: Markup::Markdown,
        text: text.unwrap_or_default().to_owned(),
    }
}

/// Whether a row of the list of issues is one: pull requests stand among them.
pub(super) fn is_issue(row: &Value) -> bool {
    at(row, &["pull_request"]).is_none()
}

/// The beginning of the names of a repository's rejected items.
pub(super) fn prefix(repository: u64) -> String {
    format!("repository {repository} ")
}

/// The identity of a repository's document.
pub(super) fn repository_id(repository: u64) -> String {
    format!("repository:{repository}")
}

/// The identity of a release.
pub(super) fn release_id(id: &str) -> String {
    format!("release:{id}")
}

/// The identity of a comment in a discussion.
pub(super) fn said_id(id: &str) -> String {
    format!("discussion-comment:{id}")
}

/// Whether a release is not published.
pub(super) fn is_draft(row: &Value) -> bool {
    at(row, &["draft"]) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests;
