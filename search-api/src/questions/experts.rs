//! Who knows about a topic: the people behind what a search for it finds.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::Direction;
use domain::{Caller, Document, DocumentId, DocumentKind, EdgeKind, Error, Filter, Key, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::people::{Contributor, Deed, deeds_of, shares};
use crate::search::{MAX_QUERY, Mode, Search, bounded};

/// Documents of the topic that are looked at.
const DOCUMENTS: usize = 50;
/// Comments and reviews looked at with each.
const PARTS: usize = 100;
/// The most people of one answer.
const MAX_PEOPLE: usize = 50;

/// Somebody who knows about the topic.
pub type Expert = Contributor;

/// Who knows about a topic.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Experts {
    /// The topic as it was asked.
    pub topic: String,
    /// People, the best first.
    pub experts: Vec<Expert>,
    /// How many documents of the topic were looked at.
    pub documents: usize,
}

impl Search {
    /// Who knows about `topic`: those who wrote, reviewed, answered and were given what a search for it finds. A contribution counts by
    /// the document's relevance (its score as a share of the best), its role and its age; at most `limit` people, 1 to 50.
    ///
    /// # Errors
    /// `Invalid` for an empty topic or a limit out of range; whatever a backend reports.
    pub async fn experts(&self, caller: &Caller, topic: &str, limit: usize) -> Result<Experts> {
        check(topic, limit)?;
        let ground = Ground::of(&self.explore, caller).await?;
        let filter = Filter::visible(ground.scope.visible.clone());
        let mut ranked = self.rank(topic, &filter, Mode::Fused).await?;
        ranked.truncate(DOCUMENTS);
        let relevance: BTreeMap<DocumentId, f64> = shares(&ranked)
            .map(|(document, share)| (document, share.clamp(0.0, 1.0)))
            .collect();
        let ids: Vec<DocumentId> = ranked.iter().map(|one| one.document).collect();
        let documents = self.explore.documents.documents(&ids, &ground.scope.visible).await?;
        let mut deeds = Vec::new();
        // A comment that was found counts for itself; as a part of something that was found it counts no second time.
        let mut counted: BTreeSet<Key> = documents.iter().map(|document| document.key.clone()).collect();
        for document in &documents {
            let relevance = relevance.get(&document.id).copied().unwrap_or_default();
            deeds.extend(deeds_of(document, relevance));
            deeds.extend(ground.answers(document, relevance, &mut counted).await?);
        }
        Ok(Experts {
            topic: topic.to_owned(),
            experts: ground.contributors(deeds, limit).await?,
            documents: documents.len(),
        })
    }
}

impl Ground<'_> {
    /// Who commented on a document or reviewed it, by comments and reviews of their own.
    async fn answers(&self, document: &Document, relevance: f64, counted: &mut BTreeSet<Key>) -> Result<Vec<Deed>> {
        let kinds = [EdgeKind::PartOf, EdgeKind::RepliesTo];
        let around = self.around(&document.key, &kinds, Direction::In, PARTS).await?;
        let parts: Vec<&Key> = around
            .edges
            .iter()
            .map(|edge| &edge.from)
            .filter(|key| !counted.contains(*key))
            .collect();
        let mut deeds = Vec::new();
        for part in self.documents(parts).await?.into_values().filter(is_part) {
            for deed in deeds_of(&part, relevance) {
                let (key, title) = (document.key.clone(), Some(document.title.clone()));
                deeds.push(Deed { key, title, ..deed });
            }
            counted.insert(part.key);
        }
        Ok(deeds)
    }
}

/// Whether this is a part of something else by itself.
fn is_part(document: &Document) -> bool {
    matches!(document.kind, DocumentKind::Comment | DocumentKind::Review)
}

fn check(topic: &str, limit: usize) -> Result<()> {
    if topic.trim().is_empty() || topic.len() > MAX_QUERY {
        return Err(
            Error::invalid("find experts", format!("a topic of {} bytes", topic.len()))
                .with_hint(format!("give 1 to {MAX_QUERY} bytes of text")),
        );
    }
    bounded("limit", limit, MAX_PEOPLE)
}
