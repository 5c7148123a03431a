//! Confluence's routes for spaces.

use serde_json::json;

use super::model::Space;
use super::paging::{By, Order, page};
use super::{Ask, content, not_found, record};
use crate::provider::call::Reply;

pub(crate) fn answer(ask: &Ask<'_>, more: &[&str]) -> Reply {
    let seen = |space: &&Space| space.readers.contains(&ask.person);
    let spaces = &ask.state.world.wiki.spaces;
    let own = |id: &str| spaces.iter().filter(seen).find(|space| space.id.to_string() == id);
    match more {
        [] => {
            let (keys, ids, statuses) = (ask.call.all("keys"), ask.call.all("ids"), ask.call.all("status"));
            let status = |space: &Space| if space.archived { "archived" } else { "current" };
            let fits = |space: &&Space| {
                (keys.is_empty() || keys.contains(&space.key))
                    && (ids.is_empty() || ids.contains(&space.id.to_string()))
                    && (statuses.is_empty() || statuses.iter().any(|one| one == status(space)))
            };
            let rows = spaces
                .iter()
                .filter(seen)
                .filter(fits)
                .map(|space| ((0, space.id), space));
            page(ask, rows.collect(), false, |space| record::space(ask.state, space))
        }
        [id] => match own(id) {
            Some(space) => Reply::ok(&record::space(ask.state, space)),
            None => not_found(),
        },
        [id, "pages"] => match own(id) {
            Some(space) => content::pages(ask, false, Some(space.id)),
            None => not_found(),
        },
        [id, "blogposts"] => match own(id) {
            Some(space) => content::pages(ask, true, Some(space.id)),
            None => not_found(),
        },
        [id, "permissions"] => match own(id) {
            Some(space) => permissions(ask, space),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn permissions(ask: &Ask<'_>, space: &Space) -> Reply {
    let order = Order {
        by: By::Id,
        descending: false,
    };
    let rows = space
        .readers
        .iter()
        .zip(1_u64..)
        .map(|(person, id)| ((0, id), (*person, id)));
    page(ask, rows.collect(), order.descending, |(person, id)| {
        json!({ "id": id.to_string(), "principal": { "type": "user", "id": ask.state.world.people[*person].atlassian_id },
            "operation": { "key": "read", "targetType": "space" } })
    })
}
