//! Makes an organisation whose text refers across the providers.

use std::collections::{BTreeMap, BTreeSet};

use super::github::{self, model::GitHub};
use super::jira::{self, model::Jira};
use super::people::people;
use super::seed::Rng;
use super::slack::{self, model::Slack};
use super::time::DAY;
use super::wiki::{self, model::Wiki};
use super::world::World;

/// The first moment of every organisation: 2026-01-05 09:00 UTC.
const BEGINNING: i64 = 1_767_603_600_000;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// People.
    pub people: usize,
    /// GitHub repositories.
    pub repositories: usize,
    /// Jira projects.
    pub projects: usize,
    /// Slack channels, without direct messages.
    pub channels: usize,
    /// Confluence spaces.
    pub spaces: usize,
    /// Issues, pull requests, commits, messages, pages and comments together, about.
    pub items: usize,
}

impl Size {
    /// What a test reads in a moment.
    pub const SMALL: Self = Self {
        people: 6,
        repositories: 3,
        projects: 2,
        channels: 4,
        spaces: 2,
        items: 100,
    };

    /// An organisation of about so many items.
    pub fn of(items: usize) -> Self {
        let share = items / 100;
        Self {
            people: 6 + share.min(200),
            repositories: 3 + (share / 4).min(40),
            projects: 2 + (share / 8).min(16),
            channels: 4 + (share / 4).min(40),
            spaces: 2 + (share / 8).min(12),
            items,
        }
    }
}

impl World {
    /// The organisation of a seed: the same one each time.
    pub fn new(seed: u64, size: Size) -> Self {
        let mut rng = Rng::new(seed);
        let mut world = Self {
            now: BEGINNING,
            people: people(&mut rng, size.people.max(2)),
            github: GitHub {
                id: 0,
                members: BTreeSet::new(),
                owners: BTreeSet::new(),
                teams: Vec::new(),
                repositories: Vec::new(),
                moved: BTreeMap::new(),
            },
            jira: Jira {
                groups: Vec::new(),
                projects: Vec::new(),
                issues: BTreeMap::new(),
                sprints: Vec::new(),
                levels: Vec::new(),
                ghosts: Vec::new(),
                hooks: BTreeMap::new(),
            },
            slack: Slack {
                channels: Vec::new(),
                groups: Vec::new(),
                guests: BTreeSet::new(),
                bot: BTreeSet::new(),
                last: 0,
            },
            wiki: Wiki {
                spaces: Vec::new(),
                pages: BTreeMap::new(),
            },
            references: Vec::new(),
            last_id: 10_000,
        };
        github::generate::containers(&mut world, &mut rng, size);
        jira::generate::containers(&mut world, &mut rng, size);
        slack::generate::containers(&mut world, &mut rng, size);
        wiki::generate::containers(&mut world, &mut rng, size);
        for _ in 0..size.items {
            match rng.below(10) {
                0..=3 => github::generate::one(&mut world, &mut rng),
                4 | 5 => jira::generate::one(&mut world, &mut rng),
                6..=8 => slack::generate::one(&mut world, &mut rng),
                _ => wiki::generate::one(&mut world, &mut rng),
            }
        }
        world.now += DAY;
        world
    }
}
