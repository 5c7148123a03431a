//! Who is who to a caller: resolved from what he may see, kept until something of that changes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::identity::{Decision, Persons, Statements, Verdict};
use domain::seam::IdentityStore;
use domain::{AccountId, Error, ErrorKind, Result, Visible};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Callers whose persons are kept.
const KEPT: usize = 32;
const OPERATION: &str = "resolve persons";

/// Persons as they were resolved for one sight.
struct Known {
    version: u64,
    /// When it began, in the order of all askings and beginnings.
    begun: u64,
    persons: Arc<Persons>,
}

/// What was resolved last for those who see the same; whoever holds it is resolving anew.
type Last = Arc<Turn<Option<Known>>>;

/// Resolves persons. Two callers who see the same labels share the answer, also while it is made; nobody else's is ever used.
pub struct Identities {
    store: Arc<dyn IdentityStore>,
    /// The one asked for last comes last.
    sights: Mutex<Vec<(Visible, Last)>>,
    order: AtomicU64,
}

impl Identities {
    /// Of what a store keeps.
    pub fn new(store: Arc<dyn IdentityStore>) -> Self {
        Self {
            store,
            sights: Mutex::default(),
            order: AtomicU64::new(0),
        }
    }

    /// What persons are resolved from.
    pub fn store(&self) -> &dyn IdentityStore {
        &*self.store
    }

    /// Who is who to somebody who sees these labels. At most one resolution for one sight is under way: while things change, all
    /// who come meanwhile wait for it and then share the next one.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn persons(&self, visible: &Visible) -> Result<Arc<Persons>> {
        let asked = self.order.fetch_add(1, Ordering::SeqCst);
        let version = self.store.identity_version().await?;
        let last = self.last(version, visible).lock_owned().await;
        // What was read after the question came is new enough, whatever has changed since.
        let holds = |known: &&Known| known.version == version || known.begun > asked;
        if let Some(known) = last.as_ref().filter(holds) {
            return Ok(Arc::clone(&known.persons));
        }
        let begun = self.order.fetch_add(1, Ordering::SeqCst);
        // On a task of its own: a caller who goes away takes nothing from those who wait.
        tokio::spawn(renew(Arc::clone(&self.store), visible.clone(), begun, last))
            .await
            .map_err(|error| Error::internal(OPERATION, "it was interrupted").with_source(error))?
    }

    /// The place of a sight's last answer. Places of old answers at which nobody waits are given up.
    fn last(&self, version: u64, visible: &Visible) -> Last {
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        let current = |last: &Last| {
            let known = last.try_lock();
            known.is_ok_and(|known| known.as_ref().is_some_and(|known| known.version == version))
        };
        sights.retain(|(_, last)| Arc::strong_count(last) > 1 || current(last));
        let known = sights.iter().position(|(sight, _)| sight == visible);
        let sight = match known {
            Some(at) => sights.remove(at),
            None => (visible.clone(), Last::default()),
        };
        if sights.len() >= KEPT {
            sights.remove(0);
        }
        let last = Arc::clone(&sight.1);
        sights.push(sight);
        last
    }

    /// What was stated about accounts.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn statements(&self) -> Result<Statements> {
        stated(&*self.store).await
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
            let before = resolve(&*self.store, &Visible::All, statements.clone()).await?;
            let number = statements.decisions.iter().map(|one| one.number).max().unwrap_or(0) + 1;
            statements.decisions.push(Decision {
                number,
                a: a.clone(),
                b: b.clone(),
                verdict,
            });
            let is_pair = |one: &AccountId, other: &AccountId| (one, other) == (a, b) || (one, other) == (b, a);
            let after = resolve(&*self.store, &Visible::All, statements.clone()).await?;
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

/// Resolve anew, and leave the answer to those who wait.
async fn renew(
    store: Arc<dyn IdentityStore>,
    visible: Visible,
    begun: u64,
    mut last: OwnedMutexGuard<Option<Known>>,
) -> Result<Arc<Persons>> {
    // The version is read first: what changes meanwhile makes the answer too old, never too new.
    let version = store.identity_version().await?;
    let statements = stated(&*store).await?;
    let persons = Arc::new(resolve(&*store, &visible, statements).await?);
    *last = Some(Known {
        version,
        begun,
        persons: Arc::clone(&persons),
    });
    Ok(persons)
}

async fn stated(store: &dyn IdentityStore) -> Result<Statements> {
    Ok(Statements {
        decisions: store.decisions().await?,
        directory: store.listed().await?,
    })
}

async fn resolve(store: &dyn IdentityStore, visible: &Visible, statements: Statements) -> Result<Persons> {
    let accounts = store.all_accounts(visible).await?;
    let (own, stated) = (accounts.clone(), statements.clone());
    let wanted = on_cpu(move || Persons::wanted(own, &stated)).await?;
    let parts = store.parts(&wanted, visible).await?;
    on_cpu(move || Persons::resolve(accounts, &parts, &statements)).await
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
        .map_err(|error| Error::internal(OPERATION, "it was interrupted").with_source(error))
}
