//! Confluence's older routes, which alone tell of restrictions and search.

use serde_json::{Value, json};

use super::cql::Query;
use super::model::Page;
use super::paging::page;
use super::{Ask, error, not_found, record};
use crate::provider::call::Reply;
use crate::provider::time::millis;

pub(crate) fn answer(ask: &Ask<'_>, more: &[&str]) -> Reply {
    let people = &ask.state.world.people;
    match (ask.call.method.as_str(), more) {
        ("GET", ["search"]) => search(ask, true),
        ("GET", ["content", "search"]) => search(ask, false),
        ("GET", ["content", id, "restriction", "byOperation"]) => match seen(ask, id) {
            Some(page) => Reply::ok(&restrictions(ask, page)),
            None => not_found(),
        },
        ("POST", ["content", id, "permission", "check"]) => check(ask, id),
        ("GET", ["content", id, "child", "attachment", _, "download"]) => match seen(ask, id) {
            Some(_) => Reply::redirect(302, "https://api.media.atlassian.com/file/binary"),
            None => not_found(),
        },
        ("GET", ["group", id, "membersByGroupId"]) => {
            match ask.state.world.jira.groups.iter().find(|group| group.id == *id) {
                Some(group) => {
                    let rows: Vec<Value> = group
                        .members
                        .iter()
                        .map(|person| record::classic_user(ask.state, *person))
                        .collect();
                    Reply::ok(&json!({ "results": rows, "start": 0, "limit": 200, "size": rows.len(), "_links": {} }))
                }
                None => not_found(),
            }
        }
        ("GET", ["group"]) => {
            let groups = ask.state.world.jira.groups.iter();
            let rows: Vec<Value> = groups
                .map(|one| json!({ "type": "group", "name": one.name, "id": one.id }))
                .collect();
            Reply::ok(&json!({ "results": rows, "start": 0, "limit": 200, "size": rows.len(), "_links": {} }))
        }
        ("GET", ["user", "bulk"]) => {
            let ids = ask.call.all("accountId");
            let found = (0..people.len())
                .filter(|one| ids.contains(&people[*one].atlassian_id))
                .take(100);
            let rows: Vec<Value> = found.map(|one| record::classic_user(ask.state, one)).collect();
            Reply::ok(&json!({ "results": rows, "start": 0, "limit": 100, "size": rows.len(), "_links": {} }))
        }
        ("GET", ["user", "current"]) => Reply::ok(&record::classic_user(ask.state, ask.person)),
        _ => not_found(),
    }
}

fn seen<'a>(ask: &Ask<'a>, id: &str) -> Option<&'a Page> {
    let wiki = &ask.state.world.wiki;
    let page = wiki.pages.get(&id.parse::<u64>().ok()?)?;
    wiki.sees(ask.person, page).then_some(page)
}

/// A page's own restrictions. None at all leaves it to what is above.
fn restrictions(ask: &Ask<'_>, page: &Page) -> Value {
    let of = |operation: &str, people: Vec<Value>| {
        let count = people.len();
        json!({ "operation": operation, "_expandable": {}, "_links": {},
            "restrictions": { "user": { "results": people, "start": 0, "limit": 200, "size": count },
                "group": { "results": [], "start": 0, "limit": 200, "size": 0 } } })
    };
    let people = page.restriction.iter().flatten();
    let readers: Vec<Value> = people.map(|person| record::classic_user(ask.state, *person)).collect();
    json!({ "read": of("read", readers), "update": of("update", Vec::new()), "_links": {} })
}

/// Whether someone may read a page.
fn check(ask: &Ask<'_>, id: &str) -> Reply {
    let fields = ask.call.fields();
    let subject = fields.get("subject").and_then(|subject| subject["identifier"].as_str());
    let Some(person) = subject.and_then(|id| ask.state.world.person(id)) else {
        return error(400, "INVALID_REQUEST", "subject is missing");
    };
    if person != ask.person && !ask.state.world.people[ask.person].admin {
        return error(403, "FORBIDDEN", "Only administrators may ask for others");
    }
    let wiki = &ask.state.world.wiki;
    let page = id.parse().ok().and_then(|id: u64| wiki.pages.get(&id));
    match page {
        Some(page) => Reply::ok(&json!({ "hasPermission": wiki.sees(person, page), "errors": [] })),
        None => not_found(),
    }
}

