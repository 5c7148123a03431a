//! Who asks: API keys, and the checks that keep foreign web pages from using a loopback server: of the `Host` header (DNS
//! rebinding) and of where a browser says the request comes from (cross-site requests).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Caller;
use sha2::{Digest, Sha256};

use super::{Api, Problem, oauth};

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

/// Somebody who may ask.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// What he is called in logs.
    pub name: String,
    /// The hash of his key.
    pub hash: KeyHash,
    /// What he sees.
    pub caller: Caller,
}

/// Put the caller into the request, or refuse it.
pub(super) async fn authenticate(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    match caller(&api, request.headers()) {
        Some((name, caller)) => {
            tracing::Span::current().record("api_key.name", name);
            let caller = caller.clone();
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => Problem::unauthorized().into_response(),
    }
}

/// Who asks: his name and what he sees.
fn caller<'a>(api: &'a Api, headers: &HeaderMap) -> Option<(&'a str, &'a Caller)> {
    if api.keys.is_empty() {
        return api.loopback.map(|_| ("loopback", &Caller::Owner));
    }
    let hash = KeyHash::of(bearer(headers)?);
    // Every key is compared, so that the time does not tell which one came near.
    api.keys.iter().fold(None, |found, known| {
        if known.hash.matches(&hash) {
            Some((known.name.as_str(), &known.caller))
        } else {
            found
        }
    })
}

/// The key of an `Authorization` header; schemes are compared without case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| key.trim())
}

/// On loopback, refuse a request whose `Host` is neither a loopback name nor one of a configured proxy, or that a browser sends
/// for another site's page. A provider sends browsers back from its own page, to one place that asks for more than a session.
pub(super) async fn check_origin(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if api.loopback.is_some() {
        if !is_own_host(request.headers(), &api.hosts) {
            return Problem::wrong_host().into_response();
        }
        if api.keys.is_empty() && is_proxied(request.headers()) {
            return Problem::proxied().into_response();
        }
        let comes_back = request.method() == Method::GET && request.uri().path().starts_with(oauth::PLACE);
        if !comes_back && is_cross_site(request.headers(), &api.hosts) {
            return Problem::cross_site().into_response();
        }
    }
    next.run(request).await
}

/// Whether a browser says that a page of another site sent this. Other clients send neither header.
fn is_cross_site(headers: &HeaderMap, hosts: &[String]) -> bool {
    let says = |name: &str, cross: &dyn Fn(&str) -> bool| {
        headers
            .get(name)
            .is_some_and(|value| value.to_str().map_or(true, cross))
    };
    says("sec-fetch-site", &|site| site.eq_ignore_ascii_case("cross-site"))
        || says("origin", &|origin| {
            // An opaque origin (`null`) has no host.
            !origin
                .split_once("://")
                .is_some_and(|(_, host)| is_own_name(host, hosts))
        })
}

/// Whether a proxy says that it passes this on.
fn is_proxied(headers: &HeaderMap) -> bool {
    const SAID: [&str; 6] = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    SAID.iter().any(|name| headers.contains_key(*name))
}

fn is_own_host(headers: &HeaderMap, hosts: &[String]) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_own_name(host, hosts))
}

/// Whether `host` or `host:port` is this machine's own, or one of `hosts`.
fn is_own_name(host: &str, hosts: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{KeyHash, bearer, is_cross_site, is_own_host, is_proxied};

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
            assert!(is_own_host(&host(good), &[]), "{good}");
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
            assert!(!is_own_host(&host(bad), &[]), "{bad}");
        }
        assert!(!is_own_host(&HeaderMap::new(), &[]));
        let proxy = ["ask.acme.example".to_owned()];
        assert!(is_own_host(&host("Ask.acme.example:443"), &proxy));
        assert!(!is_own_host(&host("xask.acme.example"), &proxy));
    }

    #[test]
    fn pages_of_other_sites_are_told_by_what_browsers_send() {
        let sent = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).expect("header"));
            is_cross_site(&headers, &[])
        };
        for good in ["http://localhost:3000", "http://127.0.0.1:7700", "https://[::1]"] {
            assert!(!sent("origin", good), "{good}");
        }
        for bad in [
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "file://",
            "",
        ] {
            assert!(sent("origin", bad), "{bad}");
        }
        for (site, cross) in [
            ("cross-site", true),
            ("Cross-Site", true),
            ("same-origin", false),
            ("same-site", false),
            ("none", false),
        ] {
            assert_eq!(sent("sec-fetch-site", site), cross, "{site}");
        }
        assert!(!is_cross_site(&HeaderMap::new(), &[]));
    }

    #[test]
    fn what_a_proxy_passes_on_is_told_by_what_it_adds() {
        for name in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("1.2.3.4"));
            assert!(is_proxied(&headers), "{name}");
        }
        assert!(!is_proxied(&host("localhost")));
    }

    #[test]
    fn the_scheme_of_a_key_is_read_without_case() {
        for (value, key) in [
            ("Bearer k1", Some("k1")),
            ("bearer k1 ", Some("k1")),
            ("BEARER  k1", Some("k1")),
            ("Basic k1", None),
            ("k1", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).expect("header"));
            assert_eq!(bearer(&headers), key, "{value}");
        }
    }

    #[test]
    fn keys_match_by_their_hash() {
        let hash = KeyHash::of("secret");
        let hex = hash.0.map(|byte| format!("{byte:02x}")).concat();
        assert!(KeyHash::from_hex(&hex).is_some_and(|read| read.matches(&hash)));
        assert!(!KeyHash::of("Secret").matches(&hash));
        assert!(KeyHash::from_hex("zz").is_none());
        assert_eq!(format!("{hash:?}"), "KeyHash(…)");
    }
}
