//! Makes Confluence spaces and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Attachment, Comment, Page, Space, Version, Wiki};
use crate::provider::github::generate::some_targets;
use crate::provider::organisation::Size;
use crate::provider::prose::{prose, storage, title};
use crate::provider::seed::Rng;
use crate::provider::time::{HOUR, MINUTE};
use crate::provider::world::{SITE, World};

const SPACES: [(&str, &str); 4] = [
    ("ENG", "Engineering"),
    ("HR", "People"),
    ("RUN", "Runbooks"),
    ("ADR", "Decisions"),
];

/// Spaces, each with a home page.
pub(crate) fn containers(world: &mut World, rng: &mut Rng, size: Size) {
    let count = world.people.len();
    world.wiki = Wiki {
        spaces: Vec::new(),
        pages: BTreeMap::new(),
    };
    for number in 0..size.spaces {
        let (key, name) = SPACES[number % SPACES.len()];
        let tail = if number < SPACES.len() {
            String::new()
        } else {
            number.to_string()
        };
        let open = number % 2 == 0;
        let space = Space {
            id: world.id(),
            key: format!("{key}{tail}"),
            name: name.to_owned(),
            archived: false,
            created: world.now,
            author: 0,
            home: None,
            readers: (0..count).filter(|one| *one == 0 || open || rng.chance(500)).collect(),
        };
        world.wiki.spaces.push(space);
        let home = page(world, rng, number, false);
        world.wiki.spaces[number].home = Some(home);
    }
}

fn text(world: &mut World, rng: &mut Rng, space: usize, page: u64) -> String {
    let key = world.wiki.spaces[space].key.clone();
    let targets = some_targets(world, rng);
    let mentioned = rng.below(world.people.len());
    let person = rng.chance(200).then(|| world.people[mentioned].clone());
    let pieces = prose(rng, &targets, person.as_ref());
    let pieces = world.told(&format!("wiki:{SITE}/{key}/{page}"), pieces);
    storage(&pieces, &key)
}

fn version(world: &World, rng: &mut Rng, space: usize) -> Version {
    let able: Vec<usize> = world.wiki.spaces[space].readers.iter().copied().collect();
    Version {
        number: 1,
        at: world.now,
        author: rng.choose(&able).unwrap_or(0),
    }
}

/// A new page below another, or a blog post. Its id.
pub(crate) fn page(world: &mut World, rng: &mut Rng, at: usize, blog: bool) -> u64 {
    let id = world.id();
    let body = text(world, rng, at, id);
    let version = version(world, rng, at);
    let space = world.wiki.spaces[at].id;
    let above: Vec<u64> = world
        .wiki
        .pages
        .values()
        .filter(|page| page.space == space && !page.blog && !page.trashed)
        .map(|page| page.id)
        .collect();
    let some: BTreeSet<usize> = (0..world.people.len()).filter(|_| rng.chance(400)).collect();
    let restricted = !above.is_empty() && rng.chance(120);
    let page = Page {
        id,
        space,
        blog,
        parent: rng.choose(&above).filter(|_| !blog),
        title: format!("{} ({id})", title(rng)),
        body,
        author: version.author,
        created: world.now,
        version,
        trashed: false,
        labels: if rng.chance(300) {
            vec![(world.id(), "runbook".to_owned())]
        } else {
            Vec::new()
        },
        restriction: restricted.then(|| some.into_iter().chain([version.author]).collect()),
        comments: Vec::new(),
        attachments: Vec::new(),
    };
    world.wiki.pages.insert(id, page);
    id
}

/// A comment on a page: below it, on some of its words, or an answer to another. Its id.
pub(crate) fn comment(world: &mut World, rng: &mut Rng, page: u64) -> Option<u64> {
    let space = world.wiki.pages.get(&page)?.space;
    let at = world.wiki.spaces.iter().position(|one| one.id == space)?;
    let (id, body, version) = (world.id(), text(world, rng, at, page), version(world, rng, at));
    let page = world.wiki.pages.get_mut(&page)?;
    let first = page.comments.first().filter(|first| first.selection.is_none());
    let parent = first.map(|first| first.id).filter(|_| rng.chance(300));
    let inline = parent.is_none() && rng.chance(300);
    page.comments.push(Comment {
        id,
        parent,
        selection: inline.then(|| "the words in question".to_owned()),
        body,
        version,
    });
    Some(id)
}

/// A new version of a page.
pub(crate) fn edit(world: &mut World, rng: &mut Rng, page: u64) -> Option<()> {
    let space = world.wiki.pages.get(&page)?.space;
    let at = world.wiki.spaces.iter().position(|one| one.id == space)?;
    let (body, version) = (text(world, rng, at, page), version(world, rng, at));
    let page = world.wiki.pages.get_mut(&page)?;
    page.body = body;
    page.version = Version {
        number: page.version.number + 1,
        ..version
    };
    Some(())
}

/// One more thing in some space, some hours later.
pub(crate) fn one(world: &mut World, rng: &mut Rng) {
    world.now += rng.between(MINUTE, 3 * HOUR);
    let at = rng.below(world.wiki.spaces.len());
    let ids: Vec<u64> = world.wiki.pages.keys().copied().collect();
    match (rng.below(8), rng.choose(&ids)) {
        (4 | 5, Some(id)) => {
            comment(world, rng, id);
        }
        (6, Some(id)) => {
            edit(world, rng, id);
        }
        (7, Some(id)) => {
            let (number, version) = (world.id(), version(world, rng, at));
            if let Some(page) = world.wiki.pages.get_mut(&id) {
                page.attachments.push(Attachment {
                    id: number,
                    name: format!("plan-{number}.pdf"),
                    version,
                });
            }
        }
        (kind, _) => {
            page(world, rng, at, kind == 0);
        }
    }
}
