//! A round over an archive: from the first changed unit to the last, page by page, resumable at any event.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use domain::{Change, Cursor, DocumentId, Error, Page, Rejected, Result, Sweep};

use crate::archive::format::{Event, Events, Format, Unit};
use crate::archive::limits::Limits;
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
}

/// A group being read.
struct Reading {
    group: Group,
    stamp: Stamp,
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
            },
        );
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
        let gone = vanished
            .into_iter()
            .map(|key| if key.ends_with('/') { key } else { format!("{key}:") })
            .collect();
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
        })
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
            let stamp = match group.stamp(&self.tree, &self.settings) {
                Ok(stamp) => stamp,
                Err(error) => {
                    page.rejected.push(self.unreadable(&group.key, error)?);
                    continue;
                }
            };
            if before.as_ref().is_some_and(|known| known.content == stamp.content) {
                self.state.done.insert(group.key.clone(), stamp);
                continue;
            }
            let next = self.resume_at(&group, &stamp, before.is_some());
            if next == 0 {
                page.reread
                    .extend(group.units.iter().flat_map(|unit| unit.rejects.iter().cloned()));
            }
            let left = group.units.clone().into_iter();
            let mut reading = Reading {
                group,
                stamp,
                left,
                events: None,
                next: 0,
            };
            match reading.pass_over(next, |unit| self.events(unit)) {
                Ok(()) => self.reading = Some(reading),
                Err(error) => {
                    page.rejected.push(self.unreadable(&reading.group.key, error)?);
                    continue;
                }
            }
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
                    self.state.done.insert(reading.group.key, reading.stamp);
                    return Ok(());
                }
                Some(Event::Change(change)) => page.changes.push(change),
                Some(Event::Rejected(rejected)) => page.rejected.push(rejected),
            }
        }
        self.reading = Some(reading);
        Ok(())
    }

    /// Leave a group that cannot be read on: it is not marked as read, so that the next round tries it again.
    fn skip(&mut self, error: Error, page: &mut Page) -> Result<()> {
        if let Some(reading) = self.reading.take() {
            page.rejected.push(self.unreadable(&reading.group.key, error)?);
        }
        Ok(())
    }

    /// A group that could not be opened or read on; an error when there is no other.
    fn unreadable(&self, key: &str, error: Error) -> Result<Rejected> {
        if self.single {
            return Err(error);
        }
        Ok(Rejected {
            item: format!("{key}:0"),
            reason: error.message().to_owned(),
        })
    }

    /// All documents there are; any record that cannot be read may be one, and freezes the answer.
    pub(crate) fn sweep(&mut self) -> Result<Sweep> {
        let mut ids: BTreeSet<DocumentId> = BTreeSet::new();
        loop {
            let page = self.page()?;
            if let Some(first) = page.rejected.first() {
                return Ok(Sweep::Frozen(format!(
                    "not all of the archive can be read; first: {first}"
                )));
            }
            ids.extend(page.changes.iter().filter_map(|change| match change {
                Change::Upsert(document) => Some(document.id),
                Change::Delete(_) | Change::Access(_) | Change::Account(_) => None,
            }));
            if !page.more {
                break;
            }
        }
        if ids.is_empty() {
            return Ok(Sweep::Frozen("the archive holds no documents".to_owned()));
        }
        Ok(Sweep::Complete(ids.into_iter().collect()))
    }
}

impl Reading {
    /// The next event of the group.
    fn event(&mut self, open: impl Fn(&Unit) -> Result<Events>) -> Result<Option<Event>> {
        loop {
            if self.events.is_none() {
                let Some(unit) = self.left.next() else { return Ok(None) };
                self.events = Some(open(&unit)?);
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

    /// Go to an event that was reached before.
    fn pass_over(&mut self, count: u64, open: impl Fn(&Unit) -> Result<Events>) -> Result<()> {
        while self.next < count {
            if self.event(&open)?.is_none() {
                break;
            }
        }
        Ok(())
    }
}
