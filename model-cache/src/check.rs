//! The files of a model: their names, sizes, hashes and outward form.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const TOKENIZER: &str = "tokenizer.json";
pub(crate) const CONFIG: &str = "config.json";
pub(crate) const POOLING: &str = "1_Pooling/config.json";
pub(crate) const SENTENCE: &str = "sentence_bert_config.json";
pub(crate) const MODULES: &str = "modules.json";
pub(crate) const PROMPTS: &str = "config_sentence_transformers.json";
/// What stands beside the parts of weights that were too large for one file.
pub(crate) const PARTS: &str = "model.safetensors.index.json";

/// The files of a model in the order of fetching: the large one last, when the rest is known to be there.
pub(crate) const FILES: [&str; 7] = [CONFIG, TOKENIZER, MODULES, PROMPTS, POOLING, SENTENCE, WEIGHTS];

/// Whether a model may do without this file.
pub(crate) fn optional(name: &str) -> bool {
    [MODULES, PROMPTS, POOLING, SENTENCE].contains(&name)
}

/// The error of weights in several files.
pub(crate) fn in_parts(operation: &'static str) -> Error {
    Error::invalid(
        operation,
        format!("the model's weights are in several files ({PARTS}), which is not supported"),
    )
    .with_hint("choose a model, or a revision of it, with all weights in one model.safetensors")
}

/// What a file was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its hash is the one it must have.
    Good,
    /// It has another hash, or is not readable.
    Corrupt,
    /// It is not there.
    Missing,
}

/// What became of checking one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as named within the model.
    pub file: String,
    /// What it was found to be.
    pub state: State,
}

/// A file as it lay on the disk when it was last hashed. While this stays the same, so does the content, short of malice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Nanoseconds since the epoch.
    pub(crate) modified: u128,
    pub(crate) inode: u64,
}

impl Stamp {
    /// Of the file at `path`; none where it cannot be told.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        Some(Self {
            size: data.len(),
            modified,
            inode: inode(&data),
        })
    }
}

#[cfg(unix)]
fn inode(data: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
fn inode(_data: &std::fs::Metadata) -> u64 {
    0
}

/// The most bytes a file of this name may have.
pub(crate) fn most_bytes(name: &str) -> u64 {
    match name {
        WEIGHTS => 4 << 30,
        TOKENIZER => 64 << 20,
        _ => 1 << 20,
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn hash(path: &Path) -> Result<String> {
    let failed = |error| Error::io("hash model file", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut block = vec![0; 1 << 18];
    loop {
        match file.read(&mut block).map_err(failed)? {
            0 => return Ok(hex(&digest.finalize())),
            count => digest.update(&block[..count]),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string does not fail");
            text
        })
}

/// Whether a file of whose content nothing is known looks like what its name says: JSON of an object (of a list, for the list of
/// modules), or the header of safetensors.
///
/// # Errors
/// `Corrupt` when it does not.
pub(crate) fn form(name: &str, path: &Path) -> Result<()> {
    let corrupt = |message: String| Error::corrupt("check model file", format!("{name}: {message}"));
    let length = std::fs::metadata(path)
        .map_err(|error| Error::io("check model file", path, error))?
        .len();
    if length > most_bytes(name) {
        return Err(corrupt(format!(
            "it has {length} bytes; at most {} are taken",
            most_bytes(name)
        )));
    }
    let mut file = File::open(path).map_err(|error| Error::io("check model file", path, error))?;
    if name == WEIGHTS {
        let mut start = [0; 9];
        let whole = file.read_exact(&mut start).is_ok();
        let [size @ .., brace] = start;
        let fits = u64::from_le_bytes(size) <= length.saturating_sub(8);
        return if whole && fits && brace == b'{' {
            Ok(())
        } else {
            Err(corrupt("it is not a safetensors file".into()))
        };
    }
    let parsed: std::result::Result<serde_json::Value, _> = serde_json::from_reader(std::io::BufReader::new(file));
    match parsed {
        Ok(value) if value.is_object() && name != MODULES => Ok(()),
        Ok(value) if value.is_array() && name == MODULES => Ok(()),
        Ok(_) => Err(corrupt("it is JSON, but not of the right kind".into())),
        Err(error) => Err(corrupt(format!("it is not JSON: {error}"))),
    }
}
