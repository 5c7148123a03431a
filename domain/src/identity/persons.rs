//! Persons: groups of accounts with the evidence that joins them, and pairs for somebody to decide.

use std::collections::{BTreeMap, BTreeSet};

use super::likeness::{Activity, Units};
use super::union::Union;
use super::{Evidence, JOIN, Kind, REVIEW, Statements, TookPart, folded, instance, probability, rules};
use crate::{Account, AccountId};

/// How often what was joined is looked at anew: together, accounts show more than each does.
const ROUNDS: usize = 2;
/// Pairs that are put to somebody to decide.
const REVIEWED: usize = 1000;

/// One person: accounts that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Derived from the smallest of his accounts: `person:github/ada`.
    pub id: String,
    /// What he is called.
    pub name: String,
    /// His accounts by id.
    pub accounts: Vec<Account>,
    /// What joins them, and what speaks against.
    pub evidence: Vec<Evidence>,
}

/// Two accounts that may be one person's.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// One account.
    pub a: AccountId,
    /// The other.
    pub b: AccountId,
    /// How likely it is.
    pub probability: f64,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Who is who, to one caller.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Persons {
    all: Vec<Person>,
    by_account: BTreeMap<AccountId, usize>,
    review: Vec<Suggestion>,
}

/// Evidence by pair of accounts.
type ByPair = BTreeMap<(AccountId, AccountId), Vec<Evidence>>;

impl Persons {
    /// Who is who, as far as these accounts and what they took part in tell. The same sets give the same persons, in whatever order
    /// they come.
    pub fn resolve(accounts: Vec<Account>, parts: &[TookPart], statements: &Statements) -> Self {
        let accounts = combined(accounts);
        let activity = Activity::new(&accounts, parts);
        let certain = by_pair(rules::stated(&accounts, statements));
        let (mut union, mut said) = united(&accounts, statements, &certain);
        let mut evidence = certain.clone();
        let mut open = ByPair::new();
        for _ in 0..ROUNDS {
            let units = Units::new(&accounts, union.groups());
            // What joined before stays, with its reasons; what did not is judged by what is known now.
            let mut likely = by_pair(units.evidence(&activity));
            for (pair, found) in &mut likely {
                found.extend(certain.get(pair).cloned().unwrap_or_default());
            }
            evidence.extend(likely.clone());
            open.clone_from(&certain);
            open.extend(likely);
            (union, said) = united(&accounts, statements, &evidence);
        }
        let numbers = numbers(&accounts);
        let apart = |pair: &(AccountId, AccountId)| match (numbers.get(&pair.0), numbers.get(&pair.1)) {
            (Some(a), Some(b)) => union.group(*a) != union.group(*b),
            _ => false,
        };
        let review = review(open, &apart, statements);
        evidence.retain(|pair, _| !apart(pair));
        merge(&mut evidence, by_pair(said));
        Self::of_groups(&accounts, &union, evidence, review)
    }

    /// The accounts whose activity can matter. What others took part in need not be read.
    pub fn wanted(accounts: Vec<Account>, statements: &Statements) -> Vec<AccountId> {
        let accounts = combined(accounts);
        let certain = by_pair(rules::stated(&accounts, statements));
        let (union, _) = united(&accounts, statements, &certain);
        Units::new(&accounts, union.groups()).wanted()
    }

    fn of_groups(accounts: &[Account], union: &Union<'_>, evidence: ByPair, review: Vec<Suggestion>) -> Self {
        let numbers = numbers(accounts);
        let mut of_group: BTreeMap<usize, Vec<Evidence>> = BTreeMap::new();
        for ((a, _), found) in evidence {
            if let Some(number) = numbers.get(&a) {
                of_group.entry(union.group(*number)).or_default().extend(found);
            }
        }
        let (mut persons, mut by_account) = (Vec::new(), BTreeMap::new());
        for group in union.groups() {
            let own: Vec<Account> = group.iter().map(|one| accounts[*one].clone()).collect();
            let Some(first) = own.first() else { continue };
            let id = format!("person:{}", first.id.local());
            by_account.extend(own.iter().map(|account| (account.id.clone(), persons.len())));
            let evidence = group.first().and_then(|one| of_group.remove(&union.group(*one)));
            persons.push(Person {
                id,
                name: name(&own),
                accounts: own,
                evidence: evidence.unwrap_or_default(),
            });
        }
        Self {
            all: persons,
            by_account,
            review,
        }
    }

    /// Everybody, by the id of his first account.
    pub fn all(&self) -> &[Person] {
        &self.all
    }

    /// Whose account this is.
    pub fn of(&self, account: &AccountId) -> Option<&Person> {
        self.by_account.get(account).and_then(|at| self.all.get(*at))
    }

    /// Pairs that may be one person, the likeliest first.
    pub fn review(&self) -> &[Suggestion] {
        &self.review
    }

    /// Everybody of this name: a person's or account's id, a login, a display name, or an address.
    pub fn named(&self, name: &str) -> Vec<&Person> {
        let (wanted, words) = (name.trim().to_lowercase(), folded(name));
        let is = |text: &str| text.to_lowercase() == wanted;
        let has = |person: &&Person| {
            is(&person.id)
                || person.accounts.iter().any(|account| {
                    let names = account
                        .names
                        .iter()
                        .any(|name| is(name) || (!words.is_empty() && folded(name) == words));
                    let emails = account.emails.iter().any(|email| is(email));
                    names || emails || is(account.id.as_str()) || account.login.as_deref().is_some_and(is)
                })
        };
        self.all.iter().filter(has).collect()
    }
}

