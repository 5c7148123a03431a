//! GitHub's routes for pull requests.

use super::json::message;
use super::model::{Commit, Item, Pull, Remark, Repository};
use super::rest::{Ask, not_found, order};
use crate::provider::call::Reply;
use crate::provider::time::SECOND;

/// The most commits that a pull request lists.
const MOST_COMMITS: usize = 250;
/// The most files.
const MOST_FILES: usize = 3000;

pub(crate) fn answer(ask: &Ask<'_>, repository: &Repository, more: &[&str], rest: &[&str]) -> Reply {
    match more {
        [] => list(ask, repository, rest),
        ["comments"] => remarks(ask, repository, None, rest),
        ["comments", id] => remark(ask, repository, id),
        [number, more @ ..] => {
            let item = number
                .parse()
                .ok()
                .and_then(|number: u64| repository.items.get(&number));
            match item.and_then(|item| Some((item, item.pull.as_ref()?))) {
                Some(found) => one(ask, repository, found, (more, rest)),
                None => not_found(),
            }
        }
    }
}

fn list(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let call = ask.call;
    let state = call.get("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return message(422, "Validation Failed: state");
    }
    let sort = call.get("sort").unwrap_or("created");
    let key = |item: &Item| {
        let at = if sort == "updated" { item.updated } else { item.created };
        (at - at.rem_euclid(SECOND), item.id)
    };
    let fits = |item: &&Item| item.pull.is_some() && (state == "all" || (state == "open") == item.closed.is_none());
    let mut some: Vec<&Item> = repository.items.values().filter(fits).collect();
    some.sort_by_key(|item| key(item));
    // Newest first, unless they are sorted by something else.
    if ask.descending(call.get("sort").is_none() || sort == "created") {
        some.reverse();
    }
    ask.list((repository, rest), &some, |item| {
        ask.write.pull(repository, item, false).unwrap_or_default()
    })
}

/// Comments on lines, of one pull request or of all.
fn remarks(ask: &Ask<'_>, repository: &Repository, only: Option<u64>, rest: &[&str]) -> Reply {
    let since = match ask.since() {
        Ok(since) => since,
        Err(reply) => return reply,
    };
    let items = repository
        .items
        .values()
        .filter(|item| only.is_none_or(|only| only == item.number));
    let mut rows: Vec<(u64, &Remark)> = items
        .flat_map(|item| {
            item.pull
                .iter()
                .flat_map(|pull| &pull.remarks)
                .map(|one| (item.number, one))
        })
        .filter(|(_, one)| since.is_none_or(|since| one.comment.updated >= since))
        .collect();
    rows.sort_by_key(|(_, one)| one.comment.id);
    order(ask, &mut rows, |(_, one)| &one.comment);
    ask.list((repository, rest), &rows, |(number, one)| {
        ask.write.remark(repository, *number, one)
    })
}

/// One comment on a line.
fn remark(ask: &Ask<'_>, repository: &Repository, id: &str) -> Reply {
    let pulls = repository
        .items
        .values()
        .filter_map(|item| Some((item.number, item.pull.as_ref()?)));
    let mut all = pulls.flat_map(|(number, pull)| pull.remarks.iter().map(move |one| (number, one)));
    match all.find(|(_, one)| one.comment.id.to_string() == id) {
        Some((number, one)) => Reply::ok(&ask.write.remark(repository, number, one)),
        None => not_found(),
    }
}

fn one(
    ask: &Ask<'_>,
    repository: &Repository,
    (item, pull): (&Item, &Pull),
    (more, rest): (&[&str], &[&str]),
) -> Reply {
    match more {
        [] => Reply::ok(&ask.write.pull(repository, item, true).unwrap_or_default()),
        ["comments"] => remarks(ask, repository, Some(item.number), rest),
        ["reviews"] => ask.list((repository, rest), &pull.reviews, |review| {
            ask.write.review(repository, item.number, review)
        }),
        ["commits"] => {
            let find = |sha: &String| repository.commits.iter().find(|commit| commit.sha == *sha);
            let commits: Vec<&Commit> = pull.commits.iter().filter_map(find).take(MOST_COMMITS).collect();
            ask.list((repository, rest), &commits, |commit| {
                ask.write.commit(repository, commit, false)
            })
        }
        ["files"] => {
            let files = pull.files.get(..pull.files.len().min(MOST_FILES)).unwrap_or_default();
            ask.list((repository, rest), files, |file| {
                ask.write.file(repository, file, pull.head())
            })
        }
        _ => not_found(),
    }
}
