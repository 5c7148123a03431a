//! Domain types and the seams between crates. No I/O lives here: every other crate knows this one and, but for a few named arrows, only this one.

pub mod access;
pub mod change;
pub mod chunk;
pub mod document;
pub mod error;
pub mod estimate;
pub mod facts;
pub mod filter;
pub mod identity;
pub mod key;
pub mod seam;
pub mod time;

pub use access::{AccessId, AccessRule, Caller, Principal, Readers, Visible};
pub use change::{Change, Cursor, Page, Rejected, Sweep, Target};
pub use chunk::{Chunk, ChunkId, SparseVector, TextHash};
pub use document::{Account, AccountId, Body, Document, DocumentId, DocumentKind, Link, Markup, SourceId};
pub use error::{Error, ErrorKind, Result, Retry};
pub use estimate::{Estimate, Quota, Work};
pub use facts::{DocumentFacts, EdgeFact, EdgeKind, Evidence, NodeFact, NodeKind};
pub use filter::Filter;
pub use key::Key;
pub use time::Timestamp;
