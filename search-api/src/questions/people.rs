//! Who did what: contributions with their weight, added up by person.

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::Persons;
use domain::{Document, DocumentId, DocumentKind, EdgeKind, Key, Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use crate::search::Candidate;

/// After so many days a contribution counts half: what somebody did long ago he knows less well.
const HALF_LIFE_DAYS: f64 = 730.0;
const DAY_MS: f64 = 86_400_000.0;
/// Contributions shown of a person.
const SHOWN: usize = 5;

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contribution {
    /// The key of what it was done to.
    pub key: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What was done: `authored`, `reviewed`, `answered` or `assigned`.
    pub role: &'static str,
    /// When, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What it adds to the score: relevance × weight of the role × decay by age.
    pub weight: f32,
}

/// Somebody with what he did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contributor {
    /// The person's id, or the account's where no source tells of it.
    pub id: String,
    /// How people call him, where a source tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// His accounts among the contributors.
    pub accounts: Vec<String>,
    /// The sum of the weights, the best of the answer being 1.
    pub score: f32,
    /// How many contributions count.
    pub contributions: usize,
    /// When the newest was made, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The ones that count most.
    pub because: Vec<Contribution>,
}

/// What was done to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Authored,
    Reviewed,
    Answered,
    Assigned,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Authored => "authored",
            Self::Reviewed => "reviewed",
            Self::Answered => "answered",
            Self::Assigned => "assigned",
        }
    }

    /// How much it says about what somebody knows.
    fn weight(self) -> f64 {
        match self {
            Self::Authored => 1.0,
            Self::Reviewed => 0.8,
            Self::Assigned => 0.6,
            Self::Answered => 0.5,
        }
    }
}

/// A contribution on its way.
pub(super) struct Deed {
    pub(super) account: Key,
    pub(super) role: Role,
    /// To what.
    pub(super) key: Key,
    pub(super) title: Option<String>,
    pub(super) at: Option<Timestamp>,
    /// How much what it was done to matters for the question, 0 to 1.
    pub(super) relevance: f64,
}

/// Those who wrote, reviewed and were given a document, as it tells itself.
pub(super) fn deeds_of(document: &Document, relevance: f64) -> Vec<Deed> {
    let at = document.created.or(document.updated);
    let deed = |account: &Key, role, at| Deed {
        account: account.clone(),
        role,
        key: document.key.clone(),
        title: Some(document.title.clone()).filter(|title| !title.is_empty()),
        at,
        relevance,
    };
    let written = if document.kind == DocumentKind::Comment {
        Role::Answered
    } else if document.kind == DocumentKind::Review {
        Role::Reviewed
    } else {
        Role::Authored
    };
    let mut deeds: Vec<Deed> = document.author.iter().map(|author| deed(author, written, at)).collect();
    for link in document.links.iter().filter(|link| link.target.scheme() == "account") {
        let role = match (link.kind, link.inverse) {
            (EdgeKind::Authored, true) => written,
            (EdgeKind::Reviewed, true) => Role::Reviewed,
            (EdgeKind::Assigned, false) => Role::Assigned,
            _other => continue,
        };
        let known = |one: &Deed| one.account == link.target && one.role == role;
        if !deeds.iter().any(known) {
            deeds.push(deed(&link.target, role, link.at.or(document.updated).or(at)));
        }
    }
    deeds
}

