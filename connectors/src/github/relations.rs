//! What GitHub itself states between its items, which only GraphQL has: what closes what, what duplicates what, who had what when.
//!
//! Where an item is only referred to, nothing is asked: the text that refers says so itself, to those who may read it.

mod events;

use std::collections::BTreeMap;

use domain::{Key, Result, Retry};
use serde_json::{Value, json};
use tracing::warn;

pub(super) use self::events::{Own, Stated};
use super::connector::GitHub;
use super::discussions::following;
use crate::archive::json::{at, list, number, text};
use crate::archive::repository::is_repository;

/// The most items that one query may name.
const IDS: usize = 100;
/// Pages of one timeline, each of a hundred events.
const PAGES: usize = 10;
/// Queries of a page that fail before the rest goes without: one item in a hundred is found by seven.
const FAILURES: usize = 16;

/// What is taken of an item that another is related to.
macro_rules! item {
    () => {
        "{ __typename ... on Issue { number repository { databaseId nameWithOwner } } \
         ... on PullRequest { number repository { databaseId nameWithOwner } } } "
    };
}

/// What is taken of somebody assigned.
macro_rules! assignee {
    () => {
        "createdAt assignee { __typename ... on User { login } ... on Bot { login } ... on Mannequin { login } } "
    };
}

/// The events that make or end a relationship, after a cursor or from the first.
macro_rules! timeline {
    ($after:literal) => {
        concat!(
            "timelineItems(first: 100, ",
            $after,
            "itemTypes: [CONNECTED_EVENT, DISCONNECTED_EVENT, MARKED_AS_DUPLICATE_EVENT, UNMARKED_AS_DUPLICATE_EVENT, \
             ASSIGNED_EVENT, UNASSIGNED_EVENT]) { pageInfo { hasNextPage endCursor } nodes { __typename \
             ... on ConnectedEvent { createdAt source ",
            item!(),
            "subject ",
            item!(),
            "} ... on DisconnectedEvent { createdAt source ",
            item!(),
            "subject ",
            item!(),
            "} ... on MarkedAsDuplicateEvent { createdAt canonical ",
            item!(),
            "duplicate ",
            item!(),
            "} ... on UnmarkedAsDuplicateEvent { createdAt canonical ",
            item!(),
            "duplicate ",
            item!(),
            "} ... on AssignedEvent { ",
            assignee!(),
            "} ... on UnassignedEvent { ",
            assignee!(),
            "} } } "
        )
    };
}

/// A hundred items cost two points: GitHub counts the requests that their lists would take.
const QUERY: &str = concat!(
    "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { id ",
    timeline!(""),
    "} ... on PullRequest { id closingIssuesReferences(first: 50) { nodes { number repository { databaseId nameWithOwner } } } ",
    timeline!(""),
    "} } }"
);
/// More of one timeline.
const MORE: &str = concat!(
    "query($id: ID!, $after: String) { node(id: $id) { ... on Issue { ",
    timeline!("after: $after, "),
    "} ... on PullRequest { ",
    timeline!("after: $after, "),
    "} } }"
);

/// An issue or a pull request, as an answer names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// The number of its repository.
    pub(super) repository: u64,
    pub(super) number: u64,
    pub(super) key: Key,
}

impl Item {
    fn read(node: &Value) -> Option<Self> {
        let name = text(node, &["repository", "nameWithOwner"]).filter(|name| is_repository(name))?;
        let number = number(node, &["number"])?;
        Some(Self {
            repository: at(node, &["repository", "databaseId"]).and_then(Value::as_u64)?,
            number,
            key: Key::github_item(name, number),
        })
    }
}

/// What is stated of items, by their node ids.
#[derive(Debug, Default)]
pub(super) struct Relations(BTreeMap<String, Stated>);

impl Relations {
    /// What is stated of the item that a row of REST is.
    pub(super) fn of(&self, row: &Value) -> Option<&Stated> {
        self.0.get(text(row, &["node_id"])?)
    }
}

impl GitHub {
    /// What is stated of the items in `rows`; nothing where the account may not ask.
    pub(super) async fn relations(&self, rows: &[&Value]) -> Result<Relations> {
        let ids: Vec<&str> = rows.iter().filter_map(|row| text(row, &["node_id"])).collect();
        let (mut ahead, mut told): (Vec<&[&str]>, _) = (ids.chunks(IDS).collect(), Relations::default());
        let mut failures = 0;
        while let Some(some) = ahead.pop() {
            match self.client.nodes(QUERY, &json!({ "ids": some })).await {
                Ok(nodes) => self.tell(nodes, some.len(), &mut told).await?,
                Err(error) if matches!(error.retry(), Retry::After(_)) => return Err(error),
                // GitHub gives up on what takes it too long, and fewer take it less.
                Err(error) if error.retry() == Retry::Now && some.len() > 1 && failures < FAILURES => {
                    failures += 1;
                    let (first, second) = some.split_at(some.len() / 2);
                    ahead.extend([first, second]);
                }
                Err(error) => {
                    warn!(source.id = %self.config.source, items = some.len(), %error, "items are read without what GitHub states between them");
                }
            }
        }
        Ok(told)
    }

    /// Take in what is answered of so many items.
    async fn tell(&self, nodes: Option<Vec<Value>>, items: usize, told: &mut Relations) -> Result<()> {
        if nodes.is_none() {
            warn!(source.id = %self.config.source, items, "what GitHub states between items is hidden");
        }
        for node in nodes.unwrap_or_default() {
            if let Some(id) = text(&node, &["id"]) {
                told.0.insert(id.to_owned(), self.stated(&node).await?);
            }
        }
        Ok(())
    }

    /// Read what is stated of one item, the further pages of its timeline too.
    async fn stated(&self, node: &Value) -> Result<Stated> {
        let id = text(node, &["id"]).unwrap_or_default();
        let mut stated = Stated::read(node);
        let mut next = at(node, &["timelineItems"]).and_then(following);
        for _ in 1..PAGES {
            let Some(after) = next.take() else { break };
            let data = self.client.graphql(MORE, &json!({ "id": id, "after": after })).await?;
            let data = data.unwrap_or_default();
            let Some(page) = at(&data, &["node", "timelineItems"]) else {
                next = Some(after);
                break;
            };
            stated.events(list(page, &["nodes"]));
            next = following(page).filter(|next| *next != after);
        }
        if next.is_some() {
            warn!(source.id = %self.config.source, item = id, "a timeline is not read to its end");
            stated.cut();
        }
        Ok(stated)
    }
}
