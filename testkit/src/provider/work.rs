//! Pieces of work that one person sees through at all providers, as people do: an issue, a pull request, what is said of it.

use serde_json::json;

use super::Provider;
use super::people::Person;
use super::prose::Target;
use super::seed::Rng;
use super::time::{HOUR, MINUTE, seconds};
use super::world::{SITE, World};
use super::{github, jira, slack, wiki};

/// Of a thousand steps, those that somebody else takes.
const HELPED: u32 = 150;

impl World {
    /// The same in which people have also finished so many pieces of work: somebody is assigned an issue, opens a pull request for
    /// it, comments on it, and often writes of it in a channel and on a page. Others take some of these steps for him.
    #[must_use]
    pub fn with_work(mut self, seed: u64, pieces: usize) -> Self {
        let mut rng = Rng::new(seed ^ 0x776f_726b);
        for _ in 0..pieces {
            let owner = rng.below(self.people.len());
            self.piece(&mut rng, owner);
        }
        self
    }

    /// The same in which each provider shows only so many of a thousand addresses.
    #[must_use]
    pub fn with_shown(mut self, seed: u64, of: u32) -> Self {
        let mut rng = Rng::new(seed ^ 0x7368_6f77);
        for person in &mut self.people {
            person.shown_by = Provider::ALL.into_iter().filter(|_| rng.chance(of)).collect();
        }
        self
    }

    /// Whoever takes a step of somebody's work: he himself, but now and then one of those who may.
    fn hand(rng: &mut Rng, owner: usize, able: &[usize]) -> Option<usize> {
        if rng.chance(HELPED) || !able.contains(&owner) {
            return rng.choose(able);
        }
        Some(owner)
    }

    fn piece(&mut self, rng: &mut Rng, owner: usize) {
        self.now += rng.between(MINUTE, 3 * HOUR);
        let Some(issue) = self.assigned(rng, owner) else { return };
        let pull = self.pulled(rng, owner, &issue);
        if rng.chance(700) {
            let about = pull.filter(|_| rng.chance(500)).unwrap_or_else(|| issue.clone());
            self.said(rng, owner, &about);
        }
        if rng.chance(400) {
            self.documented(rng, owner, &issue);
        }
    }

    /// An issue that is assigned to him, and what he comments on it.
    fn assigned(&mut self, rng: &mut Rng, owner: usize) -> Option<Target> {
        let projects = self.jira.projects.len();
        let open = |world: &Self, at: usize| {
            let all = 0..world.people.len();
            all.filter(|one| world.jira.browses(*one, &world.jira.projects[at]))
                .collect::<Vec<_>>()
        };
        let first = rng.below(projects);
        let at = (0..projects)
            .map(|step| (first + step) % projects)
            .find(|at| open(self, *at).contains(&owner))?;
        let able = open(self, at);
        let id = jira::generate::issue(self, rng, at);
        let assignee = Self::hand(rng, owner, &able);
        let comments = rng.below(3);
        let issue = self.jira.issues.get_mut(&id)?;
        issue.assignee = assignee;
        issue.level = None;
        let key = issue.key.clone();
        for _ in 0..comments {
            let Some(comment) = jira::generate::comment(self, rng, id) else {
                continue;
            };
            let author = Self::hand(rng, owner, &able);
            let comments = self.jira.issues.get_mut(&id).map(|issue| &mut issue.comments);
            let own = comments.and_then(|all| all.iter_mut().find(|one| one.id == comment));
            if let (Some(own), Some(author)) = (own, author) {
                (own.author, own.group) = (author, None);
            }
        }
        Some(Target::Issue(key))
    }

    /// A pull request of his with his commits that name the issue.
    fn pulled(&mut self, rng: &mut Rng, owner: usize, issue: &Target) -> Option<Target> {
        let count = self.github.repositories.len();
        let sees =
            |world: &Self, at: usize, one: usize| world.github.role(one, &world.github.repositories[at]).is_some();
        let first = rng.below(count);
        let at = (0..count)
            .map(|step| (first + step) % count)
            .find(|at| sees(self, *at, owner))?;
        let able: Vec<usize> = (0..self.people.len()).filter(|one| sees(self, at, *one)).collect();
        let number = github::generate::item(self, rng, at, true);
        let (author, key) = (Self::hand(rng, owner, &able)?, short(issue)?);
        let repository = &mut self.github.repositories[at];
        let name = repository.full_name();
        let item = repository.items.get_mut(&number)?;
        let shas = item.pull.as_ref().map(|pull| pull.commits.clone()).unwrap_or_default();
        item.author = author;
        item.body = Some(format!("{key}\n\n{}", item.body.take().unwrap_or_default()));
        for commit in repository
            .commits
            .iter_mut()
            .filter(|commit| shas.contains(&commit.sha))
        {
            commit.author = author;
            commit.message = format!("{key}: {}", commit.message);
        }
        if rng.chance(500) {
            github::generate::review(self, rng, at, number);
        }
        Some(Target::Item(name, number, "pull"))
    }

