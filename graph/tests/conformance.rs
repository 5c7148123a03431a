//! The embedded graph does what every graph store must do.

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
