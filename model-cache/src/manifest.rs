//! What is known about an installed model: where it came from and what its files must be.

use std::collections::BTreeMap;
use std::fs::File;
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
        Self {
            version: VERSION,
            model,
            source,
            files: BTreeMap::new(),
        }
    }

    /// Read the manifest in `folder`. None when there is none or it makes no sense: then nothing is known about the files there.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        let length = std::fs::metadata(&path).ok()?.len();
        let text = (length <= MOST_BYTES).then(|| std::fs::read_to_string(&path).ok())??;
        serde_json::from_str(&text)
            .ok()
            .filter(|manifest: &Self| manifest.version == VERSION)
    }

    /// Write it into `folder`, whole or not at all. The caller holds the model's lock.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let failed = |error| Error::io("write model manifest", folder, error);
        let text = serde_json::to_vec_pretty(self).expect("a manifest is plain strings and numbers");
        let written = folder.join(".manifest.json");
        let mut file = File::create(&written).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(written, folder.join(FILE)).map_err(failed)
    }

    /// Whether every file is as it was when last found right.
    pub(crate) fn unchanged(&self, folder: &Path) -> bool {
        self.files
            .iter()
            .all(|(name, entry)| entry.seen.is_some() && entry.seen == Stamp::of(&folder.join(name)))
    }

    /// Take down the file `name` in `folder`, whose hash was just found to be `sha256`.
    pub(crate) fn record(&mut self, folder: &Path, name: &str, sha256: String) {
        self.files.insert(
            name.to_owned(),
            Entry {
                sha256,
                seen: Stamp::of(&folder.join(name)),
            },
        );
    }

    /// Hash every file anew and say whether all are right.
    pub(crate) fn rehash(&mut self, folder: &Path) -> bool {
        self.files.iter_mut().all(|(name, entry)| {
            let path = folder.join(name);
            // The stamp is taken before the content: a change in between is found by the next comparison.
            entry.seen = Stamp::of(&path);
            hash(&path).is_ok_and(|found| found == entry.sha256)
        })
    }
}
