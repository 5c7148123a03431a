//! The bounds on what an archive may cost, and the reader that enforces them while data is expanded.

use std::io::{self, Read};

const MIB: u64 = 1024 * 1024;

/// Bounds on one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The longest line or JSON record, in bytes; longer ones are skipped without being held in memory.
    pub(crate) record: usize,
    /// The most bytes that one file may have after expansion.
    pub(crate) expanded: u64,
    /// The most files.
    pub(crate) files: usize,
    /// The most entries of a zip.
    pub(crate) zip_entries: usize,
    /// Expanded bytes per compressed byte beyond which a file is taken for a bomb.
    pub(crate) ratio: u64,
    /// Expanded bytes below which the ratio does not matter.
    pub(crate) ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: 16 * 1024 * 1024,
            expanded: 64 * 1024 * MIB,
            files: 1_000_000,
            zip_entries: 100_000,
            ratio: 100,
            ratio_from: 16 * MIB,
        }
    }
}

impl Limits {
    /// The default bounds, with another one on the bytes of a file.
    pub(crate) fn with_expanded(expanded: Option<u64>) -> Self {
        let default = Self::default();
        Self {
            expanded: expanded.unwrap_or(default.expanded),
            ..default
        }
    }

    /// How far a file of `compressed` bytes may expand.
    pub(crate) fn expansion(&self, compressed: u64) -> u64 {
        compressed
            .saturating_mul(self.ratio)
            .max(self.ratio_from)
            .min(self.expanded)
    }

    /// Whether `compressed` bytes that expand to `expanded` are a bomb.
    pub(crate) fn is_bomb(&self, compressed: u64, expanded: u64) -> bool {
        expanded > self.expansion(compressed)
    }
}

/// A reader that fails with `InvalidData` once more than `left` bytes come out of it.
pub(crate) struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R> Bounded<R> {
    pub(crate) fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            left: limit,
            limit,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = u64::try_from(count).unwrap_or(u64::MAX);
        if read > self.left {
            let message = format!("expands to more than {} bytes", self.limit);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.left -= read;
        Ok(count)
    }
}

/// Whether an error says that the data itself is damaged, as opposed to the device or the permissions.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Bounded, Limits};

    #[test]
    fn a_bounded_reader_gives_up_to_its_limit_and_not_more() {
        let mut out = Vec::new();
        assert_eq!(Bounded::new(&b"12345"[..], 5).read_to_end(&mut out).unwrap(), 5);
        assert!(Bounded::new(&b"123456"[..], 5).read_to_end(&mut out).is_err());
    }

    #[test]
    fn small_files_may_expand_freely_and_large_ones_by_the_ratio() {
        let limits = Limits::default();
        assert!(!limits.is_bomb(1000, 16 * 1024 * 1024));
        assert!(limits.is_bomb(1000, 16 * 1024 * 1024 + 1));
        assert!(!limits.is_bomb(1_000_000, 100_000_000));
        assert!(limits.is_bomb(1_000_000, 100_000_001));
    }
}
