//! A round over an archive: from the first changed unit to the last, page by page, resumable at any event.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use domain::{Change, Cursor, DocumentId, DocumentKind, Error, Estimate, Key, Page, Rejected, Result, Sweep};

use crate::archive::format::{Event, Events, Format, Unit};
use crate::archive::limits::Limits;
use crate::archive::lost::Lost;
use crate::archive::state::{Group, Stamp, State, Stop, group};
use crate::archive::tree::Tree;

/// Changes on a page.
const PAGE: usize = 1000;

/// A round in progress.
pub(crate) struct Round {
    format: Arc<dyn Format>,
    tree: Arc<Tree>,
    /// What every version depends on besides the files.
    settings: String,
    preamble: Vec<Change>,
    groups: std::vec::IntoIter<Group>,
    reading: Option<Reading>,
    state: State,
    /// Prefixes of rejected items that are void because their unit is gone.
    gone: Vec<String>,
    /// Whether there is only one group to read, so that failing to read it is failing to read anything.
    single: bool,
    /// Groups of which not all could be read.
    failed: BTreeSet<String>,
    /// Under which keys documents are that could not be read.
    unknown: BTreeSet<Key>,
    /// The first item that could have been any document.
    untold: Option<String>,
}

/// A group being read.
struct Reading {
    group: Group,
    stamp: Stamp,
    /// The unit being read.
    unit: Option<Unit>,
    /// Units not yet begun.
    left: std::vec::IntoIter<Unit>,
    events: Option<Events>,
    next: u64,
}

/// The name of the unit that is not in any file; sorts first.
const PREAMBLE: &str = "";

impl Round {
    /// Look at the archive and compare it with `state`.
    pub(crate) fn start(format: Arc<dyn Format>, root: &Path, limits: &Limits, mut state: State) -> Result<Self> {
        let tree = Tree::list(root, limits)?;
        let mut units = format.units(&tree)?;
        let preamble = format.preamble(&tree)?;
        let context = format!("{preamble:?}");
        units.insert(
            0,
            Unit {
                name: PREAMBLE.to_owned(),
                files: Vec::new(),
                context,
                rejects: Vec::new(),
                lost: Lost::Nothing,
            },
        );
        let names: BTreeSet<String> = units.iter().map(|unit| unit.name.clone()).collect();
        let settings = format!("{format:?}");
        let groups = group(units, &tree, &settings);
        let present: BTreeSet<&str> = groups.iter().map(|group| group.key.as_str()).collect();
        let vanished: Vec<String> = state
            .done
            .keys()
            .filter(|key| !present.contains(key.as_str()))
            .cloned()
            .collect();
        for key in &vanished {
            state.done.remove(key);
            state.sweep = true;
        }
        if state
            .stop
            .as_ref()
            .is_some_and(|stop| !present.contains(stop.group.as_str()))
        {
            state.stop = None;
            state.sweep = true;
        }
        let void = state.rejected.extract_if(.., |name| !names.contains(name));
        let gone: BTreeSet<String> = vanished
            .into_iter()
            .filter(|key| !Group::is_bucket(key))
            .chain(void)
            .collect();
        let gone = gone.iter().map(|name| Unit::prefix(name)).collect();
        let single = groups.len() == 2;
        let groups = groups.into_iter();
        Ok(Self {
            format,
            tree: Arc::new(tree),
            settings,
            preamble,
            groups,
            reading: None,
            state,
            gone,
            single,
            failed: BTreeSet::new(),
            unknown: BTreeSet::new(),
            untold: None,
        })
    }

