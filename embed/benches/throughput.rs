//! Texts per second of our encoder and of stock candle-transformers, in one run on the same texts and cores.
//! `cargo bench -p embed`; with `--test` one short round. Nothing is asserted about time: machines differ.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use domain::seam::{Embedder, Role};
use embed::Bert;
use model_cache::{Hub, ModelFiles, ModelRef, Settings, Silent, resolve};

/// Ours must come within this of stock, component by component, for the comparison to mean anything.
const TOLERANCE: f32 = 1e-4;

fn main() {
    let short = std::env::args().any(|argument| argument == "--test");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let settings = Settings { cache_dir: cache(), model_dir: None, hub: Hub::default(), python: "python3".into() };
        let files = resolve(&ModelRef::default(), &settings, &Silent).await.expect("the default model");
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let ours = Bert::load(&files, threads).expect("our encoder");
        let stock = Stock::load(&files);
        let time = if short { Duration::ZERO } else { Duration::from_secs(8) };
        for tokens in [131, 20] {
            compare(&ours, &stock, tokens, time).await;
        }
        count(&ours);
    });
}

async fn compare(ours: &Bert, stock: &Stock, tokens: usize, time: Duration) {
    // Each word of these is one token; two more are added by the model.
    let texts: Vec<String> = (0..64).map(|first| words(first, tokens - 2)).collect();
    let vectors = ours.embed(Role::Passage, texts.clone()).await.expect("vectors");
    for (ours, stock) in vectors.iter().zip(stock.embed(&texts)) {
        assert!(ours.iter().zip(&stock).all(|(a, b)| (a - b).abs() < TOLERANCE), "the two encoders differ");
    }
    let mut best = 0.0_f64;
    for batch in [1, 8, 32] {
        let rate = rate(time / 3, || {
            for batch in texts.chunks(batch) {
                stock.embed(batch);
            }
            texts.len()
        });
        println!("{tokens:4} tokens  candle-transformers, batches of {batch:2}  {rate:8.1} texts/s");
        best = best.max(rate);
    }
    let (mut done, start) = (0, Instant::now());
    while done == 0 || start.elapsed() < time {
        done += ours.embed(Role::Passage, texts.clone()).await.expect("vectors").len();
    }
    let rate = per_second(done, start.elapsed());
    println!("{tokens:4} tokens  ours                                {rate:8.1} texts/s, {:.2} times stock", rate / best);
}

fn count(ours: &Bert) {
    let text = words(0, 129);
    let rate = rate(Duration::from_millis(500), || ours.tokens(&text));
    println!("counting    ours                                {rate:8.0} tokens/s on one core, {} bytes of text", text.len());
}

fn words(first: usize, count: usize) -> String {
    const WORDS: [&str; 16] = [
        "server", "error", "the", "request", "failed", "when", "user", "login", "page", "database", "query", "after", "time",
        "update", "release", "test",
    ];
    (0..count).map(|word| WORDS[(first + word * 7) % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

fn rate(time: Duration, mut work: impl FnMut() -> usize) -> f64 {
    let (mut done, start) = (0, Instant::now());
    while done == 0 || start.elapsed() < time {
        done += work();
    }
    per_second(done, start.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
fn per_second(done: usize, elapsed: Duration) -> f64 {
    done as f64 / elapsed.as_secs_f64()
}

fn cache() -> std::path::PathBuf {
    let home = std::env::home_dir().expect("a home folder");
    home.join(".cache").join("neurosync").join("models")
}

/// candle-transformers as its own example uses it: texts of one length, mean over the tokens, unit length.
struct Stock {
    tokenizer: tokenizers::Tokenizer,
    model: BertModel,
}

impl Stock {
    fn load(files: &ModelFiles) -> Self {
        let mut tokenizer = tokenizers::Tokenizer::from_file(&files.tokenizer).expect("tokenizer");
        tokenizer.with_padding(None).with_truncation(None).expect("no truncation");
        let config: Config = serde_json::from_slice(&std::fs::read(&files.config).expect("config")).expect("config");
        let weights = std::fs::read(&files.weights).expect("weights");
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).expect("weights");
        Self { tokenizer, model: BertModel::load(weights, &config).expect("model") }
    }

    fn embed(&self, texts: &[String]) -> Vec<Vec<f32>> {
        let rows = texts.iter().map(|text| self.tokenizer.encode_fast(text.as_str(), true).expect("tokens").get_ids().to_vec());
        let ids = Tensor::new(rows.collect::<Vec<_>>(), &Device::Cpu).expect("ids");
        let kinds = ids.zeros_like().expect("kinds");
        let states = self.model.forward(&ids, &kinds, None).expect("states");
        let mean = states.mean(1).expect("mean");
        let length = mean.sqr().and_then(|x| x.sum_keepdim(1)).and_then(|x| x.sqrt()).expect("length");
        mean.broadcast_div(&length).and_then(|x| x.to_vec2()).expect("vectors")
    }
}