/// Search in an index that lags, and that does not know everything.
fn search(ask: &Ask<'_>, wrapped: bool) -> Reply {
    let text = ask.call.get("cql").unwrap_or_default();
    let Some(query) = Query::parse(ask, text) else {
        return Reply::json(
            400,
            &json!({ "statusCode": 400, "message": format!("Could not parse cql : {text}"), "data": { "authorized": true, "valid": false } }),
        );
    };
    let wiki = &ask.state.world.wiki;
    let known = ask.state.world.now - ask.state.lag();
    let live = wiki
        .pages
        .values()
        .filter(|page| page.indexed() && wiki.sees(ask.person, page));
    let mut rows = Vec::new();
    for page in live {
        let kind = if page.blog { "blogpost" } else { "page" };
        let mut add = |kind: &str, id: u64, name: String, at: i64| {
            if query.wants(kind) && at <= known && query.holds(ask, page, at) {
                let place = if query.by_creation && id == page.id {
                    page.created
                } else {
                    at
                };
                rows.push(((place, id), found(ask, (page, kind, at), (id, &name), wrapped)));
            }
        };
        add(kind, page.id, page.title.clone(), page.version.at);
        for one in &page.comments {
            add("comment", one.id, format!("Re: {}", page.title), one.version.at);
        }
        for one in &page.attachments {
            add("attachment", one.id, one.name.clone(), one.version.at);
        }
    }
    let total = rows.len();
    let reply = page(ask, rows, query.descending, Value::clone);
    without_prefix(reply, (wrapped, total))
}

fn found(ask: &Ask<'_>, (page, kind, at): (&Page, &str, i64), (id, title): (u64, &str), wrapped: bool) -> Value {
    let key = ask
        .state
        .world
        .wiki
        .space(page.space)
        .map_or("", |space| space.key.as_str());
    let own = id == page.id;
    let id = if kind == "attachment" {
        format!("att{id}")
    } else {
        id.to_string()
    };
    let mut content = json!({ "id": id, "type": kind, "status": "current", "title": title,
        "_links": { "webui": format!("/spaces/{key}/pages/{}", page.id) } });
    if !wrapped {
        if let Some(told) = expanded(ask, page).filter(|_| own) {
            content["restrictions"] = told;
        }
        return content;
    }
    json!({ "content": content, "title": title, "excerpt": "", "url": format!("/spaces/{key}/pages/{}", page.id),
        "entityType": "content", "lastModified": millis(at), "friendlyLastModified": "recently", "score": 0.0,
        "resultGlobalContainer": { "title": key, "displayUrl": format!("/spaces/{key}") } })
}

/// As much of a page's restrictions as is asked for.
fn expanded(ask: &Ask<'_>, page: &Page) -> Option<Value> {
    let asked = ask.call.get("expand").unwrap_or_default();
    let mut read = restrictions(ask, page)["read"].take();
    for kind in ["user", "group"] {
        let whole = format!("restrictions.read.restrictions.{kind}");
        if !asked.split(',').any(|one| one == whole) {
            read["restrictions"].as_object_mut()?.remove(kind);
            read["restrictions"]["_expandable"][kind] = json!("");
        }
    }
    asked
        .contains("restrictions.read.restrictions.")
        .then(|| json!({ "read": read, "_expandable": { "update": "" }, "_links": {} }))
}

/// The older search names its next page without `/wiki`, and tells how much it found in all where its rows are wrapped.
fn without_prefix(mut reply: Reply, (wrapped, total): (bool, usize)) -> Reply {
    let Some(mut body) = reply.value().filter(|_| reply.status == 200) else {
        return reply;
    };
    let next = body["_links"]["next"]
        .as_str()
        .and_then(|next| next.strip_prefix("/wiki"))
        .map(str::to_owned);
    if let Some(next) = next {
        body["_links"]["next"] = json!(next);
    }
    if wrapped {
        body["totalSize"] = json!(total);
    }
    reply.body = body.to_string().into_bytes();
    reply.headers.retain(|(name, _)| name != "link");
    reply
}