impl Ground<'_> {
    /// Add deeds up by person, the greatest sum first, equal ones by id. Age counts from the newest of them, not from today: the order is
    /// the same, and so is the answer tomorrow.
    pub(super) async fn contributors(&self, deeds: Vec<Deed>, limit: usize) -> Result<Vec<Contributor>> {
        let newest = deeds.iter().filter_map(|deed| deed.at).max();
        let persons = self.persons().await?;
        let mut by_person: BTreeMap<String, Vec<(f64, Deed)>> = BTreeMap::new();
        for deed in deeds {
            let weight = deed.relevance * deed.role.weight() * decay(newest, deed.at);
            by_person
                .entry(person_id(&persons, &deed.account))
                .or_default()
                .push((weight, deed));
        }
        let mut sums: Vec<_> = by_person
            .into_iter()
            .map(|(person, own)| (own.iter().map(|(weight, _)| weight).sum::<f64>(), person, own))
            .collect();
        sums.sort_by(|(a, left, _), (b, right, _)| b.total_cmp(a).then_with(|| left.cmp(right)));
        let best = sums.first().map_or(1.0, |(sum, ..)| sum.max(f64::MIN_POSITIVE));
        sums.truncate(limit);
        let made = sums.into_iter().map(|(sum, id, own)| {
            let person = own.first().and_then(|(_, deed)| persons.of(&deed.account));
            let name = person.map(|person| person.name.clone());
            contributor((id, name), sum / best, own)
        });
        Ok(made.collect())
    }
}

/// The id of the person whose account this is; an account that nobody told of is somebody by itself.
pub(super) fn person_id(persons: &Persons, account: &Key) -> String {
    persons
        .of(account)
        .map_or_else(|| account.as_str().to_owned(), |person| person.id.clone())
}

fn contributor((id, name): (String, Option<String>), score: f64, mut own: Vec<(f64, Deed)>) -> Contributor {
    own.sort_by(|(a, left), (b, right)| {
        let order = b.total_cmp(a).then_with(|| left.key.cmp(&right.key));
        order.then_with(|| left.role.cmp(&right.role))
    });
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let because = own.iter().take(SHOWN).map(|(weight, deed)| Contribution {
        key: deed.key.as_str().to_owned(),
        title: deed.title.clone(),
        role: deed.role.name(),
        at: time(deed.at),
        weight: rounded(*weight),
    });
    let accounts: BTreeSet<&Key> = own.iter().map(|(_, deed)| &deed.account).collect();
    Contributor {
        because: because.collect(),
        accounts: accounts.into_iter().map(ToString::to_string).collect(),
        id,
        name,
        score: rounded(score),
        contributions: own.len(),
        newest: time(own.iter().filter_map(|(_, deed)| deed.at).max()),
    }
}

/// By half for every [`HALF_LIFE_DAYS`] before the newest; what has no time counts as two half-lives old.
fn decay(newest: Option<Timestamp>, at: Option<Timestamp>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of some decades")]
    let days = match (newest, at) {
        (Some(newest), Some(at)) => newest.0.saturating_sub(at.0) as f64 / DAY_MS,
        _unknown => 2.0 * HALF_LIFE_DAYS,
    };
    0.5_f64.powf(days / HALF_LIFE_DAYS)
}

/// The score of each document as a share of the best.
pub(super) fn shares(ranked: &[Candidate]) -> impl Iterator<Item = (DocumentId, f64)> {
    let best = ranked
        .first()
        .map_or(1.0, |one| f64::from(one.score).max(f64::MIN_POSITIVE));
    ranked
        .iter()
        .map(move |one| (one.document, f64::from(one.score) / best))
}

/// To four digits behind the point: enough to compare by, and the same on every machine.
#[expect(clippy::cast_possible_truncation, reason = "a score")]
pub(super) fn rounded(score: f64) -> f32 {
    ((score * 1e4).round() / 1e4) as f32
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::{HALF_LIFE_DAYS, decay};

    #[test]
    fn what_is_two_years_older_counts_half() {
        let newest = Timestamp(730 * 86_400_000);
        assert!((decay(Some(newest), Some(newest)) - 1.0).abs() < 1e-9);
        assert!(
            (decay(Some(newest), Some(Timestamp(0))) - 0.5).abs() < 1e-9,
            "{HALF_LIFE_DAYS} days"
        );
        assert!((decay(Some(newest), None) - 0.25).abs() < 1e-9);
    }
}
