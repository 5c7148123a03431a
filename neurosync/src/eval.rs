//! Retrieval quality on a BEIR folder, measured through the product's own pipeline in a throw-away store.

mod corpus;
pub(crate) mod duplicates;
mod metrics;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::{DocumentId, Error, Filter, Readers, Result, Visible};
use search_api::search::{Mode, Search};
use serde::Serialize;

use self::corpus::Query;
use self::metrics::Metrics;
use crate::app::App;
use crate::config::Config;
use crate::context::Context;
use crate::output::{Style, add};
use crate::pipeline::{Demands, Pipeline};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    documents: u64,
    chunks: u64,
    queries: usize,
    bm25: Metrics,
    dense: Metrics,
    fused: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    reranked: Option<Metrics>,
    embed_texts_per_s: f64,
    query_p50_ms: f64,
    query_p99_ms: f64,
}

/// Index the corpus of `dir` and ask its queries.
///
/// # Errors
/// `Invalid` when the folder is no BEIR folder; whatever the pipeline reports.
pub(crate) async fn run(context: &Context<'_>, dir: &Path) -> Result<Report> {
    let (beir, queries) = corpus::read(dir)?;
    let scratch =
        tempfile::tempdir().map_err(|error| Error::io("make scratch folder", &std::env::temp_dir(), error))?;
    let app = App::open(
        Config {
            data: scratch.path().to_owned(),
            ..context.config.clone()
        },
        context.environment,
    )
    .await?;
    let pipeline = Pipeline {
        app: &app,
        index: app.index_to_search(&*context.bars).await?,
        progress: context.bars.clone(),
        cancel: context.cancel.clone(),
        demands: Demands::default(),
    };
    app.sync_store().put_source(beir.record(), Readers::Public).await?;
    let started = Instant::now();
    let run = pipeline.sync_from(&beir).await?;
    let embedding = started.elapsed();
    let search = app.search(&pipeline.index);
    let names = beir.names();
    let bm25 = measure(&search, &queries, &names, Ranking::By(Mode::Lexical)).await?.0;
    let dense = measure(&search, &queries, &names, Ranking::By(Mode::Dense)).await?.0;
    let (fused, mut times) = measure(&search, &queries, &names, Ranking::By(Mode::Fused)).await?;
    let reranked = match &search.reranking {
        Some(_) => {
            let (metrics, slower) = measure(&search, &queries, &names, Ranking::Reranked).await?;
            times = slower;
            Some(metrics)
        }
        None => None,
    };
    times.sort_unstable();
    Ok(Report {
        documents: names.len() as u64,
        chunks: run.chunks,
        queries: queries.len(),
        bm25,
        dense,
        fused,
        reranked,
        embed_texts_per_s: rate(run.embedded, embedding),
        query_p50_ms: percentile(&times, 50),
        query_p99_ms: percentile(&times, 99),
    })
}

/// What is measured.
#[derive(Clone, Copy)]
enum Ranking {
    By(Mode),
    /// Both legs fused, then reranked, as a search does it.
    Reranked,
}

async fn measure(
    search: &Search,
    queries: &[Query],
    names: &BTreeMap<DocumentId, String>,
    ranking: Ranking,
) -> Result<(Metrics, Vec<Duration>)> {
    let filter = Filter::visible(Visible::All);
    let (mut all, mut times) = (Vec::with_capacity(queries.len()), Vec::with_capacity(queries.len()));
    for query in queries {
        let started = Instant::now();
        let ranked = match ranking {
            Ranking::By(mode) => search.rank(&query.text, &filter, mode).await?,
            Ranking::Reranked => {
                let fused = search.rank(&query.text, &filter, Mode::Fused).await?;
                search.rerank(&query.text, &filter.visible, fused).await?
            }
        };
        times.push(started.elapsed());
        let ranked: Vec<&str> = ranked
            .iter()
            .filter_map(|one| names.get(&one.document))
            .map(String::as_str)
            .collect();
        all.push(Metrics::of(&ranked, &query.relevant));
    }
    Ok((Metrics::mean(&all), times))
}

#[expect(clippy::cast_precision_loss, reason = "a count of texts")]
fn rate(texts: u64, time: Duration) -> f64 {
    let rate = texts as f64 / time.as_secs_f64().max(1e-9);
    (rate * 10.0).round() / 10.0
}

/// The nearest-rank percentile of sorted times, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted
        .get(rank)
        .map_or(0.0, |time| (time.as_secs_f64() * 1e5).round() / 100.0)
}

impl Report {
    pub(crate) fn table(&self, style: Style) -> String {
        let mut out = format!(
            "{}\n",
            style.bold(&format!(
                "{:8}{:>9}{:>11}{:>12}{:>9}",
                "", "nDCG@10", "Recall@10", "Recall@100", "MRR@10"
            ))
        );
        let rows = [("bm25", &self.bm25), ("dense", &self.dense), ("fused", &self.fused)];
        for (name, metrics) in rows
            .into_iter()
            .chain(self.reranked.iter().map(|one| ("reranked", one)))
        {
            add(
                &mut out,
                format_args!(
                    "{name:9}{:>8.4}{:>11.4}{:>12.4}{:>9.4}\n",
                    metrics.ndcg_at_10, metrics.recall_at_10, metrics.recall_at_100, metrics.mrr_at_10
                ),
            );
        }
        out + &format!(
            "{} documents, {} chunks, {} queries; {} texts/s embedded; query p50 {} ms, p99 {} ms\n",
            self.documents, self.chunks, self.queries, self.embed_texts_per_s, self.query_p50_ms, self.query_p99_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::percentile;

    #[test]
    fn percentiles_are_nearest_rank() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert!((percentile(&times, 50) - 100.0).abs() < 1e-9);
        assert!((percentile(&times, 99) - 198.0).abs() < 1e-9);
        assert!(percentile(&[], 50).abs() < 1e-9);
    }
}
