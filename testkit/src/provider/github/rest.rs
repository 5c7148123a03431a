//! GitHub's routes for one repository, but for pull requests and files.

use serde_json::{Value, json};

use super::json::{Writer, message};
use super::model::{Comment, Item, Repository};
use super::viewer::Viewer;
use super::{account, paging, pulls, tree};
use crate::provider::call::{Call, Reply};
use crate::provider::state::State;
use crate::provider::time::{SECOND, parse};

/// A route's view of a request.
pub(crate) struct Ask<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
    pub(crate) viewer: &'a Viewer,
    pub(crate) write: Writer<'a>,
}

impl Ask<'_> {
    pub(crate) fn list<T>(&self, place: (&Repository, &[&str]), items: &[T], write: impl Fn(&T) -> Value) -> Reply {
        let path = place.0.path(place.1);
        paging::numbered(self.state, self.call, (&path, items), write)
    }

    /// The moment of `since`, to the second; none where it is not given.
    pub(crate) fn since(&self) -> Result<Option<i64>, Reply> {
        match self.call.get("since") {
            None => Ok(None),
            Some(text) => parse(text)
                .map(|at| Some(at - at.rem_euclid(SECOND)))
                .ok_or_else(|| message(422, "Invalid value for parameter 'since'")),
        }
    }

    pub(crate) fn descending(&self, usual: bool) -> bool {
        match self.call.get("direction") {
            Some("asc") => false,
            Some("desc") => true,
            _ => usual,
        }
    }
}

pub(crate) fn not_found() -> Reply {
    message(404, "Not Found")
}

/// Answer a request, whose rights are known.
pub(crate) fn answer(state: &State, call: &Call, viewer: &Viewer) -> Reply {
    let ask = Ask {
        state,
        call,
        viewer,
        write: Writer::new(state),
    };
    let parts = call.parts();
    if call.method != "GET" {
        return not_found();
    }
    match parts.as_slice() {
        ["repos", owner, name, rest @ ..] => named(&ask, &format!("{owner}/{name}"), rest),
        ["repositories", id, rest @ ..] => {
            let id = id.parse().ok();
            match id.and_then(|id| state.world.github.repository(id)) {
                Some(repository) => seen(&ask, repository, rest),
                None => not_found(),
            }
        }
        parts => account::answer(&ask, parts),
    }
}

/// A repository by name. One that was renamed is at its new address.
fn named(ask: &Ask<'_>, name: &str, rest: &[&str]) -> Reply {
    let github = &ask.state.world.github;
    let own = |repository: &&Repository| repository.full_name().eq_ignore_ascii_case(name);
    if let Some(repository) = github.repositories.iter().find(own) {
        return seen(ask, repository, rest);
    }
    let moved = github.moved.get(&name.to_lowercase());
    let moved = moved.and_then(|id| github.repository(*id));
    match moved.filter(|repository| ask.viewer.role(ask.state, repository).is_some()) {
        Some(repository) => moved_to(ask, &repository.path(rest)),
        None => not_found(),
    }
}

/// The answer that something lies elsewhere now.
pub(crate) fn moved_to(ask: &Ask<'_>, path: &str) -> Reply {
    let query = &ask.call.raw_query;
    let tail = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    let url = format!("{}{}{tail}", ask.state.addresses.github, path.trim_end_matches('/'));
    let body =
        json!({ "message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest" });
    Reply::json(301, &body).header("location", url)
}

fn seen(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let Some(role) = ask.viewer.role(ask.state, repository) else {
        return not_found();
    };
    match rest {
        [] => Reply::ok(&{
            let mut whole = ask.write.repository(repository, Some(role));
            whole["network_count"] = json!(0);
            whole["subscribers_count"] = json!(0);
            whole
        }),
        ["issues"] => issues(ask, repository, rest),
        ["issues", "comments"] => comments(ask, repository, rest),
        ["issues", "comments", id] => comment(ask, repository, id),
        ["issues", number, more @ ..] => issue(ask, repository, (number, more), rest),
        ["pulls", more @ ..] => pulls::answer(ask, repository, more, rest),
        ["commits" | "compare" | "contents" | "git" | "branches" | "tags", ..] => tree::answer(ask, repository, rest),
        ["labels"] => ask.list((repository, rest), &repository.labels, |label| {
            ask.write.label(repository, label)
        }),
        ["milestones"] => {
            let all = ask.call.get("state") == Some("all");
            let some = repository.milestones.iter().filter(|one| all || one.closed.is_none());
            let some: Vec<_> = some.collect();
            ask.list((repository, rest), &some, |one| ask.write.milestone(repository, one))
        }
        ["releases"] => {
            let drafts = role >= super::model::Role::Write;
            let some = repository.releases.iter().rev().filter(|one| drafts || !one.draft);
            let some: Vec<_> = some.collect();
            ask.list((repository, rest), &some, |one| ask.write.release(repository, one))
        }
        _ => account::of_repository(ask, repository, rest),
    }
}