    /// What he says of it in a channel.
    fn said(&mut self, rng: &mut Rng, owner: usize, about: &Target) {
        let channels = self.slack.channels.len();
        let first = rng.below(channels);
        let mut all = (0..channels).map(|step| (first + step) % channels);
        let Some(at) = all.find(|at| self.slack.channels[*at].members.contains(&owner)) else {
            return;
        };
        let able: Vec<usize> = self.slack.channels[at].members.iter().copied().collect();
        let moment = slack::generate::message(self, rng, at, None);
        let author = Self::hand(rng, owner, &able);
        let text = match short(about) {
            Some(key) => format!(" I am on {key} now."),
            None => format!(" Please look at <{}>.", about.address()),
        };
        if let (Some(message), Some(author)) = (self.slack.channels[at].messages.get_mut(&moment), author) {
            message.author = author;
            message.text.push_str(&text);
        }
    }

    /// A page that he writes about it.
    fn documented(&mut self, rng: &mut Rng, owner: usize, issue: &Target) {
        let spaces = self.wiki.spaces.len();
        let first = rng.below(spaces);
        let mut all = (0..spaces).map(|step| (first + step) % spaces);
        let Some(at) = all.find(|at| self.wiki.spaces[*at].readers.contains(&owner)) else {
            return;
        };
        let able: Vec<usize> = self.wiki.spaces[at].readers.iter().copied().collect();
        let page = wiki::generate::page(self, rng, at, false);
        let (author, address) = (Self::hand(rng, owner, &able), issue.address());
        if let (Some(page), Some(author)) = (self.wiki.pages.get_mut(&page), author) {
            (page.author, page.version.author) = (author, author);
            page.body += "<p>This came of <a href=\"";
            page.body += &address;
            page.body += "\">the issue</a>.</p>";
        }
    }

    /// The commits of all repositories as `git log` tells them, each repository's as JSON lines. Whoever hides his address at
    /// GitHub signs with the one that GitHub gives him; some sign with one that no provider knows.
    pub fn commit_logs(&self) -> Vec<(String, String)> {
        let log = |repository: &github::model::Repository| {
            let lines = repository.commits.iter().map(|commit| {
                let person = &self.people[commit.author];
                let date = seconds(commit.at);
                json!({
                    "sha": commit.sha, "parents": commit.parent.iter().collect::<Vec<_>>(), "date": date,
                    "author": { "name": person.name, "email": person.signature() }, "message": commit.message,
                    "files": commit.files.iter().map(|file| &file.path).collect::<Vec<_>>(),
                })
            });
            lines.map(|line| line.to_string() + "\n").collect::<String>()
        };
        let all = self.github.repositories.iter();
        all.map(|repository| (repository.full_name(), log(repository)))
            .collect()
    }

    /// The accounts of each person as connectors write their keys, a site being called by its host.
    pub fn accounts(&self) -> Vec<Vec<String>> {
        let of = |person: &Person| {
            let site = format!("{SITE}.atlassian.net");
            vec![
                format!("account:github/{}", person.github_login),
                format!("account:jira/{site}/{}", person.atlassian_id),
                format!("account:wiki/{site}/{}", person.atlassian_id),
                format!("account:slack/{}/{}", super::world::TEAM, person.slack_id),
                format!("account:git/{}", person.signature()),
            ]
        };
        self.people.iter().map(of).collect()
    }
}

impl Person {
    /// The address that he signs commits with.
    fn signature(&self) -> String {
        if self.shows(Provider::GitHub) {
            return self.email.clone();
        }
        if self.github_id.is_multiple_of(3) {
            let local = self.email.split('@').next().unwrap_or_default();
            return format!("{local}@home.example");
        }
        format!("{}+{}@users.noreply.github.com", self.github_id, self.github_login)
    }
}

/// What people write for an issue.
fn short(target: &Target) -> Option<String> {
    match target {
        Target::Issue(key) => Some(key.clone()),
        Target::Item(..) | Target::Commit(..) | Target::Message(..) | Target::Page(..) => None,
    }
}
