//! What exists now, for finding deletions: numbers alone are taken from the lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use domain::{DocumentId, Key, Result, Sweep};
use serde_json::{Value, json};

use super::client::is_refusal;
use super::connector::GitHub;
use super::convert::{is_draft, release_id, repository_id, said_id};
use super::cursor::{Position, Repository, Rising};
use super::discussions::following;
use super::streams::List;
use crate::archive::github::item::item_id;
use crate::archive::github::part::part_id;
use crate::archive::github::record::Shape;
use crate::archive::json::{at, id, list, number, text};

/// How often a list is read of whose items nothing tells that one is missing: while its pages are read it may change, and lack one.
const READINGS: usize = 2;
/// Numbers that are asked for one by one; where more are missing, all are listed once more.
const ASKED: usize = 100;
/// The reviews of a hundred pull requests for one point.
const REVIEWS: &str = "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) { \
    pullRequests(first: 100, after: $after) { pageInfo { hasNextPage endCursor } \
    nodes { number reviews(first: 100) { pageInfo { hasNextPage } nodes { fullDatabaseId } } } } } }";

/// What exists in a repository; none where that cannot be told.
type Ids = Option<BTreeSet<String>>;

/// The repositories that a census has counted. Where it fails for a limit, the next one from the same position goes on with them.
#[derive(Default)]
pub(super) struct Counted {
    position: String,
    repositories: BTreeMap<u64, Ids>,
}

/// The keys under which a repository's documents stand.
fn keys(name: &str) -> [Key; 3] {
    let name = name.to_lowercase();
    ["repo", "github", "tag"].map(|scheme| Key::from_raw(&format!("{scheme}:{name}")))
}

impl GitHub {
    /// What exists of all that `position` has read.
    pub(super) async fn census(&self, position: &Position) -> Result<Sweep> {
        let (_, rows) = match self.listed().await {
            Err(error) if is_refusal(&error) => return Ok(Sweep::Frozen(error.to_string())),
            listed => listed?,
        };
        if rows.is_empty() {
            return Ok(Sweep::Frozen("no repository is listed".to_owned()));
        }
        let names: BTreeSet<String> = rows
            .values()
            .filter_map(|row| text(row, &["full_name"]).map(str::to_lowercase))
            .collect();
        self.go_on(position);
        let (mut existing, mut unknown) = (Vec::new(), BTreeSet::new());
        for (number, one) in &position.repositories {
            if !rows.contains_key(number) {
                // Whatever stands under a name that another repository has now is told by that one.
                if !names.contains(&one.name.to_lowercase()) {
                    unknown.extend(keys(&one.name));
                }
                continue;
            }
            match self.count(*number, one).await? {
                Some(ids) => existing.extend(ids.iter().map(|id| DocumentId::new(&self.config.source, id))),
                None => unknown.extend(keys(&one.name)),
            }
        }
        self.with_counted(|counted| *counted = Counted::default());
        Ok(if unknown.is_empty() {
            Sweep::Complete(existing)
        } else {
            Sweep::Partial { existing, unknown }
        })
    }

