//! What is sealed opens where it belongs and nowhere else, and keys change without a pause.

use std::sync::Arc;

use domain::ErrorKind;
use domain::seam::grants::GrantStore;
use proptest::prelude::*;
use testkit::grants::MemoryGrants;

use super::{Place, Vault, WrappingKeys};
use crate::secret::{Secret, random_bytes};

const PLACE: Place<'static> = Place {
    tenant: "acme",
    owner: "github",
    field: "grant",
    version: 3,
};

fn key() -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(*random_bytes::<32>().expect("random"))
}

fn vault(store: &Arc<MemoryGrants>, keys: &[&String]) -> Vault {
    let text = keys.iter().flat_map(|key| [key.as_str(), "\n"]).collect::<String>();
    Vault::new(
        Arc::clone(store) as Arc<dyn GrantStore>,
        WrappingKeys::parse(&Secret::new(text)).expect("keys"),
    )
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime")
        .block_on(work)
}

#[tokio::test]
async fn opens_only_where_it_belongs() {
    let vault = vault(&Arc::default(), &[&key()]);
    let sealed = vault.seal(&PLACE, b"canary").await.expect("seal");
    assert_eq!(vault.open(&PLACE, &sealed).await.expect("open").as_slice(), b"canary");
    for other in [
        Place {
            tenant: "other",
            ..PLACE
        },
        Place { owner: "jira", ..PLACE },
        Place {
            field: "pending",
            ..PLACE
        },
        Place { version: 2, ..PLACE },
        Place {
            owner: "githubg",
            field: "rant",
            ..PLACE
        },
    ] {
        let error = vault.open(&other, &sealed).await.expect_err("elsewhere");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{other:?}");
    }
    assert_ne!(
        vault.seal(&PLACE, b"canary").await.expect("seal"),
        sealed,
        "the same secret looks different"
    );
}

#[tokio::test]
async fn wrapping_keys_change_without_a_pause() {
    let (store, old, new) = (Arc::default(), key(), key());
    let before = vault(&store, &[&old]);
    let sealed = before.seal(&PLACE, b"canary").await.expect("seal");
    let both = vault(&store, &[&new, &old]);
    assert_eq!(both.open(&PLACE, &sealed).await.expect("open").as_slice(), b"canary");
    assert_eq!(both.rewrap().await.expect("rewrap"), 1);
    assert_eq!(both.rewrap().await.expect("rewrap"), 0);
    let after = vault(&store, &[&new]);
    assert_eq!(after.open(&PLACE, &sealed).await.expect("open").as_slice(), b"canary");
    assert_eq!(
        before.open(&PLACE, &sealed).await.expect("still running").as_slice(),
        b"canary"
    );
    let error = vault(&store, &[&old])
        .open(&PLACE, &sealed)
        .await
        .expect_err("the old key is of no use");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_tenant_s_key_moved_to_another_does_not_open() {
    let (store, key) = (Arc::<MemoryGrants>::default(), key());
    vault(&store, &[&key]).seal(&PLACE, b"x").await.expect("seal");
    let mut stolen = store.tenant_keys(Some("acme")).await.expect("key").pop().expect("one");
    stolen.tenant = "other".into();
    assert!(store.put_tenant_key(stolen).await.expect("put"));
    let other = Place {
        tenant: "other",
        ..PLACE
    };
    assert!(vault(&store, &[&key]).seal(&other, b"x").await.is_err());
}

#[tokio::test]
async fn two_processes_agree_on_a_tenant_s_first_key() {
    let (store, key) = (Arc::default(), key());
    let (one, two) = (vault(&store, &[&key]), vault(&store, &[&key]));
    let place = PLACE;
    let (first, second) = tokio::join!(one.seal(&place, b"1"), two.seal(&place, b"2"));
    assert_eq!(
        two.open(&PLACE, &first.expect("seal")).await.expect("open").as_slice(),
        b"1"
    );
    assert_eq!(
        one.open(&PLACE, &second.expect("seal")).await.expect("open").as_slice(),
        b"2"
    );
}

#[test]
fn the_key_file_is_made_for_its_owner_and_read_back() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("key");
    let first = WrappingKeys::open(&path).expect("made");
    let wrapped = first.wrap("acme", &[7; 32]).expect("wrap");
    let again = WrappingKeys::open(&path).expect("read");
    assert_eq!(again.unwrap("acme", &wrapped).expect("unwrap").as_slice(), [7; 32]);
    let rotated = WrappingKeys::rotate(&path).expect("rotate");
    assert!(!rotated.wrapped_by_first(&wrapped));
    assert_eq!(rotated.unwrap("acme", &wrapped).expect("unwrap").as_slice(), [7; 32]);
    let left = WrappingKeys::forget_older(&path).expect("forget");
    assert!(left.unwrap("acme", &wrapped).is_err());
    assert_eq!(format!("{left:?} {rotated:?}"), "WrappingKeys(1) WrappingKeys(2)");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).expect("file").permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        assert_eq!(
            WrappingKeys::open(&path).expect_err("open to all").kind(),
            ErrorKind::Denied
        );
    }
    for bad in ["", "\n\n", "short", "AAAA"] {
        let error = WrappingKeys::parse(&Secret::new(bad)).expect_err("malformed");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_secret_comes_back_and_any_flipped_bit_is_found(plain in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        block(async {
            let vault = vault(&Arc::default(), &[&key()]);
            let mut sealed = vault.seal(&PLACE, &plain).await.expect("seal");
            assert_eq!(vault.open(&PLACE, &sealed).await.expect("open").as_slice(), plain);
            if plain.len() >= 8 {
                assert!(!sealed.windows(plain.len()).any(|window| window == plain));
            }
            let place = at.index(sealed.len());
            sealed[place] ^= 1_u8 << bit;
            assert!(vault.open(&PLACE, &sealed).await.is_err());
            sealed.truncate(place);
            assert!(vault.open(&PLACE, &sealed).await.is_err());
        });
    }
}
