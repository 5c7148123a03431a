//! Slack through its API: channels, what is said in them as threads, people, and who may read what.

mod census;
mod client;
mod config;
mod connector;
mod convert;
mod cursor;
mod estimate;
mod history;
mod target;
mod workspace;

pub use config::SlackApiSettings;
pub use connector::Slack;
pub(crate) use target::target;
