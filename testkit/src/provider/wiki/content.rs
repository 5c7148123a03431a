//! Confluence's newer routes for pages, blog posts, comments and attachments.

use serde_json::{Value, json};

use super::model::{Comment, Page};
use super::paging::{By, Order, Row, order, page};
use super::{Ask, error, not_found, record};
use crate::provider::call::Reply;

pub(crate) fn answer(ask: &Ask<'_>, more: &[&str]) -> Reply {
    match (ask.call.method.as_str(), more) {
        ("POST", ["users-bulk"]) => users(ask),
        ("GET", ["pages"]) => pages(ask, false, None),
        ("GET", ["blogposts"]) => pages(ask, true, None),
        ("GET", ["footer-comments"]) => comments(ask, None, |one| one.selection.is_none()),
        ("GET", ["inline-comments"]) => comments(ask, None, |one| one.selection.is_some()),
        ("GET", ["footer-comments", id, "children"]) => children(ask, id),
        ("GET", ["attachments"]) => attachments(ask, None),
        ("GET", [kind @ ("pages" | "blogposts"), id, rest @ ..]) => {
            let blog = *kind == "blogposts";
            let found = id.parse().ok().and_then(|id: u64| ask.state.world.wiki.pages.get(&id));
            match found.filter(|page| page.blog == blog && ask.state.world.wiki.sees(ask.person, page)) {
                Some(page) => one(ask, page, rest),
                None => not_found(),
            }
        }
        _ => not_found(),
    }
}

fn place(order: Order, (id, created, modified): (u64, i64, i64)) -> (i64, u64) {
    match order.by {
        By::Id => (0, id),
        By::Created => (created, id),
        By::Modified => (modified, id),
    }
}

/// Pages or blog posts of a space or of all. Pages in the bin are listed only when they are asked for.
pub(crate) fn pages(ask: &Ask<'_>, blog: bool, space: Option<u64>) -> Reply {
    let order = match order(ask) {
        Ok(order) => order,
        Err(reply) => return reply,
    };
    let format = match format(ask) {
        Ok(format) => format,
        Err(reply) => return reply,
    };
    let (spaces, ids, statuses) = (ask.call.all("space-id"), ask.call.all("id"), ask.call.all("status"));
    let title = ask.call.get("title");
    let wiki = &ask.state.world.wiki;
    let fits = |page: &&Page| {
        let trashed = statuses.iter().any(|one| one == "trashed");
        let live = statuses.is_empty() || statuses.iter().any(|one| one == "current");
        page.blog == blog
            && if page.trashed { trashed } else { live }
            && space.is_none_or(|space| space == page.space)
            && (spaces.is_empty() || spaces.contains(&page.space.to_string()))
            && (ids.is_empty() || ids.contains(&page.id.to_string()))
            && title.is_none_or(|title| title == page.title)
            && wiki.sees(ask.person, page)
    };
    let rows = wiki.pages.values().filter(fits);
    let rows: Vec<Row<&Page>> = rows
        .map(|page| (place(order, (page.id, page.created, page.version.at)), page))
        .collect();
    page(ask, rows, order.descending, |page| {
        record::page(ask.state, page, format)
    })
}

/// The form that bodies are asked in. A list has only the two forms that are stored.
fn format<'a>(ask: &'a Ask<'_>) -> Result<Option<&'a str>, Reply> {
    match ask.call.get("body-format") {
        None => Ok(None),
        Some(format @ ("storage" | "atlas_doc_format")) => Ok(Some(format)),
        Some(_) => Err(error(
            400,
            "INVALID_REQUEST_PARAMETER",
            "Provided value for 'body-format' is not valid",
        )),
    }
}

