//! The directory of a zip, with everything refused that a genuine export does not have. Nothing is ever extracted to disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::{Error, ErrorKind, Result};
use flate2::Crc;
use zip::ZipArchive;

use crate::archive::limits::Limits;

/// Where an entry lies in its zip.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    /// Offset of its first stored byte.
    pub(crate) start: u64,
    /// Stored bytes.
    pub(crate) stored: u64,
    /// Bytes after unpacking.
    pub(crate) size: u64,
    /// CRC-32 of the unpacked bytes.
    pub(crate) crc: u32,
    /// Whether it is deflated, or else stored as it is.
    pub(crate) deflated: bool,
}

const OPERATION: &str = "read zip";

fn refuse(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::invalid(OPERATION, format!("{}: {reason}", path.display()))
        .with_hint("export the archive again from its source")
}

fn broken(path: &Path, error: zip::result::ZipError) -> Error {
    let zip::result::ZipError::Io(error) = error else {
        return refuse(path, format!("not a sound zip ({error})"));
    };
    Error::io(OPERATION, path, error)
}

/// The files of a zip by path, checked.
///
/// # Errors
/// `Invalid` for a damaged zip, too many entries, an expansion beyond the limits, encryption, overlapping or repeated entries,
/// symbolic links, and paths that are absolute or lead out of the archive.
pub(crate) fn list(path: &Path, limits: &Limits) -> Result<Vec<(String, Packed)>> {
    let file = File::open(path).map_err(|error| Error::io(OPERATION, path, error))?;
    let whole = file
        .metadata()
        .map_err(|error| Error::io(OPERATION, path, error))?
        .len();
    let mut archive = ZipArchive::new(file).map_err(|error| broken(path, error))?;
    if archive.len() > limits.zip_entries {
        return Err(refuse(
            path,
            format!("{} entries, more than {}", archive.len(), limits.zip_entries),
        ));
    }
    let mut files = Vec::with_capacity(archive.len());
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let Some((name, packed)) = entry(&mut archive, index, path, limits)? else {
            continue;
        };
        total = total.saturating_add(packed.size);
        files.push((name, packed));
    }
    if limits.is_bomb(whole, total) {
        return Err(bomb(path, whole, total));
    }
    if archive.has_duplicate_names() || archive.has_overlapping_files().map_err(|error| broken(path, error))? {
        return Err(refuse(path, "entries repeat or overlap"));
    }
    Ok(files)
}

fn bomb(path: &Path, stored: u64, expanded: u64) -> Error {
    let message = format!("{}: {stored} bytes would expand to {expanded}", path.display());
    Error::new(ErrorKind::Exhausted, OPERATION, message)
        .with_hint("if the archive is genuine, unpack it and point the source at the folder")
}

/// One entry; `None` for a folder.
fn entry(
    archive: &mut ZipArchive<File>,
    index: usize,
    path: &Path,
    limits: &Limits,
) -> Result<Option<(String, Packed)>> {
    let file = archive.by_index_raw(index).map_err(|error| broken(path, error))?;
    let name = file.name().map_err(|error| broken(path, error))?.into_owned();
    if file.is_symlink() || !is_safe(&name) {
        return Err(refuse(
            path,
            format!("entry {index} is a symbolic link or has an unsafe path"),
        ));
    }
    if file.is_dir() {
        return Ok(None);
    }
    let method = file.compression();
    let deflated = method == zip::CompressionMethod::Deflated;
    if !deflated && method != zip::CompressionMethod::Stored {
        return Err(refuse(path, format!("entry {index} is compressed with {method}")));
    }
    if file.encrypted() {
        return Err(refuse(path, "entries are encrypted"));
    }
    if limits.is_bomb(file.compressed_size(), file.size()) {
        return Err(bomb(path, file.compressed_size(), file.size()));
    }
    let start = file
        .data_start()
        .ok_or_else(|| refuse(path, format!("entry {index} has no content")))?;
    let packed = Packed {
        start,
        stored: file.compressed_size(),
        size: file.size(),
        crc: file.crc32(),
        deflated,
    };
    Ok(Some((name, packed)))
}

/// Whether a path stays within the archive.
fn is_safe(name: &str) -> bool {
    let absolute = name.starts_with('/') || name.contains('\\') || name.contains('\0') || name.get(1..2) == Some(":");
    let inner = name.strip_suffix('/').unwrap_or(name);
    !absolute
        && !inner.is_empty()
        && name.len() <= 4096
        && inner
            .split('/')
            .all(|part| !part.is_empty() && part != ".." && part != ".")
}

/// A reader that compares length and checksum with what the directory promised, when the end is reached.
pub(crate) struct Checked<R> {
    inner: R,
    crc: Crc,
    read: u64,
    expected: (u32, u64),
}

impl<R> Checked<R> {
    pub(crate) fn new(inner: R, crc: u32, size: u64) -> Self {
        Self {
            inner,
            crc: Crc::new(),
            read: 0,
            expected: (crc, size),
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() && (self.crc.sum(), self.read) != self.expected {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "content differs from the zip's checksum",
            ));
        }
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.read = self.read.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}
