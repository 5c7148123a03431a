//! What the process knows of each grant's limits and each provider's health, shared by all tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use tokio::sync::Semaphore;

use super::breaker::Breaker;
use super::budget::Budget;
use super::{GrantKey, Policy, Provider};

/// The state of one grant.
pub(super) struct Shared {
    /// One permit per request at the same time.
    pub(super) slots: Semaphore,
    budget: Mutex<Budget>,
    breaker: Arc<Mutex<Breaker>>,
}

impl Shared {
    /// Its budget, for a moment.
    pub(super) fn budget(&self) -> MutexGuard<'_, Budget> {
        lock(&self.budget)
    }

    /// The health of its provider, for a moment.
    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        lock(&self.breaker)
    }
}

/// A provider as one tenant reaches it: servers of one's own are each their own.
type Place = (String, Provider, String);

/// The states of all grants.
#[derive(Default)]
pub(super) struct Grants {
    grants: Mutex<BTreeMap<(GrantKey, Provider), Arc<Shared>>>,
    breakers: Mutex<BTreeMap<Place, Arc<Mutex<Breaker>>>>,
}

impl Grants {
    /// The state of a grant; made by the first policy that asks for it.
    pub(super) fn shared(&self, key: &GrantKey, policy: &Policy, now: Timestamp) -> Arc<Shared> {
        let base = policy.origins.first().map(|url| url.origin().ascii_serialization());
        let place = (key.tenant.clone(), policy.provider, base.unwrap_or_default());
        let breaker = Arc::clone(lock(&self.breakers).entry(place).or_default());
        let mut grants = lock(&self.grants);
        let shared = grants.entry((key.clone(), policy.provider)).or_insert_with(|| {
            Arc::new(Shared {
                slots: Semaphore::new(policy.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
                budget: Mutex::new(Budget::new(policy.budget, now)),
                breaker,
            })
        });
        Arc::clone(shared)
    }
}

/// Lock, whatever became of the last holder: each change of a state is complete in itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
