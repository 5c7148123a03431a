//! What stands around a result in the graph: the few edges that best tell why it matters.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::{Direction, EdgeView, Expansion, Scope, Subgraph};
use domain::{Document, EdgeKind, ErrorKind, Key};

use super::Search;
use super::answer::Neighbor;

/// Edges shown with each result.
const NEIGHBORS: usize = 4;
/// Edges looked at to choose them.
const LOOK: usize = 16;

/// Edges that somebody meant when he wrote them, the most telling first.
const TELLING: [EdgeKind; 9] = [
    EdgeKind::Closes,
    EdgeKind::Merges,
    EdgeKind::Duplicates,
    EdgeKind::Blocks,
    EdgeKind::Documents,
    EdgeKind::Discusses,
    EdgeKind::References,
    EdgeKind::LinksTo,
    EdgeKind::SameAs,
];
/// Edges that only follow from where a thing stands; shown where too few tell more.
const STRUCTURAL: [EdgeKind; 11] = [
    EdgeKind::Touches,
    EdgeKind::RepliesTo,
    EdgeKind::Mentions,
    EdgeKind::Assigned,
    EdgeKind::Reviewed,
    EdgeKind::Authored,
    EdgeKind::PartOf,
    EdgeKind::Defines,
    EdgeKind::Follows,
    EdgeKind::Imports,
    EdgeKind::Calls,
];

impl Search {
    /// The edges to show with a document. A graph that cannot answer is named in `degraded`.
    pub(super) async fn neighbors_of(
        &self,
        document: &Document,
        scope: &Scope,
        degraded: &mut BTreeSet<String>,
    ) -> Vec<Neighbor> {
        let mut neighbors = Vec::new();
        for kinds in [&TELLING[..], &STRUCTURAL] {
            let room = NEIGHBORS - neighbors.len();
            if room == 0 {
                break;
            }
            let expansion = Expansion {
                node: document.key.as_str().to_owned(),
                scope: scope.clone(),
                kinds: kinds.to_vec(),
                direction: Direction::Both,
                hops: 1,
                limit: LOOK,
            };
            match self.graph.expand(expansion).await {
                Ok(around) => neighbors.extend(chosen(around, kinds, &document.key).into_iter().take(room)),
                // The graph lags behind the store: the document has no node yet.
                Err(error) if error.kind() == ErrorKind::NotFound => break,
                Err(error) => {
                    tracing::warn!(%error, "graph cannot answer");
                    degraded.insert("graph".to_owned());
                    break;
                }
            }
        }
        neighbors
    }
}

/// Edges in the order of `kinds`, as seen from `here`; those of one kind as they come.
fn chosen(around: Subgraph, kinds: &[EdgeKind], here: &Key) -> Vec<Neighbor> {
    let titles: BTreeMap<_, _> = around.nodes.into_iter().map(|node| (node.key, node.title)).collect();
    let mut edges = around.edges;
    edges.sort_by_key(|edge| kinds.iter().position(|kind| *kind == edge.kind));
    let seen_from_here = |edge: EdgeView| {
        let out = edge.from == *here;
        let other = if out { edge.to } else { edge.from };
        Neighbor {
            title: titles.get(&other).cloned().flatten(),
            key: other.as_str().to_owned(),
            kind: edge.kind.as_str().to_owned(),
            direction: if out { "out" } else { "in" },
            evidence: edge.evidence.text,
        }
    };
    edges.into_iter().map(seen_from_here).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::seam::{EdgeView, Subgraph};
    use domain::{DocumentId, EdgeKind, Evidence, Key, SourceId};

    use super::{STRUCTURAL, TELLING, chosen};

    #[test]
    fn every_kind_of_edge_has_its_place() {
        let placed: BTreeSet<_> = TELLING.into_iter().chain(STRUCTURAL).collect();
        assert_eq!(placed, EdgeKind::ALL.iter().copied().collect());
        assert_eq!(placed.len(), TELLING.len() + STRUCTURAL.len());
    }

    #[test]
    fn what_closes_comes_before_what_refers() {
        let edge = |from: &str, kind| EdgeView {
            from: Key::from_raw(from),
            to: Key::from_raw("here"),
            kind,
            rule: "r".to_owned(),
            evidence: Evidence {
                text: "words".to_owned(),
                span: None,
            },
            confidence: 1.0,
            document: DocumentId::new(&SourceId::new("s").expect("slug"), "1"),
            first_seen: None,
            last_seen: None,
        };
        let around = Subgraph {
            nodes: Vec::new(),
            edges: vec![
                edge("b", EdgeKind::References),
                edge("c", EdgeKind::References),
                edge("a", EdgeKind::Closes),
            ],
            truncated: false,
        };
        let keys = chosen(around, &TELLING, &Key::from_raw("here"));
        let keys: Vec<_> = keys.iter().map(|one| (one.key.as_str(), one.direction)).collect();
        assert_eq!(keys, [("a", "in"), ("b", "in"), ("c", "in")]);
    }
}
