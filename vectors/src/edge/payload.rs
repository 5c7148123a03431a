//! Points and filters in the engine's own terms, and back.

use std::collections::HashMap;

use domain::seam::{Point, PointSet};
use domain::{AccessId, ChunkId, DocumentId, Error, Filter, Result, SparseVector};
use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::external::serde_json::{Map, Value};
use qdrant_edge::{
    Condition as EngineCondition, FieldCondition, Filter as EngineFilter, HasIdCondition, JsonPath, Match, Payload,
    PointId, PointStructPersisted, Range, SparseVector as EngineSparse, VectorInternal, VectorPersisted,
    VectorStructInternal, VectorStructPersisted,
};
use uuid::Uuid;

use super::fault::corrupt;
use crate::conditions::{
    ACCESS, AUTHOR, CONTAINER, Condition, DOCUMENT, KIND, LABEL, SOURCE, STATE, UPDATED, conditions, exact,
};

/// The name of the dense vector.
pub(super) const DENSE: &str = "dense";
/// The name of the sparse vector; a point without terms has none.
pub(super) const SPARSE: &str = "sparse";

/// How a field is indexed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sort {
    /// Whole texts.
    Keyword,
    /// Identifiers written as text.
    Uuid,
    /// Whole numbers, by range.
    Integer,
}

/// The fields that are indexed, and how.
pub(super) const INDEXED: [(&str, Sort); 9] = [
    (ACCESS, Sort::Keyword),
    (DOCUMENT, Sort::Uuid),
    (SOURCE, Sort::Keyword),
    (KIND, Sort::Keyword),
    (CONTAINER, Sort::Keyword),
    (AUTHOR, Sort::Keyword),
    (LABEL, Sort::Keyword),
    (STATE, Sort::Keyword),
    (UPDATED, Sort::Integer),
];

/// A field by its name.
pub(super) fn field(name: &str) -> JsonPath {
    JsonPath::try_from(name).expect("our field names are plain words")
}

/// `filter` for the engine; `None` when nothing can pass.
pub(super) fn engine_filter(filter: &Filter) -> Option<EngineFilter> {
    let must = conditions(filter)?.into_iter().map(engine_condition).collect();
    Some(EngineFilter {
        should: None,
        min_should: None,
        must: Some(must),
        must_not: None,
    })
}

/// The points of these documents.
pub(super) fn of_documents(documents: impl Iterator<Item = DocumentId>) -> EngineFilter {
    let condition = Condition::AnyOf(DOCUMENT, documents.map(|document| document.to_string()).collect());
    EngineFilter {
        should: None,
        min_should: None,
        must: Some(vec![engine_condition(condition)]),
        must_not: None,
    }
}

fn engine_condition(condition: Condition) -> EngineCondition {
    match condition {
        Condition::AnyOf(name, values) => {
            EngineCondition::Field(FieldCondition::new_match(field(name), Match::from(values)))
        }
        Condition::Within(name, from, before) => {
            let range = Range {
                lt: before.map(number),
                gt: None,
                gte: from.map(number),
                lte: None,
            };
            EngineCondition::Field(FieldCondition::new_range(field(name), range))
        }
        Condition::Chunks(chunks) => EngineCondition::HasId(HasIdCondition {
            has_id: chunks.into_iter().map(point_id).collect(),
        }),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "conditions keep numbers within what f64 holds exactly"
)]
fn number(value: i64) -> OrderedFloat<f64> {
    OrderedFloat(value as f64)
}

/// A chunk as the engine names it.
pub(super) fn point_id(chunk: ChunkId) -> PointId {
    PointId::Uuid(chunk.0)
}

/// The chunk that the engine names so.
pub(super) fn chunk_id(id: PointId) -> Result<ChunkId> {
    match id {
        PointId::Uuid(id) => Ok(ChunkId(id)),
        PointId::NumId(id) => Err(corrupt(
            "read vector index",
            format!("a point is numbered {id}, not named by a chunk"),
        )),
    }
}

/// The points of one document, checked, for the engine.
pub(super) fn engine_points(set: PointSet, dimensions: usize) -> Result<Vec<PointStructPersisted>> {
    let payload = payload(&set);
    set.points
        .into_iter()
        .map(|point| engine_point(point, payload.clone(), dimensions))
        .collect()
}

fn payload(set: &PointSet) -> Payload {
    let texts = |list: &[String]| Value::from(list.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>());
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put(ACCESS, set.access.as_str().into());
    put(DOCUMENT, set.document.to_string().into());
    put(SOURCE, set.source.as_str().into());
    put(KIND, set.kind.as_str().into());
    put(CONTAINER, set.container.as_str().into());
    if let Some(author) = &set.author {
        put(AUTHOR, author.as_str().into());
    }
    if !set.labels.is_empty() {
        put(LABEL, texts(&set.labels));
    }
    if !set.states.is_empty() {
        put(STATE, texts(&set.states));
    }
    if let Some(updated) = set.updated {
        put(UPDATED, exact(updated).into());
    }
    Payload(fields)
}

