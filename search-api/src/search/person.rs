//! Somebody by name: the principals he has, and which rule lets him read a document or keeps him from it.

use std::collections::BTreeSet;

use domain::identity::{Verdict, vouched};
use domain::{AccessRule, Account, AccountId, Document, Error, Key, Principal, Readers, Result, Visible};
use serde::Serialize;
use utoipa::ToSchema;

use super::Explore;
use super::entity::{absent, check_name, names};

/// Accounts that an error lists.
const LISTED: usize = 10;

/// Why somebody may or may not read a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccessExplanation {
    /// The document's key.
    pub key: String,
    /// The source that it came from.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its access label.
    pub label: String,
    /// What the label's rule was read from; none where no rule came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Who may read by that rule: `public`, `everyone_in_source`, or `principals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub readers: Option<Readers>,
    /// Whether he may.
    pub admitted: bool,
    /// Those of his principals that the rule names.
    pub by: BTreeSet<String>,
    /// The same in words.
    pub reason: String,
}

/// The principals of a person: `account:…`, `group:…` and the like as they are written (several with commas between), an e-mail
/// address with all accounts that have it, else the one account of this login or name; and with an account those that the owner
/// or his directory says are the same person's. What is only likely to be his grants nothing.
///
/// # Errors
/// `NotFound` when nobody is called so; `Invalid` when several accounts are, or one address is of accounts that the owner split.
pub async fn principals_of(explore: &Explore, person: &str) -> Result<BTreeSet<Principal>> {
    let mut principals = BTreeSet::new();
    let known = async |name: &str| explore.documents.accounts(&[name.to_owned()], &Visible::All).await;
    // A name may have a comma of its own.
    let whole = known(person.trim()).await?;
    let names: Vec<&str> = if whole.is_empty() {
        person
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    } else {
        vec![person.trim()]
    };
    for name in names {
        if name.contains(':') {
            if name.starts_with("account:") && known(name).await?.is_empty() {
                return Err(unknown(name));
            }
            let own = name.starts_with("account:").then(|| Key::from_raw(name));
            principals.insert(Principal(name.to_owned()));
            principals.extend(with_vouched(explore, name, own.into_iter().collect()).await?);
        } else {
            let meant = meant(name, &known(name).await?)?;
            principals.extend(with_vouched(explore, name, meant).await?);
        }
    }
    if principals.is_empty() {
        return Err(Error::invalid("find person", "nobody is named"));
    }
    Ok(principals)
}

/// These accounts with those that the owner says are the same person's.
async fn with_vouched(explore: &Explore, name: &str, own: BTreeSet<AccountId>) -> Result<Vec<Principal>> {
    let statements = explore.identities.statements().await?;
    let mut all = own.clone();
    if !statements.decisions.is_empty() || !statements.directory.is_empty() {
        let accounts = explore.identities.store().all_accounts(&Visible::All).await?;
        let groups = vouched(&accounts, &statements);
        let his = groups
            .into_iter()
            .filter(|group| group.iter().any(|account| own.contains(account)));
        all.extend(his.flatten());
    }
    let split = statements
        .decisions
        .iter()
        .find(|decision| decision.verdict == Verdict::Split && all.contains(&decision.a) && all.contains(&decision.b));
    if let Some(split) = split {
        let message = format!("`{name}` may be either of {} and {}, which are split", split.a, split.b);
        return Err(Error::invalid("find person", message).with_hint("name one of them"));
    }
    Ok(all.into_iter().map(|account| Principal(account.to_string())).collect())
}

fn unknown(name: &str) -> Error {
    Error::not_found("find person", format!("no account is called `{name}`"))
        .with_hint("name an account's id (account:github/ada), e-mail address, login or display name")
}

/// The accounts that a name means. An address is one person's, and nobody else's who calls himself so; a login or name may be
/// several persons'.
fn meant(name: &str, accounts: &[Account]) -> Result<BTreeSet<AccountId>> {
    let has = |account: &&Account| account.emails.iter().any(|email| email.eq_ignore_ascii_case(name));
    let addressed: BTreeSet<_> = accounts.iter().filter(has).map(|account| account.id.clone()).collect();
    match accounts {
        _ if !addressed.is_empty() => Ok(addressed),
        _ if name.contains('@') => Err(unknown(name)),
        [] => Err(unknown(name)),
        [one] => Ok(BTreeSet::from([one.id.clone()])),
        several => {
            let ids: Vec<_> = several.iter().take(LISTED).map(|one| one.id.to_string()).collect();
            Err(
                Error::invalid("find person", format!("`{name}` may be any of {}", ids.join(", ")))
                    .with_hint("name one of them, or several with commas between"),
            )
        }
    }
}

impl Explore {
    /// Which rule lets somebody with these principals read the documents of a name, or keeps him from it. For the owner alone.
    ///
    /// # Errors
    /// `NotFound` when there is no such document.
    pub async fn explain_access(&self, principals: &BTreeSet<Principal>, name: &str) -> Result<Vec<AccessExplanation>> {
        check_name(name)?;
        let mut documents = Vec::new();
        for form in names(name) {
            documents = self.documents.find(&form, &Visible::All).await?;
            if !documents.is_empty() {
                break;
            }
        }
        if documents.is_empty() {
            return Err(absent(name));
        }
        let mut explained = Vec::with_capacity(documents.len());
        for document in documents {
            let rule = self.documents.rule(&document.access).await?;
            explained.push(explanation(document, rule, principals));
        }
        Ok(explained)
    }
}

fn explanation(document: Document, rule: Option<AccessRule>, principals: &BTreeSet<Principal>) -> AccessExplanation {
    let source = Principal(format!("source:{}", document.source));
    let (mut by, mut admitted) = (BTreeSet::new(), false);
    let reason = match rule.as_ref().map(|rule| &rule.readers) {
        None => "no rule came with its label, so nobody but the owner reads it".to_owned(),
        Some(Readers::Public) => {
            admitted = true;
            "everybody may read it".to_owned()
        }
        Some(Readers::EveryoneInSource) => {
            by.extend(principals.get(&source).map(|own| own.0.clone()));
            admitted = !by.is_empty();
            format!("everybody with the principal `{source}` may read it", source = source.0)
        }
        Some(Readers::Principals(readers)) => {
            by.extend(principals.intersection(readers).map(|own| own.0.clone()));
            admitted = !by.is_empty();
            match (by.first(), readers.len()) {
                (Some(own), _) => format!("its rule names `{own}`"),
                (None, 0) => "its rule admits nobody but the owner".to_owned(),
                (None, count) => format!("its rule names {count} others"),
            }
        }
    };
    AccessExplanation {
        key: document.key.to_string(),
        source: document.source.to_string(),
        title: document.title,
        label: document.access.to_string(),
        container: rule.as_ref().map(|rule| rule.container.to_string()),
        readers: rule.map(|rule| rule.readers),
        admitted,
        by,
        reason,
    }
}
