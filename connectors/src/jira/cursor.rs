//! How far the connector has read: what is known, and the run that is on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{Cursor, Result, Timestamp};
use serde::{Deserialize, Serialize};

use super::people::Restriction;
use crate::atlassian::ids::Ids;
use crate::cursor;
use crate::hex::digest;

/// The form below. A cursor of another form begins again.
const VERSION: u8 = 1;
/// The most bytes that known ids may take; beyond, a census finds deletions only.
const KNOWN: usize = 300 << 10;
/// How far two searches overlap, in milliseconds: the search index lags behind.
pub(super) const OVERLAP: i64 = 10 * 60 * 1000;
/// Issues of which it is remembered in which state they were read.
const SEEN: usize = 5_000;
/// Rejected issues that are remembered.
const REJECTED: usize = 1_000;
/// Labels that are remembered; the rules of others are told again whenever they occur.
const LABELS: usize = 2_000;

/// A cursor, opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    version: u8,
    /// What the documents were made by.
    settings: String,
    /// The connecting account's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) me: Option<String>,
    /// Every change up to here was read, as far as the search index knew then; and the same of the run before.
    pub(super) high: i64,
    pub(super) before: i64,
    /// When the last census began, and when accounts were last read.
    pub(super) census: i64,
    pub(super) users: i64,
    pub(super) projects: BTreeMap<u64, Project>,
    /// Labels in use.
    pub(super) labels: BTreeMap<String, Label>,
    /// Issues that were read; none are remembered once there were too many.
    pub(super) known: Ids,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) many: bool,
    /// Whether the last run read everything, so that a sweep looks at everything too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) whole: bool,
    /// Issues that changed of late, and when, so that the overlap of two searches is read once.
    pub(super) seen: BTreeMap<u64, i64>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) rejected: BTreeSet<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hooks: Option<Hooks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Run>,
}

/// The webhook that was made for a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hooks {
    pub(super) address: String,
    /// The projects whose issues it tells of.
    pub(super) projects: BTreeSet<u64>,
    pub(super) id: Option<u64>,
    /// When Jira forgets it.
    pub(super) until: i64,
    /// Before that nothing is asked again.
    pub(super) not_before: i64,
}

/// A project that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Project {
    pub(super) key: String,
    /// Of its document.
    pub(super) digest: String,
    /// The highest number of an issue.
    pub(super) highest: u64,
}

/// A label in use: what it restricts, and a digest of its readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) project: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) restrictions: Vec<Restriction>,
    pub(super) digest: String,
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// When it began.
    pub(super) start: i64,
    /// Up to when changes are read.
    pub(super) to: i64,
    /// Whether it takes a census.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) census: bool,
    /// Whether something may have vanished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) sweep: bool,
    pub(super) tasks: VecDeque<Task>,
    /// What leads to the next page of the first task, and digests of all such words so far: none may come twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) used: BTreeSet<String>,
    /// Issues to be read.
    pub(super) pending: Ids,
    /// Issues that the census found.
    #[serde(default, skip_serializing_if = "Ids::is_empty")]
    pub(super) listed: Ids,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// Read the accounts from this one on.
    Users(u64),
    /// Read all issues of a project.
    Project(u64),
    /// Read what changed since then.
    Changed(i64),
    /// List the issues of a project.
    Census(u64),
    /// Look after the known issues that were not listed.
    Missing,
}

impl Position {
    /// Where the first pull begins, for documents made by `settings`.
    pub(super) fn start(settings: &str) -> Self {
        Self {
            version: VERSION,
            settings: settings.to_owned(),
            ..Self::default()
        }
    }

    /// Open a cursor; an absent one, and one of another version or of other settings, begins again.
    pub(super) fn read(cursor: Option<&Cursor>, settings: &str) -> Result<Self> {
        let Some(position) = cursor::read::<Self>(cursor, VERSION, "read Jira cursor")? else {
            return Ok(Self::start(settings));
        };
        if position.settings != settings {
            let mut fresh = Self::start(settings);
            // What was read by other settings may have to go.
            fresh.census = i64::MIN;
            return Ok(fresh);
        }
        Ok(position)
    }

    /// The cursor to keep.
    pub(super) fn write(&self) -> Cursor {
        cursor::write(self)
    }

    /// Whether nothing was read yet.
    pub(super) fn is_new(&self) -> bool {
        self.high == 0
    }

    /// From when on the next run asks for changes, as far as the last runs tell: what both may have missed is read again.
    pub(super) fn from(&self) -> i64 {
        self.before.min(self.high).saturating_sub(OVERLAP)
    }

