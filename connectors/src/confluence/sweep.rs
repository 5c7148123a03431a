//! What exists now, so that the rest can be deleted.

use std::collections::BTreeSet;

use domain::{DocumentId, DocumentKind, ErrorKind, Result, Sweep};
use serde_json::Value;

use super::comments::page_of;
use super::connector::Confluence;
use super::cursor::{Form, Place, Position};
use super::lists::node;
use super::tree::Kind;
use crate::archive::json::id;

/// The most pages of a list.
const PAGES: usize = 100_000;

/// What is listed.
#[derive(Debug, Clone, Copy)]
enum List {
    Contents(Form),
    Comments(Place),
}

/// A census on its way.
pub(super) struct Census<'w> {
    wiki: &'w Confluence,
    position: Position,
    existing: Vec<DocumentId>,
}

impl<'w> Census<'w> {
    pub(super) fn new(wiki: &'w Confluence, position: Position) -> Self {
        Self {
            wiki,
            position,
            existing: Vec::new(),
        }
    }

    /// List what exists. A page that is not listed but known is asked for by its id.
    ///
    /// # Errors
    /// As the requests report, but for a refusal, which freezes the sweep.
    pub(super) async fn take(mut self) -> Result<Sweep> {
        if self.position.is_new() || self.position.run.is_some() {
            return Ok(Sweep::Frozen("the source is not read to its end yet".to_owned()));
        }
        let frozen = match self.all().await {
            Ok(frozen) => frozen,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid
                ) =>
            {
                Some(error.to_string())
            }
            Err(error) => return Err(error),
        };
        Ok(frozen.map_or_else(|| Sweep::Complete(self.existing), Sweep::Frozen))
    }

    /// List everything; why that cannot be done, where it cannot.
    async fn all(&mut self) -> Result<Option<String>> {
        if self.wiki.client.blocked().await? {
            return Ok(Some("some content is kept from applications".to_owned()));
        }
        let mut spaces: BTreeSet<u64> = self.wiki.listed().await?.into_keys().collect();
        if spaces.is_empty() && !self.position.spaces.is_empty() {
            return Ok(Some("no space is listed any more".to_owned()));
        }
        let known = self.position.spaces.keys().copied();
        let missing: Vec<u64> = known.filter(|space| !spaces.contains(space)).collect();
        let gone = self.wiki.gone(&missing).await?;
        spaces.extend(missing.into_iter().filter(|space| !gone.contains(space)));
        let ids: Vec<String> = spaces.iter().map(u64::to_string).collect();
        self.exist(DocumentKind::Space, ids);
        let mut pages = BTreeSet::new();
        for form in [Form::Pages, Form::Posts] {
            let rows = self.rows(List::Contents(form)).await?;
            let Some(rows) = rows else {
                return Ok(Some(format!("{} cannot be listed", form.path())));
            };
            let placed = rows.iter().filter_map(|row| node(form, row));
            pages.extend(
                placed
                    .filter(|(_, node)| spaces.contains(&node.space))
                    .map(|(id, _)| id),
            );
        }
        let known: Vec<(u64, Kind)> = self.position.tree.0.iter().map(|(id, node)| (*id, node.kind)).collect();
        for (page, kind) in known
            .into_iter()
            .filter(|(page, _)| !pages.contains(page))
            .collect::<Vec<_>>()
        {
            if self.wiki.client.content(kind.form(), page).await?.is_some() {
                pages.insert(page);
            }
        }
        self.exist(DocumentKind::Page, pages.iter().map(u64::to_string).collect());
        // Read twice: a list that changes while its pages are read may lack one, and nothing would tell.
        for place in [Place::Footer, Place::Inline, Place::Footer, Place::Inline] {
            let rows = self.rows(List::Comments(place)).await?;
            let Some(rows) = rows else {
                return Ok(Some(format!("{} cannot be listed", place.path())));
            };
            let own = rows
                .iter()
                .filter(|row| page_of(row).is_some_and(|page| pages.contains(&page)));
            let ids = own.filter_map(|row| id(row, &["id"])).collect();
            self.exist(DocumentKind::Comment, ids);
        }
        Ok(None)
    }

    fn exist(&mut self, kind: DocumentKind, ids: Vec<String>) {
        let documents = ids.into_iter().map(|id| self.wiki.document(kind, &id));
        self.existing.extend(documents);
    }

    /// All rows of a list; none where it goes round in a circle.
    async fn rows(&self, list: List) -> Result<Option<Vec<Value>>> {
        let client = &self.wiki.client;
        let (mut rows, mut next, mut used) = (Vec::new(), None::<String>, BTreeSet::new());
        for _ in 0..PAGES {
            let found = match list {
                List::Contents(form) => client.contents(form, &[("sort", "id")], next.as_deref()).await?,
                List::Comments(place) => client.comments(place, next.as_deref()).await?,
            };
            rows.extend(found.rows);
            match found.next {
                None => return Ok(Some(rows)),
                Some(to) if used.insert(to.clone()) => next = Some(to),
                Some(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}
