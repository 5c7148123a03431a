//! Jira's records as its REST API writes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::{Attachment, Change, Comment, Issue, LINKS, Project, Sprint};
use crate::provider::Provider;
use crate::provider::state::State;
use crate::provider::time::jira;
use crate::provider::world::CLOUD;

/// The custom field that holds sprints.
pub(crate) const SPRINT_FIELD: &str = "customfield_10020";

/// Which fields of an issue are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    all: bool,
    names: BTreeSet<String>,
    not: BTreeSet<String>,
}

impl Fields {
    pub(crate) fn all() -> Self {
        Self::named(&["*all".to_owned()])
    }

    /// By the words of the parameter: names, `*all`, `*navigable`, and names after a minus that are left out.
    pub(crate) fn named(words: &[String]) -> Self {
        let all = words.iter().any(|word| word == "*all" || word == "*navigable");
        let not: BTreeSet<String> = words
            .iter()
            .filter_map(|word| Some(word.strip_prefix('-')?.to_owned()))
            .collect();
        Self {
            all: all || (!not.is_empty() && not.len() == words.len()),
            names: words.iter().cloned().collect(),
            not,
        }
    }

    fn wants(&self, name: &str) -> bool {
        (self.all || self.names.contains(name)) && !self.not.contains(name)
    }

    /// Whether only ids and keys are asked for, of which a page may have many.
    pub(crate) fn plain(&self) -> bool {
        !self.all && self.names.iter().all(|name| name == "id" || name == "key")
    }

    /// Whether nothing but the id is.
    pub(crate) fn only_id(&self) -> bool {
        self.plain() && !self.names.contains("key")
    }
}

