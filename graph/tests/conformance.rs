//! The embedded graph does what every graph store must do, and the same when it is opened again: as it is, and tuned so that
//! the nodes of small worlds count as busy ones.

use domain::seam::GraphStore;
use graph::{Embedded, Tuning};
use testkit::graph_suite;

const SMALL: Tuning = Tuning { busy: 5, lookup: 1 };

async fn the_suite_holds_with(tuning: Tuning, worlds: u32) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let store = Embedded::open_tuned(&path, tuning).await.expect("open");
    let store: &dyn GraphStore = &store;
    graph_suite::run(store, worlds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_holds() {
    the_suite_holds_with(Tuning::default(), 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_holds_where_nodes_are_busy() {
    the_suite_holds_with(SMALL, 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_opens_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    let open = async || Embedded::open_tuned(&path, SMALL).await.expect("open");
    graph_suite::run_reopened(open, 25).await;
}
