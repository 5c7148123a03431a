//! Rescoring the best candidates by a model that reads each of them together with the query.

use std::collections::BTreeMap;

use domain::{Document, DocumentId, Error, Result, Visible};

use super::{Candidate, Search};

impl Search {
    /// The candidates in the order of the reranking model: the best `depth` by its score, then the rest as they were. Each is read as
    /// it was embedded: its best chunk under the title of its document. What the caller may not see is not read and stays below.
    ///
    /// # Errors
    /// Whatever the model or the store reports; without a model there is none.
    pub async fn rerank(&self, text: &str, visible: &Visible, ranked: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let Some(reranking) = self.reranking.as_ref().filter(|_| !ranked.is_empty()) else {
            return Ok(ranked);
        };
        let best = ranked.get(..reranking.depth.min(ranked.len())).unwrap_or_default();
        let ids: Vec<DocumentId> = best.iter().map(|one| one.document).collect();
        let documents = self.explore.documents.documents(&ids, visible).await?;
        let documents: BTreeMap<DocumentId, Document> = documents.into_iter().map(|one| (one.id, one)).collect();
        let (mut read, mut passages) = (Vec::new(), Vec::new());
        for candidate in best {
            let Some(document) = documents.get(&candidate.document) else {
                continue;
            };
            let chunks = self.explore.documents.chunks(document.id, visible).await?;
            if let Some(stored) = chunks.iter().find(|stored| stored.chunk.id() == candidate.chunk) {
                read.push(candidate.document);
                passages.push(stored.chunk.embedded_text(&document.title));
            }
        }
        let scores = reranking.model.score(text, passages).await?;
        if scores.len() != read.len() {
            let message = format!("{} scores for {} passages", scores.len(), read.len());
            return Err(Error::internal("rerank", message));
        }
        Ok(reordered(ranked, &read.into_iter().zip(scores).collect()))
    }
}

/// Candidates that have a new score first, by it.
fn reordered(mut ranked: Vec<Candidate>, scores: &BTreeMap<DocumentId, f32>) -> Vec<Candidate> {
    for candidate in &mut ranked {
        if let Some(score) = scores.get(&candidate.document) {
            candidate.score = *score;
            candidate.reranked = true;
        }
    }
    // Stable: equal ones keep the order of the fusion.
    ranked.sort_by(|a, b| b.compare(a));
    ranked
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{ChunkId, DocumentId, SourceId};

    use super::{Candidate, reordered};

    #[test]
    fn rescored_candidates_stand_above_the_rest() {
        let source = SourceId::new("s").expect("slug");
        let ids = ["a", "b", "c", "d"].map(|name| DocumentId::new(&source, name));
        let candidate = |(document, score): (&DocumentId, f32)| Candidate {
            chunk: ChunkId::new(*document, 0),
            document: *document,
            score,
            reranked: false,
        };
        let fused: Vec<_> = ids.iter().zip([1.4, 1.3, 1.2, 1.1]).map(candidate).collect();
        let scores = BTreeMap::from([(ids[0], 0.2), (ids[2], 0.9)]);
        let found = reordered(fused.clone(), &scores);
        assert_eq!(
            found.iter().map(|one| one.document).collect::<Vec<_>>(),
            [ids[2], ids[0], ids[1], ids[3]]
        );
        assert!((found[0].score - 0.9).abs() < f32::EPSILON);
        assert_eq!(reordered(fused.clone(), &BTreeMap::new()), fused);
    }
}
