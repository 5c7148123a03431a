//! What every graph store must do, as plain functions over `&dyn GraphStore` in one named list.
//!
//! A backend's test opens an empty store and calls [`run`]. Beside examples there are properties over small random worlds,
//! compared with an [`Oracle`] that enumerates everything by brute force.
//!
//! Two things the seam leaves open are fixed here, for all backends alike:
//! - The charge for passing through a node is 0.02 for every binary digit of the number of visible assertions, of the kinds
//!   asked for, that touch it and are no loops.
//! - The only path from a node to itself is the one without an edge.

mod central;
mod examples;
mod oracle;
mod properties;
mod random;
mod refusals;

use std::pin::Pin;

use domain::seam::{EdgeFilter, GraphStore, Measure, Ranking, Scope};
use domain::{
    AccessId, DocumentFacts, DocumentId, EdgeFact, EdgeKind, Evidence, Key, NodeFact, NodeKind, SourceId, Visible,
};

pub use self::oracle::Oracle;

/// One thing a store must do. It is given an empty store and the number of random worlds to try.
pub type Case = for<'a> fn(&'a dyn GraphStore, u32) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

macro_rules! cases {
    ($($module:ident::$name:ident,)+) => {
        &[$((stringify!($name), |store, worlds| Box::pin($module::$name(store, worlds))),)+]
    };
}

/// All of them, by name.
pub const CASES: &[(&str, Case)] = cases![
    examples::an_empty_store_has_nothing,
    examples::a_stub_becomes_real_when_its_document_arrives,
    examples::what_a_document_asserts_dies_with_it,
    examples::a_new_label_counts_at_once,
    examples::the_second_label_of_an_edge_counts,
    examples::a_revoked_document_does_not_exist,
    examples::hidden_and_absent_fail_alike,
    examples::the_strongest_visible_assertion_is_shown,
    examples::an_alias_leads_to_the_smallest_visible_key,
    examples::a_view_names_at_most_sixteen_documents,
    examples::expansion_is_nearest_first_and_tells_what_it_cut,
    examples::paths_avoid_what_is_hidden,
    examples::parallel_edges_are_one_step,
    examples::paths_go_through_a_given_node,
    examples::hubs_are_charged_by_their_visible_edges,
    central::two_circles_are_two_communities,
    refusals::out_of_bounds_is_invalid,
    refusals::a_batch_with_a_bad_document_changes_nothing,
    refusals::the_later_of_two_states_in_a_batch_counts,
    properties::facts_read_back_as_given,
    properties::answers_equal_the_oracle,
    properties::paths_in_a_sparse_world_equal_the_oracle,
    properties::the_order_of_arrival_does_not_matter,
    properties::repeating_changes_nothing,
    properties::hidden_facts_change_no_answer,
    properties::revoked_facts_change_no_answer,
];

/// Run every case on `store`, which is cleared before each, with so many random worlds for each property.
pub async fn run(store: &dyn GraphStore, worlds: u32) {
    for (_, case) in CASES {
        store.clear().await.expect("a store can be cleared");
        case(store, worlds).await;
    }
    store.clear().await.expect("a store can be cleared");
}

/// The same answers come from a store that was closed and opened again. `open` opens the one store there is.
pub async fn run_reopened<S, F>(open: F, worlds: u32)
where
    S: GraphStore,
    F: AsyncFn() -> S,
{
    properties::what_was_closed_opens_the_same(open, worlds).await;
}

/// The `n`th document of these tests.
pub fn document(n: u32) -> DocumentId {
    DocumentId::new(&SourceId::new("suite").expect("a good name"), &format!("d{n}"))
}

/// The `n`th label of these tests.
pub fn label(n: u32) -> AccessId {
    AccessId(format!("suite/l{n}").into())
}

/// The caller who sees these labels.
pub fn sees(labels: &[u32]) -> Scope {
    Visible::Labels(labels.iter().copied().map(label).collect()).into()
}

/// The caller who sees everything.
pub fn all() -> Scope {
    Visible::All.into()
}

/// All nodes of a scope by a measure.
pub fn ranking(measure: Measure, scope: Scope) -> Ranking {
    Ranking {
        scope,
        measure,
        edges: EdgeFilter::default(),
        limit: 100,
    }
}

/// A document without facts under a label.
pub fn facts(id: u32, access: u32) -> DocumentFacts {
    DocumentFacts::none(document(id), label(access))
}

/// An issue with a title.
pub fn node(key: &str, title: &str) -> NodeFact {
    NodeFact {
        key: Key::from_raw(key),
        kind: NodeKind::Issue,
        title: Some(title.to_owned()),
        aliases: Vec::new(),
    }
}

/// A reference from one key to another.
pub fn edge(from: &str, to: &str) -> EdgeFact {
    EdgeFact {
        from: Key::from_raw(from),
        to: Key::from_raw(to),
        kind: EdgeKind::References,
        rule: "text.key".to_owned(),
        evidence: Evidence {
            text: format!("{from} mentions {to}"),
            span: Some((0, 4)),
        },
        confidence: 1.0,
        at: None,
        until: None,
        also: None,
    }
}
