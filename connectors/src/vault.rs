//! Secrets at rest: sealed by a data key per tenant, which is itself wrapped by a key from a file that is not in the store.
//!
//! AES-256-GCM throughout, with a random nonce. What is sealed is bound to its [`Place`]: tenant, grant, field and version. Bytes
//! moved to another row, or put back in a later version's place, do not open.

mod cipher;
mod keys;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::seam::grants::{GrantStore, TenantKey};
use domain::{Error, Result};
use zeroize::Zeroizing;

use crate::secret::random_bytes;

use cipher::Cipher;
pub use keys::WrappingKeys;

/// How often a key is read again when others change it at the same time.
const RACES: usize = 8;

/// Where sealed bytes belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whose they are.
    pub tenant: &'a str,
    /// The grant or source.
    pub owner: &'a str,
    /// Which of its fields.
    pub field: &'a str,
    /// Which version of it.
    pub version: u64,
}

impl Place<'_> {
    /// The place as bytes, each part preceded by its length so that no two places are alike.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"neurosync place 1".to_vec();
        for part in [self.tenant, self.owner, self.field] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes
    }
}

/// Seals and opens. Shared by everything in a process that keeps secrets.
pub struct Vault {
    store: Arc<dyn GrantStore>,
    keys: WrappingKeys,
    ciphers: Mutex<BTreeMap<String, Arc<Cipher>>>,
}

impl Vault {
    /// A vault whose data keys are in `store`, wrapped by the first of `keys`.
    pub fn new(store: Arc<dyn GrantStore>, keys: WrappingKeys) -> Self {
        Self {
            store,
            keys,
            ciphers: Mutex::default(),
        }
    }

    /// Seal `plain` for `place`. The tenant gets its key with the first seal.
    ///
    /// # Errors
    /// Those of the store; `Corrupt` as [`Vault::open`].
    pub async fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        self.cipher(place.tenant).await?.seal(&place.bytes(), plain)
    }

    /// Open what was sealed for `place`. The bytes are wiped when dropped.
    ///
    /// # Errors
    /// `Corrupt` when they were sealed for another place, with another key, or are damaged; those of the store.
    pub async fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.cipher(place.tenant).await?.open(&place.bytes(), sealed)
    }

    /// Wrap every tenant's key by the first wrapping key, after that one changed. May run beside everything else, and again after
    /// a failure. How many keys were wrapped anew. When it has run, the older wrapping keys can go.
    ///
    /// # Errors
    /// `Corrupt` when a key's wrapping key is gone; those of the store.
    pub async fn rewrap(&self) -> Result<usize> {
        let mut changed = 0;
        for key in self.store.tenant_keys(None).await? {
            if self.keys.wrapped_by_first(&key.wrapped) {
                continue;
            }
            let plain = self.keys.unwrap(&key.tenant, &key.wrapped)?;
            let wrapped = self.keys.wrap(&key.tenant, &plain)?;
            let (tenant, version) = (key.tenant, key.version + 1);
            // Somebody else doing the same at the same time is as good.
            let put = self.store.put_tenant_key(TenantKey {
                tenant,
                version,
                wrapped,
            });
            changed += usize::from(put.await?);
        }
        Ok(changed)
    }

    /// The cipher of a tenant, from memory, from the store, or new.
    async fn cipher(&self, tenant: &str) -> Result<Arc<Cipher>> {
        let known = self
            .ciphers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(tenant)
            .cloned();
        if let Some(cipher) = known {
            return Ok(cipher);
        }
        let cipher = Arc::new(Cipher::new(&self.data_key(tenant).await?)?);
        let mut ciphers = self.ciphers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(ciphers.entry(tenant.to_owned()).or_insert(cipher)))
    }

    async fn data_key(&self, tenant: &str) -> Result<Zeroizing<Vec<u8>>> {
        for _ in 0..RACES {
            if let Some(key) = self.store.tenant_keys(Some(tenant)).await?.pop() {
                return self.keys.unwrap(tenant, &key.wrapped);
            }
            let plain = Zeroizing::new(random_bytes::<32>()?.to_vec());
            let key = TenantKey {
                tenant: tenant.to_owned(),
                version: 1,
                wrapped: self.keys.wrap(tenant, &plain)?,
            };
            if self.store.put_tenant_key(key).await? {
                return Ok(plain);
            }
        }
        Err(Error::unavailable("open vault", "the tenant's key keeps changing"))
    }
}

#[cfg(test)]
mod tests;
