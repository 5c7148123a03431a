//! Persons on small worlds: what joins, what must not, and that no order of events matters.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Decision, Listed, Persons, Role, Statements, TookPart, Verdict, instance, vouched};
use crate::{Account, AccountId, Key, SourceId};

fn id(local: &str) -> AccountId {
    Key::from_raw(&format!("account:{local}"))
}

fn account(local: &str, name: &str, email: Option<&str>) -> Account {
    Account {
        id: id(local),
        source: SourceId::new("s").expect("slug"),
        login: (!local.starts_with("git/")).then(|| local.rsplit('/').next().unwrap_or_default().to_owned()),
        names: vec![name.to_owned()],
        emails: email.map(str::to_owned).into_iter().collect(),
    }
}

fn part(local: &str, role: Role, subject: &str) -> TookPart {
    TookPart {
        account: id(local),
        role,
        subject: Key::from_raw(subject),
    }
}

/// Both took part in so many issues, among many that others did.
fn together(accounts: &[&str], from: usize, count: usize) -> Vec<TookPart> {
    let numbers = from..from + count;
    let both = numbers.flat_map(|number| {
        let subject = format!("jira:acme/PAY-{number}");
        accounts
            .iter()
            .map(move |account| part(account, Role::Own, &subject))
            .collect::<Vec<_>>()
    });
    let others = (1000..1100).map(|number| part("jira/acme/zz", Role::Own, &format!("jira:acme/PAY-{number}")));
    both.chain(others).collect()
}

fn decision(number: u64, a: &str, b: &str, verdict: Verdict) -> Decision {
    Decision {
        number,
        a: id(a),
        b: id(b),
        verdict,
    }
}

fn decided(decisions: Vec<Decision>) -> Statements {
    Statements {
        decisions,
        directory: Vec::new(),
    }
}

fn same(persons: &Persons, a: &str, b: &str) -> bool {
    let of = |one: &str| persons.of(&id(one)).map(|person| person.id.clone());
    assert!(of(a).is_some() && of(b).is_some(), "{a} {b}");
    of(a) == of(b)
}

fn resolved(accounts: &[Account], parts: &[TookPart]) -> Persons {
    Persons::resolve(accounts.to_vec(), parts, &Statements::default())
}

#[test]
fn one_address_is_one_person_wherever_a_provider_tells_it() {
    let accounts = [
        account("github/ada", "Ada", Some("Ada@acme.example")),
        account("slack/T1/U1", "someone", Some("ada@acme.example")),
        account("git/ada@acme.example", "A", Some("ada@acme.example")),
        account("git/root@localhost", "root", Some("root@localhost")),
        account("github/root", "root", Some("root@localhost")),
    ];
    let persons = resolved(&accounts, &[]);
    assert!(same(&persons, "github/ada", "slack/T1/U1") && same(&persons, "github/ada", "git/ada@acme.example"));
    assert!(!same(&persons, "git/root@localhost", "github/root"));
    let ada = persons.of(&id("slack/T1/U1")).expect("somebody");
    assert_eq!(ada.id, "person:git/ada@acme.example");
    assert!(
        ada.evidence
            .iter()
            .all(|one| one.rule == "email.same" && !one.text.contains('@'))
    );
}

#[test]
fn hidden_addresses_and_ids_of_one_site_are_certain() {
    let accounts = [
        account("github/Ada-O", "x", None),
        account("git/17+ada-o@users.noreply.github.com", "y", None),
        account("jira/acme/7:1", "z", None),
        account("wiki/acme/7:1", "w", None),
        account("wiki/other/7:1", "v", None),
    ];
    let persons = resolved(&accounts, &[]);
    assert!(same(&persons, "github/Ada-O", "git/17+ada-o@users.noreply.github.com"));
    assert!(same(&persons, "jira/acme/7:1", "wiki/acme/7:1"));
    assert!(!same(&persons, "wiki/other/7:1", "wiki/acme/7:1"));
}

