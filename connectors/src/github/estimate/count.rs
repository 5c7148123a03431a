//! The counts of one repository: by one query, and by the first page of each list that tells how many follow it.

use domain::{Result, Timestamp};
use serde_json::{Value, json};

use super::super::client::{refused, rows_of};
use super::super::connector::GitHub;
use super::super::cursor::{Repository, Visibility};
use super::super::pulls::moved;
use super::super::streams::{List, since};
use super::ROWS;
use crate::archive::json::{at, list, number, text, time};
use crate::estimate::{self, Crowd, scaled};

/// One query for what has a count: three points, and a fourth where there are many discussions.
const QUERY: &str = "query($owner: String!, $name: String!, $since: DateTime) { repository(owner: $owner, name: $name) { \
    everything: issues { totalCount } \
    issues(first: 100, filterBy: {since: $since}, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount nodes { author { login } } } \
    pullRequests(first: 100, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount \
    nodes { number updatedAt author { login } reviews { totalCount } } } \
    discussions(first: 50, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount \
    nodes { number updatedAt author { login } comments(first: 50) { totalCount nodes { replies { totalCount } } } } } \
    releases { totalCount } } }";

/// How many there are of what has to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Count {
    pub(super) issues: u64,
    pub(super) pulls: u64,
    pub(super) reviews: u64,
    pub(super) comments: u64,
    pub(super) remarks: u64,
    pub(super) discussions: u64,
    /// Comments in discussions, and replies to them.
    pub(super) said: u64,
    pub(super) releases: u64,
    pub(super) collaborators: u64,
    /// All there are, read or not; empty where no sweep needs it.
    pub(super) all: All,
}

/// How many there are in all.
#[derive(Debug, Clone, Default)]
pub(super) struct All {
    pub(super) issues: u64,
    pub(super) pulls: u64,
    pub(super) comments: u64,
    pub(super) remarks: u64,
    pub(super) discussions: u64,
    pub(super) releases: u64,
}

/// How many a connection has.
fn total(value: &Value, path: &[&str]) -> u64 {
    at(value, path)
        .and_then(|found| number(found, &["totalCount"]))
        .unwrap_or_default()
}

impl GitHub {
    /// Count what is to be read of a repository; none where it may not be read. `whole` asks for what a sweep needs as well.
    pub(super) async fn counted(
        &self,
        (id, one): (u64, &Repository),
        whole: bool,
        crowd: &mut Crowd,
    ) -> Result<Option<Count>> {
        let (owner, short) = one.name.split_once('/').unwrap_or_default();
        let from = one.issues.floor().map(since);
        let variables = json!({ "owner": owner, "name": short, "since": from });
        let data = self.client.graphql(QUERY, &variables).await?.unwrap_or_default();
        let Some(found) = at(&data, &["repository"]) else {
            return Ok(None);
        };
        let mut count = told(one, found, self.clock.now(), crowd);
        count.comments = self.rows(id, List::Comments, one.comments.floor(), crowd).await?;
        count.remarks = self.rows(id, List::Remarks, one.remarks.floor(), crowd).await?;
        (count.all.comments, count.all.remarks) = (count.comments, count.remarks);
        if whole {
            count.all.comments = self.rows(id, List::Comments, None, &mut Crowd::default()).await?;
            count.all.remarks = self.rows(id, List::Remarks, None, &mut Crowd::default()).await?;
        }
        // Those who are known not to have changed are not told again.
        if one.visibility != Visibility::Public && !one.tags.contains_key("collaborators") {
            let path = format!("repositories/{id}/collaborators");
            let query = [("affiliation", "all"), ("per_page", "100")];
            count.collaborators = self.page(&path, &query, crowd).await?;
        }
        Ok(Some(count))
    }

    /// About how many rows a list has that changed since then.
    async fn rows(&self, id: u64, what: List, from: Option<Timestamp>, crowd: &mut Crowd) -> Result<u64> {
        let from = from.map(since);
        let mut query = vec![("sort", "updated"), ("direction", "asc"), ("per_page", "100")];
        query.extend(from.as_deref().map(|from| ("since", from)));
        self.page(&format!("repositories/{id}/{}", what.path()), &query, crowd)
            .await
    }

