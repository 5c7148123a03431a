//! What a vector index must answer, computed point by point.

use std::collections::BTreeMap;

use domain::seam::{Hit, Leg, Point, PointSet, VectorIndex, VectorQuery};
use domain::{AccessId, ChunkId, DocumentId, Filter, Timestamp, Visible};

/// How far scores may be from the exact ones.
const TOLERANCE: f32 = 1e-5;

/// How far stored numbers may be from those written.
const STORED_TOLERANCE: f32 = 1e-6;

/// All sets as last replaced. Not an index: it looks at every point for every question.
#[derive(Debug, Default)]
pub struct Oracle {
    sets: BTreeMap<DocumentId, PointSet>,
}

impl Oracle {
    /// As [`VectorIndex::replace`].
    pub fn replace(&mut self, sets: Vec<PointSet>) {
        for set in sets {
            self.sets.insert(set.document, set);
        }
    }

    /// As [`VectorIndex::query`].
    pub fn query(&self, query: &VectorQuery) -> Vec<Hit> {
        let mut hits: Vec<(Option<Timestamp>, Hit)> = self
            .passing(&query.filter)
            .filter_map(|(set, point)| {
                let time = (query.leg == Leg::Newest).then_some(set.updated).flatten();
                let score = match time {
                    Some(_) => 0.0,
                    None => score(&query.leg, point)?,
                };
                let hit = Hit {
                    chunk: point.chunk,
                    document: set.document,
                    score,
                };
                Some((time, hit))
            })
            .collect();
        hits.sort_by(|(now, a), (then, b)| {
            then.cmp(now)
                .then(b.score.total_cmp(&a.score))
                .then(a.chunk.cmp(&b.chunk))
        });
        hits.into_iter().map(|(_, hit)| hit).take(query.limit).collect()
    }

    /// As [`VectorIndex::count`].
    pub fn count(&self, filter: &Filter) -> usize {
        self.passing(filter).count()
    }

    /// As [`VectorIndex::scan`] from the beginning to the end.
    pub fn contents(&self) -> Vec<(AccessId, DocumentId, Point)> {
        let all = Filter::visible(Visible::All);
        let mut points: Vec<_> = self
            .passing(&all)
            .map(|(set, point)| (set.access.clone(), set.document, point.clone()))
            .collect();
        points.sort_by_key(|(_, _, point)| point.chunk);
        points
    }

    /// Ask `index` the same and compare: the same chunks in the same order, scores as good as equal.
    pub async fn check(&self, index: &dyn VectorIndex, query: VectorQuery) {
        let expected = self.query(&query);
        let found = index.query(query.clone()).await.expect("query");
        let ids = |hits: &[Hit]| hits.iter().map(|hit| (hit.chunk, hit.document)).collect::<Vec<_>>();
        assert_eq!(
            ids(&found),
            ids(&expected),
            "{query:?}\nfound {found:?}\nexpected {expected:?}"
        );
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found.score - expected.score).abs() <= TOLERANCE * (1.0 + expected.score.abs()),
                "{found:?} {expected:?}"
            );
        }
        let count = index.count(query.filter.clone()).await.expect("count");
        assert_eq!(count, self.count(&query.filter) as u64, "count with {:?}", query.filter);
    }

    /// Compare all that `index` holds, read in small pages.
    pub async fn check_contents(&self, index: &dyn VectorIndex) {
        self.check_contents_in_pages_of(index, 7).await;
    }

    /// Compare all that `index` holds, read in pages of `length`.
    pub async fn check_contents_in_pages_of(&self, index: &dyn VectorIndex, length: usize) {
        let expected = self.contents();
        let mut found: Vec<(AccessId, DocumentId, Point)> = Vec::new();
        loop {
            let after = found.last().map(|(_, _, point)| point.chunk);
            let page = index.scan(after, length).await.expect("scan");
            assert!(page.len() <= length, "a page is no longer than asked for");
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let ids = |points: &[(AccessId, DocumentId, Point)]| {
            points
                .iter()
                .map(|(access, document, point)| (access.clone(), *document, point.chunk))
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&found), ids(&expected));
        for ((_, _, found), (_, _, expected)) in found.iter().zip(&expected) {
            assert_eq!(found.sparse.terms, expected.sparse.terms);
            assert_close(&found.sparse.weights, &expected.sparse.weights);
            assert_close(&found.dense, &expected.dense);
        }
    }

    /// The chunks of all points.
    pub fn chunks(&self) -> Vec<ChunkId> {
        self.sets
            .values()
            .flat_map(|set| &set.points)
            .map(|point| point.chunk)
            .collect()
    }

    fn passing<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = (&'a PointSet, &'a Point)> {
        self.sets
            .values()
            .flat_map(|set| set.points.iter().map(move |point| (set, point)))
            .filter(move |(set, point)| passes(filter, set, point))
    }
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= STORED_TOLERANCE * (1.0 + expected.abs()),
            "{found} {expected}"
        );
    }
}

fn passes(filter: &Filter, set: &PointSet, point: &Point) -> bool {
    let one_of = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|one| one == value);
    let lower = |list: &[String]| list.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
    let (labels, states) = (lower(&filter.labels), lower(&filter.states));
    filter.visible.contains(&set.access)
        && (filter.sources.is_empty() || filter.sources.contains(&set.source))
        && (filter.kinds.is_empty() || filter.kinds.contains(&set.kind))
        && one_of(&filter.containers, &set.container)
        && (filter.authors.is_empty()
            || set
                .author
                .as_ref()
                .is_some_and(|author| filter.authors.contains(author)))
        && labels.iter().all(|label| set.labels.contains(label))
        && (states.is_empty() || states.iter().any(|state| set.states.contains(state)))
        && filter
            .updated_from
            .is_none_or(|from| set.updated.is_some_and(|updated| updated >= from))
        && filter
            .updated_before
            .is_none_or(|before| set.updated.is_some_and(|updated| updated < before))
        && filter
            .chunks
            .as_ref()
            .is_none_or(|chunks| chunks.contains(&point.chunk))
}

fn score(leg: &Leg, point: &Point) -> Option<f32> {
    match leg {
        Leg::Dense(dense) => Some(dense.iter().zip(&point.dense).map(|(a, b)| a * b).sum()),
        Leg::Sparse(sparse) => {
            let shares = sparse
                .terms
                .iter()
                .any(|term| point.sparse.terms.binary_search(term).is_ok());
            shares.then(|| sparse.dot(&point.sparse))
        }
        Leg::Newest => None,
    }
}
