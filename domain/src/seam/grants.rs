//! The seam to the store of grants: credentials of providers, sealed before they come here and opened only after they left.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Result, Timestamp};

/// A grant as it is stored. Whoever changes it knows its version, which the seal binds too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedGrant {
    /// Whose it is.
    pub tenant: String,
    /// Its name, unique within the tenant.
    pub name: String,
    /// How often it was changed: 1 at first, 0 where there never was one. A removed grant keeps counting.
    pub version: u64,
    /// Its sealed content; `None` when it is removed or never was.
    pub sealed: Option<Vec<u8>>,
}

/// The data key of a tenant, wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantKey {
    /// Whose it is.
    pub tenant: String,
    /// How often it was wrapped: 1 at first.
    pub version: u64,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// An authorization that somebody began and has not come back from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// A hash of the state, by which it is found.
    pub state: Vec<u8>,
    /// Its sealed content.
    pub sealed: Vec<u8>,
    /// When it is no longer good.
    pub expires: Timestamp,
}

/// Grants, the keys they are sealed with, and authorizations under way. Each method is one transaction, durable when it returns.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// A grant; version 0 where there never was one.
    async fn grant(&self, tenant: &str, name: &str) -> Result<SealedGrant>;

    /// Put a grant in the place of its former version, or remove it where `sealed` is `None`. Whether that was done: nothing is
    /// changed unless the stored version is the one before `grant.version`.
    async fn put_grant(&self, grant: SealedGrant) -> Result<bool>;

    /// The grants of a tenant that are not removed, by name.
    async fn grants(&self, tenant: &str) -> Result<Vec<SealedGrant>>;

    /// Keep an authorization until it is taken or expires. Those that expired by `now` are forgotten. `Conflict` when one of the
    /// same state is there.
    async fn put_pending(&self, pending: Pending, now: Timestamp) -> Result<()>;

    /// Take an authorization out, so that nobody else gets it. `None` when there is none or it expired.
    async fn take_pending(&self, state: &[u8], now: Timestamp) -> Result<Option<Pending>>;

    /// The key of a tenant where one is named, else those of all; by tenant.
    async fn tenant_keys(&self, tenant: Option<&str>) -> Result<Vec<TenantKey>>;

    /// Put a tenant's key in the place of its former version. Whether that was done, as for a grant.
    async fn put_tenant_key(&self, key: TenantKey) -> Result<bool>;

    /// Take the right to renew what `name` stands for, or prolong it, for `ttl` from `now`; no time at all gives it back.
    /// Whether `holder` has it.
    async fn hold(&self, name: &str, holder: &str, ttl: Duration, now: Timestamp) -> Result<bool>;
}
