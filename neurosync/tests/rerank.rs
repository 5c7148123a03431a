//! Reranking within a search: a scripted model's order stands above the rest, and a model that fails takes nothing away.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::seam::Reranker;
use domain::{Caller, Error, Result};
use neurosync::app::{App, Index};
use neurosync::config::{Config, Environment};
use neurosync::pipeline::{Demands, Pipeline};
use search_api::search::{Reranking, SearchAnswer, SearchRequest};

const SUBJECTS: [&str; 3] = [
    "Retry the payment after a timeout of the gateway",
    "Retry the payment once the ledger is reconciled",
    "Describe the refund of a payment",
];

/// Scores passages by a plain function.
struct Scripted(fn(&str) -> Result<f32>);

#[async_trait]
impl Reranker for Scripted {
    fn model(&self) -> &'static str {
        "scripted"
    }

    async fn score(&self, _query: &str, passages: Vec<String>) -> Result<Vec<f32>> {
        passages.iter().map(|passage| (self.0)(passage)).collect()
    }
}

async fn app(folder: &Path) -> (App, Index) {
    let log = folder.join("acme__api.jsonl");
    let line = |(number, subject): (usize, &&str)| {
        let files = ["src/lib.rs"];
        let commit = serde_json::json!({
            "sha": format!("{number:040x}"), "parents": [], "date": "2026-01-01T00:00:00Z", "author": "Ada",
            "message": subject, "files": files, "n_files": files.len()
        });
        format!("{commit}\n")
    };
    let lines: String = SUBJECTS.iter().enumerate().map(line).collect();
    std::fs::write(&log, lines).expect("a log");
    let cache = std::env::home_dir().expect("a home").join(".cache").join("neurosync");
    let config = Config::over(&folder.join("data"), &cache);
    let app = App::open(config, &Environment::default()).await.expect("a data folder");
    let record = serde_json::from_value(serde_json::json!({
        "id": "log", "connector": "commits-archive", "settings": {"path": log}, "added": 0
    }));
    let store = app.sync_store();
    store
        .put_source(record.expect("a record"), domain::Readers::Public)
        .await
        .expect("a source");
    let index = app.index(&neurosync::Unwatched).await.expect("the model");
    let pipeline = Pipeline {
        app: &app,
        index: index.clone(),
        progress: Arc::new(neurosync::Unwatched),
        cancel: neurosync::never(),
        demands: Demands::default(),
    };
    pipeline.sync(&[]).await.expect("a sync");
    (app, index)
}

async fn ask(app: &App, index: &Index, reranking: Option<Reranking>) -> SearchAnswer {
    let search = app.search(&Index {
        reranking,
        ..index.clone()
    });
    let request = SearchRequest {
        query: "kind:commit retry a payment when the gateway has a timeout".to_owned(),
        limit: 10,
        ..SearchRequest::default()
    };
    search.search(&Caller::Owner, &request).await.expect("an answer")
}

fn by(score: fn(&str) -> Result<f32>, depth: usize) -> Reranking {
    Reranking {
        model: Arc::new(Scripted(score)),
        depth,
    }
}

fn titles(answer: &SearchAnswer) -> Vec<&str> {
    answer.results.iter().map(|result| result.title.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_are_reordered_and_a_failure_takes_nothing_away() {
    let folder = tempfile::tempdir().expect("folder");
    let (app, index) = app(folder.path()).await;
    let fused = ask(&app, &index, None).await;
    assert_eq!(titles(&fused), SUBJECTS);

    let ledger = |passage: &str| Ok(if passage.contains("ledger") { 0.9 } else { 0.1 });
    let reranked = ask(&app, &index, Some(by(ledger, 2))).await;
    assert_eq!(titles(&reranked), [SUBJECTS[1], SUBJECTS[0], SUBJECTS[2]]);
    assert!(reranked.degraded.is_empty() && reranked.results[0].score == Some(0.9));

    let refund = |passage: &str| Ok(if passage.contains("refund") { 0.9 } else { 0.1 });
    let shallow = ask(&app, &index, Some(by(refund, 2))).await;
    assert_eq!(titles(&shallow), SUBJECTS, "what is not read stays below");

    let fails = |_: &str| Err(Error::unavailable("rerank", "on purpose"));
    let degraded = ask(&app, &index, Some(by(fails, 2))).await;
    assert_eq!(degraded.degraded, ["rerank"]);
    assert_eq!(degraded.results, fused.results);
}
