//! The in-process index: the conformance suite, and what its folder goes through.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::seam::{Leg, Point, PointSet, VectorIndex, VectorQuery};
use domain::{AccessId, ChunkId, DocumentId, DocumentKind, ErrorKind, Filter, SourceId, SparseVector, Visible};
use testkit::vector_suite::{self, DIMENSIONS, Oracle};
use vectors::Edge;

fn open(dir: &Path) -> Edge {
    Edge::open(dir, DIMENSIONS).expect("open")
}

/// A document with `points` points, all of them told apart by `version`.
fn set(number: u32, points: u32, version: u32) -> PointSet {
    let source = SourceId::new("source").expect("a proper name");
    let document = DocumentId::new(&source, &number.to_string());
    let point = |ordinal: u32| {
        let mixed = number
            .wrapping_mul(2_654_435_761)
            .wrapping_add(ordinal * 7 + version * 13);
        let mut dense = vec![0.0; DIMENSIONS];
        for place in 0..4 {
            dense[(mixed >> (place * 5)) as usize % 4 + 4 * place] = 0.5;
        }
        let terms = BTreeSet::from([mixed % 97, mixed % 31 + 100, version + 1_000]);
        let weights = terms.iter().map(|_| 0.5).collect();
        Point {
            chunk: ChunkId::new(document, ordinal),
            dense,
            sparse: SparseVector {
                terms: terms.into_iter().collect(),
                weights,
            },
        }
    };
    PointSet {
        document,
        access: AccessId::new(&source, &(number % 3).to_string()),
        source,
        kind: DocumentKind::Page,
        container: "wiki:a/ENG".to_owned(),
        author: None,
        labels: Vec::new(),
        states: Vec::new(),
        updated: None,
        points: (0..points).map(point).collect(),
    }
}

fn all() -> Filter {
    Filter::visible(Visible::All)
}

async fn count(index: &Edge) -> u64 {
    index.count(all()).await.expect("count")
}

/// Copy a folder as it stands. A merge may take files away meanwhile: then begin again, since no kill leaves half of two states.
fn copy(from: &Path, to: &Path) {
    let copied = (0..1_000).any(|_| {
        let done = try_copy(from, to);
        if done.is_err() {
            fs::remove_dir_all(to).expect("remove half a copy");
        }
        done.is_ok()
    });
    assert!(copied, "the folder never stands still");
}

