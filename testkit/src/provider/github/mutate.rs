//! Changes at GitHub.

use super::deeds::What;
use super::generate;
use super::model::{Item, Role, Visibility};
use crate::provider::mutation::{Changed, Event, Mutation};
use crate::provider::prose::title;
use crate::provider::seed::Rng;
use crate::provider::world::World;

pub(crate) fn apply(world: &mut World, rng: &mut Rng, mutation: Mutation) -> Option<Changed> {
    let at = rng.below(world.github.repositories.len());
    match mutation {
        Mutation::Create(_) => create(world, rng, at),
        Mutation::Edit(_) => edit(world, rng, at),
        Mutation::Delete(_) => delete(world, rng, at),
        Mutation::Move(_) => transfer(world, rng, at),
        Mutation::Rename(_) => Some(rename(world, rng, at)),
        Mutation::RenamePerson => {
            let person = rng.below(world.people.len());
            let before = world.people[person].github_login.clone();
            let login = format!("{}-{}", before.split('-').next().unwrap_or("dev"), rng.hex(4));
            world.people[person].github_login.clone_from(&login);
            let changed = Changed::new(mutation, format!("account:github/{login}"), Event::Silent);
            Some(changed.was(format!("account:github/{before}")))
        }
        Mutation::Permission(_) => Some(permission(world, rng, at)),
        Mutation::State(_) => state(world, rng, at),
        Mutation::LateReply => None,
    }
}

fn changed(world: &World, at: usize, mutation: Mutation, told: (&'static str, &'static str, Option<u64>)) -> Changed {
    let repository = &world.github.repositories[at];
    let key = match told.2 {
        Some(number) => format!("github:{}#{number}", repository.full_name()),
        None => format!("repo:{}", repository.full_name()),
    };
    Changed::new(mutation, key, Event::GitHub(told.0, told.1, repository.id, told.2))
}

const SELF: crate::provider::Provider = crate::provider::Provider::GitHub;

fn create(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let mutation = Mutation::Create(SELF);
    Some(match rng.below(5) {
        0 => {
            let number = generate::item(world, rng, at, false);
            changed(world, at, mutation, ("issues", "opened", Some(number)))
        }
        1 => {
            let number = generate::item(world, rng, at, true);
            changed(world, at, mutation, ("pull_request", "opened", Some(number)))
        }
        2 => {
            let number = generate::discussion(world, rng, at);
            changed(world, at, mutation, ("discussion", "created", Some(number)))
        }
        3 => {
            generate::commit(world, rng, at, None);
            changed(world, at, mutation, ("push", "", None))
        }
        _ => {
            let number = some(world, rng, at)?;
            let from = format!("github:{}#{number}", world.github.repositories[at].full_name());
            let comment = generate::comment(world, rng, at, &from);
            let item = touch(world, at, number)?;
            item.comments.push(comment);
            changed(world, at, mutation, ("issue_comment", "created", Some(number)))
        }
    })
}

/// The number of some issue or pull request.
fn some(world: &World, rng: &mut Rng, at: usize) -> Option<u64> {
    let numbers: Vec<u64> = world.github.repositories[at].items.keys().copied().collect();
    rng.choose(&numbers)
}

/// An item, changed now.
fn touch(world: &mut World, at: usize, number: u64) -> Option<&mut Item> {
    let now = world.now;
    let item = world.github.repositories[at].items.get_mut(&number)?;
    item.updated = now;
    Some(item)
}

fn edit(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let number = some(world, rng, at)?;
    let now = world.now;
    let words = title(rng);
    let item = touch(world, at, number)?;
    let event = if item.pull.is_some() { "pull_request" } else { "issues" };
    let told = match item.comments.last_mut() {
        Some(comment) if rng.chance(400) => {
            comment.body = format!("{words} (edited)");
            comment.updated = now;
            ("issue_comment", "edited", Some(number))
        }
        _ => {
            item.title = words;
            (event, "edited", Some(number))
        }
    };
    Some(changed(world, at, Mutation::Edit(SELF), told))
}

fn delete(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let number = some(world, rng, at)?;
    let item = world.github.repositories[at].items.get_mut(&number)?;
    // A deleted comment moves nothing else: its issue looks as it did.
    let comment = item.comments.pop().map(|comment| comment.id);
    let told = if comment.is_some() {
        ("issue_comment", "deleted", Some(number))
    } else if item.pull.is_some() {
        // Pull requests cannot be deleted.
        return None;
    } else {
        let repository = &mut world.github.repositories[at];
        repository.items.remove(&number);
        repository.gone.insert(number, None);
        ("issues", "deleted", Some(number))
    };
    Some(changed(world, at, Mutation::Delete(SELF), told).gone(comment))
}

