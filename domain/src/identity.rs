//! Who is who: which accounts at different providers are one person, by evidence that can be shown and undone.
//!
//! [`Persons::resolve`] is a pure function of what a caller may see: the accounts, what they took part in, and the owner's
//! statements. Nothing is ever merged in the store, so that a merge cannot be left over when its evidence goes, and what one
//! caller may not see cannot show in another's answer.

mod likeness;
mod names;
mod persons;
mod rules;
#[cfg(test)]
mod tests;
mod union;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use names::folded;
pub use persons::{Person, Persons, Suggestion};
pub use rules::{unknown, vouched};

use crate::{AccessId, AccountId, DocumentId, Key};

/// The sum of log-odds from which two accounts are one person: 95 %.
pub const JOIN: f64 = 2.944_438_979_166_44;
/// The sum of log-odds from which two accounts are put to somebody to decide: 50 %.
pub const REVIEW: f64 = 0.0;

/// How somebody took part in something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// He wrote it, commented it, reviewed it, or it is assigned to him.
    Own,
    /// He wrote something that refers to it.
    Refers,
    /// He is the author of this commit.
    Commit,
    /// He opened a pull request with this commit.
    Pull,
}

impl Role {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Own, Self::Refers, Self::Commit, Self::Pull];
}

/// An account took part in something, as one document shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The account.
    pub account: AccountId,
    /// The issue, pull request, page, thread or commit.
    pub subject: Key,
    /// How.
    pub role: Role,
    /// A second label that must be visible too, beside the document's: that of the entry by which the text was understood.
    pub also: Option<AccessId>,
}

/// All parts that one document shows. An empty list takes everything back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentParts {
    /// The document.
    pub document: DocumentId,
    /// Its label: who may know of these parts.
    pub access: AccessId,
    /// The parts.
    pub parts: Vec<Part>,
}

/// An account took part in something, to somebody who sees where that is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TookPart {
    /// The account.
    pub account: AccountId,
    /// How.
    pub role: Role,
    /// In what.
    pub subject: Key,
}

/// What was decided about two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// One of them says that the other is his too: evidence, no more.
    Claim,
    /// The owner says that they are one person.
    Merge,
    /// The owner says that they are two.
    Split,
}

/// A decision about two accounts. The last one about a pair counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decision {
    /// Which decision it is: later ones have greater numbers.
    pub number: u64,
    /// One account.
    pub a: AccountId,
    /// The other.
    pub b: AccountId,
    /// What was decided.
    pub verdict: Verdict,
}

/// A line of an imported directory: what the owner says are one person's addresses and accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// What the line calls him.
    pub name: String,
    /// His addresses, in lower case.
    pub emails: BTreeSet<String>,
    /// His ids, logins or addresses by provider (`github`, `jira`, `slack`, `wiki`, `git`), in lower case.
    pub accounts: BTreeMap<String, BTreeSet<String>>,
}

impl Listed {
    /// Every value of the line, behind its provider; an address behind none.
    pub fn values(&self) -> impl Iterator<Item = (String, String)> {
        let of = |provider: &str, value: &String| (provider.to_owned(), value.clone());
        let accounts = self.accounts.iter();
        let named = accounts.flat_map(move |(provider, values)| values.iter().map(move |value| of(provider, value)));
        named.chain(self.emails.iter().map(move |email| of("", email)))
    }
}

/// What the owner, and callers of their own accounts, have stated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statements {
    /// Decisions about pairs, in any order.
    pub decisions: Vec<Decision>,
    /// The imported directory.
    pub directory: Vec<Listed>,
}

/// What a kind of evidence rests on. Two pieces of one kind are not independent: the heavier counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What a provider, the directory or the owner states.
    Stated,
    /// How alike names, logins and addresses are.
    Naming,
    /// What both took part in.
    Activity,
    /// That others are called so too; speaks against.
    Rivals,
    /// What somebody says of himself.
    Claim,
}

/// One reason to take two accounts for one person, or not to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The account whose id comes first.
    pub a: AccountId,
    /// The other.
    pub b: AccountId,
    /// What it rests on.
    pub kind: Kind,
    /// The rule that found it, e.g. `email.same`.
    pub rule: &'static str,
    /// What it adds to the log-odds.
    pub weight: f64,
    /// How many things say so.
    pub count: usize,
    /// The same in words, without addresses.
    pub text: String,
}

/// Two accounts, the smaller id first.
fn pair(a: &AccountId, b: &AccountId) -> (AccountId, AccountId) {
    if a <= b {
        (a.clone(), b.clone())
    } else {
        (b.clone(), a.clone())
    }
}

/// Log-odds as a probability.
pub fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp())
}

/// Where accounts are unique: `github`, `slack/T1`, `jira/acme`, `wiki/acme`, `git`. Nobody is expected to have two in one place,
/// but for `git`, where everybody has as many as he has addresses.
pub fn instance(account: &AccountId) -> &str {
    let local = account.local();
    match local.split_once('/') {
        Some((provider @ ("github" | "git"), _)) => provider,
        Some(_) | None => local.rsplit_once('/').map_or(local, |(instance, _)| instance),
    }
}

/// What an account is called where it is unique: the part of its id after the instance.
pub fn handle(account: &AccountId) -> &str {
    let local = account.local();
    local
        .get(instance(account).len()..)
        .map_or(local, |rest| rest.strip_prefix('/').unwrap_or(rest))
}
