//! From the events of an item to relationships with the time that each held.

use std::collections::BTreeMap;

use domain::{AccountId, EdgeKind, Key, Link, Timestamp};
use serde_json::Value;

use super::super::config::Config;
use super::Item;
use crate::archive::github::item::is_login;
use crate::archive::json::{at, list, text, time};

/// Relationships of a kind that have ended, at most, the newest.
const MOST: usize = 100;
/// The rule of what was connected by hand.
const CONNECTED: &str = "github.connected";

/// What a relationship is with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum With {
    /// A pull request of `closes` and an issue of it; one of them is the item itself.
    Closes(Item, Item),
    /// A duplicate and what it repeats; one of them is the item itself.
    Duplicates(Item, Item),
    /// Somebody to whom it is assigned.
    Assigned(AccountId),
}

/// An event: what a relationship is with, and whether it begins.
type Event = (Timestamp, With, bool);

/// A relationship from when to when, as far as that is told.
type Interval<'s> = (&'s With, Option<Timestamp>, Option<Timestamp>);

/// What is stated of one item.
#[derive(Debug, Default)]
pub(in super::super) struct Stated {
    /// The issues that it will close.
    closing: Vec<Item>,
    events: Vec<Event>,
    /// Whether later events are missing.
    cut: bool,
}

/// The item that is stated upon.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Own<'o> {
    pub(in super::super) config: &'o Config,
    /// The number of its repository, and its own.
    pub(in super::super) repository: u64,
    pub(in super::super) number: u64,
}

impl Own<'_> {
    fn is(self, item: &Item) -> bool {
        (item.repository, item.number) == (self.repository, self.number)
    }

    /// An edge from one item to another, one of which is this; none where neither is.
    fn between(self, kind: EdgeKind, (from, to): (&Item, &Item), rule: &str) -> Option<Link> {
        match (self.is(from), self.is(to)) {
            (true, false) => Some(self.edge(kind, (to, false), rule)),
            (false, true) => Some(self.edge(kind, (from, true), rule)),
            (true, true) | (false, false) => None,
        }
    }

    /// An edge to another item. What lies in another repository is for those who may read that one too.
    fn edge(self, kind: EdgeKind, (other, inverse): (&Item, bool), rule: &str) -> Link {
        let also = (other.repository != self.repository).then(|| self.config.label(other.repository));
        Link {
            kind,
            target: other.key.clone(),
            inverse,
            rule: rule.to_owned(),
            at: None,
            until: None,
            also,
        }
    }
}

/// The account of somebody assigned. REST, by which accounts are known, marks the logins of apps.
fn account(assignee: &Value) -> Option<AccountId> {
    let login = text(assignee, &["login"])?;
    let app = text(assignee, &["__typename"]) == Some("Bot") && !login.ends_with(']');
    let login = if app { format!("{login}[bot]") } else { login.to_owned() };
    is_login(&login).then(|| Key::account("github", &login))
}

/// Read an event.
fn event(node: &Value) -> Option<Event> {
    let item = |side: &str| at(node, &[side]).and_then(Item::read);
    let assigned = || account(at(node, &["assignee"])?).map(With::Assigned);
    let duplicate = || Some(With::Duplicates(item("duplicate")?, item("canonical")?));
    // Either side may be the one whose timeline it is; only pull requests close issues.
    let connected = || {
        let kind = |side: &str| text(node, &[side, "__typename"]);
        let (pull, issue) = match (kind("source")?, kind("subject")?) {
            ("PullRequest", "Issue") => ("source", "subject"),
            ("Issue", "PullRequest") => ("subject", "source"),
            _ => return None,
        };
        Some(With::Closes(item(pull)?, item(issue)?))
    };
    let (with, begins) = match text(node, &["__typename"])? {
        "ConnectedEvent" => (connected()?, true),
        "DisconnectedEvent" => (connected()?, false),
        "MarkedAsDuplicateEvent" => (duplicate()?, true),
        "UnmarkedAsDuplicateEvent" => (duplicate()?, false),
        "AssignedEvent" => (assigned()?, true),
        "UnassignedEvent" => (assigned()?, false),
        _ => return None,
    };
    Some((time(node, &["createdAt"])?, with, begins))
}

