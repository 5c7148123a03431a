//! The ends of edges as they lie at their nodes, and long lists of them counted.

use std::collections::BTreeMap;

use domain::Timestamp;

use super::manner::Manner;
use super::memory::Graph;

/// The shortest list of edges that is counted apart: what passing through the node costs is then told without a look at all.
pub(crate) const HUB: usize = 1024;

/// One end of an asserted edge, as it lies at its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// The node at the other end.
    pub(crate) other: u32,
    /// The place of the asserting document.
    pub(crate) document: u32,
    /// The number of its manner; the highest bit: whether the edge comes in.
    manner: u32,
}

const IN: u32 = 1 << 31;

impl Slot {
    /// The number of its manner.
    #[inline]
    pub(crate) fn number(self) -> u32 {
        self.manner & !IN
    }

    /// Where an edge starts.
    pub(crate) fn out(to: u32, document: u32, manner: u32) -> Self {
        Self {
            other: to,
            document,
            manner,
        }
    }

    /// Where an edge ends.
    pub(crate) fn into(from: u32, document: u32, manner: u32) -> Self {
        Self {
            other: from,
            document,
            manner: manner | IN,
        }
    }
}

/// One end of an asserted edge with all that decides in a traversal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Half {
    /// The node at the other end.
    pub(crate) other: u32,
    /// The place of the asserting document.
    pub(crate) document: u32,
    /// The number of its manner.
    pub(crate) number: u32,
    /// How it is asserted.
    pub(crate) manner: Manner,
    comes_in: bool,
}

impl Half {
    /// Whether the edge ends here.
    pub(crate) fn comes_in(self) -> bool {
        self.comes_in
    }

    /// Where the edge starts and ends, `here` being the node at which this lies.
    #[inline]
    pub(crate) fn ends(self, here: u32) -> (u32, u32) {
        if self.comes_in {
            (self.other, here)
        } else {
            (here, self.other)
        }
    }
}

/// How many edges there are of each manner.
pub(crate) type Hub = BTreeMap<u32, u64>;

/// How many edges of each manner a list has, where it is long, loops left out.
pub(crate) fn hub_of(halves: &[Slot], node: u32) -> Option<Hub> {
    if halves.len() < HUB {
        return None;
    }
    let mut hub = Hub::new();
    for slot in halves.iter().filter(|slot| slot.other != node) {
        *hub.entry(slot.number()).or_default() += 1;
    }
    Some(hub)
}

impl Graph {
    /// An end of an edge with all that decides.
    #[inline]
    pub(crate) fn half(&self, slot: Slot) -> Half {
        let number = slot.number();
        Half {
            other: slot.other,
            document: slot.document,
            number,
            manner: self.manners.get(number),
            comes_in: slot.manner & IN != 0,
        }
    }

    /// When an edge was stated, by itself or else by its document, and when it ended.
    pub(crate) fn times(&self, half: Half) -> (Option<Timestamp>, Option<Timestamp>) {
        let (at, until) = self.manners.times(half.number);
        (at.or(self.documents[half.document as usize].at), until)
    }
}
