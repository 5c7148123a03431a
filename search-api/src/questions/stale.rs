//! Pages that cite code which has changed since they were last edited.

use std::collections::BTreeMap;

use domain::seam::{Direction, Listing};
use domain::{Caller, Document, DocumentKind, EdgeKind, Key, Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::item::Item;
use crate::search::{Explore, Step, bounded};

/// Pages read at once.
const PAGE: usize = 500;
/// Pages looked at.
const PAGES: usize = 20_000;
/// Code that a page cites, at most.
const CITED: usize = 1000;
/// The most pages of one answer.
const MAX_ANSWERS: usize = 200;

/// What pages say of code.
const CITES: [EdgeKind; 3] = [EdgeKind::Documents, EdgeKind::References, EdgeKind::LinksTo];

/// Pages that may be out of date.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StaleDocs {
    /// Pages, those first whose code changed most often since.
    pub pages: Vec<Outdated>,
    /// How many pages cite code.
    pub citing: usize,
    /// Whether there were more pages than are looked at.
    pub truncated: bool,
}

/// A page and the code that has changed since.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Outdated {
    /// The page.
    pub page: Item,
    /// The code that changed most often since.
    pub code: Item,
    /// How often it changed since the page did.
    pub changes: usize,
    /// The newest of these changes.
    pub newest: Item,
    /// What else of the code that it cites has changed.
    pub others: Vec<String>,
    /// Where the page cites the code.
    pub citation: Step,
}

/// The changes of one file or symbol, the oldest first: when, and by which commit.
type History = Vec<(Timestamp, Key)>;

impl Explore {
    /// Pages that cite a file or symbol which was changed after the page was; at most `limit`, 1 to 200. With `within` only pages whose
    /// key begins so (a space: `wiki:acme/ENG`).
    ///
    /// # Errors
    /// `Invalid` for a limit out of range; whatever a backend reports.
    pub async fn stale_docs(&self, caller: &Caller, within: Option<&str>, limit: usize) -> Result<StaleDocs> {
        bounded("limit", limit, MAX_ANSWERS)?;
        let ground = Ground::of(self, caller).await?;
        let mut listing = Listing {
            kind: DocumentKind::Page,
            prefix: within.unwrap_or_default().to_owned(),
            after: None,
            limit: PAGE,
        };
        let mut histories = BTreeMap::new();
        let mut answer = StaleDocs {
            pages: Vec::new(),
            citing: 0,
            truncated: true,
        };
        for _ in 0..PAGES / PAGE {
            let Some(pages) = ground.next(&mut listing).await? else {
                answer.truncated = false;
                break;
            };
            for page in &pages {
                let (citing, outdated) = ground.outdated(page, &mut histories).await?;
                answer.citing += usize::from(citing);
                answer.pages.extend(outdated);
            }
            if ground.is_cut() {
                break;
            }
        }
        answer
            .pages
            .sort_by(|a, b| b.changes.cmp(&a.changes).then_with(|| a.page.key.cmp(&b.page.key)));
        answer.pages.truncate(limit);
        Ok(answer)
    }
}

impl Ground<'_> {
    /// Whether a page cites code, and what of it has changed since.
    async fn outdated(
        &self,
        page: &Document,
        histories: &mut BTreeMap<Key, History>,
    ) -> Result<(bool, Option<Outdated>)> {
        let around = self.around(&page.key, &CITES, Direction::Out, CITED).await?;
        let found: Vec<_> = around.edges.into_iter().filter(|edge| is_code(&edge.to)).collect();
        let citing = !found.is_empty();
        let Some(edited) = page.updated.or(page.created) else {
            return Ok((citing, None));
        };
        let mut changed = Vec::new();
        for edge in found {
            let (count, newest) = self.since(&edge.to, edited, histories).await?;
            changed.extend(newest.map(|newest| (count, newest, edge)));
        }
        changed.sort_by(|(a, _, left), (b, _, right)| b.cmp(a).then_with(|| left.to.cmp(&right.to)));
        let mut changed = changed.into_iter();
        let Some((times, newest, edge)) = changed.next() else {
            return Ok((citing, None));
        };
        let code = self.subject(&edge.to).await?;
        let others = changed.map(|(_, _, edge)| edge.to.as_str().to_owned()).collect();
        let citation = self.steps(vec![edge]).await?.into_iter().next();
        let newest = self.subject(&newest).await?;
        let page = Item::from(page);
        Ok((
            citing,
            citation.map(|citation| Outdated {
                page,
                code,
                changes: times,
                newest,
                others,
                citation,
            }),
        ))
    }

    /// How often something changed after a time, and the newest of these changes.
    async fn since(
        &self,
        code: &Key,
        time: Timestamp,
        histories: &mut BTreeMap<Key, History>,
    ) -> Result<(usize, Option<Key>)> {
        if !histories.contains_key(code) {
            let mut changes = self.changes(code).await?;
            changes.retain(|(_, change)| change.scheme() == "commit");
            let mut history: History = changes
                .into_iter()
                .filter_map(|(at, change)| Some((at?, change)))
                .collect();
            history.reverse();
            histories.insert(code.clone(), history);
        }
        let history = histories.get(code).map_or(&[][..], Vec::as_slice);
        let after = history.partition_point(|(at, _)| *at <= time);
        Ok((
            history.len() - after,
            history
                .get(after..)
                .and_then(<[_]>::last)
                .map(|(_, commit)| commit.clone()),
        ))
    }
}

fn is_code(key: &Key) -> bool {
    matches!(key.scheme(), "file" | "symbol")
}
