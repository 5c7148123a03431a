//! The graph at a million nodes and ten million edges: loading, memory, paths, neighbourhoods, centrality and changes while
//! it is read, beside a bare adjacency array in the same run. Prints times and asserts nothing about them; that the paths
//! are as short as those of the array is asserted.
//!
//! `cargo bench -p neurosync-benches --bench graph -- --data DIR`, DIR with `nodes.csv` (id and label, 0 to 99) and
//! `edges.csv` (start and end), each under a line of headings. A tenth of the labels is hidden from every question.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts below 2^52"
)]

mod csr;
mod data;
mod measure;
mod options;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use domain::seam::{EdgeFilter, GraphReader, GraphStore, Measure, Ranking, Scope};
use graph::Embedded;

use csr::Csr;
use data::{Data, Dice};
use measure::{Times, expansions, paths, resident, timed};
use options::Options;

/// The longest way that is looked for.
const HOPS: u8 = 6;

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let options = Options::read();
    let data = Arc::new(Data::read(&options.data));
    println!(
        "{} nodes, {} edges, a tenth of the labels hidden",
        data.len(),
        data.targets.len()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let place = options.store.clone().unwrap_or_else(|| folder.path().to_owned());
    std::fs::create_dir_all(&place).expect("a folder");
    let path = place.join("graph.db");
    load(&Embedded::open(&path).await.expect("a store"), &data, options.batch).await;
    let before = resident();
    let graph = timed("open again", Embedded::open(&path))
        .await
        .expect("the same store");
    tell_memory(&graph, resident().saturating_sub(before)).await;
    compare(&graph, &data, options.pairs).await;
    for limit in [1, 5] {
        let (mut times, _) = paths(&graph, &data, (options.pairs / limit, limit)).await;
        times.tell(&format!("paths of at most {HOPS} edges, the best {limit}"));
    }
    for hops in [2, 3] {
        let mut times = expansions(&graph, &data, (options.pairs / 4, hops)).await;
        times.tell(&format!("neighbourhood of {hops} hops, 100 edges"));
    }
    change(&graph, &data).await;
    central(&graph, &data).await;
}

async fn load(graph: &Embedded, data: &Data, batch: usize) {
    if graph.size().await.expect("a size").edges > 0 {
        println!("the store is filled already");
        return;
    }
    let start = Instant::now();
    let nodes: Vec<u32> = (0..data.len()).collect();
    for part in nodes.chunks(batch) {
        let facts = part.iter().map(|node| data.facts(*node, 0)).collect();
        graph.replace(facts).await.expect("a replacement");
    }
    println!(
        "{:<44} {:>8.2} s",
        "load through replace",
        start.elapsed().as_secs_f64()
    );
}

async fn tell_memory(graph: &Embedded, grown: u64) {
    let (size, memory) = (graph.size().await.expect("a size"), graph.memory());
    let per_edge = |bytes: u64| bytes as f64 / size.edges.max(1) as f64;
    println!(
        "memory: {:.1} bytes an edge for the edges and their lists, {:.1} for facts and documents, {:.1} for names; {:.1} resident in all",
        per_edge(memory.edges),
        per_edge(memory.facts),
        per_edge(memory.names),
        per_edge(grown),
    );
}

/// The shortest ways beside those of a bare array, whose lengths must be the same.
async fn compare(graph: &Embedded, data: &Data, pairs: usize) {
    let mut csr = Csr::of(data);
    let (mut dice, mut times, mut lengths) = (Dice(7), Times::default(), Vec::new());
    for _ in 0..pairs {
        let (from, to) = (dice.node(data), dice.node(data));
        let start = Instant::now();
        lengths.push(csr.distance(from, to, HOPS));
        times.add(start.elapsed());
    }
    times.tell("a bare array: the shortest length alone");
    let (mut ours, found) = paths(graph, data, (pairs, 1)).await;
    ours.tell("shortest way through the seam");
    println!(
        "ratio: p50 {:.1}, p99 {:.1}",
        ours.micros(0.5) / times.micros(0.5),
        ours.micros(0.99) / times.micros(0.99)
    );
    assert!(found == lengths, "both find ways of the same length");
}

/// Documents replaced one by one while others read.
async fn change(graph: &Embedded, data: &Arc<Data>) {
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (graph, data, done) = (graph.clone(), data.clone(), done.clone());
        async move {
            let mut times = Times::default();
            while !done.load(Ordering::Relaxed) {
                let (mut more, _) = paths(&graph, &data, (50, 1)).await;
                times.append(&mut more);
            }
            times
        }
    });
    let (mut dice, start, batches) = (Dice(13), Instant::now(), 200);
    // Another than in earlier runs on the same store: what is not new is not written.
    let round = i64::from(std::process::id());
    for _ in 0..batches {
        let facts = (0..50).map(|_| data.facts(dice.below(data.len()), round)).collect();
        graph.replace(facts).await.expect("a replacement");
    }
    let rate = f64::from(batches * 50) / start.elapsed().as_secs_f64();
    done.store(true, Ordering::Relaxed);
    println!(
        "{:<44} {rate:>8.0} documents/s, in batches of 50",
        "replace while one reads"
    );
    reader.await.expect("the reader ends").tell("shortest way meanwhile");
}

async fn central(graph: &Embedded, data: &Data) {
    for measure in [Measure::Degree, Measure::PageRank, Measure::Betweenness] {
        let ranking = Ranking {
            scope: Scope::from(data.visible()),
            measure,
            edges: EdgeFilter::default(),
            limit: 10,
        };
        let ranked = timed(&format!("rank by {measure:?}"), graph.rank(&ranking)).await;
        assert_eq!(ranked.expect("ranks").len(), 10);
    }
    let found = timed("communities", graph.communities(&Scope::from(data.visible()), 10)).await;
    println!(
        "the largest has {} nodes",
        found.expect("communities").first().map_or(0, |one| one.size)
    );
}
