//! What changed since the last reading, by the first page of each list from the newest on.

use domain::Result;
use serde_json::Value;

use super::super::convert::version;
use super::super::cursor::{Form, Place};
use super::super::lists::{OLDER, node};
use super::{Forecast, ROWS};
use crate::archive::json::id;
use crate::estimate::{scaled, since};

impl Forecast<'_> {
    /// Count the rows of a list that changed since then, of which a first page was seen, and the pages that tell of them.
    fn walked(&mut self, rows: &[Value], more: bool, from: i64) -> u64 {
        let fresh = rows.iter().filter(|row| version(row).1 >= from).count();
        let cut = more && rows.len() - fresh < OLDER;
        let oldest = rows.iter().map(|row| version(row).1).min().unwrap_or(from);
        let all = if cut {
            since(fresh as u64, (self.now, oldest, from))
        } else {
            fresh as u64
        };
        if cut {
            self.grounds.push(
                "changes beyond the first page of a list are taken to have been as frequent as those on it".to_owned(),
            );
        }
        self.sum
            .ask(crate::estimate::pages(all, ROWS), all.max(rows.len() as u64));
        all
    }

    /// Pages or blog posts that changed.
    pub(super) async fn changed(&mut self, form: Form, from: i64) -> Result<()> {
        let found = self
            .wiki
            .client
            .contents(form, &[("sort", "-modified-date")], None)
            .await?;
        let all = self.walked(&found.rows, found.next.is_some(), from);
        let mut seen = 0;
        for row in found.rows.iter().filter(|row| version(row).1 >= from) {
            seen += 1;
            let Some((page, node)) = node(form, row) else { continue };
            let known = self
                .position
                .seen
                .get(&page)
                .is_some_and(|(known, _)| *known >= version(row).0);
            if self.position.spaces.contains_key(&node.space) && !known {
                self.position.tree.0.insert(page, node);
                self.read.insert(page);
                self.late.insert(page);
            }
        }
        let beyond = scaled(self.read.len() as u64, seen, all).saturating_sub(self.read.len() as u64);
        self.sum.ask(3 * beyond, 3 * beyond);
        self.sum.documents += beyond;
        Ok(())
    }

    /// Files that changed: their pages are read again.
    pub(super) async fn files(&mut self, from: i64) -> Result<()> {
        let found = self.wiki.client.files(None).await?;
        self.walked(&found.rows, found.next.is_some(), from);
        for row in found.rows.iter().filter(|row| version(row).1 >= from) {
            let own = id(row, &["pageId"]).or_else(|| id(row, &["blogPostId"]));
            let known = id(row, &["id"]).and_then(|file| self.position.files.get(&file)) == Some(&version(row));
            let page = own.and_then(|own| own.parse().ok());
            self.read
                .extend(page.filter(|page| !known && self.position.tree.0.contains_key(page)));
        }
        Ok(())
    }

    /// Comments that changed.
    pub(super) async fn said(&mut self, place: Place, from: i64) -> Result<()> {
        let found = self.wiki.client.comments(place, None).await?;
        self.sum.documents += self.walked(&found.rows, found.next.is_some(), from);
        Ok(())
    }
}