/// What a list is sorted by, and whether from the last to the first.
fn issues(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let call = ask.call;
    let since = match ask.since() {
        Ok(since) => since,
        Err(reply) => return reply,
    };
    let state = call.get("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return message(422, "Validation Failed: state");
    }
    let sort = call.get("sort").unwrap_or("created");
    let second = |at: i64| at - at.rem_euclid(SECOND);
    let key = |item: &Item| match sort {
        "updated" => second(item.updated),
        "comments" => i64::try_from(item.comments.len()).unwrap_or(0),
        _ => second(item.created),
    };
    let fits = |item: &&Item| {
        (state == "all" || (state == "open") == item.closed.is_none())
            && since.is_none_or(|since| second(item.updated) >= since)
    };
    let mut rows: Vec<((i64, u64), &Item)> = repository
        .items
        .values()
        .filter(fits)
        .map(|item| ((key(item), item.id), item))
        .collect();
    rows.sort_by_key(|(place, _)| *place);
    if ask.descending(true) {
        rows.reverse();
    }
    let path = repository.path(rest);
    paging::after(ask.state, call, (&path, &rows), |item| {
        ask.write.issue(repository, item)
    })
}

/// All comments of a repository. Without a sort the direction has no say.
fn comments(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let since = match ask.since() {
        Ok(since) => since,
        Err(reply) => return reply,
    };
    let of = |item: &'_ Item| -> Vec<Comment> { item.comments.clone() };
    let all = repository.items.values();
    let mut rows: Vec<(&Item, Comment)> = all
        .flat_map(|item| of(item).into_iter().map(move |one| (item, one)))
        .collect();
    rows.retain(|(_, comment)| since.is_none_or(|since| comment.updated >= since));
    rows.sort_by_key(|(_, comment)| comment.id);
    order(ask, &mut rows, |(_, comment)| comment);
    ask.list((repository, rest), &rows, |(item, comment)| {
        ask.write.comment(repository, item, comment)
    })
}

/// One comment.
fn comment(ask: &Ask<'_>, repository: &Repository, id: &str) -> Reply {
    let all = repository.items.values();
    let mut all = all.flat_map(|item| item.comments.iter().map(move |one| (item, one)));
    match all.find(|(_, one)| one.id.to_string() == id) {
        Some((item, one)) => Reply::ok(&ask.write.comment(repository, item, one)),
        None => not_found(),
    }
}

/// Sort comments as asked.
pub(crate) fn order<T>(ask: &Ask<'_>, rows: &mut [T], comment: impl Fn(&T) -> &Comment) {
    let (descending, Some(sort)) = (ask.descending(false), ask.call.get("sort")) else {
        return;
    };
    rows.sort_by_key(|row| {
        let comment = comment(row);
        let at = if sort == "updated" {
            comment.updated
        } else {
            comment.created
        };
        (at - at.rem_euclid(SECOND), comment.id)
    });
    if descending {
        rows.reverse();
    }
}

fn issue(ask: &Ask<'_>, repository: &Repository, (number, more): (&str, &[&str]), rest: &[&str]) -> Reply {
    let Ok(number) = number.parse::<u64>() else {
        return not_found();
    };
    let Some(item) = repository.items.get(&number) else {
        return gone(ask, repository, number);
    };
    match more {
        [] => Reply::ok(&ask.write.issue(repository, item)),
        ["comments"] => {
            let since = match ask.since() {
                Ok(since) => since,
                Err(reply) => return reply,
            };
            let some = item.comments.iter();
            let some: Vec<_> = some
                .filter(|one| since.is_none_or(|since| one.updated >= since))
                .collect();
            ask.list((repository, rest), &some, |one| {
                ask.write.comment(repository, item, one)
            })
        }
        _ => not_found(),
    }
}

/// A number that has nothing any more: deleted, or elsewhere for one who may see that place.
fn gone(ask: &Ask<'_>, repository: &Repository, number: u64) -> Reply {
    match repository.gone.get(&number) {
        None => not_found(),
        Some(None) => message(410, "This issue was deleted"),
        Some(Some((id, to))) => {
            let there = ask.state.world.github.repository(*id);
            let there = there.filter(|there| ask.viewer.role(ask.state, there).is_some());
            match there {
                Some(there) => moved_to(ask, &there.path(&["issues", &to.to_string()])),
                None => not_found(),
            }
        }
    }
}
