//! The ends of edges as they lie at their nodes, and long lists of them counted.

use std::collections::{BTreeMap, BTreeSet};

use super::manner::Manner;
use super::statement::{Statement, Statements};

/// One end of an asserted edge, as it lies at its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// The node at the other end.
    pub(crate) other: u32,
    /// The number of the statement; the highest bit: whether the edge comes in.
    statement: u32,
}

const IN: u32 = 1 << 31;

impl Slot {
    /// The number of the statement that asserts it.
    #[inline]
    pub(crate) fn statement(self) -> u32 {
        self.statement & !IN
    }

    /// Whether the edge ends here.
    #[inline]
    pub(crate) fn comes_in(self) -> bool {
        self.statement & IN != 0
    }

    /// Where the edge starts and ends, `here` being the node at which this lies.
    #[inline]
    pub(crate) fn ends(self, here: u32) -> (u32, u32) {
        if self.comes_in() {
            (self.other, here)
        } else {
            (here, self.other)
        }
    }

    /// Where an edge starts.
    pub(crate) fn out(to: u32, statement: u32) -> Self {
        Self { other: to, statement }
    }

    /// Where an edge ends.
    pub(crate) fn into(from: u32, statement: u32) -> Self {
        Self {
            other: from,
            statement: statement | IN,
        }
    }
}

/// One end of an asserted edge with all that decides in a traversal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Half {
    /// The node at the other end.
    pub(crate) other: u32,
    /// Who asserts it, and how.
    pub(crate) statement: Statement,
    /// How it is asserted.
    pub(crate) manner: Manner,
    /// How it lies at its node.
    pub(crate) slot: Slot,
}

impl Half {
    /// Whether the edge ends here.
    pub(crate) fn comes_in(self) -> bool {
        self.slot.comes_in()
    }

    /// Where the edge starts and ends, `here` being the node at which this lies.
    #[inline]
    pub(crate) fn ends(self, here: u32) -> (u32, u32) {
        self.slot.ends(here)
    }
}

/// How many edges there are of each manner.
pub(crate) type Hub = BTreeMap<u32, u64>;

/// How many edges of each manner a list has, loops left out.
pub(crate) fn hub_of(halves: &[Slot], node: u32, statements: &Statements) -> Hub {
    let mut hub = Hub::new();
    for slot in halves.iter().filter(|slot| slot.other != node) {
        *hub.entry(statements.get(slot.statement()).manner).or_default() += 1;
    }
    hub
}

/// Bring a list in the order of the other ends, in which one is found without a look at all. The first `ordered` are in
/// order already: the others are moved in between in one pass.
pub(crate) fn order(halves: &mut [Slot], ordered: usize) {
    let mut added = halves[ordered..].to_vec();
    added.sort_by_key(|slot| slot.other);
    let mut end = ordered;
    while let Some(slot) = added.pop() {
        let start = halves[..end].partition_point(|one| one.other <= slot.other);
        halves.copy_within(start..end, start + added.len() + 1);
        halves[start + added.len()] = slot;
        end = start;
    }
}

/// Take out those of a list in order that `goes` tells, each of which leads to one of `others`: no others are looked at.
pub(crate) fn take_out(halves: &mut Vec<Slot>, others: &[u32], mut goes: impl FnMut(Slot) -> bool) {
    let mut gone: Vec<usize> = Vec::new();
    for other in others.iter().copied().collect::<BTreeSet<u32>>() {
        let start = halves.partition_point(|slot| slot.other < other);
        let leading = (start..).zip(leading_to(&halves[start..], other));
        gone.extend(leading.filter(|(_, slot)| goes(**slot)).map(|(place, _)| place));
    }
    let (Some(mut end), ends) = (
        gone.first().copied(),
        gone.iter().skip(1).copied().chain([halves.len()]),
    ) else {
        return;
    };
    for (place, next) in gone.iter().zip(ends) {
        halves.copy_within(place + 1..next, end);
        end += next - place - 1;
    }
    halves.truncate(end);
}

/// The part of a list in order that leads to `other`.
pub(crate) fn leading_to(halves: &[Slot], other: u32) -> &[Slot] {
    let rest = &halves[halves.partition_point(|slot| slot.other < other)..];
    &rest[..rest.partition_point(|slot| slot.other == other)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Slot, leading_to, order, take_out};

    fn slots() -> impl Strategy<Value = Vec<(u32, u32)>> {
        prop::collection::vec((0..12_u32, 0..4_u32), 0..40)
    }

    fn list(pairs: &[(u32, u32)]) -> Vec<Slot> {
        pairs
            .iter()
            .map(|(other, statement)| Slot::out(*other, *statement))
            .collect()
    }

    fn told(halves: &[Slot]) -> Vec<(u32, u32)> {
        halves.iter().map(|slot| (slot.other, slot.statement())).collect()
    }

    proptest! {
        #[test]
        fn what_is_added_comes_in_order_behind_its_equals(mut first in slots(), added in slots()) {
            first.sort_by_key(|(other, _)| *other);
            let mut halves = list(&[first.clone(), added.clone()].concat());
            order(&mut halves, first.len());
            let mut sorted = [first, added].concat();
            sorted.sort_by_key(|(other, _)| *other);
            prop_assert_eq!(told(&halves), sorted);
        }

        #[test]
        fn what_goes_is_found_where_it_leads(mut all in slots(), gone in 0..4_u32) {
            all.sort_by_key(|(other, _)| *other);
            let others: Vec<u32> = all.iter().filter(|(_, statement)| *statement == gone).map(|(other, _)| *other).collect();
            let mut halves = list(&all);
            take_out(&mut halves, &others, |slot| slot.statement() == gone);
            all.retain(|(_, statement)| *statement != gone);
            prop_assert_eq!(told(&halves), all);
        }

        #[test]
        fn a_look_up_finds_what_a_look_at_all_finds(mut all in slots(), other in 0..12_u32) {
            all.sort_by_key(|(other, _)| *other);
            let found = told(leading_to(&list(&all), other));
            all.retain(|(one, _)| *one == other);
            prop_assert_eq!(found, all);
        }
    }
}