    /// What is to be read: the files of groups that are not as they were.
    pub(crate) fn estimate(self) -> Estimate {
        let changed = |group: &Group| {
            self.state
                .done
                .get(&group.key)
                .is_none_or(|stamp| stamp.quick != group.quick)
        };
        let groups = self.groups.filter(changed);
        let files: BTreeSet<String> = groups
            .flat_map(|group| group.units.into_iter().flat_map(|unit| unit.files))
            .collect();
        let entries = self.tree.entries.iter().filter(|entry| files.contains(&entry.path));
        let bytes: u64 = entries.map(|entry| entry.size).sum();
        let ground = if files.is_empty() {
            "no file changed".to_owned()
        } else {
            format!(
                "{} files of {bytes} bytes are to be read; what they hold is not known before",
                files.len()
            )
        };
        Estimate {
            sweep_due: self.state.sweep,
            documents: files.is_empty().then_some(0),
            grounds: vec![ground],
            ..Estimate::default()
        }
    }

    /// The next page.
    pub(crate) fn page(&mut self) -> Result<Page> {
        let mut page = Page::empty(Cursor(String::new()));
        page.reread = std::mem::take(&mut self.gone);
        page.more = true;
        while page.changes.len() + page.rejected.len() < PAGE {
            if self.reading.is_none() && !self.begin(&mut page)? {
                page.more = false;
                break;
            }
            if let Err(error) = self.read(&mut page) {
                self.skip(error, &mut page)?;
            }
        }
        self.state.stop = self.reading.as_ref().map(|reading| Stop {
            group: reading.group.key.clone(),
            stamp: reading.stamp.clone(),
            next: reading.next,
        });
        page.sweep_due = self.state.sweep;
        self.state.sweep &= page.more;
        page.cursor = self.state.cursor();
        Ok(page)
    }

    /// Begin the next group that has changed; `false` when there is none.
    fn begin(&mut self, page: &mut Page) -> Result<bool> {
        loop {
            let Some(group) = self.groups.next() else {
                return Ok(false);
            };
            let before = self.state.done.get(&group.key).cloned();
            if before.as_ref().is_some_and(|stamp| stamp.quick == group.quick) {
                continue;
            }
            let stamp = group.stamp(&self.tree, &self.settings);
            if before.as_ref().is_some_and(|known| known.content == stamp.content) {
                self.state.done.insert(group.key.clone(), stamp);
                continue;
            }
            let next = self.resume_at(&group, &stamp, before.is_some());
            if next == 0 {
                page.reread
                    .extend(group.units.iter().flat_map(|unit| unit.rejects.iter().cloned()));
                for unit in &group.units {
                    self.state.rejected.remove(&unit.name);
                }
            }
            let left = group.units.clone().into_iter();
            let mut reading = Reading {
                group,
                stamp,
                unit: None,
                left,
                events: None,
                next: 0,
            };
            if reading.pass_over(next, |unit| self.events(unit)) {
                self.failed.insert(reading.group.key.clone());
            }
            self.reading = Some(reading);
            return Ok(true);
        }
    }

    /// The event to go on with in a group; a group that is read anew although parts of it were delivered makes a sweep due.
    fn resume_at(&mut self, group: &Group, stamp: &Stamp, known: bool) -> u64 {
        let stop = self.state.stop.take_if(|stop| stop.group == group.key);
        let begun = stop.is_some();
        let next = stop
            .filter(|stop| stop.stamp.content == stamp.content)
            .map_or(0, |stop| stop.next);
        if next == 0 && (known || begun) {
            self.state.sweep = true;
        }
        next
    }

    fn events(&self, unit: &Unit) -> Result<Events> {
        if unit.name == PREAMBLE {
            return Ok(Box::new(
                self.preamble
                    .clone()
                    .into_iter()
                    .map(|change| Ok(Event::Change(change))),
            ));
        }
        self.format.open(&self.tree, unit)
    }

    /// Read on in the current group, to its end or to the end of the page.
    fn read(&mut self, page: &mut Page) -> Result<()> {
        let Some(mut reading) = self.reading.take() else {
            return Ok(());
        };
        while page.changes.len() + page.rejected.len() < PAGE {
            let event = match reading.event(|unit| self.events(unit)) {
                Ok(event) => event,
                Err(error) => {
                    self.reading = Some(reading);
                    return Err(error);
                }
            };
            match event {
                None => {
                    // One that could not be read in full is tried again by the next round.
                    if !self.failed.contains(&reading.group.key) {
                        self.state.done.insert(reading.group.key, reading.stamp);
                    }
                    return Ok(());
                }
                Some(Event::Change(change)) => page.changes.push(change),
                Some(Event::Rejected(rejected, lost)) => {
                    if let Some(unit) = &reading.unit {
                        self.state.note_rejected(&unit.name);
                    }
                    self.reject(page, rejected, lost);
                }
            }
        }
        self.reading = Some(reading);
        Ok(())
    }

