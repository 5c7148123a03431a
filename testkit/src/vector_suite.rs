//! The conformance suite of `VectorIndex`: one list of named cases that every backend passes, each on an index of its own.

mod cases;
mod generate;
mod oracle;
mod worlds;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::seam::VectorIndex;
use domain::{Filter, Visible};

pub use self::oracle::Oracle;

/// The length of the dense vectors that the suite writes; open the index for it.
pub const DIMENSIONS: usize = 16;

/// What a case returns.
pub type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One thing that holds for every vector index; panics where it does not.
#[derive(Clone, Copy)]
pub struct Case {
    /// What holds.
    pub name: &'static str,
    /// Checks it on an empty index.
    pub run: for<'a> fn(&'a dyn VectorIndex) -> Running<'a>,
}

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        /// All cases.
        pub const CASES: &[Case] = &[$(Case { name: stringify!($name), run: |index| Box::pin($module::$name(index)) }),*];
    };
}

cases![
    cases::replaced_points_are_found_by_the_next_query,
    cases::repeating_a_replace_changes_nothing,
    cases::a_shrinking_document_loses_its_stale_points,
    cases::a_set_without_points_removes_its_document,
    cases::the_last_set_of_a_document_counts,
    cases::a_document_moves_to_another_label_as_a_whole,
    cases::an_empty_set_of_labels_sees_nothing,
    cases::limit_zero_finds_nothing,
    cases::a_limit_beyond_the_index_finds_all,
    cases::an_empty_sparse_query_finds_nothing,
    cases::points_that_share_no_term_are_not_found,
    cases::equal_scores_come_by_chunk_id_even_at_the_limit,
    cases::times_at_the_ends_of_the_range_are_compared,
    cases::filters_compare_labels_and_states_lower_cased,
    cases::scan_returns_what_was_written_page_by_page,
    cases::clear_removes_everything_and_leaves_a_usable_index,
    cases::malformed_vectors_are_refused,
    worlds::filters_alone_and_combined_agree_with_the_oracle,
    worlds::real_numbers_agree_with_the_oracle,
    worlds::hidden_points_change_no_bit_of_an_answer,
];

/// Run every case on an index of its own from `fresh`.
///
/// # Panics
/// With the names of the cases that failed and why.
pub async fn run(fresh: impl AsyncFn() -> Arc<dyn VectorIndex>) {
    let mut failed = Vec::new();
    for case in CASES {
        let index = fresh().await;
        let run = tokio::spawn(async move { (case.run)(&*index).await });
        if let Err(error) = run.await {
            failed.push(format!("{}: {error}", case.name));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed:\n{}",
        failed.len(),
        CASES.len(),
        failed.join("\n")
    );
}

/// Write what [`check_after_reopen`] expects, and flush it.
pub async fn fill_before_reopen(index: &dyn VectorIndex) {
    for sets in generate::histories(7, 4) {
        index.replace(sets).await.expect("replace");
    }
    index.flush().await.expect("flush");
}

/// Check that an index opened anew holds what [`fill_before_reopen`] wrote, and that it can be written to.
pub async fn check_after_reopen(index: &dyn VectorIndex) {
    let mut oracle = Oracle::default();
    for sets in generate::histories(7, 4) {
        oracle.replace(sets);
    }
    oracle.check_contents(index).await;
    for sets in generate::histories(8, 4) {
        oracle.replace(sets.clone());
        index.replace(sets).await.expect("replace");
    }
    oracle.check_contents(index).await;
    let all = index.count(Filter::visible(Visible::All)).await.expect("count");
    assert!(all > 0, "the histories leave something");
}
