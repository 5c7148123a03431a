//! A store of grants in memory, for tests; the real ones pass the conformance suite.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::grants::{GrantStore, Pending, SealedGrant, TenantKey};
use domain::{Result, Timestamp};

/// All of it.
#[derive(Debug, Default)]
pub struct MemoryGrants {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    grants: BTreeMap<(String, String), SealedGrant>,
    pending: BTreeMap<Vec<u8>, Pending>,
    keys: BTreeMap<String, TenantKey>,
    holders: BTreeMap<String, (String, Timestamp)>,
}

impl MemoryGrants {
    /// Everything that is stored, as bytes.
    pub fn dump(&self) -> Vec<u8> {
        let state = self.state.lock().expect("state");
        let mut bytes = Vec::new();
        for grant in state.grants.values() {
            bytes.extend(grant.sealed.clone().unwrap_or_default());
        }
        for pending in state.pending.values() {
            bytes.extend([pending.state.clone(), pending.sealed.clone()].concat());
        }
        bytes.extend(state.keys.values().flat_map(|key| key.wrapped.clone()));
        bytes
    }
}

/// `time` after `now`.
fn after(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(
        now.0
            .saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
    )
}

#[async_trait]
impl GrantStore for MemoryGrants {
    async fn grant(&self, tenant: &str, name: &str) -> Result<SealedGrant> {
        let key = (tenant.to_owned(), name.to_owned());
        let found = self.state.lock().expect("state").grants.get(&key).cloned();
        Ok(found.unwrap_or(SealedGrant {
            tenant: key.0,
            name: key.1,
            version: 0,
            sealed: None,
        }))
    }

    async fn put_grant(&self, grant: SealedGrant) -> Result<bool> {
        let mut state = self.state.lock().expect("state");
        let key = (grant.tenant.clone(), grant.name.clone());
        let next = state.grants.get(&key).map_or(1, |grant| grant.version + 1);
        let good = next == grant.version;
        if good {
            state.grants.insert(key, grant);
        }
        Ok(good)
    }

    async fn grants(&self, tenant: &str) -> Result<Vec<SealedGrant>> {
        let state = self.state.lock().expect("state");
        let listed = state.grants.values();
        Ok(listed
            .filter(|grant| grant.tenant == tenant && grant.sealed.is_some())
            .cloned()
            .collect())
    }

    async fn put_pending(&self, pending: Pending, _now: Timestamp) -> Result<()> {
        self.state
            .lock()
            .expect("state")
            .pending
            .insert(pending.state.clone(), pending);
        Ok(())
    }

    async fn take_pending(&self, state: &[u8], now: Timestamp) -> Result<Option<Pending>> {
        let taken = self.state.lock().expect("state").pending.remove(state);
        Ok(taken.filter(|pending| pending.expires > now))
    }

    async fn tenant_keys(&self, tenant: Option<&str>) -> Result<Vec<TenantKey>> {
        let state = self.state.lock().expect("state");
        let all = state.keys.values();
        Ok(all
            .filter(|key| tenant.is_none_or(|tenant| key.tenant == tenant))
            .cloned()
            .collect())
    }

    async fn put_tenant_key(&self, key: TenantKey) -> Result<bool> {
        let mut state = self.state.lock().expect("state");
        let next = state.keys.get(&key.tenant).map_or(1, |key| key.version + 1);
        let good = next == key.version;
        if good {
            state.keys.insert(key.tenant.clone(), key);
        }
        Ok(good)
    }

    async fn hold(&self, name: &str, holder: &str, ttl: Duration, now: Timestamp) -> Result<bool> {
        let mut state = self.state.lock().expect("state");
        let free = state
            .holders
            .get(name)
            .is_none_or(|(other, expires)| other == holder || *expires <= now);
        if free {
            state
                .holders
                .insert(name.to_owned(), (holder.to_owned(), after(now, ttl)));
        }
        Ok(free)
    }
}
