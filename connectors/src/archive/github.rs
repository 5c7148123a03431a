//! GitHub issues and pull requests as the REST API writes them, with comments, reviews and timelines in files of their own or embedded.
//!
//! A pull request is told by several records: its row among the issues, its row among the pull requests, reviews, timeline events.
//! The archive is therefore read twice: once for what belongs to other records' documents, once for the documents.

mod index;
pub(crate) mod item;
pub(crate) mod part;
pub(crate) mod record;

use std::path::PathBuf;
use std::sync::Arc;

use domain::{AccessId, Change, Key, Result, SourceId};
use serde::Deserialize;
use serde_json::Value;

use crate::access::AccessSetting;
use crate::archive::format::{Convert, Event, Events, FileEvents, Format, Told, Unit};
use crate::archive::identify::{self, Kind};
use crate::archive::lost::{Lost, Remains};
use crate::archive::records::is_json;
use crate::archive::repository::check;
use crate::archive::tree::{Entry, Tree};

use index::Index;
use item::{Identity, Maker};
use record::{Around, Record, Shape};

/// The settings of a GitHub archive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubSettings {
    /// A file or folder of `.json`, `.jsonl` or `.jsonl.gz`, or a zip of them.
    pub path: PathBuf,
    /// The repository, `owner/name`; by default told by the addresses in the records.
    #[serde(default)]
    pub repository: Option<String>,
    /// Who may read it.
    #[serde(default)]
    pub access: AccessSetting,
    /// The most bytes that one file may have after expansion.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// A GitHub archive.
#[derive(Debug, Clone)]
pub(crate) struct GitHub {
    source: SourceId,
    repository: Option<String>,
    access: AccessSetting,
}

/// The keys of objects that wrap a list of records: search results.
const WRAPPERS: &[&str] = &["items"];

impl GitHub {
    pub(crate) fn new(source: SourceId, settings: GitHubSettings) -> Result<Self> {
        settings.repository.iter().try_for_each(|name| check(name))?;
        Ok(Self {
            source,
            repository: settings.repository,
            access: settings.access,
        })
    }

    /// What is known about a record before it is read.
    fn around<'a>(&'a self, only: Option<&'a str>, number: Option<u64>) -> Around<'a> {
        Around {
            repository: self.repository.as_deref(),
            only,
            number,
        }
    }

    /// The events of a file, or the error that opening it made.
    fn file(&self, tree: &Tree, index: &Arc<Index>, path: &str) -> Events {
        let Some(entry) = tree.entry(path) else {
            return Box::new(std::iter::empty());
        };
        let (github, index, number) = (self.clone(), Arc::clone(index), number_in(entry));
        let convert = Records {
            github,
            index,
            told: Told::default(),
            number,
        };
        match FileEvents::open(tree, entry, WRAPPERS, convert) {
            Ok(file) => Box::new(file),
            Err(error) => Box::new(std::iter::once(Err::<Event, _>(error))),
        }
    }
}

impl Format for GitHub {
    fn kind(&self) -> Kind {
        Kind::Github
    }

    fn preamble(&self, _tree: &Tree) -> Result<Vec<Change>> {
        let container = self
            .repository
            .as_deref()
            .map_or_else(|| Key::from_raw("github"), Key::repository);
        Ok(vec![Change::Access(self.access.rule(&self.source, &container))])
    }

    fn units(&self, tree: &Tree) -> Result<Vec<Unit>> {
        let files: Vec<String> = files(tree).map(|entry| entry.path.clone()).collect();
        identify::require(tree, Kind::Github, files.len())?;
        // Everything is read again together, so that every earlier rejection is void: all items begin with nothing.
        Ok(vec![Unit {
            name: "archive".to_owned(),
            files,
            context: String::new(),
            rejects: vec![String::new()],
            lost: Lost::Anything,
        }])
    }

    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events> {
        let index = Arc::new(Index::read(self, tree, unit)?);
        let (github, tree, paths) = (self.clone(), Arc::clone(tree), unit.files.clone());
        Ok(Box::new(
            paths
                .into_iter()
                .flat_map(move |path| github.file(&tree, &index, &path)),
        ))
    }
}

fn files(tree: &Tree) -> impl Iterator<Item = &Entry> {
    tree.entries.iter().filter(|entry| is_json(entry))
}

/// The number of the issue that a file is about, as in `timeline-41.json`.
fn number_in(entry: &Entry) -> Option<u64> {
    let name = entry.name();
    let stem = name
        .rsplit('/')
        .next()
        .and_then(|file| file.rsplit_once('.'))
        .map_or(name, |(stem, _)| stem);
    let digits = stem
        .rsplit(|character: char| !character.is_ascii_digit())
        .next()
        .filter(|digits| !digits.is_empty());
    digits.and_then(|digits| digits.parse().ok())
}

/// The documents of one file.
struct Records {
    github: GitHub,
    index: Arc<Index>,
    told: Told,
    number: Option<u64>,
}

impl Convert for Records {
    fn record(&mut self, value: &Value) -> Result<Vec<Change>, String> {
        let record = record::read(self.github.around(self.index.only.as_deref(), self.number), value)?;
        let mut changes = Vec::new();
        let mut maker = Maker {
            source: &self.github.source,
            access: &AccessId::common(&self.github.source),
            identity: Identity::Keys,
            web: "https://github.com",
            told: &mut self.told,
            changes: &mut changes,
        };
        tell(&mut maker, &self.index, &record);
        Ok(changes)
    }

    fn lost(&self, remains: Remains<'_>) -> Lost {
        let place = match remains {
            Remains::Whole(record) if !record::is_known(record) => return Lost::Nothing,
            Remains::Whole(record) => {
                record::place(self.github.around(self.index.only.as_deref(), self.number), record)
            }
            // What the file or the rest of the archive would tell about it, the missing part may tell otherwise.
            Remains::Part(record) => record::place(self.github.around(None, None), record),
            Remains::Nothing => return Lost::Anything,
        };
        place.map_or(Lost::Anything, |(repository, number)| {
            Lost::Under(vec![Key::github_item(&repository, number)])
        })
    }
}

/// The changes of a record and of what is embedded in it.
fn tell(maker: &mut Maker<'_>, index: &Index, record: &Record<'_>) {
    let key = Key::github_item(&record.repository, record.number);
    let known = index.known(&key);
    match record.shape {
        // The row of the other list makes the document; this one has nothing that it lacks.
        Shape::Issue if known.has_pull_row => {}
        Shape::Issue | Shape::Pull => maker.item(record, key, known),
        Shape::Comment | Shape::Review | Shape::ReviewComment => maker.part(record, &key, &known),
        Shape::Event => {}
    }
    for child in record.children() {
        tell(maker, index, &child);
    }
}
