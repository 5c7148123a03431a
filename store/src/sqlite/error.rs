//! What SQLite's failures mean to a caller, and what he can do about them.

use domain::{Error, ErrorKind, Result, Retry};

/// Result codes of SQLite (<https://www.sqlite.org/rescode.html>); the low byte is the primary code.
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NOMEM: i32 = 7;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const TOOBIG: i32 = 18;
    pub(super) const NOTADB: i32 = 26;
    pub(super) const IOERR_NOMEM: i32 = 3082;
    pub(super) const IOERR_DATA: i32 = 8202;
    pub(super) const IOERR_CORRUPTFS: i32 = 8458;
}

/// Names the operation in which a statement failed.
pub(super) trait During<T> {
    /// The same result as a domain error of `operation`.
    fn during(self, operation: &'static str) -> Result<T>;
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| translate(operation, error))
    }
}

/// The domain error for a failure of the database library.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum is open; whatever else it reports is a fault of this program"
)]
pub(super) fn translate(operation: &'static str, error: sqlx::Error) -> Error {
    let made = match &error {
        sqlx::Error::Database(failure) => {
            let code = failure.code().and_then(|code| code.parse().ok()).unwrap_or(0);
            by_code(operation, code, failure.message())
        }
        sqlx::Error::PoolTimedOut => Error::unavailable(operation, "the store was busy for too long")
            .with_hint("wait for the running sync to end, then run the same command again"),
        sqlx::Error::PoolClosed => Error::new(ErrorKind::Cancelled, operation, "the store is closed"),
        sqlx::Error::Io(_) => Error::unavailable(operation, error.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => unreadable(operation, error.to_string()),
        _ => Error::internal(operation, error.to_string()),
    };
    made.with_source(error)
}

/// A stored row that does not read back.
pub(super) fn unreadable(operation: &'static str, message: impl Into<String>) -> Error {
    Error::corrupt(operation, message)
        .with_hint("restore the store from a backup, or remove the source and sync it again")
}

fn by_code(operation: &'static str, extended: i32, message: &str) -> Error {
    let (kind, retry, hint) = meaning(extended);
    let made = Error::new(kind, operation, format!("{message} (SQLite code {extended})")).with_retry(retry);
    if hint.is_empty() { made } else { made.with_hint(hint) }
}

fn meaning(extended: i32) -> (ErrorKind, Retry, &'static str) {
    match (extended, extended & 0xff) {
        (code::IOERR_NOMEM, _) | (_, code::NOMEM) => (
            ErrorKind::Exhausted,
            Retry::Now,
            "free some memory, then run the same command again",
        ),
        (code::IOERR_DATA | code::IOERR_CORRUPTFS, _) | (_, code::CORRUPT) => (
            ErrorKind::Corrupt,
            Retry::Never,
            "the store's file is damaged: check the disk, then restore the store from a backup, or delete it and sync again",
        ),
        (_, code::NOTADB) => (
            ErrorKind::Corrupt,
            Retry::Never,
            "the file is not a store: check the path of the data folder",
        ),
        (_, code::FULL) => (
            ErrorKind::Exhausted,
            Retry::Never,
            "free some disk space, then run the same command again; nothing committed is lost",
        ),
        (_, code::BUSY | code::LOCKED) => (
            ErrorKind::Conflict,
            Retry::Now,
            "another process is writing to the store: wait for it to end, then run the same command again",
        ),
        (_, code::PERM | code::READONLY) => (
            ErrorKind::Denied,
            Retry::Never,
            "make the data folder writable for this user",
        ),
        (_, code::CANTOPEN) => (
            ErrorKind::Unavailable,
            Retry::Never,
            "check that the data folder exists and that this user may write to it",
        ),
        (_, code::IOERR) => (
            ErrorKind::Unavailable,
            Retry::Now,
            "the disk failed to read or write: check the disk and its mount; nothing committed is lost",
        ),
        (_, code::TOOBIG) => (
            ErrorKind::Invalid,
            Retry::Never,
            "the value is larger than the store can hold",
        ),
        _ => (ErrorKind::Internal, Retry::Never, ""),
    }
}

#[cfg(test)]
mod tests {
    use domain::{ErrorKind, Retry};

    use super::meaning;

    #[test]
    fn codes_are_told_by_what_the_caller_can_do() {
        let expected = [
            (13, ErrorKind::Exhausted),
            (11, ErrorKind::Corrupt),
            (267, ErrorKind::Corrupt),
            (26, ErrorKind::Corrupt),
            (5, ErrorKind::Conflict),
            (517, ErrorKind::Conflict),
            (6, ErrorKind::Conflict),
            (8, ErrorKind::Denied),
            (14, ErrorKind::Unavailable),
            (266, ErrorKind::Unavailable),
            (3082, ErrorKind::Exhausted),
            (8458, ErrorKind::Corrupt),
            (2067, ErrorKind::Internal),
        ];
        for (code, kind) in expected {
            assert_eq!(meaning(code).0, kind, "{code}");
        }
        assert_eq!(meaning(5).1, Retry::Now);
        assert!(meaning(13).2.contains("run the same command again"));
    }
}
