//! How many there are of a repository's issues, pull requests, discussions and releases, as GraphQL counts them.

use serde_json::{Value, json};

use super::model::{Discussion, Item, Repository};
use crate::provider::state::State;
use crate::provider::time::{SECOND, parse, seconds};

/// The counts of a repository; of its issues those since `since`, with the newest of each that `first` says.
pub(crate) fn counts(state: &State, repository: &Repository, since: Option<&str>) -> Value {
    let login = |person: usize| json!({ "login": state.world.people[person].github_login });
    let since = since.and_then(parse);
    let mut items: Vec<&Item> = repository.items.values().collect();
    items.sort_by_key(|item| std::cmp::Reverse((item.updated, item.number)));
    let (pulls, issues): (Vec<&Item>, Vec<&Item>) = items.into_iter().partition(|item| item.pull.is_some());
    let fresh: Vec<&&Item> = issues
        .iter()
        .filter(|item| since.is_none_or(|since| item.updated - item.updated.rem_euclid(SECOND) >= since))
        .collect();
    let authors = fresh
        .iter()
        .take(100)
        .map(|item| json!({ "author": login(item.author) }));
    let nodes = pulls.iter().take(100).map(|item| {
        let reviews = item.pull.as_ref().map_or(0, |pull| pull.reviews.len());
        json!({ "number": item.number, "updatedAt": seconds(item.updated), "author": login(item.author),
            "reviews": { "totalCount": reviews } })
    });
    let mut talks: Vec<&Discussion> = repository.discussions.values().collect();
    talks.sort_by_key(|one| std::cmp::Reverse((one.updated, one.number)));
    let discussions = talks.iter().take(50).map(|one| {
        let comments = one.comments.iter().take(50);
        let replies = comments.map(|(_, replies)| json!({ "replies": { "totalCount": replies.len() } }));
        json!({ "number": one.number, "updatedAt": seconds(one.updated), "author": login(one.author),
            "comments": { "totalCount": one.comments.len(), "nodes": replies.collect::<Vec<_>>() } })
    });
    json!({ "data": { "repository": {
        "everything": { "totalCount": issues.len() },
        "issues": { "totalCount": fresh.len(), "nodes": authors.collect::<Vec<_>>() },
        "pullRequests": { "totalCount": pulls.len(), "nodes": nodes.collect::<Vec<_>>() },
        "discussions": { "totalCount": talks.len(), "nodes": discussions.collect::<Vec<_>>() },
        "releases": { "totalCount": repository.releases.iter().filter(|one| !one.draft).count() },
    } } })
}
