//! The graph that is measured: nodes with labels, and edges, as numbers and as documents that assert them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use domain::{AccessId, DocumentFacts, DocumentId, EdgeFact, EdgeKind, Evidence, Key, NodeFact, NodeKind, SourceId};
use domain::{Timestamp, Visible};

/// Labels that the callers of this benchmark do not see, of 100: a tenth.
const HIDDEN: u32 = 10;

/// Nodes by number and their out edges.
pub(crate) struct Data {
    /// The label of every node.
    pub(crate) labels: Vec<u32>,
    /// Where the out edges of every node begin; one more than nodes.
    pub(crate) starts: Vec<usize>,
    /// Where the edges end.
    pub(crate) targets: Vec<u32>,
    source: SourceId,
}

impl Data {
    /// Read `nodes.csv` and `edges.csv`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut labels = Vec::new();
        pairs(&folder.join("nodes.csv"), |_, label| labels.push(label));
        let mut edges: Vec<(u32, u32)> = Vec::new();
        pairs(&folder.join("edges.csv"), |from, to| edges.push((from, to)));
        edges.sort_by_key(|(from, _)| *from);
        let mut starts = vec![0; labels.len() + 1];
        for (from, _) in &edges {
            starts[*from as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        Self {
            labels,
            starts,
            targets: edges.into_iter().map(|(_, to)| to).collect(),
            source: SourceId::new("bench").expect("a good name"),
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.labels.len()).expect("nodes have 32 bits")
    }

    /// Where the edges of a node end.
    pub(crate) fn targets(&self, node: u32) -> &[u32] {
        &self.targets[self.starts[node as usize]..self.starts[node as usize + 1]]
    }

    /// Whether the callers see what the document of a node asserts.
    pub(crate) fn is_visible(&self, node: u32) -> bool {
        self.labels[node as usize] >= HIDDEN
    }

    /// What the callers see.
    pub(crate) fn visible(&self) -> Visible {
        Visible::Labels((HIDDEN..100).map(|label| self.label(label)).collect())
    }

    /// What the document of a node asserts: the node and its out edges.
    pub(crate) fn facts(&self, node: u32, round: i64) -> DocumentFacts {
        let document = DocumentId::new(&self.source, &node.to_string());
        let mut facts = DocumentFacts::none(document, self.label(self.labels[node as usize]));
        facts.at = Some(Timestamp(1_700_000_000_000 + i64::from(node) + round));
        facts.nodes.push(NodeFact {
            key: key(node),
            kind: NodeKind::Issue,
            title: Some(format!("node {node}")),
            aliases: Vec::new(),
        });
        facts.edges = self.targets(node).iter().map(|to| edge(node, *to)).collect();
        facts
    }

    fn label(&self, label: u32) -> AccessId {
        AccessId::new(&self.source, &label.to_string())
    }
}

/// The key of a node.
pub(crate) fn key(node: u32) -> Key {
    Key::from_raw(&format!("jira:bench/N-{node}"))
}

fn edge(from: u32, to: u32) -> EdgeFact {
    EdgeFact {
        from: key(from),
        to: key(to),
        kind: EdgeKind::References,
        rule: "text.jira_key".to_owned(),
        evidence: Evidence {
            text: format!("see N-{to}"),
            span: Some((10, 20)),
        },
        confidence: 1.0,
        at: None,
        until: None,
        also: None,
    }
}

/// Every line after the first, as two numbers.
fn pairs(path: &Path, mut each: impl FnMut(u32, u32)) {
    let file = File::open(path).expect("the file opens");
    for line in BufReader::with_capacity(1 << 20, file).lines().skip(1) {
        let line = line.expect("a line");
        let (a, b) = line.split_once(',').expect("two numbers");
        each(a.parse().expect("a number"), b.parse().expect("a number"));
    }
}

/// Numbers that are the same in every run (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ mixed >> 31) % u64::from(bound)).expect("below 32 bits")
    }

    /// A node whose document is visible.
    pub(crate) fn node(&mut self, data: &Data) -> u32 {
        loop {
            let node = self.below(data.len());
            if data.is_visible(node) {
                return node;
            }
        }
    }
}