    /// About how many rows a list has, by its first page and the number of its last.
    async fn page(&self, path: &str, query: &[(&str, &str)], crowd: &mut Crowd) -> Result<u64> {
        let answer = self.client.ask(self.client.url(path, query), None).await?;
        if refused(answer.status()) {
            return Ok(0);
        }
        let answer = answer.good()?;
        let rows = rows_of(&answer)?;
        let authors = rows
            .iter()
            .filter_map(|row| text(row, &["user", "login"]).or_else(|| text(row, &["login"])));
        authors.for_each(|login| crowd.meet(login));
        Ok(match answer.last_page() {
            // In the middle, a last page is half full.
            Some(last) => {
                crowd.partial = true;
                last.saturating_mul(ROWS).saturating_sub(ROWS / 2)
            }
            None => rows.len() as u64,
        })
    }
}

/// Read the counts of an answer.
fn told(one: &Repository, found: &Value, now: Timestamp, crowd: &mut Crowd) -> Count {
    for connection in ["issues", "pullRequests", "discussions"] {
        let nodes = list(found, &[connection, "nodes"]);
        crowd.partial |= total(found, &[connection]) > nodes.len() as u64;
        nodes
            .iter()
            .filter_map(|node| text(node, &["author", "login"]))
            .for_each(|login| crowd.meet(login));
    }
    let all = All {
        issues: total(found, &["everything"]),
        pulls: total(found, &["pullRequests"]),
        discussions: total(found, &["discussions"]),
        releases: total(found, &["releases"]),
        ..All::default()
    };
    let updated = |node: &Value| time(node, &["updatedAt"]);
    let is_new = |node: &&Value| moved(&one.pulls, number(node, &["number"]).unwrap_or_default(), updated(node));
    let pulls = list(found, &["pullRequests", "nodes"]);
    let fresh: Vec<&Value> = pulls.iter().filter(is_new).collect();
    let reviews: u64 = fresh.iter().map(|node| total(node, &["reviews"])).sum();
    let number_of_pulls = extended(&fresh, pulls, all.pulls, (one.pulls.floor(), now));
    let is_new = |node: &&Value| {
        moved(
            &one.discussions,
            number(node, &["number"]).unwrap_or_default(),
            updated(node),
        )
    };
    let talks = list(found, &["discussions", "nodes"]);
    let fresh_talks: Vec<&Value> = talks.iter().filter(is_new).collect();
    let said: u64 = fresh_talks.iter().map(|node| said(node)).sum();
    let discussions = extended(&fresh_talks, talks, all.discussions, (one.discussions.floor(), now));
    Count {
        issues: total(found, &["issues"]),
        pulls: number_of_pulls,
        reviews: scaled(reviews, fresh.len() as u64, number_of_pulls),
        discussions,
        said: scaled(said, fresh_talks.len() as u64, discussions),
        releases: all.releases,
        all,
        ..Count::default()
    }
}

/// How many of a list are to be read, where those to be read among its newest are known.
fn extended(fresh: &[&Value], seen: &[Value], all: u64, (floor, now): (Option<Timestamp>, Timestamp)) -> u64 {
    let rows = fresh.len() as u64;
    if fresh.len() < seen.len() || all <= rows {
        return rows;
    }
    let oldest = seen.iter().filter_map(|node| time(node, &["updatedAt"])).min();
    match (floor, oldest) {
        (Some(floor), Some(oldest)) => estimate::since(rows, (now.0, oldest.0, floor.0)).min(all),
        _ => all,
    }
}

/// What was said in a discussion: comments, and the replies to those that are shown.
fn said(node: &Value) -> u64 {
    let comments = list(node, &["comments", "nodes"]);
    let replies: u64 = comments.iter().map(|one| total(one, &["replies"])).sum();
    total(node, &["comments"]) + replies
}
