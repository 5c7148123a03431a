//! Connectors: what reads a source and turns it into documents, accounts and access rules.

pub mod access;
pub mod archive;
