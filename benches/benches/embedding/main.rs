//! Texts per second of our encoder, ONNX Runtime, sentence-transformers and stock candle-transformers: the same texts and cores, in turn
//! in one run. Prints medians and ratios and asserts nothing about time; how near the vectors are to the reference is printed too.
//!
//! `make bench-embedding TEXTS=FILE PYTHON=python3`, FILE being JSON lines with a field `text`, as the corpus of a BEIR folder. Without
//! a Python that has onnxruntime and sentence-transformers, those are named as skipped.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
#![expect(clippy::cast_precision_loss, reason = "counts of some thousands")]

mod engines;
mod measure;
mod options;
mod texts;

use embed::{Device, Precision, SentenceEncoder, SentenceSettings};
use model_cache::ModelFiles;

use engines::{Engine, Ours, Peer, Stock};
use measure::{latency, median, memory, peak};
use options::Options;
use texts::Set;

fn main() {
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let files = runtime.block_on(engines::default_model());
    let load = |precision| encoder(&files, precision, &options);
    if let Some(count) = options.memory {
        return memory(&load(options.precision), &runtime, &options.texts, count);
    }
    let sets = texts::sets(&options.texts, options.count, &load(Precision::Float32));
    let (mut engines, skipped) = match options.device {
        Device::Cuda => on_gpu(&options, &files, load),
        Device::Cpu | Device::Auto => all(&options, &files, load),
    };
    println!("{} threads", options.threads);
    for set in &sets {
        compare(set, &mut engines, options.rounds);
    }
    for name in skipped {
        println!("skipped: {name}");
    }
    let precisions = match options.device {
        Device::Cuda => [("fp32", Precision::Float32), ("fp16", Precision::Float16)],
        Device::Cpu | Device::Auto => [("fp32", Precision::Float32), ("int8", Precision::Int8)],
    };
    for (name, precision) in precisions {
        latency(name, &load(precision), &runtime);
    }
}

fn encoder(files: &ModelFiles, precision: Precision, options: &Options) -> SentenceEncoder {
    let settings = SentenceSettings {
        threads: options.threads,
        device: options.device,
        precision,
        ..SentenceSettings::default()
    };
    SentenceEncoder::load(files, settings).expect("our encoder")
}

/// Ours and sentence-transformers on a GPU, both with floats of 16 bits.
fn on_gpu(
    options: &Options,
    files: &ModelFiles,
    load: impl Fn(Precision) -> SentenceEncoder,
) -> (Vec<Box<dyn Engine>>, Vec<String>) {
    let model = load(Precision::Float16);
    assert_eq!(model.device(), "cuda", "no GPU can be used");
    let ours = Box::new(Ours::new("ours, fp16", model));
    match Peer::on_gpu(options, files) {
        Ok(peer) => (vec![ours, Box::new(peer)], Vec::new()),
        Err(reason) => (vec![ours], vec![format!("sentence-transformers: {reason}")]),
    }
}

/// Every engine that can be had, ours first, and the names of the others.
fn all(
    options: &Options,
    files: &ModelFiles,
    load: impl Fn(Precision) -> SentenceEncoder,
) -> (Vec<Box<dyn Engine>>, Vec<String>) {
    let mut engines: Vec<Box<dyn Engine>> = vec![
        Box::new(Ours::new("ours, fp32", load(Precision::Float32))),
        Box::new(Ours::new("ours, int8", load(Precision::Int8))),
    ];
    let mut skipped = Vec::new();
    for (name, peer) in Peer::all(options, files) {
        match peer {
            Ok(peer) => engines.push(Box::new(peer)),
            Err(reason) => skipped.push(format!("{name}: {reason}")),
        }
    }
    engines.push(Box::new(Stock::load(files)));
    (engines, skipped)
}

/// All engines over one set of texts, round by round, so that whatever else the machine does meets all of them.
fn compare(set: &Set, engines: &mut [Box<dyn Engine>], rounds: usize) {
    println!(
        "\n{}: {} texts, {:.0} tokens on average; sgemm peak {:.0} GFLOP/s",
        set.name,
        set.texts.len(),
        set.mean(),
        peak()
    );
    let vectors: Vec<_> = engines.iter_mut().map(|engine| engine.vectors(&set.texts)).collect();
    let reference = engines.iter().position(|engine| engine.is_reference()).unwrap_or(0);
    let mut seconds = vec![Vec::new(); engines.len()];
    for _ in 0..rounds {
        for (engine, seconds) in engines.iter_mut().zip(&mut seconds) {
            seconds.push(engine.seconds(&set.texts));
        }
    }
    let rates: Vec<_> = seconds
        .into_iter()
        .map(|seconds| set.texts.len() as f64 / median(seconds))
        .collect();
    println!(
        "  {:34}{:>9}{:>9}{:>11}{:>11}{:>14}",
        "", "texts/s", "GFLOP/s", "our fp32 ×", "our int8 ×", "least cosine"
    );
    for ((engine, rate), own) in engines.iter().zip(&rates).zip(&vectors) {
        let gflops = rate * set.flop() / 1e9;
        let (float, int8) = (rates[0] / rate, rates[1] / rate);
        let least = measure::least_cosine(own, &vectors[reference]);
        println!(
            "  {:34}{rate:>9.1}{gflops:>9.0}{float:>11.2}{int8:>11.2}{least:>14.6}",
            engine.name()
        );
    }
}
