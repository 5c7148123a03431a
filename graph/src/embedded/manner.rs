//! How edges are asserted: kind, confidence, labels and times of their own, numbered, since many edges share few of these.
//! The numbers live in memory only and are given out anew when the file is read.

use std::collections::HashMap;

use domain::{EdgeKind, Timestamp};

use super::codec::{TopologyEdge, edge_code, edge_kind};
use super::ids::IdMap;

/// What decides in a traversal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// The number of the pair of labels.
    pub(crate) class: u32,
    /// 0 to 1.
    pub(crate) confidence: f32,
    code: u8,
    /// Whether the edge has ended.
    pub(crate) ended: bool,
}

impl Manner {
    /// The code of the kind.
    #[inline]
    pub(crate) fn code(self) -> u8 {
        self.code
    }

    /// What the edge says.
    pub(crate) fn kind(self) -> EdgeKind {
        edge_kind(self.code).expect("a code is made from a kind")
    }
}

/// When an edge was stated, where its document does not tell, and when it ended.
type Times = (Option<Timestamp>, Option<Timestamp>);

/// All that edges of one manner share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    code: u8,
    confidence: u32,
    class: u32,
    times: Times,
}

impl Terms {
    /// Of an edge under a pair of labels by a document that was made at this time.
    pub(crate) fn of(edge: &TopologyEdge, class: u32, made: Option<Timestamp>) -> Self {
        Self {
            code: edge_code(edge.kind),
            confidence: edge.confidence.to_bits(),
            class,
            times: (edge.at.filter(|_| edge.at != made), edge.until),
        }
    }
}

/// All manners by number.
#[derive(Default)]
pub(crate) struct Manners {
    list: Vec<Manner>,
    /// The times of those that have some.
    times: IdMap<u32, Times>,
    numbers: HashMap<Terms, u32>,
}

impl Manners {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The manner of a number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Manner {
        self.list[number as usize]
    }

    /// The times that edges of a manner have of their own.
    pub(crate) fn times(&self, number: u32) -> Times {
        self.times.get(&number).copied().unwrap_or_default()
    }

    /// The number of these terms, a new one where they have none.
    pub(crate) fn number(&mut self, terms: Terms) -> u32 {
        if let Some(number) = self.numbers.get(&terms).copied() {
            return number;
        }
        let number = u32::try_from(self.list.len()).expect("the plan checked that manners are left");
        let Terms {
            code,
            confidence,
            class,
            times,
        } = terms;
        self.list.push(Manner {
            class,
            confidence: f32::from_bits(confidence),
            code,
            ended: times.1.is_some(),
        });
        if times != Times::default() {
            self.times.insert(number, times);
        }
        self.numbers.insert(terms, number);
        number
    }

    /// About how many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.list.capacity() * size_of::<Manner>()
            + self.numbers.capacity() * (size_of::<(Terms, u32)>() + 1)
            + self.times.capacity() * (size_of::<(u32, Times)>() + 1)
    }
}

/// The pairs of labels (own, second) under which edges are asserted, numbered.
#[derive(Default)]
pub(crate) struct Classes {
    pairs: Vec<(u32, Option<u32>)>,
    numbers: IdMap<(u32, Option<u32>), u32>,
}

impl Classes {
    /// All pairs in the order of their numbers.
    pub(crate) fn pairs(&self) -> &[(u32, Option<u32>)] {
        &self.pairs
    }

    /// The number of a pair that has one.
    pub(crate) fn known(&self, label: u32, also: Option<u32>) -> Option<u32> {
        self.numbers.get(&(label, also)).copied()
    }

    /// The number of a pair, a new one where it has none.
    pub(crate) fn number(&mut self, label: u32, also: Option<u32>) -> u32 {
        *self.numbers.entry((label, also)).or_insert_with(|| {
            self.pairs.push((label, also));
            u32::try_from(self.pairs.len() - 1).expect("the plan checked that classes are left")
        })
    }
}
