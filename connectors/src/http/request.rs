//! A request as a connector builds it.

use bytes::Bytes;
use domain::{Error, Result};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use super::Rate;

/// The largest body read unless a request says otherwise, decompressed, in bytes.
const LIMIT: usize = 64 << 20;

/// What the body of a good answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// JSON; anything else (an HTML page of a gateway, half an object) is a failure that is tried again.
    Json,
    /// Any bytes.
    Bytes,
}

/// A request. It may be sent more than once unless [`Request::once`] says that it must not.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) cost: u32,
    pub(super) lane: &'static str,
    pub(super) lane_rate: Option<Rate>,
    pub(super) limit: usize,
    pub(super) expect: Expect,
    pub(super) once: bool,
    pub(super) heavy: bool,
}

impl Request {
    /// A GET of a JSON document.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            cost: 1,
            lane: "",
            lane_rate: None,
            limit: LIMIT,
            expect: Expect::Json,
            once: false,
            heavy: false,
        }
        .accept("application/json")
    }

    /// A POST that is answered by JSON, and repeatable: most providers search by POST.
    pub fn post(url: Url) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(url)
        }
    }

    /// A PUT that is answered by JSON.
    pub fn put(url: Url) -> Self {
        Self {
            method: Method::PUT,
            ..Self::get(url)
        }
    }

    /// A DELETE; its answer may be empty.
    pub fn delete(url: Url) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(url)
        }
    }

    /// Add a pair to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Set a header.
    ///
    /// # Errors
    /// `Invalid` when `value` has characters that no header may have.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let value = HeaderValue::from_str(value).map_err(|error| {
            Error::invalid("build request", format!("the header {name} is malformed")).with_source(error)
        })?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// The media type to answer in, instead of `application/json`.
    #[must_use]
    pub fn accept(mut self, media: &'static str) -> Self {
        self.headers
            .insert(reqwest::header::ACCEPT, HeaderValue::from_static(media));
        self
    }

    /// A body of JSON.
    ///
    /// # Errors
    /// `Internal` when `body` cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| Error::internal("build request", "the body does not become JSON").with_source(error))?;
        self.body = Some(bytes.into());
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// A body of form fields.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body = Some(text.into());
        self.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        self
    }

    /// A body of bytes; its type is a header to be set.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    /// Answer only if it differs from what had this entity tag (quotes and `W/` as they came): see [`super::Response::not_modified`].
    /// A tag that no header may carry is left out.
    #[must_use]
    pub fn etag(mut self, tag: Option<&str>) -> Self {
        if let Some(value) = tag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
            self.headers.insert(reqwest::header::IF_NONE_MATCH, value);
        }
        self
    }

    /// What it costs of the grant's budget, in points; 1 by default.
    #[must_use]
    pub fn cost(mut self, points: u32) -> Self {
        self.cost = points;
        self
    }

    /// What the provider counts and blocks it by: a Slack method, or a resource (`search`, `graphql`) of GitHub. A limit reached in
    /// one lane leaves the others open. `rate` is the lane's own limit, where one is known.
    #[must_use]
    pub fn lane(mut self, lane: &'static str, rate: Option<Rate>) -> Self {
        self.lane = lane;
        self.lane_rate = rate;
        self
    }

    /// The largest body to read, decompressed, in bytes; 64 MiB by default.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Take any bytes for an answer, not only JSON.
    #[must_use]
    pub fn bytes(mut self) -> Self {
        self.expect = Expect::Bytes;
        self.accept("*/*")
    }

    /// Do not send it again once it may have reached the server.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Take a gateway's 504 for an answer instead of trying again: whoever asks can ask for less.
    #[must_use]
    pub fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// `url` with nothing that could be secret: no user, no query, no fragment.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or(""),
        url.path()
    )
}

/// Refuse addresses that are not web addresses, or that carry a user name.
pub(super) fn origin(url: &Url) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::invalid("send request", format!("{}: {why}", shown(url)))
            .with_hint("write the address as https://host/path"))
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return refuse("not a web address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("an address must not carry a user name or password");
    }
    Ok(())
}
