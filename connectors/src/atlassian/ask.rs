//! Requests of both connectors: what may be refused without harm, and lists by the number of their first item.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Error, ErrorKind, Result, Retry, Timestamp};
use serde_json::Value;
use url::Url;

use crate::archive::json::{at, list, number};
use crate::http::{Api, Rate, Request, Response};

/// How often a list is read that does not add up.
const ATTEMPTS: usize = 3;
/// What an endpoint answers in a second. Whoever reads one issue after another asks one endpoint alone.
const BURST: Rate = Rate {
    points: 100,
    period: Duration::from_secs(1),
};
/// The most pages of a list.
const PAGES: usize = 10_000;

/// What a request came to that may have asked for too much.
#[derive(Debug)]
pub(crate) enum Heavy {
    Good(Value),
    /// The connecting account may not know, or nobody may so.
    Refused,
    /// The site did not finish in its time.
    TooMuch,
}

/// One site's API.
#[derive(Clone)]
pub(crate) struct Ask {
    api: Api,
    base: Url,
    /// The server's time by its last answer; 0 before the first.
    date: Arc<AtomicI64>,
}

impl Ask {
    pub(crate) fn new(api: Api, base: Url) -> Self {
        Self {
            api,
            base,
            date: Arc::default(),
        }
    }

    /// What the requests go through.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The server's time, as its last answer told.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        let date = self.date.load(Ordering::Relaxed);
        (date != 0).then_some(Timestamp(date))
    }

    /// An address of the API.
    ///
    /// # Errors
    /// `Internal` when `path` is none.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        self.base
            .join(path)
            .map_err(|error| Error::internal("build request", "a malformed path").with_source(error))
    }

    /// Send a request, and take a good answer only.
    pub(crate) async fn good(&self, request: Request) -> Result<Response> {
        self.any(request).await?.good()
    }

    /// Send a request, and take any answer.
    pub(crate) async fn any(&self, request: Request) -> Result<Response> {
        let answer = self.api.ask(request.lane("", Some(BURST))).await?;
        if let Some(date) = answer.date() {
            self.date.store(date.0, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Send a request that may be refused: none where the connecting account may not know. A token that lacks the scope gets the
    /// same answer as one that has ended; the requests that must succeed tell of the latter.
    pub(crate) async fn allowed(&self, request: Request) -> Result<Option<Value>> {
        match self.judged(request).await? {
            Some(answer) => answer.good()?.json().map(Some),
            None => Ok(None),
        }
    }

    /// Send a request that may be refused, for its wording too, and that may be more than the site can answer in its time.
    pub(crate) async fn heavy(&self, request: Request) -> Result<Heavy> {
        match self.judged(request.heavy()).await? {
            None => Ok(Heavy::Refused),
            Some(answer) if answer.status() == 400 => Ok(Heavy::Refused),
            Some(answer) if answer.status() == 504 => Ok(Heavy::TooMuch),
            Some(answer) => answer.good()?.json().map(Heavy::Good),
        }
    }

    /// An answer that is not a refusal.
    async fn judged(&self, request: Request) -> Result<Option<Response>> {
        match self.any(request).await {
            Ok(answer) => Ok(Some(answer).filter(|answer| !matches!(answer.status(), 401 | 403 | 404 | 410))),
            Err(error) if error.kind() == ErrorKind::Denied && error.retry() == Retry::Never => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All items of a list of pages by `startAt`, or none where it is refused. A list that holds fewer than it says is read again:
    /// what others change meanwhile moves items from one page to another.
    pub(crate) async fn all(&self, request: &Request, items: &str) -> Result<Option<Vec<Value>>> {
        for attempt in 1.. {
            let Some((found, total)) = self.once(request, items).await? else {
                return Ok(None);
            };
            if attempt == ATTEMPTS || total.is_none_or(|total| found.len() as u64 >= total) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn once(&self, request: &Request, items: &str) -> Result<Option<(Vec<Value>, Option<u64>)>> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut start = 0;
        for _ in 0..PAGES {
            let Some(page) = self
                .allowed(request.clone().query("startAt", &start.to_string()))
                .await?
            else {
                return Ok(None);
            };
            let rows = page.as_array().map_or_else(|| list(&page, &[items]), Vec::as_slice);
            for row in rows {
                if seen.insert(row.to_string()) {
                    found.push(row.clone());
                }
            }
            let total = number(&page, &["total"]);
            let size = number(&page, &["maxResults"]).filter(|size| *size > 0);
            let last = at(&page, &["isLast"]).and_then(Value::as_bool);
            // What the server says it cut by counts, not how many came: one may be missing from the middle.
            start += size.unwrap_or(rows.len() as u64).max(1);
            if rows.is_empty() || last == Some(true) || total.is_none_or(|total| start >= total) {
                return Ok(Some((found, total)));
            }
        }
        Err(endless())
    }
}

/// A list that does not end, or that led to the same page twice.
pub(crate) fn endless() -> Error {
    Error::unavailable("read list", "the list goes round in a circle")
}
