//! An answer as a connector reads it.

use bytes::Bytes;
use domain::{Error, ErrorKind, Result, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{DATE, ETAG, HeaderMap};
use serde::de::DeserializeOwned;
use url::Url;

use super::link;
use super::request::shown;

/// How much of a server's own message is told, in characters.
const MESSAGE: usize = 300;

/// A definite answer: 2xx, 304, or a refusal that trying again does not change.
#[derive(Debug, Clone)]
pub struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) url: Url,
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's first value; none where it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, decompressed; empty where there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where the answer came from: the request's address, or the one it was sent on to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether nothing changed since the entity tag that was sent.
    pub fn not_modified(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

    /// The entity tag, to be kept with the cursor and sent the next time.
    pub fn etag(&self) -> Option<&str> {
        self.header(ETAG.as_str())
    }

    /// The server's time.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header(DATE.as_str())?)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// `Corrupt` when it is JSON of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The parser's own words would quote the content.
            let place = format!("line {} column {}", error.line(), error.column());
            let message = format!("{}: not of the expected shape at {place}", shown(&self.url));
            Error::corrupt("read answer", message)
        })
    }

    /// The page after this one by the `Link` header (RFC 8288, `rel="next"`), taken as it is; none on the last page.
    ///
    /// # Errors
    /// `Denied` when it leads to another origin.
    pub fn next_link(&self) -> Result<Option<Url>> {
        match self.next_target() {
            Some(target) => self.same_origin(target).map(Some),
            None => Ok(None),
        }
    }

    /// What the `Link` header names as `rel="next"`, unresolved.
    pub fn next_target(&self) -> Option<&str> {
        self.target("next")
    }

    /// The number of the last page by the `Link` header (`rel="last"`); none on a last page, and where pages have no numbers.
    pub fn last_page(&self) -> Option<u64> {
        let last = self.url.join(self.target("last")?).ok()?;
        let mut pairs = last.query_pairs();
        pairs.find_map(|(name, value)| (name == "page").then(|| value.parse().ok())?)
    }

    fn target(&self, relation: &str) -> Option<&str> {
        let links = self.headers.get_all(reqwest::header::LINK);
        links
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|header| link::target(header, relation))
    }

    /// An address found in this answer, resolved against the answer's own.
    ///
    /// # Errors
    /// `Denied` when it leads to another scheme, host or port; `Corrupt` when it is no address.
    pub fn same_origin(&self, target: &str) -> Result<Url> {
        let url = self.url.join(target).map_err(|error| {
            Error::corrupt("follow link", format!("{}: a malformed link", shown(&self.url))).with_source(error)
        })?;
        if url.origin() == self.url.origin() {
            return Ok(url);
        }
        let message = format!("{} links to {}, another origin", shown(&self.url), shown(&url));
        Err(Error::new(ErrorKind::Denied, "follow link", message)
            .with_hint("a proxy may rewrite addresses: set the base address to the one the server calls itself"))
    }

    /// The same answer if it is a good one (2xx or 304), else its error.
    ///
    /// # Errors
    /// `NotFound` for 404 and 410, `Denied` for 401 and 403, `Conflict` for 409 and 412, `Exhausted` for 413, `Invalid` for the rest.
    pub fn good(self) -> Result<Self> {
        if self.status.is_success() || self.not_modified() {
            return Ok(self);
        }
        let kind = match self.status.as_u16() {
            404 | 410 => ErrorKind::NotFound,
            401 | 403 | 407 | 451 => ErrorKind::Denied,
            409 | 412 => ErrorKind::Conflict,
            413 => ErrorKind::Exhausted,
            _ => ErrorKind::Invalid,
        };
        let said = self.said().map(|text| format!(": {text}")).unwrap_or_default();
        let message = format!("{} answers {}{said}", shown(&self.url), self.status.as_u16());
        Err(Error::new(kind, "send request", message))
    }

    /// What the server says went wrong, where it says so in a known field, on one line and cut.
    fn said(&self) -> Option<String> {
        let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let text = [
            "/message",
            "/error_description",
            "/error",
            "/errorMessages/0",
            "/errors/0/title",
        ]
        .iter()
        .find_map(|path| value.pointer(path)?.as_str())?;
        Some(
            text.chars()
                .map(|letter| if letter.is_control() { ' ' } else { letter })
                .take(MESSAGE)
                .collect(),
        )
    }
}

/// A time as headers write it.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}
