//! What the benchmarks share: a data folder with a commit log of any length.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use neurosync::app::App;
use neurosync::config::{Config, Environment};
use neurosync::pipeline::{Demands, Pipeline};

/// Write a commit log of `commits` distinct short messages as `acme__api.jsonl`.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_commits(dir: &Path, commits: u32) {
    let mut log = String::new();
    for number in 0..commits {
        let (area, verb) = (
            ["retry", "ledger", "refund", "checkout", "gateway"][number as usize % 5],
            ["Fix", "Add", "Move", "Test"][number as usize % 4],
        );
        writeln!(log, r#"{{"sha":"{number:040x}","parents":[],"date":"2026-01-01T00:00:00Z","author":"Ada","message":"{verb} the {area} of order {number} (#{number})","files":["src/{area}.rs","src/{verb}_{area}.rs"]}}"#)
            .expect("a string takes anything");
    }
    std::fs::create_dir_all(dir).expect("a folder");
    std::fs::write(dir.join("acme__api.jsonl"), log).expect("a file");
}

/// Add the log and sync it, so that every vector is in the cache.
///
/// # Panics
/// When the pipeline fails.
pub async fn sync_commits(config: &Config, environment: &Environment, log: &Path) {
    let app = App::open(config.clone(), environment).await.expect("a data folder");
    let record = serde_json::from_value(serde_json::json!({
        "id": "log", "connector": "commits-archive", "settings": {"path": log}, "added": 0
    }));
    app.sync_store()
        .put_source(
            record.expect("a record"),
            serde_json::from_str("\"public\"").expect("readers"),
        )
        .await
        .expect("a source");
    pipeline(&app).await.sync(&[]).await.expect("a sync");
}

/// A pipeline that nobody watches.
///
/// # Panics
/// When the model cannot be had.
pub async fn pipeline(app: &App) -> Pipeline<'_> {
    Pipeline {
        app,
        index: app.index(&neurosync::Unwatched).await.expect("the model"),
        progress: Arc::new(neurosync::Unwatched),
        cancel: neurosync::never(),
        demands: Demands::default(),
    }
}
