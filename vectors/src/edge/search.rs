//! Searching so that neither the layout of the segments nor a hidden point can be told from the answer.
//!
//! The engine breaks ties by its internal numbering and adds up sparse products in an order that depends on the lengths of its posting
//! lists, hidden points included. So candidates are taken until none with the score of the last is left out, sparse scores are
//! computed again in the order of terms, and equal scores are put in the order of chunk ids.
//!
//! The dense leg is always exact: every visible vector is compared, some 0.2 ms for 1,000 of them. The engine would build a graph anew
//! at every merge of segments, whatever their size, which takes a core for about a minute per 100,000 points while an import wants it.

use std::collections::HashMap;

use domain::seam::{Hit, Leg, VectorQuery};
use domain::{ChunkId, Result, SparseVector};
use qdrant_edge::{
    Direction, EdgeShard, Filter as EngineFilter, NamedQuery, OrderBy, OrderByInterface, OrderValue, Payload,
    QueryEnum, QueryRequest, ScoringQuery, ScrollRequest, SearchParams, VectorInternal, VectorStructInternal,
    WithPayloadInterface, WithVector,
};

use super::fault::{corrupt, guarded};
use super::payload::{
    DENSE, SPARSE, check_dense, check_sparse, chunk_id, document_of, engine_filter, engine_sparse, field, point_id,
    sparse_of,
};
use crate::conditions::{DOCUMENT, UPDATED};

const OPERATION: &str = "query vector index";

/// How far, relative to its size, a sparse score of the engine may be from the one computed here.
const SLACK: f32 = 1e-4;

/// What the engine found: chunks with its scores, best first.
type Candidates = Vec<(ChunkId, f32)>;

/// Answer `query` from `shard`.
pub(super) fn query(shard: &EdgeShard, query: &VectorQuery, dimensions: usize) -> Result<Vec<Hit>> {
    let Some(filter) = engine_filter(&query.filter) else {
        return Ok(Vec::new());
    };
    let (vector, slack) = match &query.leg {
        Leg::Newest => return newest(shard, &filter, query.limit),
        Leg::Dense(dense) => {
            check_dense(OPERATION, dense, dimensions)?;
            (named(DENSE, VectorInternal::Dense(dense.clone())), 0.0)
        }
        Leg::Sparse(sparse) => {
            check_sparse(OPERATION, sparse)?;
            if sparse.is_empty() {
                return Ok(Vec::new());
            }
            (
                named(SPARSE, VectorInternal::Sparse(engine_sparse(sparse.clone()))),
                SLACK,
            )
        }
    };
    let candidates = candidates(shard, &vector, &filter, (query.limit, slack))?;
    match &query.leg {
        Leg::Dense(_) | Leg::Newest => hits(shard, best(candidates, query.limit)),
        Leg::Sparse(sparse) => hits(shard, best(scored(shard, sparse, &candidates)?, query.limit)),
    }
}

fn named(name: &str, query: VectorInternal) -> QueryEnum {
    QueryEnum::Nearest(NamedQuery {
        query,
        using: Some(name.to_owned()),
    })
}

/// All points that may be among the best `limit`: those whose score is not below the last's by more than `slack`.
fn candidates(
    shard: &EdgeShard,
    vector: &QueryEnum,
    filter: &EngineFilter,
    (limit, slack): (usize, f32),
) -> Result<Candidates> {
    let total = guarded(OPERATION, || Ok(shard.info()))?.points_count;
    let limit = limit.min(total);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut ask = limit + limit / 8 + 8;
    loop {
        let mut found = ask_engine(shard, vector, filter, ask)?;
        let Some(&(_, worst)) = found.get(limit - 1) else {
            return Ok(found);
        };
        let bound = worst - slack * worst.abs();
        let complete = found.len() < ask || found.last().is_some_and(|&(_, score)| score < bound);
        if complete {
            found.retain(|&(_, score)| score >= bound);
            return Ok(found);
        }
        ask = ask.saturating_mul(4);
    }
}

