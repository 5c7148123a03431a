//! Grants change by version, authorizations are taken once, and one holder renews.

use std::sync::Arc;
use std::time::Duration;

use domain::seam::grants::{Pending, SealedGrant, TenantKey};
use domain::{ErrorKind, Timestamp};

use super::Store;
use super::make::NOW;

fn grant(name: &str, version: u64, sealed: Option<&[u8]>) -> SealedGrant {
    SealedGrant {
        tenant: "acme".into(),
        name: name.into(),
        version,
        sealed: sealed.map(<[u8]>::to_vec),
    }
}

fn after(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

pub(super) async fn a_grant_is_changed_only_by_who_knows_its_version(store: Arc<dyn Store>) {
    let put = async |version, sealed: &[u8]| store.put_grant(grant("g", version, Some(sealed))).await.expect("put");
    assert_eq!(store.grant("acme", "g").await.expect("read"), grant("g", 0, None));
    assert!(!put(2, b"early").await, "there is no version 1");
    assert!(put(1, b"one").await);
    assert!(!put(1, b"again").await);
    assert!(!put(3, b"ahead").await);
    assert_eq!(
        store.grant("acme", "g").await.expect("read"),
        grant("g", 1, Some(b"one"))
    );
    assert!(put(2, b"\0\xff").await);
    assert!(!put(2, b"late").await);
    assert_eq!(
        store.grant("acme", "g").await.expect("read"),
        grant("g", 2, Some(b"\0\xff"))
    );
    assert_eq!(store.grant("other", "g").await.expect("read").version, 0);
}

pub(super) async fn a_removed_grant_keeps_counting(store: Arc<dyn Store>) {
    assert!(store.put_grant(grant("g", 1, Some(b"one"))).await.expect("put"));
    assert!(store.put_grant(grant("g", 2, None)).await.expect("remove"));
    assert_eq!(store.grant("acme", "g").await.expect("read"), grant("g", 2, None));
    assert!(store.grants("acme").await.expect("list").is_empty());
    assert!(!store.put_grant(grant("g", 1, Some(b"new"))).await.expect("put"));
    assert!(
        !store.put_grant(grant("g", 2, Some(b"late"))).await.expect("put"),
        "a late change brings nothing back"
    );
    assert!(store.put_grant(grant("g", 3, Some(b"new"))).await.expect("put"));
    assert_eq!(store.grants("acme").await.expect("list"), [grant("g", 3, Some(b"new"))]);
}

pub(super) async fn grants_are_listed_by_tenant_and_name(store: Arc<dyn Store>) {
    for name in ["c", "a", "b"] {
        assert!(
            store
                .put_grant(grant(name, 1, Some(name.as_bytes())))
                .await
                .expect("put")
        );
    }
    let foreign = SealedGrant {
        tenant: "other".into(),
        ..grant("a", 1, Some(b"x"))
    };
    assert!(store.put_grant(foreign.clone()).await.expect("put"));
    let listed = store.grants("acme").await.expect("list");
    assert_eq!(
        listed,
        ["a", "b", "c"].map(|name| grant(name, 1, Some(name.as_bytes())))
    );
    assert_eq!(store.grants("other").await.expect("list"), [foreign]);
    assert!(store.grants("nobody").await.expect("list").is_empty());
}

pub(super) async fn only_one_of_many_changes_a_grant(store: Arc<dyn Store>) {
    assert!(store.put_grant(grant("g", 1, Some(b"one"))).await.expect("put"));
    let tasks: Vec<_> = (0_u8..16)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.put_grant(grant("g", 2, Some(&[number]))).await.expect("put") })
        })
        .collect();
    let mut changed = 0;
    for task in tasks {
        changed += u32::from(task.await.expect("task"));
    }
    assert_eq!(changed, 1);
    assert_eq!(store.grant("acme", "g").await.expect("read").version, 2);
}

fn pending(state: &[u8], seconds: i64) -> Pending {
    Pending {
        state: state.to_vec(),
        sealed: b"sealed".to_vec(),
        expires: after(seconds),
    }
}

pub(super) async fn a_pending_authorization_is_taken_once(store: Arc<dyn Store>) {
    store.put_pending(pending(b"a", 600), NOW).await.expect("put");
    store.put_pending(pending(b"b", 600), NOW).await.expect("put");
    let error = store.put_pending(pending(b"a", 900), NOW).await.expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.take_pending(b"a", NOW).await.expect("take") })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.expect("task"));
    }
    assert_eq!(taken, [pending(b"a", 600)]);
    assert_eq!(
        store.take_pending(b"b", NOW).await.expect("take"),
        Some(pending(b"b", 600))
    );
    assert_eq!(store.take_pending(b"c", NOW).await.expect("take"), None);
}

pub(super) async fn an_expired_authorization_is_gone(store: Arc<dyn Store>) {
    store.put_pending(pending(b"a", 600), NOW).await.expect("put");
    store.put_pending(pending(b"b", 600), NOW).await.expect("put");
    assert_eq!(store.take_pending(b"a", after(600)).await.expect("take"), None);
    assert_eq!(
        store.take_pending(b"a", NOW).await.expect("take"),
        None,
        "it was used up"
    );
    store.put_pending(pending(b"c", 1200), after(601)).await.expect("put");
    assert_eq!(
        store.take_pending(b"b", NOW).await.expect("take"),
        None,
        "it was forgotten"
    );
}

pub(super) async fn tenant_keys_are_wrapped_anew_by_version(store: Arc<dyn Store>) {
    let key = |tenant: &str, version, wrapped: &[u8]| TenantKey {
        tenant: tenant.into(),
        version,
        wrapped: wrapped.to_vec(),
    };
    assert!(store.tenant_keys(Some("acme")).await.expect("read").is_empty());
    assert!(store.put_tenant_key(key("acme", 1, b"one")).await.expect("put"));
    assert!(
        !store.put_tenant_key(key("acme", 1, b"two")).await.expect("put"),
        "the first key stays"
    );
    assert!(store.put_tenant_key(key("acme", 2, b"anew")).await.expect("put"));
    assert!(!store.put_tenant_key(key("acme", 2, b"late")).await.expect("put"));
    assert!(store.put_tenant_key(key("a", 1, b"x")).await.expect("put"));
    assert_eq!(
        store.tenant_keys(Some("acme")).await.expect("read"),
        [key("acme", 2, b"anew")]
    );
    assert_eq!(
        store.tenant_keys(None).await.expect("read"),
        [key("a", 1, b"x"), key("acme", 2, b"anew")]
    );
}

pub(super) async fn a_right_to_renew_has_one_holder(store: Arc<dyn Store>) {
    let minute = Duration::from_mins(1);
    let hold = async |holder: &str, ttl, seconds| {
        store
            .hold("grant:acme/g", holder, ttl, after(seconds))
            .await
            .expect("hold")
    };
    assert!(hold("one", minute, 0).await);
    assert!(!hold("two", minute, 59).await);
    assert!(hold("one", Duration::ZERO, 59).await, "given back");
    assert!(hold("two", minute, 59).await);
    assert!(!hold("one", minute, 60).await);
    assert!(hold("one", minute, 119).await, "expired");
}
