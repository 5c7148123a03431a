//! Makes repositories and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::deeds::{Deed, What};
use super::model::{
    Changed, Comment, Commit, Discussion, GitHub, Item, Label, Milestone, Pull, Release, Remark, Repository, Review,
    Role, Team, Visibility,
};
use crate::provider::organisation::Size;
use crate::provider::prose::{Target, markdown, prose, title};
use crate::provider::seed::Rng;
use crate::provider::time::{DAY, HOUR, MINUTE};
use crate::provider::world::World;

const NAMES: [&str; 8] = ["api", "web", "ledger", "mobile", "infra", "search", "docs", "tools"];
const LABELS: [&str; 4] = ["bug", "enhancement", "good first issue", "area: billing"];
const PATHS: [&str; 6] = [
    "src/lib.rs",
    "src/payment.rs",
    "web/cart.ts",
    "README.md",
    "docs/größe.md",
    "deploy/eu.yaml",
];

/// Repositories, teams and their members, with nothing in them yet.
pub(crate) fn containers(world: &mut World, rng: &mut Rng, size: Size) {
    let count = world.people.len();
    let guests: BTreeSet<usize> = (0..count).filter(|one| world.people[*one].guest).collect();
    let members: BTreeSet<usize> = (0..count).filter(|one| !guests.contains(one)).collect();
    let some = |rng: &mut Rng| members.iter().copied().filter(|_| rng.chance(500)).collect();
    let parent = world.id();
    let teams = vec![
        Team {
            id: parent,
            slug: "engineering".to_owned(),
            parent: None,
            members: some(rng),
        },
        Team {
            id: world.id(),
            slug: "payments".to_owned(),
            parent: Some(parent),
            members: some(rng),
        },
    ];
    world.github = GitHub {
        id: world.id(),
        owners: members.iter().copied().filter(|one| world.people[*one].admin).collect(),
        members,
        teams,
        repositories: Vec::new(),
        moved: BTreeMap::new(),
    };
    for number in 0..size.repositories {
        let repository = repository(world, rng, number);
        world.github.repositories.push(repository);
    }
}

fn repository(world: &mut World, rng: &mut Rng, number: usize) -> Repository {
    let tail = if number < NAMES.len() {
        String::new()
    } else {
        format!("-{number}")
    };
    let visibility = [Visibility::Private, Visibility::Internal, Visibility::Public][number % 3];
    let mut repository = Repository {
        id: world.id(),
        name: format!("{}{tail}", NAMES[number % NAMES.len()]),
        visibility,
        archived: false,
        created: world.now - 300 * DAY,
        updated: world.now,
        pushed: world.now,
        collaborators: (0..world.people.len())
            .filter_map(|person| Some((person, rng.chance(250).then(|| *rng.pick(&Role::ALL))?)))
            .collect(),
        teams: BTreeMap::new(),
        items: BTreeMap::new(),
        discussions: BTreeMap::new(),
        commits: Vec::new(),
        labels: Vec::new(),
        milestones: Vec::new(),
        releases: Vec::new(),
        gone: BTreeMap::new(),
        last_number: 0,
    };
    for team in &world.github.teams {
        if rng.chance(500) {
            repository.teams.insert(team.id, *rng.pick(&Role::ALL));
        }
    }
    for name in LABELS {
        repository.labels.push(Label {
            id: world.id(),
            name: name.to_owned(),
        });
    }
    repository.milestones.push(Milestone {
        id: world.id(),
        number: 1,
        title: "2.4".to_owned(),
        created: world.now,
        closed: None,
    });
    repository
}

/// Who writes in a repository: someone who may see it.
fn author(world: &World, rng: &mut Rng, at: usize) -> usize {
    let repository = &world.github.repositories[at];
    let able: Vec<usize> = (0..world.people.len())
        .filter(|person| world.github.role(*person, repository).is_some())
        .collect();
    rng.choose(&able).unwrap_or(0)
}

/// Text by someone about some of what there is.
fn text(world: &mut World, rng: &mut Rng, at: usize, from: &str) -> String {
    let targets = some_targets(world, rng);
    let person = rng.choose(&(0..world.people.len()).collect::<Vec<_>>());
    let person = person.filter(|_| rng.chance(300)).map(|one| world.people[one].clone());
    let pieces = prose(rng, &targets, person.as_ref());
    let pieces = world.told(from, pieces);
    markdown(&pieces, &world.github.repositories[at].full_name())
}

