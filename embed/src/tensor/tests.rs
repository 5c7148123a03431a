//! On candle's CPU, the vectors that a device makes are those that our own kernels make.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use domain::Error;
use model_cache::ModelFiles;
use proptest::prelude::*;

use super::TensorEncoder;
use crate::batches::Item;
use crate::config::{Config, Pooling};
use crate::encoder::{Encoder, Scratch, pooled};
use crate::tokens::Sequence;
use crate::weights::{Linear, Precision, Weights};

const MODELS: [&str; 6] = [
    "bert-mean",
    "roberta",
    "xlm-roberta",
    "distilbert",
    "mpnet",
    "modernbert",
];
const ROOM: usize = 1 << 30;

fn files(name: &str) -> ModelFiles {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/parity")
        .join(name);
    ModelFiles {
        id: name.to_owned(),
        weights: folder.join("model.safetensors"),
        tokenizer: folder.join("tokenizer.json"),
        config: folder.join("config.json"),
        pooling: None,
        sentence: None,
        modules: None,
        prompts: None,
        max_tokens: None,
    }
}

/// Both forms of one model.
struct Pair {
    name: &'static str,
    config: Config,
    ours: Encoder,
    theirs: TensorEncoder,
}

impl Pair {
    fn load(name: &'static str, numbers: DType, room: usize) -> Self {
        let files = files(name);
        let config = Config::read(&files.config, Some(48)).unwrap();
        let map = |stored| Linear::pack(stored, Precision::Float32);
        let weights = Weights::load(&files.weights, &config, map, Ok).unwrap();
        let place = (Device::Cpu, numbers);
        Self {
            name,
            theirs: TensorEncoder::load(&files, config.clone(), place, |_| room).unwrap(),
            ours: Encoder::new(config.clone(), weights),
            config,
        }
    }

    /// The least cosine between the vectors that the two make of `texts`.
    fn agreement(&self, pooling: Pooling, texts: &[Sequence]) -> f32 {
        let texts: Vec<&Sequence> = texts.iter().collect();
        let found = self.theirs.pooled(pooling, &texts).unwrap();
        let mut scratch = Scratch::default();
        let rows = self.ours.states(&texts, &mut scratch).unwrap();
        let expected = rows.map(|rows| pooled(pooling, rows, self.config.hidden));
        let cosines = expected.zip(&found).map(|(a, b)| cosine(&a, b));
        cosines.fold(1.0, f32::min)
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A text whose second kind of tokens, if any, begins somewhere in it.
fn sequence(ids: Vec<u32>) -> Sequence {
    Sequence {
        second: ids.len() / 2 + 1,
        ids,
    }
}

fn texts() -> impl Strategy<Value = Vec<Sequence>> {
    prop::collection::vec(prop::collection::vec(0_u32..60, 1..48).prop_map(sequence), 1..6)
}

#[test]
fn floats_of_32_bits_agree_to_the_last_digits() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for name in MODELS {
        let pair = Pair::load(name, DType::F32, ROOM);
        for pooling in [Pooling::Mean, Pooling::First] {
            let check = |texts: Vec<Sequence>| {
                let least = pair.agreement(pooling, &texts);
                prop_assert!(least > 0.999_99, "{}: {least}", pair.name);
                Ok(())
            };
            runner.run(&texts(), check).unwrap();
        }
    }
}

#[test]
fn floats_of_16_bits_agree_nearly() {
    for (numbers, least) in [(DType::F16, 0.999), (DType::BF16, 0.99)] {
        for name in MODELS {
            let pair = Pair::load(name, numbers, ROOM);
            let texts: Vec<_> = [3, 48, 17]
                .map(|length| sequence((0..length).map(|id| id * 7 % 60).collect()))
                .into();
            let found = pair.agreement(Pooling::Mean, &texts);
            assert!(found > least, "{name} as {numbers:?}: {found}");
        }
    }
}

#[test]
fn batches_hold_every_text_once_within_the_room() {
    let lengths = [5, 48, 7, 48, 1, 30, 2, 2];
    let items = |(place, length): (usize, &u32)| Item {
        place,
        sequence: sequence(vec![3; *length as usize]),
    };
    let items: Vec<Item> = lengths.iter().enumerate().map(items).collect();
    let narrow = Pair::load("bert-mean", DType::F32, 200_000).theirs;
    let batches = narrow.batches(items.clone());
    assert!(batches.len() > 1 && batches.len() < lengths.len(), "{}", batches.len());
    let mut places: Vec<_> = batches.iter().flatten().map(|item| item.place).collect();
    places.sort_unstable();
    assert_eq!(places, (0..lengths.len()).collect::<Vec<_>>());
    for batch in batches.iter().filter(|batch| batch.len() > 1) {
        let longest = batch.iter().map(|item| item.sequence.ids.len()).max().unwrap();
        assert!(longest * batch.len() <= narrow.room(longest));
    }
    let nothing = Pair::load("bert-mean", DType::F32, 0).theirs;
    assert_eq!(nothing.batches(items).len(), lengths.len());
}

#[test]
fn what_is_no_token_is_refused() {
    let model = Pair::load("bert-mean", DType::F32, ROOM).theirs;
    let refused = |ids: Vec<u32>| -> Error { model.pooled(Pooling::Mean, &[&sequence(ids)]).unwrap_err() };
    assert!(refused(vec![1_000_000]).message().contains("not in the vocabulary"));
    assert!(refused(Vec::new()).message().contains("0 tokens"));
    assert!(refused(vec![1; 49]).message().contains("49 tokens"));
}
