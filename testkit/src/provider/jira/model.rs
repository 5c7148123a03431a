//! What Jira knows of the organisation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::provider::prose::Target;

#[derive(Debug, Clone)]
pub(crate) struct Jira {
    /// Groups, which Confluence shares.
    pub(crate) groups: Vec<Group>,
    pub(crate) projects: Vec<Project>,
    pub(crate) issues: BTreeMap<u64, Issue>,
    pub(crate) sprints: Vec<Sprint>,
    pub(crate) levels: Vec<Level>,
    /// Deleted issues and when they were: the search index forgets them later.
    pub(crate) ghosts: Vec<(i64, Issue)>,
    /// Webhooks that the application made, by id.
    pub(crate) hooks: BTreeMap<u64, Hook>,
}

/// A webhook that the application made.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) filter: String,
    pub(crate) events: Vec<String>,
    pub(crate) ends: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) members: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) old_keys: Vec<String>,
    pub(crate) name: String,
    pub(crate) lead: usize,
    pub(crate) archived: bool,
    /// The groups, by number, that may browse it.
    pub(crate) browse: BTreeSet<usize>,
    /// Single people who may.
    pub(crate) people: BTreeSet<usize>,
    pub(crate) last_number: u64,
}

/// A security level: only its members see an issue that has it.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) members: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Sprint {
    pub(crate) id: u64,
    pub(crate) board: u64,
    pub(crate) project: u64,
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) start: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) project: u64,
    pub(crate) key: String,
    pub(crate) old_keys: Vec<String>,
    pub(crate) summary: String,
    pub(crate) description: Option<Value>,
    pub(crate) kind: &'static str,
    pub(crate) status: &'static str,
    pub(crate) labels: Vec<String>,
    pub(crate) reporter: usize,
    pub(crate) assignee: Option<usize>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) resolved: Option<i64>,
    pub(crate) level: Option<u64>,
    pub(crate) parent: Option<u64>,
    pub(crate) sprint: Option<u64>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) changes: Vec<Change>,
    /// Ids of links, their types by number, and the issues that they lead to.
    pub(crate) links: Vec<(u64, usize, u64)>,
    pub(crate) remote: Vec<Remote>,
    pub(crate) attachments: Vec<Attachment>,
    /// When it last changed, and how it was before: what a search index that lags still holds.
    pub(crate) changed: i64,
    pub(crate) before: Option<Box<Issue>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: usize,
    pub(crate) body: Value,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// The group, by number, that alone may read it.
    pub(crate) group: Option<usize>,
}

/// An entry of the changelog.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) id: u64,
    pub(crate) author: usize,
    pub(crate) at: i64,
    pub(crate) field: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) title: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) author: usize,
    pub(crate) created: i64,
}

/// The types of links: name, inward, outward.
pub(crate) const LINKS: [(&str, &str, &str); 3] = [
    ("Blocks", "is blocked by", "blocks"),
    ("Duplicate", "is duplicated by", "duplicates"),
    ("Relates", "relates to", "relates to"),
];

impl Jira {
    pub(crate) fn project(&self, id: u64) -> Option<&Project> {
        self.projects.iter().find(|one| one.id == id)
    }

    /// The project that text names by id, key or old key, in any case.
    pub(crate) fn named(&self, text: &str) -> Option<&Project> {
        let own = |key: &str| key.eq_ignore_ascii_case(text);
        self.projects
            .iter()
            .find(|one| own(&one.key) || one.id.to_string() == text)
            .or_else(|| self.projects.iter().find(|one| one.old_keys.iter().any(|key| own(key))))
    }

    /// The issue that text names by id, key or old key.
    pub(crate) fn find(&self, text: &str) -> Option<&Issue> {
        if let Ok(id) = text.parse() {
            return self.issues.get(&id);
        }
        let own = |key: &String| key.eq_ignore_ascii_case(text);
        let by_key = self.issues.values().find(|issue| own(&issue.key));
        by_key.or_else(|| self.issues.values().find(|issue| issue.old_keys.iter().any(own)))
    }

    pub(crate) fn browses(&self, person: usize, project: &Project) -> bool {
        let member = |group: &usize| self.groups[*group].members.contains(&person);
        project.people.contains(&person) || project.browse.iter().any(member)
    }

    pub(crate) fn sees(&self, person: usize, issue: &Issue) -> bool {
        let project = self.project(issue.project);
        let level = issue.level.and_then(|id| self.levels.iter().find(|one| one.id == id));
        project.is_some_and(|project| self.browses(person, project))
            && level.is_none_or(|level| level.members.contains(&person))
    }

    pub(crate) fn reads(&self, person: usize, comment: &Comment) -> bool {
        comment
            .group
            .is_none_or(|group| self.groups[group].members.contains(&person))
    }

    /// Note how an issue is before it changes, and when it does.
    pub(crate) fn change(&mut self, id: u64, now: i64) -> Option<&mut Issue> {
        let issue = self.issues.get_mut(&id)?;
        issue.before = None;
        issue.before = Some(Box::new(issue.clone()));
        issue.changed = now;
        Some(issue)
    }

    /// What the search index holds, when it lags by some milliseconds.
    pub(crate) fn indexed(&self, now: i64, lag: i64) -> Vec<&Issue> {
        let fresh = |at: i64| now - at < lag;
        let live = self.issues.values().filter_map(|issue| {
            if fresh(issue.changed) {
                issue.before.as_deref()
            } else {
                Some(issue)
            }
        });
        let ghosts = self.ghosts.iter().filter(|(at, _)| fresh(*at)).map(|(_, issue)| issue);
        let archived = |issue: &&Issue| self.project(issue.project).is_none_or(|project| !project.archived);
        live.chain(ghosts).filter(archived).collect()
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        self.issues
            .values()
            .map(|issue| Target::Issue(issue.key.clone()))
            .collect()
    }

    pub(crate) fn readable(&self, person: usize) -> Vec<String> {
        let seen = self.issues.values().filter(|issue| self.sees(person, issue));
        let live = seen.filter(|issue| self.project(issue.project).is_some_and(|project| !project.archived));
        live.map(|issue| Target::Issue(issue.key.clone()).key()).collect()
    }
}
