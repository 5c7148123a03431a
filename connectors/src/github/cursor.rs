//! How far the connector has read: per repository and stream, and the run under way.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Cursor, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cursor;

/// The form below. A cursor of another form begins again.
const VERSION: u8 = 1;
/// How far a stream is read again: GitHub's lists lag behind what they list.
pub(super) const OVERLAP: Duration = Duration::from_hours(3);
/// People whose profiles are known at most.
const PEOPLE: usize = 10_000;
/// Pull requests that one repository remembers having read.
const SEEN: usize = 300;

/// A cursor, opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    version: u8,
    /// By which settings it was read.
    pub(super) settings: String,
    pub(super) run: Option<Run>,
    /// By their numbers, which outlive names.
    pub(super) repositories: BTreeMap<u64, Repository>,
    /// When profiles were read, by login, in hours since 1970.
    people: BTreeMap<String, i64>,
    /// When deletions were last looked for.
    pub(super) census: Option<Timestamp>,
    /// When everything was last read.
    pub(super) reread: Option<Timestamp>,
}

/// A run: first who may read what, then repository after repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) began: Timestamp,
    pub(super) viewer: Option<String>,
    pub(super) stage: Stage,
    pub(super) at: u64,
}

/// What is read of a repository, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Access,
    Profile,
    Issues,
    Comments,
    Pulls,
    Remarks,
    Discussions,
    Releases,
}

impl Stage {
    /// The next one in the same repository.
    fn next(self) -> Option<Self> {
        match self {
            Self::Profile => Some(Self::Issues),
            Self::Issues => Some(Self::Comments),
            Self::Comments => Some(Self::Pulls),
            Self::Pulls => Some(Self::Remarks),
            Self::Remarks => Some(Self::Discussions),
            Self::Discussions => Some(Self::Releases),
            Self::Access | Self::Releases => None,
        }
    }
}

/// Who sees a repository by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visibility {
    Public,
    Internal,
    #[default]
    Private,
}

/// What is known of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Repository {
    /// `owner/name`.
    pub(super) name: String,
    pub(super) visibility: Visibility,
    /// Whether it is no longer listed.
    pub(super) gone: bool,
    pub(super) has_discussions: bool,
    /// A digest of what its document says, and when that was last put together.
    pub(super) row: String,
    pub(super) profiled: Option<Timestamp>,
    /// Entity tags by list.
    pub(super) tags: BTreeMap<String, String>,
    /// The highest number of an issue or pull request.
    pub(super) last_number: u64,
    pub(super) issues: Rising,
    pub(super) comments: Rising,
    pub(super) remarks: Rising,
    pub(super) pulls: Falling,
    pub(super) discussions: Falling,
}

/// A list from the oldest change to the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rising {
    /// The newest change that was read.
    pub(super) high: Option<Timestamp>,
    /// Where a walk goes on.
    pub(super) at: Option<Place>,
}

/// Where a walk goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    Since(Timestamp),
    Link(String),
}

/// A list from the newest change to the oldest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Falling {
    /// All changes up to here were read.
    pub(super) high: Option<Timestamp>,
    pub(super) walk: Option<Walk>,
    /// What was read after `high` less the overlap, by number, and its time of change.
    pub(super) seen: BTreeMap<u64, Timestamp>,
}

/// A walk back from the newest change. Nothing is known of what lies before its end, so `high` waits for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) next: String,
    pub(super) top: Option<Timestamp>,
    pub(super) tag: Option<String>,
}

impl Position {
    /// Open a cursor; an absent one, and one of another version, begins again.
    pub(super) fn read(cursor: Option<&Cursor>) -> Result<Self> {
        let kept = cursor::read(cursor, VERSION, "read GitHub cursor")?;
        Ok(kept.unwrap_or_else(|| Self {
            version: VERSION,
            ..Self::default()
        }))
    }

    /// The cursor to keep.
    pub(super) fn write(&self) -> Cursor {
        cursor::write(self)
    }

    /// The repository that is being read.
    pub(super) fn at(&mut self) -> Option<(u64, &mut Repository)> {
        let id = self.run.as_ref()?.at;
        Some((id, self.repositories.get_mut(&id)?))
    }

    /// Go on to the next stage, or the next repository; at the end there is no run.
    pub(super) fn advance(&mut self) {
        let Some(run) = &mut self.run else { return };
        let mut live = self.repositories.iter().filter(|(_, one)| !one.gone).map(|(id, _)| *id);
        let next = match (run.stage, run.stage.next()) {
            (_, Some(stage)) => Some((stage, run.at)),
            (Stage::Access, None) => {
                let all: Vec<u64> = live.collect();
                let following = all.iter().find(|id| **id > run.at).map(|id| (Stage::Access, *id));
                following.or_else(|| all.first().map(|id| (Stage::Profile, *id)))
            }
            (_, None) => live.find(|id| *id > run.at).map(|id| (Stage::Profile, id)),
        };
        match next {
            Some((stage, at)) => (run.stage, run.at) = (stage, at),
            None => self.run = None,
        }
    }

