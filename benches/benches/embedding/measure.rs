//! Medians, cosines, the peak of the machine, the latency of a query, and memory.

use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use domain::seam::{Embedder, Role};
use embed::SentenceEncoder;
use tokio::runtime::Runtime;

use crate::texts;

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The least cosine between vectors of the same text.
pub(crate) fn least_cosine(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let cosine = |(a, b): (&Vec<f32>, &Vec<f32>)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    a.iter().zip(b).map(cosine).fold(f64::INFINITY, f64::min)
}

/// The most GFLOP/s that candle's own matrix product reaches here, on all cores.
pub(crate) fn peak() -> f64 {
    const SIZE: usize = 1536;
    let matrix = || Tensor::ones((SIZE, SIZE), DType::F32, &Device::Cpu).expect("a matrix");
    let (a, b) = (matrix(), matrix());
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        std::hint::black_box(a.matmul(&b).expect("a product"));
        best = best.min(start.elapsed().as_secs_f64());
    }
    2.0 * (SIZE as f64).powi(3) / best / 1e9
}

/// How long one query of 12 tokens takes, alone.
pub(crate) fn latency(name: &str, model: &SentenceEncoder, runtime: &Runtime) {
    let query = "why does the retry queue grow after a timeout";
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..300 {
        let start = Instant::now();
        runtime
            .block_on(model.embed(Role::Query, vec![query.to_owned()]))
            .expect("a vector");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!(
        "\nquery of {} tokens, {name}: p50 {:.2} ms, p99 {:.2} ms",
        model.tokens(query) + 2,
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() * 99 / 100].as_secs_f64() * 1e3
    );
}

/// Embed `count` texts in requests of 256 and tell the resident memory on the way.
pub(crate) fn memory(model: &SentenceEncoder, runtime: &Runtime, path: &Path, count: usize) {
    let texts = texts::read(path, count);
    let start = resident();
    println!("{start} MiB with the weights loaded and {count} texts read");
    let step = (count / 10).max(1);
    for (number, texts) in texts.chunks(step).enumerate() {
        for request in texts.chunks(256) {
            runtime
                .block_on(model.embed(Role::Passage, request.to_vec()))
                .expect("vectors");
        }
        let now = resident();
        println!(
            "{:>8} texts: {now} MiB, {:+} over the start",
            ((number + 1) * step).min(count),
            now - start
        );
    }
}

/// Resident memory in MiB as Linux tells it, 0 elsewhere.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<i64>().ok());
    kib.unwrap_or(0) / 1024
}
