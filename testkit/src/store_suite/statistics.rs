//! BM25 statistics against a recount of everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::seam::store::TermStatistics;
use domain::{AccessId, Visible};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Store;
use super::make::{World, labels, upsert};

const DOCUMENTS: u8 = 6;
const LABELS: u8 = 3;
const TERMS: [u32; 8] = [0, 1, 2, 3, 127, 128, 70_000, u32::MAX];
const STEPS: usize = 120;

/// The terms of each chunk.
type Chunks = Vec<Vec<u32>>;

/// One step: the documents of a batch, each with its label and chunks, and whether the batch is delivered twice.
type Step = (Vec<(u8, u8, Chunks)>, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let terms = prop::collection::vec(prop::sample::select(TERMS.to_vec()), 0..6);
    let chunks = prop::collection::vec(terms, 0..4);
    let batch = prop::collection::vec((0..DOCUMENTS, 0..LABELS, chunks), 0..4);
    prop::collection::vec((batch, prop::bool::weighted(0.2)), STEPS)
}

/// What the index holds: label and chunks by document.
type Model = BTreeMap<u8, (AccessId, Chunks)>;

fn recount(model: &Model, visible: &Visible) -> TermStatistics {
    let seen = model
        .values()
        .filter(|(label, _)| visible.contains(label))
        .flat_map(|(_, chunks)| chunks);
    let holding = |term: &u32| seen.clone().filter(|terms| terms.contains(term)).count() as u64;
    TermStatistics {
        chunks: seen.clone().count() as u64,
        frequencies: TERMS.iter().map(holding).collect(),
    }
}

pub(super) async fn statistics_equal_a_recount_after_any_sequence(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world
        .commit(
            (0..DOCUMENTS)
                .map(|native| world.put(&native.to_string(), "x"))
                .collect(),
        )
        .await;
    let mut runner = TestRunner::deterministic();
    let steps = steps().new_tree(&mut runner).expect("no filter rejects").current();
    let mut model = Model::new();
    for (batch, twice) in steps {
        let documents: Vec<_> = batch
            .iter()
            .map(|(native, label, chunks)| world.indexed(&native.to_string(), &label.to_string(), chunks))
            .collect();
        if twice {
            world.index(1, documents.clone()).await;
        }
        world.index(1, documents).await;
        for (native, label, chunks) in &batch {
            model.insert(*native, (world.label(&label.to_string()), chunks.clone()));
        }
        let some = labels([world.label("0"), world.label("2"), world.label("unknown")]);
        for visible in [Visible::All, Visible::nothing(), some, labels([world.label("1")])] {
            let found = store.term_statistics(&TERMS, &visible).await.expect("statistics");
            assert_eq!(found, recount(&model, &visible), "{visible:?} after {batch:?}");
        }
        assert_eq!(world.report().await.chunks, recount(&model, &Visible::All).chunks);
    }
}

fn counts(chunks: u64, frequencies: &[u64]) -> TermStatistics {
    TermStatistics {
        chunks,
        frequencies: frequencies.into(),
    }
}

/// Two sources, each with a document of two chunks under its label `team`.
async fn two_teams(store: &Arc<dyn Store>) -> (World, World) {
    let (one, two) = (World::new(store, "one").await, World::new(store, "two").await);
    for world in [&one, &two] {
        let mut document = world.document("P-1", "x");
        document.access = world.label("team");
        world.commit(vec![upsert(document)]).await;
        world
            .index(1, vec![world.indexed("P-1", "team", &[vec![7, 7, 8], vec![7]])])
            .await;
    }
    (one, two)
}

pub(super) async fn statistics_sum_only_the_labels_asked(store: Arc<dyn Store>) {
    let (_, two) = two_teams(&store).await;
    let ask = async |visible: Visible| {
        store
            .term_statistics(&[7, 9, 8, 7], &visible)
            .await
            .expect("statistics")
    };
    assert_eq!(ask(Visible::All).await, counts(4, &[4, 0, 2, 4]));
    assert_eq!(ask(labels([two.label("team")])).await, counts(2, &[2, 0, 1, 2]));
    assert_eq!(ask(Visible::nothing()).await, counts(0, &[0; 4]));
    assert_eq!(
        store.term_statistics(&[], &Visible::All).await.expect("statistics"),
        counts(4, &[])
    );
}

pub(super) async fn a_changed_label_moves_the_counts(store: Arc<dyn Store>) {
    let (one, two) = two_teams(&store).await;
    let ask = async |visible: Visible| store.term_statistics(&[7, 8], &visible).await.expect("statistics");
    one.index(1, vec![one.indexed("P-1", "moved", &[vec![7]])]).await;
    assert_eq!(ask(labels([one.label("team")])).await, counts(0, &[0, 0]));
    assert_eq!(
        ask(labels([one.label("moved"), two.label("team")])).await,
        counts(3, &[3, 1])
    );
    assert_eq!(ask(Visible::All).await, counts(3, &[3, 1]));
}
