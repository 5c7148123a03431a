//! The keys that wrap the tenants' keys: one in force, and older ones until everything is wrapped anew.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use crate::secret::{Secret, random_bytes};

/// Bytes by which a wrapped key names its wrapping key.
const NAME: usize = 8;
const READ: &str = "read key file";
const WRITE: &str = "write key file";

struct WrappingKey {
    name: [u8; NAME],
    cipher: Cipher,
}

/// Wrapping keys, the one in force first.
pub struct WrappingKeys(Vec<WrappingKey>);

impl fmt::Debug for WrappingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappingKeys({})", self.0.len())
    }
}

impl WrappingKeys {
    /// Keys of 32 bytes each as base64, one per line, the one in force first.
    ///
    /// # Errors
    /// `Invalid` when there is none or one is malformed.
    pub fn parse(text: &Secret) -> Result<Self> {
        let lines = text.expose().lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(WrappingKey::parse).collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            return Err(Error::invalid(READ, "there is no key")
                .with_hint("restore the key file from a backup: without it stored credentials are lost"));
        }
        Ok(Self(keys))
    }

    /// The keys in the file at `path`, which is made with one random key where there is none, for its owner alone.
    ///
    /// # Errors
    /// `Denied` when others can read the file, `Invalid` as [`WrappingKeys::parse`], and those of files.
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        match options.open(path) {
            Ok(file) => write(file, path, &[new_line()?])?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(WRITE, path, error)),
        }
        Self::parse(&read(path)?)
    }

    /// Put a new random key first in the file at `path`; the others stay behind it until [`super::Vault::rewrap`] has run.
    ///
    /// # Errors
    /// As [`WrappingKeys::open`].
    pub fn rotate(path: &Path) -> Result<Self> {
        let old = read(path)?;
        replace(path, &[new_line()?, Zeroizing::new(old.expose().to_owned())])?;
        Self::open(path)
    }

    /// Leave only the key in force in the file at `path`, after [`super::Vault::rewrap`] has run.
    ///
    /// # Errors
    /// As [`WrappingKeys::open`].
    pub fn forget_older(path: &Path) -> Result<Self> {
        let old = read(path)?;
        let first = old.expose().lines().map(str::trim).find(|line| !line.is_empty());
        replace(path, &[Zeroizing::new(format!("{}\n", first.unwrap_or("")))])?;
        Self::open(path)
    }

    /// Wrap a tenant's key by the first key.
    pub(super) fn wrap(&self, tenant: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let first = self
            .0
            .first()
            .ok_or_else(|| Error::internal("wrap key", "there is no wrapping key"))?;
        let mut wrapped = first.name.to_vec();
        wrapped.extend(first.cipher.seal(&bound(tenant), plain)?);
        Ok(wrapped)
    }

    /// Unwrap a tenant's key by whichever key wrapped it.
    pub(super) fn unwrap(&self, tenant: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = wrapped
            .split_first_chunk::<NAME>()
            .and_then(|(name, sealed)| Some((self.0.iter().find(|key| key.name == *name)?, sealed)));
        let Some((key, sealed)) = key else {
            return Err(
                Error::corrupt("open vault", "the key that wraps a tenant's key is not in the key file")
                    .with_hint("restore the key file that belongs to this store"),
            );
        };
        key.cipher.open(&bound(tenant), sealed)
    }

    /// Whether the first key wrapped this.
    pub(super) fn wrapped_by_first(&self, wrapped: &[u8]) -> bool {
        self.0.first().is_some_and(|first| wrapped.starts_with(&first.name))
    }
}

impl WrappingKey {
    fn parse(line: &str) -> Result<Self> {
        let bytes = STANDARD
            .decode(line)
            .map(Zeroizing::new)
            .map_err(|_hidden| malformed())?;
        if bytes.len() != 32 {
            return Err(malformed());
        }
        let named = [b"neurosync wrapping key".as_slice(), &bytes].concat();
        let digest = ring::digest::digest(&ring::digest::SHA256, &Zeroizing::new(named));
        let (name, _) = digest.as_ref().split_first_chunk().ok_or_else(malformed)?;
        Ok(Self {
            name: *name,
            cipher: Cipher::new(&bytes)?,
        })
    }
}

fn malformed() -> Error {
    Error::invalid(READ, "a key is not 32 bytes as base64").with_hint("restore the key file from a backup")
}

fn bound(tenant: &str) -> Vec<u8> {
    [b"neurosync tenant key 1 ".as_slice(), tenant.as_bytes()].concat()
}

/// A new random key as a line.
fn new_line() -> Result<Zeroizing<String>> {
    Ok(Zeroizing::new(STANDARD.encode(*random_bytes::<32>()?) + "\n"))
}

fn read(path: &Path) -> Result<Secret> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(|error| Error::io(READ, path, error))?;
        if mode.permissions().mode() & 0o077 != 0 {
            let message = format!("{}: others can read the key file", path.display());
            let hint = format!("run `chmod 600 {}`", path.display());
            return Err(Error::new(ErrorKind::Denied, READ, message).with_hint(hint));
        }
    }
    std::fs::read_to_string(path)
        .map(Secret::new)
        .map_err(|error| Error::io(READ, path, error))
}

/// Put these lines in the place of the file's, at once and durably.
fn replace(path: &Path, lines: &[Zeroizing<String>]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options);
    let file = options
        .open(&temporary)
        .map_err(|error| Error::io(WRITE, &temporary, error))?;
    write(file, &temporary, lines)?;
    std::fs::rename(&temporary, path).map_err(|error| Error::io(WRITE, path, error))?;
    sync_folder(path)
}

/// Write the lines so that they outlast a power cut, with the name of the file.
fn write(mut file: std::fs::File, path: &Path, lines: &[Zeroizing<String>]) -> Result<()> {
    for line in lines {
        file.write_all(line.as_bytes())
            .map_err(|error| Error::io(WRITE, path, error))?;
    }
    file.sync_all().map_err(|error| Error::io(WRITE, path, error))?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::io(WRITE, folder, error))
}

/// For its owner alone.
fn private(options: &mut std::fs::OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}
