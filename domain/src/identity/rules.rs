//! What is certain: what a provider tells, what a directory lists, and what the owner decided.

use std::collections::{BTreeMap, BTreeSet};

use super::union::Union;
use super::{Decision, Evidence, Kind, Listed, Statements, Verdict, handle, instance, pair};
use crate::{Account, AccountId};

/// The log-odds of what a provider states.
const STATED: f64 = 7.0;
/// The log-odds of what somebody says of himself.
const CLAIMED: f64 = 1.4;
/// Accounts that may share an address; a mailbox of more is nobody's own.
const SHARED: usize = 8;
/// Mailboxes that are no person's.
const NOBODY: [&str; 6] = ["noreply", "no-reply", "root", "nobody", "unknown", "none"];

/// Evidence of which every piece is enough, and claims.
pub(super) fn stated(accounts: &[Account], statements: &Statements) -> Vec<Evidence> {
    let mut found = same_address(accounts);
    found.extend(hidden_address(accounts));
    found.extend(same_site_id(accounts));
    found.extend(claims(accounts, statements));
    found
}

fn evidence((a, b): (&AccountId, &AccountId), rule: &'static str, text: &str) -> Evidence {
    let (a, b) = pair(a, b);
    Evidence {
        a,
        b,
        kind: Kind::Stated,
        rule,
        weight: STATED,
        count: 1,
        text: text.to_owned(),
    }
}

/// Accounts with the same address.
fn same_address(accounts: &[Account]) -> Vec<Evidence> {
    let mut by_address: BTreeMap<String, Vec<&AccountId>> = BTreeMap::new();
    for account in accounts {
        for email in addresses(account) {
            by_address.entry(email).or_default().push(&account.id);
        }
    }
    let shared = by_address.into_values().filter(|ids| ids.len() <= SHARED);
    let linked = |ids: Vec<&AccountId>| {
        let all = ids.iter().enumerate().flat_map(|(at, one)| {
            let others = ids.iter().skip(at + 1);
            others.map(|other| evidence((one, other), "email.same", "the same e-mail address"))
        });
        all.collect::<Vec<_>>()
    };
    shared.flat_map(linked).collect()
}

/// The addresses of an account that are a person's own.
pub(super) fn addresses(account: &Account) -> BTreeSet<String> {
    let told = account.emails.iter().map(|email| email.trim().to_lowercase());
    told.filter(|email| {
        let Some((local, domain)) = email.split_once('@') else {
            return false;
        };
        let top = domain.rsplit_once('.').map(|(_, top)| top);
        let reachable = top.is_some_and(|top| top != "local" && top != "localdomain");
        reachable && !NOBODY.contains(&local) && !domain.starts_with("users.noreply.")
    })
    .collect()
}

/// Git authors who hide their address behind the one that GitHub gives them: `7+login@users.noreply.github.com`.
fn hidden_address(accounts: &[Account]) -> Vec<Evidence> {
    let logins: BTreeMap<String, &AccountId> = accounts
        .iter()
        .filter(|account| instance(&account.id) == "github")
        .map(|account| (handle(&account.id).to_lowercase(), &account.id))
        .collect();
    let git = accounts.iter().filter(|account| instance(&account.id) == "git");
    git.filter_map(|account| {
        let address = handle(&account.id).to_lowercase();
        let local = address.strip_suffix("@users.noreply.github.com")?;
        let login = local.split_once('+').map_or(local, |(_, login)| login);
        let text = "the address that GitHub gives those who hide theirs";
        Some(evidence((&account.id, logins.get(login)?), "email.noreply", text))
    })
    .collect()
}

/// Jira and Confluence of one site share their accounts.
fn same_site_id(accounts: &[Account]) -> Vec<Evidence> {
    let ids: BTreeSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
    let wiki = ids
        .iter()
        .filter_map(|id| Some((*id, id.as_str().strip_prefix("account:wiki/")?)));
    wiki.filter_map(|(id, local)| {
        let twin = crate::Key::account("jira", local);
        let text = "the same account id at one Atlassian site";
        ids.contains(&twin)
            .then(|| evidence((id, &twin), "atlassian.account", text))
    })
    .collect()
}

fn claims(accounts: &[Account], statements: &Statements) -> Vec<Evidence> {
    let known: BTreeSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
    let last = last_of_each(&statements.decisions);
    let claimed = last.into_values().filter(|decision| decision.verdict == Verdict::Claim);
    claimed
        .filter(|decision| known.contains(&decision.a) && known.contains(&decision.b))
        .map(|decision| Evidence {
            kind: Kind::Claim,
            weight: CLAIMED,
            ..evidence(
                (&decision.a, &decision.b),
                "person.claim",
                "one says that the other is his",
            )
        })
        .collect()
}

/// The decision that counts for each pair.
pub(super) fn last_of_each(decisions: &[Decision]) -> BTreeMap<(AccountId, AccountId), &Decision> {
    let mut last: BTreeMap<_, &Decision> = BTreeMap::new();
    for decision in decisions.iter().filter(|decision| decision.a != decision.b) {
        let kept = last.entry(pair(&decision.a, &decision.b)).or_insert(decision);
        if (decision.number, decision.verdict) > (kept.number, kept.verdict) {
            *kept = decision;
        }
    }
    last
}

