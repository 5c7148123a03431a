//! Connectors: each reads one kind of source and delivers pages of changes.

pub mod access;
pub mod git;
