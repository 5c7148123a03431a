//! How a document's facts lie in the file: the topology, which is loaded at start, and the details, which answers fetch.
//!
//! Numbers are LEB128 varints, texts are a length and UTF-8. Every reader is total: what does not parse is `None`.

use domain::{EdgeKind, Evidence, Timestamp};

use super::print::Print;

// A code has five bits in memory.
const _: () = assert!(EdgeKind::ALL.len() <= 32);

/// What one document asserts, by numbers.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Topology {
    /// When the document was made.
    pub(crate) at: Option<Timestamp>,
    /// The node facts in their order.
    pub(crate) nodes: Vec<TopologyNode>,
    /// The edges in their order.
    pub(crate) edges: Vec<TopologyEdge>,
}

/// A node fact without its title.
#[derive(Debug, PartialEq)]
pub(crate) struct TopologyNode {
    /// The number of its key.
    pub(crate) key: u32,
    /// What it says.
    pub(crate) print: Print,
    /// The numbers of its aliases, which are numbered with the keys.
    pub(crate) aliases: Vec<u32>,
}

/// An edge without its evidence.
#[derive(Debug, PartialEq)]
pub(crate) struct TopologyEdge {
    /// The number of the key where it starts.
    pub(crate) from: u32,
    /// The number of the key where it ends.
    pub(crate) to: u32,
    /// What it says.
    pub(crate) kind: EdgeKind,
    /// The number of its second label.
    pub(crate) also: Option<u32>,
    /// The number of its rule.
    pub(crate) rule: u32,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// When it was stated, where that is known apart from the document.
    pub(crate) at: Option<Timestamp>,
    /// When it ended.
    pub(crate) until: Option<Timestamp>,
}

/// The parts of a document's facts that only answers need, in the order of its topology.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Details {
    /// A title for every node fact.
    pub(crate) titles: Vec<Option<String>>,
    /// The words behind every edge.
    pub(crate) edges: Vec<Evidence>,
}

/// The place of an edge kind in the list of all: its code in memory and in the file.
pub(crate) fn edge_code(kind: EdgeKind) -> u8 {
    let place = EdgeKind::ALL.iter().position(|one| *one == kind);
    place
        .and_then(|place| u8::try_from(place).ok())
        .expect("every kind is in the list of all, which is short")
}

/// The edge kind of a code.
pub(crate) fn edge_kind(code: u8) -> Option<EdgeKind> {
    EdgeKind::ALL.get(usize::from(code)).copied()
}

impl Topology {
    /// As bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.nodes.len() * 16 + self.edges.len() * 16);
        put_time(&mut out, self.at);
        put_length(&mut out, self.nodes.len());
        for node in &self.nodes {
            put(&mut out, u64::from(node.key));
            out.extend_from_slice(&node.print.0.to_le_bytes());
            put_length(&mut out, node.aliases.len());
            node.aliases.iter().for_each(|alias| put(&mut out, u64::from(*alias)));
        }
        put_length(&mut out, self.edges.len());
        for edge in &self.edges {
            put(&mut out, u64::from(edge.from));
            put(&mut out, u64::from(edge.to));
            let times = u8::from(edge.at.is_some()) << 5 | u8::from(edge.until.is_some()) << 6;
            out.push(edge_code(edge.kind) | times);
            put(&mut out, edge.also.map_or(0, |label| u64::from(label) + 1));
            put(&mut out, u64::from(edge.rule));
            out.extend_from_slice(&edge.confidence.to_bits().to_le_bytes());
            for time in [edge.at, edge.until].into_iter().flatten() {
                out.extend_from_slice(&time.0.to_le_bytes());
            }
        }
        out
    }

    /// Read what `encode` wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut out = Self::default();
        out.read(bytes).map(|()| out)
    }

    /// Read what `encode` wrote in place of what is here, whose memory is used again.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Option<()> {
        let mut input = Input(bytes);
        self.at = match input.take()? {
            [0] => None,
            [1] => Some(input.time()?),
            _ => return None,
        };
        self.nodes.clear();
        self.edges.clear();
        for _ in 0..input.length()? {
            let (key, print) = (input.id()?, Print(u64::from_le_bytes(input.take()?)));
            print.kind()?;
            let aliases = (0..input.length()?).map(|_| input.id()).collect::<Option<_>>()?;
            self.nodes.push(TopologyNode { key, print, aliases });
        }
        for _ in 0..input.length()? {
            let (from, to) = (input.id()?, input.id()?);
            let [code] = input.take()?;
            if code >= 1 << 7 {
                return None;
            }
            let also = input.number()?.checked_sub(1).map(u32::try_from).transpose().ok()?;
            let (rule, confidence) = (input.id()?, input.share()?);
            let at = if code >> 5 & 1 == 1 { Some(input.time()?) } else { None };
            let until = if code >> 6 & 1 == 1 { Some(input.time()?) } else { None };
            self.edges.push(TopologyEdge {
                from,
                to,
                kind: edge_kind(code & 0x1f)?,
                also,
                rule,
                confidence,
                at,
                until,
            });
        }
        input.0.is_empty().then_some(())
    }
}

