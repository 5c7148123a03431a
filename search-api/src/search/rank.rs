//! The two legs and their fusion: scores are added, not ranks, and a candidate that one leg did not find gets its real score there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{Hit, Leg, Role, VectorQuery};
use domain::{ChunkId, DocumentId, Error, Filter, Result, SparseVector};

use super::{DEPTH, Search};

/// The best of BM25 whose cosines tell whether the two legs agree.
const WITNESSES: usize = 5;
/// The place down to which BM25 must fall for its best to stand out.
const CROWD: usize = 10;
/// How many chunks a list of the newest documents is made of: a few for each of as many documents as a search finds.
const LISTED_CHUNKS: usize = 5 * DEPTH;

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
    /// Whether the score is the reranking model's: these stand above all others.
    pub reranked: bool,
}

impl Candidate {
    /// By the place in the order; the greater is the better.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let by_model = self.reranked.cmp(&other.reranked);
        by_model.then(self.score.total_cmp(&other.score))
    }
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
        Ok(group(&scores))
    }

    /// The newest documents that pass `filter`, newest first.
    pub(super) async fn newest(&self, filter: &Filter) -> Result<Vec<DocumentId>> {
        let query = VectorQuery {
            leg: Leg::Newest,
            filter: filter.clone(),
            limit: LISTED_CHUNKS,
        };
        let (mut listed, mut seen) = (Vec::new(), BTreeSet::new());
        for hit in self.vectors.query(query).await? {
            if seen.insert(hit.document) {
                listed.push(hit.document);
            }
        }
        Ok(listed)
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
        let statistics = self.explore.documents.term_statistics(&terms, &filter.visible).await?;
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

/// What BM25, as a share of its best, counts beside the cosine: agreement times separation, both 0 to 1 and both of this query alone.
/// Agreement is how near to the query BM25's best chunks are: their mean cosine, weighted by BM25, between the mean and the best
/// cosine of all candidates. Separation is how far BM25's best stands out from its tenth. A leg that is lost on a query therefore
/// hardly disturbs the other.
fn lexical_weight(scores: &BTreeMap<ChunkId, Scores>) -> f32 {
    let mut both: Vec<(f32, f32)> = scores
        .values()
        .filter_map(|one| Some((one.lexical.unwrap_or(0.0), one.dense?)))
        .collect();
    both.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let Some((best, _)) = both.first().copied().filter(|(best, _)| *best > 0.0) else {
        // Without cosines, BM25 is all there is.
        return 1.0;
    };
    let nearest = both.iter().map(|(_, dense)| *dense).fold(f32::NEG_INFINITY, f32::max);
    let average = both.iter().map(|(_, dense)| dense).sum::<f32>() / count(both.len());
    // Each witness counts as much as BM25 thinks of it, so that a handful of candidates still has better and worse ones.
    let heard = both.get(..WITNESSES.min(both.len())).unwrap_or_default();
    let witnesses = heard.iter().map(|(lexical, dense)| lexical * dense).sum::<f32>()
        / heard.iter().map(|(lexical, _)| lexical).sum::<f32>();
    let room = nearest - average;
    let agreement = if room > f32::EPSILON {
        ((witnesses - average) / room).clamp(0.0, 1.0)
    } else {
        1.0
    };
    let crowd = both.get(CROWD.min(both.len()) - 1).map_or(0.0, |(lexical, _)| *lexical);
    agreement * (best - crowd) / best
}

#[expect(clippy::cast_precision_loss, reason = "some hundred candidates")]
fn count(number: usize) -> f32 {
    number as f32
}

fn group(scores: &BTreeMap<ChunkId, Scores>) -> Vec<Candidate> {
    let best_lexical = scores.values().filter_map(|one| one.lexical).fold(0.0, f32::max);
    let scale = if best_lexical > 0.0 {
        lexical_weight(scores) / best_lexical
    } else {
        0.0
    };
    let mut best: BTreeMap<DocumentId, Candidate> = BTreeMap::new();
    for (chunk, one) in scores {
        let score = one.dense.unwrap_or(0.0) + scale * one.lexical.unwrap_or(0.0);
        let candidate = Candidate {
            chunk: *chunk,
            document: one.document,
            score,
            reranked: false,
        };
        best.entry(one.document)
            .and_modify(|now| {
                if score > now.score {
                    *now = candidate;
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

    /// A document's name, a chunk's ordinal, and its dense and lexical scores.
    type Row<'a> = (&'a str, u32, Option<f32>, Option<f32>);

    fn scored(rows: &[Row<'_>]) -> (Vec<DocumentId>, BTreeMap<ChunkId, Scores>) {
        let source = SourceId::new("s").expect("slug");
        let ids: Vec<_> = rows.iter().map(|(name, ..)| DocumentId::new(&source, name)).collect();
        let row = |(document, (_, ordinal, dense, lexical)): (&DocumentId, &Row<'_>)| {
            let scores = Scores {
                document: *document,
                dense: *dense,
                lexical: *lexical,
            };
            (ChunkId::new(*document, *ordinal), scores)
        };
        let scores = ids.iter().zip(rows).map(row).collect();
        (ids, scores)
    }

    #[test]
    fn documents_are_ordered_by_their_best_chunk() {
        let (ids, scores) = scored(&[
            ("a", 0, Some(0.5), None),
            ("a", 1, Some(0.8), None),
            ("b", 0, Some(0.7), None),
        ]);
        let ranked = group(&scores);
        assert_eq!(
            ranked.iter().map(|one| one.document).collect::<Vec<_>>(),
            [ids[0], ids[2]]
        );
        assert_eq!(ranked[0].chunk, ChunkId::new(ids[0], 1));
    }

    #[test]
    fn words_decide_where_both_legs_agree_and_not_where_they_do_not() {
        let agreed = [
            ("a", 0, Some(0.60), Some(20.0)),
            ("b", 0, Some(0.61), Some(1.0)),
            ("c", 0, Some(0.1), Some(0.0)),
        ];
        let (ids, scores) = scored(&agreed);
        assert_eq!(group(&scores)[0].document, ids[0]);
        let lost: Vec<_> = (0..20)
            .zip(["x", "y"].into_iter().cycle())
            .map(|(n, name)| (name, n, Some(0.1), Some(9.0)))
            .chain([("near", 0, Some(0.6), Some(0.0))])
            .collect();
        let (ids, scores) = scored(&lost);
        assert_eq!(group(&scores)[0].document, ids[20]);
    }

    #[test]
    fn one_leg_alone_keeps_its_own_order() {
        let (ids, scores) = scored(&[("a", 0, None, Some(3.0)), ("b", 0, None, Some(9.0))]);
        assert_eq!(group(&scores)[0].document, ids[1]);
        assert!(group(&BTreeMap::new()).is_empty());
    }
}
