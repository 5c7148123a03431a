//! What one kind of archive brings to the shared engine: how its files form units, and how a unit becomes changes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use domain::{AccessId, AccessRule, Account, Change, Key, Rejected, Result};
use serde_json::Value;

use crate::archive::identify::Kind;
use crate::archive::lost::{Lost, Remains, top_level};
use crate::archive::records::{Record, Records, parse};
use crate::archive::tree::{Entry, Tree};

/// What a unit yields.
#[derive(Debug)]
pub(crate) enum Event {
    /// A change.
    Change(Change),
    /// A record that could not be understood, and what it may have been.
    Rejected(Rejected, Lost),
}

/// The events of a unit, the same ones each time the same files are read.
pub(crate) type Events = Box<dyn Iterator<Item = Result<Event>> + Send>;

/// Files that are read, skipped and read again together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its name, unique in the archive.
    pub(crate) name: String,
    /// Its files.
    pub(crate) files: Vec<String>,
    /// A digest of whatever else its documents depend on.
    pub(crate) context: String,
    /// The beginnings of the names of its rejected items.
    pub(crate) rejects: Vec<String>,
    /// What is lost when none of it can be read.
    pub(crate) lost: Lost,
}

impl Unit {
    /// A unit of one file.
    pub(crate) fn file(entry: &Entry, context: &str, lost: Lost) -> Self {
        let path = entry.path.clone();
        Self {
            name: path.clone(),
            rejects: vec![format!("{path}:")],
            files: vec![path],
            context: context.to_owned(),
            lost,
        }
    }

    /// The beginning of the names of the rejected items of the unit `name`.
    pub(crate) fn prefix(name: &str) -> String {
        if name.ends_with('/') {
            name.to_owned()
        } else {
            format!("{name}:")
        }
    }
}

/// One kind of archive, with its settings.
pub(crate) trait Format: std::fmt::Debug + Send + Sync {
    /// Which kind.
    fn kind(&self) -> Kind;

    /// What does not come from any single file: access rules and containers.
    fn preamble(&self, tree: &Tree) -> Result<Vec<Change>>;

    /// The units of an archive, after a check that it is of this kind.
    fn units(&self, tree: &Tree) -> Result<Vec<Unit>>;

    /// Begin to read a unit.
    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events>;
}

/// How the records of a file become changes.
pub(crate) trait Convert: Send {
    /// What precedes the first record.
    fn begin(&mut self) -> Vec<Change> {
        Vec::new()
    }

    /// The changes that a record makes, or why it is rejected (without quoting it).
    fn record(&mut self, record: &Value) -> Result<Vec<Change>, String>;

    /// What a rejected record may have been.
    fn lost(&self, remains: Remains<'_>) -> Lost;
}

/// The events of one file of records.
pub(crate) struct FileEvents<C> {
    path: String,
    records: Records,
    convert: C,
    ready: VecDeque<Change>,
}

impl<C: Convert> FileEvents<C> {
    /// Read `entry` through `convert`.
    pub(crate) fn open(tree: &Tree, entry: &Entry, wrappers: &'static [&'static str], mut convert: C) -> Result<Self> {
        let records = Records::open(tree, entry, wrappers)?;
        let ready = convert.begin().into();
        Ok(Self {
            path: entry.path.clone(),
            records,
            convert,
            ready,
        })
    }

    fn rejected(&self, number: u64, reason: String, remains: Remains<'_>) -> Event {
        let item = format!("{}:{number}", self.path);
        Event::Rejected(Rejected { item, reason }, self.convert.lost(remains))
    }

    /// The changes of a record, or its rejection.
    fn converted(&mut self, number: u64, bytes: &[u8]) -> Result<Vec<Change>, Event> {
        let value = parse(bytes).map_err(|reason| self.rejected(number, reason, Remains::Part(&top_level(bytes))))?;
        let made = self.convert.record(&value);
        made.map_err(|reason| self.rejected(number, reason, Remains::Whole(&value)))
    }
}

impl<C: Convert> Iterator for FileEvents<C> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(Ok(Event::Change(change)));
            }
            let made = match self.records.next() {
                Ok(None) => return None,
                Ok(Some(Record::Long(number, reason, head))) => {
                    return Some(Ok(self.rejected(number, reason, Remains::Part(&top_level(&head)))));
                }
                Ok(Some(Record::Cut(number, reason))) => {
                    return Some(Ok(self.rejected(number, reason, Remains::Nothing)));
                }
                Ok(Some(Record::Json(number, bytes))) => self.converted(number, &bytes),
                Err(error) => {
                    return Some(Err(domain::Error::io(
                        "read archive",
                        std::path::Path::new(&self.path),
                        error,
                    )));
                }
            };
            match made {
                Ok(changes) => self.ready.extend(changes),
                Err(rejected) => return Some(Ok(rejected)),
            }
        }
    }
}

/// The file of a unit that has just one.
///
/// # Errors
/// `NotFound` when it is gone.
pub(crate) fn only_file<'t>(tree: &'t Tree, unit: &Unit) -> Result<&'t Entry> {
    unit.files
        .first()
        .and_then(|path| tree.entry(path))
        .ok_or_else(|| domain::Error::not_found("read archive", format!("{} is gone", unit.name)))
}

/// What a unit has already told: accounts, rules and containers are told once in each.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeSet<String>);

impl Told {
    /// Names remembered at most; beyond that some are told again, which does no harm.
    const LIMIT: usize = 100_000;

    /// Whether `name` has not been told yet; now it is.
    pub(crate) fn first(&mut self, name: &str) -> bool {
        if self.0.contains(name) {
            return false;
        }
        if self.0.len() >= Self::LIMIT {
            self.0.clear();
        }
        self.0.insert(name.to_owned())
    }

    /// Add an account to `changes` when it is new here.
    pub(crate) fn account(&mut self, changes: &mut Vec<Change>, account: Account) -> Key {
        let id = account.id.clone();
        if self.first(id.as_str()) {
            changes.push(Change::Account(account));
        }
        id
    }

    /// Add a rule to `changes` when its label is new here.
    pub(crate) fn rule(&mut self, changes: &mut Vec<Change>, rule: AccessRule) -> AccessId {
        let label = rule.id.clone();
        if self.first(label.as_str()) {
            changes.push(Change::Access(rule));
        }
        label
    }
}