    fn with_counted<T>(&self, work: impl FnOnce(&mut Counted) -> T) -> T {
        work(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Go on with a census from `position`, or begin one.
    fn go_on(&self, position: &Position) {
        let position = position.write().0;
        self.with_counted(|counted| {
            if counted.position != position {
                *counted = Counted {
                    position,
                    ..Counted::default()
                };
            }
        });
    }

    /// Count what is in a repository, unless the census already has.
    async fn count(&self, number: u64, one: &Repository) -> Result<Ids> {
        if let Some(known) = self.with_counted(|counted| counted.repositories.get(&number).cloned()) {
            return Ok(known);
        }
        let ids = match self.census_of(number, one).await {
            Err(error) if is_refusal(&error) => None,
            ids => ids?,
        };
        self.client.forget();
        self.with_counted(|counted| counted.repositories.insert(number, ids.clone()));
        Ok(ids)
    }

    /// The identities of what is in a repository; none where that cannot be told.
    async fn census_of(&self, repository: u64, one: &Repository) -> Result<Ids> {
        let mut ids = BTreeSet::from([repository_id(repository)]);
        let before = ids.len();
        // A list that had something and now has nothing is more likely hidden than emptied.
        let listed = self.take(repository, List::Issues, &mut ids).await?;
        if !listed || (ids.len() == before && one.issues.high.is_some()) {
            return Ok(None);
        }
        for _ in 0..READINGS {
            for what in [List::Comments, List::Remarks] {
                if !self.take(repository, what, &mut ids).await? {
                    return Ok(None);
                }
            }
            self.client.forget();
            let url = self
                .client
                .url(&format!("repositories/{repository}/releases"), &[("per_page", "100")]);
            let releases = self.client.list(url).await?;
            let shown = releases.iter().filter(|row| !is_draft(row));
            ids.extend(shown.filter_map(|row| id(row, &["id"])).map(|id| release_id(&id)));
        }
        self.reviews(repository, &one.name, &mut ids).await?;
        if !self.talks(repository, &one.name, &mut ids).await? {
            return Ok(None);
        }
        self.unlisted(repository, one.last_number, &mut ids).await?;
        Ok(Some(ids))
    }

    /// Take the identities of what a list holds; whether it may be read.
    async fn take(&self, repository: u64, what: List, ids: &mut BTreeSet<String>) -> Result<bool> {
        let mut stream = Rising::default();
        loop {
            let Some(rows) = self.rising(repository, what, &mut stream).await? else {
                return Ok(false);
            };
            ids.extend(rows.iter().filter_map(|row| match what {
                List::Issues => number(row, &["number"]).map(|number| item_id(repository, number)),
                List::Comments | List::Remarks => id(row, &["id"]).map(|id| part_id(what.shape(), &id)),
            }));
            if stream.at.is_none() {
                return Ok(true);
            }
        }
    }

    /// Ask for the numbers that no list has. Most were deleted or moved away; but a list that changes while its pages are read may
    /// lack one that is there.
    async fn unlisted(&self, repository: u64, last: u64, ids: &mut BTreeSet<String>) -> Result<()> {
        let missing: Vec<u64> = (1..=last)
            .filter(|number| !ids.contains(&item_id(repository, *number)))
            .collect();
        if missing.len() > ASKED {
            self.take(repository, List::Issues, ids).await?;
            return Ok(());
        }
        for number in missing {
            let path = format!("repositories/{repository}/issues/{number}");
            let answer = self.client.recall(self.client.url(&path, &[])).await?;
            // One that moved away answers from its new place.
            if answer.status() == 200 && answer.url().path().ends_with(&path) {
                ids.insert(item_id(repository, number));
            }
        }
        Ok(())
    }

    /// The reviews of all pull requests.
    async fn reviews(&self, repository: u64, name: &str, ids: &mut BTreeSet<String>) -> Result<()> {
        let (owner, short) = name.split_once('/').unwrap_or_default();
        let mut after: Option<String> = None;
        loop {
            let variables = json!({ "owner": owner, "name": short, "after": after });
            let data = self.client.graphql(REVIEWS, &variables).await?.unwrap_or_default();
            let Some(page) = at(&data, &["repository", "pullRequests"]) else {
                return Err(domain::Error::not_found(
                    "count reviews",
                    "its pull requests are hidden",
                ));
            };
            for node in list(page, &["nodes"]) {
                let more = at(node, &["reviews", "pageInfo", "hasNextPage"]) == Some(&Value::Bool(true));
                let reviews = match number(node, &["number"]).filter(|_| more) {
                    Some(number) => self.all_reviews(repository, number).await?,
                    None => list(node, &["reviews", "nodes"]).to_vec(),
                };
                let numbers = reviews
                    .iter()
                    .filter_map(|one| id(one, &["fullDatabaseId"]).or_else(|| id(one, &["id"])));
                ids.extend(numbers.map(|id| part_id(Shape::Review, &id)));
            }
            match following(page).filter(|next| Some(next) != after.as_ref()) {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn all_reviews(&self, repository: u64, number: u64) -> Result<Vec<Value>> {
        let path = format!("repositories/{repository}/pulls/{number}/reviews");
        self.client.list(self.client.url(&path, &[("per_page", "100")])).await
    }

    /// The discussions and what was said in them; whether that can be told.
    async fn talks(&self, repository: u64, name: &str, ids: &mut BTreeSet<String>) -> Result<bool> {
        let mut after: Option<String> = None;
        loop {
            let Some((nodes, next)) = self.discussed(name, after.as_deref()).await? else {
                return Ok(false);
            };
            for node in &nodes {
                ids.extend(number(node, &["number"]).map(|number| item_id(repository, number)));
                for comment in list(node, &["comments", "nodes"]) {
                    let replies = list(comment, &["replies", "nodes"]);
                    let said = std::iter::once(comment).chain(replies);
                    let there = said.filter(|one| at(one, &["deletedAt"]).is_none());
                    ids.extend(there.filter_map(|one| id(one, &["databaseId"])).map(|id| said_id(&id)));
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(true),
            }
        }
    }
}
