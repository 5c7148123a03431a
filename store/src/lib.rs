//! The store of truth: documents and their revisions, access rules, accounts, cursors, leases and dead letters, and
//! beside them what the projections must keep exactly once: chunks, term statistics, mentions and cached vectors.
//!
//! One database file, one writer at a time. Every method of the seams is one transaction: it happens as a whole or not
//! at all, and a reader sees one moment.

mod sqlite;

pub use sqlite::Sqlite;
