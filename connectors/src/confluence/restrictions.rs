//! The restrictions of pages when a run begins: in bulk by the search index, one by one for what that leaves out.

use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use serde_json::Value;

use super::access::Own;
use super::client::Listed;
use super::cursor::{Form, Walk};
use super::pull::Pull;
use crate::archive::json::{id, text};
use crate::atlassian::ask::endless;

/// Pages, and labels, that a run asks for by themselves.
pub(super) const ALONE: usize = 100;

/// The next ids in turn after `last`.
fn in_turn(ids: &BTreeSet<u64>, last: u64, count: usize) -> Vec<u64> {
    let after = ids.range(last.saturating_add(1)..);
    after.chain(ids.range(..=last)).copied().take(count).collect()
}

impl Pull<'_> {
    /// Look at the restrictions of all pages, as far as one run goes: where a page has some now and had none before, or the other
    /// way round, it is read again with all below it; where it has others, its label's rule is told again.
    pub(super) async fn restrictions(&mut self) -> Result<()> {
        let mut walk = std::mem::take(&mut self.position.walk);
        let whole = self.walk(&mut walk).await?;
        let first = if whole { self.ended(&mut walk) } else { Vec::new() };
        let turn = in_turn(&walk.left_out.0, walk.page, ALONE - first.len());
        walk.page = turn.last().copied().unwrap_or(walk.page);
        walk.left_out.0.extend(&first);
        self.position.walk = walk;
        for page in first {
            // One that may not be known may be gone, or hidden from the connecting account.
            if self.alone(page).await? == Own::Unknown {
                let form = self.form(page);
                self.with_run(|run| run.put(form, page, false));
            }
        }
        for page in turn {
            self.alone(page).await?;
        }
        self.page_labels().await?;
        self.turn(None)
    }

    /// Read the list on, as far as one run goes; whether to its end.
    async fn walk(&mut self, walk: &mut Walk) -> Result<bool> {
        let most = self.wiki.config.listed;
        walk.rows = walk.rows.min(u32::try_from(most).unwrap_or(u32::MAX));
        let (mut count, mut used, rows) = (0, BTreeSet::new(), walk.rows);
        while count < most {
            let found = self.list_page(walk).await?;
            count += found.rows.len();
            for row in &found.rows {
                self.row(walk, row).await?;
            }
            walk.next = found.next;
            match &walk.next {
                Some(next) if used.insert(next.clone()) => {}
                Some(_) => return Err(endless()),
                None => {
                    // A site that was slow once need not be so for ever.
                    if walk.rows == rows {
                        walk.rows = (rows * 2).min(Walk::ROWS);
                    }
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A page of the list. Where its address is too old, the list begins again. One that is refused is empty: then all pages are
    /// asked for in turn.
    async fn list_page(&self, walk: &mut Walk) -> Result<Listed> {
        let client = &self.wiki.client;
        let mut found = client.restricted(walk.next.as_deref(), &mut walk.rows).await?;
        if found.is_none() && walk.next.take().is_some() {
            walk.told.0.clear();
            found = client.restricted(None, &mut walk.rows).await?;
        }
        Ok(found.unwrap_or_else(|| {
            tracing::warn!(source.id = %self.wiki.source, "the list of restrictions is refused: pages are asked for in turn");
            Listed::default()
        }))
    }

    /// Take in what the list tells of a page.
    async fn row(&mut self, walk: &mut Walk, row: &Value) -> Result<()> {
        let Some(page) = id(row, &["id"]).and_then(|id| id.parse().ok()) else {
            return Ok(());
        };
        let me = self.position.me.as_deref();
        let Some(own) = self.wiki.access.told(me, page, &row["restrictions"]).await? else {
            return Ok(());
        };
        let form = if text(row, &["type"]) == Some("blogpost") {
            Form::Posts
        } else {
            Form::Pages
        };
        if self.position.tree.0.contains_key(&page) {
            walk.told.0.insert(page);
        }
        self.compare(form, page, &own);
        Ok(())
    }

    /// Ask a page for its restrictions.
    async fn alone(&mut self, page: u64) -> Result<Own> {
        let me = self.position.me.as_deref();
        let own = self.wiki.access.own(me, page).await?;
        self.compare(self.form(page), page, &own);
        Ok(own)
    }

    fn form(&self, page: u64) -> Form {
        let node = self.position.tree.0.get(&page);
        node.map_or(Form::Pages, |node| node.kind.form())
    }

    /// The list is read to its end: which pages it leaves out for the first time, as many as a run asks for by themselves.
    fn ended(&mut self, walk: &mut Walk) -> Vec<u64> {
        let told = std::mem::take(&mut walk.told.0);
        let tree = &self.position.tree.0;
        walk.left_out
            .0
            .retain(|page| !told.contains(page) && tree.contains_key(page));
        let known = tree.keys().copied();
        known
            .filter(|page| !told.contains(page) && !walk.left_out.0.contains(page))
            .take(ALONE)
            .collect()
    }

    /// Put down a page that has restrictions now and had none, or the other way round. What is below it follows when it is read.
    fn compare(&mut self, form: Form, page: u64, own: &Own) {
        let changed = (*own != Own::Open) != self.position.restricted.0.contains(&page);
        if changed && !self.position.is_new() && self.knows(page) {
            self.with_run(|run| run.put(form, page, true));
        }
    }

    /// Look up who may read what labels of pages are on: all of which the run knows enough already, all in spaces whose readers are
    /// others now, and some of the rest in turn.
    async fn page_labels(&mut self) -> Result<()> {
        let changed = self.with_run(|run| std::mem::take(&mut run.changed.0));
        let labels = self.position.labels.values();
        let labels: BTreeMap<u64, u64> = labels.filter_map(|label| Some((label.page?, label.space))).collect();
        let mut rest = BTreeSet::new();
        for (page, space) in &labels {
            if changed.contains(space) || self.wiki.access.knows(*page, &self.position.tree).await {
                self.label(*space, Some(*page)).await?;
            } else {
                rest.insert(*page);
            }
        }
        for page in in_turn(&rest, self.position.walk.label, ALONE) {
            self.label(labels[&page], Some(page)).await?;
            self.position.walk.label = page;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn a_turn_goes_round() {
        let ids = [1, 4, 7, 9].into();
        assert_eq!(in_turn(&ids, 0, 3), [1, 4, 7]);
        assert_eq!(in_turn(&ids, 7, 3), [9, 1, 4]);
        assert_eq!(in_turn(&ids, 9, 9), [1, 4, 7, 9]);
        assert!(in_turn(&ids, 4, 0).is_empty());
    }
}
