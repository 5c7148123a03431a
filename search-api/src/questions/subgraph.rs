//! A part of the graph, to be drawn: what surrounds a thing, with addresses to open it.

use domain::{Caller, Key, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::item::Item;
use crate::search::{Explore, NeighborsRequest, Step};

/// What surrounds a thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Subgraph {
    /// The things, the asked one first.
    pub nodes: Vec<Item>,
    /// The edges between them, nearest first.
    pub edges: Vec<Step>,
    /// Whether the limit cut something off.
    pub truncated: bool,
}

impl Explore {
    /// What surrounds a thing, with states and addresses.
    ///
    /// # Errors
    /// As [`Explore::neighbors`].
    pub async fn subgraph(&self, caller: &Caller, request: NeighborsRequest) -> Result<Subgraph> {
        let mut ground = Ground::of(self, caller).await?;
        ground.scope.as_of = request.as_of;
        let around = self.neighborhood(&ground.scope, request).await?;
        let keys: Vec<Key> = around.nodes.iter().map(|node| Key::from_raw(&node.key)).collect();
        let mut documents = ground.documents(&keys).await?;
        documents.retain(|_, document| ground.scope.knows(document.created.or(document.updated)));
        let nodes = keys
            .iter()
            .zip(around.nodes)
            .map(|(key, node)| match documents.get(key) {
                Some(document) => document.into(),
                None => Item {
                    kind: node.kind,
                    title: node.title,
                    ..Item::bare(key)
                },
            });
        Ok(Subgraph {
            nodes: nodes.collect(),
            edges: around.edges,
            truncated: around.truncated,
        })
    }
}
