//! One query from its text to a page of hydrated results.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::Scope;
use domain::{Caller, Document, DocumentId, Error, Filter, Result, Visible};

use super::answer::{SearchAnswer, SearchResult};
use super::found::{Found, time_of};
use super::group::{facets, join_parts};
use super::narrow::passes;
use super::plan::{Conditions, Plan};
use super::{Candidate, DEPTH, MAX_PAGE, MAX_QUERY, Mode, Search, cursor, highlight, scope};

/// Documents that exact identifiers can pin.
const MAX_PINNED: usize = 10;

/// What is ordered by time has at least this share of the best score. On scifact and the development part of `CoSQA` that keeps
/// 27 and 66 of some 340 candidates (medians), and 92 % and 98 % of the relevant ones among them.
const RELEVANT: f32 = 0.6;

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Best first.
    #[default]
    Relevance,
    /// Newest change first.
    Newest,
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// The text, which may hold filters (`kind:issue`).
    pub query: String,
    /// Filters beside the text; both must hold.
    pub conditions: Conditions,
    /// The order.
    pub order: Order,
    /// Results a page, 1 to 100.
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Search {
    /// Answer a search.
    ///
    /// # Errors
    /// `Invalid` for a query that cannot be read; whatever the store or the vector index report. A graph that cannot answer only
    /// takes the neighbours away, a reranking model only its order, and either is named in `degraded`.
    pub async fn search(&self, caller: &Caller, request: &SearchRequest) -> Result<SearchAnswer> {
        check(request)?;
        let plan = Plan::read(&request.query)?;
        let visible = self.explore.documents.visible(caller).await?;
        let filter = self.filter(&visible, &plan.conditions, &request.conditions).await?;
        let scope = scope(&*self.explore.documents, &visible).await?;
        let mut degraded = BTreeSet::new();
        let mut found = self.pinned(&plan, (&filter, &scope), &mut degraded).await?;
        let newest_first = plan.newest_first || request.order == Order::Newest;
        if plan.text.is_empty() {
            self.list(&filter, &mut found).await?;
        } else {
            let mut ranked = self.rank(&plan.text, &filter, Mode::Fused).await?;
            if !newest_first {
                ranked = self.reranked(&plan.text, &visible, ranked, &mut degraded).await;
            }
            self.hydrate(ranked, &visible, &mut found).await?;
        }
        if newest_first {
            newest_of_relevant(&mut found);
        }
        let print = fingerprint(request);
        let start = request
            .cursor
            .as_deref()
            .map_or(Ok(0), |text| cursor::read(text, print))?;
        let end = start.saturating_add(request.limit).min(found.len());
        let facets = facets(&found);
        let total = found.len();
        let terms = self.terms(&plan.text);
        let mut results = Vec::new();
        for one in found.into_iter().skip(start).take(request.limit) {
            results.push(self.result(one, &scope, &terms, &mut degraded).await?);
        }
        let next_cursor = (end < total).then(|| cursor::write(end, print));
        Ok(SearchAnswer {
            results,
            total,
            facets,
            next_cursor,
            degraded: degraded.into_iter().collect(),
        })
    }

    fn terms(&self, text: &str) -> Vec<u32> {
        let mut terms: Vec<_> = self.analyser.query(text).into_iter().map(|(term, _)| term).collect();
        terms.sort_unstable();
        terms
    }

    /// Documents that the query names: by key or alias in the store, else those that assert the graph node of that name.
    async fn pinned(
        &self,
        plan: &Plan,
        (filter, scope): (&Filter, &Scope),
        degraded: &mut BTreeSet<String>,
    ) -> Result<Vec<Found>> {
        let (mut pinned, mut seen): (Vec<Found>, BTreeSet<DocumentId>) = (Vec::new(), BTreeSet::new());
        for forms in &plan.identifiers {
            for form in forms {
                let mut documents = self.explore.documents.find(form, &filter.visible).await?;
                if documents.is_empty() {
                    documents = self.asserting(form, scope, degraded).await?;
                }
                documents.retain(|document| passes(document, filter) && seen.insert(document.id));
                let named = !documents.is_empty();
                pinned.extend(documents.into_iter().map(|document| Found {
                    document,
                    candidate: None,
                    pinned: true,
                }));
                if named {
                    break;
                }
            }
        }
        pinned.truncate(MAX_PINNED);
        Ok(pinned)
    }

    async fn asserting(&self, name: &str, scope: &Scope, degraded: &mut BTreeSet<String>) -> Result<Vec<Document>> {
        match self.explore.graph.node(name, scope).await {
            Ok(Some(node)) => self.explore.documents.documents(&node.documents, &scope.visible).await,
            Ok(None) => Ok(Vec::new()),
            Err(error) => {
                tracing::warn!(%error, "graph cannot answer");
                degraded.insert("graph".to_owned());
                Ok(Vec::new())
            }
        }
    }

    /// Filters alone ask for a list: the newest documents that pass.
    async fn list(&self, filter: &Filter, found: &mut Vec<Found>) -> Result<()> {
        let newest = self.newest(filter).await?;
        let documents = self.explore.documents.documents(&newest, &filter.visible).await?;
        found.extend(documents.into_iter().take(2 * DEPTH).map(|document| Found {
            document,
            candidate: None,
            pinned: false,
        }));
        Ok(())
    }

    /// The candidates reranked; as they were where that fails.
    async fn reranked(
        &self,
        text: &str,
        visible: &Visible,
        ranked: Vec<Candidate>,
        degraded: &mut BTreeSet<String>,
    ) -> Vec<Candidate> {
        match self.rerank(text, visible, ranked.clone()).await {
            Ok(reranked) => reranked,
            Err(error) => {
                tracing::warn!(%error, "the reranking model cannot answer");
                degraded.insert("rerank".to_owned());
                ranked
            }
        }
    }

    async fn hydrate(&self, ranked: Vec<Candidate>, visible: &Visible, found: &mut Vec<Found>) -> Result<()> {
        let best: BTreeMap<DocumentId, Candidate> = ranked.iter().map(|one| (one.document, *one)).collect();
        for one in found.iter_mut() {
            one.candidate = best.get(&one.document.id).copied();
        }
        let pinned: BTreeSet<_> = found.iter().map(|one| one.document.id).collect();
        let ids: Vec<_> = ranked
            .iter()
            .map(|one| one.document)
            .filter(|id| !pinned.contains(id))
            .take(2 * DEPTH)
            .collect();
        let documents = self.explore.documents.documents(&ids, visible).await?;
        found.extend(documents.into_iter().map(|document| Found {
            candidate: best.get(&document.id).copied(),
            document,
            pinned: false,
        }));
        join_parts(found);
        Ok(())
    }

    async fn result(
        &self,
        found: Found,
        scope: &Scope,
        terms: &[u32],
        degraded: &mut BTreeSet<String>,
    ) -> Result<SearchResult> {
        let Found {
            document,
            candidate,
            pinned,
        } = found;
        let chunk = candidate.map(|one| one.chunk);
        // The words may be those of a comment that belongs to this document.
        let speaker = candidate.map_or(document.id, |one| one.document);
        let chunks = self.explore.documents.chunks(speaker, &scope.visible).await?;
        let shown = chunks
            .iter()
            .find(|stored| Some(stored.chunk.id()) == chunk)
            .or_else(|| chunks.first());
        let excerpt = shown.map(|stored| highlight::excerpt(&stored.chunk, terms, &*self.analyser));
        let neighbors = self.neighbors_of(&document, scope, degraded).await;
        let time = time_of(&document);
        Ok(SearchResult {
            key: document.key.as_str().to_owned(),
            kind: document.kind.as_str().to_owned(),
            source: document.source.as_str().to_owned(),
            container: document.container.as_str().to_owned(),
            title: document.title,
            url: document.url,
            author: document.author.map(|author| author.as_str().to_owned()),
            updated: time.map(|time| time.to_string()),
            score: candidate.map(|one| one.score),
            pinned,
            excerpt,
            neighbors,
        })
    }
}

