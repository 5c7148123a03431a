//! Persons as answers show them: their accounts, and the evidence that joins these. Addresses are not shown.

use std::sync::Arc;

use domain::identity::{Evidence, Person, Persons, Suggestion, probability};
use domain::{AccountId, Caller, Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::check_name;
use super::{Explore, MAX_PAGE};

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonAnswer {
    /// His id, which follows from his first account: `person:github/ada`.
    pub id: String,
    /// What he is called.
    pub name: String,
    /// His accounts.
    pub accounts: Vec<AccountAnswer>,
    /// What joins them, and what speaks against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceAnswer>,
}

/// An account of a person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccountAnswer {
    /// Its id: `account:github/ada`.
    pub id: String,
    /// Its login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The names it shows.
    pub names: Vec<String>,
}

/// One reason to take two accounts for one person's, or not to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EvidenceAnswer {
    /// One account.
    pub a: String,
    /// The other.
    pub b: String,
    /// The rule that found it.
    pub rule: String,
    /// How likely it alone makes it.
    pub probability: f64,
    /// How many things say so.
    pub count: usize,
    /// The same in words.
    pub text: String,
}

/// A page of persons.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonsAnswer {
    /// The persons, by id of their first account.
    pub persons: Vec<PersonAnswer>,
    /// How many there are in all.
    pub total: usize,
    /// Where the next page goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Two accounts that may be one person's.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuggestionAnswer {
    /// One account.
    pub a: String,
    /// The other.
    pub b: String,
    /// How likely it is.
    pub probability: f64,
    /// Why.
    pub evidence: Vec<EvidenceAnswer>,
}

/// Rounded to 4 decimals.
fn rounded(probability: f64) -> f64 {
    (probability * 1e4).round() / 1e4
}

impl From<&Evidence> for EvidenceAnswer {
    fn from(evidence: &Evidence) -> Self {
        Self {
            a: evidence.a.to_string(),
            b: evidence.b.to_string(),
            rule: evidence.rule.to_owned(),
            probability: rounded(probability(evidence.weight)),
            count: evidence.count,
            text: evidence.text.clone(),
        }
    }
}

impl From<&Person> for PersonAnswer {
    fn from(person: &Person) -> Self {
        let accounts = person.accounts.iter().map(|account| AccountAnswer {
            id: account.id.to_string(),
            login: account.login.clone(),
            names: account.names.clone(),
        });
        Self {
            id: person.id.clone(),
            name: person.name.clone(),
            accounts: accounts.collect(),
            evidence: person.evidence.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Suggestion> for SuggestionAnswer {
    fn from(one: &Suggestion) -> Self {
        Self {
            a: one.a.to_string(),
            b: one.b.to_string(),
            probability: rounded(one.probability),
            evidence: one.evidence.iter().map(Into::into).collect(),
        }
    }
}

impl Explore {
    /// Who is who to a caller.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn persons(&self, caller: &Caller) -> Result<Arc<Persons>> {
        let visible = self.documents.visible(caller).await?;
        self.identities.persons(&visible).await
    }

    /// Everybody of this name that the caller sees: by id, account, login, display name or address.
    ///
    /// # Errors
    /// `NotFound` when he sees nobody called so, whether or not there is somebody.
    pub async fn person(&self, caller: &Caller, name: &str) -> Result<PersonsAnswer> {
        check_name(name)?;
        let persons = self.persons(caller).await?;
        let found = persons.named(name);
        if found.is_empty() {
            return Err(nobody(name));
        }
        Ok(PersonsAnswer {
            total: found.len(),
            persons: found.into_iter().take(MAX_PAGE).map(Into::into).collect(),
            next_cursor: None,
        })
    }

    /// A page of everybody the caller sees, after the person of a cursor.
    ///
    /// # Errors
    /// `Invalid` for a page of another size than 1 to 100.
    pub async fn person_page(&self, caller: &Caller, cursor: Option<&str>, limit: usize) -> Result<PersonsAnswer> {
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid("read request", format!("`limit` is {limit}"))
                .with_hint(format!("`limit` goes from 1 to {MAX_PAGE}")));
        }
        let persons = self.persons(caller).await?;
        let all = persons.all();
        let start = cursor.map_or(0, |cursor| all.partition_point(|one| place(&one.id) <= place(cursor)));
        let page: Vec<PersonAnswer> = all.iter().skip(start).take(limit).map(Into::into).collect();
        let more = start + page.len() < all.len();
        Ok(PersonsAnswer {
            total: all.len(),
            next_cursor: page.last().filter(|_| more).map(|last| last.id.clone()),
            persons: page,
        })
    }

    /// The one account that a name means to a caller: an account's id, or a name that one person has, of whom the first account
    /// stands for all.
    ///
    /// # Errors
    /// `NotFound` when nobody is called so; `Invalid`, listing them, when several are.
    pub async fn account_of(&self, caller: &Caller, name: &str) -> Result<AccountId> {
        check_name(name)?;
        let persons = self.persons(caller).await?;
        let exact = domain::Key::from_raw(name);
        if persons.of(&exact).is_some() {
            return Ok(exact);
        }
        match persons.named(name).as_slice() {
            [] => Err(nobody(name)),
            [one] => one
                .accounts
                .first()
                .map(|account| account.id.clone())
                .ok_or_else(|| nobody(name)),
            several => {
                let ids: Vec<&str> = several.iter().take(10).map(|person| person.id.as_str()).collect();
                Err(
                    Error::invalid("find person", format!("`{name}` may be any of {}", ids.join(", ")))
                        .with_hint("name one of their accounts (account:github/ada); `person show` lists them"),
                )
            }
        }
    }
}

/// What persons are ordered by: their first account.
fn place(id: &str) -> &str {
    id.strip_prefix("person:").unwrap_or(id)
}

fn nobody(name: &str) -> Error {
    let shown: String = name.chars().take(80).collect();
    Error::not_found("find person", format!("nobody is known as `{shown}`"))
        .with_hint("name an account's id (account:github/ada), e-mail address, login or display name; `person list` lists everybody")
}
