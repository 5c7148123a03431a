//! GitHub's routes for commits, branches and files.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::json::message;
use super::model::{Commit, Item, Repository};
use super::rest::{Ask, not_found};
use crate::provider::call::Reply;
use crate::provider::signature::sha256;
use crate::provider::time::{SECOND, parse};

pub(crate) fn answer(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    match rest {
        ["commits"] => commits(ask, repository, rest),
        ["commits", reference] => match find(repository, reference) {
            Some(commit) => Reply::ok(&ask.write.commit(repository, commit, true)),
            None => message(422, &format!("No commit found for SHA: {reference}")),
        },
        ["commits", sha, "pulls"] => {
            let on = |item: &&Item| {
                item.pull
                    .as_ref()
                    .is_some_and(|pull| pull.commits.iter().any(|own| own == sha))
            };
            let some: Vec<&Item> = repository.items.values().filter(on).collect();
            ask.list((repository, rest), &some, |item| {
                ask.write.pull(repository, item, false).unwrap_or_default()
            })
        }
        ["compare", range] => compare(ask, repository, range),
        ["branches"] => {
            let head = main(repository).last();
            let branches: Vec<&Commit> = head.into_iter().collect();
            ask.list((repository, rest), &branches, |commit| {
                json!({ "name": "main", "protected": true,
                    "commit": { "sha": commit.sha, "url": format!("{}/commits/{}", ask.write.base(repository), commit.sha) } })
            })
        }
        ["tags"] => tags(ask, repository, rest),
        ["contents", path @ ..] => contents(ask, repository, &path.join("/")),
        ["git", "trees", sha] => tree(ask, repository, sha),
        ["git", "blobs", sha] => blob(ask, repository, sha),
        _ => not_found(),
    }
}

/// The commits of the default branch, oldest first.
fn main(repository: &Repository) -> impl DoubleEndedIterator<Item = &Commit> {
    repository.commits.iter().filter(|commit| commit.branch.is_none())
}

/// The commit that a SHA, the start of one, or a branch names.
fn find<'a>(repository: &'a Repository, reference: &str) -> Option<&'a Commit> {
    if matches!(reference, "main" | "HEAD" | "heads/main") {
        return main(repository).last();
    }
    let own = |commit: &&Commit| reference.len() >= 7 && commit.sha.starts_with(reference);
    let branch = || {
        let mut pulls = repository.items.values().filter_map(|item| item.pull.as_ref());
        let pull = pulls.find(|pull| pull.branch == reference)?;
        repository.commits.iter().find(|commit| commit.sha == pull.head())
    };
    repository.commits.iter().find(own).or_else(branch)
}

/// The history that ends at a commit, newest first.
fn history<'a>(repository: &'a Repository, from: &'a Commit) -> Vec<&'a Commit> {
    let parent = |commit: &&'a Commit| -> Option<&'a Commit> {
        let sha = commit.parent.as_ref()?;
        repository.commits.iter().find(|one| one.sha == *sha)
    };
    std::iter::successors(Some(from), parent).collect()
}

fn commits(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    if main(repository).next().is_none() {
        return message(409, "Git Repository is empty.");
    }
    let reference = ask.call.get("sha").unwrap_or("main");
    let Some(from) = find(repository, reference) else {
        return message(404, "Not Found");
    };
    let bound = |name: &str| ask.call.get(name).and_then(parse).map(|at| at - at.rem_euclid(SECOND));
    let (since, until) = (bound("since"), bound("until"));
    let mut some = history(repository, from);
    some.retain(|commit| {
        since.is_none_or(|since| commit.at >= since) && until.is_none_or(|until| commit.at < until + SECOND)
    });
    ask.list((repository, rest), &some, |commit| {
        ask.write.commit(repository, commit, false)
    })
}

/// What one commit has that another has not. Files come with the first page only, 300 at most.
fn compare(ask: &Ask<'_>, repository: &Repository, range: &str) -> Reply {
    let ends = range.split_once("...");
    let ends = ends.and_then(|(base, head)| Some((find(repository, base)?, find(repository, head)?)));
    let Some((base, head)) = ends else { return not_found() };
    let old: BTreeSet<&str> = history(repository, base).iter().map(|one| one.sha.as_str()).collect();
    let mut ahead = history(repository, head);
    ahead.retain(|commit| !old.contains(commit.sha.as_str()));
    ahead.reverse();
    let first = ask.call.get("page").is_none_or(|page| page == "1");
    let touched = ahead.iter().flat_map(|commit| &commit.files);
    let files: BTreeMap<&str, Value> = touched
        .map(|file| (file.path.as_str(), ask.write.file(repository, file, &head.sha)))
        .take(if first { 300 } else { 0 })
        .collect();
    let list: Vec<Value> = ahead
        .iter()
        .map(|commit| ask.write.commit(repository, commit, false))
        .collect();
    let status = if list.is_empty() { "identical" } else { "ahead" };
    Reply::ok(&json!({
        "url": format!("{}/compare/{range}", ask.write.base(repository)), "status": status, "ahead_by": list.len(), "behind_by": 0,
        "html_url": format!("https://github.com/{}/compare/{range}", repository.full_name()), "total_commits": list.len(),
        "base_commit": ask.write.commit(repository, base, false), "merge_base_commit": ask.write.commit(repository, base, false),
        "commits": list, "files": files.into_values().collect::<Vec<_>>(),
    }))
}