/// Order by time what is worth being ordered by time: of hundreds of candidates most are merely the best there are. What is
/// pinned stays in front.
fn newest_of_relevant(found: &mut Vec<Found>) {
    let score = |one: &Found| one.candidate.map(|candidate| candidate.score);
    let best = found.iter().filter_map(score).fold(f32::NEG_INFINITY, f32::max);
    let least = best - (1.0 - RELEVANT) * best.abs();
    found.retain(|one| one.pinned || score(one).is_none_or(|score| score >= least));
    found.sort_by(|a, b| {
        b.pinned
            .cmp(&a.pinned)
            .then_with(|| time_of(&b.document).cmp(&time_of(&a.document)))
            .then_with(|| a.document.key.cmp(&b.document.key))
    });
}

fn check(request: &SearchRequest) -> Result<()> {
    if request.query.len() > MAX_QUERY {
        return Err(
            Error::invalid("search", format!("the query has {} bytes", request.query.len()))
                .with_hint(format!("at most {MAX_QUERY} bytes are read")),
        );
    }
    if request.limit == 0 || request.limit > MAX_PAGE {
        return Err(Error::invalid("search", format!("a page of {} results", request.limit))
            .with_hint(format!("ask for 1 to {MAX_PAGE} results a page")));
    }
    Ok(())
}

fn fingerprint(request: &SearchRequest) -> u64 {
    let beside = format!("{:?} {:?}", request.conditions, request.order);
    cursor::fingerprint([request.query.as_str(), beside.as_str()].into_iter())
}
