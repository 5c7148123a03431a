//! Our vectors are those of the reference implementation.

use domain::seam::{Embedder, Role};

use crate::model;

const DIMENSIONS: usize = 384;

pub(crate) fn texts() -> Vec<String> {
    serde_json::from_str(include_str!("../fixtures/texts.json")).unwrap()
}

fn vectors() -> Vec<Vec<f32>> {
    let (halves, rest) = include_bytes!("../fixtures/vectors.f16").as_chunks::<2>();
    assert!(rest.is_empty());
    let values: Vec<_> = halves.iter().map(|half| widen(u16::from_le_bytes(*half))).collect();
    values.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
}

/// A half float as a float. Components of unit vectors are neither infinite nor NaN.
fn widen(half: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    if half & 0x8000 == 0 { magnitude } else { -magnitude }
}

#[test]
fn half_floats_widen() {
    for (half, float) in [
        (0x3c00, 1.0),
        (0xb800, -0.5),
        (0x0001, 5.960_464_5e-8),
        (0x2e66, 0.099_975_586),
    ] {
        assert!((widen(half) - float).abs() < 1e-9);
    }
}

#[tokio::test]
async fn every_reference_vector_is_met() {
    let (texts, expected) = (texts(), vectors());
    assert!(texts.len() >= 200 && texts.len() == expected.len());
    let found = model().await.embed(Role::Passage, texts.clone()).await.unwrap();
    for ((text, found), expected) in texts.iter().zip(&found).zip(&expected) {
        let cosine = cosine(found, expected);
        let shown: String = text.chars().take(60).collect();
        assert!(cosine >= 0.9999, "{cosine} for {shown:?}");
    }
}

#[tokio::test]
async fn vectors_have_length_one_and_the_model_says_what_it_is() {
    let model = model().await;
    assert_eq!(model.dimensions(), DIMENSIONS);
    assert_eq!(model.max_tokens(), 256);
    assert_eq!(
        model.model(),
        "sentence-transformers/all-MiniLM-L6-v2@53aa51172d14#mean-256"
    );
    for vector in model
        .embed(Role::Query, vec![String::new(), "one".into(), "two words".into()])
        .await
        .unwrap()
    {
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-12);
        let length: f32 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[tokio::test]
async fn tokens_are_counted_without_the_special_ones() {
    let model = model().await;
    for (text, count) in [
        ("", 0),
        ("  \n", 0),
        ("hello", 1),
        ("Hello, world!", 4),
        ("embeddings", 4),
        ("日本語", 3),
        ("a\u{200b}b", 1),
    ] {
        assert_eq!(model.tokens(text), count, "{text:?}");
    }
    assert_eq!(model.tokens(&"word ".repeat(3000)), 3000);
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