    /// Leave a unit that cannot be read on, and go on with the next.
    ///
    /// # Errors
    /// The one that it failed with, when there is nothing else to read.
    fn skip(&mut self, error: Error, page: &mut Page) -> Result<()> {
        let Some(reading) = &mut self.reading else {
            return Err(error);
        };
        let Some(unit) = reading.unit.take() else {
            return Err(error);
        };
        reading.events = None;
        if self.single {
            return Err(error);
        }
        self.failed.insert(reading.group.key.clone());
        self.state.note_rejected(&unit.name);
        let rejected = Rejected {
            item: format!("{}0", Unit::prefix(&unit.name)),
            reason: error.message().to_owned(),
        };
        self.reject(page, rejected, unit.lost);
        Ok(())
    }

    /// Put an item on the page that could not be read, and remember what it may have been.
    fn reject(&mut self, page: &mut Page, rejected: Rejected, lost: Lost) {
        match lost {
            Lost::Nothing => {}
            Lost::Under(keys) => self.unknown.extend(keys),
            Lost::Anything => {
                self.untold.get_or_insert_with(|| rejected.to_string());
            }
        }
        page.rejected.push(rejected);
    }

    /// All documents there are, as far as this can be told, provided that they are what `read` has read.
    pub(crate) fn sweep(mut self, read: &State) -> Result<Sweep> {
        let mut existing: BTreeSet<DocumentId> = BTreeSet::new();
        let mut content = false;
        loop {
            let page = self.page()?;
            for change in &page.changes {
                if let Change::Upsert(document) = change {
                    existing.insert(document.id);
                    content |= !is_container(document.kind);
                }
            }
            if !page.more {
                break;
            }
        }
        let frozen = |reason: String| Ok(Sweep::Frozen(reason));
        if let Some(first) = self.untold {
            return frozen(format!(
                "not all of the archive can be read, and nothing tells what is missing; first: {first}"
            ));
        }
        if !self.state.is_what_was_read(read, &self.failed) {
            return frozen("the archive has changed since it was read; the next sync reads the changes".to_owned());
        }
        if !content {
            return frozen("the archive holds no documents any more".to_owned());
        }
        let existing = existing.into_iter().collect();
        let unknown = self.unknown;
        Ok(if unknown.is_empty() {
            Sweep::Complete(existing)
        } else {
            Sweep::Partial { existing, unknown }
        })
    }
}

/// Whether documents of this kind are made for the archive as a whole, whatever it holds.
fn is_container(kind: DocumentKind) -> bool {
    matches!(
        kind,
        DocumentKind::Repository | DocumentKind::Project | DocumentKind::Channel | DocumentKind::Space
    )
}

impl Reading {
    /// The next event of the group.
    fn event(&mut self, open: impl Fn(&Unit) -> Result<Events>) -> Result<Option<Event>> {
        loop {
            if self.events.is_none() {
                let Some(unit) = self.left.next() else { return Ok(None) };
                self.events = Some(open(self.unit.insert(unit))?);
            }
            match self.events.as_mut().and_then(Iterator::next) {
                None => self.events = None,
                Some(event) => {
                    self.next += 1;
                    return event.map(Some);
                }
            }
        }
    }

    /// Go to an event that was reached before; whether something could not be read on the way.
    fn pass_over(&mut self, count: u64, open: impl Fn(&Unit) -> Result<Events>) -> bool {
        let mut failed = false;
        while self.next < count {
            match self.event(&open) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    failed = true;
                    self.events = None;
                }
            }
        }
        failed
    }
}
