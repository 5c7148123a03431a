//! All that the four providers know, and the clock they share.

use super::Provider;
use super::github::model::GitHub;
use super::jira::model::Jira;
use super::people::Person;
use super::prose::{Piece, Reference, Target, references};
use super::slack::model::Slack;
use super::wiki::model::Wiki;

/// The organisation's name at GitHub and Slack.
pub(crate) const ORGANISATION: &str = "acme";
/// The organisation's site at Atlassian.
pub(crate) const SITE: &str = "acme";
/// The organisation's workspace at Slack.
pub(crate) const TEAM: &str = "T0ACME0001";
/// The site's id at Atlassian.
pub(crate) const CLOUD: &str = "35273b54-3f06-40d2-880f-dd28cf8daafa";

/// The organisation as it is now.
#[derive(Debug, Clone)]
pub struct World {
    /// Milliseconds since 1970 on the virtual clock.
    pub(crate) now: i64,
    pub(crate) people: Vec<Person>,
    pub(crate) github: GitHub,
    pub(crate) jira: Jira,
    pub(crate) slack: Slack,
    pub(crate) wiki: Wiki,
    pub(crate) references: Vec<Reference>,
    pub(crate) last_id: u64,
}

impl World {
    /// Milliseconds since 1970 on the virtual clock.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Who is who.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Every reference that text was given when it was written; later edits add theirs, and deleted text keeps its own.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The keys of all that a person may read at a provider, sorted: what a complete sync by that person holds.
    pub fn readable(&self, provider: Provider, person: usize) -> Vec<String> {
        let mut keys = match provider {
            Provider::GitHub => self.github.readable(person),
            Provider::Jira => self.jira.readable(person),
            Provider::Slack => self.slack.readable(person),
            Provider::Confluence => self.wiki.readable(person),
        };
        keys.sort();
        keys
    }

    /// The number of the person whom a provider calls `name`: a login, an account id, an address or a full name.
    pub fn person(&self, name: &str) -> Option<usize> {
        self.people.iter().position(|person| {
            [
                &person.github_login,
                &person.atlassian_id,
                &person.slack_id,
                &person.email,
                &person.name,
            ]
            .into_iter()
            .any(|own| own == name)
        })
    }

    /// A number that nothing has yet.
    pub(crate) fn id(&mut self) -> u64 {
        self.last_id += 7;
        self.last_id
    }

    /// Keep the references that text makes, and give the text back.
    pub(crate) fn told(&mut self, from: &str, pieces: Vec<Piece>) -> Vec<Piece> {
        self.references.extend(references(from, &pieces));
        pieces
    }

    /// All that text can refer to now, in a fixed order.
    pub(crate) fn targets(&self) -> Vec<Target> {
        [
            self.github.targets(),
            self.jira.targets(),
            self.slack.targets(),
            self.wiki.targets(),
        ]
        .concat()
    }
}