fn engine_point(point: Point, payload: Payload, dimensions: usize) -> Result<PointStructPersisted> {
    check_dense("write vector index", &point.dense, dimensions)?;
    check_sparse("write vector index", &point.sparse)?;
    let mut vectors = HashMap::from([(DENSE.to_owned(), VectorPersisted::Dense(point.dense))]);
    if !point.sparse.is_empty() {
        vectors.insert(SPARSE.to_owned(), VectorPersisted::Sparse(engine_sparse(point.sparse)));
    }
    Ok(PointStructPersisted {
        id: point_id(point.chunk),
        vector: VectorStructPersisted::Named(vectors),
        payload: Some(payload),
    })
}

/// A sparse vector for the engine.
pub(super) fn engine_sparse(sparse: SparseVector) -> EngineSparse {
    EngineSparse {
        indices: sparse.terms,
        values: sparse.weights,
    }
}

/// Whether a dense vector can be compared with those of the index.
pub(super) fn check_dense(operation: &'static str, dense: &[f32], dimensions: usize) -> Result<()> {
    if dense.len() != dimensions {
        let message = format!("a vector has {} numbers, those of this index {dimensions}", dense.len());
        return Err(Error::invalid(operation, message)
            .with_hint("use the model that the index was made with, or run `neurosync rebuild`"));
    }
    if dense.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(Error::invalid(operation, "a vector holds a number that is not finite"))
    }
}

/// Whether a sparse vector is one: as many weights as terms, terms ascending, weights finite.
pub(super) fn check_sparse(operation: &'static str, sparse: &SparseVector) -> Result<()> {
    let ascending = sparse.terms.windows(2).all(|pair| pair.first() < pair.last());
    if sparse.terms.len() == sparse.weights.len() && ascending && sparse.weights.iter().all(|weight| weight.is_finite())
    {
        Ok(())
    } else {
        Err(Error::invalid(
            operation,
            "a sparse vector needs ascending terms with one finite weight each",
        ))
    }
}

/// The sparse vector among those of a point; a point without terms has an empty one.
pub(super) fn sparse_of(vectors: Option<VectorStructInternal>) -> Result<SparseVector> {
    vectors_of(vectors).map(|(_, sparse)| sparse)
}

/// A stored point as it was written.
pub(super) fn point_of(
    id: PointId,
    payload: Option<&Payload>,
    vectors: Option<VectorStructInternal>,
) -> Result<(AccessId, DocumentId, Point)> {
    let (dense, sparse) = vectors_of(vectors)?;
    let dense = dense.ok_or_else(|| corrupt("read vector index", format!("point {id} has no dense vector")))?;
    let access = AccessId(text_of(payload, ACCESS)?.into());
    Ok((
        access,
        document_of(payload)?,
        Point {
            chunk: chunk_id(id)?,
            dense,
            sparse,
        },
    ))
}

/// The document a stored point belongs to.
pub(super) fn document_of(payload: Option<&Payload>) -> Result<DocumentId> {
    let text = text_of(payload, DOCUMENT)?;
    let id = Uuid::parse_str(text)
        .map_err(|error| corrupt("read vector index", "a point's document has no proper id").with_source(error))?;
    Ok(DocumentId(id))
}

fn text_of<'a>(payload: Option<&'a Payload>, name: &str) -> Result<&'a str> {
    let value = payload.and_then(|payload| payload.0.get(name)).and_then(Value::as_str);
    value.ok_or_else(|| corrupt("read vector index", format!("a point has no {name}")))
}

fn vectors_of(vectors: Option<VectorStructInternal>) -> Result<(Option<Vec<f32>>, SparseVector)> {
    let mut named = match vectors {
        None => return Ok((None, SparseVector::default())),
        Some(VectorStructInternal::Named(named)) => named,
        Some(VectorStructInternal::Single(_) | VectorStructInternal::MultiDense(_)) => {
            return Err(corrupt("read vector index", "a point's vectors have no names"));
        }
    };
    let dense = match named.remove(DENSE) {
        None => None,
        Some(VectorInternal::Dense(dense)) => Some(dense),
        Some(VectorInternal::Sparse(_) | VectorInternal::MultiDense(_)) => return Err(wrong_sort(DENSE)),
    };
    let sparse = match named.remove(SPARSE) {
        None => SparseVector::default(),
        Some(VectorInternal::Sparse(sparse)) => SparseVector {
            terms: sparse.indices,
            weights: sparse.values,
        },
        Some(VectorInternal::Dense(_) | VectorInternal::MultiDense(_)) => return Err(wrong_sort(SPARSE)),
    };
    Ok((dense, sparse))
}

fn wrong_sort(name: &str) -> Error {
    corrupt(
        "read vector index",
        format!("a point's {name} vector is of another sort"),
    )
}
