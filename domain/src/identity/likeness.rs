//! What is likely: names and logins that are alike, weighed by what both took part in and by who else is called so.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Form, forms};
use super::{Evidence, Kind, Role, TookPart, instance};
use crate::{Account, AccountId};

/// Accounts under one form; of more that share a name nobody can be told from the others.
const BLOCK: usize = 64;
/// The most log-odds that activity adds.
const MOST: f64 = 5.0;
/// Subjects that evidence names.
const NAMED: usize = 3;

/// What accounts did, by the accounts' and the subjects' numbers.
pub(super) struct Activity<'a> {
    subjects: Vec<&'a str>,
    /// What each account took part in.
    things: Vec<BTreeSet<usize>>,
    /// The commits that each account wrote.
    wrote: Vec<BTreeSet<usize>>,
    /// The commits of the pull requests that each account opened.
    opened: Vec<BTreeSet<usize>>,
}

impl<'a> Activity<'a> {
    /// The parts of known accounts.
    pub(super) fn new(accounts: &[Account], parts: &'a [TookPart]) -> Self {
        let numbers: BTreeMap<&AccountId, usize> = accounts.iter().enumerate().map(|(at, one)| (&one.id, at)).collect();
        let subjects: BTreeSet<&str> = parts.iter().map(|part| part.subject.as_str()).collect();
        let subjects: Vec<&str> = subjects.into_iter().collect();
        let none = vec![BTreeSet::new(); accounts.len()];
        let (mut things, mut wrote, mut opened) = (none.clone(), none.clone(), none);
        for part in parts {
            let Some(account) = numbers.get(&part.account) else {
                continue;
            };
            let Ok(subject) = subjects.binary_search(&part.subject.as_str()) else {
                continue;
            };
            let of = match part.role {
                Role::Own | Role::Refers => &mut things,
                Role::Commit => &mut wrote,
                Role::Pull => &mut opened,
            };
            of[*account].insert(subject);
        }
        Self {
            subjects,
            things,
            wrote,
            opened,
        }
    }

    fn of(sets: &[BTreeSet<usize>], unit: &[usize]) -> BTreeSet<usize> {
        unit.iter().flat_map(|account| sets[*account].iter().copied()).collect()
    }
}

/// How two units are alike.
#[derive(Debug, Clone)]
struct Alike {
    /// The accounts that show it, one of each.
    accounts: (usize, usize),
    weight: f64,
    rule: &'static str,
}

/// The units that each is like, with the weight of that and the odds that it is the same person.
type Near = BTreeMap<usize, Vec<(usize, f64, f64)>>;

/// Groups of accounts that are already known to be one person each.
pub(super) struct Units<'a> {
    accounts: &'a [Account],
    groups: Vec<Vec<usize>>,
    of: Vec<usize>,
    forms: Vec<BTreeSet<(String, Form)>>,
}

impl<'a> Units<'a> {
    pub(super) fn new(accounts: &'a [Account], groups: Vec<Vec<usize>>) -> Self {
        let mut of = vec![0; accounts.len()];
        for (unit, group) in groups.iter().enumerate() {
            for account in group {
                of[*account] = unit;
            }
        }
        Self {
            accounts,
            groups,
            of,
            forms: accounts.iter().map(forms).collect(),
        }
    }

    /// The accounts whose activity says something: those that are like one they are not joined with, and those of Git and GitHub.
    pub(super) fn wanted(&self) -> Vec<AccountId> {
        let alike: BTreeSet<usize> = self.alike().into_keys().flat_map(|(one, other)| [one, other]).collect();
        let wanted = |account: &usize| {
            matches!(instance(&self.accounts[*account].id), "git" | "github") || alike.contains(&self.of[*account])
        };
        let all = (0..self.accounts.len()).filter(wanted);
        all.map(|account| self.accounts[account].id.clone()).collect()
    }

    /// Whether two units have accounts in one place where nobody has two.
    fn crowded(&self, one: usize, other: usize) -> bool {
        let places = |unit: usize| {
            let all = self.groups[unit]
                .iter()
                .map(|account| instance(&self.accounts[*account].id));
            all.filter(|place| *place != "git").collect::<BTreeSet<_>>()
        };
        !places(one).is_disjoint(&places(other))
    }

