//! The connector to Jira Cloud: projects, issues with their comments, and accounts, and who may read them.

mod access;
mod client;
mod config;
mod connector;
pub(crate) mod convert;
mod cursor;
mod estimate;
mod history;
mod holders;
mod hooks;
mod issues;
pub(crate) mod links;
pub(crate) mod people;
mod projects;
mod pull;
mod slice;
mod sweep;
mod target;
#[cfg(test)]
mod tests;

pub use config::JiraCloudSettings;
pub use connector::Jira;
pub(crate) use target::target;
