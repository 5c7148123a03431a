//! Connectors: each reads one kind of source and delivers pages of changes.

pub mod access;
pub mod archive;
pub mod clock;
pub mod git;
pub mod github;
pub mod http;
#[cfg(test)]
mod memory;
pub mod oauth;
pub mod secret;
pub mod slack;
pub mod vault;
