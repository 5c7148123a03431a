//! Confluence's pages, restrictions and search.

use serde_json::Value;

use super::{Desk, counts, json};
use crate::provider::auth::Service;
use crate::provider::time::MINUTE;

fn all(desk: &mut Desk, path: &str) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let reply = desk.wiki(&path);
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        let page = json(&reply);
        rows.extend(page["results"].as_array().expect("a list").clone());
        next = page["_links"]["next"].as_str().map(|next| {
            let prefix = if next.starts_with("/wiki") { "" } else { "/wiki" };
            format!("{prefix}{next}")
        });
    }
    rows
}

#[test]
fn every_page_that_one_sees_comes_once() {
    for person in 0..6 {
        let mut desk = Desk::signed(Service::Atlassian, person);
        let wiki = desk.state.world.wiki.clone();
        let seen = wiki
            .pages
            .values()
            .filter(|page| !page.blog && wiki.sees(person, page))
            .count();
        for (sort, size) in [("id", 1), ("-modified-date", 2), ("created-date", 250)] {
            let rows = all(
                &mut desk,
                &format!("/wiki/api/v2/pages?sort={sort}&limit={size}&body-format=storage"),
            );
            assert_eq!((rows.len(), counts(&rows, "id").len()), (seen, seen));
        }
        for page in wiki.pages.values().filter(|page| !page.blog) {
            let status = desk.wiki(&format!("/wiki/api/v2/pages/{}", page.id)).status;
            assert_eq!(status, if wiki.sees(person, page) { 200 } else { 404 });
        }
    }
}

#[test]
fn the_next_page_begins_at_the_wiki() {
    let mut desk = Desk::signed(Service::Atlassian, 0);
    let page = json(&desk.wiki("/wiki/api/v2/pages?limit=1"));
    assert!(
        page["_links"]["next"]
            .as_str()
            .expect("more")
            .starts_with("/wiki/api/v2/pages?cursor=")
    );
    let found = json(&desk.wiki("/wiki/rest/api/search?cql=type%3Dpage&limit=1"));
    assert!(
        found["_links"]["next"]
            .as_str()
            .expect("more")
            .starts_with("/rest/api/search?")
    );
    assert_eq!(desk.wiki("/wiki/api/v2/pages?limit=251").status, 400);
    assert_eq!(desk.wiki("/wiki/api/v2/pages?sort=modified").status, 400);
}

#[test]
fn search_counts_minutes_and_does_not_know_every_page() {
    let mut desk = Desk::signed(Service::Atlassian, 0);
    desk.state.world.people[0].zone = "Etc/UTC".to_owned();
    let wiki = desk.state.world.wiki.clone();
    let page = wiki
        .pages
        .values()
        .find(|page| page.indexed() && wiki.sees(0, page))
        .expect("a page");
    let day = crate::provider::time::seconds(page.version.at);
    let text = format!(
        "{}%20{}",
        day.get(..10).expect("a date"),
        day.get(11..16).expect("a time")
    );
    let path = format!(
        "/wiki/rest/api/content/search?cql=type%20in%20(page,blogpost)%20and%20lastmodified%20%3E%3D%20%22{text}%22%20order%20by%20lastmodified%20asc&limit=2"
    );
    let rows = all(&mut desk, &path);
    let from = page.version.at - page.version.at.rem_euclid(MINUTE);
    let expected = wiki
        .pages
        .values()
        .filter(|one| one.indexed() && wiki.sees(0, one) && one.version.at >= from);
    assert_eq!(
        (rows.len(), counts(&rows, "id").len()),
        (expected.clone().count(), expected.count())
    );
    assert_eq!(desk.wiki("/wiki/rest/api/search?cql=user.accountid%3D1").status, 400);
}

#[test]
fn search_tells_the_restrictions_it_is_asked_for() {
    let mut desk = Desk::signed(Service::Atlassian, 0);
    let mut pages = desk.state.world.wiki.pages.values_mut();
    let known = pages.find(|page| page.id % 2 == 1 && page.indexed()).expect("a page");
    known.restriction = Some([0, 1].into());
    let wiki = desk.state.world.wiki.clone();
    let path = "/wiki/rest/api/content/search?cql=type%20in%20(page,blogpost)%20order%20by%20created%20asc&limit=7";
    let both = "restrictions.read.restrictions.user,restrictions.read.restrictions.group";
    let rows = all(&mut desk, &format!("{path}&expand={both}"));
    let mut some = 0;
    for row in &rows {
        let id = row["id"].as_str().and_then(|id| id.parse::<u64>().ok()).expect("an id");
        let own = json(&desk.wiki(&format!("/wiki/rest/api/content/{id}/restriction/byOperation")));
        assert_eq!(row["restrictions"]["read"]["restrictions"], own["read"]["restrictions"]);
        some += usize::from(wiki.pages[&id].restriction.is_some());
    }
    let expected = wiki.pages.values().filter(|one| one.indexed() && wiki.sees(0, one));
    assert_eq!(rows.len(), expected.count());
    assert!(some > 0, "none has restrictions");
    assert_eq!(all(&mut desk, path)[0]["restrictions"], Value::Null);
    let one = &all(&mut desk, &format!("{path}&expand=restrictions.read.restrictions.user"))[0];
    assert_eq!(one["restrictions"]["read"]["restrictions"]["group"], Value::Null);
}

#[test]
fn a_comment_is_listed_below_its_page_or_below_what_it_answers() {
    let mut desk = Desk::signed(Service::Atlassian, 0);
    let wiki = desk.state.world.wiki.clone();
    for page in wiki
        .pages
        .values()
        .filter(|page| !page.blog && !page.trashed && wiki.sees(0, page))
    {
        let roots = all(&mut desk, &format!("/wiki/api/v2/pages/{}/footer-comments", page.id));
        let inline = all(&mut desk, &format!("/wiki/api/v2/pages/{}/inline-comments", page.id));
        let mut found = roots.len() + inline.len();
        for root in &roots {
            let id = root["id"].as_str().expect("an id");
            found += all(&mut desk, &format!("/wiki/api/v2/footer-comments/{id}/children")).len();
        }
        assert_eq!(found, page.comments.len());
    }
}
