//! Texts per second of our encoder and of stock candle-transformers, in one run on the same texts and cores.
//! `cargo bench -p embed`; with `--test` one short round. Nothing is asserted about time: machines differ.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use domain::seam::{Embedder, Role};
use embed::{SentenceEncoder, SentenceSettings};
use model_cache::{Hub, ModelFiles, ModelRef, Settings, Silent, resolve};

/// Ours must come within this of stock, component by component, for the comparison to mean anything.
const TOLERANCE: f32 = 1e-4;

fn main() {
    let short = std::env::args().any(|argument| argument == "--test");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let settings = Settings {
            cache_dir: cache(),
            model_dir: None,
            hub: Hub::default(),
            python: "python3".into(),
        };
        let files = resolve(&ModelRef::default(), &settings, &Silent)
            .await
            .expect("the default model");
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = SentenceSettings {
            threads,
            ..SentenceSettings::default()
        };
        let ours = SentenceEncoder::load(&files, settings).expect("our encoder");
        let stock = Stock::load(&files);
        let time = if short { Duration::ZERO } else { Duration::from_secs(3) };
        for tokens in [131, 20] {
            compare(&ours, &stock, tokens, time).await;
        }
        count(&ours);
    });
}

async fn compare(ours: &SentenceEncoder, stock: &Stock, tokens: usize, time: Duration) {
    // Each word of these is one token; two more are added by the model.
    let texts: Vec<String> = (0..64).map(|first| words(first, tokens - 2)).collect();
    let vectors = ours.embed(Role::Passage, texts.clone()).await.expect("vectors");
    for (ours, stock) in vectors.iter().zip(stock.embed(&texts)) {
        assert!(
            ours.iter().zip(&stock).all(|(a, b)| (a - b).abs() < TOLERANCE),
            "the two encoders differ"
        );
    }
    // In turns, so that whatever else the machine does meets both.
    let mut rates = [Rate::default(); 4];
    for _ in 0..3 {
        for (best, size) in rates.iter_mut().zip([1, 8, 32]) {
            let round = || {
                texts.chunks(size).for_each(|batch| drop(stock.embed(batch)));
                texts.len()
            };
            best.take(rate(time, round));
        }
        let (mut done, watch) = (0, Watch::start());
        while done == 0 || watch.start.elapsed() < time {
            done += ours.embed(Role::Passage, texts.clone()).await.expect("vectors").len();
        }
        rates[3].take(watch.rate(done));
    }
    for (rate, what) in rates.iter().zip([
        "candle-transformers by 1",
        "candle-transformers by 8",
        "candle-transformers by 32",
        "ours",
    ]) {
        println!(
            "{tokens:4} tokens  {what:<26}{:8.1} texts/s, {:6.1} per second of one core",
            rate.wall, rate.core
        );
    }
}

fn count(ours: &SentenceEncoder) {
    let text = words(0, 129);
    let rate = rate(Duration::from_millis(500), || ours.tokens(&text));
    println!(
        "counting tokens of {} bytes: {:.0} tokens per second of one core",
        text.len(),
        rate.core
    );
}

fn words(first: usize, count: usize) -> String {
    const WORDS: [&str; 16] = [
        "server", "error", "the", "request", "failed", "when", "user", "name", "page", "database", "query", "after",
        "time", "update", "release", "test",
    ];
    (0..count)
        .map(|word| WORDS[(first + word * 7) % WORDS.len()])
        .collect::<Vec<_>>()
        .join(" ")
}

fn rate(time: Duration, mut work: impl FnMut() -> usize) -> Rate {
    let (mut done, watch) = (0, Watch::start());
    while done == 0 || watch.start.elapsed() < time {
        done += work();
    }
    watch.rate(done)
}

/// Texts per second as they come, and per second that a core was really ours: on a busy machine the latter says more.
#[derive(Clone, Copy, Default)]
struct Rate {
    wall: f64,
    core: f64,
}

impl Rate {
    fn take(&mut self, other: Self) {
        (self.wall, self.core) = (self.wall.max(other.wall), self.core.max(other.core));
    }
}

struct Watch {
    start: Instant,
    used: f64,
}

impl Watch {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            used: processor_seconds(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
    fn rate(&self, done: usize) -> Rate {
        Rate {
            wall: done as f64 / self.start.elapsed().as_secs_f64(),
            core: done as f64 / (processor_seconds() - self.used),
        }
    }
}

/// Processor time of this process as Linux tells it, in its usual ticks of 10 ms; NaN elsewhere.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 {
        ticks.iter().sum::<f64>() / 100.0
    } else {
        f64::NAN
    }
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
        tokenizer
            .with_padding(None)
            .with_truncation(None)
            .expect("no truncation");
        let config: Config = serde_json::from_slice(&std::fs::read(&files.config).expect("config")).expect("config");
        let weights = std::fs::read(&files.weights).expect("weights");
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).expect("weights");
        Self {
            tokenizer,
            model: BertModel::load(weights, &config).expect("model"),
        }
    }

    fn embed(&self, texts: &[String]) -> Vec<Vec<f32>> {
        let rows = texts.iter().map(|text| {
            self.tokenizer
                .encode_fast(text.as_str(), true)
                .expect("tokens")
                .get_ids()
                .to_vec()
        });
        let ids = Tensor::new(rows.collect::<Vec<_>>(), &Device::Cpu).expect("ids");
        let kinds = ids.zeros_like().expect("kinds");
        let states = self.model.forward(&ids, &kinds, None).expect("states");
        let mean = states.mean(1).expect("mean");
        let length = mean
            .sqr()
            .and_then(|x| x.sum_keepdim(1))
            .and_then(|x| x.sqrt())
            .expect("length");
        mean.broadcast_div(&length).and_then(|x| x.to_vec2()).expect("vectors")
    }
}
