//! The grants of all tenants: sealed in the store, renewed once for everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::seam::grants::{GrantStore, SealedGrant};
use domain::{Error, ErrorKind, Result};

use super::renew::Live;
use super::{Grant, OAuthApp, revoke};
use crate::http::{Credential, GrantKey, Http, Provider, Tokens};
use crate::secret::Secret;
use crate::vault::{Place, Vault};

/// How often a write is tried again when others change the grant at the same time.
const RACES: usize = 8;

/// Keeps grants. Clones share all of it.
#[derive(Clone)]
pub struct Grants(Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Arc<dyn GrantStore>,
    pub(super) vault: Arc<Vault>,
    pub(super) http: Http,
    pub(super) apps: Arc<BTreeMap<Provider, Arc<OAuthApp>>>,
    /// What tells this process from others that renew.
    pub(super) holder: String,
    live: Mutex<BTreeMap<GrantKey, Arc<Live>>>,
}

impl Grants {
    /// Grants in `store`, sealed by `vault`, renewed at the apps' providers.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub fn new(store: Arc<dyn GrantStore>, vault: Arc<Vault>, http: Http, apps: Vec<OAuthApp>) -> Result<Self> {
        let apps = apps.into_iter().map(|app| (app.provider, Arc::new(app))).collect();
        Ok(Self(Arc::new(Inner {
            store,
            vault,
            http,
            apps: Arc::new(apps),
            holder: Secret::random::<16>()?.expose().to_owned(),
            live: Mutex::default(),
        })))
    }

    /// Keep `grant` under `key`, in the place of whatever is there.
    ///
    /// # Errors
    /// Those of store and vault.
    pub async fn put(&self, key: &GrantKey, grant: Grant) -> Result<()> {
        for _ in 0..RACES {
            let version = self.0.store.grant(&key.tenant, &key.grant).await?.version;
            if self.0.save(key, version + 1, &grant).await? {
                self.0.live(key).remember(version + 1, grant);
                return Ok(());
            }
        }
        Err(Error::unavailable("keep grant", "the grant keeps changing"))
    }

    /// The grant of `key`, whether or not it is still good; none where there is none.
    ///
    /// # Errors
    /// Those of store and vault.
    pub async fn get(&self, key: &GrantKey) -> Result<Option<Grant>> {
        Ok(self.0.load(key).await?.1)
    }

    /// All grants of a tenant with their names.
    ///
    /// # Errors
    /// Those of store and vault.
    pub async fn list(&self, tenant: &str) -> Result<Vec<(String, Grant)>> {
        let mut listed = Vec::new();
        for sealed in self.0.store.grants(tenant).await? {
            if let Some(grant) = self.0.open(&sealed).await? {
                listed.push((sealed.name, grant));
            }
        }
        Ok(listed)
    }

    /// Revoke the grant at its provider and remove it. It is removed even if the provider cannot be reached.
    ///
    /// # Errors
    /// Those of the store; then those of vault and provider, when it is removed but not revoked.
    pub async fn remove(&self, key: &GrantKey) -> Result<()> {
        for _ in 0..RACES {
            let sealed = self.0.store.grant(&key.tenant, &key.grant).await?;
            if sealed.sealed.is_none() {
                return Ok(());
            }
            // One that does not open any more must go all the same.
            let grant = self.0.open(&sealed).await;
            let removed = SealedGrant {
                version: sealed.version + 1,
                sealed: None,
                ..sealed
            };
            if self.0.store.put_grant(removed).await? {
                self.0.live(key).forget();
                return match grant? {
                    Some(grant) => revoke::revoke(&self.0, key, &grant).await,
                    None => Ok(()),
                };
            }
        }
        Err(Error::unavailable("remove grant", "the grant keeps changing"))
    }

    /// The token of a grant for the HTTP client, always the one in force.
    pub fn tokens(&self, key: &GrantKey) -> Arc<dyn Tokens> {
        Arc::new(GrantTokens {
            inner: Arc::clone(&self.0),
            key: key.clone(),
        })
    }

    pub(super) fn apps(&self) -> Arc<BTreeMap<Provider, Arc<OAuthApp>>> {
        Arc::clone(&self.0.apps)
    }
}

impl Inner {
    /// What this process knows of a grant.
    pub(super) fn live(&self, key: &GrantKey) -> Arc<Live> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(live.entry(key.clone()).or_default())
    }

    /// The stored version of a grant with its content.
    pub(super) async fn load(&self, key: &GrantKey) -> Result<(u64, Option<Grant>)> {
        let sealed = self.store.grant(&key.tenant, &key.grant).await?;
        Ok((sealed.version, self.open(&sealed).await?))
    }

    /// Write a version. Whether it was the next one.
    pub(super) async fn save(&self, key: &GrantKey, version: u64, grant: &Grant) -> Result<bool> {
        let sealed = self
            .vault
            .seal(&place(&key.tenant, &key.grant, version), &grant.write()?)
            .await?;
        self.store
            .put_grant(SealedGrant {
                tenant: key.tenant.clone(),
                name: key.grant.clone(),
                version,
                sealed: Some(sealed),
            })
            .await
    }

    async fn open(&self, sealed: &SealedGrant) -> Result<Option<Grant>> {
        let Some(bytes) = &sealed.sealed else { return Ok(None) };
        let place = place(&sealed.tenant, &sealed.name, sealed.version);
        Grant::read(&self.vault.open(&place, bytes).await?).map(Some)
    }
}

fn place<'a>(tenant: &'a str, name: &'a str, version: u64) -> Place<'a> {
    Place {
        tenant,
        owner: name,
        field: "grant",
        version,
    }
}

/// The error of a grant that only its user can mend.
pub(super) fn needs_consent(key: &GrantKey, provider: Provider, why: &str) -> Error {
    // What a user's grant beside a bot's came with is what brings it back.
    let name = key.grant.split(':').next().unwrap_or_default();
    let hint = provider.service().map_or_else(
        || "connect it again".to_owned(),
        |service| format!("connect it again: neurosync connect {service} --name {name}"),
    );
    let message = format!("the connection `{name}` is no longer good: {why}");
    Error::new(ErrorKind::Denied, "use grant", message).with_hint(hint)
}

/// One grant's tokens.
struct GrantTokens {
    inner: Arc<Inner>,
    key: GrantKey,
}

#[async_trait]
impl Tokens for GrantTokens {
    async fn token(&self) -> Result<Credential> {
        super::renew::token(&self.inner, &self.key).await
    }

    async fn refused(&self, used: &Credential) -> Result<()> {
        super::renew::refused(&self.inner, &self.key, used).await
    }
}
