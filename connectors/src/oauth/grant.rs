//! A grant: what a provider gave us, and what it is good for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::http::{Credential, Provider};
use crate::secret::Secret;

/// How a credential is obtained and used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// A user's consent, with a refresh token where the provider rotates.
    OAuth,
    /// Tokens that a GitHub App makes for one of its installations.
    Installation {
        /// The installation.
        id: u64,
    },
    /// A token that a user made by hand.
    Personal,
    /// A user name (Atlassian: an e-mail address) with an API token made by hand.
    Basic {
        /// The user name.
        user: String,
    },
}

/// Who granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The provider's id.
    pub id: String,
    /// The name to show.
    pub name: String,
}

/// A place that the grant is good for: an Atlassian site, a Slack workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The provider's id. Atlassian lists a site once per product under one id: tell them apart by `scopes`.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// Where people see it; empty where none is told.
    pub url: String,
    /// What is granted there.
    pub scopes: BTreeSet<String>,
}

/// A credential with all that is known of it. Shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose.
    pub provider: Provider,
    /// How it is obtained and used.
    pub kind: GrantKind,
    /// The token to use; none before an installation's first.
    pub access: Option<Secret>,
    /// The token that renews it, good for one use.
    pub refresh: Option<Secret>,
    /// When the access token ends; never, where none is told.
    pub expires: Option<Timestamp>,
    /// What was granted, which may be less than was asked for.
    pub scopes: BTreeSet<String>,
    /// Who granted, where the provider tells.
    pub account: Option<Account>,
    /// The places it is good for.
    pub sites: Vec<Site>,
    /// Why the user must consent again; such a grant is not used.
    pub needs_consent: Option<String>,
}

impl Grant {
    /// A credential made by hand, or yet to be made.
    pub fn new(provider: Provider, kind: GrantKind, access: Option<Secret>) -> Self {
        Self {
            provider,
            kind,
            access,
            refresh: None,
            expires: None,
            scopes: BTreeSet::new(),
            account: None,
            sites: Vec::new(),
            needs_consent: None,
        }
    }

    /// What a request carries; none before the first token.
    pub(super) fn credential(&self) -> Option<Credential> {
        let access = self.access.clone()?;
        Some(match &self.kind {
            GrantKind::Basic { user } => Credential::Basic {
                user: user.clone(),
                password: access,
            },
            GrantKind::OAuth | GrantKind::Installation { .. } | GrantKind::Personal => Credential::Bearer(access),
        })
    }

    /// Whether it can be renewed without the user.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.kind, GrantKind::Installation { .. }) || self.refresh.is_some()
    }

    /// The grant as bytes to be sealed, wiped when dropped.
    pub(super) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        let written = Written {
            provider: self.provider,
            kind: Cow::Borrowed(&self.kind),
            access: self.access.as_ref().map(|secret| secret.expose().into()),
            refresh: self.refresh.as_ref().map(|secret| secret.expose().into()),
            expires: self.expires,
            scopes: Cow::Borrowed(&self.scopes),
            account: self.account.as_ref().map(Cow::Borrowed),
            sites: Cow::Borrowed(&self.sites),
            needs_consent: self.needs_consent.as_deref().map(Cow::Borrowed),
        };
        serde_json::to_vec(&written)
            .map(Zeroizing::new)
            .map_err(|_hidden| Error::internal("write grant", "the grant does not become JSON"))
    }

    /// Read what [`Grant::write`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let written: Written<'_> = serde_json::from_slice(bytes)
            .map_err(|_hidden| Error::corrupt("read grant", "a stored grant does not read back"))?;
        let secret = |text: Cow<'_, str>| Secret::new(text.into_owned());
        Ok(Self {
            provider: written.provider,
            kind: written.kind.into_owned(),
            access: written.access.map(secret),
            refresh: written.refresh.map(secret),
            expires: written.expires,
            scopes: written.scopes.into_owned(),
            account: written.account.map(Cow::into_owned),
            sites: written.sites.into_owned(),
            needs_consent: written.needs_consent.map(Cow::into_owned),
        })
    }
}

/// A grant as it is sealed. Borrows, so that writing leaves no copies of secrets behind.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    provider: Provider,
    kind: Cow<'a, GrantKind>,
    access: Option<Cow<'a, str>>,
    refresh: Option<Cow<'a, str>>,
    expires: Option<Timestamp>,
    scopes: Cow<'a, BTreeSet<String>>,
    account: Option<Cow<'a, Account>>,
    sites: Cow<'a, [Site]>,
    needs_consent: Option<Cow<'a, str>>,
}
