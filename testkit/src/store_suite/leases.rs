//! One holder at a time, and no late writer.

use std::sync::Arc;
use std::time::Duration;

use domain::seam::store::Lease;
use domain::{Cursor, ErrorKind, Page, Sweep, Timestamp};

use super::Store;
use super::make::{GUARDED, HOUR, NOW, World};

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

pub(super) async fn a_lease_has_one_holder_until_it_expires(store: Arc<dyn Store>) {
    let ttl = Duration::from_mins(1);
    let take = async |holder: &str, seconds| store.lease("sync:a", holder, ttl, at(seconds)).await.expect("lease");
    let first = take("one", 0).await.expect("free");
    assert_eq!(first.name, "sync:a");
    assert_eq!(take("two", 59).await, None);
    assert_eq!(
        take("one", 59).await.as_ref(),
        Some(&first),
        "a renewal keeps its token"
    );
    assert_eq!(take("two", 118).await, None);
    let second = take("two", 119).await.expect("expired");
    assert!(second.token > first.token);
    assert_eq!(take("one", 120).await, None);
    let third = take("one", 300).await.expect("expired");
    assert!(third.token > second.token);
    assert!(
        store.lease("sync:b", "two", ttl, at(0)).await.expect("lease").is_some(),
        "leases are independent"
    );
}

pub(super) async fn a_lost_lease_writes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    world.commit(vec![world.put("P-1", "one")]).await;
    let before = world.log().await;
    let taken = store
        .lease(&world.lease.name, "other", HOUR, at(3600))
        .await
        .expect("lease")
        .expect("expired");
    let page = || Page {
        changes: vec![world.put("P-2", "two")],
        ..Page::empty(Cursor("late".into()))
    };
    let error = store
        .commit(&world.source, &world.lease, page(), NOW)
        .await
        .expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = store
        .apply_sweep(&world.source, &world.lease, Sweep::Complete(Vec::new()), GUARDED)
        .await
        .expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(world.log().await, before);
    assert_eq!(
        store.resume(&world.source).await.expect("resume").cursor,
        Some(Cursor("c".into()))
    );
    store
        .commit(&world.source, &taken, page(), NOW)
        .await
        .expect("the new holder writes");
}

pub(super) async fn an_unknown_lease_writes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store, "a").await;
    let Lease { name, token, holder } = world.lease.clone();
    for lease in [
        Lease {
            name: "sync:never".into(),
            token,
            holder: holder.clone(),
        },
        Lease {
            name: name.clone(),
            token: token + 1,
            holder,
        },
        Lease {
            name,
            token,
            holder: "somebody".into(),
        },
    ] {
        let error = store
            .commit(&world.source, &lease, Page::empty(Cursor("x".into())), NOW)
            .await
            .expect_err("not held");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{lease:?}");
    }
    assert_eq!(store.resume(&world.source).await.expect("resume").cursor, None);
}
