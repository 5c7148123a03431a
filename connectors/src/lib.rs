//! Connectors: each reads one kind of source and delivers pages of changes.

pub mod access;
pub mod archive;
pub mod git;
