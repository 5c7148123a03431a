//! Makes Jira projects and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{Attachment, Change, Comment, Group, Issue, Jira, LINKS, Level, Project, Remote, Sprint};
use crate::provider::github::generate::some_targets;
use crate::provider::organisation::Size;
use crate::provider::people::uuid_like;
use crate::provider::prose::{Target, adf, prose, title};
use crate::provider::seed::Rng;
use crate::provider::time::{DAY, HOUR, MINUTE};
use crate::provider::world::{SITE, World};

const PROJECTS: [(&str, &str); 6] = [
    ("PAY", "Payments"),
    ("OPS", "Operations"),
    ("WEB", "Web"),
    ("DATA", "Data"),
    ("X2", "Experiments"),
    ("SEC", "Security"),
];
pub(crate) const KINDS: [&str; 3] = ["Task", "Bug", "Story"];
pub(crate) const STATUSES: [&str; 3] = ["To Do", "In Progress", "Done"];

/// Groups, projects, security levels and sprints, with no issues yet.
pub(crate) fn containers(world: &mut World, rng: &mut Rng, size: Size) {
    let count = world.people.len();
    let some =
        |rng: &mut Rng, of: u32| -> BTreeSet<usize> { (0..count).filter(|one| *one == 0 || rng.chance(of)).collect() };
    let names = ["jira-users-acme", "engineering", "site-admins"];
    let groups: Vec<Group> = names
        .into_iter()
        .zip([1000, 500, 0])
        .map(|(name, of)| Group {
            id: uuid_like(rng),
            name: name.to_owned(),
            members: some(rng, of)
                .into_iter()
                .filter(|one| !world.people[*one].guest)
                .collect(),
        })
        .collect();
    let levels = ["Staff only", "Board"].map(|name| Level {
        id: world.id(),
        name,
        members: some(rng, 400),
    });
    let projects: Vec<Project> = (0..size.projects).map(|number| project(world, rng, number)).collect();
    let sprints = projects.iter().flat_map(|project| sprints(world, project)).collect();
    world.jira = Jira {
        groups,
        projects,
        issues: BTreeMap::new(),
        sprints,
        levels: levels.to_vec(),
        ghosts: Vec::new(),
        hooks: BTreeMap::new(),
    };
}

fn project(world: &mut World, rng: &mut Rng, number: usize) -> Project {
    let (key, name) = PROJECTS[number % PROJECTS.len()];
    let tail = if number < PROJECTS.len() {
        String::new()
    } else {
        number.to_string()
    };
    Project {
        id: world.id(),
        key: format!("{key}{tail}"),
        old_keys: Vec::new(),
        name: format!("{name} {tail}").trim().to_owned(),
        lead: rng.below(world.people.len()),
        archived: false,
        browse: BTreeSet::from([number % 2]),
        people: BTreeSet::from([rng.below(world.people.len())]),
        last_number: 0,
    }
}

fn sprints(world: &mut World, project: &Project) -> Vec<Sprint> {
    let board = world.id();
    let states = [("closed", -30), ("active", -2), ("future", 12)];
    states
        .into_iter()
        .zip(1..)
        .map(|((state, days), number)| Sprint {
            id: world.id(),
            board,
            project: project.id,
            name: format!("{} Sprint {number}", project.key),
            state,
            start: world.now + days * DAY,
        })
        .collect()
}

fn text(world: &mut World, rng: &mut Rng, key: &str) -> Value {
    let targets = some_targets(world, rng);
    let mentioned = rng.below(world.people.len());
    let person = rng.chance(300).then(|| world.people[mentioned].clone());
    let pieces = prose(rng, &targets, person.as_ref());
    adf(&world.told(&format!("jira:{SITE}/{key}"), pieces))
}

/// The people who may browse a project.
fn browsers(world: &World, project: usize) -> Vec<usize> {
    let project = &world.jira.projects[project];
    let all = 0..world.people.len();
    all.filter(|person| world.jira.browses(*person, project)).collect()
}

