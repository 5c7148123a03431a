//! GitHub through its API: repositories with their issues, pull requests, reviews, comments, discussions and releases, and who may read them.

mod access;
mod census;
mod client;
mod config;
mod connector;
mod convert;
mod cursor;
mod discussions;
mod estimate;
mod people;
mod profile;
mod pulls;
mod relations;
mod repositories;
mod streams;
mod target;

pub use config::GitHubApiSettings;
pub(crate) use config::address;
pub use connector::GitHub;
pub(crate) use target::target;