fn one(ask: &Ask<'_>, found: &Page, rest: &[&str]) -> Reply {
    let wiki = &ask.state.world.wiki;
    let brief = |page: &Page| {
        json!({ "id": page.id.to_string(), "type": "page", "status": "current", "title": page.title,
        "spaceId": page.space.to_string(), "childPosition": 0 })
    };
    match rest {
        [] => whole(ask, found),
        ["footer-comments"] => comments(ask, Some(found.id), |one| {
            one.selection.is_none() && one.parent.is_none()
        }),
        ["inline-comments"] => comments(ask, Some(found.id), |one| {
            one.selection.is_some() && one.parent.is_none()
        }),
        ["attachments"] => attachments(ask, Some(found.id)),
        ["labels"] => {
            let rows = found.labels.iter().map(|(id, name)| ((0, *id), (*id, name)));
            page(
                ask,
                rows.collect(),
                false,
                |(id, name)| json!({ "id": id.to_string(), "name": name, "prefix": "global" }),
            )
        }
        ["versions"] => {
            let rows = (1..=found.version.number).map(|number| ((0, number), number));
            page(ask, rows.collect(), true, |number| {
                json!({ "number": number, "authorId": ask.state.world.people[found.version.author].atlassian_id, "message": "",
                    "minorEdit": false, "createdAt": crate::provider::time::millis(found.version.at) })
            })
        }
        ["ancestors"] => {
            // From the top down.
            let mut rows: Vec<Value> = wiki
                .ancestors(found)
                .map(|one| json!({ "id": one.id.to_string(), "type": "page" }))
                .collect();
            rows.reverse();
            Reply::ok(&json!({ "results": rows, "_links": { "base": "https://acme.atlassian.net/wiki" } }))
        }
        ["direct-children"] => {
            let below = wiki
                .pages
                .values()
                .filter(|one| one.parent == Some(found.id) && !one.trashed);
            let rows = below
                .filter(|one| wiki.sees(ask.person, one))
                .map(|one| ((0, one.id), one));
            page(ask, rows.collect(), false, |one| brief(one))
        }
        _ => not_found(),
    }
}

fn whole(ask: &Ask<'_>, found: &Page) -> Reply {
    let format = ask.call.get("body-format");
    let mut value = record::page(ask.state, found, format);
    if ask.call.get("include-labels") == Some("true") {
        let labels = found
            .labels
            .iter()
            .take(50)
            .map(|(id, name)| json!({ "id": id.to_string(), "name": name, "prefix": "global" }));
        value["labels"] =
            json!({ "results": labels.collect::<Vec<_>>(), "meta": { "hasMore": false, "cursor": "" }, "_links": {} });
    }
    Reply::ok(&value)
}

/// The pages that one may read and that are not in the bin.
fn live<'a>(ask: &'a Ask<'_>, only: Option<u64>) -> impl Iterator<Item = &'a Page> {
    let wiki = &ask.state.world.wiki;
    let own = move |page: &&Page| !page.trashed && only.is_none_or(|only| only == page.id);
    wiki.pages
        .values()
        .filter(own)
        .filter(|page| wiki.sees(ask.person, page))
}

fn comments(ask: &Ask<'_>, only: Option<u64>, fits: impl Fn(&Comment) -> bool) -> Reply {
    let (order, format) = match (order(ask), format(ask)) {
        (Ok(order), Ok(format)) => (order, format),
        (Err(reply), _) | (_, Err(reply)) => return reply,
    };
    let all = live(ask, only).flat_map(|page| page.comments.iter().map(move |one| (page, one)));
    let rows: Vec<Row<(&Page, &Comment)>> = all
        .filter(|(_, one)| fits(one))
        .map(|(page, one)| (place(order, (one.id, one.version.at, one.version.at)), (page, one)))
        .collect();
    page(ask, rows, order.descending, |(page, one)| {
        record::comment(ask.state, page, one, format)
    })
}

/// The answers to a comment.
fn children(ask: &Ask<'_>, id: &str) -> Reply {
    let known = live(ask, None).any(|page| page.comments.iter().any(|one| one.id.to_string() == id));
    if !known {
        return not_found();
    }
    comments(ask, None, |one| {
        one.parent.is_some_and(|parent| parent.to_string() == id)
    })
}

fn attachments(ask: &Ask<'_>, only: Option<u64>) -> Reply {
    let order = match order(ask) {
        Ok(order) => order,
        Err(reply) => return reply,
    };
    let all = live(ask, only).flat_map(|page| page.attachments.iter().map(move |one| (page, one)));
    let rows = all.map(|(page, one)| (place(order, (one.id, one.version.at, one.version.at)), (page, one)));
    page(ask, rows.collect(), order.descending, |(page, one)| {
        record::attachment(ask.state, page, one)
    })
}

fn users(ask: &Ask<'_>) -> Reply {
    let fields = ask.call.fields();
    let ids = fields.get("accountIds").and_then(Value::as_array);
    let people = ids
        .into_iter()
        .flatten()
        .filter_map(|id| ask.state.world.person(id.as_str()?));
    let rows: Vec<Value> = people.map(|person| record::user(ask.state, person)).collect();
    Reply::ok(&json!({ "results": rows }))
}
