//! How few people know a path: the fewest who together made half of its changes.

use std::collections::BTreeMap;

use domain::identity::Persons;
use domain::seam::Listing;
use domain::{Caller, Document, DocumentKind, EdgeKind, Error, Key, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::people::{Contributor, Deed, Role, person_id};
use crate::search::{Explore, bounded};

/// Commits read at once.
const PAGE: usize = 1000;
/// Commits looked at.
const COMMITS: usize = 50_000;
/// The most people of one answer.
const MAX_PEOPLE: usize = 50;

/// Somebody's share of the changes.
pub type Share = Contributor;

/// How few people know a path.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BusFactor {
    /// The file, folder or repository.
    pub path: String,
    /// The fewest people who together made at least half of the changes, recent ones counting more.
    pub factor: usize,
    /// Commits that changed something there.
    pub commits: usize,
    /// Files that they changed.
    pub files: usize,
    /// Files that a single person changed.
    pub by_one: usize,
    /// Those who made the changes, the one with the most first.
    pub people: Vec<Share>,
    /// Whether there were more commits than are looked at.
    pub truncated: bool,
}

/// What commits did below a path.
#[derive(Default)]
struct Tally {
    deeds: Vec<Deed>,
    /// Who changed each file: one person, or several.
    owners: BTreeMap<Key, Option<String>>,
}

impl Explore {
    /// The contributor absence factor of a file, folder or repository, named as `owner/name`, `owner/name/path` or by its key: the fewest
    /// people who made half of its changes, a change counting half for every two years of its age (`CHAOSS`, "Contributor Absence Factor").
    ///
    /// # Errors
    /// `NotFound` when the caller sees no commit that changed something there; `Invalid` for a name that is no path or a limit out of range.
    pub async fn bus_factor(&self, caller: &Caller, path: &str, limit: usize) -> Result<BusFactor> {
        bounded("limit", limit, MAX_PEOPLE)?;
        let (repository, inner) = split(path)?;
        let ground = Ground::of(self, caller).await?;
        let mut listing = Listing {
            kind: DocumentKind::Commit,
            prefix: Key::commit(&repository, "").as_str().to_owned(),
            after: None,
            limit: PAGE,
        };
        let persons = ground.persons().await?;
        let below = Key::file(&repository, inner);
        let (mut tally, mut truncated) = (Tally::default(), true);
        for _ in 0..COMMITS / PAGE {
            let Some(commits) = ground.next(&mut listing).await? else {
                truncated = false;
                break;
            };
            for commit in &commits {
                tally.add(commit, &below, &persons);
            }
        }
        if tally.deeds.is_empty() {
            return Err(crate::search::absent(path));
        }
        let (commits, files) = (tally.deeds.len(), tally.owners.len());
        let by_one = tally.owners.values().flatten().count();
        let mut people = ground.contributors(tally.deeds, usize::MAX).await?;
        let factor = fewest(&people);
        people.truncate(limit);
        Ok(BusFactor {
            path: path.to_owned(),
            factor,
            commits,
            files,
            by_one,
            people,
            truncated,
        })
    }
}

impl Tally {
    fn add(&mut self, commit: &Document, below: &Key, persons: &Persons) {
        let Some(author) = &commit.author else { return };
        let touched = commit
            .links
            .iter()
            .filter(|link| link.kind == EdgeKind::Touches && within(&link.target, below));
        let (person, mut any) = (person_id(persons, author), false);
        for link in touched {
            any = true;
            let owner = self
                .owners
                .entry(link.target.clone())
                .or_insert_with(|| Some(person.clone()));
            *owner = owner.take().filter(|owner| *owner == person);
        }
        if any {
            self.deeds.push(Deed {
                account: author.clone(),
                role: Role::Authored,
                key: commit.key.clone(),
                title: Some(commit.title.clone()),
                at: commit.created,
                relevance: 1.0,
            });
        }
    }
}

/// Whether a file is `below` or lies in it.
fn within(file: &Key, below: &Key) -> bool {
    let rest = file.as_str().strip_prefix(below.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || below.as_str().ends_with('/'))
}

/// `owner/name/path` or a key in repository and path.
fn split(path: &str) -> Result<(String, &str)> {
    let local = ["file:", "repo:"]
        .into_iter()
        .find_map(|scheme| path.strip_prefix(scheme))
        .unwrap_or(path);
    let parts = local.split_once('/').filter(|(owner, _)| !owner.is_empty());
    let Some((owner, rest)) = parts.filter(|(_, rest)| !rest.is_empty()) else {
        return Err(
            Error::invalid("read path", format!("`{path}` is no path of a repository"))
                .with_hint("name it as owner/name, owner/name/folder or owner/name/folder/file"),
        );
    };
    let (name, inner) = rest.split_once('/').unwrap_or((rest, ""));
    Ok((format!("{owner}/{name}"), inner.trim_end_matches('/')))
}

/// How many of the first make at least half of all.
fn fewest(people: &[Contributor]) -> usize {
    let all: f32 = people.iter().map(|one| one.score).sum();
    let mut sum = 0.0;
    let enough = people.iter().position(|one| {
        sum += one.score;
        sum * 2.0 >= all
    });
    enough.map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use domain::Key;

    use super::{split, within};

    #[test]
    fn a_path_is_split_into_repository_and_rest() {
        let api = || "acme/api".to_owned();
        assert_eq!(split("acme/api").expect("repository"), (api(), ""));
        assert_eq!(split("acme/api/src/a.rs").expect("file"), (api(), "src/a.rs"));
        assert_eq!(split("file:acme/api/src/").expect("folder"), (api(), "src"));
        for none in ["", "api", "/api", "acme/"] {
            assert!(split(none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_folder_holds_what_lies_in_it_and_nothing_that_only_begins_alike() {
        let folder = Key::file("acme/api", "src");
        assert!(within(&Key::file("acme/api", "src/a.rs"), &folder));
        assert!(within(&folder, &folder));
        assert!(!within(&Key::file("acme/api", "src2/a.rs"), &folder));
        assert!(within(&Key::file("acme/api", "b.rs"), &Key::file("acme/api", "")));
    }
}
