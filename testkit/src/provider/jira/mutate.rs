//! Changes at Jira.

use super::generate;
use super::model::Change;
use crate::provider::mutation::{Changed, Event, Mutation, toggle};
use crate::provider::prose::title;
use crate::provider::seed::Rng;
use crate::provider::world::{SITE, World};

const SELF: crate::provider::Provider = crate::provider::Provider::Jira;

pub(crate) fn apply(world: &mut World, rng: &mut Rng, mutation: Mutation) -> Option<Changed> {
    let at = rng.below(world.jira.projects.len());
    let ids: Vec<u64> = world.jira.issues.keys().copied().collect();
    let issue = rng.choose(&ids);
    match mutation {
        Mutation::Create(_) => create(world, rng, at, issue),
        Mutation::Edit(_) => edit(world, rng, issue?),
        Mutation::Delete(_) => delete(world, rng, issue?),
        Mutation::Move(_) => change_project(world, rng, issue?),
        Mutation::Rename(_) => Some(rename(world, rng, at)),
        Mutation::Permission(_) => permission(world, rng, at, issue?),
        Mutation::State(_) => {
            generate::transition(world, rng, issue?)?;
            changed(world, mutation, ("jira:issue_updated", issue?))
        }
        Mutation::RenamePerson | Mutation::LateReply => None,
    }
}

fn changed(world: &World, mutation: Mutation, (event, id): (&'static str, u64)) -> Option<Changed> {
    let issue = world.jira.issues.get(&id)?;
    let event = Event::Jira(event, id, issue.key.clone());
    Some(Changed::new(mutation, format!("jira:{SITE}/{}", issue.key), event))
}

fn create(world: &mut World, rng: &mut Rng, at: usize, issue: Option<u64>) -> Option<Changed> {
    let mutation = Mutation::Create(SELF);
    if let Some(issue) = issue.filter(|_| rng.chance(400)) {
        generate::comment(world, rng, issue)?;
        changed(world, mutation, ("comment_created", issue))
    } else {
        let id = generate::issue(world, rng, at);
        changed(world, mutation, ("jira:issue_created", id))
    }
}

fn edit(world: &mut World, rng: &mut Rng, id: u64) -> Option<Changed> {
    let (change, now) = (world.id(), world.now);
    let words = title(rng);
    let author = rng.below(world.people.len());
    let issue = world.jira.change(id, now)?;
    issue.updated = now;
    let event = match issue.comments.last_mut() {
        Some(comment) if rng.chance(400) => {
            comment.body = crate::provider::prose::adf(&[crate::provider::prose::Piece::Words(words)]);
            comment.updated = now;
            "comment_updated"
        }
        _ => {
            let from = std::mem::replace(&mut issue.summary, words.clone());
            issue.changes.push(Change {
                id: change,
                author,
                at: now,
                field: "summary",
                from,
                to: words,
            });
            "jira:issue_updated"
        }
    };
    changed(world, Mutation::Edit(SELF), (event, id))
}

/// A deleted comment leaves `updated` as it was.
fn delete(world: &mut World, rng: &mut Rng, id: u64) -> Option<Changed> {
    let now = world.now;
    if rng.chance(400) {
        let comment = world.jira.change(id, now)?.comments.pop()?;
        let changed = changed(world, Mutation::Delete(SELF), ("comment_deleted", id))?;
        return Some(changed.gone(Some(comment.id)));
    }
    let told = changed(world, Mutation::Delete(SELF), ("jira:issue_deleted", id));
    let issue = world.jira.issues.remove(&id)?;
    for other in world.jira.issues.values_mut() {
        other.links.retain(|(_, _, to)| *to != id);
        other.parent = other.parent.filter(|parent| *parent != id);
    }
    world.jira.ghosts.push((now, issue));
    told
}

/// An issue gets a new key in another project and keeps its id. The old key still finds it.
fn change_project(world: &mut World, rng: &mut Rng, id: u64) -> Option<Changed> {
    let own = world.jira.issues.get(&id)?.project;
    let others: Vec<usize> = (0..world.jira.projects.len())
        .filter(|at| world.jira.projects[*at].id != own)
        .collect();
    let project = &mut world.jira.projects[rng.choose(&others)?];
    project.last_number += 1;
    let (key, to) = (format!("{}-{}", project.key, project.last_number), project.id);
    let (change, now) = (world.id(), world.now);
    let issue = world.jira.change(id, now)?;
    let old = std::mem::replace(&mut issue.key, key.clone());
    issue.changes.push(Change {
        id: change,
        author: issue.reporter,
        at: now,
        field: "Key",
        from: old.clone(),
        to: key,
    });
    issue.project = to;
    issue.parent = None;
    issue.sprint = None;
    issue.updated = now;
    issue.old_keys.push(old.clone());
    let changed = changed(world, Mutation::Move(SELF), ("jira:issue_updated", id))?;
    Some(changed.was(format!("jira:{SITE}/{old}")))
}

/// A project gets another key, and its issues with it. None of them counts as changed.
fn rename(world: &mut World, rng: &mut Rng, at: usize) -> Changed {
    let project = &mut world.jira.projects[at];
    let stem: String = project.key.chars().take(2).collect();
    let key = format!("{stem}{}", rng.between(10, 9999));
    let old = std::mem::replace(&mut project.key, key.clone());
    project.old_keys.push(old.clone());
    let (id, after) = (project.id, format!("jira:{SITE}/{key}"));
    for issue in world.jira.issues.values_mut().filter(|issue| issue.project == id) {
        let number = issue.key.rsplit('-').next().unwrap_or_default().to_owned();
        let before = std::mem::replace(&mut issue.key, format!("{key}-{number}"));
        issue.old_keys.push(before);
    }
    let changed = Changed::new(Mutation::Rename(SELF), after, Event::Silent);
    changed.was(format!("jira:{SITE}/{old}"))
}

fn permission(world: &mut World, rng: &mut Rng, at: usize, id: u64) -> Option<Changed> {
    let mutation = Mutation::Permission(SELF);
    let (person, now) = (rng.below(world.people.len()), world.now);
    if rng.chance(500) {
        let project = &mut world.jira.projects[at];
        toggle(&mut project.people, person);
        if rng.chance(300) {
            toggle(&mut project.browse, 1);
        }
        let key = format!("jira:{SITE}/{}", project.key);
        return Some(Changed::new(mutation, key, Event::Silent));
    }
    let levels: Vec<u64> = world.jira.levels.iter().map(|level| level.id).collect();
    let issue = world.jira.change(id, now)?;
    issue.level = if issue.level.is_some() {
        None
    } else {
        rng.choose(&levels)
    };
    issue.updated = now;
    changed(world, mutation, ("jira:issue_updated", id))
}