fn try_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            try_copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The folder as a killed process leaves it: what the kernel has, without an orderly close.
fn as_killed(folder: &Path) -> tempfile::TempDir {
    let left = tempfile::tempdir().expect("folder");
    copy(folder, left.path());
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_conformance_suite() {
    let folder = tempfile::tempdir().expect("folder");
    let number = AtomicU32::new(0);
    vector_suite::run(async || {
        let dir = folder.path().join(number.fetch_add(1, Ordering::Relaxed).to_string());
        Arc::new(open(&dir)) as Arc<dyn VectorIndex>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_flushed_is_there_after_closing_and_after_a_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let index = open(folder.path());
    vector_suite::fill_before_reopen(&index).await;
    let killed = as_killed(folder.path());
    drop(index);
    for left in [folder.path(), killed.path()] {
        vector_suite::check_after_reopen(&open(left)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_flushed_before_a_kill_can_be_written_again() {
    let folder = tempfile::tempdir().expect("folder");
    let index = open(folder.path());
    let mut oracle = Oracle::default();
    let first: Vec<_> = (0..50).map(|number| set(number, 3, 0)).collect();
    index.replace(first).await.expect("replace");
    index.flush().await.expect("flush");
    // Changed, grown, shrunk, removed and new documents, none of them flushed.
    let lost: Vec<_> = (0..80).map(|number| set(number, number % 5, 1)).collect();
    index.replace(lost.clone()).await.expect("replace");
    let killed = as_killed(folder.path());
    let again = open(killed.path());
    again.replace(lost.clone()).await.expect("replace");
    oracle.replace(lost);
    oracle.check_contents(&again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_log_makes_no_later_write_ineffective() {
    let folder = tempfile::tempdir().expect("folder");
    let index = open(folder.path());
    for version in 0..20 {
        index.replace(vec![set(1, 2, version)]).await.expect("replace");
    }
    index.flush().await.expect("flush");
    let killed = as_killed(folder.path());
    // A power cut may take the end of the log, from which the engine numbers its operations.
    fs::remove_dir_all(killed.path().join("shard/wal")).expect("remove log");
    let again = open(killed.path());
    let mut oracle = Oracle::default();
    oracle.replace(vec![set(1, 2, 77)]);
    again.replace(vec![set(1, 2, 77)]).await.expect("replace");
    oracle.check_contents(&again).await;
}

/// Ask without pause until the index holds `points`; how often that was.
async fn read_until(index: Arc<Edge>, points: u64) -> usize {
    let mut answers = 0;
    while count(&index).await < points {
        let leg = Leg::Sparse(SparseVector {
            terms: vec![1_000],
            weights: vec![1.0],
        });
        let hits = index
            .query(VectorQuery {
                leg,
                filter: all(),
                limit: 3,
            })
            .await
            .expect("query");
        assert!(hits.len() <= 3);
        answers += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stay_right_while_segments_are_merged_and_flushed() {
    const DOCUMENTS: u32 = 6_000;
    let folder = tempfile::tempdir().expect("folder");
    let index = Arc::new(open(folder.path()));
    let reader = tokio::spawn(read_until(Arc::clone(&index), u64::from(DOCUMENTS) * 4));
    let mut oracle = Oracle::default();
    for first in (0..DOCUMENTS).step_by(250) {
        // Every second batch also changes documents that a merge may be copying.
        let changed = (first.saturating_sub(400)..first)
            .filter(|number| number % 7 == 0)
            .map(|number| set(number, 4, 1));
        let sets: Vec<_> = (first..first + 250)
            .map(|number| set(number, 4, 0))
            .chain(changed)
            .collect();
        oracle.replace(sets.clone());
        index.replace(sets).await.expect("replace");
        if first % 1_000 == 0 {
            index.flush().await.expect("flush");
        }
    }
    assert!(reader.await.expect("reader") > 0);
    oracle.check_contents_in_pages_of(&*index, 5_000).await;
    for filter in [all(), Filter::visible(Visible::Labels([set(1, 0, 0).access].into()))] {
        for leg in [
            Leg::Dense(set(9, 1, 0).points[0].dense.clone()),
            Leg::Sparse(set(9, 1, 0).points[0].sparse.clone()),
        ] {
            oracle
                .check(
                    &*index,
                    VectorQuery {
                        leg,
                        filter: filter.clone(),
                        limit: 60,
                    },
                )
                .await;
        }
    }
    index.flush().await.expect("flush");
    let killed = as_killed(folder.path());
    oracle.check_contents_in_pages_of(&open(killed.path()), 5_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_cut_when_it_was_flushed() {
    let folder = tempfile::tempdir().expect("folder");
    let index = open(folder.path());
    for version in 0..12 {
        index
            .replace((0..1_000).map(|number| set(number, 4, version)).collect())
            .await
            .expect("replace");
    }
    index.flush().await.expect("flush");
    let log: Vec<(PathBuf, u64)> = fs::read_dir(folder.path().join("shard/wal"))
        .expect("log")
        .map(|entry| entry.expect("entry"))
        .map(|entry| (entry.path(), entry.metadata().expect("metadata").len()))
        .collect();
    let closed: Vec<_> = log
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("closed-"))
        .collect();
    assert!(
        !closed.is_empty(),
        "enough was written to close a segment of the log: {log:?}"
    );
    assert!(closed.iter().all(|(_, size)| *size <= 8), "{log:?}");
    index.replace(vec![set(1, 1, 99)]).await.expect("replace");
    drop(index);
    assert_eq!(count(&open(folder.path())).await, 999 * 4 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let index = open(folder.path());
    for error in [
        Edge::open(folder.path(), DIMENSIONS).err(),
        Edge::create(folder.path(), DIMENSIONS).err(),
    ] {
        let error = error.expect("in use");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(
            error.message().contains("another process uses this data folder") && error.hint().is_some(),
            "{error}"
        );
    }
    drop(index);
    open(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_other_dimensions_is_refused_until_made_anew() {
    let folder = tempfile::tempdir().expect("folder");
    open(folder.path()).replace(vec![set(1, 1, 0)]).await.expect("replace");
    let error = Edge::open(folder.path(), DIMENSIONS + 1)
        .err()
        .expect("other dimensions");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.hint().is_some_and(|hint| hint.contains("neurosync rebuild")),
        "{error}"
    );
    assert_eq!(count(&open(folder.path())).await, 1, "a refusal changes nothing");
    assert_eq!(
        count(&Edge::create(folder.path(), DIMENSIONS + 1).expect("create")).await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_reported_as_corrupt_and_mended_by_making_it_anew() {
    let folder = tempfile::tempdir().expect("folder");
    open(folder.path()).replace(vec![set(1, 1, 0)]).await.expect("replace");
    let shard = folder.path().join("shard");
    let segment = fs::read_dir(shard.join("segments"))
        .expect("segments")
        .next()
        .expect("one")
        .expect("entry")
        .path();
    for damaged in [
        segment.join("segment.json"),
        shard.join("edge_config.json"),
        folder.path().join("sequence"),
    ] {
        let before = fs::read(&damaged).expect("read");
        fs::write(&damaged, "{").expect("damage");
        let error = Edge::open(folder.path(), DIMENSIONS).err().expect("damaged");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}: {error}", damaged.display());
        assert!(error.hint().is_some_and(|hint| hint.contains("neurosync rebuild")));
        fs::write(&damaged, before).expect("mend");
    }
    assert_eq!(count(&open(folder.path())).await, 1);
    fs::write(shard.join("edge_config.json"), "{").expect("damage");
    assert_eq!(
        count(&Edge::create(folder.path(), DIMENSIONS).expect("create")).await,
        0
    );
}
