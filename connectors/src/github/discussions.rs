//! Discussions, which only GraphQL has.

use domain::{Result, Timestamp};
use serde_json::{Value, json};

use super::connector::GitHub;
use super::convert::Scribe;
use super::cursor::{Position, Walk};
use super::pulls::{moved, read};
use crate::archive::json::{at, list, number, text, time};
use crate::batch::Batch;

/// A page costs five points: GitHub counts the requests that its parts would take.
const QUERY: &str = "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) { \
    discussions(first: 10, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { \
    id databaseId number title body url closed isAnswered createdAt updatedAt author { login } category { name } \
    labels(first: 20) { nodes { name } } \
    comments(first: 50) { pageInfo { hasNextPage endCursor } nodes { databaseId body url isAnswer createdAt updatedAt deletedAt author { login } \
    replies(first: 50) { nodes { databaseId body url createdAt updatedAt deletedAt author { login } } } } } } } } }";
/// More comments of one discussion.
const MORE: &str = "query($id: ID!, $after: String) { node(id: $id) { ... on Discussion { \
    comments(first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes { databaseId body url isAnswer createdAt updatedAt deletedAt author { login } \
    replies(first: 50) { nodes { databaseId body url createdAt updatedAt deletedAt author { login } } } } } } } }";

impl GitHub {
    /// A page of discussions from the newest change back, and the cursor of the next.
    pub(super) async fn discussed(
        &self,
        name: &str,
        after: Option<&str>,
    ) -> Result<Option<(Vec<Value>, Option<String>)>> {
        let (owner, short) = name.split_once('/').unwrap_or_default();
        let variables = json!({ "owner": owner, "name": short, "after": after });
        let Some(data) = self.client.graphql(QUERY, &variables).await? else {
            return Ok(None);
        };
        let Some(page) = at(&data, &["repository", "discussions"]) else {
            return Ok(None);
        };
        let mut nodes = list(page, &["nodes"]).to_vec();
        for node in &mut nodes {
            self.complete(node).await?;
        }
        Ok(Some((
            nodes,
            following(page).filter(|next| Some(next.as_str()) != after),
        )))
    }

    /// Add the comments of a discussion that its first page lacks.
    async fn complete(&self, node: &mut Value) -> Result<()> {
        let mut next = at(node, &["comments"]).and_then(following);
        while let (Some(after), Some(id)) = (next.take(), text(node, &["id"])) {
            let Some(data) = self.client.graphql(MORE, &json!({ "id": id, "after": after })).await? else {
                break;
            };
            let Some(page) = at(&data, &["node", "comments"]) else {
                break;
            };
            let more = list(page, &["nodes"]).to_vec();
            next = following(page).filter(|next| *next != after && !more.is_empty());
            if let Some(nodes) = node.pointer_mut("/comments/nodes").and_then(Value::as_array_mut) {
                nodes.extend(more);
            }
        }
        Ok(())
    }

    /// Discussions that changed.
    pub(super) async fn discussions(&self, position: &mut Position, batch: &mut Batch, now: Timestamp) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        let name = one.name.clone();
        let walk = one.discussions.walk.take();
        let page = if one.has_discussions {
            self.discussed(&name, walk.as_ref().map(|walk| walk.next.as_str()))
                .await?
        } else {
            None
        };
        let Some((nodes, next)) = page else {
            position.advance();
            return Ok(());
        };
        let updated = |node: &Value| time(node, &["updatedAt"]);
        let top = nodes.iter().filter_map(updated).max();
        let top = walk.map_or(top, |walk| walk.top);
        let mut scribe = Scribe::new(&self.config, id, &name);
        for node in &nodes {
            let number = number(node, &["number"]).unwrap_or_default();
            if moved(&one.discussions, number, updated(node)) {
                scribe.discussion(node, batch);
                read(&mut one.discussions, number, updated(node), now);
            }
        }
        let floor = one.discussions.floor();
        let below = floor.is_some() && nodes.iter().any(|node| updated(node) < floor);
        if let Some(next) = next.filter(|_| !below && !nodes.is_empty()) {
            one.discussions.walk = Some(Walk { next, top, tag: None });
        } else {
            one.discussions.finish(top);
            position.advance();
        }
        Ok(())
    }
}

/// The cursor of the page after one.
pub(super) fn following(connection: &Value) -> Option<String> {
    let more = at(connection, &["pageInfo", "hasNextPage"]) == Some(&Value::Bool(true));
    text(connection, &["pageInfo", "endCursor"])
        .filter(|_| more)
        .map(str::to_owned)
}