#[test]
fn a_name_alone_asks_and_a_name_with_common_work_joins() {
    let accounts = [
        account("github/ada-okaf", "Ada Okafor", None),
        account("jira/acme/1", "Okafor, Ada", None),
        account("jira/acme/zz", "Zed", None),
    ];
    let alone = resolved(&accounts, &[]);
    assert!(!same(&alone, "github/ada-okaf", "jira/acme/1"));
    let asked = &alone.review()[0];
    assert_eq!((&asked.a, &asked.b), (&id("github/ada-okaf"), &id("jira/acme/1")));
    let parts = together(&["github/ada-okaf", "jira/acme/1"], 0, 4);
    let persons = resolved(&accounts, &parts);
    assert!(same(&persons, "github/ada-okaf", "jira/acme/1"));
    assert!(persons.review().is_empty());
    let rules: BTreeSet<_> = persons
        .of(&id("jira/acme/1"))
        .expect("somebody")
        .evidence
        .iter()
        .map(|one| one.rule)
        .collect();
    assert_eq!(rules, BTreeSet::from(["activity.shared", "name.same"]));
}

#[test]
fn namesakes_are_told_apart_by_their_work_or_not_at_all() {
    let accounts = [
        account("github/ada1", "Ada Okafor", None),
        account("github/ada2", "Ada Okafor", None),
        account("jira/acme/1", "Ada Okafor", None),
        account("jira/acme/2", "Ada Okafor", None),
        account("jira/acme/zz", "Zed", None),
    ];
    let persons = resolved(&accounts, &[]);
    assert_eq!(persons.all().len(), 5);
    let mut parts = together(&["github/ada1", "jira/acme/1"], 0, 15);
    parts.extend(together(&["github/ada2", "jira/acme/2"], 100, 15));
    let persons = resolved(&accounts, &parts);
    assert!(same(&persons, "github/ada1", "jira/acme/1") && same(&persons, "github/ada2", "jira/acme/2"));
    assert!(!same(&persons, "github/ada1", "github/ada2"));
    // Both work on the same things: nobody can tell.
    let parts = together(&["github/ada1", "github/ada2", "jira/acme/1", "jira/acme/2"], 0, 15);
    assert_eq!(resolved(&accounts, &parts).all().len(), 5);
}

#[test]
fn nobody_has_two_accounts_in_one_place_by_likeness() {
    let accounts = [
        account("jira/acme/old", "Ada Okafor", None),
        account("jira/acme/new", "Ada Okafor", None),
        account("jira/acme/zz", "Zed", None),
    ];
    let persons = resolved(&accounts, &together(&["jira/acme/old", "jira/acme/new"], 0, 50));
    assert!(!same(&persons, "jira/acme/old", "jira/acme/new"));
    let statements = decided(vec![decision(1, "jira/acme/old", "jira/acme/new", Verdict::Merge)]);
    let persons = Persons::resolve(accounts.to_vec(), &[], &statements);
    assert!(same(&persons, "jira/acme/old", "jira/acme/new"));
}

#[test]
fn commits_in_ones_pull_requests_are_ones_own() {
    let accounts = [
        account("github/ada", "x", None),
        account("github/bo", "y", None),
        account("git/home@ada.example", "z", None),
        account("git/other@bo.example", "w", None),
    ];
    let mut parts = Vec::new();
    for number in 0..4 {
        let commit = format!("commit:acme/api@{number}");
        parts.push(part("git/home@ada.example", Role::Commit, &commit));
        parts.push(part("github/ada", Role::Pull, &commit));
    }
    // One release with everybody's commits says nothing.
    for number in 10..40 {
        parts.push(part("github/bo", Role::Pull, &format!("commit:acme/api@{number}")));
        let author = if number < 14 {
            "git/other@bo.example"
        } else {
            "git/home@ada.example"
        };
        if number < 20 {
            parts.push(part(author, Role::Commit, &format!("commit:acme/api@{number}")));
        }
    }
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|one| one.account != id("git/home@ada.example") || one.subject.as_str().len() < 18)
        .collect();
    let persons = resolved(&accounts, &parts);
    assert!(same(&persons, "github/ada", "git/home@ada.example"));
}