/// Accounts by provider and value of a directory: the account's id there, or an address that the provider tells; addresses also
/// by no provider. A login that its holder may change says nothing here: the directory grants access.
type Values = BTreeMap<(String, String), Vec<usize>>;

fn values(accounts: &[Account]) -> Values {
    let mut values = handles(accounts);
    for (number, account) in accounts.iter().enumerate() {
        let provider = account.id.local().split('/').next().unwrap_or_default();
        let own = addresses(account);
        for value in &own {
            let named = values.entry((provider.to_owned(), value.clone())).or_default();
            if !named.contains(&number) {
                named.push(number);
            }
        }
        for email in own {
            values.entry((String::new(), email)).or_default().push(number);
        }
    }
    values
}

/// Accounts by what they are called in their place, alone or behind the place (`acme/7:1`). What several places call somebody means
/// nobody alone: in one of them anybody may have taken the name.
fn handles(accounts: &[Account]) -> Values {
    let mut places: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut values = Values::new();
    for (number, account) in accounts.iter().enumerate() {
        let (provider, full) = account.id.local().split_once('/').unwrap_or_default();
        let alone = (provider.to_owned(), handle(&account.id).to_lowercase());
        places.entry(alone.clone()).or_default().insert(instance(&account.id));
        for value in BTreeSet::from([alone, (provider.to_owned(), full.to_lowercase())]) {
            values.entry(value).or_default().push(number);
        }
    }
    values.retain(|value, _| places.get(value).is_none_or(|places| places.len() == 1));
    values
}

/// The accounts that a directory says are one person's, line by line, as far as they are known. One that several lines lead to is in
/// none: an address may have come to another account since the import.
fn listed(accounts: &[Account], directory: &[Listed]) -> Vec<Vec<usize>> {
    let values = values(accounts);
    let of_line = |line: &Listed| -> Vec<usize> {
        let all: BTreeSet<usize> = line
            .values()
            .filter_map(|value| values.get(&value))
            .flatten()
            .copied()
            .collect();
        all.into_iter().collect()
    };
    let mut lines: Vec<Vec<usize>> = directory.iter().map(of_line).collect();
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for number in lines.iter().flatten() {
        *times.entry(*number).or_default() += 1;
    }
    for line in &mut lines {
        line.retain(|number| times.get(number) == Some(&1));
    }
    lines
}

/// The ids of accounts that a directory lists and that are not known: the line's number, counted from 0, and the value.
pub fn unknown(accounts: &[Account], directory: &[Listed]) -> Vec<(usize, String)> {
    let values = values(accounts);
    let of_line = |(number, line): (usize, &Listed)| -> Vec<(usize, String)> {
        let named = line.values().filter(|(provider, _)| !provider.is_empty());
        let unknown = named.filter(|value| !values.contains_key(value));
        unknown.map(|(_, value)| (number, value)).collect()
    };
    directory.iter().enumerate().flat_map(of_line).collect()
}

/// Apply what the owner stated: first what must stay apart, then his merges from the newest, then the directory. What was
/// joined so, with the words for it.
pub(super) fn apply(accounts: &[Account], statements: &Statements, union: &mut Union<'_>) -> Vec<Evidence> {
    let numbers: BTreeMap<&AccountId, usize> = accounts.iter().enumerate().map(|(at, one)| (&one.id, at)).collect();
    let both = |decision: &Decision| Some((*numbers.get(&decision.a)?, *numbers.get(&decision.b)?));
    let last = last_of_each(&statements.decisions);
    let mut merges: Vec<&Decision> = Vec::new();
    for decision in last.into_values() {
        match (decision.verdict, both(decision)) {
            (Verdict::Split, Some((a, b))) => union.keep_apart(a, b),
            (Verdict::Merge, Some(_)) => merges.push(decision),
            _ => {}
        }
    }
    merges.sort_by(|one, other| (other.number, &one.a, &one.b).cmp(&(one.number, &other.a, &other.b)));
    let mut joined = Vec::new();
    for decision in merges {
        if let Some((a, b)) = both(decision).filter(|(a, b)| union.join(*a, *b, true)) {
            joined.push(evidence(
                (&accounts[a].id, &accounts[b].id),
                "person.merge",
                "merged by hand",
            ));
        }
    }
    for line in listed(accounts, &statements.directory) {
        for pair in line.windows(2) {
            if let [a, b] = pair
                && union.join(*a, *b, true)
            {
                let text = "the imported directory lists both";
                joined.push(evidence((&accounts[*a].id, &accounts[*b].id), "person.directory", text));
            }
        }
    }
    joined
}

/// Groups of accounts that may stand for each other where access is granted: joined by the owner or by his directory, never by
/// likeness. The accounts that are split from one of a group are told apart from it.
pub fn vouched(accounts: &[Account], statements: &Statements) -> Vec<Vec<AccountId>> {
    let accounts = super::persons::combined(accounts.to_vec());
    let mut union = Union::new(vec![None; accounts.len()]);
    let _joined = apply(&accounts, statements, &mut union);
    let ids = |group: Vec<usize>| group.into_iter().map(|one| accounts[one].id.clone()).collect();
    union.groups().into_iter().map(ids).collect()
}
