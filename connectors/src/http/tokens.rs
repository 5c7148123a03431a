//! Where a request's credential comes from.

use std::fmt;

use async_trait::async_trait;
use base64::Engine;
use domain::{Error, ErrorKind, Result};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What a request carries in its `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    Anonymous,
    /// An access token.
    Bearer(Secret),
    /// A user name (Atlassian: an e-mail address) with a password or API token.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Credential {
    /// The header's value, marked so that no log shows it.
    pub(super) fn header(&self) -> Result<Option<HeaderValue>> {
        let text = match self {
            Self::Anonymous => return Ok(None),
            Self::Bearer(token) => Zeroizing::new(format!("Bearer {}", token.expose())),
            Self::Basic { user, password } => Zeroizing::new(format!("Basic {}", pair(user, password).as_str())),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_hidden| {
            // The cause would show the text.
            Error::invalid("send request", "the credential has characters that no header may have")
                .with_hint("enter the token again, without line breaks")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Every text by which somebody else could use it.
    pub(super) fn texts(&self) -> Vec<Zeroizing<String>> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Bearer(token) => vec![Zeroizing::new(token.expose().to_owned())],
            Self::Basic { user, password } => {
                vec![pair(user, password), Zeroizing::new(password.expose().to_owned())]
            }
        }
    }
}

/// A name and a password as the header writes them.
fn pair(user: &str, password: &Secret) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
    Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()))
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Bearer(_) => "Bearer([secret])",
            Self::Basic { .. } => "Basic([secret])",
        })
    }
}

/// The credential of one grant, renewed as needed. Shared by all workers of the grant.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The credential to use now; renewed before, when it is about to expire.
    ///
    /// # Errors
    /// `Denied` when the user must consent again; `Unavailable` when it cannot be renewed now.
    async fn token(&self) -> Result<Credential>;

    /// The server refused `used` (401). Renews it, unless somebody has already; the request is then tried once more.
    ///
    /// # Errors
    /// `Denied` when nothing can be done without the user.
    async fn refused(&self, used: &Credential) -> Result<()>;
}

/// A credential that nothing can renew: a personal token, an API token, or none.
#[derive(Debug, Clone)]
pub struct Fixed(pub Credential);

#[async_trait]
impl Tokens for Fixed {
    async fn token(&self) -> Result<Credential> {
        Ok(self.0.clone())
    }

    async fn refused(&self, _used: &Credential) -> Result<()> {
        Err(
            Error::new(ErrorKind::Denied, "send request", "the server refuses the credential")
                .with_hint("make a new token and enter it, or check that it is for this server"),
        )
    }
}
