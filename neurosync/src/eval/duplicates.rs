//! How many of the duplicates that people linked are found, in the data folder as it is.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::Listing;
use domain::{Caller, Document, DocumentKind, EdgeKind, Error, ErrorKind, Filter, Key, Result, Visible};
use search_api::questions::likeness_text;
use search_api::search::{Mode, Search};
use serde::Serialize;

use crate::context::Context;
use crate::output::{Style, add};

/// How many answers count.
const DEPTH: usize = 10;
/// Issues read at once.
const PAGE: usize = 1000;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Issues in the data folder.
    issues: usize,
    /// Pairs of issues, both there, that somebody linked as duplicates.
    pairs: usize,
    /// Issues asked for: those in a pair.
    queries: usize,
    /// The mean share of an issue's duplicates among the first ten answers.
    recall_at_10: Recall,
}

/// By each way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Recall {
    /// BM25 with the issue's title and text.
    bm25: f64,
    /// The cosine alone.
    dense: f64,
    /// A search with the same text.
    fused: f64,
    /// `neurosync duplicates`.
    duplicates: f64,
}

/// Ask for the duplicates of every issue that has one.
///
/// # Errors
/// `Invalid` when no issues are linked as duplicates; whatever a backend reports.
pub(crate) async fn run(context: &Context<'_>) -> Result<Report> {
    let app = context.app().await?;
    let search = app.search(&app.index_to_search(&*context.bars).await?);
    let issues = issues(&search).await?;
    let linked = linked(&issues);
    if linked.is_empty() {
        return Err(
            Error::invalid("measure duplicates", "no two issues are linked as duplicates")
                .with_hint("sync a Jira source whose issues have such links"),
        );
    }
    let mut found = [0.0; 4];
    for (key, wanted) in &linked {
        if context.cancel.is_cancelled() {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "measure duplicates",
                "stopped before its end",
            ));
        }
        let issue = issues
            .get(key)
            .ok_or_else(|| Error::internal("measure duplicates", "an issue is gone"))?;
        for (sum, share) in found.iter_mut().zip(shares(&search, issue, wanted).await?) {
            *sum += share;
        }
    }
    let [bm25, dense, fused, duplicates] = found.map(|sum| rounded(sum / count(linked.len())));
    Ok(Report {
        issues: issues.len(),
        pairs: linked.values().map(BTreeSet::len).sum::<usize>() / 2,
        queries: linked.len(),
        recall_at_10: Recall {
            bm25,
            dense,
            fused,
            duplicates,
        },
    })
}

async fn issues(search: &Search) -> Result<BTreeMap<Key, Document>> {
    let mut listing = Listing {
        kind: DocumentKind::Issue,
        prefix: String::new(),
        after: None,
        limit: PAGE,
    };
    let mut issues = BTreeMap::new();
    loop {
        let page = search.explore.catalogue.list(&listing, &Visible::All).await?;
        let Some(last) = page.last() else { return Ok(issues) };
        listing.after = Some((last.key.clone(), last.id));
        issues.extend(page.into_iter().map(|issue| (issue.key.clone(), issue)));
    }
}

/// For every issue that is there those that are linked to it as duplicates and are there too, whichever says so.
fn linked(issues: &BTreeMap<Key, Document>) -> BTreeMap<Key, BTreeSet<Key>> {
    let mut linked: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (key, issue) in issues {
        let links = issue.links.iter().filter(|link| link.kind == EdgeKind::Duplicates);
        for link in links.filter(|link| link.target != *key && issues.contains_key(&link.target)) {
            linked.entry(key.clone()).or_default().insert(link.target.clone());
            linked.entry(link.target.clone()).or_default().insert(key.clone());
        }
    }
    linked
}

async fn shares(search: &Search, issue: &Document, wanted: &BTreeSet<Key>) -> Result<[f64; 4]> {
    let (text, mut filter) = (likeness_text(issue), Filter::visible(Visible::All));
    filter.kinds = vec![DocumentKind::Issue];
    let mut shares = [0.0; 4];
    for (share, mode) in shares.iter_mut().zip([Mode::Lexical, Mode::Dense, Mode::Fused]) {
        let ranked = search.rank(&text, &filter, mode).await?;
        let ids: Vec<_> = ranked
            .iter()
            .map(|one| one.document)
            .filter(|id| *id != issue.id)
            .take(DEPTH)
            .collect();
        let documents = search.explore.documents.documents(&ids, &Visible::All).await?;
        *share = recall(documents.iter().map(|document| document.key.as_str()), wanted);
    }
    let answer = search.duplicates(&Caller::Owner, issue.key.as_str(), DEPTH).await?;
    shares[3] = recall(answer.duplicates.iter().map(|one| one.item.key.as_str()), wanted);
    Ok(shares)
}

fn recall<'a>(found: impl Iterator<Item = &'a str>, wanted: &BTreeSet<Key>) -> f64 {
    count(found.filter(|key| wanted.contains(*key)).count()) / count(wanted.len())
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn count(count: usize) -> f64 {
    count as f64
}

fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

impl Report {
    pub(crate) fn table(&self, style: Style) -> String {
        let Recall {
            bm25,
            dense,
            fused,
            duplicates,
        } = self.recall_at_10;
        let mut out = format!("{}\n", style.bold(&format!("{:12}{:>11}", "", "Recall@10")));
        for (name, recall) in [
            ("bm25", bm25),
            ("dense", dense),
            ("fused", fused),
            ("duplicates", duplicates),
        ] {
            add(&mut out, format_args!("{name:12}{recall:>11.4}\n"));
        }
        let told = format!(
            "{} issues, {} linked pairs, {} asked for",
            self.issues, self.pairs, self.queries
        );
        out + &style.dim(&told)
    }
}
