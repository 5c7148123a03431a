//! Connectors: each reads one kind of source and delivers pages of changes.

pub mod access;
pub mod archive;
mod atlassian;
mod batch;
pub mod clock;
pub mod confluence;
mod cursor;
mod estimate;
pub mod git;
pub mod github;
mod hex;
pub mod http;
pub mod jira;
pub mod oauth;
pub mod secret;
pub mod slack;
pub mod vault;
pub mod webhook;
