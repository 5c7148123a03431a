//! Who asks GitHub, and what they may see.

use super::json::message;
use super::model::{Repository, Role, Visibility};
use crate::provider::auth::{Refusal, Who};
use crate::provider::call::{Call, Reply};
use crate::provider::state::State;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Viewer {
    Anonymous,
    /// A person. The scopes are those of an OAuth app's token; an App's has none, and reaches all that the person does.
    Person(usize, Option<Vec<String>>),
    /// The App itself, in some repositories or in all.
    Installation(Option<Vec<u64>>),
}

impl Viewer {
    pub(crate) fn of(state: &State, call: &Call) -> Result<Self, Reply> {
        if call.header("authorization").is_none() {
            return Ok(Self::Anonymous);
        }
        let token = call.bearer().unwrap_or_default();
        match state.auth.holder(super::SERVICE, token, state.world.now) {
            Ok(grant) => Ok(match &grant.who {
                Who::Person(person) => {
                    let scoped = token.starts_with("gho_").then(|| grant.scopes.clone());
                    Self::Person(*person, scoped)
                }
                Who::Installation(some) => Self::Installation(some.clone()),
                Who::Bot => Self::Anonymous,
            }),
            Err(Refusal::Unknown | Refusal::Expired | Refusal::Revoked) => Err(message(401, "Bad credentials")),
        }
    }

    pub(crate) fn person(&self) -> Option<usize> {
        match self {
            Self::Person(person, _) => Some(*person),
            Self::Anonymous | Self::Installation(_) => None,
        }
    }

    /// Whose budget a request is charged to: all tokens of a person share theirs.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Anonymous => "127.0.0.1".to_owned(),
            Self::Person(person, _) => format!("user {person}"),
            Self::Installation(_) => "installation".to_owned(),
        }
    }

    pub(crate) fn scopes(&self) -> Option<String> {
        match self {
            Self::Person(_, scopes) => scopes.as_ref().map(|scopes| scopes.join(", ")),
            Self::Anonymous | Self::Installation(_) => None,
        }
    }

    fn allows(&self, scope: &str) -> bool {
        match self {
            Self::Person(_, Some(scopes)) => scopes.iter().any(|own| own == scope),
            Self::Person(_, None) | Self::Installation(_) => true,
            Self::Anonymous => false,
        }
    }

    /// What they may do in a repository; none is not even to see it.
    pub(crate) fn role(&self, state: &State, repository: &Repository) -> Option<Role> {
        let open = repository.visibility == Visibility::Public;
        let role = match self {
            Self::Anonymous => None,
            Self::Person(person, _) => state.world.github.role(*person, repository),
            Self::Installation(some) => {
                let chosen = some.as_ref().is_none_or(|some| some.contains(&repository.id));
                chosen.then_some(Role::Read)
            }
        };
        let reach = self.allows("repo") || open;
        role.filter(|_| reach).or(open.then_some(Role::Read))
    }

    /// Whether they may see who works in a repository.
    pub(crate) fn sees_people(&self, state: &State, repository: &Repository) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Installation(_) => self.role(state, repository).is_some(),
            Self::Person(..) => {
                self.role(state, repository) >= Some(Role::Write) && self.allows("repo") && self.in_organisation(state)
            }
        }
    }

    /// Whether they may see the members and teams of the organisation.
    pub(crate) fn in_organisation(&self, state: &State) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Installation(_) => true,
            Self::Person(person, _) => {
                state.world.github.members.contains(person) && (self.allows("read:org") || self.allows("repo"))
            }
        }
    }
}