#[test]
fn a_claim_asks_alone_and_joins_with_more() {
    let accounts = [
        account("github/ada", "Ada Okafor", None),
        account("jira/acme/1", "Ada Okafor", None),
        account("slack/T1/U9", "Mallory", None),
    ];
    let claims = decided(vec![
        decision(1, "jira/acme/1", "github/ada", Verdict::Claim),
        decision(2, "slack/T1/U9", "github/ada", Verdict::Claim),
    ]);
    let persons = Persons::resolve(accounts.to_vec(), &[], &claims);
    assert!(same(&persons, "github/ada", "jira/acme/1"));
    assert!(!same(&persons, "github/ada", "slack/T1/U9"));
    assert_eq!(persons.review()[0].b, id("slack/T1/U9"));
}

#[test]
fn the_last_word_about_a_pair_counts() {
    let accounts = [account("github/a", "A", None), account("slack/T1/U1", "B", None)];
    let mut decisions = Vec::new();
    for (number, verdict) in (1..).zip([Verdict::Merge, Verdict::Split, Verdict::Merge, Verdict::Split]) {
        decisions.push(decision(number, "slack/T1/U1", "github/a", verdict));
        let persons = Persons::resolve(accounts.to_vec(), &[], &decided(decisions.clone()));
        assert_eq!(
            same(&persons, "github/a", "slack/T1/U1"),
            verdict == Verdict::Merge,
            "{number}"
        );
    }
}

#[test]
fn a_directory_joins_what_it_lists_and_a_split_still_wins() {
    let accounts = [
        account("github/ada", "x", None),
        account("jira/acme/1", "y", Some("ada@acme.example")),
        account("slack/T1/U1", "z", None),
    ];
    let listed = Listed {
        name: "Ada".to_owned(),
        emails: BTreeSet::from(["ada@acme.example".to_owned()]),
        accounts: BTreeMap::from([
            ("github".to_owned(), BTreeSet::from(["ada".to_owned()])),
            ("slack".to_owned(), BTreeSet::from(["u1".to_owned()])),
        ]),
    };
    let mut statements = Statements {
        decisions: Vec::new(),
        directory: vec![listed],
    };
    let persons = Persons::resolve(accounts.to_vec(), &[], &statements);
    assert_eq!(persons.all().len(), 1);
    assert_eq!(vouched(&accounts, &statements).len(), 1);
    statements
        .decisions
        .push(decision(1, "github/ada", "slack/T1/U1", Verdict::Split));
    let persons = Persons::resolve(accounts.to_vec(), &[], &statements);
    assert!(!same(&persons, "github/ada", "slack/T1/U1"));
    assert!(vouched(&accounts, &statements).len() > 1);
}

#[test]
fn likeness_is_never_vouched_for() {
    let accounts = [
        account("github/ada", "Ada Okafor", Some("ada@acme.example")),
        account("jira/acme/1", "Ada Okafor", Some("ada@acme.example")),
    ];
    assert_eq!(resolved(&accounts, &[]).all().len(), 1);
    assert_eq!(vouched(&accounts, &Statements::default()).len(), 2);
}

/// Accounts whose names and addresses often meet, what they did, and decisions about them.
fn world() -> impl Strategy<Value = (Vec<Account>, Vec<TookPart>, Vec<Decision>)> {
    let places = prop::sample::select(vec!["github", "git", "jira/acme", "slack/T1", "wiki/acme"]);
    let names = prop::sample::select(vec![
        "Ada Okafor",
        "Okafor Ada",
        "Ada",
        "Bo Li",
        "Jürgen Weber",
        "Juergen Weber",
    ]);
    let emails = prop::option::of(prop::sample::select(vec!["a@x.example", "b@x.example", "c@x.example"]));
    let accounts = prop::collection::btree_map((places, 0..4_u8), (names, emails), 2..12);
    accounts.prop_flat_map(|made| {
        let accounts: Vec<Account> = made
            .into_iter()
            .map(|((place, number), (name, email))| account(&format!("{place}/{number}"), name, email))
            .collect();
        let count = accounts.len();
        let parts = prop::collection::vec((0..count, 0..4_usize, 0..12_u8), 0..60);
        let decisions = prop::collection::vec((0..count, 0..count, 0..3_u8), 0..8);
        let own = accounts.clone();
        (parts, decisions).prop_map(move |(parts, decisions)| {
            let parts = parts.into_iter().map(|(account, role, subject)| TookPart {
                account: own[account].id.clone(),
                role: Role::ALL[role],
                subject: Key::from_raw(&format!("jira:acme/PAY-{subject}")),
            });
            let verdicts = [Verdict::Merge, Verdict::Split, Verdict::Claim];
            let decisions = (1..).zip(decisions).map(|(number, (a, b, verdict))| Decision {
                number,
                a: own[a].id.clone(),
                b: own[b].id.clone(),
                verdict: verdicts[usize::from(verdict)],
            });
            (own.clone(), parts.collect(), decisions.collect())
        })
    })
}

