//! What goes wrong with the file, as errors that say what to do next.

use domain::{Error, ErrorKind, Retry};

const REBUILD: &str = "run `neurosync rebuild`: the graph is made anew from the store, and nothing is lost";

/// The error of a database operation.
pub(crate) fn database(operation: &'static str, error: rusqlite::Error) -> Error {
    // The low byte is the primary code (https://www.sqlite.org/rescode.html); the rest only details it.
    let primary = error.sqlite_error().map(|error| error.extended_code & 0xff);
    let (kind, hint) = match primary {
        Some(13) => (
            ErrorKind::Exhausted,
            Some("free some disk space, then run the same command again; nothing committed is lost"),
        ),
        // None: a value of another type than this program writes.
        Some(11 | 26) | None => (ErrorKind::Corrupt, Some(REBUILD)),
        Some(5 | 6 | 15) => (
            ErrorKind::Conflict,
            Some("another process has the graph open; stop it and try again"),
        ),
        Some(3 | 8 | 14 | 23) => (
            ErrorKind::Denied,
            Some("make the data folder readable and writable for this user"),
        ),
        Some(7) => (ErrorKind::Exhausted, Some("give the process more memory")),
        Some(9 | 10) => (ErrorKind::Unavailable, Some("check the disk, then try again")),
        Some(_) => (ErrorKind::Internal, None),
    };
    let retry = if kind == ErrorKind::Unavailable {
        Retry::Now
    } else {
        Retry::Never
    };
    let made = Error::new(kind, operation, error.to_string())
        .with_retry(retry)
        .with_source(error);
    match hint {
        Some(hint) => made.with_hint(hint),
        None => made,
    }
}

/// The error for a file whose content is not what this program wrote.
pub(crate) fn corrupt(operation: &'static str, message: impl Into<String>) -> Error {
    Error::corrupt(operation, message).with_hint(REBUILD)
}
