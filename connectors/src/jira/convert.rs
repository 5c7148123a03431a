//! One issue record: the issue, its comments, its project, and the accounts that appear in them.

use domain::{AccessId, AccessRule, AccountId, Body, Change, DocumentKind, EdgeKind, Key, Link, Markup, SourceId};
use serde_json::Value;

use crate::archive::draft::Draft;
use crate::archive::format::Told;
use crate::archive::json::{at, id, list, names, text, time};
use crate::jira::history::{assignments, former_links};
use crate::jira::links::{edges, issue_key, project_key, remote, sprints};
use crate::jira::people::{self, Restriction};

/// Former keys kept of an issue.
const FORMER: usize = 20;

/// What a record is read for: where it comes from, and how its documents are named and labelled.
pub(crate) struct Home<'h> {
    /// The source.
    pub(crate) source: &'h SourceId,
    /// The site in keys.
    pub(crate) site: String,
    /// The address that `/browse/KEY` follows.
    pub(crate) base: Option<String>,
    /// What identifies documents.
    pub(crate) identity: Identity,
    /// The rule for what of a project (by its key) these restrict, the issue's level first; none for the source's own label.
    pub(crate) rule: &'h Rule<'h>,
}

/// Gives the rule of a label.
pub(crate) type Rule<'h> = dyn Fn(&Key, [Option<&Restriction>; 2]) -> Option<AccessRule> + Send + Sync + 'h;

/// What identifies documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Their keys: an archive may lack ids. Its projects are known from its issues alone.
    Key,
    /// Jira's ids, which outlive a move. Projects are read on their own.
    Native,
}

/// An issue on its way.
struct Issue<'r> {
    home: &'r Home<'r>,
    told: &'r mut Told,
    record: &'r Value,
    fields: &'r Value,
    key: String,
    project: String,
    security: Option<Restriction>,
    changes: Vec<Change>,
}

/// The changes that an issue record makes.
pub(crate) fn convert(home: &Home<'_>, told: &mut Told, record: &Value) -> Result<Vec<Change>, String> {
    if !record.is_object() {
        return Err("not an issue: no JSON object".to_owned());
    }
    let key = issue_key(record, &["key"]).ok_or("not an issue: no issue key")?;
    let fields = at(record, &["fields"])
        .filter(|fields| fields.is_object())
        .ok_or("not an issue: no fields")?;
    let own = key.rsplit_once('-').map_or("", |(project, _)| project);
    let project = text(fields, &["project", "key"])
        .filter(|key| project_key(key))
        .unwrap_or(own)
        .to_uppercase();
    if home.identity == Identity::Native && id(record, &["id"]).is_none() {
        return Err("not an issue: no id".to_owned());
    }
    let security = people::security(fields);
    let mut issue = Issue {
        home,
        told,
        record,
        fields,
        key,
        project,
        security,
        changes: Vec::new(),
    };
    if home.identity == Identity::Key {
        issue.project();
    }
    issue.issue();
    for comment in issue.comments() {
        issue.comment(comment);
    }
    Ok(issue.changes)
}

/// The native id under which a document is identified, by its kind and Jira's id.
pub(crate) fn native(kind: DocumentKind, id: &str) -> String {
    format!("{}:{id}", kind.as_str())
}

/// A text in either markup; absent text is empty.
fn body(value: Option<&Value>) -> Body {
    match value {
        Some(Value::String(text)) => Body {
            markup: Markup::JiraWiki,
            text: text.clone(),
        },
        Some(document @ Value::Object(_)) => Body {
            markup: Markup::Adf,
            text: document.to_string(),
        },
        Some(_) | None => Body {
            markup: Markup::JiraWiki,
            text: String::new(),
        },
    }
}

impl<'r> Issue<'r> {
    fn key(&self) -> Key {
        Key::jira_issue(&self.home.site, &self.key)
    }

    fn project_key(&self) -> Key {
        Key::jira_project(&self.home.site, &self.project)
    }

    fn url(&self) -> Option<String> {
        self.home
            .base
            .as_ref()
            .map(|base| format!("{base}/browse/{}", self.key))
    }

