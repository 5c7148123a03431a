//! Scores of each family's cross-encoder.

use domain::ErrorKind;
use domain::seam::Reranker;
use embed::CrossEncoder;
use serde::Deserialize;

use crate::files::{TOLERANCE, bits, files, items};

const MODELS: [&str; 4] = [
    "bert-rerank",
    "xlm-roberta-rerank",
    "modernbert-rerank",
    "distilbert-rerank",
];

#[derive(Deserialize)]
struct Item {
    text: String,
    pair: String,
    logits: [f32; 1],
}

fn load(name: &str) -> CrossEncoder {
    CrossEncoder::load(&files(name), 2).unwrap()
}

#[tokio::test]
async fn scores_are_the_sigmoid_of_the_reference() {
    for name in MODELS {
        let model = load(name);
        for item in items::<Item>(name) {
            let found = model.score(&item.text, vec![item.pair.clone()]).await.unwrap()[0];
            let expected = 1.0 / (1.0 + (-item.logits[0]).exp());
            let logit = (found / (1.0 - found)).ln();
            let shown: String = item.pair.chars().take(60).collect();
            assert!((found - expected).abs() < TOLERANCE, "{name}: {found} for {shown:?}");
            // Where the sigmoid is flat it hides differences.
            assert!(
                (logit - item.logits[0]).abs() < 50.0 * TOLERANCE,
                "{name}: {logit} for {shown:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_score_is_the_same_to_the_bit_alone_and_among_others() {
    for name in MODELS {
        let (model, items) = (load(name), items::<Item>(name));
        let passages: Vec<String> = items.iter().map(|item| item.pair.clone()).collect();
        let together = model.score("Why does it stop?", passages.clone()).await.unwrap();
        assert_eq!(together.len(), passages.len());
        for (passage, together) in passages.into_iter().zip(together) {
            let alone = model.score("Why does it stop?", vec![passage]).await.unwrap();
            assert_eq!(bits(&alone), bits(&[together]), "{name}");
        }
        assert!(model.score("nothing", Vec::new()).await.unwrap().is_empty());
    }
}

#[test]
fn a_model_says_what_it_is_and_a_sentence_model_is_refused() {
    assert_eq!(load("bert-rerank").model(), "parity/bert-rerank#pair-64");
    let error = CrossEncoder::load(&files("bert-mean"), 1).err().unwrap();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Invalid, "`BertModel` does not score pairs of texts")
    );
}
