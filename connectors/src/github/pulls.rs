//! Pull requests: a list that has no `since`, walked from the newest change back, and what belongs to each that changed.

use std::time::Duration;

use domain::{Error, Result, Retry, Timestamp};
use serde_json::Value;
use tracing::warn;
use url::Url;

use super::client::{is_refusal, refused, rows_of};
use super::connector::GitHub;
use super::convert::{Parts, Scribe};
use super::cursor::{Falling, Position, Walk};
use crate::archive::json::{number, time};
use crate::batch::Batch;
use crate::clock::until;

/// Pull requests of a page: each that changed costs three requests more.
const PAGE: &str = "30";
/// GitHub dates changes to the second: what is younger than this may change again under the same date.
const SETTLED: Duration = Duration::from_mins(1);

/// Whether a row was not read as it is now.
pub(super) fn moved(stream: &Falling, number: u64, updated: Option<Timestamp>) -> bool {
    updated >= stream.floor() && (updated.is_none() || stream.seen.get(&number).copied() != updated)
}

/// Note that a row was read, unless it may change again without showing it.
pub(super) fn read(stream: &mut Falling, number: u64, updated: Option<Timestamp>, now: Timestamp) {
    if let Some(updated) = updated.filter(|updated| until(*updated, now) > SETTLED) {
        stream.seen.insert(number, updated);
    }
}

fn link(link: &str) -> Result<Url> {
    Url::parse(link)
        .map_err(|error| Error::corrupt("read GitHub cursor", "a link in it is malformed").with_source(error))
}

impl GitHub {
    /// A page of pull requests.
    pub(super) async fn pulls(&self, position: &mut Position, batch: &mut Batch, now: Timestamp) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        let (url, tag) = match &one.pulls.walk {
            Some(walk) => (link(&walk.next)?, None),
            None => (self.first(id), one.tags.get("pulls").map(String::as_str)),
        };
        let answer = self.client.again(url, tag).await?;
        if answer.not_modified() || refused(answer.status()) {
            one.pulls.walk = None;
            if !answer.not_modified() {
                warn!(source.id = %self.config.source, repository = one.name, "its pull requests cannot be read");
            }
            position.advance();
            return Ok(());
        }
        let answer = answer.good()?;
        let rows = rows_of(&answer)?;
        let updated = |row: &Value| time(row, &["updated_at"]);
        let top = rows.iter().filter_map(updated).max();
        let walk = one.pulls.walk.take().unwrap_or_else(|| Walk {
            next: String::new(),
            top,
            tag: answer.etag().map(str::to_owned),
        });
        let name = one.name.clone();
        let changed = rows.iter().filter_map(|row| Some((number(row, &["number"])?, row)));
        let changed: Vec<(u64, &Value)> = changed
            .filter(|(number, row)| moved(&one.pulls, *number, updated(row)))
            .collect();
        let mut brought = Vec::new();
        for (number, row) in &changed {
            brought.push((*number, *row, self.parts(id, *number).await?));
        }
        // After what is kept for the next try, where one comes to a limit.
        let changed: Vec<&Value> = changed.into_iter().map(|(_, row)| row).collect();
        let relations = self.relations(&changed).await?;
        for (number, row, mut parts) in brought {
            parts.stated = relations.of(row);
            Scribe::new(&self.config, id, &name).pull(row, &parts, batch);
            read(&mut one.pulls, number, updated(row), now);
        }
        let floor = one.pulls.floor();
        let below = floor.is_some() && rows.iter().any(|row| updated(row) < floor);
        if let Some(next) = answer.next_link()?.filter(|_| !below && !rows.is_empty()) {
            let next = next.into();
            one.pulls.walk = Some(Walk { next, ..walk });
        } else {
            let settled = walk.top.is_some_and(|top| until(top, now) > SETTLED);
            one.tags.remove("pulls");
            one.tags
                .extend(walk.tag.filter(|_| settled).map(|tag| ("pulls".to_owned(), tag)));
            one.pulls.finish(walk.top);
            position.advance();
        }
        Ok(())
    }

    fn first(&self, id: u64) -> Url {
        let query = [
            ("state", "all"),
            ("sort", "updated"),
            ("direction", "desc"),
            ("per_page", PAGE),
        ];
        self.client.url(&format!("repositories/{id}/pulls"), &query)
    }

    /// The reviews, commits and files of a pull request.
    async fn parts<'s>(&self, id: u64, number: u64) -> Result<Parts<'s>> {
        let list = |what: &str| {
            let path = format!("repositories/{id}/pulls/{number}/{what}");
            self.client.list(self.client.url(&path, &[("per_page", "100")]))
        };
        let reviews = match list("reviews").await {
            Err(error) if is_refusal(&error) => Vec::new(),
            rows => rows?,
        };
        if !self.config.details {
            return Ok(Parts {
                reviews,
                ..Parts::default()
            });
        }
        Ok(Parts {
            reviews,
            commits: self.detail(id, number, list("commits").await)?,
            files: self.detail(id, number, list("files").await)?,
            stated: None,
        })
    }

    /// A list that GitHub fails to put together for some very large changes: one of those must not hold up all that follows.
    fn detail(&self, id: u64, number: u64, rows: Result<Vec<Value>>) -> Result<Vec<Value>> {
        match rows {
            Err(error) if is_refusal(&error) || error.retry() == Retry::Now => {
                warn!(source.id = %self.config.source, repository = id, number, %error, "a pull request is read without its details");
                Ok(Vec::new())
            }
            rows => rows,
        }
    }
}