impl Stated {
    /// Read a node with the first page of its timeline.
    pub(super) fn read(node: &Value) -> Self {
        let closing = list(node, &["closingIssuesReferences", "nodes"]);
        let mut stated = Self {
            closing: closing.iter().filter_map(Item::read).collect(),
            ..Self::default()
        };
        stated.events(list(node, &["timelineItems", "nodes"]));
        stated
    }

    /// Take in a page of events. One that is of no use, or whose other side may not be seen, is passed over.
    pub(super) fn events(&mut self, nodes: &[Value]) {
        self.events.extend(nodes.iter().filter_map(event));
    }

    /// Note that later events are missing: of what they may have ended nothing is said.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Relationships as they held: those that have ended by their ends, then those that hold.
    fn intervals(&self) -> Vec<Interval<'_>> {
        let mut events: Vec<&Event> = self.events.iter().collect();
        events.sort_by_key(|(at, ..)| *at);
        let (mut open, mut told) = (BTreeMap::new(), Vec::new());
        for (at, with, begins) in events {
            if *begins {
                open.entry(with).or_insert(*at);
            } else {
                told.push((with, open.remove(with), Some(*at)));
            }
        }
        if !self.cut {
            told.extend(open.into_iter().map(|(with, since)| (with, Some(since), None)));
        }
        told
    }

    /// Since when it is assigned to each who has it now, as far as that is told.
    pub(in super::super) fn assigned(&self) -> BTreeMap<AccountId, Timestamp> {
        let intervals = self.intervals().into_iter();
        intervals
            .filter_map(|interval| match interval {
                (With::Assigned(account), Some(since), None) => Some((account.clone(), since)),
                _ => None,
            })
            .collect()
    }

    /// The edges that follow.
    pub(in super::super) fn links(&self, own: Own<'_>) -> Vec<Link> {
        let mut links = newest(self.intervals().into_iter().filter_map(|(with, at, until)| {
            let edge = match with {
                With::Closes(pull, issue) => own.between(EdgeKind::Closes, (pull, issue), CONNECTED),
                With::Duplicates(one, other) => own.between(EdgeKind::Duplicates, (one, other), "github.duplicate"),
                // Those who have it now are listed with the item.
                With::Assigned(_) if until.is_none() => None,
                With::Assigned(account) => Some(had(account)),
            };
            Some(Link { at, until, ..edge? })
        }));
        let closing = self.closing.iter().filter(|issue| !own.is(issue)).map(|issue| {
            let edge = own.edge(EdgeKind::Closes, (issue, false), "github.closing");
            // One that was connected by hand is closed since then; what text says counts from its own time.
            let by_hand = |link: &&Link| link.rule == CONNECTED && link.until.is_none() && link.target == edge.target;
            let at = links.iter().find(by_hand).and_then(|link| link.at);
            Link { at, ..edge }
        });
        let closing: Vec<Link> = closing.collect();
        links.extend(closing);
        links
    }
}

/// The edge to somebody who had the item.
fn had(account: &AccountId) -> Link {
    Link {
        kind: EdgeKind::Assigned,
        target: account.clone(),
        inverse: false,
        rule: "github.timeline.assigned".to_owned(),
        at: None,
        until: None,
        also: None,
    }
}

/// All that hold, and of those that have ended the newest of each kind.
fn newest(links: impl Iterator<Item = Link>) -> Vec<Link> {
    let mut links: Vec<Link> = links.collect();
    let mut ended: BTreeMap<EdgeKind, usize> = BTreeMap::new();
    links.reverse();
    links.retain(|link| {
        let count = ended.entry(link.kind).or_default();
        *count += usize::from(link.until.is_some());
        link.until.is_none() || *count <= MOST
    });
    links.reverse();
    links
}

#[cfg(test)]
mod tests;
