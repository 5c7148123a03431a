//! Both projections from the store, every vector cached: documents a second of one `neurosync rebuild`.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurosync::app::App;
use neurosync::config::{Config, Environment};
use neurosync_benches::{pipeline, sync_commits, write_commits};

const COMMITS: u32 = 5_000;

fn rebuild(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let scratch = tempfile::tempdir().expect("a folder");
    let log = scratch.path().join("log");
    write_commits(&log, COMMITS);
    let environment = Environment::read();
    let cache = environment
        .cache
        .clone()
        .unwrap_or_else(|| scratch.path().join("cache"));
    let config = Config::over(&scratch.path().join("data"), &cache);
    runtime.block_on(sync_commits(&config, &environment, &log));
    let mut group = criterion.benchmark_group("rebuild");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(30))
        .throughput(Throughput::Elements(u64::from(COMMITS)));
    group.bench_function("index and graph, vectors cached", |bencher| {
        bencher.iter_custom(|rounds| {
            (0..rounds)
                .map(|_| runtime.block_on(one_rebuild(&config, &environment)))
                .sum()
        });
    });
    group.finish();
}

async fn one_rebuild(config: &Config, environment: &Environment) -> Duration {
    let app = App::open_without_projections(config.clone(), environment)
        .await
        .expect("a data folder");
    let pipeline = pipeline(&app).await;
    let started = Instant::now();
    pipeline.project_all().await.expect("a rebuild");
    started.elapsed()
}

criterion_group!(benches, rebuild);
criterion_main!(benches);
