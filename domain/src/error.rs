//! The one error type of all seams: what failed, whether trying again helps, and what the reader can do about it.

use std::time::Duration;

/// What went wrong, as far as a caller acts on it. Maps one to one to an HTTP status and an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is malformed or out of bounds.
    Invalid,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The caller is not who may do this.
    Denied,
    /// Somebody else holds it: a lease, a lock, a data folder.
    Conflict,
    /// A server, a file or the network cannot be reached now.
    Unavailable,
    /// Stored data or a downloaded file is not what it must be.
    Corrupt,
    /// A limit is reached: disk, memory, size, time.
    Exhausted,
    /// The work was asked to stop.
    Cancelled,
    /// A fault of this program.
    Internal,
}

/// Whether doing the same again can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Never: the same input fails the same way.
    Never,
    /// At once, or by the caller's own backoff.
    Now,
    /// Not before this time has passed, as the server asked.
    After(Duration),
}

/// An error of any seam. Built by its constructors and `with_` methods.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct Error {
    kind: ErrorKind,
    retry: Retry,
    operation: &'static str,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A result of any seam.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` in `operation` (a short verb phrase, as "open store"), never to be retried.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            retry: Retry::Never,
            operation,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Malformed or oversized input.
    pub fn invalid(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, operation, message)
    }

    /// Something that does not exist, or must seem so.
    pub fn not_found(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, operation, message)
    }

    /// Something out of reach for now; retryable.
    pub fn unavailable(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, operation, message).with_retry(Retry::Now)
    }

    /// Data that is not what it must be.
    pub fn corrupt(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, operation, message)
    }

    /// A fault of this program.
    pub fn internal(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, operation, message)
    }

    /// The error of a file operation: a missing file, a denied one, a full disk and the rest each get their kind and hint.
    pub fn io(operation: &'static str, path: &std::path::Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the standard library's kinds grow with its releases"
        )]
        let (kind, hint) = match error.kind() {
            Io::NotFound => (ErrorKind::NotFound, Some("check the path")),
            Io::PermissionDenied => (
                ErrorKind::Denied,
                Some("make the path readable (and writable) for this user"),
            ),
            Io::StorageFull | Io::QuotaExceeded => (
                ErrorKind::Exhausted,
                Some("free some disk space, then run the same command again; nothing committed is lost"),
            ),
            Io::InvalidData | Io::UnexpectedEof => (ErrorKind::Corrupt, None),
            Io::Interrupted | Io::TimedOut | Io::WouldBlock => (ErrorKind::Unavailable, None),
            _ => (ErrorKind::Internal, None),
        };
        let made = Self::new(kind, operation, format!("{}: {error}", path.display())).with_source(error);
        match hint {
            Some(hint) => made.with_hint(hint),
            None => made,
        }
    }

    /// The same error with another retry class.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same error with a sentence that says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// What was being done.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What happened, without the operation.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The text of the cause, for logs.
    pub fn source_text(&self) -> Option<String> {
        self.source.as_ref().map(ToString::to_string)
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