    /// The units that are alike by a name, login or mailbox, the smaller number first.
    fn alike(&self) -> BTreeMap<(usize, usize), Alike> {
        let mut blocks: BTreeMap<&str, Vec<(usize, Form)>> = BTreeMap::new();
        for (account, forms) in self.forms.iter().enumerate() {
            for (key, form) in forms {
                blocks.entry(key).or_default().push((account, *form));
            }
        }
        let mut found: BTreeMap<(usize, usize), Alike> = BTreeMap::new();
        for (key, block) in blocks.iter().filter(|(_, block)| block.len() <= BLOCK) {
            for (at, one) in block.iter().enumerate() {
                for other in block.iter().skip(at + 1) {
                    self.compare(key, (*one, *other), &mut found);
                }
            }
        }
        found.retain(|(one, other), _| !self.crowded(*one, *other));
        found
    }

    /// Note how two accounts of one block are alike.
    fn compare(
        &self,
        key: &str,
        (one, other): ((usize, Form), (usize, Form)),
        found: &mut BTreeMap<(usize, usize), Alike>,
    ) {
        let (units, accounts) = ((self.of[one.0], self.of[other.0]), (one.0, other.0));
        let Some((weight, rule)) = self.weigh(key, one, other).filter(|_| units.0 != units.1) else {
            return;
        };
        let (units, accounts) = if units.0 < units.1 {
            (units, accounts)
        } else {
            ((units.1, units.0), (accounts.1, accounts.0))
        };
        let known = found.entry(units).or_insert(Alike { accounts, weight, rule });
        // A login of one's own beside the same name says more than either.
        let pairs = [(known.rule, rule), (rule, known.rule)];
        if pairs.contains(&("name.same", "login.same")) || known.rule == "name.and_login" {
            (known.weight, known.rule) = (3.1, "name.and_login");
        } else if weight > known.weight {
            *known = Alike { accounts, weight, rule };
        }
    }

    fn weigh(&self, key: &str, one: (usize, Form), other: (usize, Form)) -> Option<(f64, &'static str)> {
        use Form::{Full, Initial, Joined, Login, MaybeInitial, Word};
        Some(match (one.1, other.1) {
            (Full, Full) => (1.9, "name.same"),
            (Login, Login) if self.derived(key, one.0) || self.derived(key, other.0) => (1.5, "login.alike"),
            (Login, Login) => (2.2, "login.same"),
            (Joined, Login) | (Login, Joined) => (1.8, "login.name"),
            (Joined, Word) | (Word, Joined) => (1.2, "name.joined"),
            (Login, Word) | (Word, Login) => (0.9, "login.word"),
            (Word, Word) => (0.6, "name.word"),
            (Initial, MaybeInitial) | (MaybeInitial, Initial) => (0.7, "login.initial"),
            _ => return None,
        })
    }

    /// Whether a login may be made of the name of its account's unit, as anybody of that name would make it.
    fn derived(&self, key: &str, account: usize) -> bool {
        let login = key.strip_prefix("h:").unwrap_or(key);
        let all = self.groups[self.of[account]]
            .iter()
            .flat_map(|account| &self.forms[*account]);
        let mut names = all.filter(|(_, form)| *form == Form::Joined);
        names.any(|(name, _)| is_within(login, name.strip_prefix("h:").unwrap_or(name)))
    }

    /// All that speaks for or against units being one person.
    pub(super) fn evidence(&self, activity: &Activity<'_>) -> Vec<Evidence> {
        let alike = self.alike();
        let (mut acts, mut near) = (BTreeMap::new(), Near::new());
        for (units, one) in &alike {
            let act = self.shared(*units, one, activity);
            let odds = (one.weight + act.as_ref().map_or(0.0, |act| act.weight)).exp();
            for (unit, other) in [*units, (units.1, units.0)] {
                near.entry(unit).or_default().push((other, one.weight, odds));
            }
            acts.insert(*units, act);
        }
        let mut found = Vec::new();
        for (units, one) in &alike {
            found.push(self.naming(one));
            found.extend(acts.get(units).cloned().flatten());
            let against = self.rivals(*units, one.weight, &near);
            if against > 0.0 {
                let text = "others are called so too";
                found.push(self.about(one.accounts, (Kind::Rivals, "name.rivals"), -against, text.to_owned()));
            }
        }
        found.extend(self.commits(activity, &alike));
        found
    }

