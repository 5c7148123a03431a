//! Who is who to a caller: resolved from what he may see, kept until something of that changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::identity::{Decision, Persons, Statements, Verdict};
use domain::seam::IdentityStore;
use domain::{AccountId, Error, ErrorKind, Result, Visible};

/// Callers whose persons are kept.
const KEPT: usize = 32;

/// Persons as they were resolved for one caller.
struct Known {
    version: u64,
    visible: Visible,
    persons: Arc<Persons>,
}

/// Resolves persons. Two callers who see the same labels share the answer; nobody else's is ever used.
pub struct Identities {
    store: Arc<dyn IdentityStore>,
    known: Mutex<Vec<Known>>,
}

impl Identities {
    /// Of what a store keeps.
    pub fn new(store: Arc<dyn IdentityStore>) -> Self {
        Self {
            store,
            known: Mutex::default(),
        }
    }

    /// What persons are resolved from.
    pub fn store(&self) -> &dyn IdentityStore {
        &*self.store
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is who to somebody who sees these labels.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn persons(&self, visible: &Visible) -> Result<Arc<Persons>> {
        // The version is read first: what changes meanwhile makes the answer too old, never too new.
        let version = self.store.identity_version().await?;
        if let Some(persons) = self.remembered(version, visible) {
            return Ok(persons);
        }
        let persons = Arc::new(self.resolve(visible, self.statements().await?).await?);
        self.remember(version, visible, &persons);
        Ok(persons)
    }

    /// What was resolved before and still holds; the latest asked for comes last.
    fn remembered(&self, version: u64, visible: &Visible) -> Option<Arc<Persons>> {
        let mut known = self.known();
        known.retain(|one| one.version == version);
        let at = known.iter().position(|one| one.visible == *visible)?;
        let one = known.remove(at);
        let persons = Arc::clone(&one.persons);
        known.push(one);
        Some(persons)
    }

    fn remember(&self, version: u64, visible: &Visible, persons: &Arc<Persons>) {
        let mut known = self.known();
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push(Known {
            version,
            visible: visible.clone(),
            persons: Arc::clone(persons),
        });
    }

    /// What was stated about accounts.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn statements(&self) -> Result<Statements> {
        Ok(Statements {
            decisions: self.store.decisions().await?,
            directory: self.store.listed().await?,
        })
    }

    async fn resolve(&self, visible: &Visible, statements: Statements) -> Result<Persons> {
        let accounts = self.store.all_accounts(visible).await?;
        let (own, stated) = (accounts.clone(), statements.clone());
        let wanted = on_cpu(move || Persons::wanted(own, &stated)).await?;
        let parts = self.store.parts(&wanted, visible).await?;
        on_cpu(move || Persons::resolve(accounts, &parts, &statements)).await
    }

    /// Decide about two accounts, unless that could not hold beside what was decided before.
    ///
    /// # Errors
    /// `Conflict` for a merge that a split of others forbids, naming them, and for a claim of what the owner decided.
    pub async fn decide(&self, a: &AccountId, b: &AccountId, verdict: Verdict) -> Result<()> {
        let mut statements = self.statements().await?;
        let decided = statements.decisions.iter().any(|one| {
            let pair = (&one.a, &one.b);
            one.verdict != Verdict::Claim && (pair == (a, b) || pair == (b, a))
        });
        if verdict == Verdict::Claim && decided {
            let message = format!("the owner has decided about {a} and {b}");
            return Err(Error::new(ErrorKind::Conflict, "claim account", message)
                .with_hint("ask the owner: `person merge` and `person split` are his"));
        }
        if verdict == Verdict::Merge && a != b {
            let before = self.resolve(&Visible::All, statements.clone()).await?;
            let number = statements.decisions.iter().map(|one| one.number).max().unwrap_or(0) + 1;
            statements.decisions.push(Decision {
                number,
                a: a.clone(),
                b: b.clone(),
                verdict,
            });
            let is_pair = |one: &AccountId, other: &AccountId| (one, other) == (a, b) || (one, other) == (b, a);
            let after = self.resolve(&Visible::All, statements.clone()).await?;
            // Where a split stands against two merges one gives way: not the new one, and no older one for it.
            let parted = merged(&statements.decisions).into_iter().any(|(one, other)| {
                !together(&after, one, other) && (is_pair(one, other) || together(&before, one, other))
            });
            if parted {
                return Err(conflict(&statements.decisions));
            }
        }
        self.store.decide(a, b, verdict).await
    }
}

/// Whether two accounts are one person's.
fn together(persons: &Persons, one: &AccountId, other: &AccountId) -> bool {
    let id = |account| persons.of(account).map(|person| &person.id);
    id(one) == id(other)
}

/// The pairs about which the last word is that they are one person's.
fn merged(decisions: &[Decision]) -> Vec<(&AccountId, &AccountId)> {
    let mut last: BTreeMap<(&AccountId, &AccountId), &Decision> = BTreeMap::new();
    for one in decisions {
        let pair = if one.a < one.b {
            (&one.a, &one.b)
        } else {
            (&one.b, &one.a)
        };
        let known = last.entry(pair).or_insert(one);
        if known.number < one.number {
            *known = one;
        }
    }
    let merges = last.into_iter().filter(|(_, one)| one.verdict == Verdict::Merge);
    merges.map(|(pair, _)| pair).collect()
}

/// The error for a merge that does not hold.
fn conflict(decisions: &[Decision]) -> Error {
    let split = decisions.iter().filter(|one| one.verdict == Verdict::Split);
    let pairs: Vec<String> = split.take(10).map(|one| format!("{} and {}", one.a, one.b)).collect();
    let message = format!("they cannot be one person while these are split: {}", pairs.join("; "));
    Error::new(ErrorKind::Conflict, "merge accounts", message)
        .with_hint("merge the split pair first, if that was wrong")
}

async fn on_cpu<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("resolve persons", "it was interrupted").with_source(error))
}
