//! Renewing a grant: once, whoever asks, and never losing the new refresh token.
//!
//! Tasks of a process take turns; processes take a lease. Whoever has both reads the grant again, since somebody else may have
//! renewed it. The new tokens are in the store before anybody uses them. A failure in passing leaves the grant as it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Error, ErrorKind, Result, Retry, Timestamp};
use tracing::{info, warn};

use super::exchange::{self, Refusal, granted};
use super::grants::{Inner, needs_consent};
use super::{Grant, GrantKind, app, login};
use crate::clock::after;
use crate::http::{Credential, GrantKey, Provider};

/// How long the right to renew is held unless it is taken anew. A process that dies with the provider's answer leaves the old
/// refresh token to the next one, which must come before the provider forgets that token: Slack does within a minute or so.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is taken anew, by the time that an exchange really takes.
const BEAT: Duration = Duration::from_secs(10);
/// How long another process is waited for, and how often it is looked at.
const PATIENCE: [Duration; 2] = [Duration::from_mins(1), Duration::from_millis(500)];

/// What this process knows of a grant.
#[derive(Default)]
pub(super) struct Live {
    known: Mutex<Option<(u64, Grant)>>,
    turn: tokio::sync::Mutex<()>,
}

impl Live {
    /// Keep a version, unless a later one is known.
    pub(super) fn remember(&self, version: u64, grant: Grant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(former, _)| *former <= version) {
            *known = Some((version, grant));
        }
    }

    /// Know nothing.
    pub(super) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn known(&self) -> Option<Grant> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(_, grant)| grant.clone())
    }
}

/// The credential to use now.
pub(super) async fn token(inner: &Arc<Inner>, key: &GrantKey) -> Result<Credential> {
    let known = match inner.live(key).known() {
        Some(grant) => grant,
        None => read(inner, key).await?.1,
    };
    if let Some(credential) = usable(&known, None, inner.http.clock().now()) {
        return Ok(credential);
    }
    renewed(inner, key, None).await
}

/// The server refused `used`: see that another one is there.
pub(super) async fn refused(inner: &Arc<Inner>, key: &GrantKey, used: &Credential) -> Result<()> {
    renewed(inner, key, Some(used.clone())).await.map(drop)
}

/// The credential of `grant`, if it is good for a while and is not the refused one.
fn usable(grant: &Grant, refused: Option<&Credential>, now: Timestamp) -> Option<Credential> {
    if grant.needs_consent.is_some() {
        return None;
    }
    let fresh = grant.expires.is_none_or(|expires| expires > after(now, early(grant)));
    let credential = grant.credential().filter(|_| fresh || !grant.renewable())?;
    (refused != Some(&credential)).then_some(credential)
}

/// How long before its end a token is renewed.
fn early(grant: &Grant) -> Duration {
    match grant.provider {
        Provider::Slack => Duration::from_hours(2),
        Provider::GitHub | Provider::Atlassian | Provider::Plain => Duration::from_mins(5),
    }
}

/// Take a turn and renew. Runs to its end even if nobody waits for it any more: a token that was given must be kept.
async fn renewed(inner: &Arc<Inner>, key: &GrantKey, refused: Option<Credential>) -> Result<Credential> {
    let (inner, key) = (Arc::clone(inner), key.clone());
    let work = tokio::spawn(async move {
        let live = inner.live(&key);
        let _turn = live.turn.lock().await;
        if let Some(credential) = live
            .known()
            .and_then(|grant| usable(&grant, refused.as_ref(), inner.http.clock().now()))
        {
            return Ok(credential);
        }
        alone(&inner, &key, refused.as_ref()).await
    });
    work.await.map_err(|error| {
        Error::new(ErrorKind::Cancelled, "renew grant", "the program is stopping").with_source(error)
    })?
}

/// Renew under the lease, unless another process has by then.
async fn alone(inner: &Inner, key: &GrantKey, refused: Option<&Credential>) -> Result<Credential> {
    let name = format!("grant:{}/{}", key.tenant, key.grant);
    let clock = inner.http.clock();
    let mut waited = Duration::ZERO;
    while !inner.store.hold(&name, &inner.holder, LEASE, clock.now()).await? {
        if waited >= PATIENCE[0] {
            return Err(
                Error::unavailable("renew grant", "another process is renewing the grant")
                    .with_retry(Retry::After(Duration::from_secs(10))),
            );
        }
        clock.sleep(PATIENCE[1]).await;
        waited += PATIENCE[1];
        let (_, grant) = read(inner, key).await?;
        if let Some(credential) = usable(&grant, refused, clock.now()) {
            return Ok(credential);
        }
    }
    let outcome = keeping(inner, &name, held(inner, key, refused)).await;
    if let Err(error) = inner
        .store
        .hold(&name, &inner.holder, Duration::ZERO, clock.now())
        .await
    {
        // It expires by itself; others wait a little longer.
        warn!(%error, "the lease of a grant was not given back");
    }
    outcome
}

