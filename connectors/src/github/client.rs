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
        self.query(query, variables).await?.map_or(Ok(None), judged)
    }

    /// The nodes of a GraphQL query for `nodes`, without those that are gone or hidden by now; none where the account may not ask it.
    ///
    /// # Errors
    /// As [`Client::graphql`].
    pub(super) async fn nodes(&self, query: &str, variables: &Value) -> Result<Option<Vec<Value>>> {
        let Some(mut value) = self.query(query, variables).await? else {
            return Ok(None);
        };
        let errors = value["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let answered = errors.iter().all(is_hidden);
        let nodes = value.pointer_mut("/data/nodes").map(Value::take);
        if let Some(Value::Array(mut nodes)) = nodes.filter(|_| answered) {
            nodes.retain(|node| !node.is_null());
            return Ok(Some(nodes));
        }
        judged(value).map(|_| None)
    }

    /// What is answered to a GraphQL query; none where GraphQL is refused as a whole.
    async fn query(&self, query: &str, variables: &Value) -> Result<Option<Value>> {
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
        answer.good()?.json().map(Some)
    }
}

/// Whether an error of GraphQL says that something is gone, or not for this account.
fn is_hidden(error: &Value) -> bool {
    let kind = error["type"].as_str();
    kind.is_some_and(|kind| matches!(kind, "NOT_FOUND" | "FORBIDDEN" | "INSUFFICIENT_SCOPES"))
}

/// The data of an answer of GraphQL; none where it is hidden.
fn judged(mut value: Value) -> Result<Option<Value>> {
    let Some(errors) = value.get("errors") else {
        return Ok(Some(value["data"].take()));
    };
    let first = &errors[0];
    if is_hidden(first) {
        return Ok(None);
    }
    // A partly answered query names what it lacks; a timeout is of no type at all.
    let Some(kind) = first["type"].as_str() else {
        return Err(Error::unavailable("query GitHub", "the query was not answered in full"));
    };
    let kind: String = kind.chars().take(60).collect();
    Err(Error::corrupt("query GitHub", format!("the query is refused: {kind}")))
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
