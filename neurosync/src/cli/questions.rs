//! The questions of the command line.

use std::path::PathBuf;

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
    /// Which edges, and when.
    #[command(flatten)]
    pub edges: Edges,
    /// Only things of this kind between the ends (repeatable).
    #[arg(long, value_name = "KIND")]
    pub node_kind: Vec<String>,
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

/// Which edges are followed, and when.
#[derive(Debug, Args)]
pub struct Edges {
    /// Only edges of this kind (repeatable).
    #[arg(long)]
    pub kind: Vec<String>,
    /// Only edges that documents of this source state (repeatable).
    #[arg(long)]
    pub source: Vec<String>,
    /// Only edges stated at this time (RFC 3339) or date, or later.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only edges stated before this time or date.
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// As the graph was at this time, or at the beginning of this date (UTC).
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
}

/// A neighbourhood question.
#[derive(Debug, Args)]
pub struct Neighbors {
    /// The middle: canonical key, issue key, owner/repo#number, SHA, URL or path.
    pub name: String,
    /// How far (1 to 8).
    #[arg(long, default_value_t = 1)]
    pub hops: u8,
    /// Which edges, and when.
    #[command(flatten)]
    pub edges: Edges,
    /// Which way edges are followed.
    #[arg(long, value_enum, default_value_t = Way::Both)]
    pub direction: Way,
    /// At most so many edges (1 to 1,000).
    #[arg(short = 'n', long, default_value_t = 50)]
    pub limit: usize,
    /// Draw it to this file, as SVG.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
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

/// A question about one thing.
#[derive(Debug, Args)]
pub struct About {
    /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
    pub name: String,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// A question about one thing with several answers.
#[derive(Debug, Args)]
pub struct Several {
    /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
    pub name: String,
    /// How many answers (1 to 50).
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// A topic.
#[derive(Debug, Args)]
pub struct Topic {
    /// Words that name it.
    #[arg(required = true)]
    pub topic: Vec<String>,
    /// How many people (1 to 50).
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// Where to look for pages.
#[derive(Debug, Args)]
pub struct Where {
    /// Only pages whose key begins so: a space (wiki:acme/ENG).
    pub within: Option<String>,
    /// How many pages (1 to 200).
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// A question of several steps through the graph.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Show what has to do with a thing, by the graph and by how it reads.
    Related(Several),
    /// Show who knows about a topic, and why.
    Experts(Topic),
    /// Show what a change of a file or symbol would meet: what depends on it, who changed it, what is open about it.
    Impact(About),
    /// Show why a line (`FILE:LINE`), file or symbol is as it is: its commits and what is behind them.
    Why(About),
    /// Show issues that may say the same as one.
    Duplicates(Several),
    /// Show who should review a pull request.
    Reviewers(Several),
    /// Show pages that cite code which has changed since.
    StaleDocs(Where),
    /// Show how few people know a path (owner/name, a folder or a file in it).
    BusFactor(Several),
    /// Show what is central in the graph.
    Central(Central),
    /// Show what belongs together in the graph.
    Communities(Communities),
}

/// What to rank.
#[derive(Debug, Args)]
pub struct Central {
    /// By what: pagerank, degree or betweenness.
    #[arg(long, default_value = "pagerank")]
    pub measure: String,
    /// Only things of this kind.
    #[arg(long, value_name = "KIND")]
    pub node_kind: Option<String>,
    /// Over edges of this kind (repeatable).
    #[arg(long)]
    pub kind: Vec<String>,
    /// How many (1 to 200).
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}

/// How many groups.
#[derive(Debug, Args)]
pub struct Communities {
    /// How many groups (1 to 200).
    #[arg(short = 'n', long, default_value_t = 10)]
    pub limit: usize,
    /// Whose view.
    #[command(flatten)]
    pub view: View,
}
