//! Simulators of GitHub, Jira Cloud, Slack and Confluence Cloud over one made-up organisation, for tests of the connectors.
//!
//! Everything follows from a seed and a clock that only moves when it is told to. A simulator is meant to be no kinder than the provider:
//! it checks tokens, scopes and permissions, pages as the provider pages, and refuses what the provider refuses.

mod auth;
mod call;
mod control;
mod faults;
mod github;
mod jira;
mod limits;
mod log;
mod mutation;
mod organisation;
mod people;
mod prose;
mod seed;
mod settings;
mod signature;
mod simulators;
mod slack;
mod state;
#[cfg(test)]
mod tests;
mod time;
mod webhook;
mod wiki;
mod work;
mod world;

pub use control::Tokens;
pub use faults::{Fault, Faults};
pub use github::deeds::{Hand, Relation};
pub use limits::{Limits, Violation};
pub use log::{Entry, Log};
pub use mutation::{Changed, Mutation};
pub use organisation::Size;
pub use people::Person;
pub use prose::Reference;
pub use settings::{Application, Settings, TokenKinds};
pub use signature::{app_token, hex};
pub use simulators::{Addresses, Simulators};
pub use webhook::{Delivery, Secrets};
pub use world::World;

/// The four providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// github.com.
    GitHub,
    /// Jira Cloud.
    Jira,
    /// Slack.
    Slack,
    /// Confluence Cloud.
    Confluence,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::Jira, Self::Slack, Self::Confluence];
}
