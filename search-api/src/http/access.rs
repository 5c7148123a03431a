//! Who asks: API keys, and the `Host` check that keeps foreign web pages from using a loopback server (DNS rebinding).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Caller;
use sha2::{Digest, Sha256};

use super::{Api, Problem};

/// The SHA-256 of an API key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash(pub [u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Equality in constant time.
    fn matches(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

/// Put the caller into the request, or refuse it.
pub(super) async fn authenticate(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    match caller(&api, request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => Problem::unauthorized().into_response(),
    }
}

fn caller(api: &Api, headers: &HeaderMap) -> Option<Caller> {
    if api.keys.is_empty() {
        return api.loopback.map(|_| Caller::Owner);
    }
    let key = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    let hash = KeyHash::of(key.trim());
    // Every key is compared, so that the time does not tell which one came near.
    api.keys.iter().fold(None, |found, (known, caller)| {
        if known.matches(&hash) {
            Some(caller.clone())
        } else {
            found
        }
    })
}

/// On loopback, refuse a request whose `Host` is not a loopback name.
pub(super) async fn check_host(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if api.loopback.is_some() && !is_loopback_host(request.headers()) {
        return Problem::wrong_host().into_response();
    }
    next.run(request).await
}

fn is_loopback_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{KeyHash, is_loopback_host};

    fn host(name: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(name).expect("header"));
        headers
    }

    #[test]
    fn only_loopback_names_pass() {
        for good in [
            "localhost",
            "localhost:7700",
            "LOCALHOST:1",
            "127.0.0.1:7700",
            "127.8.9.1",
            "[::1]:7700",
            "[::1]",
        ] {
            assert!(is_loopback_host(&host(good)), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example:7700",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "[::2]:7700",
            "",
            ":7700",
            "[",
            "0.0.0.0:7700",
        ] {
            assert!(!is_loopback_host(&host(bad)), "{bad}");
        }
        assert!(!is_loopback_host(&HeaderMap::new()));
    }

    #[test]
    fn keys_match_by_their_hash() {
        let hash = KeyHash::of("secret");
        let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(KeyHash::from_hex(&hex).is_some_and(|read| read.matches(&hash)));
        assert!(!KeyHash::of("Secret").matches(&hash));
        assert!(KeyHash::from_hex("zz").is_none());
        assert_eq!(format!("{hash:?}"), "KeyHash(…)");
    }
}