/// The last decision about each pair of different accounts.
fn last(decisions: &[Decision]) -> BTreeMap<BTreeSet<AccountId>, Verdict> {
    let pairs = decisions
        .iter()
        .map(|one| (BTreeSet::from([one.a.clone(), one.b.clone()]), one.verdict));
    pairs.filter(|(pair, _)| pair.len() == 2).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_order_matters((accounts, parts, decisions) in world(), seed in any::<u64>()) {
        let expected = Persons::resolve(accounts.clone(), &parts, &decided(decisions.clone()));
        let mixed = |count: usize| -> Vec<usize> {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by_key(|one| (*one as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            order
        };
        let accounts: Vec<_> = mixed(accounts.len()).into_iter().map(|one| accounts[one].clone()).collect();
        let parts: Vec<_> = mixed(parts.len()).into_iter().map(|one| parts[one].clone()).collect();
        let decisions: Vec<_> = mixed(decisions.len()).into_iter().map(|one| decisions[one].clone()).collect();
        prop_assert_eq!(Persons::resolve(accounts, &parts, &decided(decisions)), expected);
    }

    #[test]
    fn decisions_hold((accounts, parts, decisions) in world()) {
        let persons = Persons::resolve(accounts, &parts, &decided(decisions.clone()));
        let one_person = |pair: &BTreeSet<AccountId>| {
            let ids: BTreeSet<_> = pair.iter().map(|one| &persons.of(one).expect("known").id).collect();
            ids.len() == 1
        };
        let last = last(&decisions);
        let splits: Vec<_> = last.iter().filter(|(_, verdict)| **verdict == Verdict::Split).map(|(pair, _)| pair).collect();
        for pair in &splits {
            prop_assert!(!one_person(pair), "{pair:?}");
        }
        // A merge gives way only to a split.
        for (pair, _) in last.iter().filter(|(_, verdict)| **verdict == Verdict::Merge) {
            prop_assert!(one_person(pair) || !splits.is_empty(), "{pair:?}");
        }
    }

    #[test]
    fn what_a_split_undid_a_merge_restores((accounts, parts, decisions) in world()) {
        let (a, b) = (accounts[0].id.clone(), accounts[1].id.clone());
        let with = |more: &[Verdict]| {
            let more = (100..).zip(more).map(|(number, verdict)| Decision { number, a: a.clone(), b: b.clone(), verdict: *verdict });
            let all = decisions.iter().cloned().chain(more).collect();
            Persons::resolve(accounts.clone(), &parts, &decided(all))
        };
        // The numbers of decisions say only which one is later.
        prop_assert_eq!(with(&[Verdict::Merge]), with(&[Verdict::Merge, Verdict::Split, Verdict::Merge]));
        prop_assert_eq!(with(&[Verdict::Split]), with(&[Verdict::Split, Verdict::Merge, Verdict::Split]));
    }

    #[test]
    fn every_account_is_somebodys_and_likeness_crowds_no_place((accounts, parts, _) in world()) {
        let accounts: Vec<_> = accounts.into_iter().map(|one| Account { emails: Vec::new(), ..one }).collect();
        let persons = Persons::resolve(accounts.clone(), &parts, &Statements::default());
        let count: usize = persons.all().iter().map(|person| person.accounts.len()).sum();
        prop_assert_eq!(count, accounts.len());
        for person in persons.all() {
            let places: Vec<_> = person.accounts.iter().map(|one| instance(&one.id)).filter(|place| *place != "git").collect();
            prop_assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), places.len());
        }
    }
}
