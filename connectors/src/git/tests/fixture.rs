//! Repositories made with the `git` command line, and a reader that keeps what a connector says exists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::seam::Connector;
use domain::{Account, Change, Cursor, Document, DocumentId, Key, Page, SourceId, Sweep};
use tempfile::TempDir;

use crate::git::pull::Limits;
use crate::git::{Git, Settings};

/// The first commit's time; each later one is a minute on.
pub(crate) const EPOCH: i64 = 1_700_000_000;

/// A repository in a folder of its own.
pub(crate) struct Repository {
    pub(crate) folder: TempDir,
    clock: i64,
}

impl Repository {
    pub(crate) fn empty() -> Self {
        let made = Self {
            folder: tempfile::tempdir().expect("folder"),
            clock: EPOCH,
        };
        made.git(&["init", "--quiet", "--initial-branch=main"]);
        made
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_as("Ada Lovelace <ada@acme.example>", arguments)
    }

    /// Run git as somebody, with nothing of this machine's configuration and the fixture's time.
    pub(crate) fn git_as(&self, who: &str, arguments: &[&str]) -> String {
        let (name, email) = who.trim_end_matches('>').split_once(" <").expect("Name <email>");
        let output = Command::new("git")
            .current_dir(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email)])
            .envs([
                ("GIT_COMMITTER_NAME", "Forge"),
                ("GIT_COMMITTER_EMAIL", "forge@acme.example"),
            ])
            .env("GIT_AUTHOR_DATE", format!("{} +0100", self.clock))
            .env("GIT_COMMITTER_DATE", format!("{} +0000", self.clock + 1))
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("folder");
        std::fs::write(path, content).expect("file");
    }

    /// Commit everything in the work tree; the new commit's id.
    pub(crate) fn commit(&mut self, message: &str) -> String {
        self.commit_as("Ada Lovelace <ada@acme.example>", message)
    }

    pub(crate) fn commit_as(&mut self, who: &str, message: &str) -> String {
        self.clock += 60;
        self.git(&["add", "--all"]);
        self.git_as(
            who,
            &[
                "commit",
                "--quiet",
                "--allow-empty",
                "--cleanup=verbatim",
                "-m",
                message,
            ],
        );
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            repository: Some("Acme/api".into()),
            ..Settings::new(self.path().to_str().expect("UTF-8"))
        }
    }

    pub(crate) fn connector(&self) -> Git {
        open(self.settings())
    }
}

pub(crate) fn source() -> SourceId {
    SourceId::new("code").expect("slug")
}

/// Open a folder's settings.
pub(crate) fn open(settings: Settings) -> Git {
    Git::open(source(), settings, &PathBuf::from("/nonexistent/not-used")).expect("opens")
}

/// Pages of at most this many items.
pub(crate) fn pages_of(items: usize) -> Limits {
    Limits {
        commits: items,
        files: items,
        tags: items,
        ..Limits::default()
    }
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime")
        .block_on(work)
}

pub(crate) fn id(key: &Key) -> DocumentId {
    DocumentId::new(&source(), key.as_str())
}

/// What a store would hold after reading.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Reader {
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    pub(crate) accounts: BTreeMap<Key, Account>,
    pub(crate) cursor: Option<Cursor>,
}

/// What reading to the end told besides.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) pages: Vec<Page>,
    pub(crate) swept: bool,
}

impl Reader {
    pub(crate) fn take(&mut self, page: &Page) {
        for change in &page.changes {
            match change {
                Change::Upsert(document) => {
                    assert_eq!(document.id, id(&document.key), "{:?}", document.key);
                    self.documents.insert(document.id, Document::clone(document));
                }
                Change::Delete(gone) => {
                    self.documents.remove(gone);
                }
                Change::Account(account) => {
                    self.accounts.insert(account.id.clone(), account.clone());
                }
                Change::Access(rule) => assert_eq!(rule.id.as_str(), "code/all"),
            }
        }
        self.cursor = Some(page.cursor.clone());
    }

    /// Pull until there is no more, and sweep where that is due.
    pub(crate) fn read(&mut self, git: &Git) -> Told {
        let mut told = Told::default();
        loop {
            let page = run(git.pull(self.cursor.as_ref())).expect("page");
            self.take(&page);
            assert!(told.pages.len() < 1_000, "it never ends");
            let (more, sweep) = (page.more, page.sweep_due);
            told.pages.push(page);
            if sweep {
                self.sweep(git);
                told.swept = true;
            }
            if !more {
                return told;
            }
        }
    }

    pub(crate) fn sweep(&mut self, git: &Git) {
        match run(git.sweep(self.cursor.as_ref())).expect("sweep") {
            Sweep::Complete(ids) => self.documents.retain(|id, _| ids.contains(id)),
            Sweep::Partial { .. } | Sweep::Frozen(_) => {}
        }
    }

    /// Everything, read from the beginning.
    pub(crate) fn fresh(git: &Git) -> Self {
        let mut reader = Self::default();
        reader.read(git);
        reader
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Document> {
        self.documents.get(&id(key))
    }

    pub(crate) fn commit(&self, sha: &str) -> &Document {
        self.get(&Key::commit("acme/api", sha)).expect("commit")
    }

    pub(crate) fn file(&self, path: &str) -> Option<&Document> {
        self.get(&Key::file("acme/api", path))
    }

    /// The keys of a kind, without the repository's name.
    pub(crate) fn keys(&self, scheme: &str) -> Vec<String> {
        let of = |document: &Document| {
            let key = document.key.clone();
            (key.scheme() == scheme).then(|| {
                key.local()
                    .trim_start_matches("acme/api")
                    .trim_start_matches(['/', '@'])
                    .to_owned()
            })
        };
        let mut keys: Vec<String> = self.documents.values().filter_map(of).collect();
        keys.sort();
        keys
    }
}

/// The same documents and accounts, wherever the two readers are in their cursors.
pub(crate) fn assert_same(left: &Reader, right: &Reader) {
    let keys = |reader: &Reader| {
        reader
            .documents
            .values()
            .map(|document| document.key.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(left), keys(right));
    assert_eq!(left.documents, right.documents);
}
