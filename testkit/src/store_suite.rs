//! What every store must do, as plain functions over the seams: one list, run against each backend.

mod access;
mod grants;
mod identity;
mod leases;
mod make;
mod positions;
mod projection;
mod query;
mod sources;
mod statistics;
mod sweeps;
mod sync;

use std::pin::Pin;
use std::sync::Arc;

use domain::seam::{CatalogueStore, DocumentStore, ExportStore, GrantStore, IdentityStore, ProjectionStore, SyncStore};

/// All that a store is.
pub trait Store:
    SyncStore + ProjectionStore + DocumentStore + CatalogueStore + ExportStore + GrantStore + IdentityStore
{
}

impl<T> Store for T where
    T: SyncStore + ProjectionStore + DocumentStore + CatalogueStore + ExportStore + GrantStore + IdentityStore
{
}

/// The future of a case. It panics where the store breaks the contract.
type Outcome = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One sentence of the contract, checked on an empty store.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What holds.
    pub name: &'static str,
    /// Checks that it does.
    pub run: fn(Arc<dyn Store>) -> Outcome,
}

macro_rules! cases {
    ($($module:ident { $($case:ident,)+ })+) => {
        vec![$($(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: |store| Box::pin($module::$case(store)),
        },)+)+]
    };
}

/// Every case there is.
pub fn cases() -> Vec<Case> {
    [written(), read()].concat()
}

/// Cases about what sync writes.
fn written() -> Vec<Case> {
    cases! {
        sync {
            a_page_is_stored_with_its_cursor_or_not_at_all,
            an_issue_takes_its_comments_with_it,
            changed_documents_get_the_next_revisions_in_order,
            unchanged_documents_are_only_counted,
            the_last_change_of_a_document_in_a_page_wins,
            a_deleted_document_leaves_a_tombstone,
            a_deleted_document_comes_back_under_a_new_revision,
            a_changed_label_is_a_change,
            a_large_page_is_stored_whole,
            dead_letters_come_and_go,
            oversized_input_is_refused,
            what_is_beyond_a_limit_is_told_and_the_rest_is_stored,
        }
        sweeps {
            a_complete_sweep_deletes_what_it_does_not_list,
            a_frozen_sweep_changes_nothing,
            a_sweep_is_due_until_a_complete_one_is_applied,
            a_partial_sweep_keeps_what_it_does_not_know,
            what_a_whole_reading_does_not_tell_is_forgotten,
            a_guarded_sweep_deletes_no_more_than_half,
            too_many_deletions_are_made_when_they_are_accepted,
        }
        leases {
            a_lease_has_one_holder_until_it_expires,
            a_lost_lease_writes_nothing,
            an_unknown_lease_writes_nothing,
        }
        grants {
            a_grant_is_changed_only_by_who_knows_its_version,
            a_removed_grant_keeps_counting,
            grants_are_listed_by_tenant_and_name,
            only_one_of_many_changes_a_grant,
            a_pending_authorization_is_taken_once,
            an_expired_authorization_is_gone,
            tenant_keys_are_wrapped_anew_by_version,
            a_right_to_renew_has_one_holder,
        }
        sources {
            a_source_keeps_its_connector,
            a_report_tells_what_a_source_holds,
            sources_do_not_disturb_each_other,
            a_removed_source_leaves_only_tombstones,
            a_removed_source_is_listed_until_it_is_projected,
            a_removed_source_can_be_added_again,
            an_unknown_source_holds_nothing,
            a_delivery_counts_once_for_a_week,
        }
        access {
            rules_tell_who_sees_a_label,
            a_changed_rule_counts_at_once,
            changed_readers_of_a_source_count_at_once,
            rules_are_listed_by_label,
            nothing_hidden_is_ever_read,
            chunks_of_a_former_label_stay_hidden,
            what_left_a_caller_s_sight_is_told_until_the_graph_knows,
        }
    }
}

/// Cases about what the projections and queries read, and what the projections keep.
fn read() -> Vec<Case> {
    cases! {
        projection {
            the_log_is_read_in_pages_each_document_once,
            chunks_are_replaced_and_read_in_order,
            foreign_chunks_are_refused,
            the_directory_lists_its_kinds_of_documents,
            former_names_are_told_until_the_graph_has_handled_them,
            mentions_are_replaced_and_die_with_their_document,
            cached_vectors_read_back_bit_for_bit,
            vectors_of_a_removed_source_are_dropped_when_it_is_forgotten,
        }
        positions {
            positions_only_grow,
            repeating_a_commit_changes_nothing,
            a_late_commit_changes_nothing,
            what_a_projection_cannot_handle_is_told_until_it_can,
            what_a_projection_could_not_handle_is_handed_to_it_again,
            a_reset_forgets_one_projection,
        }
        statistics {
            statistics_equal_a_recount_after_any_sequence,
            statistics_sum_only_the_labels_asked,
            a_changed_label_moves_the_counts,
        }
        identity {
            parts_are_replaced_and_die_with_their_document,
            parts_need_every_label_they_rest_on,
            accounts_are_told_by_what_is_visible_of_them,
            the_last_decision_about_a_pair_is_kept,
            a_directory_takes_the_place_of_the_one_before,
            the_version_grows_with_what_persons_rest_on,
        }
        query {
            documents_come_in_the_order_asked,
            a_document_is_found_by_key_alias_and_hash,
            documents_are_listed_page_by_page,
            hidden_documents_do_not_crowd_out_visible_ones,
            at_most_twenty_are_found_by_key,
            accounts_are_read_by_id,
            a_scan_meets_every_live_document_once,
            an_export_finds_accounts_in_order,
            an_export_finds_the_statistics_of_labels,
            an_export_finds_mentions_in_order,
        }
    }
}

/// Run every case on a store of its own. `open` returns an empty store and whatever must outlive it.
///
/// # Panics
/// When cases fail, with their names; each has told why before.
pub async fn run_all<G, F>(open: impl Fn() -> F)
where
    F: Future<Output = (Arc<dyn Store>, G)>,
{
    let mut failed = Vec::new();
    for case in cases() {
        let (store, guard) = open().await;
        if tokio::spawn((case.run)(store)).await.is_err() {
            failed.push(case.name);
        }
        drop(guard);
    }
    assert!(
        failed.is_empty(),
        "the store breaks its contract:\n  {}",
        failed.join("\n  ")
    );
}