/// The `limit` newest points, equal times by ascending chunk id: as with scores, asked for until none as new as the last is left out.
fn newest(shard: &EdgeShard, filter: &EngineFilter, limit: usize) -> Result<Vec<Hit>> {
    let total = guarded(OPERATION, || Ok(shard.info()))?.points_count;
    let limit = limit.min(total);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut ask = limit + limit / 8 + 8;
    loop {
        let mut found = timed(shard, filter, ask)?;
        found.sort_by(|(now, a), (then, b)| then.cmp(now).then(a.chunk.cmp(&b.chunk)));
        let last = found.get(limit - 1).map(|(time, _)| *time);
        let oldest = found.last().map(|(time, _)| *time);
        if found.len() < ask || oldest < last {
            return Ok(found.into_iter().map(|(_, hit)| hit).take(limit).collect());
        }
        ask = ask.saturating_mul(4);
    }
}

/// Some `limit` of the newest points with their times.
fn timed(shard: &EdgeShard, filter: &EngineFilter, limit: usize) -> Result<Vec<(i64, Hit)>> {
    let request = ScrollRequest {
        offset: None,
        limit: Some(limit),
        filter: Some(filter.clone()),
        with_payload: Some(WithPayloadInterface::Fields(vec![field(DOCUMENT)])),
        with_vector: WithVector::Bool(false),
        order_by: Some(OrderByInterface::Struct(OrderBy {
            key: field(UPDATED),
            direction: Some(Direction::Desc),
            start_from: None,
        })),
    };
    let (records, _) = guarded(OPERATION, || shard.scroll(request))?;
    let hit = |record: qdrant_edge::Record| {
        let time = match record.order_value {
            Some(OrderValue::Int(time)) => time,
            Some(OrderValue::Float(_)) | None => return Err(corrupt(OPERATION, "a point's time is no whole number")),
        };
        let hit = Hit {
            chunk: chunk_id(record.id)?,
            document: document_of(record.payload.as_ref())?,
            score: 0.0,
        };
        Ok((time, hit))
    };
    records.into_iter().map(hit).collect()
}

fn ask_engine(shard: &EdgeShard, vector: &QueryEnum, filter: &EngineFilter, limit: usize) -> Result<Candidates> {
    let request = QueryRequest {
        prefetches: Vec::new(),
        query: Some(ScoringQuery::Vector(vector.clone())),
        filter: Some(filter.clone()),
        score_threshold: None,
        limit,
        offset: 0,
        params: Some(SearchParams {
            exact: true,
            ..SearchParams::default()
        }),
        with_vector: WithVector::Bool(false),
        with_payload: WithPayloadInterface::Bool(false),
    };
    let found = guarded(OPERATION, || shard.query(request))?;
    found
        .into_iter()
        .map(|point| Ok((chunk_id(point.id)?, point.score)))
        .collect()
}

/// The candidates with their inner products with `query`, summed up in the order of terms.
fn scored(shard: &EdgeShard, query: &SparseVector, candidates: &Candidates) -> Result<Candidates> {
    let vectors = WithVector::Selector(vec![SPARSE.to_owned()]);
    let mut stored = retrieve(shard, candidates, WithPayloadInterface::Bool(false), vectors)?;
    let mut again = Vec::with_capacity(candidates.len());
    for (chunk, _) in candidates {
        // A point that has gone since was replaced in between.
        if let Some((_, vectors)) = stored.remove(chunk) {
            again.push((*chunk, query.dot(&sparse_of(vectors)?)));
        }
    }
    Ok(again)
}

fn best(mut candidates: Candidates, limit: usize) -> Candidates {
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    candidates.truncate(limit);
    candidates
}

fn hits(shard: &EdgeShard, best: Candidates) -> Result<Vec<Hit>> {
    let mut stored = retrieve(
        shard,
        &best,
        WithPayloadInterface::Fields(vec![field(DOCUMENT)]),
        WithVector::Bool(false),
    )?;
    let mut hits = Vec::with_capacity(best.len());
    for (chunk, score) in best {
        if let Some((payload, _)) = stored.remove(&chunk) {
            hits.push(Hit {
                chunk,
                document: document_of(payload.as_ref())?,
                score,
            });
        }
    }
    Ok(hits)
}

type Stored = (Option<Payload>, Option<VectorStructInternal>);

fn retrieve(
    shard: &EdgeShard,
    chunks: &Candidates,
    payload: WithPayloadInterface,
    vectors: WithVector,
) -> Result<HashMap<ChunkId, Stored>> {
    let ids: Vec<_> = chunks.iter().map(|(chunk, _)| point_id(*chunk)).collect();
    let records = guarded(OPERATION, || shard.retrieve(&ids, Some(payload), Some(vectors)))?;
    records
        .into_iter()
        .map(|record| Ok((chunk_id(record.id)?, (record.payload, record.vector))))
        .collect()
}
