//! GitHub's answers: addresses, lists by their links, GraphQL, and the memory by which a step that failed goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use domain::{Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

use crate::http::{Api, Request, Response};

/// How GitHub is asked to answer.
const MEDIA: &str = "application/vnd.github+json";
/// The most pages of one list: files of a pull request end at 30.
const PAGES: usize = 1_000;

/// The API of one source.
pub(super) struct Client {
    api: Api,
    base: Url,
    /// Good answers that the step under way got so far. Where it fails for a limit, its next attempt begins with them.
    memory: Mutex<BTreeMap<String, Response>>,
}

/// Whether a status says that there is nothing to read for this account: gone, switched off, not allowed, or empty.
pub(super) fn refused(status: u16) -> bool {
    matches!(status, 403 | 404 | 409 | 410 | 422 | 451)
}

/// Whether an error says the same.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::Conflict | ErrorKind::Invalid
    )
}

impl Client {
    pub(super) fn new(api: Api, base: Url) -> Self {
        Self {
            api,
            base,
            memory: Mutex::default(),
        }
    }

    /// What the requests go through.
    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// Forget the answers of a step that is done.
    pub(super) fn forget(&self) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The address of `path` (no slash at the beginning) with a query.
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Any definite answer.
    pub(super) async fn ask(&self, url: Url, etag: Option<&str>) -> Result<Response> {
        self.api.ask(Request::get(url).accept(MEDIA).etag(etag)).await
    }

    /// Any definite answer, remembered until the step is done.
    pub(super) async fn recall(&self, url: Url) -> Result<Response> {
        self.again(url, None).await
    }

    /// The same for what may not have changed since an answer with this tag.
    pub(super) async fn again(&self, url: Url, etag: Option<&str>) -> Result<Response> {
        let name = url.to_string();
        let known = self
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = self.ask(url, etag).await?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.insert(name, answer.clone());
        Ok(answer)
    }

    /// All rows of a list, over its pages.
    ///
    /// # Errors
    /// As [`Response::good`] for the first page that is refused; `Corrupt` for links that lead in a circle.
    pub(super) async fn list(&self, url: Url) -> Result<Vec<Value>> {
        let first = self.recall(url).await?.good()?;
        self.rest(first).await
    }

    /// The rows of a first page, and of all that follow it.
    pub(super) async fn rest(&self, first: Response) -> Result<Vec<Value>> {
        let (mut rows, mut seen, mut answer) = (Vec::new(), BTreeSet::new(), first);
        for _ in 0..PAGES {
            let more = rows_of(&answer)?;
            let next = answer.next_link()?.filter(|_| !more.is_empty());
            rows.extend(more);
            let Some(next) = next else { break };
            if !seen.insert(next.to_string()) {
                let message = format!("{} leads to itself", self.base.host_str().unwrap_or_default());
                return Err(Error::corrupt("read list", message));
            }
            answer = self.recall(next).await?.good()?;
        }
        Ok(rows)
    }

    /// The answer to a GraphQL query; none where the account may not ask it.
    ///
    /// # Errors
    /// As [`Api::send`]; `Corrupt` where the query is refused for another reason.
    pub(super) async fn graphql(&self, query: &str, variables: &Value) -> Result<Option<Value>> {
        let path = self.base.path().trim_end_matches('/');
        let mut url = self.base.clone();
        // A server of one's own has it beside `/api/v3`.
        url.set_path(&format!("{}/graphql", path.strip_suffix("/v3").unwrap_or(path)));
        let body = serde_json::json!({ "query": query, "variables": variables });
        let answer = self
            .api
            .ask(Request::post(url).accept(MEDIA).lane("graphql", None).json(&body)?)
            .await?;
        if refused(answer.status()) {
            return Ok(None);
        }
        let mut value: Value = answer.good()?.json()?;
        let kind = value
            .pointer("/errors/0/type")
            .and_then(Value::as_str)
            .map(str::to_owned);
        match kind.as_deref() {
            Some("NOT_FOUND" | "FORBIDDEN" | "INSUFFICIENT_SCOPES") => Ok(None),
            None if value.get("errors").is_none() => Ok(Some(value["data"].take())),
            // A partly answered query names what it lacks; a timeout is of no type at all.
            None => Err(Error::unavailable("query GitHub", "the query was not answered in full")),
            Some(other) => {
                let kind: String = other.chars().take(60).collect();
                Err(Error::corrupt("query GitHub", format!("the query is refused: {kind}")))
            }
        }
    }
}

/// The rows of a page: a list, or the list of repositories of an installation.
pub(super) fn rows_of(answer: &Response) -> Result<Vec<Value>> {
    let rows = match answer.json::<Value>()? {
        Value::Array(rows) => Some(rows),
        Value::Object(mut fields) => match fields.remove("repositories") {
            Some(Value::Array(rows)) => Some(rows),
            Some(_) | None => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    rows.ok_or_else(|| Error::corrupt("read list", format!("{} is no list", answer.url().path())))
}