    fn about(
        &self,
        (one, other): (usize, usize),
        (kind, rule): (Kind, &'static str),
        weight: f64,
        text: String,
    ) -> Evidence {
        let (a, b) = super::pair(&self.accounts[one].id, &self.accounts[other].id);
        Evidence {
            a,
            b,
            kind,
            rule,
            weight,
            count: 1,
            text,
        }
    }

    fn naming(&self, alike: &Alike) -> Evidence {
        let shown = |account: usize| {
            let account = &self.accounts[account];
            let name = account
                .names
                .first()
                .or(account.login.as_ref())
                .map_or("", String::as_str);
            let name: String = name.chars().take(80).collect();
            if name.contains('@') {
                "an address".to_owned()
            } else {
                format!("“{name}”")
            }
        };
        let (one, other) = alike.accounts;
        let text = format!("called {} and {}", shown(one), shown(other));
        self.about(alike.accounts, (Kind::Naming, alike.rule), alike.weight, text)
    }

    /// What both units took part in, beyond what two busy people would by chance.
    fn shared(&self, (one, other): (usize, usize), alike: &Alike, activity: &Activity<'_>) -> Option<Evidence> {
        let (a, b) = (&self.groups[one], &self.groups[other]);
        let (a, b) = (Activity::of(&activity.things, a), Activity::of(&activity.things, b));
        let both: Vec<usize> = a.intersection(&b).copied().collect();
        let chance = real(a.len()) * real(b.len()) / real(activity.subjects.len().max(1));
        let weight = 1.7 * (real(both.len()) - chance).max(0.0).ln_1p();
        if weight < 0.1 {
            return None;
        }
        let some: Vec<&str> = both
            .iter()
            .take(NAMED)
            .map(|subject| activity.subjects[*subject])
            .collect();
        let more = if both.len() > some.len() { ", …" } else { "" };
        let text = format!("both took part in {}{more}", some.join(", "));
        Some(Evidence {
            count: both.len(),
            ..self.about(
                alike.accounts,
                (Kind::Activity, "activity.shared"),
                weight.min(MOST),
                text,
            )
        })
    }

    /// What speaks against a pair because either may as well be somebody else of the same name in the same place.
    fn rivals(&self, (one, other): (usize, usize), weight: f64, near: &Near) -> f64 {
        let odds = |unit: usize, instead: usize| -> f64 {
            let others = near.get(&unit).map_or(&[][..], Vec::as_slice).iter();
            let rivals = others.filter(|(third, rival, _)| {
                *third != instead && *rival >= weight - 1.0 && self.crowded(*third, instead)
            });
            rivals.map(|(_, _, odds)| odds).sum()
        };
        odds(one, other).max(odds(other, one)).ln_1p()
    }

    /// Authors of commits and those who opened the pull requests that these are in.
    fn commits(&self, activity: &Activity<'_>, alike: &BTreeMap<(usize, usize), Alike>) -> Vec<Evidence> {
        let mut openers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (account, commits) in activity.opened.iter().enumerate() {
            for commit in commits {
                openers.entry(*commit).or_default().insert(account);
            }
        }
        let (mut counts, mut of_author, mut of_opener) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (author, commits) in activity.wrote.iter().enumerate() {
            for commit in commits {
                let Some(openers) = openers.get(commit) else { continue };
                *of_author.entry(self.of[author]).or_insert(0_usize) += 1;
                for opener in openers {
                    *of_opener.entry(self.of[*opener]).or_insert(0_usize) += 1;
                    *counts.entry((author, *opener)).or_insert(0_usize) += 1;
                }
            }
        }
        let of = |counts: &BTreeMap<usize, usize>, account: usize| counts.get(&self.of[account]).copied().unwrap_or(1);
        let weighed = counts.into_iter().filter_map(|((author, opener), count)| {
            let (mine, theirs) = (real(of(&of_author, author)), real(of(&of_opener, opener)));
            let (share, of_pulls) = (real(count) / mine, real(count) / theirs);
            let foreign = if of_pulls < 0.3 { 2.0 } else { 0.0 };
            let weight = 1.4 * real(count).ln_1p() + 2.0 * (share - 0.5) - foreign;
            let (one, other) = (self.of[author], self.of[opener]);
            if one == other || weight < 0.1 || share < 0.5 || self.crowded(one, other) {
                return None;
            }
            let units = (one.min(other), one.max(other));
            let accounts = alike.get(&units).map_or((author, opener), |alike| alike.accounts);
            let text = format!("{count} commits of one are in pull requests of the other");
            Some(Evidence {
                count,
                ..self.about(
                    accounts,
                    (Kind::Activity, "commits.pull_requests"),
                    weight.min(MOST),
                    text,
                )
            })
        });
        weighed.collect()
    }
}

/// Whether the characters of a login stand in a name in the same order.
fn is_within(login: &str, name: &str) -> bool {
    let mut rest = name.chars();
    login.chars().all(|wanted| rest.any(|c| c == wanted))
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn real(count: usize) -> f64 {
    count as f64
}
