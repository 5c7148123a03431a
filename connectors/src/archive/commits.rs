//! Commit logs as JSON lines: one record per commit with its hash, parents, date, author, message and files.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{AccessId, Account, Body, Change, DocumentKind, EdgeKind, Key, Result, SourceId};
use serde::Deserialize;
use serde_json::Value;

use crate::access::AccessSetting;
use crate::archive::draft::Draft;
use crate::archive::format::{Convert, Events, FileEvents, Format, Told, Unit, only_file};
use crate::archive::identify::{self, Kind};
use crate::archive::json::{list, one_line, text, time};
use crate::archive::lost::{Lost, Remains};
use crate::archive::records::is_json;
use crate::archive::repository::{check, is_commit, is_repository, web};
use crate::archive::tree::Tree;

/// Files of a commit that become edges; merges of whole trees have more than anybody asks about.
const TOUCHES: usize = 1000;

/// The settings of a commit log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitsSettings {
    /// A file or folder of `.jsonl` or `.jsonl.gz`.
    pub path: PathBuf,
    /// The repository; by default told by each file's name, `owner__name.jsonl`.
    #[serde(default)]
    pub repository: Option<String>,
    /// Names that the repository had before, each `owner/name`.
    #[serde(default)]
    pub formerly: Vec<String>,
    /// Who may read it.
    #[serde(default)]
    pub access: AccessSetting,
    /// The most bytes that one file may have after expansion.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// A commit log.
#[derive(Debug, Clone)]
pub(crate) struct Commits {
    source: SourceId,
    repository: Option<String>,
    formerly: Vec<String>,
    access: AccessSetting,
}

impl Commits {
    pub(crate) fn new(source: SourceId, settings: CommitsSettings) -> Result<Self> {
        settings
            .repository
            .iter()
            .chain(&settings.formerly)
            .try_for_each(|name| check(name))?;
        Ok(Self {
            source,
            repository: settings.repository,
            formerly: settings.formerly,
            access: settings.access,
        })
    }

    /// The repository that a file is about.
    fn repository(&self, name: &str) -> String {
        let file = name.rsplit('/').next().unwrap_or(name);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let told = stem.replacen("__", "/", 1);
        self.repository
            .clone()
            .or_else(|| is_repository(&told).then_some(told))
            .unwrap_or_else(|| self.source.to_string())
    }
}

impl Format for Commits {
    fn kind(&self) -> Kind {
        Kind::Commits
    }

    fn preamble(&self, tree: &Tree) -> Result<Vec<Change>> {
        let name = tree
            .entries
            .iter()
            .find(|entry| is_json(entry))
            .map_or("", |entry| entry.name());
        Ok(vec![Change::Access(
            self.access.rule(&self.source, &Key::repository(&self.repository(name))),
        )])
    }

    fn units(&self, tree: &Tree) -> Result<Vec<Unit>> {
        let units: Vec<Unit> = tree
            .entries
            .iter()
            .filter(|entry| is_json(entry))
            .map(|entry| Unit::file(entry, "", whole_log(&self.repository(entry.name()))))
            .collect();
        identify::require(tree, Kind::Commits, units.len())?;
        Ok(units)
    }

    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events> {
        let entry = only_file(tree, unit)?;
        let log = Log {
            repository: self.repository(entry.name()),
            commits: self.clone(),
            told: Told::default(),
        };
        Ok(Box::new(FileEvents::open(tree, entry, &[], log)?))
    }
}

/// The commits of one file.
struct Log {
    commits: Commits,
    repository: String,
    told: Told,
}

impl Log {
    /// Who made a commit: by e-mail where the log tells it, or else by name.
    fn author(&self, record: &Value) -> Option<Account> {
        let words = |paths: &[&[&str]]| {
            paths
                .iter()
                .find_map(|path| text(record, path))
                .map(|text| one_line(text, 200))
        };
        let name = words(&[&["author"], &["author", "name"], &["author_name"]]);
        let email = words(&[&["author", "email"], &["author_email"], &["email"]]).filter(|email| email.contains('@'));
        let unique = email
            .as_ref()
            .map(|email| email.to_lowercase())
            .or_else(|| name.clone())?;
        Some(Account {
            id: Key::account("git", &unique),
            source: self.commits.source.clone(),
            login: None,
            names: name.into_iter().collect(),
            emails: email.into_iter().collect(),
        })
    }
}

impl Convert for Log {
    fn begin(&mut self) -> Vec<Change> {
        let source = &self.commits.source;
        let repository = Draft::new(
            source,
            DocumentKind::Repository,
            Key::repository(&self.repository),
            AccessId::common(source),
        )
        .title(&self.repository)
        .aliases(std::iter::once(self.repository.clone()).chain(self.commits.formerly.iter().cloned()))
        .url(web(&self.repository));
        vec![repository.upsert()]
    }

    fn record(&mut self, record: &Value) -> Result<Vec<Change>, String> {
        let sha = text(record, &["sha"])
            .filter(|sha| is_commit(sha))
            .ok_or("not a commit: no full `sha`")?
            .to_lowercase();
        let message = text(record, &["message"]).unwrap_or_default();
        let mut changes = Vec::new();
        let author = self
            .author(record)
            .map(|account| self.told.account(&mut changes, account));
        let source = &self.commits.source;
        let date = time(record, &["date"]);
        let mut draft = Draft::new(
            source,
            DocumentKind::Commit,
            Key::commit(&self.repository, &sha),
            AccessId::common(source),
        )
        .title(message.lines().find(|line| !line.trim().is_empty()).unwrap_or(&sha))
        .aliases([sha.clone()])
        .body(Body::plain(message))
        .url(web(&self.repository).map(|web| format!("{web}/commit/{sha}")))
        .times(date, date)
        .part_of(Key::repository(&self.repository), "git.repository")
        .author(author, "git.author");
        for parent in list(record, &["parents"])
            .iter()
            .filter_map(Value::as_str)
            .filter(|parent| is_commit(parent))
        {
            draft = draft.link(EdgeKind::Follows, Key::commit(&self.repository, parent), "git.parent");
        }
        for path in list(record, &["files"])
            .iter()
            .filter_map(Value::as_str)
            .filter(|path| is_path(path))
            .take(TOUCHES)
        {
            draft = draft.link(EdgeKind::Touches, Key::file(&self.repository, path), "git.diff");
        }
        changes.push(draft.upsert());
        Ok(changes)
    }

    fn lost(&self, remains: Remains<'_>) -> Lost {
        let sha = match remains {
            Remains::Whole(record) | Remains::Part(record) => text(record, &["sha"]).filter(|sha| is_commit(sha)),
            Remains::Nothing => None,
        };
        match (sha, remains) {
            (Some(sha), _) => Lost::Under(vec![Key::commit(&self.repository, sha)]),
            (None, Remains::Whole(_)) => Lost::Nothing,
            (None, Remains::Part(_) | Remains::Nothing) => whole_log(&self.repository),
        }
    }
}

/// What is lost with a whole file.
fn whole_log(repository: &str) -> Lost {
    let repository = Key::repository(repository);
    let commits = Key::from_raw(&format!("commit:{}", repository.local()));
    Lost::Under(vec![commits, repository])
}

/// Whether text is a file's path as git prints it.
fn is_path(text: &str) -> bool {
    (1..=4096).contains(&text.len()) && !text.starts_with('/') && !text.contains(['\n', '\0'])
}