/// None to three things to refer to.
pub(crate) fn some_targets(world: &World, rng: &mut Rng) -> Vec<Target> {
    let count = rng.below(4);
    if count == 0 {
        return Vec::new();
    }
    let all = world.targets();
    let count = count.min(all.len());
    (0..count).map(|_| rng.pick(&all).clone()).collect()
}

/// A comment by someone.
pub(crate) fn comment(world: &mut World, rng: &mut Rng, at: usize, from: &str) -> Comment {
    Comment {
        id: world.id(),
        author: author(world, rng, at),
        body: text(world, rng, at, from),
        created: world.now,
        updated: world.now,
    }
}

fn files(rng: &mut Rng) -> Vec<Changed> {
    let count = rng.below(3) + 1;
    let first = rng.below(PATHS.len());
    (0..count)
        .map(|step| Changed {
            path: PATHS[(first + step) % PATHS.len()].to_owned(),
            status: if rng.chance(200) { "added" } else { "modified" },
            additions: rng.next() % 40 + 1,
            deletions: rng.next() % 20,
        })
        .collect()
}

/// A commit, on the default branch or on a pull request's.
pub(crate) fn commit(world: &mut World, rng: &mut Rng, at: usize, branch: Option<u64>) -> String {
    let sha = rng.hex(40);
    let from = format!("commit:{}@{sha}", world.github.repositories[at].full_name());
    let message = format!("{}\n\n{}", title(rng), text(world, rng, at, &from));
    let author = author(world, rng, at);
    let now = world.now;
    let files = files(rng);
    let repository = &mut world.github.repositories[at];
    let main = repository.commits.iter().rev().find(|one| one.branch.is_none());
    repository.commits.push(Commit {
        sha: sha.clone(),
        parent: main.map(|one| one.sha.clone()),
        author,
        message,
        at: now,
        files,
        branch,
    });
    repository.pushed = now;
    repository.updated = now;
    sha
}

/// A new issue, or with commits and reviews a pull request. Its number.
pub(crate) fn item(world: &mut World, rng: &mut Rng, at: usize, pull: bool) -> u64 {
    let number = world.github.repositories[at].number();
    let from = format!("github:{}#{number}", world.github.repositories[at].full_name());
    let author = author(world, rng, at);
    let body = text(world, rng, at, &from);
    let mut item = Item {
        id: world.id(),
        number,
        title: title(rng),
        body: (!rng.chance(100)).then_some(body),
        author,
        created: world.now,
        updated: world.now,
        closed: None,
        labels: {
            let all = &world.github.repositories[at].labels;
            all.iter().map(|one| one.id).filter(|_| rng.chance(300)).collect()
        },
        milestone: rng.chance(200).then_some(1),
        assignees: if rng.chance(500) { vec![author] } else { Vec::new() },
        comments: Vec::new(),
        deeds: Vec::new(),
        pull: None,
    };
    let assigned = item.assignees.iter();
    item.deeds = assigned
        .map(|person| Deed::new(item.created, What::Assigned(*person)))
        .collect();
    world.github.repositories[at].items.insert(number, item);
    if pull {
        let pull = branch(world, rng, at, number);
        if let Some(item) = world.github.repositories[at].items.get_mut(&number) {
            item.pull = Some(pull);
        }
        refer(world, rng, at, number);
    }
    number
}

/// A pull request fixes an earlier issue of its repository, as its text says.
fn refer(world: &mut World, rng: &mut Rng, at: usize, number: u64) {
    let repository = &mut world.github.repositories[at];
    let name = repository.full_name();
    let earlier: Vec<u64> = repository.items.keys().copied().filter(|one| *one < number).collect();
    let Some(fixed) = rng.choose(&earlier) else { return };
    let Some(item) = repository.items.get_mut(&number) else {
        return;
    };
    let body = item.body.take().unwrap_or_default();
    item.body = Some(format!("Fixes #{fixed}\r\n\r\n{body}"));
    world.references.push(crate::provider::prose::Reference {
        from: format!("github:{name}#{number}"),
        to: format!("github:{name}#{fixed}"),
    });
}

