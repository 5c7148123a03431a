//! The files of an archive, whether it is one file, a folder or a zip: listed in sorted order, opened with bounds.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::{Error, ErrorKind, Result};
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use sha2::{Digest, Sha256};

use crate::archive::limits::{Bounded, Limits};
use crate::archive::unzip::{self, Checked, Packed};
use crate::hex::short;

/// Folders deeper than this are refused.
const DEPTH: usize = 64;

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its path in the archive, with forward slashes.
    pub(crate) path: String,
    /// Its bytes as stored.
    pub(crate) size: u64,
    /// What tells without reading that it has changed.
    quick: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Plain(PathBuf),
    Packed(Packed),
}

impl Entry {
    /// The path without `.gz`: what the file is once expanded.
    pub(crate) fn name(&self) -> &str {
        self.path.strip_suffix(".gz").unwrap_or(&self.path)
    }

    /// Path, size and time (or checksum) in one line.
    pub(crate) fn quick(&self) -> String {
        format!("{}\t{}\t{}", self.path, self.size, self.quick)
    }
}

/// The listed files of an archive.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Where it lies.
    pub(crate) root: PathBuf,
    /// Its files, sorted by path.
    pub(crate) entries: Vec<Entry>,
    /// The bounds on reading it.
    pub(crate) limits: Limits,
}

/// Whether `file` begins as a zip does.
fn is_zip(path: &Path) -> Result<bool> {
    let mut file = File::open(path).map_err(|error| Error::io("open archive", path, error))?;
    let mut magic = [0; 4];
    let mut filled = 0;
    while filled < magic.len() {
        let rest = magic.get_mut(filled..).unwrap_or_default();
        match file
            .read(rest)
            .map_err(|error| Error::io("open archive", path, error))?
        {
            0 => break,
            count => filled += count,
        }
    }
    Ok(magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06")
}

impl Tree {
    /// List the archive at `root`. Symbolic links within it and hidden files are left out.
    ///
    /// # Errors
    /// `NotFound` or `Denied` when it, or a folder in it, cannot be read; `Invalid` for a zip that is damaged, a bomb,
    /// or holds unsafe paths; `Exhausted` for more files than the limit.
    pub(crate) fn list(root: &Path, limits: &Limits) -> Result<Self> {
        let data = fs::metadata(root).map_err(|error| Error::io("open archive", root, error))?;
        let mut tree = Self {
            root: root.to_path_buf(),
            entries: Vec::new(),
            limits: limits.clone(),
        };
        if data.is_dir() {
            tree.walk(root, "", 0)?;
        } else if is_zip(root)? {
            let packed = unzip::list(root, limits)?;
            tree.entries = packed
                .into_iter()
                .filter(|(path, _)| !is_hidden(path))
                .map(|(path, packed)| from_zip(path, packed))
                .collect();
        } else {
            let name = root
                .file_name()
                .map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
            tree.entries.push(from_disk(name, root.to_path_buf(), &data));
        }
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(Error::invalid(
                "list archive",
                format!("{}: folders are nested more than {DEPTH} deep", folder.display()),
            ));
        }
        let fail = |error| Error::io("list archive", folder, error);
        for item in fs::read_dir(folder).map_err(fail)? {
            let item = item.map_err(fail)?;
            let name = item.file_name().to_string_lossy().into_owned();
            let kind = item.file_type().map_err(fail)?;
            if is_hidden(&name) || kind.is_symlink() {
                continue;
            }
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                self.walk(&item.path(), &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() {
                let data = item.metadata().map_err(fail)?;
                self.entries.push(from_disk(path, item.path(), &data));
            }
            if self.entries.len() > self.limits.files {
                let message = format!("{}: more than {} files", self.root.display(), self.limits.files);
                return Err(Error::new(ErrorKind::Exhausted, "list archive", message)
                    .with_hint("point the source at a smaller folder"));
            }
        }
        Ok(())
    }

    /// The file at `path`.
    pub(crate) fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()
            .and_then(|index| self.entries.get(index))
    }

    /// Read a file, expanding `.gz`; the reader fails with `InvalidData` beyond the limits.
    pub(crate) fn open(&self, entry: &Entry) -> Result<Box<dyn Read + Send>> {
        let raw = self.raw(entry)?;
        if entry.name().len() < entry.path.len() {
            let limit = self.limits.expansion(entry.size);
            return Ok(Box::new(Bounded::new(MultiGzDecoder::new(BufReader::new(raw)), limit)));
        }
        Ok(Box::new(Bounded::new(raw, self.limits.expanded)))
    }

    /// Read a whole file of at most `limit` bytes.
    pub(crate) fn read(&self, entry: &Entry, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Bounded::new(self.open(entry)?, limit)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(entry, error))?;
        Ok(bytes)
    }

    /// The bytes as stored in the archive's file system: a packed entry unpacked, a `.gz` left as it is.
    fn raw(&self, entry: &Entry) -> Result<Box<dyn Read + Send>> {
        match &entry.place {
            Place::Plain(path) => Ok(Box::new(
                File::open(path).map_err(|error| Error::io("open file", path, error))?,
            )),
            Place::Packed(packed) => {
                let mut file = File::open(&self.root).map_err(|error| self.failed(entry, error))?;
                file.seek(SeekFrom::Start(packed.start))
                    .map_err(|error| self.failed(entry, error))?;
                let stored = BufReader::new(file.take(packed.stored));
                let plain: Box<dyn Read + Send> = if packed.deflated {
                    Box::new(DeflateDecoder::new(stored))
                } else {
                    Box::new(stored)
                };
                Ok(Box::new(Checked::new(
                    Bounded::new(plain, entry.size),
                    packed.crc,
                    entry.size,
                )))
            }
        }
    }

    /// A digest of the file's content: the SHA-256 of what is stored, or the zip's own checksum.
    pub(crate) fn digest(&self, entry: &Entry) -> Result<String> {
        if let Place::Packed(_) = entry.place {
            return Ok(entry.quick());
        }
        let mut input = self.raw(entry)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = input.read(&mut buffer).map_err(|error| self.failed(entry, error))?;
            if count == 0 {
                break;
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
        }
        Ok(format!("{}\t{}", entry.path, short(&hasher.finalize())))
    }

    /// An I/O error with the file it is about.
    pub(crate) fn failed(&self, entry: &Entry, error: io::Error) -> Error {
        Error::io("read archive", &self.root.join(&entry.path), error)
    }
}

/// A short digest of lines, in order.
pub(crate) fn fingerprint<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let mut hasher = Sha256::new();
    for line in lines {
        hasher.update(line.as_ref().as_bytes());
        hasher.update(b"\n");
    }
    short(&hasher.finalize())
}

/// Whether a path has a part that file managers and version control keep to themselves.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

fn from_disk(path: String, place: PathBuf, data: &Metadata) -> Entry {
    let quick = data
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or_else(|| "0".to_owned(), |since| since.as_nanos().to_string());
    Entry {
        path,
        size: data.len(),
        quick,
        place: Place::Plain(place),
    }
}

fn from_zip(path: String, packed: Packed) -> Entry {
    Entry {
        path,
        size: packed.size,
        quick: format!("{:08x}", packed.crc),
        place: Place::Packed(packed),
    }
}