    /// Whether an issue was read as it was at `updated`.
    pub(super) fn has_read(&self, id: u64, updated: Option<Timestamp>) -> bool {
        let seen = self.seen.get(&id);
        updated.is_some_and(|updated| seen.is_some_and(|seen| *seen >= updated.0))
    }

    /// Note that an issue was read as it was at `updated`; what changed before `since` is not asked for again.
    pub(super) fn saw(&mut self, id: u64, updated: Option<i64>, since: i64) {
        if !self.many {
            self.known.0.insert(id);
        }
        if let Some(updated) = updated.filter(|updated| *updated >= since) {
            self.seen.insert(id, updated);
        }
    }

    /// Forget what no later run asks for.
    pub(super) fn tidy(&mut self, from: i64) {
        self.seen.retain(|_, updated| *updated >= from);
        while self.seen.len() > SEEN {
            self.seen.pop_first();
        }
        // About as many bytes as the ids would take.
        if self.known.0.len() > KNOWN / 8 && String::from(self.known.clone()).len() > KNOWN {
            self.known = Ids::default();
            self.many = true;
        }
    }

    /// Remember a label and the digest of its readers; whether that is new.
    pub(super) fn relabelled(&mut self, name: &str, label: Label) -> bool {
        if self.labels.get(name) == Some(&label) {
            return false;
        }
        if self.labels.len() < LABELS || self.labels.contains_key(name) {
            self.labels.insert(name.to_owned(), label);
        }
        true
    }

    /// Remember that an issue was rejected.
    pub(super) fn reject(&mut self, id: u64) {
        if self.rejected.len() < REJECTED {
            self.rejected.insert(id);
        }
    }
}

impl Run {
    /// Go on to the page that `token` leads to, or to the next task.
    ///
    /// # Errors
    /// `Unavailable` when the page was read before: the list goes round in a circle.
    pub(super) fn turn(&mut self, token: Option<String>) -> Result<()> {
        match &token {
            None => {
                self.used.clear();
                self.tasks.pop_front();
            }
            Some(token) => {
                if !self.used.insert(digest(token)) {
                    // Begin the list again the next time.
                    return Err(crate::atlassian::ask::endless());
                }
            }
        }
        self.token = token;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{Cursor, ErrorKind};

    use super::{Label, Position, Run, Task};
    use crate::atlassian::ids::Ids;

    #[test]
    fn a_position_reads_back() {
        let mut position = Position::start("s");
        position.known = Ids([7, 9].into());
        position.seen.insert(7, 3);
        position.labels.insert(
            "project-1".into(),
            Label {
                project: 1,
                restrictions: Vec::new(),
                digest: "d".into(),
            },
        );
        position.run = Some(Run {
            tasks: [Task::Users(3), Task::Changed(9), Task::Missing].into(),
            pending: Ids([1, 2].into()),
            ..Run::default()
        });
        assert_eq!(Position::read(Some(&position.write()), "s").expect("ours"), position);
    }

    #[test]
    fn another_version_begins_again_and_another_text_is_refused() {
        let later = Cursor(r#"{"version":2,"shape":"unknown"}"#.into());
        assert!(Position::read(Some(&later), "s").expect("later").is_new());
        assert!(Position::read(None, "s").expect("none").is_new());
        for bad in ["", "null", "{}", "[1]", r#"{"version":1,"high":"x"}"#] {
            let error = Position::read(Some(&Cursor(bad.into())), "s").expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{bad}");
        }
    }

    #[test]
    fn other_settings_begin_again_and_take_a_census() {
        let mut position = Position::start("s");
        position.high = 5;
        let fresh = Position::read(Some(&position.write()), "t").expect("other");
        assert!(fresh.is_new() && fresh.census < 0);
    }

    #[test]
    fn a_page_that_comes_twice_ends_the_list() {
        let mut run = Run {
            tasks: [Task::Missing].into(),
            ..Run::default()
        };
        run.turn(Some("a".into())).expect("new");
        run.turn(Some("b".into())).expect("new");
        assert!(run.turn(Some("a".into())).is_err());
        run.turn(None).expect("the end");
        assert!(run.tasks.is_empty() && run.used.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut position = Position::start("s");
        position.known = Ids((0..2_000_000).map(|id| id * 50).collect());
        position.seen = (0..20_000).map(|id| (id, 1)).collect();
        (0..20_000).for_each(|id| position.reject(id));
        position.tidy(0);
        assert!(position.write().0.len() < 1 << 20);
    }
}
