//! Making, loading and flushing the engine's shard.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use qdrant_edge::{
    CreateIndex, Distance, EdgeConfig, EdgeOptimizersConfig, EdgeShard, EdgeSparseVectorParams, EdgeVectorParams,
    FieldIndexOperations, HnswIndexConfig, IntegerIndexParams, KeywordIndexParams, PayloadFieldSchema,
    PayloadSchemaParams, UpdateOperation, UuidIndexParams, WalOptions,
};

use super::fault::{guarded, unusable};
use super::payload::{DENSE, INDEXED, SPARSE, Sort, field};
use super::sequence::Sequence;

// Measured with vectors of 384 numbers and 60 terms on two cores shared with other work: 1,500 points a second, no fewer at 190,000
// points than at 20,000.
/// Points of a segment from which on it is written in its compact, immutable form.
const COMPACT_FROM: usize = 5_000;
/// Points that a segment is merged up to.
const MERGE_UP_TO: usize = 60_000;
/// Segments that are left as they are when there are no more.
const SEGMENTS: usize = 6;

/// Size of a log segment in bytes; a larger operation gets a larger one.
const LOG_SEGMENT: usize = 8 << 20;
/// Where the engine keeps its log, its segments and its settings within its folder.
pub(super) const LOG: &str = "wal";
const SETTINGS: &str = "edge_config.json";

/// Open the shard in `folder`, or make it.
pub(super) fn open(folder: &Path, dimensions: usize, sequence: &mut Sequence) -> Result<EdgeShard> {
    let known = check_settings(folder, dimensions)?;
    if !known && sequence.is_used() && folder.join("segments").exists() {
        return Err(unusable(
            ErrorKind::Corrupt,
            "open vector index",
            format!("{} has lost its settings", folder.display()),
        ));
    }
    sequence.start_log(&folder.join(LOG))?;
    let config = settings(dimensions);
    let loaded = guarded("open vector index", || {
        if known {
            EdgeShard::load(folder, Some(config))
        } else {
            EdgeShard::new(folder, config)
        }
    });
    let shard = loaded.map_err(|error| {
        if error.kind() == ErrorKind::Exhausted {
            return error;
        }
        unusable(
            ErrorKind::Corrupt,
            "open vector index",
            format!("{} cannot be loaded", folder.display()),
        )
        .with_source(error)
    })?;
    index_payload(&shard, sequence)?;
    Ok(shard)
}

/// Whether there are settings, and that they are for `dimensions`.
fn check_settings(folder: &Path, dimensions: usize) -> Result<bool> {
    if !folder.join(SETTINGS).exists() {
        return Ok(false);
    }
    let Some(Ok(config)) = EdgeConfig::load(folder) else {
        return Err(unusable(
            ErrorKind::Corrupt,
            "open vector index",
            format!("{SETTINGS} in {} cannot be read", folder.display()),
        ));
    };
    match config.vectors.get(DENSE) {
        Some(dense) if dense.size == dimensions => Ok(true),
        Some(dense) => {
            let message = format!(
                "the index holds vectors of {} numbers, the model makes {dimensions}",
                dense.size
            );
            Err(unusable(ErrorKind::Conflict, "open vector index", message))
        }
        None => Err(unusable(
            ErrorKind::Corrupt,
            "open vector index",
            format!("{SETTINGS} in {} lacks a vector", folder.display()),
        )),
    }
}

fn settings(dimensions: usize) -> EdgeConfig {
    let kilobytes = |points: usize| (points * dimensions * size_of::<f32>()).div_ceil(1024);
    // Vectors are unit, so the inner product is the cosine and the stored bits stay as they came.
    let dense = EdgeVectorParams::builder(dimensions, Distance::Dot).build();
    // No modifier: inverse document frequencies of the whole index would tell of hidden documents.
    // Posting lists and payload indexes are mapped, not loaded: half the memory and half the time to open, and searches as fast.
    let sparse = EdgeSparseVectorParams::builder().on_disk(true).build();
    EdgeConfig {
        on_disk_payload: true,
        vectors: HashMap::from([(DENSE.to_owned(), dense)]),
        sparse_vectors: HashMap::from([(SPARSE.to_owned(), sparse)]),
        // No graph: see `search`.
        hnsw_config: HnswIndexConfig {
            m: 0,
            max_indexing_threads: 1,
            ..HnswIndexConfig::default()
        },
        optimizers: EdgeOptimizersConfig {
            default_segment_number: Some(SEGMENTS),
            max_segment_size: Some(kilobytes(MERGE_UP_TO)),
            indexing_threshold: Some(kilobytes(COMPACT_FROM)),
            ..EdgeOptimizersConfig::default()
        },
        wal_options: Some(WalOptions {
            segment_capacity: LOG_SEGMENT,
            ..WalOptions::default()
        }),
        ..EdgeConfig::default()
    }
}

/// Create the payload indexes that are missing; a crash while the shard was made may have left some out.
fn index_payload(shard: &EdgeShard, sequence: &mut Sequence) -> Result<()> {
    let present = shard.info().payload_schema;
    for (name, sort) in INDEXED {
        if !present.contains_key(&field(name)) {
            let index = CreateIndex {
                field_name: field(name),
                field_schema: Some(PayloadFieldSchema::FieldParams(params(sort))),
            };
            update(
                shard,
                sequence,
                UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(index)),
            )?;
        }
    }
    Ok(())
}

fn params(sort: Sort) -> PayloadSchemaParams {
    let on_disk = Some(true);
    match sort {
        Sort::Keyword => PayloadSchemaParams::Keyword(KeywordIndexParams {
            on_disk,
            ..KeywordIndexParams::default()
        }),
        Sort::Uuid => PayloadSchemaParams::Uuid(UuidIndexParams {
            on_disk,
            ..UuidIndexParams::default()
        }),
        Sort::Integer => PayloadSchemaParams::Integer(IntegerIndexParams {
            on_disk,
            ..IntegerIndexParams::default()
        }),
    }
}

/// Apply one operation.
pub(super) fn update(shard: &EdgeShard, sequence: &mut Sequence, operation: UpdateOperation) -> Result<()> {
    sequence.count()?;
    guarded("write vector index", || shard.update(operation))
}

/// Write everything to disk. No update may run meanwhile, which `_sequence` proves.
///
/// The engine only tries to take the lock on its list of segments and panics when it is held, which the end of a merge does for
/// moments; then this waits and tries again.
pub(super) fn flush(shard: &EdgeShard, _sequence: &mut Sequence) -> Result<()> {
    const TRIES: u32 = 500;
    let mut failed = Error::internal("flush vector index", "not tried");
    for _ in 0..TRIES {
        // Waits for the lock that `flush` only tries to take.
        drop(guarded("flush vector index", || Ok(shard.info()))?);
        failed = match guarded("flush vector index", || {
            shard.flush();
            Ok(())
        }) {
            Ok(()) => return Ok(()),
            Err(error) if error.message().contains("lock acquired") => error,
            Err(error) => return Err(error),
        };
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(failed)
}
