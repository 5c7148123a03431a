//! One issue record: the issue, its comments, its project, and the accounts that appear in them.

use domain::{AccessId, AccountId, Body, Change, DocumentKind, EdgeKind, Key, Markup};
use serde_json::Value;

use crate::archive::draft::Draft;
use crate::archive::format::Told;
use crate::archive::jira::Jira;
use crate::archive::jira::links::{edges, issue_key, project_key, remote, sprints};
use crate::archive::jira::people::{self, Restriction};
use crate::archive::json::{at, id, list, names, text, time};

/// An issue on its way.
struct Issue<'r> {
    jira: &'r Jira,
    told: &'r mut Told,
    record: &'r Value,
    fields: &'r Value,
    site: String,
    base: Option<String>,
    key: String,
    project: String,
    security: Option<Restriction>,
    changes: Vec<Change>,
}

/// The changes that an issue record makes.
pub(super) fn convert(jira: &Jira, told: &mut Told, record: &Value) -> Result<Vec<Change>, String> {
    if !record.is_object() {
        return Err("not an issue: no JSON object".to_owned());
    }
    let key = issue_key(record, &["key"]).ok_or("not an issue: no issue key")?;
    let fields = at(record, &["fields"])
        .filter(|fields| fields.is_object())
        .ok_or("not an issue: no fields")?;
    let (site, base) = jira.home(record);
    let own = key.rsplit_once('-').map_or("", |(project, _)| project);
    let project = text(fields, &["project", "key"])
        .filter(|key| project_key(key))
        .unwrap_or(own)
        .to_uppercase();
    let security = people::security(&site, fields);
    let mut issue = Issue {
        jira,
        told,
        record,
        fields,
        site,
        base,
        key,
        project,
        security,
        changes: Vec::new(),
    };
    issue.project();
    issue.issue();
    for comment in issue.comments() {
        issue.comment(comment);
    }
    Ok(issue.changes)
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
        Key::jira_issue(&self.site, &self.key)
    }

    fn project_key(&self) -> Key {
        Key::jira_project(&self.site, &self.project)
    }

    fn url(&self) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/browse/{}", self.key))
    }

    fn title(&self) -> &'r str {
        text(self.fields, &["summary"]).unwrap_or("(no summary)")
    }

    /// The account of the user under `path`, told once.
    fn account(&mut self, user: Option<&Value>) -> Option<AccountId> {
        let account = people::account(&self.jira.source, &self.site, user?)?;
        Some(self.told.account(&mut self.changes, account))
    }

    /// The label of the issue, or of a comment restricted to `visibility`.
    fn label(&mut self, visibility: Option<&Restriction>) -> AccessId {
        match people::label(self.jira, &self.project_key(), self.security.as_ref(), visibility) {
            Some(rule) => self.told.rule(&mut self.changes, rule),
            None => AccessId::common(&self.jira.source),
        }
    }

    fn project(&mut self) {
        let key = self.project_key();
        if self.told.first(key.as_str()) {
            let name = text(self.fields, &["project", "name"]).unwrap_or(&self.project);
            let project = Draft::new(
                &self.jira.source,
                DocumentKind::Project,
                key,
                AccessId::common(&self.jira.source),
            )
            .title(name)
            .aliases([self.project.clone()])
            .url(self.base.as_ref().map(|base| format!("{base}/browse/{}", self.project)));
            self.changes.push(project.upsert());
        }
    }

    fn issue(&mut self) {
        let fields = self.fields;
        let reporter = self.account(at(fields, &["reporter"]));
        let creator = self.account(at(fields, &["creator"]));
        let assignee = self.account(at(fields, &["assignee"]));
        let access = self.label(None);
        let mut draft = Draft::new(&self.jira.source, DocumentKind::Issue, self.key(), access)
            .title(self.title())
            .aliases([self.key.clone()])
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
        if let Some(assignee) = assignee {
            draft = draft.link(EdgeKind::Assigned, assignee, "jira.assignee");
        }
        let draft = self.fill(draft).edges(edges(&self.site, fields));
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
        let visibility = people::visibility(&self.site, comment);
        let access = self.label(visibility.as_ref());
        let key = Key::jira_comment(&self.site, &self.key, &number);
        let draft = Draft::new(&self.jira.source, DocumentKind::Comment, key, access)
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
