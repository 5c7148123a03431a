//! What a caller hears while a model is fetched.

/// Something to show while a model is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// Another process fetches the same model; this one waits for it.
    Waiting,
    /// A download began.
    Begin {
        /// The file or package.
        what: &'a str,
        /// Its size in bytes, where it is known.
        total: Option<u64>,
    },
    /// So many more bytes of it are here.
    Advance(u64),
    /// The download ended well.
    Finish,
    /// A source could not serve, and the next one is tried.
    Skipped {
        /// The source.
        source: &'a str,
        /// Why not.
        reason: &'a str,
    },
}

/// Somebody who shows progress. Called from any thread, often: must be quick.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn report(&self, event: Event<'_>);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: Event<'_>) {}
}
