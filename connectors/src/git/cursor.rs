//! How far the connector has read: the state it reached, and the run that is on its way to the next.

use domain::{Cursor, Result};
use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::cursor;

/// The form below. A cursor of another form begins again.
const VERSION: u8 = 1;

/// A cursor, opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    version: u8,
    /// What was read completely.
    pub(super) done: Option<State>,
    /// The run under way. Its target stays the same until it is done, wherever the branch moves meanwhile.
    pub(super) run: Option<Run>,
}

/// A state of the repository and of the settings by which it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The commit at the branch's tip; none in an empty repository.
    pub(super) head: Option<Oid>,
    /// Digest of all tags and their targets.
    pub(super) tags: String,
    /// Digest of all else that commits and releases are made from: names, mailmap, where a shallow history ends.
    pub(super) history: String,
    /// Digest of all else that files are made from: names, limits, branch, code owners.
    pub(super) files: String,
}

/// A run from one state to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) to: State,
    /// Commits reachable from here are known; none: read all.
    pub(super) commits_since: Option<Oid>,
    /// Files as they are here are known; none: read all.
    pub(super) files_since: Option<Oid>,
    /// Whether tags are to be read.
    pub(super) tags: bool,
    /// Whether something may have vanished.
    pub(super) sweep: bool,
    pub(super) stage: Stage,
    /// How many items of the stage were read.
    pub(super) next: usize,
    /// The last commit that was read, by which a resumed list is checked.
    pub(super) last: Option<Oid>,
    /// Files left out so far: binary, too large, or not worth reading.
    pub(super) skipped: u64,
}

/// What a run reads, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Commits,
    Files,
    Tags,
    Done,
}

/// An object id, written as hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Oid(pub(super) ObjectId);

impl TryFrom<String> for Oid {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(|_error: gix::Error| "not an object id")
    }
}

impl From<Oid> for String {
    fn from(id: Oid) -> Self {
        id.0.to_hex().to_string()
    }
}

impl Position {
    /// Where the first pull begins.
    pub(super) fn start() -> Self {
        Self {
            version: VERSION,
            done: None,
            run: None,
        }
    }

    /// Nothing under way, everything up to `state` read.
    pub(super) fn at(state: State) -> Self {
        Self {
            version: VERSION,
            done: Some(state),
            run: None,
        }
    }

    /// `run` under way since `done`.
    pub(super) fn during(done: Option<State>, run: Run) -> Self {
        Self {
            version: VERSION,
            done,
            run: Some(run),
        }
    }

    /// Open a cursor; an absent one, and one of another version, begins again.
    pub(super) fn read(cursor: Option<&Cursor>) -> Result<Self> {
        let kept = cursor::read(cursor, VERSION, "read git cursor")?;
        Ok(kept.unwrap_or_else(Self::start))
    }

    /// The cursor to keep.
    pub(super) fn write(&self) -> Cursor {
        cursor::write(self)
    }
}

impl Run {
    /// Go on with `stage` from its beginning.
    pub(super) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.next = 0;
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use domain::{Cursor, ErrorKind};

    use super::{Oid, Position, Run, Stage, State};

    #[test]
    fn a_position_reads_back() {
        let head = Oid(gix::ObjectId::null(gix::hash::Kind::Sha1));
        let state = State {
            head: Some(head),
            ..State::default()
        };
        let run = Run {
            to: state.clone(),
            commits_since: Some(head),
            files_since: None,
            tags: true,
            sweep: true,
            stage: Stage::Files,
            next: 7,
            last: Some(head),
            skipped: 3,
        };
        let position = Position::during(Some(state), run);
        assert_eq!(Position::read(Some(&position.write())).expect("ours"), position);
    }

    #[test]
    fn another_version_begins_again_and_another_text_is_refused() {
        let later = Cursor(r#"{"version":2,"shape":"unknown"}"#.into());
        assert_eq!(Position::read(Some(&later)).expect("later"), Position::start());
        assert_eq!(Position::read(None).expect("none"), Position::start());
        for bad in ["", "null", "{}", "[1]", r#"{"version":1,"done":{"head":"xyz"}}"#] {
            let error = Position::read(Some(&Cursor(bad.into()))).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{bad}");
        }
    }
}