/// Writes records for one who asks; nobody asks for webhooks.
pub(crate) struct Writer<'a> {
    pub(crate) state: &'a State,
    reader: Option<usize>,
    base: String,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(state: &'a State, reader: Option<usize>) -> Self {
        Self {
            state,
            reader,
            base: format!("{}/ex/jira/{CLOUD}/rest/api/3", state.addresses.atlassian),
        }
    }

    fn sees(&self, issue: &Issue) -> bool {
        self.reader
            .is_none_or(|person| self.state.world.jira.sees(person, issue))
    }

    pub(crate) fn user(&self, person: usize) -> Value {
        let person = &self.state.world.people[person];
        let picture = "https://secure.gravatar.com/avatar/0";
        let mut value = json!({
            "self": format!("{}/user?accountId={}", self.base, person.atlassian_id), "accountId": person.atlassian_id,
            "accountType": "atlassian", "active": true, "displayName": person.name, "timeZone": person.zone,
            "avatarUrls": { "16x16": picture, "24x24": picture, "32x32": picture, "48x48": picture },
        });
        // Webhooks never tell addresses.
        if self.reader.is_some() && person.shows(Provider::Jira) {
            value["emailAddress"] = json!(person.email);
        }
        value
    }

    pub(crate) fn project(&self, project: &Project) -> Value {
        json!({
            "self": format!("{}/project/{}", self.base, project.id), "id": project.id.to_string(), "key": project.key,
            "name": project.name, "projectTypeKey": "software", "simplified": false, "style": "classic", "isPrivate": false,
            "avatarUrls": { "48x48": "https://acme.atlassian.net/avatar" }, "properties": {},
        })
    }

    fn status(&self, name: &str) -> Value {
        let (id, key, colour) = match name {
            "Done" => ("10002", "done", "green"),
            "In Progress" => ("10001", "indeterminate", "yellow"),
            _ => ("10000", "new", "blue-gray"),
        };
        json!({ "self": format!("{}/status/{id}", self.base), "id": id, "name": name, "description": "", "iconUrl": "",
            "statusCategory": { "self": format!("{}/statuscategory/2", self.base), "id": 2, "key": key, "colorName": colour, "name": name } })
    }

    fn kind(&self, name: &str) -> Value {
        json!({ "self": format!("{}/issuetype/1", self.base), "id": "1", "name": name, "description": "", "iconUrl": "",
            "subtask": name == "Sub-task", "hierarchyLevel": i32::from(name != "Sub-task") - 1 })
    }

    /// An issue as other issues name it.
    fn brief(&self, issue: &Issue) -> Value {
        json!({ "id": issue.id.to_string(), "key": issue.key, "self": format!("{}/issue/{}", self.base, issue.id),
            "fields": { "summary": issue.summary, "status": self.status(issue.status), "issuetype": self.kind(issue.kind) } })
    }

    pub(crate) fn issue(&self, issue: &Issue, fields: &Fields) -> Value {
        if fields.only_id() {
            return json!({ "id": issue.id.to_string() });
        }
        let mut value = json!({ "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": issue.id.to_string(), "self": format!("{}/issue/{}", self.base, issue.id), "key": issue.key });
        if fields.plain() {
            return value;
        }
        let whole = self.fields(issue);
        let chosen = whole
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| fields.wants(name));
        value["fields"] = Value::Object(chosen.map(|(name, value)| (name.clone(), value.clone())).collect());
        value
    }

    fn fields(&self, issue: &Issue) -> Value {
        let jira_world = &self.state.world.jira;
        let person = |person: Option<usize>| person.map(|person| self.user(person));
        let level = issue
            .level
            .and_then(|id| jira_world.levels.iter().find(|one| one.id == id));
        let level = level.map(|one| {
            json!({ "self": format!("{}/securitylevel/{}", self.base, one.id), "id": one.id.to_string(),
            "name": one.name, "description": "" })
        });
        let parent = issue
            .parent
            .and_then(|id| jira_world.issues.get(&id))
            .filter(|one| self.sees(one));
        let below = jira_world
            .issues
            .values()
            .filter(|one| one.parent == Some(issue.id) && self.sees(one));
        let sprint = issue
            .sprint
            .and_then(|id| jira_world.sprints.iter().find(|one| one.id == id));
        let comments: Vec<Value> = self.readable(issue).map(|one| self.comment(issue, one)).collect();
        let attachments: Vec<Value> = issue.attachments.iter().map(|one| self.attachment(one)).collect();
        json!({
            "summary": issue.summary, "description": issue.description, "environment": null, "issuetype": self.kind(issue.kind),
            "status": self.status(issue.status), "project": jira_world.project(issue.project).map(|one| self.project(one)),
            "labels": issue.labels, "components": [], "fixVersions": [], "versions": [], "reporter": self.user(issue.reporter),
            "creator": self.user(issue.reporter), "assignee": person(issue.assignee), "created": jira(issue.created),
            "updated": jira(issue.updated), "resolutiondate": issue.resolved.map(jira), "duedate": null,
            "resolution": issue.resolved.map(|_| json!({ "id": "10000", "name": "Done", "description": "" })),
            "priority": { "self": format!("{}/priority/3", self.base), "id": "3", "name": "Medium", "iconUrl": "" },
            "security": level, "parent": parent.map(|one| self.brief(one)),
            "subtasks": below.map(|one| self.brief(one)).collect::<Vec<_>>(), "issuelinks": self.links(issue),
            "attachment": attachments, SPRINT_FIELD: sprint.map(|one| json!([self.sprint(one)])),
            "comment": { "comments": comments, "self": format!("{}/issue/{}/comment", self.base, issue.id),
                "maxResults": comments.len(), "total": comments.len(), "startAt": 0 },
            "worklog": { "startAt": 0, "maxResults": 20, "total": 0, "worklogs": [] },
            "watches": { "self": format!("{}/issue/{}/watchers", self.base, issue.key), "watchCount": 1, "isWatching": false },
        })
    }

    /// The comments that the reader may read.
    pub(crate) fn readable<'b>(&'b self, issue: &'b Issue) -> impl Iterator<Item = &'b Comment> {
        let reads = |one: &&Comment| {
            self.reader
                .is_none_or(|person| self.state.world.jira.reads(person, one))
        };
        issue.comments.iter().filter(reads)
    }

    fn links(&self, issue: &Issue) -> Vec<Value> {
        let all = &self.state.world.jira.issues;
        let kind = |at: usize| {
            let (name, inward, outward) = LINKS[at];
            json!({ "id": (10_000 + at).to_string(), "name": name, "inward": inward, "outward": outward,
                "self": format!("{}/issueLinkType/{}", self.base, 10_000 + at) })
        };
        let row = |id: u64, at: usize, (side, other): (&str, &Issue)| json!({ "id": id.to_string(), "self": format!("{}/issueLink/{id}", self.base), "type": kind(at), side: self.brief(other) });
        let out = issue.links.iter().filter_map(|(id, at, to)| {
            let other = all.get(to).filter(|other| self.sees(other))?;
            Some(row(*id, *at, ("outwardIssue", other)))
        });
        let inward = all.values().filter(|other| self.sees(other)).flat_map(|other| {
            let own = other.links.iter().filter(|(_, _, to)| *to == issue.id);
            own.map(move |(id, at, _)| (*id, *at, other))
        });
        out.chain(inward.map(|(id, at, other)| row(id, at, ("inwardIssue", other))))
            .collect()
    }

    pub(crate) fn comment(&self, issue: &Issue, comment: &Comment) -> Value {
        let mut value = json!({
            "self": format!("{}/issue/{}/comment/{}", self.base, issue.id, comment.id), "id": comment.id.to_string(),
            "author": self.user(comment.author), "updateAuthor": self.user(comment.author), "body": comment.body,
            "created": jira(comment.created), "updated": jira(comment.updated), "jsdPublic": true,
        });
        if let Some(group) = comment.group.map(|at| &self.state.world.jira.groups[at]) {
            value["visibility"] = json!({ "type": "group", "value": group.name, "identifier": group.id });
        }
        value
    }

    pub(crate) fn change(&self, change: &Change) -> Value {
        json!({ "id": change.id.to_string(), "author": self.user(change.author), "created": jira(change.at),
            "items": [{ "field": change.field, "fieldtype": "jira", "fieldId": change.field, "from": change.from,
                "fromString": change.from, "to": change.to, "toString": change.to }] })
    }

    fn attachment(&self, one: &Attachment) -> Value {
        json!({ "self": format!("{}/attachment/{}", self.base, one.id), "id": one.id.to_string(), "filename": one.name,
            "author": self.user(one.author), "created": jira(one.created), "size": 2460, "mimeType": "text/plain",
            "content": format!("{}/attachment/content/{}", self.base, one.id) })
    }

    pub(crate) fn sprint(&self, sprint: &Sprint) -> Value {
        let end = sprint.start + 14 * crate::provider::time::DAY;
        let mut value = json!({ "id": sprint.id, "self": format!("{}/sprint/{}", self.base, sprint.id), "name": sprint.name,
            "state": sprint.state, "boardId": sprint.board, "originBoardId": sprint.board, "goal": "",
            "startDate": crate::provider::time::millis(sprint.start), "endDate": crate::provider::time::millis(end) });
        if sprint.state == "closed" {
            value["completeDate"] = json!(crate::provider::time::millis(end));
        }
        value
    }
}
