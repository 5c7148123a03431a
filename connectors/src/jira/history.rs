//! What the changelog of an issue tells of relationships that have ended: who it was assigned to, and what it was linked with.

use domain::{AccountId, EdgeKind, Key, Link, SourceId, Timestamp};
use serde_json::{Value, json};

use super::links::{issue_key, kind_of};
use super::people;
use crate::archive::json::{list, text, time};

/// Relationships that have ended, at most, the newest.
const MOST: usize = 100;

/// A field that changed, and when.
struct Move<'r> {
    at: Option<Timestamp>,
    item: &'r Value,
}

/// The changes of a field, the oldest first: Jira tells them in either order.
fn moves<'r>(record: &'r Value, field: &str) -> Vec<Move<'r>> {
    let histories = list(record, &["changelog", "histories"]).iter();
    let mut moves: Vec<Move<'r>> = histories
        .flat_map(|history| {
            let at = time(history, &["created"]);
            list(history, &["items"]).iter().map(move |item| Move { at, item })
        })
        .filter(|one| text(one.item, &["field"]) == Some(field))
        .collect();
    moves.sort_by_key(|one| one.at);
    moves
}

/// Those to whom the issue was assigned before, each with the time of it, and since when it is assigned to the one who has it now.
pub(crate) fn assignments(
    (source, site): (&SourceId, &str),
    record: &Value,
    created: Option<Timestamp>,
) -> (Vec<Link>, Option<Timestamp>) {
    let (mut since, mut past) = (created, Vec::new());
    for one in moves(record, "assignee") {
        if let (Some(account), Some(until)) = (account(source, site, one.item), one.at) {
            past.push(Link {
                kind: EdgeKind::Assigned,
                target: account,
                inverse: false,
                rule: "jira.changelog.assignee".to_owned(),
                at: since,
                until: Some(until),
                also: None,
            });
        }
        since = one.at.or(since);
    }
    (newest(past), since)
}

/// The account that a change took the issue from.
fn account(source: &SourceId, site: &str, item: &Value) -> Option<AccountId> {
    let user = json!({ "accountId": text(item, &["from"])?, "displayName": text(item, &["fromString"]) });
    people::account(source, site, &user).map(|account| account.id)
}

/// Links to other issues that were taken away, each with the time from its making, where that is told.
pub(crate) fn former_links(site: &str, record: &Value) -> Vec<Link> {
    let moves = moves(record, "Link");
    let mut former = Vec::new();
    for (place, one) in moves.iter().enumerate() {
        let (Some(key), Some(words), Some(until)) =
            (issue_key(one.item, &["from"]), text(one.item, &["fromString"]), one.at)
        else {
            continue;
        };
        let made = moves
            .iter()
            .take(place)
            .rev()
            .find(|made| text(made.item, &["toString"]) == Some(words));
        former.push(Link {
            kind: kind_of(words),
            target: Key::jira_issue(site, &key),
            // "This issue is duplicated by PAY-3": the other one is the subject.
            inverse: words.contains(" by "),
            rule: "jira.changelog.Link".to_owned(),
            at: made.and_then(|made| made.at),
            until: Some(until),
            also: None,
        });
    }
    newest(former)
}

fn newest(mut links: Vec<Link>) -> Vec<Link> {
    links.drain(..links.len().saturating_sub(MOST));
    links
}

#[cfg(test)]
mod tests {
    use domain::{EdgeKind, SourceId, Timestamp};
    use serde_json::{Value, json};

    use super::{assignments, former_links};

    /// The newest first, as an issue's own changelog is.
    fn record() -> Value {
        let change = |day: u32, item: Value| json!({ "id": day.to_string(), "created": format!("2024-01-{day:02}T00:00:00.000+0000"), "items": [item] });
        json!({ "changelog": { "histories": [
            change(9, json!({ "field": "assignee", "from": "712020:b", "fromString": "Bob", "to": null, "toString": null })),
            change(7, json!({ "field": "Link", "from": "PAY-3", "fromString": "This issue is duplicated by PAY-3", "to": null })),
            change(5, json!({ "field": "assignee", "from": "712020:a", "fromString": "Ada", "to": "712020:b", "toString": "Bob" })),
            change(4, json!({ "field": "Link", "from": "PAY-8", "fromString": "This issue blocks PAY-8", "to": null })),
            change(3, json!({ "field": "Link", "from": null, "to": "PAY-3", "toString": "This issue is duplicated by PAY-3" })),
            change(2, json!({ "field": "assignee", "from": null, "fromString": null, "to": "712020:a", "toString": "Ada" })),
            change(1, json!({ "field": "status", "from": "1", "fromString": "Open", "to": "2", "toString": "Done" })),
        ] } })
    }

    const fn day(day: i64) -> Timestamp {
        Timestamp(1_704_067_200_000 + (day - 1) * 86_400_000)
    }

    #[test]
    fn everybody_who_had_an_issue_had_it_for_a_time() {
        let source = SourceId::new("jira").expect("slug");
        let (past, since) = assignments((&source, "acme"), &record(), Some(day(1)));
        let told: Vec<_> = past
            .iter()
            .map(|link| (link.target.as_str(), link.at, link.until))
            .collect();
        assert_eq!(
            told,
            [
                ("account:jira/acme/712020:a", Some(day(2)), Some(day(5))),
                ("account:jira/acme/712020:b", Some(day(5)), Some(day(9)))
            ]
        );
        assert_eq!(since, Some(day(9)));
        assert_eq!(assignments((&source, "acme"), &json!({}), None), (Vec::new(), None));
    }

    #[test]
    fn a_link_that_was_taken_away_has_an_end() {
        let told: Vec<_> = former_links("acme", &record())
            .into_iter()
            .map(|link| (link.kind, link.target.to_string(), link.inverse, link.at, link.until))
            .collect();
        assert_eq!(
            told,
            [
                (
                    EdgeKind::Blocks,
                    "jira:acme/PAY-8".to_owned(),
                    false,
                    None,
                    Some(day(4))
                ),
                (
                    EdgeKind::Duplicates,
                    "jira:acme/PAY-3".to_owned(),
                    true,
                    Some(day(3)),
                    Some(day(7))
                ),
            ]
        );
    }
}
