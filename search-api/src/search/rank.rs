//! The two legs and their fusion: scores are added, not ranks, and a candidate that one leg did not find gets its real score there.

use std::collections::BTreeMap;

use domain::seam::{Hit, Leg, Role, VectorQuery};
use domain::{ChunkId, DocumentId, Error, Filter, Result, SparseVector};

use super::{DEPTH, Search};

/// The weight of BM25 beside the cosine. A chunk's BM25 grows with the number of query terms, and its spread over chunks with the root
/// of that; dividing by the root makes one weight fit short and long queries.
const LEXICAL_WEIGHT: f32 = 0.1;

/// Which legs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// BM25 alone.
    Lexical,
    /// The cosine alone.
    Dense,
    /// Both.
    Fused,
}

/// A chunk that may answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// What it is ordered by.
    pub score: f32,
}

/// Scores of one chunk, absent where a leg did not find it.
#[derive(Debug, Clone, Copy)]
struct Scores {
    document: DocumentId,
    dense: Option<f32>,
    lexical: Option<f32>,
}

impl Search {
    /// Documents by their best chunk, best first, equal ones by id; at most what both legs find `DEPTH` deep.
    ///
    /// # Errors
    /// Whatever a backend reports.
    pub async fn rank(&self, text: &str, filter: &Filter, mode: Mode) -> Result<Vec<Candidate>> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let (dense, lexical) = tokio::try_join!(self.dense_query(text, mode), self.lexical_query(text, filter, mode))?;
        let terms = lexical.as_ref().map_or(0, |vector| vector.terms.len());
        let (near, matching) = tokio::try_join!(
            self.leg(dense.clone().map(Leg::Dense), filter),
            self.leg(lexical.clone().map(Leg::Sparse), filter)
        )?;
        let mut scores: BTreeMap<ChunkId, Scores> = BTreeMap::new();
        for hit in near {
            scores.insert(
                hit.chunk,
                Scores {
                    document: hit.document,
                    dense: Some(hit.score),
                    lexical: None,
                },
            );
        }
        for hit in matching {
            scores
                .entry(hit.chunk)
                .or_insert(Scores {
                    document: hit.document,
                    dense: None,
                    lexical: None,
                })
                .lexical = Some(hit.score);
        }
        self.fill_in(&mut scores, filter, dense, lexical).await?;
        Ok(group(&scores, terms))
    }

    async fn dense_query(&self, text: &str, mode: Mode) -> Result<Option<Vec<f32>>> {
        if mode == Mode::Lexical {
            return Ok(None);
        }
        let mut vectors = self.embedder.embed(Role::Query, vec![text.to_owned()]).await?;
        vectors
            .pop()
            .map(Some)
            .ok_or_else(|| Error::internal("embed query", "the model gave no vector"))
    }

    /// The query's terms, each weighted by its inverse document frequency over the visible labels (Robertson–Spärck Jones, never negative).
    async fn lexical_query(&self, text: &str, filter: &Filter, mode: Mode) -> Result<Option<SparseVector>> {
        if mode == Mode::Dense {
            return Ok(None);
        }
        let query = self.analyser.query(text);
        let terms: Vec<u32> = query.iter().map(|(term, _)| *term).collect();
        let statistics = self.documents.term_statistics(&terms, &filter.visible).await?;
        let weights = query
            .iter()
            .zip(&statistics.frequencies)
            .map(|((term, count), frequency)| (*term, count * idf(statistics.chunks, *frequency)));
        Ok(Some(SparseVector::from_pairs(weights.collect())))
    }

    async fn leg(&self, leg: Option<Leg>, filter: &Filter) -> Result<Vec<Hit>> {
        match leg {
            Some(leg) => {
                self.vectors
                    .query(VectorQuery {
                        leg,
                        filter: filter.clone(),
                        limit: DEPTH,
                    })
                    .await
            }
            None => Ok(Vec::new()),
        }
    }

    /// Ask each leg for the scores of what only the other one found.
    async fn fill_in(
        &self,
        scores: &mut BTreeMap<ChunkId, Scores>,
        filter: &Filter,
        dense: Option<Vec<f32>>,
        lexical: Option<SparseVector>,
    ) -> Result<()> {
        let missing = |has: fn(&Scores) -> bool| {
            scores
                .iter()
                .filter(|(_, one)| !has(one))
                .map(|(chunk, _)| *chunk)
                .collect::<Vec<_>>()
        };
        let without_dense = missing(|one| one.dense.is_some());
        let without_lexical = missing(|one| one.lexical.is_some());
        let (near, matching) = tokio::try_join!(
            self.known(dense.map(Leg::Dense), filter, without_dense),
            self.known(lexical.map(Leg::Sparse), filter, without_lexical)
        )?;
        for hit in near {
            if let Some(one) = scores.get_mut(&hit.chunk) {
                one.dense = Some(hit.score);
            }
        }
        for hit in matching {
            if let Some(one) = scores.get_mut(&hit.chunk) {
                one.lexical = Some(hit.score);
            }
        }
        Ok(())
    }

    async fn known(&self, leg: Option<Leg>, filter: &Filter, chunks: Vec<ChunkId>) -> Result<Vec<Hit>> {
        match leg {
            Some(leg) if !chunks.is_empty() => {
                let limit = chunks.len();
                let filter = Filter {
                    chunks: Some(chunks),
                    ..filter.clone()
                };
                self.vectors.query(VectorQuery { leg, filter, limit }).await
            }
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

/// ln(1 + (N − n + ½) / (n + ½)).
#[expect(clippy::cast_precision_loss, reason = "counts of chunks stay far below 2^52")]
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of such a ratio fits f32")]
fn idf(chunks: u64, frequency: u64) -> f32 {
    let (all, with) = (chunks as f64, frequency.min(chunks) as f64);
    ((all - with + 0.5) / (with + 0.5)).ln_1p() as f32
}

fn group(scores: &BTreeMap<ChunkId, Scores>, terms: usize) -> Vec<Candidate> {
    #[expect(clippy::cast_precision_loss, reason = "a query has some thousand terms at most")]
    let scale = LEXICAL_WEIGHT / (terms.max(1) as f32).sqrt();
    let mut best: BTreeMap<DocumentId, Candidate> = BTreeMap::new();
    for (chunk, one) in scores {
        let score = one.dense.unwrap_or(0.0) + scale * one.lexical.unwrap_or(0.0);
        let candidate = Candidate {
            chunk: *chunk,
            document: one.document,
            score,
        };
        best.entry(one.document)
            .and_modify(|now| {
                if score > now.score {
                    *now = candidate
                }
            })
            .or_insert(candidate);
    }
    let mut ranked: Vec<_> = best.into_values().collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.document.cmp(&b.document)));
    ranked
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{ChunkId, DocumentId, SourceId};

    use super::{Scores, group, idf};

    #[test]
    fn rarer_terms_weigh_more_and_none_weighs_less_than_nothing() {
        assert!(idf(1000, 1) > idf(1000, 10));
        assert!(idf(1000, 1000) >= 0.0);
        assert!(idf(0, 0).is_finite());
        assert!(idf(5, 9) >= 0.0);
    }

    #[test]
    fn documents_are_ordered_by_their_best_chunk() {
        let source = SourceId::new("s").expect("slug");
        let (a, b) = (DocumentId::new(&source, "a"), DocumentId::new(&source, "b"));
        let mut scores = BTreeMap::new();
        scores.insert(
            ChunkId::new(a, 0),
            Scores {
                document: a,
                dense: Some(0.5),
                lexical: Some(0.0),
            },
        );
        scores.insert(
            ChunkId::new(a, 1),
            Scores {
                document: a,
                dense: Some(0.3),
                lexical: Some(9.0),
            },
        );
        scores.insert(
            ChunkId::new(b, 0),
            Scores {
                document: b,
                dense: Some(0.7),
                lexical: None,
            },
        );
        let ranked = group(&scores, 1);
        assert_eq!(ranked.iter().map(|one| one.document).collect::<Vec<_>>(), [a, b]);
        assert_eq!(ranked[0].chunk, ChunkId::new(a, 1));
        assert!((ranked[0].score - 1.2).abs() < 1e-6);
        assert_eq!(
            group(&scores, 100)[0].document,
            b,
            "more terms make each one count less"
        );
    }
}
