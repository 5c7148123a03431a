//! Vectors of each family.

use domain::ErrorKind;
use domain::seam::{Embedder, Role};
use embed::{SentenceEncoder, SentenceSettings};
use serde::Deserialize;

use crate::files::{TOLERANCE, bits, files, items};

const MODELS: [&str; 7] = [
    "bert-mean",
    "bert-cls",
    "roberta",
    "xlm-roberta",
    "distilbert",
    "mpnet",
    "modernbert",
];

#[derive(Deserialize)]
struct Item {
    text: String,
    vector: Vec<f32>,
}

fn load(name: &str, settings: SentenceSettings) -> domain::Result<SentenceEncoder> {
    SentenceEncoder::load(&files(name), SentenceSettings { threads: 2, ..settings })
}

fn plain(name: &str) -> SentenceEncoder {
    load(name, SentenceSettings::default()).unwrap()
}

async fn embed(model: &SentenceEncoder, role: Role, texts: &[&str]) -> Vec<Vec<f32>> {
    let texts = texts.iter().map(ToString::to_string).collect();
    model.embed(role, texts).await.unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn vectors_are_those_of_the_reference() {
    for name in MODELS {
        let (model, items) = (plain(name), items::<Item>(name));
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let found = embed(&model, Role::Passage, &texts).await;
        for (item, found) in items.iter().zip(&found) {
            let shown: String = item.text.chars().take(60).collect();
            let differs = |(a, b): (&f32, &f32)| (a - b).abs();
            let most = found.iter().zip(&item.vector).map(differs).fold(0.0, f32::max);
            let cosine = cosine(found, &item.vector);
            assert_eq!(found.len(), item.vector.len(), "{name}");
            assert!(
                most < TOLERANCE && cosine >= 0.9999,
                "{name}: {most} and {cosine} for {shown:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_vector_is_the_same_to_the_bit_alone_and_in_a_batch() {
    for name in MODELS {
        let (model, items) = (plain(name), items::<Item>(name));
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let together = embed(&model, Role::Passage, &texts).await;
        for (text, together) in texts.iter().zip(&together) {
            let alone = embed(&model, Role::Query, &[text]).await;
            assert!(bits(&alone[0]) == bits(together), "{name}: {text:?}");
        }
    }
}

#[tokio::test]
async fn a_vector_that_is_cut_is_the_beginning_at_length_one() {
    let cut = SentenceSettings {
        dimensions: Some(8),
        ..SentenceSettings::default()
    };
    let (whole, cut) = (plain("roberta"), load("roberta", cut).unwrap());
    assert_eq!((whole.dimensions(), cut.dimensions()), (32, 8));
    assert_eq!(whole.model(), "parity/roberta#mean-64");
    assert_eq!(cut.model(), "parity/roberta#mean-64-8d");
    let text = ["The quick brown fox"];
    let (whole, cut) = (
        embed(&whole, Role::Query, &text).await,
        embed(&cut, Role::Query, &text).await,
    );
    let length: f32 = cut[0].iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() < 1e-5 && cosine(&whole[0][..8], &cut[0]) > 0.999_999);
}

#[tokio::test]
async fn prefixes_stand_before_the_texts_of_their_role() {
    let settings = SentenceSettings {
        query_prefix: Some("query: ".into()),
        passage_prefix: Some("passage: ".into()),
        ..SentenceSettings::default()
    };
    let (bare, prefixed) = (plain("bert-mean"), load("bert-mean", settings).unwrap());
    assert!(prefixed.model().starts_with("parity/bert-mean#mean-48-p"));
    assert!(prefixed.max_tokens() < bare.max_tokens());
    for (role, whole) in [(Role::Query, "query: fox"), (Role::Passage, "passage: fox")] {
        let (found, expected) = (
            embed(&prefixed, role, &["fox"]).await,
            embed(&bare, role, &[whole]).await,
        );
        assert_eq!(bits(&found[0]), bits(&expected[0]));
    }
}

#[tokio::test]
async fn a_model_may_want_its_texts_in_lower_case() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sentence_bert_config.json");
    std::fs::write(&path, r#"{"max_seq_length": 64, "do_lower_case": true}"#).unwrap();
    let lower = model_cache::ModelFiles {
        sentence: Some(path),
        ..files("roberta")
    };
    let lower = SentenceEncoder::load(&lower, SentenceSettings::default()).unwrap();
    let (found, expected) = (
        embed(&lower, Role::Passage, &["Fox and DOG"]).await,
        embed(&plain("roberta"), Role::Passage, &["fox and dog"]).await,
    );
    assert_eq!(bits(&found[0]), bits(&expected[0]));
    assert_eq!(lower.tokens("FOX"), lower.tokens("fox"));
}

#[test]
fn settings_that_do_not_fit_the_model_are_refused() {
    let refused = |settings| {
        let error = load("bert-mean", settings).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.message().to_owned()
    };
    let longer = SentenceSettings {
        dimensions: Some(33),
        ..SentenceSettings::default()
    };
    assert_eq!(refused(longer), "vectors of 32 numbers cannot be cut to 33");
    let wordy = SentenceSettings {
        passage_prefix: Some("passage ".repeat(60)),
        ..SentenceSettings::default()
    };
    assert_eq!(refused(wordy), "the passage prefix leaves 0 of 48 tokens");
}

#[test]
fn weights_of_another_family_are_refused() {
    let mixed = model_cache::ModelFiles {
        weights: files("distilbert").weights,
        ..files("bert-mean")
    };
    let error = SentenceEncoder::load(&mixed, SentenceSettings::default())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("token_type_embeddings"), "{error}");
}
