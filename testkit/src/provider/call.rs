//! A request as the simulators read it, and the answer they give.

use std::cell::RefCell;
use std::collections::BTreeSet;

use axum::http::HeaderMap;
use serde_json::{Map, Value};

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The parameters that the route looked at.
    asked: RefCell<BTreeSet<String>>,
}

impl Call {
    pub(crate) fn new(method: &str, uri: &axum::http::Uri, headers: HeaderMap, body: Vec<u8>) -> Self {
        let decode = |segment: &str| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8_lossy()
                .into_owned()
        };
        let raw_query = uri.query().unwrap_or_default().to_owned();
        Self {
            method: method.to_owned(),
            path: uri.path().to_owned(),
            segments: uri
                .path()
                .split('/')
                .filter(|one| !one.is_empty())
                .map(decode)
                .collect(),
            query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
            raw_query,
            headers,
            body,
            asked: RefCell::default(),
        }
    }

    /// The path in pieces.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A parameter of the query, which the route thereby knows.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter: repeated, or with commas between.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.asked.borrow_mut().insert(name.to_owned());
        let values = self.query.iter().filter(|(key, _)| key == name);
        let split = values.flat_map(|(_, value)| value.split(','));
        split.filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }

    /// The parameters that no route looked at.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let rest = self.query.iter().filter(|(key, _)| !asked.contains(key));
        rest.map(|(key, _)| key.clone()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of the `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")).then_some(token)
    }

    /// The name and secret of basic authorization.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let (scheme, text) = self.header("authorization")?.split_once(' ')?;
        let text = super::signature::clear(text).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (name, secret) = text.split_once(':')?;
        Some((name.to_owned(), secret.to_owned()))
    }

    fn is_json(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The fields of the body, be it JSON or a form.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        if self.is_json() {
            let Some(Value::Object(fields)) = self.json() else {
                return Map::new();
            };
            return fields;
        }
        let pairs = url::form_urlencoded::parse(&self.body).into_owned();
        pairs.map(|(key, value)| (key, Value::String(value))).collect()
    }

    /// A field of the body as text.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        match self.fields().get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
        }
    }
}

/// What becomes of an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Whole,
    /// The connection ends with no answer.
    Reset,
    /// The connection ends in the middle of the body.
    Half,
    /// More bytes are announced than come.
    Short,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) wire: Wire,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())],
            body: body.to_string().into_bytes(),
            wire: Wire::Whole,
        }
    }

    pub(crate) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            wire: Wire::Whole,
        }
    }

    pub(crate) fn text(status: u16, kind: &str, body: &str) -> Self {
        let mut reply = Self::empty(status);
        reply.body = body.as_bytes().to_vec();
        reply.header("content-type", kind)
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        let page = format!("<!DOCTYPE html>\n<html><body><h1>{body}</h1></body></html>");
        Self::text(status, "text/html; charset=utf-8", &page)
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::empty(status).header("location", to)
    }

    /// The same with one more header, or another value of it.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn value(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Text for a query.
pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
