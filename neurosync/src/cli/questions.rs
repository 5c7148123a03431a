//! The questions of the command line.

use clap::{Args, Subcommand, ValueEnum};

/// Whose view of the data an answer takes.
#[derive(Debug, Args)]
pub struct View {
    /// Answer as this person would see it: an e-mail address, login, name or account, or principals with commas between.
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}

/// What to explain.
#[derive(Debug, Subcommand)]
pub enum Access {
    /// Which rule lets a person read a document, or keeps him from it.
    Explain {
        /// An e-mail address, login, name or account, or principals with commas between.
        person: String,
        /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
        document: String,
    },
}

/// A search.
#[derive(Debug, Args)]
pub struct Search {
    /// Words, identifiers and filters: source: kind: in: author: label: state: after: before: sort:new
    #[arg(required = true)]
    pub query: Vec<String>,
    /// Results a page.
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// `next_cursor` of the page before.
    #[arg(long)]
    pub cursor: Option<String>,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// A path question.
#[derive(Debug, Args)]
pub struct Path {
    /// One end: canonical key, issue key, owner/repo#number, SHA, URL or path.
    pub from: String,
    /// The other end.
    pub to: String,
    /// Only paths through this.
    #[arg(long)]
    pub through: Option<String>,
    /// Only edges of this kind (repeatable).
    #[arg(long)]
    pub kind: Vec<String>,
    /// The longest path, in edges (1 to 8).
    #[arg(long, default_value_t = 6)]
    pub max_hops: u8,
    /// How many paths (1 to 50).
    #[arg(short = 'n', long, default_value_t = 3)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// A neighbourhood question.
#[derive(Debug, Args)]
pub struct Neighbors {
    /// The middle: canonical key, issue key, owner/repo#number, SHA, URL or path.
    pub name: String,
    /// How far (1 to 8).
    #[arg(long, default_value_t = 1)]
    pub hops: u8,
    /// Only edges of this kind (repeatable).
    #[arg(long)]
    pub kind: Vec<String>,
    /// Which way edges are followed.
    #[arg(long, value_enum, default_value_t = Way::Both)]
    pub direction: Way,
    /// At most so many edges (1 to 1,000).
    #[arg(short = 'n', long, default_value_t = 50)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// Which way edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// From start to end.
    Out,
    /// From end to start.
    In,
    /// Either way.
    Both,
}
