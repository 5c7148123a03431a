//! What the next reading would bring, by what is on this machine: commits, files that differ, tags.

use domain::{Estimate, Result};

use super::Inner;
use super::cursor::{Position, Run, Stage};
use super::location::Location;
use super::repository;

impl Inner {
    /// Count what is to be read after `position`. Nothing is fetched.
    pub(super) fn estimate(&self, position: Position) -> Result<Estimate> {
        let remote = matches!(self.location, Location::Url(_));
        let mut grounds = Vec::new();
        if !self.is_here() {
            grounds.push("the repository is not cloned yet, so that nothing is known of it".to_owned());
            return Ok(Estimate {
                grounds,
                ..Estimate::default()
            });
        }
        if remote {
            grounds.push("the clone as it is here: what the remote has gained since is not fetched".to_owned());
        }
        let repository = self.repository()?;
        let Some(run) = self.run(&repository, position.done.as_ref(), position.run)? else {
            grounds.push("nothing changed".to_owned());
            return Ok(Estimate {
                // The repository itself is told each time.
                documents: Some(1),
                grounds,
                ..Estimate::default()
            });
        };
        let [commits, files, tags] = self.ahead(&repository, &run)?;
        self.forget_lists();
        grounds.push(format!(
            "{commits} commits, {files} files, of which those that are binary or too large are left out, and {tags} tags"
        ));
        Ok(Estimate {
            sweep_due: run.sweep,
            documents: Some(1 + commits + files + tags),
            grounds,
            ..Estimate::default()
        })
    }

    /// Commits, files and tags that a run has before it.
    fn ahead(&self, repository: &gix::Repository, run: &Run) -> Result<[u64; 3]> {
        let left = |stage: Stage, all: usize| {
            let done = match (run.stage == stage, order(run.stage) > order(stage)) {
                (true, _) => run.next,
                (false, true) => all,
                (false, false) => 0,
            };
            all.saturating_sub(done) as u64
        };
        let tags = if run.tags {
            repository::tags(repository)?.len()
        } else {
            0
        };
        let Some(head) = run.to.head else {
            return Ok([0, 0, left(Stage::Tags, tags)]);
        };
        let commits = self.new_commits(repository, head.0, run.commits_since.map(|since| since.0))?;
        // Where the old trees are gone, all files are read.
        let files = self
            .changed_files(repository, head.0, run.files_since.map(|since| since.0))
            .or_else(|_gone| self.changed_files(repository, head.0, None))?;
        Ok([
            left(Stage::Commits, commits.len()),
            left(Stage::Files, files.len()),
            left(Stage::Tags, tags),
        ])
    }
}

fn order(stage: Stage) -> u8 {
    match stage {
        Stage::Commits => 0,
        Stage::Files => 1,
        Stage::Tags => 2,
        Stage::Done => 3,
    }
}
