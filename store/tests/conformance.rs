//! The embedded store keeps the contract of the seams.

use std::sync::Arc;

use testkit::store_suite::{Store, run_all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_store_keeps_the_contract() {
    run_all(|| async {
        let folder = tempfile::tempdir().expect("folder");
        let store = store::Sqlite::open(&folder.path().join("store.db"))
            .await
            .expect("open");
        (Arc::new(store) as Arc<dyn Store>, folder)
    })
    .await;
}