/// A new issue in the project at a place in the list. Its id.
pub(crate) fn issue(world: &mut World, rng: &mut Rng, at: usize) -> u64 {
    let (id, now) = (world.id(), world.now);
    let project = &mut world.jira.projects[at];
    project.last_number += 1;
    let (key, project) = (format!("{}-{}", project.key, project.last_number), project.id);
    let able = browsers(world, at);
    let earlier: Vec<u64> = world.jira.issues.keys().copied().collect();
    let kin: Vec<u64> = earlier
        .iter()
        .copied()
        .filter(|one| world.jira.issues[one].project == project && world.jira.issues[one].parent.is_none())
        .collect();
    let other = rng.choose(&earlier).filter(|_| rng.chance(400));
    let links = other
        .map(|other| (world.id(), rng.below(LINKS.len()), other))
        .into_iter()
        .collect();
    let description = text(world, rng, &key);
    let sprints: Vec<u64> = {
        let own = world.jira.sprints.iter().filter(|one| one.project == project);
        own.map(|one| one.id).collect()
    };
    let levels: Vec<u64> = world.jira.levels.iter().map(|one| one.id).collect();
    let mut issue = Issue {
        id,
        project,
        summary: title(rng),
        description: (!rng.chance(100)).then_some(description),
        kind: rng.pick::<&str>(&KINDS),
        status: STATUSES[0],
        labels: if rng.chance(400) {
            vec!["customer".to_owned()]
        } else {
            Vec::new()
        },
        reporter: rng.choose(&able).unwrap_or(0),
        assignee: rng.choose(&able).filter(|_| rng.chance(700)),
        created: now,
        updated: now,
        resolved: None,
        level: rng.choose(&levels).filter(|_| rng.chance(150)),
        parent: rng.choose(&kin).filter(|_| rng.chance(150)),
        sprint: rng.choose(&sprints).filter(|_| rng.chance(400)),
        comments: Vec::new(),
        changes: Vec::new(),
        links,
        remote: Vec::new(),
        attachments: Vec::new(),
        changed: now,
        before: None,
        key,
        old_keys: Vec::new(),
    };
    furnish(world, rng, &mut issue);
    if issue.parent.is_some() {
        issue.kind = "Sub-task";
    }
    world.jira.issues.insert(id, issue);
    id
}

/// A remote link and an attachment, sometimes.
fn furnish(world: &mut World, rng: &mut Rng, issue: &mut Issue) {
    let pulls: Vec<Target> = world
        .targets()
        .into_iter()
        .filter(|target| matches!(target, Target::Item(..) | Target::Page(..)))
        .collect();
    if !pulls.is_empty() && rng.chance(300) {
        let target = rng.pick(&pulls);
        world.references.push(crate::provider::prose::Reference {
            from: format!("jira:{SITE}/{}", issue.key),
            to: target.key(),
        });
        issue.remote.push(Remote {
            id: world.id(),
            url: target.address(),
            title: title(rng),
        });
    }
    if rng.chance(150) {
        issue.attachments.push(Attachment {
            id: world.id(),
            name: "trace.txt".to_owned(),
            author: issue.reporter,
            created: issue.created,
        });
    }
}

/// A comment on an issue by someone who sees it. Its id.
pub(crate) fn comment(world: &mut World, rng: &mut Rng, issue: u64) -> Option<u64> {
    let key = world.jira.issues.get(&issue)?.key.clone();
    let body = text(world, rng, &key);
    let able: Vec<usize> = {
        let issue = world.jira.issues.get(&issue)?;
        let all = 0..world.people.len();
        all.filter(|person| world.jira.sees(*person, issue)).collect()
    };
    let (id, now) = (world.id(), world.now);
    let author = rng.choose(&able).unwrap_or(0);
    let group = rng.chance(150).then_some(1);
    let issue = world.jira.change(issue, now)?;
    issue.updated = now;
    issue.comments.push(Comment {
        id,
        author,
        body,
        created: now,
        updated: now,
        group,
    });
    Some(id)
}

/// An issue moves on to another status.
pub(crate) fn transition(world: &mut World, rng: &mut Rng, issue: u64) -> Option<()> {
    let (id, now) = (world.id(), world.now);
    let to = *rng.pick(&STATUSES);
    let author = rng.below(world.people.len());
    let issue = world.jira.change(issue, now)?;
    let from = issue.status;
    issue.status = to;
    issue.resolved = (to == "Done").then_some(now);
    issue.updated = now;
    issue.changes.push(Change {
        id,
        author,
        at: now,
        field: "status",
        from: from.to_owned(),
        to: to.to_owned(),
    });
    Some(())
}

/// One more thing in some project, some time later.
pub(crate) fn one(world: &mut World, rng: &mut Rng) {
    world.now += rng.between(MINUTE, 3 * HOUR);
    let ids: Vec<u64> = world.jira.issues.keys().copied().collect();
    match (rng.below(8), rng.choose(&ids)) {
        (5 | 6, Some(id)) => {
            comment(world, rng, id);
        }
        (7, Some(id)) => {
            transition(world, rng, id);
        }
        _ => {
            let at = rng.below(world.jira.projects.len());
            issue(world, rng, at);
        }
    }
}