impl Details {
    /// As bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.titles.len() * 40 + self.edges.len() * 60);
        put_length(&mut out, self.titles.len());
        for title in &self.titles {
            out.push(u8::from(title.is_some()));
            if let Some(title) = title {
                put_text(&mut out, title);
            }
        }
        put_length(&mut out, self.edges.len());
        for evidence in &self.edges {
            out.push(u8::from(evidence.span.is_some()));
            put_text(&mut out, &evidence.text);
            if let Some((start, end)) = evidence.span {
                put(&mut out, u64::from(start));
                put(&mut out, u64::from(end));
            }
        }
        out
    }

    /// Read what `encode` wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        let mut out = Self::default();
        for _ in 0..input.length()? {
            let [titled] = input.take()?;
            out.titles.push(if titled == 1 {
                Some(input.text()?.to_owned())
            } else {
                None
            });
        }
        for _ in 0..input.length()? {
            let [flags] = input.take()?;
            let text = input.text()?.to_owned();
            let span = if flags & 1 == 1 {
                Some((input.id()?, input.id()?))
            } else {
                None
            };
            out.edges.push(Evidence { text, span });
        }
        input.0.is_empty().then_some(out)
    }
}

/// Texts one after the other.
pub(crate) fn encode_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut out = Vec::new();
    for name in names {
        put_text(&mut out, name);
    }
    out
}

/// Read what `encode_names` wrote.
pub(crate) fn decode_names(bytes: &[u8]) -> Option<Vec<&str>> {
    let mut input = Input(bytes);
    let mut out = Vec::new();
    while !input.0.is_empty() {
        out.push(input.text()?);
    }
    Some(out)
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).expect("seven bits"));
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put(out, u64::try_from(length).expect("a length fits 64 bits"));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_time(out: &mut Vec<u8>, time: Option<Timestamp>) {
    out.push(u8::from(time.is_some()));
    out.extend(time.into_iter().flat_map(|time| time.0.to_le_bytes()));
}

/// Bytes still to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let [byte] = self.take()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    fn id(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A count of things that each take a byte at least, so that a damaged one cannot ask for more memory than the row had.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?)
            .ok()
            .filter(|length| *length <= self.0.len())
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.take().map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }

    fn share(&mut self) -> Option<f32> {
        let share = f32::from_bits(u32::from_le_bytes(self.take()?));
        (0.0..=1.0).contains(&share).then_some(share)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use domain::{EdgeKind, Evidence, Timestamp};
    use proptest::prelude::*;

    use super::super::print::Print;
    use super::{Details, Topology, TopologyEdge, TopologyNode, decode_names, encode_names};

    fn time() -> impl Strategy<Value = Option<Timestamp>> {
        prop::option::of(any::<i64>().prop_map(Timestamp))
    }

    fn topology() -> impl Strategy<Value = Topology> {
        let print = (any::<u64>(), 0_u64..19).prop_map(|(hash, kind)| Print(hash & !0x1f | kind));
        let node = (any::<u32>(), print, prop::collection::vec(any::<u32>(), 0..4))
            .prop_map(|(key, print, aliases)| TopologyNode { key, print, aliases });
        let kind = prop::sample::select(EdgeKind::ALL);
        let edge = (
            any::<u32>(),
            any::<u32>(),
            kind,
            prop::option::of(any::<u32>()),
            any::<u32>(),
            0.0_f32..=1.0,
            (time(), time()),
        )
            .prop_map(|(from, to, kind, also, rule, confidence, (at, until))| TopologyEdge {
                from,
                to,
                kind,
                also,
                rule,
                confidence,
                at,
                until,
            });
        (
            time(),
            prop::collection::vec(node, 0..5),
            prop::collection::vec(edge, 0..9),
        )
            .prop_map(|(at, nodes, edges)| Topology { at, nodes, edges })
    }

    fn details() -> impl Strategy<Value = Details> {
        let evidence =
            ("\\PC{0,30}", prop::option::of(any::<(u32, u32)>())).prop_map(|(text, span)| Evidence { text, span });
        let titles = prop::collection::vec(prop::option::of("\\PC{0,30}"), 0..5);
        (titles, prop::collection::vec(evidence, 0..9)).prop_map(|(titles, edges)| Details { titles, edges })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(topology in topology(), details in details(), names in prop::collection::vec("\\PC{0,20}", 0..9)) {
            prop_assert_eq!(Topology::decode(&topology.encode()), Some(topology));
            prop_assert_eq!(Details::decode(&details.encode()), Some(details));
            let bytes = encode_names(names.iter().map(String::as_str));
            prop_assert_eq!(decode_names(&bytes), Some(names.iter().map(String::as_str).collect()));
        }

        #[test]
        fn a_cut_or_arbitrary_row_is_refused_and_never_panics(topology in topology(), cut in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..80)) {
            let bytes = topology.encode();
            prop_assert_eq!(Topology::decode(&bytes[..cut.index(bytes.len())]), None);
            let _ = (Topology::decode(&noise), Details::decode(&noise), decode_names(&noise));
        }
    }
}