/// Each account once, by id, with all that several sources tell of it.
pub(super) fn combined(accounts: Vec<Account>) -> Vec<Account> {
    let mut sorted = accounts;
    sorted.sort_by(|one, other| {
        let key = |account: &Account| (account.id.clone(), account.source.clone(), account.login.clone());
        (key(one), &one.names, &one.emails).cmp(&(key(other), &other.names, &other.emails))
    });
    let mut all: Vec<Account> = Vec::with_capacity(sorted.len());
    for account in sorted {
        match all.last_mut().filter(|last| last.id == account.id) {
            Some(last) => {
                last.login = last.login.take().or(account.login);
                let known = std::mem::take(&mut last.names);
                last.names = union_of(known, account.names);
                let known = std::mem::take(&mut last.emails);
                last.emails = union_of(known, account.emails);
            }
            None => all.push(account),
        }
    }
    all
}

fn union_of(mut known: Vec<String>, more: Vec<String>) -> Vec<String> {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
    known
}

fn numbers(accounts: &[Account]) -> BTreeMap<&AccountId, usize> {
    accounts.iter().enumerate().map(|(at, one)| (&one.id, at)).collect()
}

fn by_pair(evidence: Vec<Evidence>) -> ByPair {
    let mut pairs = ByPair::new();
    for one in evidence {
        pairs.entry((one.a.clone(), one.b.clone())).or_default().push(one);
    }
    pairs
}

/// Add evidence; of a rule that is known of a pair, what is heavier stays.
fn merge(into: &mut ByPair, from: ByPair) {
    for (pair, found) in from {
        let known = into.entry(pair).or_default();
        for one in found {
            match known.iter_mut().find(|other| other.rule == one.rule) {
                Some(other) if one.weight > other.weight => *other = one,
                Some(_) => {}
                None => known.push(one),
            }
        }
    }
}

/// The log-odds of a pair: of each kind of evidence the heaviest.
fn odds(evidence: &[Evidence]) -> f64 {
    let mut best: BTreeMap<Kind, f64> = BTreeMap::new();
    for one in evidence {
        let kept = best.entry(one.kind).or_insert(one.weight);
        *kept = kept.max(one.weight);
    }
    best.values().sum()
}

/// Join what the owner stated, then what is likely enough, the likeliest first; and what the owner's words joined.
fn united<'a>(accounts: &'a [Account], statements: &Statements, evidence: &ByPair) -> (Union<'a>, Vec<Evidence>) {
    let alone = accounts
        .iter()
        .map(|account| Some(instance(&account.id)).filter(|place| *place != "git"));
    let mut union = Union::new(alone.collect());
    let said = rules::apply(accounts, statements, &mut union);
    let numbers = numbers(accounts);
    let mut links = Vec::new();
    for ((a, b), found) in evidence {
        let sure = found.iter().any(|one| one.kind == Kind::Stated);
        let weight = odds(found);
        if let (true, Some(a), Some(b)) = (sure || weight >= JOIN, numbers.get(a), numbers.get(b)) {
            links.push((sure, weight, *a, *b));
        }
    }
    links.sort_by(|one, other| {
        let weight = other.1.total_cmp(&one.1);
        other
            .0
            .cmp(&one.0)
            .then(weight)
            .then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    for (sure, _, a, b) in links {
        union.join(a, b, sure);
    }
    (union, said)
}

/// The pairs that nobody decided and that are likely enough to ask.
fn review(
    evidence: ByPair,
    apart: &dyn Fn(&(AccountId, AccountId)) -> bool,
    statements: &Statements,
) -> Vec<Suggestion> {
    let decided = rules::last_of_each(&statements.decisions);
    let split: BTreeSet<_> = decided
        .into_iter()
        .filter(|(_, decision)| decision.verdict == super::Verdict::Split)
        .map(|(pair, _)| pair)
        .collect();
    let asked = evidence
        .into_iter()
        .filter(|(pair, found)| apart(pair) && !split.contains(pair) && odds(found) >= REVIEW);
    let mut asked: Vec<Suggestion> = asked
        .map(|((a, b), evidence)| Suggestion {
            a,
            b,
            probability: probability(odds(&evidence)),
            evidence,
        })
        .collect();
    asked.sort_by(|one, other| {
        let weight = other.probability.total_cmp(&one.probability);
        weight.then_with(|| (&one.a, &one.b).cmp(&(&other.a, &other.b)))
    });
    asked.truncate(REVIEWED);
    asked
}

/// What a person is called: the name of several words that most of his accounts have, or else any, or else a login.
fn name(accounts: &[Account]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in accounts.iter().flat_map(|account| &account.names) {
        *counts.entry(name).or_default() += 1;
    }
    let rank = |(name, count): &(&str, usize)| {
        let words = name.split_whitespace().count() > 1;
        (words, *count, std::cmp::Reverse((*name).to_owned()))
    };
    let best = counts.into_iter().max_by_key(rank).map(|(name, _)| name);
    let login = || accounts.iter().find_map(|account| account.login.as_deref());
    let id = || accounts.first().map(|account| super::handle(&account.id));
    best.or_else(login).or_else(id).unwrap_or_default().to_owned()
}
