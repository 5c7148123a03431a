//! Behaviour of the archive connectors as their callers see it, on small archives written by the tests.

mod commits;
mod github;
mod hostile;
mod incremental;
mod jira;
mod sample;
mod slack;
mod sweeps;
mod wiki;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use domain::seam::Connector as _;
use domain::{AccessRule, Change, Cursor, Document, Link, Page, Rejected, Result, SourceId};
use serde_json::{Value, json};

use super::{Archive, Kind};

/// A folder that is removed at the end.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Write a file, with the folders above it.
fn write(folder: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// JSON lines.
fn lines(values: &[Value]) -> String {
    values
        .iter()
        .fold(String::new(), |text, value| text + &value.to_string() + "\n")
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A zip of these files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in files {
        writer
            .start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive of the source `src`, with more settings besides the path.
fn archive(kind: Kind, path: &Path, mut settings: Value) -> Archive {
    settings["path"] = json!(path);
    Archive::open(SourceId::new("src").unwrap(), kind, settings).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// All pages of a round, joined.
fn pull(archive: &Archive, cursor: Option<&Cursor>) -> Result<Page> {
    run(async {
        let mut whole = archive.pull(cursor).await?;
        while whole.more {
            let page = archive.pull(Some(&whole.cursor)).await?;
            assert!(page.changes.len() <= 1000);
            whole.changes.extend(page.changes);
            whole.rejected.extend(page.rejected);
            whole.reread.extend(page.reread);
            (whole.cursor, whole.more, whole.sweep_due) = (page.cursor, page.more, page.sweep_due);
        }
        Ok(whole)
    })
}

/// What a first pull finds.
struct Found {
    documents: BTreeMap<String, Document>,
    rules: BTreeMap<String, AccessRule>,
    accounts: BTreeMap<String, domain::Account>,
    rejected: Vec<Rejected>,
}

impl Found {
    fn of(page: Page) -> Self {
        let mut found = Self {
            documents: BTreeMap::new(),
            rules: BTreeMap::new(),
            accounts: BTreeMap::new(),
            rejected: page.rejected,
        };
        for change in page.changes {
            match change {
                Change::Upsert(document) => drop(found.documents.insert(document.key.to_string(), *document)),
                Change::Access(rule) => drop(found.rules.insert(rule.id.to_string(), rule)),
                Change::Account(account) => drop(found.accounts.insert(account.id.to_string(), account)),
                Change::Delete(id) => panic!("an archive never deletes by itself: {id}"),
            }
        }
        found
    }

    fn keys(&self) -> Vec<&str> {
        self.documents.keys().map(String::as_str).collect()
    }

    fn document(&self, key: &str) -> &Document {
        self.documents
            .get(key)
            .unwrap_or_else(|| panic!("{key} is not among {:?}", self.keys()))
    }

    fn links(&self, key: &str) -> Vec<String> {
        let arrow = |link: &Link| if link.inverse { "<-" } else { "->" };
        let mut links: Vec<String> = self
            .document(key)
            .links
            .iter()
            .map(|link| format!("{} {} {} ({})", arrow(link), link.kind.as_str(), link.target, link.rule))
            .collect();
        links.sort();
        links
    }

    /// Who may read the labels of a document.
    fn readers(&self, key: &str) -> &domain::Readers {
        &self.rules[self.document(key).access.as_str()].readers
    }
}

fn found(kind: Kind, path: &Path, settings: Value) -> Found {
    Found::of(pull(&archive(kind, path, settings), None).unwrap())
}

fn principals(names: &[&str]) -> domain::Readers {
    domain::Readers::Principals(names.iter().map(|name| domain::Principal((*name).to_owned())).collect())
}
