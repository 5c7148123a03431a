//! Joining accounts under constraints: what must not be one person never is, whichever way it is joined.

use std::collections::BTreeSet;

/// Accounts by number in groups that only grow.
pub(super) struct Union<'a> {
    /// The group of each account.
    group: Vec<usize>,
    /// The accounts of each group; empty where it was taken into another.
    members: Vec<Vec<usize>>,
    /// Accounts that must not be in one group with each.
    apart: Vec<BTreeSet<usize>>,
    /// Where each account is the only one of its person; none where that is not expected.
    alone: Vec<Option<&'a str>>,
}

impl<'a> Union<'a> {
    /// Each account in a group of its own.
    pub(super) fn new(alone: Vec<Option<&'a str>>) -> Self {
        let count = alone.len();
        Self {
            group: (0..count).collect(),
            members: (0..count).map(|one| vec![one]).collect(),
            apart: vec![BTreeSet::new(); count],
            alone,
        }
    }

    /// Keep two accounts apart from now on.
    pub(super) fn keep_apart(&mut self, a: usize, b: usize) {
        self.apart[a].insert(b);
        self.apart[b].insert(a);
    }

    /// The group of an account.
    pub(super) fn group(&self, account: usize) -> usize {
        self.group[account]
    }

    /// The groups, by their smallest account.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = self.members.iter().filter(|group| !group.is_empty()).cloned().collect();
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        groups
    }

    /// Join two accounts with all that are joined to them; whether they are together then. A link that is only likely also gives
    /// way to that nobody has two accounts in one place.
    pub(super) fn join(&mut self, a: usize, b: usize, sure: bool) -> bool {
        let (a, b) = (self.group[a], self.group[b]);
        if a == b {
            return true;
        }
        if self.forbidden(a, b) || (!sure && self.crowded(a, b)) {
            return false;
        }
        let (large, small) = if self.members[a].len() >= self.members[b].len() {
            (a, b)
        } else {
            (b, a)
        };
        let moved = std::mem::take(&mut self.members[small]);
        for one in &moved {
            self.group[*one] = large;
        }
        self.members[large].extend(moved);
        true
    }

    fn forbidden(&self, a: usize, b: usize) -> bool {
        let mut members = self.members[a].iter();
        members.any(|one| self.apart[*one].iter().any(|other| self.group[*other] == b))
    }

    /// Whether a place would have two accounts of one person.
    pub(super) fn crowded(&self, a: usize, b: usize) -> bool {
        let places: BTreeSet<&str> = self.members[a].iter().filter_map(|one| self.alone[*one]).collect();
        let mut others = self.members[b].iter().filter_map(|one| self.alone[*one]);
        others.any(|place| places.contains(place))
    }
}
