//! What GitHub knows of the organisation.

use std::collections::{BTreeMap, BTreeSet};

use super::deeds::Deed;
use crate::provider::prose::Target;
use crate::provider::world::ORGANISATION;

/// What someone may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

impl Role {
    pub(crate) const ALL: [Self; 5] = [Self::Read, Self::Triage, Self::Write, Self::Maintain, Self::Admin];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The name in `permissions`, where reading is pulling and writing is pushing.
    pub(crate) fn permission(self) -> &'static str {
        match self {
            Self::Read => "pull",
            Self::Write => "push",
            Self::Triage | Self::Maintain | Self::Admin => self.name(),
        }
    }

    /// The coarse name in the answer about one collaborator.
    pub(crate) fn folded(self) -> &'static str {
        match self {
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Public,
    Internal,
    Private,
}

impl Visibility {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Private => "private",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct GitHub {
    pub(crate) id: u64,
    /// Members by number; guests are none.
    pub(crate) members: BTreeSet<usize>,
    pub(crate) owners: BTreeSet<usize>,
    pub(crate) teams: Vec<Team>,
    pub(crate) repositories: Vec<Repository>,
    /// Names in lower case that repositories had before, and their ids.
    pub(crate) moved: BTreeMap<String, u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) slug: String,
    pub(crate) parent: Option<u64>,
    pub(crate) members: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) archived: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) pushed: i64,
    pub(crate) collaborators: BTreeMap<usize, Role>,
    pub(crate) teams: BTreeMap<u64, Role>,
    pub(crate) items: BTreeMap<u64, Item>,
    pub(crate) discussions: BTreeMap<u64, Discussion>,
    pub(crate) commits: Vec<Commit>,
    pub(crate) labels: Vec<Label>,
    pub(crate) milestones: Vec<Milestone>,
    pub(crate) releases: Vec<Release>,
    /// Numbers whose items were deleted, or moved to a repository under a number.
    pub(crate) gone: BTreeMap<u64, Option<(u64, u64)>>,
    pub(crate) last_number: u64,
}

/// An issue, or a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) author: usize,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) closed: Option<i64>,
    pub(crate) labels: Vec<u64>,
    pub(crate) milestone: Option<u64>,
    pub(crate) assignees: Vec<usize>,
    pub(crate) comments: Vec<Comment>,
    /// What was done to it by hand, the oldest first.
    pub(crate) deeds: Vec<Deed>,
    pub(crate) pull: Option<Pull>,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: usize,
    pub(crate) body: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) branch: String,
    pub(crate) draft: bool,
    pub(crate) merged: Option<(i64, usize)>,
    pub(crate) base_sha: String,
    /// SHAs, oldest first; never empty.
    pub(crate) commits: Vec<String>,
    pub(crate) files: Vec<Changed>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) remarks: Vec<Remark>,
}

impl Pull {
    pub(crate) fn head(&self) -> &str {
        self.commits.last().map_or(self.base_sha.as_str(), String::as_str)
    }
}

/// A file that a commit or pull request changes.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) path: String,
    pub(crate) status: &'static str,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) id: u64,
    pub(crate) author: usize,
    pub(crate) state: &'static str,
    pub(crate) body: String,
    pub(crate) submitted: i64,
    pub(crate) commit: String,
}

/// A comment on a line of a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    pub(crate) comment: Comment,
    pub(crate) review: u64,
    pub(crate) path: String,
    /// None once the line is outdated.
    pub(crate) line: Option<u64>,
    pub(crate) answers: Option<u64>,
    pub(crate) commit: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Discussion {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) author: usize,
    pub(crate) category: &'static str,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) answer: Option<u64>,
    /// Comments, each with its replies.
    pub(crate) comments: Vec<(Comment, Vec<Comment>)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) parent: Option<String>,
    pub(crate) author: usize,
    pub(crate) message: String,
    pub(crate) at: i64,
    pub(crate) files: Vec<Changed>,
    /// The pull request whose branch it is on, until that is merged.
    pub(crate) branch: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) id: u64,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Milestone {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) created: i64,
    pub(crate) closed: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) id: u64,
    pub(crate) tag: String,
    pub(crate) body: String,
    pub(crate) author: usize,
    pub(crate) created: i64,
    pub(crate) draft: bool,
}

impl Repository {
    pub(crate) fn full_name(&self) -> String {
        format!("{ORGANISATION}/{}", self.name)
    }

    /// The address of what is below it, by its number as in links.
    pub(crate) fn path(&self, rest: &[&str]) -> String {
        format!("/repositories/{}/{}", self.id, rest.join("/"))
    }

    /// A team's role here, its own or its parent's.
    fn team_role(&self, team: &Team) -> Option<Role> {
        let parent = team.parent.and_then(|parent| self.teams.get(&parent));
        self.teams.get(&team.id).max(parent).copied()
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let name = self.full_name();
        let items = self.items.values().map(|item| {
            let word = if item.pull.is_some() { "pull" } else { "issues" };
            Target::Item(self.full_name(), item.number, word)
        });
        let discussions = self
            .discussions
            .keys()
            .map(|number| Target::Item(self.full_name(), *number, "discussions"));
        let commits = self
            .commits
            .iter()
            .map(move |commit| Target::Commit(name.clone(), commit.sha.clone()));
        items.chain(discussions).chain(commits)
    }
}

impl GitHub {
    pub(crate) fn repository(&self, id: u64) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.id == id)
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        self.repositories.iter().flat_map(Repository::targets).collect()
    }

    /// The members of a team and of the teams below it.
    pub(crate) fn team_members(&self, team: &Team) -> BTreeSet<usize> {
        let below = self.teams.iter().filter(|one| one.parent == Some(team.id));
        below
            .flat_map(|one| &one.members)
            .chain(&team.members)
            .copied()
            .collect()
    }

    /// Whether a person is among them.
    fn is_member(&self, person: usize, team: &Team) -> bool {
        let mut below = self.teams.iter().filter(|one| one.parent == Some(team.id));
        team.members.contains(&person) || below.any(|one| one.members.contains(&person))
    }

    /// What a person may do in a repository; none is not even to see it.
    pub(crate) fn role(&self, person: usize, repository: &Repository) -> Option<Role> {
        if self.owners.contains(&person) {
            return Some(Role::Admin);
        }
        let own = repository.collaborators.get(&person).copied();
        let teams = self.teams.iter().filter_map(|team| {
            let role = repository.team_role(team)?;
            self.is_member(person, team).then_some(role)
        });
        let open = match repository.visibility {
            Visibility::Public => true,
            Visibility::Internal => self.members.contains(&person),
            Visibility::Private => false,
        };
        teams.chain(own).chain(open.then_some(Role::Read)).max()
    }

    /// Keys of items, discussions and merged commits that a person may read.
    pub(crate) fn readable(&self, person: usize) -> Vec<String> {
        let seen = self.repositories.iter().filter(|one| self.role(person, one).is_some());
        seen.flat_map(|repository| {
            let on_branch = |target: &Target| match target {
                Target::Commit(_, sha) => repository
                    .commits
                    .iter()
                    .any(|commit| commit.sha == *sha && commit.branch.is_some()),
                Target::Item(..) | Target::Issue(_) | Target::Message(..) | Target::Page(..) => false,
            };
            let targets = repository.targets().filter(move |target| !on_branch(target));
            targets.map(|target| target.key()).collect::<Vec<_>>()
        })
        .collect()
    }
}
