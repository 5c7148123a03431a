//! The guard over where the client may connect: every address a name has is checked, and the connection goes to a checked one.

mod address;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Error, ErrorKind, Result};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::request::{origin, shown};

/// Finds the addresses of a name.
#[async_trait]
pub(super) trait Lookup: Send + Sync {
    /// All addresses of `name`; none is an error of the network's.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The system's way to find addresses.
struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0))
            .await?
            .map(|address| address.ip())
            .collect())
    }
}

/// Why an address may not be reached. Travels through the client's errors as a cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is {why}")]
pub(super) struct Refused {
    /// The host as the address names it.
    pub(super) host: String,
    /// What it is.
    pub(super) why: &'static str,
}

impl Refused {
    /// The error that a caller sees.
    pub(super) fn error(&self) -> Error {
        Error::new(
            ErrorKind::Denied,
            "send request",
            format!("{self} and may not be reached"),
        )
        .with_hint("if the server is one of your own, add its name or network to the allowed hosts")
    }
}

/// What may be reached: everything public over TLS, and what is listed.
#[derive(Clone)]
pub(super) struct Guard {
    hosts: Arc<[String]>,
    networks: Arc<[IpNet]>,
    lookup: Arc<dyn Lookup>,
}

impl Guard {
    /// A guard that also lets through what `allow` lists.
    pub(super) fn new(allow: &[String]) -> Result<Self> {
        let (mut hosts, mut networks) = (Vec::new(), Vec::new());
        for entry in allow {
            match read(entry)? {
                Entry::Host(host) => hosts.push(host),
                Entry::Network(network) => networks.push(network),
            }
        }
        Ok(Self {
            hosts: hosts.into(),
            networks: networks.into(),
            lookup: Arc::new(SystemLookup),
        })
    }

    /// The same guard, finding addresses by `lookup`.
    #[cfg(test)]
    pub(super) fn looking_up(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// Check what an address itself tells. The addresses of a name are checked when it is connected to.
    pub(super) fn check(&self, url: &Url) -> Result<()> {
        origin(url)?;
        let host = url.host_str().unwrap_or("").to_owned();
        let listed = match url.host() {
            Some(Host::Ipv4(ip)) => self.literal(&host, ip.into())?,
            Some(Host::Ipv6(ip)) => self.literal(&host, ip.into())?,
            Some(Host::Domain(name)) => self.name(name)?,
            None => false,
        };
        if url.scheme() == "http" && !listed {
            let message = format!("{} is not encrypted", shown(url));
            return Err(Error::new(ErrorKind::Denied, "send request", message)
                .with_hint("use https, or add the host to the allowed hosts"));
        }
        Ok(())
    }

    /// Whether a literal address is listed; refused where it is neither listed nor public.
    fn literal(&self, host: &str, ip: IpAddr) -> Result<bool> {
        let listed = self.lists(ip) || (self.names(host) && !address::metadata(ip));
        if listed {
            return Ok(true);
        }
        self.address(host, ip).map_err(|refused| refused.error())?;
        Ok(false)
    }

    /// Whether a name is listed; refused where it stands for this machine or a service of its host.
    fn name(&self, name: &str) -> Result<bool> {
        if self.names(name) {
            return Ok(true);
        }
        match address::local_name(name) {
            Some(why) => Err(Refused {
                host: name.to_owned(),
                why,
            }
            .error()),
            None => Ok(false),
        }
    }

    /// Check one address of `host`.
    fn address(&self, host: &str, ip: IpAddr) -> std::result::Result<(), Refused> {
        let trusted = self.lists(ip) || (self.names(host) && !address::metadata(ip));
        match address::special(ip) {
            Some(why) if !trusted => Err(Refused {
                host: host.to_owned(),
                why,
            }),
            _ => Ok(()),
        }
    }

    fn lists(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.iter().any(|network| network.contains(&ip))
    }

    fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }

    /// All addresses of `name`, once every one of them was checked.
    async fn resolve(
        &self,
        name: &str,
    ) -> std::result::Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.lookup.addresses(name).await?;
        for ip in &addresses {
            self.address(name, *ip)?;
        }
        // The port is the address's own: the client fills it in.
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve(&guard, name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

enum Entry {
    Host(String),
    Network(IpNet),
}

/// Read a line of the list: a network, an address, or a host's name.
fn read(entry: &str) -> Result<Entry> {
    let entry = entry.trim();
    if let Ok(network) = entry.parse::<IpNet>() {
        return Ok(Entry::Network(network));
    }
    if let Ok(ip) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(Entry::Network(ip.into()));
    }
    match Host::parse(entry) {
        Ok(Host::Domain(name)) if !entry.contains('*') => Ok(Entry::Host(name.trim_end_matches('.').to_owned())),
        _ => Err(
            Error::invalid("read settings", format!("`{entry}` is neither a host nor a network"))
                .with_hint("write jira.acme.example, 10.1.0.0/16 or 10.1.2.3"),
        ),
    }
}

#[cfg(test)]
mod tests;
