//! Pages and blog posts, one by one: what a list does not tell of them.

use domain::{AccessId, Rejected, Result};
use serde_json::Value;

use super::access::Own;
use super::convert::{Record, version};
use super::cursor::Form;
use super::lists::node;
use super::pull::Pull;
use crate::archive::json::{one_line, text};

/// Pages read in one step.
const STEP: usize = 20;

impl Pull<'_> {
    /// Read some of the pages that were put down.
    pub(super) async fn contents(&mut self, form: Form) -> Result<()> {
        let Some(run) = &mut self.position.run else {
            return Ok(());
        };
        let ids = match form {
            Form::Pages => run.pages.take(STEP),
            Form::Posts => run.posts.take(STEP),
        };
        let (mut found, mut records) = (Vec::new(), Vec::new());
        for id in ids {
            let content = self.wiki.client.content(form, id).await?;
            records.extend(content.clone());
            found.push((id, content));
        }
        // The accounts of all of them in one request.
        self.accounts(&records).await?;
        for (id, content) in found {
            let deep = self.position.run.as_mut().is_some_and(|run| run.deep.0.remove(&id));
            match content {
                Some(value) => self.content((form, id), &value, deep).await?,
                None => self.gone(id),
            }
        }
        Ok(())
    }

    async fn content(&mut self, (form, id): (Form, u64), value: &Value, deep: bool) -> Result<()> {
        let placed = node(form, value).filter(|(own, _)| *own == id);
        let Some((_, node)) = placed else {
            self.reject(id, value, "not a page: no id or space".to_owned());
            return Ok(());
        };
        if self.place(form, id, node).is_none() {
            self.gone(id);
            return Ok(());
        }
        // The place that was just taken in may have put the page down again.
        let moved = self.position.run.as_mut().is_some_and(|run| {
            run.pages.0.remove(&id);
            run.posts.0.remove(&id);
            run.deep.0.remove(&id)
        });
        if !self.position.is_new() && version(value).1 >= self.since() {
            // What was written of late may be for fewer than could read the page when the run began.
            self.wiki.access.forget(id).await;
        }
        let changed = self.restriction(id).await?;
        let access = self.access((node.space, id)).await?;
        let files = self.wiki.client.files_of(form, id).await?;
        let space = self
            .position
            .spaces
            .get(&node.space)
            .map_or("", |space| space.key.as_str())
            .to_owned();
        if self.position.rejected.remove(&id) {
            self.reread.push(format!("page {id} ("));
        }
        let record = Record {
            id,
            value,
            space: &space,
            files: &files,
            access: access.clone(),
        };
        match self.wiki.home().page(record) {
            Ok(change) => self.changes.push(change),
            Err(reason) => self.reject(id, value, reason),
        }
        let seen = version(value);
        if seen.1 >= self.since() {
            self.position.seen.insert(id, seen);
        }
        if deep || moved || changed {
            self.comments_of((form, id), &space, &access).await?;
        }
        Ok(())
    }

    /// From when on a change is asked for again.
    fn since(&self) -> i64 {
        match &self.position.run {
            Some(run) if self.position.is_new() => run.to - 10 * 60 * 1000,
            Some(_) | None => self.position.from(),
        }
    }

    /// Take in whether a page has restrictions of its own. Where that changed, what is below it is read again; whether it did, for a
    /// page that was read before.
    async fn restriction(&mut self, page: u64) -> Result<bool> {
        let me = self.position.me.as_deref();
        let restricted = self.wiki.access.own(me, page).await? != Own::Open;
        let before = self.position.restricted.0.contains(&page);
        if restricted == before {
            return Ok(false);
        }
        if restricted {
            self.position.restricted.0.insert(page);
        } else {
            self.position.restricted.0.remove(&page);
        }
        if self.position.is_new() {
            return Ok(false);
        }
        self.below(page);
        Ok(true)
    }

    /// The label of a page and of what belongs to it, after its rule.
    pub(super) async fn access(&mut self, (space, page): (u64, u64)) -> Result<AccessId> {
        let me = self.position.me.as_deref();
        let standing = self
            .wiki
            .access
            .standing(me, (space, page), &self.position.tree)
            .await?;
        self.label(space, standing.page).await
    }

    fn reject(&mut self, id: u64, value: &Value, reason: String) {
        let title = one_line(text(value, &["title"]).unwrap_or_default(), 80);
        let item = format!("page {id} ({title})");
        self.rejected.push(Rejected { item, reason });
        self.position.reject(id);
    }

    /// The space that a page lies in, with its key.
    pub(super) fn space_of(&self, page: u64) -> Option<(u64, String)> {
        let node = self.position.tree.0.get(&page)?;
        let space = self.position.spaces.get(&node.space)?;
        Some((node.space, space.key.clone()))
    }
}