/// Do some work and keep the lease until it is done.
async fn keeping<T>(inner: &Inner, name: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(BEAT) => {
                let now = inner.http.clock().now();
                if let Err(error) = inner.store.hold(name, &inner.holder, LEASE, now).await {
                    // Another process may renew beside this one: whose version is written first counts.
                    warn!(%error, "the lease of a grant was not kept");
                }
            }
        }
    }
}

/// Renew, as the only one.
async fn held(inner: &Inner, key: &GrantKey, refused: Option<&Credential>) -> Result<Credential> {
    let (version, grant) = read(inner, key).await?;
    if let Some(credential) = usable(&grant, refused, inner.http.clock().now()) {
        return Ok(credential);
    }
    if let Some(why) = &grant.needs_consent {
        return Err(needs_consent(key, grant.provider, why));
    }
    let next = match exchange(inner, key, &grant).await {
        Ok(next) => next,
        Err(Refusal::Gone(why)) => Grant {
            needs_consent: Some(why),
            ..grant
        },
        Err(Refusal::Other(error)) => return Err(error),
    };
    if inner.save(key, version + 1, &next).await? {
        inner.live(key).remember(version + 1, next.clone());
    } else {
        // The user consented anew meanwhile: what he gave counts.
        return current(inner, key).await;
    }
    if let Some(why) = &next.needs_consent {
        warn!(tenant = key.tenant, grant = key.grant, why, "a grant needs new consent");
        return Err(needs_consent(key, next.provider, why));
    }
    info!(tenant = key.tenant, grant = key.grant, "grant renewed");
    next.credential()
        .ok_or_else(|| needs_consent(key, next.provider, "there is no token"))
}

async fn current(inner: &Inner, key: &GrantKey) -> Result<Credential> {
    let (_, grant) = read(inner, key).await?;
    match &grant.needs_consent {
        Some(why) => Err(needs_consent(key, grant.provider, why)),
        None => grant
            .credential()
            .ok_or_else(|| needs_consent(key, grant.provider, "there is no token")),
    }
}

/// The stored grant, remembered.
async fn read(inner: &Inner, key: &GrantKey) -> Result<(u64, Grant)> {
    let (version, grant) = inner.load(key).await?;
    let Some(grant) = grant else {
        inner.live(key).forget();
        return Err(
            Error::not_found("use grant", format!("there is no grant `{}`", key.grant))
                .with_hint("authorize the source first"),
        );
    };
    inner.live(key).remember(version, grant.clone());
    Ok((version, grant))
}

/// Ask the provider for new tokens.
async fn exchange(inner: &Inner, key: &GrantKey, grant: &Grant) -> Result<Grant, Refusal> {
    if !grant.renewable() {
        return Err(Refusal::Gone(
            "the server refuses the token, and it cannot be renewed".into(),
        ));
    }
    let Some(app) = inner.apps.get(&grant.provider) else {
        return Err(Refusal::Other(login::no_app(grant.provider)));
    };
    if let GrantKind::Installation { id } = grant.kind {
        let minted = app::mint(&inner.http, app, &key.tenant, (grant, id)).await;
        return minted.map_err(Refusal::Other);
    }
    let Some(token) = &grant.refresh else {
        return Err(Refusal::Gone("there is no refresh token".into()));
    };
    let answer = exchange::refresh(&inner.http, app, &key.tenant, token).await?;
    let fresh = granted(app, &answer, inner.http.clock().now());
    Ok(Grant {
        access: fresh.access,
        // A server that does not rotate says nothing: the old one stays good.
        refresh: fresh.refresh.or_else(|| grant.refresh.clone()),
        expires: fresh.expires,
        scopes: if fresh.scopes.is_empty() {
            grant.scopes.clone()
        } else {
            fresh.scopes
        },
        ..grant.clone()
    })
}