fn tags(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let live: Vec<_> = repository.releases.iter().filter(|release| !release.draft).collect();
    let base = ask.write.base(repository);
    ask.list((repository, rest), &live, |release| {
        let sha = main(repository).last().map(|commit| commit.sha.as_str());
        json!({ "name": release.tag, "node_id": format!("REF_{}", release.id), "commit": { "sha": sha, "url": format!("{base}/commits/main") },
            "zipball_url": format!("{base}/zipball/{}", release.tag), "tarball_url": format!("{base}/tarball/{}", release.tag) })
    })
}

/// The files at a commit, each with its text: a line for each commit that touched it.
fn files(repository: &Repository, at: &Commit) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for commit in history(repository, at).into_iter().rev() {
        for file in &commit.files {
            let text: &mut String = files.entry(file.path.clone()).or_default();
            let title = commit.message.lines().next().unwrap_or_default();
            text.extend(["// ", &file.path, ": ", title, "\n"]);
        }
    }
    files
}

fn blob_sha(text: &str) -> String {
    sha256(text.as_bytes()).chars().take(40).collect()
}

fn contents(ask: &Ask<'_>, repository: &Repository, path: &str) -> Reply {
    let Some(at) = find(repository, ask.call.get("ref").unwrap_or("main")) else {
        return not_found();
    };
    let files = files(repository, at);
    let base = ask.write.base(repository);
    let entry = |path: &str, kind: &str, text: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let url = format!("{base}/contents/{path}?ref=main");
        let html = format!("https://github.com/{}/blob/main/{path}", repository.full_name());
        let git = format!("{base}/git/blobs/{}", blob_sha(text));
        json!({ "type": kind, "name": name, "path": path, "sha": blob_sha(text), "size": text.len(), "url": url, "html_url": html,
            "git_url": git, "download_url": null, "_links": { "self": url, "git": git, "html": html } })
    };
    if let Some(text) = files.get(path) {
        let mut file = entry(path, "file", text);
        file["encoding"] = json!("base64");
        file["content"] = json!(format!("{}\n", STANDARD.encode(text)));
        return Reply::ok(&file);
    }
    let folder = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let below = files
        .iter()
        .filter_map(|(own, text)| Some((own.strip_prefix(&folder)?, text)));
    let mut list: BTreeMap<String, Value> = BTreeMap::new();
    for (rest, text) in below {
        let (name, kind) = match rest.split_once('/') {
            Some((name, _)) => (name, "dir"),
            None => (rest, "file"),
        };
        list.insert(name.to_owned(), entry(&format!("{folder}{name}"), kind, text));
    }
    if list.is_empty() {
        return not_found();
    }
    Reply::ok(&Value::Array(list.into_values().collect()))
}

fn tree(ask: &Ask<'_>, repository: &Repository, sha: &str) -> Reply {
    let Some(at) = find(repository, sha) else {
        return not_found();
    };
    // Any value, even `0`, means all the way down.
    let deep = ask.call.get("recursive").is_some();
    let base = ask.write.base(repository);
    let files = files(repository, at);
    let listed = files.iter().filter(|(path, _)| deep || !path.contains('/'));
    let rows = listed.map(|(path, text)| {
        json!({ "path": path, "mode": "100644", "type": "blob", "sha": blob_sha(text), "size": text.len(),
            "url": format!("{base}/git/blobs/{}", blob_sha(text)) })
    });
    Reply::ok(
        &json!({ "sha": at.sha, "url": format!("{base}/git/trees/{}", at.sha), "tree": rows.collect::<Vec<_>>(), "truncated": false }),
    )
}

fn blob(ask: &Ask<'_>, repository: &Repository, sha: &str) -> Reply {
    let Some(at) = main(repository).last() else {
        return not_found();
    };
    let files = files(repository, at);
    let Some(text) = files.values().find(|text| blob_sha(text) == sha) else {
        return not_found();
    };
    Reply::ok(
        &json!({ "sha": sha, "node_id": format!("B_{sha}"), "size": text.len(), "encoding": "base64",
        "url": format!("{}/git/blobs/{sha}", ask.write.base(repository)), "content": STANDARD.encode(text) }),
    )
}
