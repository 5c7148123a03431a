//! What Confluence knows of the organisation.

use std::collections::{BTreeMap, BTreeSet};

use crate::provider::prose::Target;

#[derive(Debug, Clone)]
pub(crate) struct Wiki {
    pub(crate) spaces: Vec<Space>,
    pub(crate) pages: BTreeMap<u64, Page>,
}

#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) archived: bool,
    pub(crate) created: i64,
    pub(crate) author: usize,
    pub(crate) home: Option<u64>,
    /// The people who may read it.
    pub(crate) readers: BTreeSet<usize>,
}

/// A page, or a blog post.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) id: u64,
    pub(crate) space: u64,
    pub(crate) blog: bool,
    pub(crate) parent: Option<u64>,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) author: usize,
    pub(crate) created: i64,
    pub(crate) version: Version,
    pub(crate) trashed: bool,
    pub(crate) labels: Vec<(u64, String)>,
    /// The people who alone may read it and what is below it.
    pub(crate) restriction: Option<BTreeSet<usize>>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) author: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    /// The comment that it answers.
    pub(crate) parent: Option<u64>,
    /// The words of the page that it is about.
    pub(crate) selection: Option<String>,
    pub(crate) body: String,
    pub(crate) version: Version,
}

#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) version: Version,
}

impl Page {
    /// Whether the search index knows it. It leaves some out: of those with restrictions every other, else one of fifteen.
    pub(crate) fn indexed(&self) -> bool {
        let of = if self.restriction.is_some() { 2 } else { 15 };
        !self.trashed && !self.id.is_multiple_of(of)
    }
}

impl Wiki {
    pub(crate) fn space(&self, id: u64) -> Option<&Space> {
        self.spaces.iter().find(|one| one.id == id)
    }

    /// A page's parents, nearest first.
    pub(crate) fn ancestors<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = &'a Page> {
        let above = |page: &&'a Page| page.parent.and_then(|parent| self.pages.get(&parent));
        std::iter::successors(above(&page), above)
    }

    /// Whether a person may read a page: by the space, its own restriction and those above it.
    pub(crate) fn sees(&self, person: usize, page: &Page) -> bool {
        let space = self.space(page.space);
        let open = |page: &Page| page.restriction.as_ref().is_none_or(|people| people.contains(&person));
        space.is_some_and(|space| space.readers.contains(&person)) && open(page) && self.ancestors(page).all(open)
    }

    fn target(&self, page: &Page) -> Option<Target> {
        let space = self.space(page.space)?;
        Some(Target::Page(space.key.clone(), page.id, page.title.clone()))
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        let live = self.pages.values().filter(|page| !page.trashed);
        live.filter_map(|page| self.target(page)).collect()
    }

    pub(crate) fn readable(&self, person: usize) -> Vec<String> {
        let live = self
            .pages
            .values()
            .filter(|page| !page.trashed && self.sees(person, page));
        live.filter_map(|page| Some(self.target(page)?.key())).collect()
    }
}
