//! Lists: what they put down to be read, and how far they are walked.

use domain::{DocumentKind, ErrorKind, Result};
use serde_json::Value;

use super::client::Listed;
use super::convert::version;
use super::cursor::{Form, Run};
use super::pull::Pull;
use super::tree::{Kind, Node};
use crate::archive::json::{id, text, time};

/// Rows of a page that are older than what is asked for, before a walk ends there: one alone may be out of place.
pub(super) const OLDER: usize = 2;

/// Where a record says that its page lies.
pub(super) fn node(form: Form, value: &Value) -> Option<(u64, Node)> {
    let number = |path: &[&str]| id(value, path).and_then(|id| id.parse::<u64>().ok());
    let above = number(&["parentId"]);
    let (kind, above) = match (form, text(value, &["parentType"])) {
        (Form::Posts, _) => (Kind::Post, None),
        (Form::Pages, Some("page")) => (Kind::Page, above),
        (Form::Pages, None) => (Kind::Page, None),
        (Form::Pages, Some(_)) => (Kind::Odd, None),
    };
    let space = number(&["spaceId"])?;
    Some((number(&["id"])?, Node { space, above, kind }))
}

impl Pull<'_> {
    fn next(&self) -> Option<String> {
        self.position.run.as_ref().and_then(|run| run.next.clone())
    }

    /// Go on in the list, to the page at `next` or to the next task.
    pub(super) fn turn(&mut self, next: Option<String>) -> Result<()> {
        self.position.run.as_mut().map_or(Ok(()), |run| run.turn(next))
    }

    pub(super) fn with_run<T: Default>(&mut self, work: impl FnOnce(&mut Run) -> T) -> T {
        self.position.run.as_mut().map(work).unwrap_or_default()
    }

    /// A page of a list of pages. Where its address is too old, the first one.
    async fn listed(&mut self, form: Form, query: &[(&str, &str)]) -> Result<Listed> {
        let next = self.next();
        match self.wiki.client.contents(form, query, next.as_deref()).await {
            Err(error) if error.kind() == ErrorKind::Invalid && next.is_some() => {
                self.with_run(|run| {
                    run.next = None;
                    run.used.clear();
                });
                self.wiki.client.contents(form, query, None).await
            }
            other => other,
        }
    }

    /// Put a page in its place in the tree; whether it is wanted and new there. One that moved is read again with all below it,
    /// and their comments: what they inherit may differ.
    pub(super) fn place(&mut self, form: Form, id: u64, node: Node) -> Option<bool> {
        if !self.position.spaces.contains_key(&node.space) {
            return None;
        }
        if self.position.many {
            return Some(false);
        }
        let old = self.position.tree.0.insert(id, node);
        let first = self.position.is_new();
        match old {
            None => {
                if !first {
                    self.with_run(|run| run.put(form, id, true));
                }
                Some(true)
            }
            Some(old) if old != node => {
                self.with_run(|run| run.put(form, id, true));
                self.below(id);
                Some(false)
            }
            Some(_) => Some(false),
        }
    }

    /// Put down all that lies below a page.
    pub(super) fn below(&mut self, page: u64) {
        let below = self.position.tree.below(page);
        self.with_run(|run| below.into_iter().for_each(|id| run.put(Form::Pages, id, true)));
    }

    pub(super) async fn space_page(&mut self, form: Form, space: u64) -> Result<()> {
        let found = self
            .listed(form, &[("space-id", &space.to_string()), ("sort", "id")])
            .await?;
        let first = self.position.is_new();
        for row in &found.rows {
            let Some((id, node)) = node(form, row) else { continue };
            if self.place(form, id, node).is_some() {
                self.with_run(|run| run.put(form, id, !first));
            }
        }
        self.turn(found.next)
    }

    pub(super) async fn changed(&mut self, form: Form, from: i64) -> Result<()> {
        let found = self.listed(form, &[("sort", "-modified-date")]).await?;
        let mut older = 0;
        for row in &found.rows {
            let (number, at) = version(row);
            if at < from {
                older += 1;
                continue;
            }
            let Some((id, node)) = node(form, row) else { continue };
            let seen = self.position.seen.get(&id).is_some_and(|(seen, _)| *seen >= number);
            let placed = self.place(form, id, node);
            if placed.is_some() && !seen {
                self.with_run(|run| run.put(form, id, false));
            }
            // No comment is older than its page: the walk over comments meets all those of a page that was written since.
            if placed == Some(true) && time(row, &["createdAt"]).is_some_and(|created| created.0 >= from) {
                self.with_run(|run| run.deep.0.remove(&id));
            }
        }
        self.turn(found.next.filter(|_| older < OLDER))
    }

    /// What is in the bin is gone, and the first pages of it tell of the latest.
    pub(super) async fn trashed(&mut self, form: Form) -> Result<()> {
        let found = self
            .listed(form, &[("status", "trashed"), ("sort", "-modified-date")])
            .await?;
        for row in &found.rows {
            if let Some(id) = id(row, &["id"]).and_then(|id| id.parse().ok()) {
                self.gone(id);
            }
        }
        self.turn(None)
    }

    pub(super) async fn files(&mut self, from: i64) -> Result<()> {
        let next = self.next();
        let found = self.wiki.client.files(next.as_deref()).await?;
        let mut older = 0;
        for row in &found.rows {
            let seen = version(row);
            if seen.1 < from {
                older += 1;
                continue;
            }
            let Some(file) = id(row, &["id"]) else { continue };
            let owner = |name: &str| id(row, &[name]).and_then(|id| id.parse::<u64>().ok());
            let owner = owner("pageId").map(|page| (Form::Pages, page));
            let post = || {
                id(row, &["blogPostId"])
                    .and_then(|id| id.parse().ok())
                    .map(|post| (Form::Posts, post))
            };
            let Some((form, page)) = owner.or_else(post) else {
                continue;
            };
            if self.position.files.insert(file, seen) != Some(seen) && self.knows(page) {
                self.with_run(|run| run.put(form, page, false));
            }
        }
        self.turn(found.next.filter(|_| older < OLDER))
    }

    /// Whether a page is to be read at all.
    pub(super) fn knows(&self, page: u64) -> bool {
        self.position.many || self.position.tree.0.contains_key(&page)
    }

    pub(super) async fn census(&mut self, form: Form) -> Result<()> {
        let found = self.listed(form, &[("sort", "id")]).await?;
        for row in &found.rows {
            let Some((id, node)) = node(form, row) else { continue };
            if self.place(form, id, node).is_some() && !self.position.many {
                self.with_run(|run| run.listed.0.insert(id));
            }
        }
        self.turn(found.next)
    }

    /// Read the known pages that were not listed, which tells whether they are gone.
    pub(super) fn missing(&mut self) -> Result<()> {
        let tree = &self.position.tree.0;
        let listed = self
            .position
            .run
            .as_ref()
            .map(|run| run.listed.0.clone())
            .unwrap_or_default();
        let missing: Vec<(u64, Kind)> = {
            let known = tree.iter().filter(|(id, _)| !listed.contains(id));
            known.map(|(id, node)| (*id, node.kind)).collect()
        };
        self.with_run(|run| {
            run.listed.0.clear();
            for (id, kind) in missing {
                run.put(kind.form(), id, false);
            }
        });
        self.turn(None)
    }

    /// A page is not there any more, or hidden.
    pub(super) fn gone(&mut self, page: u64) {
        self.position.seen.remove(&page);
        self.position.restricted.0.remove(&page);
        if self.position.tree.0.remove(&page).is_some() {
            let document = self.wiki.document(DocumentKind::Page, &page.to_string());
            self.changes.push(domain::Change::Delete(document));
            // Its comments go with it.
            self.with_run(|run| run.sweep = true);
        }
    }
}