    fn title(&self) -> &'r str {
        text(self.fields, &["summary"]).unwrap_or("(no summary)")
    }

    /// The account of the user under `path`, told once.
    fn account(&mut self, user: Option<&Value>) -> Option<AccountId> {
        let account = people::account(self.home.source, &self.home.site, user?)?;
        Some(self.told.account(&mut self.changes, account))
    }

    /// The label of the issue, or of a comment restricted to `visibility`.
    fn label(&mut self, visibility: Option<&Restriction>) -> AccessId {
        match (self.home.rule)(&self.project_key(), [self.security.as_ref(), visibility]) {
            Some(rule) => self.told.rule(&mut self.changes, rule),
            None => AccessId::common(self.home.source),
        }
    }

    /// A document under construction: identified by the native id of `value`, or else by its key.
    fn draft(&self, kind: DocumentKind, key: Key, access: AccessId, value: &Value) -> Draft {
        let draft = Draft::new(self.home.source, kind, key, access);
        match (self.home.identity, id(value, &["id"])) {
            (Identity::Native, Some(id)) => draft.native(&native(kind, &id)),
            (Identity::Native | Identity::Key, _) => draft,
        }
    }

    /// The keys that the issue had before it moved, as its history tells.
    fn former(&self) -> Vec<String> {
        let items = list(self.record, &["changelog", "histories"])
            .iter()
            .flat_map(|history| list(history, &["items"]));
        let moves = items.filter(|item| text(item, &["field"]) == Some("Key"));
        let mut keys: Vec<String> = moves.filter_map(|item| issue_key(item, &["fromString"])).collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| *key != self.key);
        keys.truncate(FORMER);
        keys
    }

    fn project(&mut self) {
        let key = self.project_key();
        if self.told.first(key.as_str()) {
            let name = text(self.fields, &["project", "name"]).unwrap_or(&self.project);
            let project = Draft::new(
                self.home.source,
                DocumentKind::Project,
                key,
                AccessId::common(self.home.source),
            )
            .title(name)
            .aliases([self.project.clone()])
            .url(
                self.home
                    .base
                    .as_ref()
                    .map(|base| format!("{base}/browse/{}", self.project)),
            );
            self.changes.push(project.upsert());
        }
    }

    fn issue(&mut self) {
        let fields = self.fields;
        let reporter = self.account(at(fields, &["reporter"]));
        let creator = self.account(at(fields, &["creator"]));
        let assignee = self.account(at(fields, &["assignee"]));
        let access = self.label(None);
        let mut draft = self
            .draft(DocumentKind::Issue, self.key(), access, self.record)
            .title(self.title())
            .aliases([self.key.clone()].into_iter().chain(self.former()))
            .body(body(at(fields, &["description"])))
            .url(self.url())
            .times(time(fields, &["created"]), time(fields, &["updated"]))
            .part_of(self.project_key(), "jira.project");
        draft = match (reporter, creator) {
            (Some(reporter), creator) => {
                let other = creator.filter(|creator| *creator != reporter);
                let draft = draft.author(Some(reporter), "jira.reporter");
                other.into_iter().fold(draft, |draft, creator| {
                    draft.back_link(EdgeKind::Authored, creator, "jira.creator")
                })
            }
            (None, creator) => draft.author(creator, "jira.creator"),
        };
        let site = (self.home.source, self.home.site.as_str());
        let (past, since) = assignments(site, self.record, time(fields, &["created"]));
        if let Some(assignee) = assignee {
            draft = draft.edge(Link {
                kind: EdgeKind::Assigned,
                target: assignee,
                inverse: false,
                rule: "jira.assignee".to_owned(),
                at: since,
                until: None,
                also: None,
            });
        }
        let former = former_links(&self.home.site, self.record);
        let draft = self
            .fill(draft)
            .edges(edges(&self.home.site, fields))
            .edges(past)
            .edges(former);
        self.changes.push(draft.upsert());
    }

    /// The fields to filter by.
    fn fill(&self, draft: Draft) -> Draft {
        let fields = self.fields;
        let one = |path: &[&str]| text(fields, path).map(str::to_owned);
        let labels = names(list(fields, &["labels"]), "name")
            .into_iter()
            .chain(names(list(fields, &["components"]), "name"));
        draft
            .field("state", one(&["status", "name"]))
            .field("type", one(&["issuetype", "name"]))
            .field("priority", one(&["priority", "name"]))
            .field("resolution", one(&["resolution", "name"]))
            .field("label", labels)
            .field("sprint", sprints(fields))
            .field("fix_version", names(list(fields, &["fixVersions"]), "name"))
            .field("assignee", one(&["assignee", "displayName"]))
            .field("reporter", one(&["reporter", "displayName"]))
            .field("remote_link", remote(self.record))
    }

    fn comments(&self) -> &'r [Value] {
        let wrapped = list(self.fields, &["comment", "comments"]);
        if wrapped.is_empty() {
            list(self.fields, &["comment"])
        } else {
            wrapped
        }
    }

    fn comment(&mut self, comment: &Value) {
        let Some(number) = id(comment, &["id"]) else { return };
        let author = self.account(at(comment, &["author"]));
        let visibility = people::visibility(comment);
        let access = self.label(visibility.as_ref());
        let key = Key::jira_comment(&self.home.site, &self.key, &number);
        let draft = self
            .draft(DocumentKind::Comment, key, access, comment)
            .title(&format!("Comment on {}: {}", self.key, self.title()))
            .body(body(at(comment, &["body"])))
            .url(self.url().map(|url| format!("{url}?focusedCommentId={number}")))
            .times(time(comment, &["created"]), time(comment, &["updated"]))
            .container(self.project_key())
            .link(EdgeKind::PartOf, self.key(), "jira.comment")
            .author(author, "jira.comment.author");
        self.changes.push(draft.upsert());
    }
}