/// An issue moves to another repository, under a new number and with a new id.
fn transfer(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let issues: Vec<u64> = {
        let all = world.github.repositories[at].items.values();
        all.filter(|item| item.pull.is_none()).map(|item| item.number).collect()
    };
    let number = rng.choose(&issues)?;
    let to = (at + 1) % world.github.repositories.len();
    if to == at {
        return None;
    }
    let before = changed(world, at, Mutation::Move(SELF), ("issues", "transferred", Some(number)));
    let (id, now) = (world.id(), world.now);
    let mut item = world.github.repositories[at].items.remove(&number)?;
    let target = &mut world.github.repositories[to];
    let new = target.number();
    item.id = id;
    item.number = new;
    item.updated = now;
    item.labels.clear();
    item.milestone = None;
    item.deeds.retain(|deed| matches!(deed.what, What::Assigned(_)));
    target.items.insert(new, item);
    let place = (target.id, new);
    world.github.repositories[at].gone.insert(number, Some(place));
    let mut after = changed(world, to, Mutation::Move(SELF), ("issues", "transferred", Some(new)));
    after.event = before.event;
    Some(after.was(before.key))
}

fn rename(world: &mut World, rng: &mut Rng, at: usize) -> Changed {
    let now = world.now;
    let before = changed(world, at, Mutation::Rename(SELF), ("repository", "renamed", None)).key;
    let repository = &mut world.github.repositories[at];
    let old = repository.full_name().to_lowercase();
    let stem = repository.name.split('.').next().unwrap_or("repository").to_owned();
    repository.name = format!("{stem}.{}", rng.hex(4));
    repository.updated = now;
    let id = repository.id;
    world.github.moved.insert(old, id);
    let after = changed(world, at, Mutation::Rename(SELF), ("repository", "renamed", None));
    after.was(before)
}

fn permission(world: &mut World, rng: &mut Rng, at: usize) -> Changed {
    let person = rng.below(world.people.len());
    let role = *rng.pick(&Role::ALL);
    let now = world.now;
    let repository = &mut world.github.repositories[at];
    let told = if rng.chance(400) {
        repository.visibility = match repository.visibility {
            Visibility::Public => Visibility::Private,
            Visibility::Private => Visibility::Internal,
            Visibility::Internal => Visibility::Public,
        };
        repository.updated = now;
        let open = repository.visibility == Visibility::Public;
        ("repository", if open { "publicized" } else { "privatized" }, None)
    } else if repository.collaborators.remove(&person).is_some() {
        ("member", "removed", None)
    } else {
        repository.collaborators.insert(person, role);
        ("member", "added", None)
    };
    changed(world, at, Mutation::Permission(SELF), told)
}

/// Close, open again, or merge.
fn state(world: &mut World, rng: &mut Rng, at: usize) -> Option<Changed> {
    let number = some(world, rng, at)?;
    let now = world.now;
    let item = touch(world, at, number)?;
    let event = if item.pull.is_some() { "pull_request" } else { "issues" };
    let author = item.author;
    let merged = item.pull.as_ref().is_some_and(|pull| pull.merged.is_some());
    if merged {
        return None;
    }
    let action = if item.closed.take().is_some() {
        "reopened"
    } else {
        "closed"
    };
    if action == "closed" {
        item.closed = Some(now);
        if let Some(pull) = item.pull.as_mut().filter(|_| rng.chance(700)) {
            pull.merged = Some((now, author));
            let repository = &mut world.github.repositories[at];
            repository.pushed = now;
            land(repository, number);
        }
    }
    Some(changed(world, at, Mutation::State(SELF), (event, action, Some(number))))
}

/// The commits of a merged pull request join the default branch, after what is there.
fn land(repository: &mut super::model::Repository, number: u64) {
    let (mut landed, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut repository.commits)
        .into_iter()
        .partition(|commit| commit.branch == Some(number));
    repository.commits = rest;
    for mut commit in landed.drain(..) {
        let main = repository.commits.iter().rev().find(|one| one.branch.is_none());
        commit.parent = main.map(|one| one.sha.clone());
        commit.branch = None;
        repository.commits.push(commit);
    }
}
