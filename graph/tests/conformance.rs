//! The embedded graph does what every graph store must do, and the same when it is opened again.

use domain::seam::GraphStore;
use graph::Embedded;
use testkit::graph_suite;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_holds() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Embedded::open(&folder.path().join("graph.db")).await.expect("open");
    let store: &dyn GraphStore = &store;
    graph_suite::run(store, 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_closed_opens_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("graph.db");
    graph_suite::run_reopened(async || Embedded::open(&path).await.expect("open"), 25).await;
}