fn branch(world: &mut World, rng: &mut Rng, at: usize, number: u64) -> Pull {
    let base_sha = match world.github.repositories[at].commits.first() {
        Some(first) => first.sha.clone(),
        None => commit(world, rng, at, None),
    };
    let mut commits = Vec::new();
    for _ in 0..=rng.below(2) {
        world.now += MINUTE;
        commits.push(commit(world, rng, at, Some(number)));
    }
    Pull {
        id: world.id(),
        branch: format!("feature/{number}-{}", rng.hex(4)),
        draft: rng.chance(100),
        merged: None,
        base_sha,
        commits,
        files: files(rng),
        reviews: Vec::new(),
        remarks: Vec::new(),
    }
}

/// A review of a pull request with a remark on a line and an answer to it.
pub(crate) fn review(world: &mut World, rng: &mut Rng, at: usize, number: u64) {
    let from = format!("github:{}#{number}", world.github.repositories[at].full_name());
    let comments = [comment(world, rng, at, &from), comment(world, rng, at, &from)];
    let (id, now, author) = (world.id(), world.now, author(world, rng, at));
    let body = text(world, rng, at, &from);
    let Some(item) = world.github.repositories[at].items.get_mut(&number) else {
        return;
    };
    item.updated = now;
    let Some(pull) = &mut item.pull else { return };
    let commit = pull.head().to_owned();
    pull.reviews.push(Review {
        id,
        author,
        state: rng.pick::<&str>(&["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]),
        body,
        submitted: now,
        commit: commit.clone(),
    });
    let path = pull
        .files
        .first()
        .map_or("README.md", |file| file.path.as_str())
        .to_owned();
    let first = comments[0].id;
    for comment in comments {
        pull.remarks.push(Remark {
            answers: (comment.id != first).then_some(first),
            comment,
            review: id,
            path: path.clone(),
            line: Some(12),
            commit: commit.clone(),
        });
    }
}

/// A new discussion with a comment and a reply. Its number.
pub(crate) fn discussion(world: &mut World, rng: &mut Rng, at: usize) -> u64 {
    let number = world.github.repositories[at].number();
    let from = format!("github:{}#{number}", world.github.repositories[at].full_name());
    let first = comment(world, rng, at, &from);
    let reply = comment(world, rng, at, &from);
    let discussion = Discussion {
        id: world.id(),
        number,
        title: title(rng),
        body: text(world, rng, at, &from),
        author: author(world, rng, at),
        category: rng.pick::<&str>(&["Q&A", "Ideas"]),
        created: world.now,
        updated: world.now,
        answer: rng.chance(300).then_some(first.id),
        comments: vec![(first, vec![reply])],
    };
    world.github.repositories[at].discussions.insert(number, discussion);
    number
}

/// A release.
pub(crate) fn release(world: &mut World, rng: &mut Rng, at: usize) {
    let name = world.github.repositories[at].full_name();
    let count = world.github.repositories[at].releases.len();
    let tag = format!("v2.{count}");
    let release = Release {
        id: world.id(),
        body: text(world, rng, at, &format!("tag:{name}@{tag}")),
        tag,
        author: author(world, rng, at),
        created: world.now,
        draft: rng.chance(200),
    };
    world.github.repositories[at].releases.push(release);
}

/// One more thing in some repository, some hours later.
pub(crate) fn one(world: &mut World, rng: &mut Rng) {
    world.now += rng.between(MINUTE, 3 * HOUR);
    let at = rng.below(world.github.repositories.len());
    match rng.below(12) {
        0..=3 => {
            item(world, rng, at, false);
        }
        4..=6 => {
            let number = item(world, rng, at, true);
            if rng.chance(600) {
                world.now += HOUR;
                review(world, rng, at, number);
            }
        }
        7 | 8 => {
            commit(world, rng, at, None);
        }
        9 => {
            discussion(world, rng, at);
        }
        10 => release(world, rng, at),
        _ => remark(world, rng, at),
    }
}

/// One more comment on some item.
pub(crate) fn remark(world: &mut World, rng: &mut Rng, at: usize) {
    let numbers: Vec<u64> = world.github.repositories[at].items.keys().copied().collect();
    let Some(number) = rng.choose(&numbers) else { return };
    let from = format!("github:{}#{number}", world.github.repositories[at].full_name());
    let comment = comment(world, rng, at, &from);
    let now = world.now;
    if let Some(item) = world.github.repositories[at].items.get_mut(&number) {
        item.comments.push(comment);
        item.updated = now;
    }
}
