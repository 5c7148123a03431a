//! A GitHub App's own token (a signed statement of ten minutes) and the tokens of its installations.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Error, Result, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use super::identity::under;
use super::{Grant, OAuthApp};
use crate::http::{Credential, Fixed, GrantKey, Http, Policy, Request};
use crate::secret::Secret;

const OPERATION: &str = "sign as app";
/// How far in the past a statement begins, for clocks that are slow, in seconds.
const BEFORE: i64 = 60;
/// How long it is good; GitHub takes no more than ten minutes, and a minute is for clocks that are fast. In seconds.
const GOOD: i64 = 9 * 60;

/// The private key of a GitHub App with the app's id.
#[derive(Clone)]
pub struct AppKey {
    app: String,
    pair: Arc<RsaKeyPair>,
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({})", self.app)
    }
}

impl AppKey {
    /// The key of the app `app` (its id) from the PEM file that GitHub gives.
    ///
    /// # Errors
    /// `Invalid` when it is no RSA key of 2,048 bits or more.
    pub fn from_pem(app: impl Into<String>, pem: &Secret) -> Result<Self> {
        let malformed = || {
            Error::invalid(OPERATION, "the private key is not an RSA key in a PEM file")
                .with_hint("download a private key on the app's settings page and give that file as it is")
        };
        let key = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).map_err(|_hidden| malformed())?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(_) | _ => return Err(malformed()),
        };
        Ok(Self {
            app: app.into(),
            pair: Arc::new(pair.map_err(|_hidden| malformed())?),
        })
    }

    /// A statement, good at `now`, that its bearer is the app (RFC 7519, RS256).
    ///
    /// # Errors
    /// `Internal` when it cannot be signed.
    pub fn statement(&self, now: Timestamp) -> Result<Secret> {
        let seconds = now.0 / 1000;
        let claims = serde_json::json!({ "iat": seconds - BEFORE, "exp": seconds + GOOD, "iss": self.app });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            encode(r#"{"alg":"RS256","typ":"JWT"}"#),
            encode(&claims.to_string())
        );
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_unspecified| Error::internal(OPERATION, "the key does not sign"))?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// What GitHub answers.
#[derive(Deserialize)]
struct Minted {
    token: String,
    expires_at: String,
    #[serde(default)]
    permissions: std::collections::BTreeMap<String, String>,
}

/// Make a token for an installation. It lives for an hour.
pub(super) async fn mint(http: &Http, app: &OAuthApp, tenant: &str, (grant, id): (&Grant, u64)) -> Result<Grant> {
    let key = app.key.as_ref().ok_or_else(|| {
        Error::invalid(OPERATION, "the app has no private key").with_hint("set the private key of the GitHub App")
    })?;
    let statement = key.statement(http.clock().now())?;
    let api = http.api(
        Policy::github(&app.endpoints.api)?,
        Arc::new(Fixed(Credential::Bearer(statement))),
        &GrantKey {
            tenant: tenant.to_owned(),
            grant: format!("app {}", key.app),
        },
    );
    let path = format!("app/installations/{id}/access_tokens");
    let request = Request::post(under(&app.endpoints.api, &path)?)
        .accept("application/vnd.github+json")
        .cost(5);
    let minted: Minted = api.send(request).await?.json()?;
    let permissions = minted.permissions.iter().map(|(what, how)| format!("{what}:{how}"));
    Ok(Grant {
        scopes: permissions.collect(),
        access: Some(Secret::new(minted.token)),
        expires: Some(Timestamp::parse(&minted.expires_at)?),
        needs_consent: None,
        ..grant.clone()
    })
}