    /// Whether the profile of `login` was read within `period`.
    pub(super) fn knows(&self, login: &str, now: Timestamp, period: Duration) -> bool {
        let age = |then: &i64| hours(now).saturating_sub(*then);
        self.people
            .get(login)
            .is_some_and(|then| age(then) < i64::try_from(period.as_secs() / 3600).unwrap_or(i64::MAX))
    }

    /// Note that the profile of `login` was read.
    pub(super) fn learned(&mut self, login: &str, now: Timestamp) {
        if self.people.len() >= PEOPLE {
            self.people.clear();
        }
        self.people.insert(login.to_owned(), hours(now));
    }
}

fn hours(time: Timestamp) -> i64 {
    time.0.div_euclid(3_600_000)
}

impl Repository {
    /// Read everything of it again.
    pub(super) fn restart(&mut self) {
        self.row.clear();
        self.profiled = None;
        self.tags.clear();
        self.issues = Rising::default();
        self.comments = Rising::default();
        self.remarks = Rising::default();
        self.pulls = Falling::default();
        self.discussions = Falling::default();
    }
}

/// `time` less the overlap.
pub(super) fn before(time: Timestamp) -> Timestamp {
    let overlap = i64::try_from(OVERLAP.as_millis()).unwrap_or(i64::MAX);
    Timestamp(time.0.saturating_sub(overlap))
}

impl Rising {
    /// From when a new walk reads; none from the beginning.
    pub(super) fn floor(&self) -> Option<Timestamp> {
        self.high.map(before)
    }
}

impl Falling {
    /// Down to where a walk reads; none to the end.
    pub(super) fn floor(&self) -> Option<Timestamp> {
        self.high.map(before)
    }

    /// End a walk that has read everything down to the floor.
    pub(super) fn finish(&mut self, top: Option<Timestamp>) {
        self.high = self.high.max(top);
        self.walk = None;
        let floor = self.floor();
        self.seen.retain(|_, at| Some(*at) >= floor);
        while self.seen.len() > SEEN {
            let oldest = self.seen.iter().min_by_key(|(_, at)| **at).map(|(number, _)| *number);
            match oldest {
                Some(number) => drop(self.seen.remove(&number)),
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Cursor, ErrorKind, Timestamp};

    use super::{Falling, Place, Position, Repository, Rising, Run, Stage, Walk};

    fn position() -> Position {
        let mut position = Position::read(None).expect("start");
        for id in [3, 7, 9] {
            let repository = Repository {
                name: format!("acme/r{id}"),
                gone: id == 7,
                issues: Rising {
                    high: Some(Timestamp(5)),
                    at: Some(Place::Link("https://x/?after=1".into())),
                },
                pulls: Falling {
                    walk: Some(Walk {
                        next: "n".into(),
                        top: Some(Timestamp(1)),
                        tag: None,
                    }),
                    ..Falling::default()
                },
                ..Repository::default()
            };
            position.repositories.insert(id, repository);
        }
        position.run = Some(Run {
            began: Timestamp(0),
            viewer: None,
            stage: Stage::Access,
            at: 3,
        });
        position
    }

    #[test]
    fn a_position_reads_back() {
        let position = position();
        assert_eq!(Position::read(Some(&position.write())).expect("ours"), position);
    }

    #[test]
    fn another_version_begins_again_and_another_text_is_refused() {
        let later = Cursor(r#"{"version":9,"shape":"unknown"}"#.into());
        assert_eq!(
            Position::read(Some(&later)).expect("later"),
            Position::read(None).expect("none")
        );
        for bad in ["", "[1]", r#"{"version":1,"repositories":7}"#] {
            let error = Position::read(Some(&Cursor(bad.into()))).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{bad}");
        }
    }

    #[test]
    fn a_run_asks_first_who_reads_what_and_leaves_out_what_is_gone() {
        let mut position = position();
        let mut passed = Vec::new();
        while let Some(run) = &position.run {
            passed.push((run.stage, run.at));
            position.advance();
        }
        assert_eq!(passed[..2], [(Stage::Access, 3), (Stage::Access, 9)]);
        assert_eq!(passed[2], (Stage::Profile, 3));
        assert_eq!((passed.len(), passed.last()), (2 + 2 * 7, Some(&(Stage::Releases, 9))));
    }

    #[test]
    fn a_finished_walk_never_lowers_its_mark_and_forgets_what_is_old() {
        let day = |days: i64| Timestamp(days * 86_400_000);
        let mut falling = Falling {
            high: Some(day(9)),
            seen: [(1, day(1)), (2, day(10))].into(),
            ..Falling::default()
        };
        falling.finish(Some(day(10)));
        assert_eq!((falling.high, falling.seen.len()), (Some(day(10)), 1));
        falling.finish(Some(day(8)));
        assert_eq!(falling.high, Some(day(10)));
    }

    #[test]
    fn people_are_known_for_a_while() {
        let mut position = position();
        position.learned("ada", Timestamp(0));
        let week = Duration::from_hours(7 * 24);
        assert!(position.knows("ada", Timestamp(3_600_000), week));
        assert!(!position.knows("ada", Timestamp(8 * 86_400_000), week) && !position.knows("bob", Timestamp(0), week));
    }
}
