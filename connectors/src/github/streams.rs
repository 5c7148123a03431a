//! The lists that can be read from a time on: issues, comments, and comments on lines of code.

use domain::{Result, Timestamp};
use serde_json::Value;
use tracing::warn;
use url::Url;

use super::client::{refused, rows_of};
use super::connector::GitHub;
use super::convert::{Scribe, is_issue};
use super::cursor::{Place, Position, Rising, Stage};
use crate::archive::github::record::Shape;
use crate::archive::json::{at, number, time};
use crate::batch::Batch;

/// A list and how its pages are turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Issues,
    Comments,
    Remarks,
}

impl List {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Comments => "issues/comments",
            Self::Remarks => "pulls/comments",
        }
    }

    /// What its rows are.
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Issues => Shape::Issue,
            Self::Comments => Shape::Comment,
            Self::Remarks => Shape::ReviewComment,
        }
    }
}

/// Whole seconds, as GitHub counts them.
pub(super) fn since(time: Timestamp) -> String {
    Timestamp(time.0 - time.0.rem_euclid(1000)).to_string()
}

impl GitHub {
    /// Where a walk goes on.
    fn place(&self, id: u64, list: List, stream: &Rising) -> Result<Url> {
        let base = |from: Option<Timestamp>| {
            let mut query = vec![("sort", "updated"), ("direction", "asc"), ("per_page", "100")];
            if list == List::Issues {
                query.push(("state", "all"));
            }
            let from = from.map(since);
            query.extend(from.as_deref().map(|from| ("since", from)));
            self.client.url(&format!("repositories/{id}/{}", list.path()), &query)
        };
        match &stream.at {
            None => Ok(base(stream.floor())),
            Some(Place::Since(time)) => Ok(base(Some(*time))),
            Some(Place::Link(link)) => Url::parse(link).map_err(|error| {
                domain::Error::corrupt("read GitHub cursor", "a link in it is malformed").with_source(error)
            }),
        }
    }

    /// The next page of a list; none where it is refused. `stream.at` is none when there is no other.
    pub(super) async fn rising(&self, id: u64, list: List, stream: &mut Rising) -> Result<Option<Vec<Value>>> {
        let answer = self.client.ask(self.place(id, list, stream)?, None).await?;
        if refused(answer.status()) {
            // A link may be too old. Without it the walk goes on from what was read last.
            let stale = matches!(stream.at, Some(Place::Link(_)));
            stream.at = stale.then(|| Place::Since(stream.high.unwrap_or_default()));
            return Ok(stale.then(Vec::new));
        }
        let answer = answer.good()?;
        let rows = rows_of(&answer)?;
        let next = answer.next_link()?.filter(|_| !rows.is_empty());
        let newest = rows.iter().filter_map(|row| time(row, &["updated_at"])).max();
        let reached = match stream.at {
            Some(Place::Since(time)) => Some(time),
            None => stream.floor(),
            Some(Place::Link(_)) => stream.high,
        };
        if next.as_ref() == Some(answer.url()) {
            return Err(domain::Error::corrupt("read list", "a page leads to itself"));
        }
        stream.at = next.map(|next| match newest {
            // Comments are paged by number, and a change moves all that follow it one place up, over the edge of a page. Asking
            // from the last time on cannot miss them, unless one second fills a page.
            Some(newest) if list != List::Issues && reached < Some(newest) => Place::Since(newest),
            Some(_) | None => Place::Link(next.into()),
        });
        stream.high = stream.high.max(newest);
        Ok(Some(rows))
    }

    /// A page of issues.
    pub(super) async fn issues(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        // An issue that comes from another repository brings comments that are older than what was read here.
        let floor = one.comments.high.and(one.issues.floor());
        let Some(rows) = self.rising(id, List::Issues, &mut one.issues).await? else {
            warn!(source.id = %self.config.source, repository = one.name, "its issues cannot be read");
            position.advance();
            return Ok(());
        };
        let name = one.name.clone();
        let mut scribe = Scribe::new(&self.config, id, &name);
        let issues: Vec<&Value> = rows.iter().filter(|row| is_issue(row)).collect();
        let relations = self.relations(&issues).await?;
        for row in &rows {
            scribe.issue(row, relations.of(row), batch);
            let (Some(number), Some(created)) = (number(row, &["number"]), time(row, &["created_at"])) else {
                continue;
            };
            let arrived = number > one.last_number && floor.is_some_and(|floor| created < floor);
            if arrived && at(row, &["comments"]).and_then(Value::as_u64) > Some(0) {
                let path = format!("repositories/{id}/issues/{number}/comments");
                for comment in self.client.list(self.client.url(&path, &[("per_page", "100")])).await? {
                    scribe.comment(Shape::Comment, &comment, batch);
                }
            }
        }
        let numbers = rows.iter().filter_map(|row| number(row, &["number"]));
        one.last_number = numbers.fold(one.last_number, u64::max);
        if one.issues.at.is_none() {
            position.advance();
        }
        Ok(())
    }

    /// A page of comments.
    pub(super) async fn comments(&self, stage: Stage, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        let (list, stream) = if stage == Stage::Remarks {
            (List::Remarks, &mut one.remarks)
        } else {
            (List::Comments, &mut one.comments)
        };
        let rows = self.rising(id, list, stream).await?.unwrap_or_default();
        let done = stream.at.is_none();
        let mut scribe = Scribe::new(&self.config, id, &one.name);
        for row in &rows {
            scribe.comment(list.shape(), row, batch);
        }
        if done {
            position.advance();
        }
        Ok(())
    }
}
