//! The seam to what identity resolution reads: accounts, what they took part in, and what was stated about them.

use async_trait::async_trait;

use crate::identity::{Decision, DocumentParts, Listed, TookPart, Verdict};
use crate::{Account, AccountId, Result, Visible};

/// Keeps what persons are resolved from. It keeps no persons.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Replace what documents show of who took part in what; unknown documents are left out. Repeating it changes nothing.
    async fn put_parts(&self, documents: Vec<DocumentParts>) -> Result<()>;

    /// What these accounts took part in as live documents show under visible labels, theirs now and theirs when it was read;
    /// sorted, each once, at most 5,000 of an account and role.
    async fn parts(&self, accounts: &[AccountId], visible: &Visible) -> Result<Vec<TookPart>>;

    /// All accounts as each source tells them of which some label is visible.
    async fn all_accounts(&self, visible: &Visible) -> Result<Vec<Account>>;

    /// The last decision about each pair, by pair.
    async fn decisions(&self) -> Result<Vec<Decision>>;

    /// Decide about two accounts. It counts from now on, until something else is decided about the two. `Invalid` for one account
    /// with itself.
    async fn decide(&self, a: &AccountId, b: &AccountId, verdict: Verdict) -> Result<()>;

    /// The imported directory, in its order.
    async fn listed(&self) -> Result<Vec<Listed>>;

    /// Put another directory in the place of the imported one.
    async fn put_listed(&self, directory: Vec<Listed>) -> Result<()>;

    /// A number that differs whenever anything here may answer differently.
    async fn identity_version(&self) -> Result<u64>;
}
