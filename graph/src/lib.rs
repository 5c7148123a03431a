//! The graph of facts behind `domain::seam::GraphStore`: nodes and edges that documents assert, each under its label.
//!
//! [`Embedded`] keeps all facts in one `SQLite` file and their topology in memory; one process at a time owns the file.

mod embedded;

pub use embedded::{Embedded, Memory, Tuning};
