//! What people do to GitHub's items by hand, and what follows of it: who has what and when, what closes what, what repeats what.

use std::collections::BTreeMap;

use super::model::{GitHub, Item, Repository};
use crate::provider::time::SECOND;
use crate::provider::world::World;

/// Where an item is: the number of its repository, and its own.
pub(crate) type Place = (u64, u64);

/// What a deed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A person has the item.
    Assigned(usize),
    /// A pull request closes an issue.
    Connected(Place, Place),
    /// The first repeats the second.
    Duplicate(Place, Place),
}

/// Something that was done by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) at: i64,
    pub(crate) what: What,
    /// Whether it takes back what an earlier one did.
    pub(crate) ends: bool,
}

impl Deed {
    pub(crate) fn new(at: i64, what: What) -> Self {
        Self { at, what, ends: false }
    }
}

/// What somebody does to an item by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Give it to a person, whose account's key is the other end.
    Assign,
    /// Take it from a person.
    Unassign,
    /// Say that a pull request closes an issue, without a word in its text.
    Connect,
    /// Say that it does not.
    Disconnect,
    /// Mark an item as a duplicate of another.
    Duplicate,
    /// Take that back.
    NotDuplicate,
}

/// A relationship that GitHub states, and the time that it held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The key of its subject.
    pub from: String,
    /// `assigned`, `closes` or `duplicates`.
    pub kind: &'static str,
    /// The key of the other end.
    pub to: String,
    /// Since when, to the second.
    pub at: i64,
    /// Until when, where it has ended.
    pub until: Option<i64>,
}

impl Item {
    /// What was done to it and holds until when, with the time of its beginning.
    fn held(&self) -> Vec<(What, i64, Option<i64>)> {
        let (mut open, mut told) = (BTreeMap::new(), Vec::new());
        for deed in &self.deeds {
            if !deed.ends {
                open.entry(deed.what).or_insert(deed.at);
            } else if let Some(since) = open.remove(&deed.what) {
                told.push((deed.what, since, Some(deed.at)));
            }
        }
        told.extend(open.into_iter().map(|(what, since)| (what, since, None)));
        told
    }

    /// The issues that a pull request will close, as people connected them.
    pub(crate) fn closing(&self) -> Vec<Place> {
        let holds = self.held().into_iter().filter(|(.., until)| until.is_none());
        holds
            .filter_map(|(what, ..)| match what {
                What::Connected(_, issue) => Some(issue),
                What::Assigned(_) | What::Duplicate(..) => None,
            })
            .collect()
    }
}

impl GitHub {
    /// The item at a place that still is there.
    pub(crate) fn item(&self, (repository, number): Place) -> Option<(&Repository, &Item)> {
        let repository = self.repository(repository)?;
        Some((repository, repository.items.get(&number)?))
    }

    /// The place of the item with this key.
    fn place(&self, key: &str) -> Option<Place> {
        let (name, number) = key.strip_prefix("github:")?.split_once('#')?;
        let mut all = self.repositories.iter();
        let repository = all.find(|one| one.full_name().eq_ignore_ascii_case(name))?;
        let place = (repository.id, number.parse().ok()?);
        self.item(place).map(|_| place)
    }

    /// Note a deed at an item, which by that is changed.
    fn note(&mut self, (repository, number): Place, deed: Deed) -> Option<&mut Item> {
        let mut all = self.repositories.iter_mut();
        let item = all.find(|one| one.id == repository)?.items.get_mut(&number)?;
        item.updated = deed.at;
        item.deeds.push(deed);
        Some(item)
    }
}

fn key((repository, item): (&Repository, &Item)) -> String {
    format!("github:{}#{}", repository.full_name(), item.number)
}

impl World {
    /// Do something by hand; none where one of the ends is not there.
    pub(crate) fn by_hand(&mut self, hand: Hand, item: &str, with: &str) -> Option<()> {
        let place = self.github.place(item)?;
        let mut deed = Deed {
            at: self.now,
            what: What::Assigned(0),
            ends: matches!(hand, Hand::Unassign | Hand::Disconnect | Hand::NotDuplicate),
        };
        if matches!(hand, Hand::Assign | Hand::Unassign) {
            let person = self.person(with.strip_prefix("account:github/")?)?;
            deed.what = What::Assigned(person);
            let item = self.github.note(place, deed)?;
            item.assignees.retain(|one| *one != person);
            item.assignees.extend((!deed.ends).then_some(person));
            return Some(());
        }
        let other = self.github.place(with)?;
        let connects = matches!(hand, Hand::Connect | Hand::Disconnect);
        deed.what = if connects {
            What::Connected(place, other)
        } else {
            What::Duplicate(place, other)
        };
        // It stands in the timelines of both.
        for place in [place, other] {
            self.github.note(place, deed)?;
        }
        Some(())
    }

    /// What GitHub states between its items as they are now, and of those who have or had them; sorted.
    pub fn relations(&self) -> Vec<Relation> {
        let all = self.github.repositories.iter();
        let items = all.flat_map(|one| one.items.values().map(move |item| (one, item)));
        let mut relations: Vec<Relation> = items.flat_map(|found| self.stated(found)).collect();
        relations.sort();
        relations
    }

    /// What is stated with an item as its subject.
    fn stated(&self, (repository, item): (&Repository, &Item)) -> Vec<Relation> {
        let own = (repository.id, item.number);
        let other = |subject: Place, object: Place| {
            let found = self.github.item(object).filter(|_| subject == own);
            found.map(key)
        };
        let second = |at: i64| at - at.rem_euclid(SECOND);
        let told = item.held().into_iter().filter_map(|(what, at, until)| {
            let (kind, to) = match what {
                What::Assigned(person) => (
                    "assigned",
                    Some(format!("account:github/{}", self.people[person].github_login)),
                ),
                What::Connected(pull, issue) => ("closes", other(pull, issue)),
                What::Duplicate(one, canonical) => ("duplicates", other(one, canonical)),
            };
            Some(Relation {
                from: key((repository, item)),
                kind,
                to: to?,
                at: second(at),
                until: until.map(second),
            })
        });
        told.collect()
    }
}
