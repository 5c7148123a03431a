//! Changes at Confluence. It sends no webhooks to an application like ours.

use std::collections::BTreeSet;

use super::generate;
use crate::provider::mutation::{Changed, Event, Mutation, toggle};
use crate::provider::seed::Rng;
use crate::provider::world::{SITE, World};

const SELF: crate::provider::Provider = crate::provider::Provider::Confluence;

pub(crate) fn apply(world: &mut World, rng: &mut Rng, mutation: Mutation) -> Option<Changed> {
    let at = rng.below(world.wiki.spaces.len());
    let live = world.wiki.pages.values().filter(|page| !page.trashed);
    let ids: Vec<u64> = live.map(|page| page.id).collect();
    let page = rng.choose(&ids);
    match mutation {
        Mutation::Create(_) => {
            if let Some(page) = page.filter(|_| rng.chance(300)) {
                generate::comment(world, rng, page)?;
                changed(world, mutation, page)
            } else {
                let blog = rng.chance(200);
                let id = generate::page(world, rng, at, blog);
                changed(world, mutation, id)
            }
        }
        Mutation::Edit(_) => {
            generate::edit(world, rng, page?)?;
            changed(world, mutation, page?)
        }
        Mutation::Delete(_) => delete(world, rng, page?),
        Mutation::Move(_) => relocate(world, rng, page?),
        Mutation::Rename(_) => {
            let space = &mut world.wiki.spaces[at];
            let stem = space.name.split(' ').next().unwrap_or("Space").to_owned();
            space.name = format!("{stem} {}", rng.hex(4));
            let key = format!("wiki:{SITE}/{}", space.key);
            Some(Changed::new(mutation, key, Event::Silent))
        }
        Mutation::Permission(_) => permission(world, rng, at, page?),
        Mutation::State(_) => restore(world, rng),
        Mutation::RenamePerson | Mutation::LateReply => None,
    }
}

fn changed(world: &World, mutation: Mutation, id: u64) -> Option<Changed> {
    let page = world.wiki.pages.get(&id)?;
    let space = world.wiki.space(page.space)?;
    Some(Changed::new(
        mutation,
        format!("wiki:{SITE}/{}/{id}", space.key),
        Event::Silent,
    ))
}

/// A page goes to the bin, or from the bin for good; what is below it hangs from its parent.
fn delete(world: &mut World, rng: &mut Rng, id: u64) -> Option<Changed> {
    let told = changed(world, Mutation::Delete(SELF), id);
    if world.wiki.spaces.iter().any(|space| space.home == Some(id)) {
        return None;
    }
    let parent = world.wiki.pages.get(&id)?.parent;
    for page in world.wiki.pages.values_mut().filter(|page| page.parent == Some(id)) {
        page.parent = parent;
    }
    if rng.chance(300) {
        world.wiki.pages.remove(&id);
    } else {
        let page = world.wiki.pages.get_mut(&id)?;
        page.trashed = true;
    }
    told
}

/// A page moves below another of its space, which makes no new version.
fn relocate(world: &mut World, rng: &mut Rng, id: u64) -> Option<Changed> {
    let page = world.wiki.pages.get(&id)?;
    if page.blog || world.wiki.spaces.iter().any(|space| space.home == Some(id)) {
        return None;
    }
    let below = |one: &&super::model::Page| one.id == id || world.wiki.ancestors(one).any(|above| above.id == id);
    let able: Vec<u64> = world
        .wiki
        .pages
        .values()
        .filter(|one| one.space == page.space && !one.blog && !one.trashed && !below(one))
        .map(|one| one.id)
        .collect();
    let to = rng.choose(&able)?;
    world.wiki.pages.get_mut(&id)?.parent = Some(to);
    changed(world, Mutation::Move(SELF), id)
}

fn permission(world: &mut World, rng: &mut Rng, at: usize, id: u64) -> Option<Changed> {
    let mutation = Mutation::Permission(SELF);
    let person = rng.below(world.people.len());
    if rng.chance(300) {
        let space = &mut world.wiki.spaces[at];
        toggle(&mut space.readers, person);
        let key = format!("wiki:{SITE}/{}", space.key);
        return Some(Changed::new(mutation, key, Event::Silent));
    }
    let page = world.wiki.pages.get_mut(&id)?;
    page.restriction = match page.restriction.take() {
        Some(_) => None,
        None => Some(BTreeSet::from([page.author, person])),
    };
    changed(world, mutation, id)
}

/// A page comes back from the bin.
fn restore(world: &mut World, rng: &mut Rng) -> Option<Changed> {
    let gone: Vec<u64> = {
        let trashed = world.wiki.pages.values().filter(|page| page.trashed);
        trashed.map(|page| page.id).collect()
    };
    let id = rng.choose(&gone)?;
    world.wiki.pages.get_mut(&id)?.trashed = false;
    changed(world, Mutation::State(SELF), id)
}
