//! One exchange with a server, redirects included: every address is checked, and no credential leaves its origin.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::{Error, ErrorKind, Result};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use reqwest::{Method, StatusCode, redirect};
use url::Url;

use super::guard::{Guard, Refused};
use super::gzip;
use super::request::shown;
use super::{Policy, Request, Response};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may be silent while it answers.
const IDLE: Duration = Duration::from_secs(30);
/// How long one exchange may take in all.
const TOTAL: Duration = Duration::from_mins(2);
/// Redirects that are followed.
const HOPS: usize = 5;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The network or the server failed; it may work the next time.
    Passing {
        /// How.
        why: String,
        /// Whether the request may have been taken in.
        sent: bool,
    },
    /// It fails the same way every time.
    Lasting(Error),
}

/// A client whose names are resolved by `guard`.
pub(super) fn client(guard: &Guard) -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(IDLE)
        .timeout(TOTAL)
        .redirect(redirect::Policy::none())
        // A proxy would resolve names itself, past the guard.
        .no_proxy()
        .referer(false)
        .dns_resolver(std::sync::Arc::new(guard.clone()))
        .user_agent(concat!("neurosync/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::internal("start client", "TLS cannot be set up").with_source(error))
}

/// Where a request stands between two redirects.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

/// Send `request`, follow its redirects and read the answer.
pub(super) async fn exchange(
    (client, guard): (&reqwest::Client, &Guard),
    policy: &Policy,
    request: &Request,
    credential: Option<HeaderValue>,
) -> Result<Response, Fault> {
    let mut hop = first(policy, request, credential);
    for _ in 0..=HOPS {
        guard.check(&hop.url).map_err(Fault::Lasting)?;
        let mut sending = client
            .request(hop.method.clone(), hop.url.clone())
            .headers(hop.headers.clone());
        if let Some(body) = &hop.body {
            sending = sending.body(body.clone());
        }
        let answer = sending.send().await.map_err(|error| fault(error, &hop.url))?;
        match target(&answer) {
            Some(location) => hop = follow(hop, answer.status(), &location).map_err(Fault::Lasting)?,
            None => return read(answer, hop.url, request.limit).await,
        }
    }
    let message = format!("{} redirects more than {HOPS} times", shown(&request.url));
    Err(Fault::Lasting(Error::invalid("send request", message)))
}

/// The request as it is first sent. What is not one of the grant's origins gets nothing of the grant's.
fn first(policy: &Policy, request: &Request, credential: Option<HeaderValue>) -> Hop {
    let mut headers = request.headers.clone();
    if policy.trusts(&request.url) {
        for (name, value) in &policy.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(credential) = credential {
            headers.insert(AUTHORIZATION, credential);
        }
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    Hop {
        method: request.method.clone(),
        url: request.url.clone(),
        headers,
        body: request.body.clone(),
    }
}

/// Where an answer redirects to.
fn target(answer: &reqwest::Response) -> Option<String> {
    let redirects = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(LOCATION).filter(|_| redirects)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// The request to send next. Another origin gets only what it must know: no credential, no body, no header but what to answer in.
fn follow(hop: Hop, status: StatusCode, location: &str) -> Result<Hop> {
    let url = hop.url.join(location).map_err(|error| {
        let message = format!("{} redirects to a malformed address", shown(&hop.url));
        Error::invalid("send request", message).with_source(error)
    })?;
    let keeps_method = matches!(status.as_u16(), 307 | 308) || hop.method == Method::GET;
    if !keeps_method && hop.method != Method::POST {
        let message = format!("{} redirects a {}", shown(&hop.url), hop.method);
        return Err(Error::invalid("send request", message));
    }
    let (method, body) = if keeps_method {
        (hop.method, hop.body)
    } else {
        (Method::GET, None)
    };
    if url.origin() == hop.url.origin() {
        let headers = hop.headers;
        return Ok(Hop {
            method,
            url,
            headers,
            body,
        });
    }
    if method != Method::GET {
        let message = format!("{} redirects a {method} to another origin", shown(&hop.url));
        return Err(Error::new(ErrorKind::Denied, "send request", message));
    }
    let mut headers = HeaderMap::new();
    for name in [ACCEPT, ACCEPT_ENCODING] {
        if let Some(value) = hop.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    Ok(Hop {
        method,
        url,
        headers,
        body: None,
    })
}

/// Read the whole answer, no more of it than `limit`.
async fn read(mut answer: reqwest::Response, url: Url, limit: usize) -> Result<Response, Fault> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = BytesMut::new();
    while let Some(part) = answer.chunk().await.map_err(|error| fault(error, &url))? {
        if body.len() + part.len() > limit {
            return Err(Fault::Lasting(gzip::too_large(&shown(&url), limit)));
        }
        body.extend_from_slice(&part);
    }
    let body = body.freeze();
    let packed = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"));
    let body = if packed && !body.is_empty() {
        gzip::unpack(body, limit, shown(&url)).await?
    } else {
        body
    };
    Ok(Response {
        status,
        headers,
        body,
        url,
    })
}

/// What a failure of the client means. Its own words would show the query.
fn fault(error: reqwest::Error, url: &Url) -> Fault {
    let sent = !error.is_connect();
    let error = error.without_url();
    let mut cause = error.source();
    let mut innermost = None;
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<Refused>() {
            return Fault::Lasting(refused.error());
        }
        innermost = Some(found.to_string());
        cause = found.source();
    }
    let why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        innermost.unwrap_or_else(|| error.to_string())
    };
    let why = format!("{}: {why}", shown(url));
    if error.is_builder() {
        return Fault::Lasting(Error::invalid("send request", why));
    }
    Fault::Passing { why, sent }
}
