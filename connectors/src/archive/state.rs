//! The cursor of an archive: which units were read in which version, and where reading stopped.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Cursor, Error, Result};
use serde::{Deserialize, Serialize};

use crate::archive::format::Unit;
use crate::archive::identify::Kind;
use crate::archive::tree::{Tree, fingerprint};

/// Raised when the documents made from the same files change, so that they are read again.
const VERSION: u32 = 1;

/// Unit names in the cursor take at most this many bytes; beyond that, units share buckets.
const NAMES_LIMIT: usize = 400 * 1024;

/// Names of units with rejections take at most this many bytes.
const REJECTED_LIMIT: usize = 64 * 1024;

/// Buckets, when there are too many units to name: 4,096 of about 60 bytes each stay far below a cursor's limit of 1 MiB.
const BUCKET_BITS: u32 = 12;

/// The version of a group of units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// From sizes, times and settings: equal means unchanged.
    pub(crate) quick: String,
    /// From contents and settings: equal means unchanged although `quick` differs.
    pub(crate) content: String,
}

/// Where reading stopped within a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// The group.
    pub(crate) group: String,
    /// Its version.
    pub(crate) stamp: Stamp,
    /// Events delivered.
    pub(crate) next: u64,
}

/// The content of a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The kind of archive that it is about.
    pub(crate) kind: Kind,
    /// Groups read to their end.
    pub(crate) done: BTreeMap<String, Stamp>,
    /// The group being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<Stop>,
    /// Whether a sweep is due at the end of this round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sweep: bool,
    /// Units of which something was rejected, as many as fit, so that the rejections are void when the unit is gone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) rejected: BTreeSet<String>,
}

impl State {
    /// Nothing read yet.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            done: BTreeMap::new(),
            stop: None,
            sweep: false,
            rejected: BTreeSet::new(),
        }
    }

    /// Note that something of a unit was rejected.
    pub(crate) fn note_rejected(&mut self, unit: &str) {
        if self.rejected.contains(unit) {
            return;
        }
        let bytes: usize = self.rejected.iter().map(String::len).sum();
        if bytes + unit.len() <= REJECTED_LIMIT {
            self.rejected.insert(unit.to_owned());
        }
    }

    /// Whether all that `read` has read is what this state, of all that there is now, has read, but for the failed groups.
    pub(crate) fn is_what_was_read(&self, read: &Self, failed: &BTreeSet<String>) -> bool {
        let content = |state: &Self, key: &str| state.done.get(key).map(|stamp| stamp.content.clone());
        let keys: BTreeSet<&String> = self.done.keys().chain(read.done.keys()).collect();
        keys.into_iter()
            .filter(|key| !failed.contains(*key))
            .all(|key| content(self, key) == content(read, key))
    }

    /// Read a cursor; none is the beginning.
    ///
    /// # Errors
    /// `Invalid` for a cursor of another connector.
    pub(crate) fn read(kind: Kind, cursor: Option<&Cursor>) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Self::new(kind));
        };
        let state = serde_json::from_str::<Self>(&cursor.0)
            .ok()
            .filter(|state| state.kind == kind);
        state.ok_or_else(|| {
            Error::invalid(
                "read cursor",
                format!("the stored position is not one of a `{kind}` archive"),
            )
            .with_hint("a source cannot change its kind: give the new one another name")
        })
    }

    /// The state as a cursor.
    ///
    /// # Panics
    /// Never: every part serialises.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).expect("every part of the state serialises"))
    }
}

/// Units that share an entry of the cursor: one each, as long as they are few.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) key: String,
    pub(crate) units: Vec<Unit>,
    pub(crate) quick: String,
}

/// Group the units of an archive, in the order of reading.
pub(crate) fn group(units: Vec<Unit>, tree: &Tree, settings: &str) -> Vec<Group> {
    let names: usize = units.iter().map(|unit| unit.name.len() + 64).sum();
    let mut groups: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
    for unit in units {
        let key = if names <= NAMES_LIMIT || unit.files.is_empty() {
            unit.name.clone()
        } else {
            bucket(&unit.name)
        };
        groups.entry(key).or_default().push(unit);
    }
    groups
        .into_iter()
        .map(|(key, units)| {
            let quick = stamp(&units, settings, |path| {
                tree.entry(path).map_or_else(String::new, super::tree::Entry::quick)
            });
            Group { key, units, quick }
        })
        .collect()
}

fn bucket(name: &str) -> String {
    let digest = fingerprint([name]);
    let number = digest
        .get(..8)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .unwrap_or(0)
        >> (32 - BUCKET_BITS);
    format!("#{number:03x}")
}

impl Group {
    /// The group's version by content. A file that cannot be read has none; opening it tells why.
    pub(crate) fn stamp(&self, tree: &Tree, settings: &str) -> Stamp {
        let digest = |path: &str| tree.entry(path).and_then(|entry| tree.digest(entry).ok());
        Stamp {
            quick: self.quick.clone(),
            content: stamp(&self.units, settings, |path| {
                digest(path).unwrap_or_else(|| format!("{path}\tunreadable"))
            }),
        }
    }

    /// Whether the group is a bucket of units, and its key the name of none.
    pub(crate) fn is_bucket(key: &str) -> bool {
        key.starts_with('#')
    }
}

fn stamp(units: &[Unit], settings: &str, file: impl Fn(&str) -> String) -> String {
    let mut lines = vec![VERSION.to_string(), settings.to_owned()];
    for unit in units {
        lines.push(format!("{}\t{}", unit.name, unit.context));
        lines.extend(unit.files.iter().map(|path| file(path)));
    }
    fingerprint(lines)
}

#[cfg(test)]
mod tests {
    use domain::Cursor;

    use super::{Group, State, group};
    use crate::archive::format::Unit;
    use crate::archive::identify::Kind;
    use crate::archive::limits::Limits;
    use crate::archive::lost::Lost;
    use crate::archive::tree::Tree;

    fn units(count: usize) -> Vec<Unit> {
        let unit = |index| Unit {
            name: format!("file-{index:06}.md"),
            files: vec!["a".into()],
            context: String::new(),
            rejects: Vec::new(),
            lost: Lost::Anything,
        };
        (0..count).map(unit).collect()
    }

    #[test]
    fn many_units_share_buckets_and_the_cursor_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::list(folder.path(), &Limits::default()).unwrap();
        assert_eq!(group(units(3), &tree, "").len(), 3);
        let groups = group(units(100_000), &tree, "");
        assert_eq!(
            groups.iter().map(|group: &Group| group.units.len()).sum::<usize>(),
            100_000
        );
        let mut state = State::new(Kind::Wiki);
        for group in groups {
            let stamp = super::Stamp {
                quick: group.quick.clone(),
                content: group.quick.clone(),
            };
            state.done.insert(group.key, stamp);
        }
        assert!(state.cursor().0.len() < 1024 * 1024);
        assert_eq!(State::read(Kind::Wiki, Some(&state.cursor())).unwrap(), state);
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let jira = State::new(Kind::Jira).cursor();
        assert!(State::read(Kind::Jira, Some(&jira)).is_ok());
        assert!(State::read(Kind::Slack, Some(&jira)).is_err());
        assert!(State::read(Kind::Jira, Some(&Cursor("{}".into()))).is_err());
    }
}
