//! How texts are put together changes nothing: not a bit of a vector, not the order.

use domain::seam::{Embedder, Role};

use crate::model;
use crate::reference::texts;

fn bits(vectors: &[Vec<f32>]) -> Vec<Vec<u32>> {
    vectors
        .iter()
        .map(|vector| vector.iter().map(|x| x.to_bits()).collect())
        .collect()
}

/// Texts of all lengths, few enough for a quick test.
fn some() -> Vec<String> {
    texts().into_iter().step_by(3).collect()
}

#[tokio::test]
async fn a_vector_is_the_same_to_the_bit_alone_and_in_any_batch() {
    let (model, texts) = (model().await, some());
    let together = bits(&model.embed(Role::Passage, texts.clone()).await.unwrap());
    for (text, expected) in texts.iter().zip(&together) {
        let alone = bits(&model.embed(Role::Passage, vec![text.clone()]).await.unwrap());
        assert!(alone[0] == *expected, "{:?}", text.chars().take(60).collect::<String>());
    }
    for step in [2, 7, 11] {
        // A permutation, as `step` has no divisor in common with the count.
        let order: Vec<_> = (0..texts.len()).map(|place| place * step % texts.len()).collect();
        let mixed = order.iter().map(|place| texts[*place].clone()).collect();
        let mixed = bits(&model.embed(Role::Query, mixed).await.unwrap());
        let expected: Vec<_> = order.iter().map(|place| together[*place].clone()).collect();
        assert!(mixed == expected, "order {step}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_get_each_their_own() {
    let (model, texts) = (model().await, some());
    let expected = bits(&model.embed(Role::Passage, texts.clone()).await.unwrap());
    let requests: Vec<_> = (0..8)
        .map(|first| {
            let part: Vec<_> = texts.iter().cycle().skip(first * 5).take(9).cloned().collect();
            let role = if first % 2 == 0 { Role::Query } else { Role::Passage };
            tokio::spawn(model.embed(role, part))
        })
        .collect();
    for (first, request) in requests.into_iter().enumerate() {
        let found = bits(&request.await.unwrap().unwrap());
        let wanted: Vec<_> = expected.iter().cycle().skip(first * 5).take(9).cloned().collect();
        assert!(found == wanted, "request {first}");
    }
}

#[tokio::test]
async fn nothing_gives_nothing_and_the_same_text_the_same_vector() {
    let model = model().await;
    assert!(model.embed(Role::Passage, Vec::new()).await.unwrap().is_empty());
    let vectors = model
        .embed(Role::Passage, vec!["twice".into(), "other".into(), "twice".into()])
        .await
        .unwrap();
    assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1]);
}

#[tokio::test]
async fn a_dropped_request_does_not_hold_up_the_next() {
    let model = model().await;
    let long = vec!["word ".repeat(300); 2_000];
    let mut dropped = Box::pin(model.embed(Role::Passage, long));
    tokio::select! {
        biased;
        _ = &mut dropped => panic!("2,000 texts at once"),
        () = tokio::task::yield_now() => {}
    }
    drop(dropped);
    assert_eq!(model.embed(Role::Passage, vec!["next".into()]).await.unwrap().len(), 1);
}
