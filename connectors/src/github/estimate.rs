//! What the next reading would ask and bring: the run is begun, and of each repository its lists are counted.

mod count;

use domain::{Estimate, Result, Timestamp};

use self::count::Count;
use super::connector::GitHub;
use super::cursor::{Position, Repository, Run, Stage, Visibility};
use super::people;
use super::profile;
use crate::batch::Batch;
use crate::clock::until;
use crate::estimate::{Crowd, pages, scaled};

/// Repositories that are counted; each takes up to four requests.
const COUNTED: usize = 40;
/// Pull requests in a page of their list, and discussions in one of theirs.
const PULLS: u64 = 30;
const DISCUSSIONS: u64 = 10;
const ROWS: u64 = 100;

/// What repositories come to.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    reading: u64,
    sweep: u64,
    documents: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.reading += other.reading;
        self.sweep += other.sweep;
        self.documents += other.documents;
    }

    /// The same for more repositories.
    fn scaled(self, of: u64, to: u64) -> Self {
        Self {
            reading: scaled(self.reading, of, to),
            sweep: scaled(self.sweep, of, to),
            documents: scaled(self.documents, of, to),
        }
    }
}

impl GitHub {
    /// What the next reading from `position` would ask and bring.
    pub(super) async fn forecast(&self, mut position: Position) -> Result<Estimate> {
        let (api, now) = (self.client.api(), self.clock.now());
        let before = api.sent();
        let resumed = position.run.is_some();
        if !resumed {
            self.begin(&mut position, &mut Batch::default(), now).await?;
        }
        let begun = api.sent() - before;
        let sweep_due = self.census_due(&mut position.clone(), now);
        let left = ahead(&position);
        let mut crowd = Crowd::default();
        let (mut tally, mut uncounted) = (Tally::default(), Vec::new());
        for (id, one) in left.iter().take(COUNTED) {
            match self.counted((*id, one), sweep_due, &mut crowd).await? {
                Some(count) => tally.add(self.tally(one, &count, now)),
                None => uncounted.push(one.name.as_str()),
            }
        }
        let counted = left.len().min(COUNTED) - uncounted.len();
        tally = tally.scaled(counted as u64, (left.len() - uncounted.len()) as u64);
        let profiles = crowd.size(|login| !login.ends_with(']') && !position.knows(login, now, people::PERIOD));
        let reading = begun + tally.reading + profiles;
        let mut grounds = vec![
            format!("counts of issues, pull requests, comments and discussions in {counted} repositories"),
            "people by the authors of the newest 100 in each list; pull requests by three requests each".to_owned(),
        ];
        if left.len() > COUNTED {
            grounds.push(format!(
                "{} more repositories are taken to be like these",
                left.len() - COUNTED
            ));
        }
        if !uncounted.is_empty() {
            grounds.push(format!(
                "not counted, as they may not be read: {}",
                uncounted.join(", ")
            ));
        }
        if resumed {
            grounds.push("a reading under way is taken to begin its repository again".to_owned());
        }
        let sweep = begun.max(2) + tally.sweep;
        Ok(Estimate {
            reading: api.work(reading, reading),
            sweep: api.work(sweep, sweep),
            sweep_due,
            documents: Some(tally.documents),
            quota: api.quota(),
            latency: api.latency(),
            grounds,
        })
    }

    /// What a repository comes to by the counts of its lists.
    fn tally(&self, one: &Repository, count: &Count, now: Timestamp) -> Tally {
        let profiled = one.profiled.is_some_and(|then| until(then, now) < profile::PERIOD);
        let access = match one.visibility {
            Visibility::Public => 0,
            Visibility::Private => pages(count.collaborators, ROWS),
            Visibility::Internal => pages(count.collaborators, ROWS) + pages(count.collaborators, ROWS),
        };
        let details = if self.config.details { 3 } else { 1 };
        let long = count.reviews / ROWS;
        let lists = [
            access,
            if profiled { 0 } else { 4 },
            pages(count.issues + count.pulls, ROWS),
            pages(count.comments, ROWS),
            pages(count.remarks, ROWS),
            pages(count.pulls, PULLS),
            // What is stated between those of a page takes one more, where there are any.
            pages(count.issues + count.pulls, ROWS).min(count.issues) + pages(count.pulls, PULLS).min(count.pulls),
            count.pulls * details + long,
            if one.has_discussions {
                pages(count.discussions, DISCUSSIONS)
            } else {
                0
            },
            pages(count.releases, ROWS),
        ];
        let all = &count.all;
        let twice = pages(all.comments, ROWS) + pages(all.remarks, ROWS) + pages(all.releases, ROWS);
        // Numbers that nothing has any more are asked for one by one, while they are few.
        let there = all.issues + all.pulls + all.discussions;
        let gone = Some(one.last_number.saturating_sub(there)).filter(|gone| *gone <= ROWS);
        let known = if one.tags.contains_key("releases") {
            0
        } else {
            count.releases
        };
        Tally {
            reading: lists.iter().sum(),
            sweep: pages(all.issues + all.pulls, ROWS)
                + 2 * twice
                + pages(all.pulls, ROWS)
                + pages(all.discussions, DISCUSSIONS)
                + gone.unwrap_or_default(),
            documents: u64::from(!profiled)
                + count.issues
                + count.pulls
                + count.reviews
                + count.comments
                + count.remarks
                + count.discussions
                + count.said
                + known,
        }
    }
}

/// The repositories that a run has before it.
fn ahead(position: &Position) -> Vec<(u64, &Repository)> {
    let begun = |run: &Run| if run.stage == Stage::Access { 0 } else { run.at };
    let from = position.run.as_ref().map(begun);
    let Some(from) = from else { return Vec::new() };
    let all = position.repositories.iter();
    all.filter(|(id, one)| !one.gone && **id >= from)
        .map(|(id, one)| (*id, one))
        .collect()
}
