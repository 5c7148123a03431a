//! What is known about an installed model: where it came from and what its files must be.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::check::{Stamp, hash};

/// The manifest's own file name.
pub(crate) const FILE: &str = "manifest.json";
const MOST_BYTES: u64 = 64 << 10;
const VERSION: u32 = 1;

/// The manifest of an installed model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    version: u32,
    /// The model, by its canonical name.
    pub(crate) model: String,
    /// Where it came from, for people.
    pub(crate) source: String,
    pub(crate) files: BTreeMap<String, Entry>,
}

/// A file of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) sha256: String,
    /// The file as it was when its hash was last found right.
    pub(crate) seen: Option<Stamp>,
}

impl Manifest {
    /// An empty one.
    pub(crate) fn new(model: String, source: String) -> Self {
        Self { version: VERSION, model, source, files: BTreeMap::new() }
    }

    /// Read the manifest in `folder`. None when there is none or it makes no sense: then nothing is known about the files there.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        let length = std::fs::metadata(&path).ok()?.len();
        let text = (length <= MOST_BYTES).then(|| std::fs::read_to_string(&path).ok())??;
        serde_json::from_str(&text).ok().filter(|manifest: &Self| manifest.version == VERSION)
    }

    /// Write it into `folder`, whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let failed = |error| Error::io("write model manifest", folder, error);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = serde_json::to_vec_pretty(self).expect("a manifest is plain strings and numbers");
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(folder.join(FILE)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Whether every file is as it was when last found right.
    pub(crate) fn unchanged(&self, folder: &Path) -> bool {
        self.files.iter().all(|(name, entry)| entry.seen.is_some() && entry.seen == Stamp::of(&folder.join(name)))
    }

    /// Take down the file `name` in `folder`, whose hash was just found to be `sha256`.
    pub(crate) fn record(&mut self, folder: &Path, name: &str, sha256: String) {
        self.files.insert(name.to_owned(), Entry { sha256, seen: Stamp::of(&folder.join(name)) });
    }

    /// Hash every file anew. Those found wrong are forgotten and named.
    pub(crate) fn rehash(&mut self, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, entry) in &mut self.files {
            let path = folder.join(name);
            // The stamp is taken before the content: a change in between is found by the next comparison.
            let seen = Stamp::of(&path);
            if hash(&path).is_ok_and(|found| found == entry.sha256) {
                entry.seen = seen;
            } else {
                wrong.push(name.clone());
            }
        }
        self.files.retain(|name, _| !wrong.contains(name));
        wrong
    }
}
