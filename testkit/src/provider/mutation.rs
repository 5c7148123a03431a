//! Changes that people make to what the providers hold.

use super::Provider;
use super::seed::Rng;
use super::time::{MINUTE, SECOND};
use super::world::World;
use super::{github, jira, slack, wiki};

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// Something new of any kind.
    Create(Provider),
    /// Text changes.
    Edit(Provider),
    /// Something goes: an issue, a comment, a message, a page to the bin.
    Delete(Provider),
    /// An issue moves to another repository, project or a page below another; Slack has nothing that moves.
    Move(Provider),
    /// A repository, project, channel or space gets another name.
    Rename(Provider),
    /// A person gets another login; only GitHub has those.
    RenamePerson,
    /// Who may read something changes.
    Permission(Provider),
    /// A state changes: closed, merged, done, archived, restored.
    State(Provider),
    /// A reply in an old thread.
    LateReply,
}

impl Mutation {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let kinds = [
            Self::Create,
            Self::Edit,
            Self::Delete,
            Self::Move,
            Self::Rename,
            Self::Permission,
            Self::State,
        ];
        let each = kinds.into_iter().flat_map(|kind| Provider::ALL.map(kind));
        each.filter(|one| *one != Self::Move(Provider::Slack))
            .chain([Self::RenamePerson, Self::LateReply])
            .collect()
    }

    /// Whose data it changes.
    pub fn provider(self) -> Provider {
        match self {
            Self::Create(provider)
            | Self::Edit(provider)
            | Self::Delete(provider)
            | Self::Move(provider)
            | Self::Rename(provider)
            | Self::Permission(provider)
            | Self::State(provider) => provider,
            Self::RenamePerson => Provider::GitHub,
            Self::LateReply => Provider::Slack,
        }
    }
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The kind of change.
    pub mutation: Mutation,
    /// The key of what changed, under the name it has now: an item, or the repository, project, channel or space.
    pub key: String,
    /// The key it had before, where that was another.
    pub before: Option<String>,
    /// When, on the virtual clock.
    pub at: i64,
    /// What a webhook tells of it: the event, and the ids of what it is about.
    pub(crate) event: Event,
    /// What is gone by the event: a comment's id, or the `ts` of the thread that a message was in.
    pub(crate) gone: Option<u64>,
}

/// What a webhook tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// None is sent.
    Silent,
    /// Event, action, repository, number.
    GitHub(&'static str, &'static str, u64, Option<u64>),
    /// Event and the id and key.
    Jira(&'static str, u64, String),
    /// Event or its subtype, channel, `ts` of the message in microseconds.
    Slack(&'static str, String, Option<i64>),
}

impl Changed {
    pub(crate) fn new(mutation: Mutation, key: String, event: Event) -> Self {
        Self {
            mutation,
            key,
            before: None,
            at: 0,
            event,
            gone: None,
        }
    }

    pub(crate) fn gone(mut self, gone: Option<u64>) -> Self {
        self.gone = gone;
        self
    }

    pub(crate) fn was(mut self, before: String) -> Self {
        self.before = Some(before).filter(|before| *before != self.key);
        self
    }
}

impl World {
    /// Make one change of any kind.
    pub(crate) fn mutate(&mut self, rng: &mut Rng) -> Changed {
        let all = Mutation::all();
        loop {
            let mutation = *rng.pick(&all);
            if let Some(changed) = self.mutate_as(mutation, rng) {
                return changed;
            }
        }
    }

    /// Make one change of a kind, some time later than the last; none where there is nothing to change.
    pub(crate) fn mutate_as(&mut self, mutation: Mutation, rng: &mut Rng) -> Option<Changed> {
        self.now += rng.between(SECOND / 2, 5 * MINUTE);
        let changed = match mutation.provider() {
            Provider::GitHub => github::mutate::apply(self, rng, mutation),
            Provider::Jira => jira::mutate::apply(self, rng, mutation),
            Provider::Slack => slack::mutate::apply(self, rng, mutation),
            Provider::Confluence => wiki::mutate::apply(self, rng, mutation),
        };
        changed.map(|changed| Changed {
            at: self.now,
            ..changed
        })
    }
}

/// Put someone in a set, or take them out.
pub(crate) fn toggle(set: &mut std::collections::BTreeSet<usize>, person: usize) {
    if !set.remove(&person) {
        set.insert(person);
    }
}
