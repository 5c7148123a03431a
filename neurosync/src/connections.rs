//! The way to providers: the HTTP client, the grants, and the logins that end in them.

use std::path::PathBuf;
use std::sync::Arc;

use connectors::clock::Clock;
use connectors::http::{Api, GrantKey, Http, Policy, Provider, Settings};
use connectors::oauth::{Grant, Grants, Logins, OAuthApp};
use connectors::vault::{Vault, WrappingKeys};
use domain::seam::grants::GrantStore;
use domain::{Error, ErrorKind, Result, SourceId};

use crate::config::Providers;

/// The one tenant of an installation.
const TENANT: &str = "local";
const OPERATION: &str = "open connections";

/// Everything that leads to providers. Clones share it.
#[derive(Clone)]
pub struct Connections {
    http: Http,
    grants: Grants,
    logins: Logins,
    apps: Arc<Vec<OAuthApp>>,
}

impl Connections {
    /// Open the vault with the key in its file, which is made where there is none. All waits for providers go by `clock`.
    ///
    /// # Errors
    /// Those of the key file; `Invalid` for an allowed network that is none.
    pub(crate) fn open(providers: &Providers, store: Arc<dyn GrantStore>, clock: Arc<dyn Clock>) -> Result<Self> {
        let keys = WrappingKeys::open(&key_file(providers)?)?;
        let vault = Arc::new(Vault::new(Arc::clone(&store), keys));
        let settings = Settings {
            allow: providers.allow.clone(),
        };
        let http = Http::new(&settings, clock)?;
        let grants = Grants::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            http.clone(),
            providers.apps.clone(),
        )?;
        let logins = Logins::new(http.clone(), store, vault, grants.clone());
        Ok(Self {
            http,
            grants,
            logins,
            apps: Arc::new(providers.apps.clone()),
        })
    }

    /// The API of a provider through a grant.
    ///
    /// # Errors
    /// `Invalid` for an address that is none.
    pub(crate) fn api(&self, policy: Policy, name: &str) -> Api {
        let key = key(name);
        self.http.api(policy, self.grants.tokens(&key), &key)
    }

    /// The client.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Logins.
    pub(crate) fn logins(&self) -> &Logins {
        &self.logins
    }

    /// The app that is configured for a provider.
    ///
    /// # Errors
    /// `Invalid`, telling what to register and set, when there is none.
    pub(crate) fn app(&self, provider: Provider) -> Result<&OAuthApp> {
        let found = self.apps.iter().find(|app| app.provider == provider);
        found.ok_or_else(|| {
            let section = section(provider);
            Error::invalid("connect", format!("no app of {} is configured", provider.name())).with_hint(format!(
                "register one and set `client_id` under [apps.{section}] in neurosync.toml, with its secret in \
                 NEUROSYNC_{}_CLIENT_SECRET or `client_secret_file`; or give a token: neurosync connect … --token",
                section.to_uppercase()
            ))
        })
    }

    /// That a connection to a provider may be called so: the name is none of ours, and no other provider's connection has it.
    ///
    /// # Errors
    /// `Invalid` or `Conflict` otherwise; those of the store.
    pub(crate) async fn check_free(&self, name: &str, provider: Provider) -> Result<()> {
        check_name(name)?;
        let known = self.grants.get(&key(name)).await.ok().flatten();
        match known.filter(|grant| grant.provider != provider) {
            Some(other) => Err(Error::new(
                ErrorKind::Conflict,
                "connect",
                format!("`{name}` is a connection to {}", other.provider.name()),
            )
            .with_hint("choose another name, or disconnect that one first")),
            None => Ok(()),
        }
    }

    /// Keep a grant that was made by hand.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn keep(&self, name: &str, grant: Grant) -> Result<()> {
        self.grants.put(&key(name), grant).await
    }

    /// All grants by name.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn list(&self) -> Result<Vec<(String, Grant)>> {
        self.grants.list(TENANT).await
    }

    /// A grant.
    ///
    /// # Errors
    /// `NotFound` when there is none of this name.
    pub(crate) async fn grant(&self, name: &str) -> Result<Grant> {
        let grant = self.grants.get(&key(name)).await?;
        grant.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "use connection",
                format!("there is no connection `{name}`"),
            )
            .with_hint("see `neurosync connections`, or make one: neurosync connect --help")
        })
    }

    /// Revoke and forget a grant.
    ///
    /// # Errors
    /// `NotFound` when there is none; the provider's, when it is forgotten but not revoked.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        // One that does not open any more can still be removed.
        if let Err(error) = self.grant(name).await
            && error.kind() == ErrorKind::NotFound
        {
            return Err(error);
        }
        self.grants.remove(&key(name)).await
    }

    /// Put a new key in force, seal everything by it, and forget the old one; how many data keys were sealed anew.
    ///
    /// # Errors
    /// Those of the key file and the store; what was done before them stays good.
    pub(crate) async fn rotate_key(providers: &Providers, store: Arc<dyn GrantStore>) -> Result<usize> {
        let path = key_file(providers)?;
        let vault = Vault::new(store, WrappingKeys::rotate(&path)?);
        let count = vault.rewrap().await?;
        WrappingKeys::forget_older(&path)?;
        Ok(count)
    }
}

/// What a grant is called in the store and to the HTTP client.
pub(crate) fn key(name: &str) -> GrantKey {
    GrantKey {
        tenant: TENANT.to_owned(),
        grant: name.to_owned(),
    }
}

/// That a connection may be called so. Names with a colon are ours.
///
/// # Errors
/// `Invalid` otherwise.
fn check_name(name: &str) -> Result<()> {
    SourceId::new(name).map(drop).map_err(|error| {
        Error::invalid("connect", format!("`{name}` is no name of a connection"))
            .with_source(error)
            .with_hint("names have a-z, 0-9, `.`, `_` and `-`")
    })
}

/// What a provider's app is called in the configuration.
pub(crate) fn section(provider: Provider) -> &'static str {
    match provider {
        Provider::GitHub => "github",
        Provider::Atlassian => "atlassian",
        Provider::Slack => "slack",
        Provider::Plain => "plain",
    }
}

/// The key stands apart from the data, so that a copy of the data folder tells no secret.
fn key_file(providers: &Providers) -> Result<PathBuf> {
    if let Some(path) = &providers.key_file {
        return Ok(path.clone());
    }
    let dirs = directories::ProjectDirs::from("", "", "neurosync").ok_or_else(|| {
        Error::invalid(OPERATION, "this user has no home folder").with_hint("set `file` under [keys] in neurosync.toml")
    })?;
    let folder = dirs.config_dir();
    std::fs::create_dir_all(folder).map_err(|error| Error::io(OPERATION, folder, error))?;
    Ok(folder.join("key"))
}
