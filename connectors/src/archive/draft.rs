//! A document under construction: every archive connector fills in the same form.

use std::collections::BTreeMap;

use domain::{
    AccessId, AccountId, Body, Change, Document, DocumentId, DocumentKind, EdgeKind, Key, Link, SourceId, Timestamp,
};

use crate::archive::json::one_line;

/// The longest title kept, in characters.
const TITLE_LIMIT: usize = 500;

/// A document whose parts are added one by one.
#[derive(Debug)]
pub(crate) struct Draft(Document);

impl Draft {
    /// A document of `source` under `key`, with nothing in it; it stands in its own container until told otherwise.
    pub(crate) fn new(source: &SourceId, kind: DocumentKind, key: Key, access: AccessId) -> Self {
        Self(Document {
            id: DocumentId::new(source, key.as_str()),
            source: source.clone(),
            kind,
            container: key.clone(),
            key,
            aliases: Vec::new(),
            access,
            title: String::new(),
            body: Body::plain(""),
            url: None,
            author: None,
            created: None,
            updated: None,
            fields: BTreeMap::new(),
            links: Vec::new(),
        })
    }

    /// The container, for what belongs to it only through something else.
    pub(crate) fn container(mut self, container: Key) -> Self {
        self.0.container = container;
        self
    }

    /// The container, with the edge that says so.
    pub(crate) fn part_of(self, container: Key, rule: &str) -> Self {
        self.container(container.clone())
            .link(EdgeKind::PartOf, container, rule)
    }

    /// The title, on one line.
    pub(crate) fn title(mut self, title: &str) -> Self {
        self.0.title = one_line(title, TITLE_LIMIT);
        self
    }

    /// Other names.
    pub(crate) fn aliases(mut self, aliases: impl IntoIterator<Item = String>) -> Self {
        self.0.aliases.extend(aliases);
        self
    }

    /// The content.
    pub(crate) fn body(mut self, body: Body) -> Self {
        self.0.body = body;
        self
    }

    /// Where a person opens it.
    pub(crate) fn url(mut self, url: Option<String>) -> Self {
        self.0.url = url;
        self
    }

    /// The author, with the edge that says so.
    pub(crate) fn author(mut self, author: Option<AccountId>, rule: &str) -> Self {
        if let Some(author) = author {
            self.0.author = Some(author.clone());
            self = self.back_link(EdgeKind::Authored, author, rule);
        }
        self
    }

    /// When it was made and last changed.
    pub(crate) fn times(mut self, created: Option<Timestamp>, updated: Option<Timestamp>) -> Self {
        self.0.created = created;
        self.0.updated = updated;
        self
    }

    /// Values of a field; none leave it absent, repeated ones count once.
    pub(crate) fn field(mut self, name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        for value in values {
            let value = value.into();
            let known = self.0.fields.entry(name.to_owned()).or_default();
            if !known.contains(&value) {
                known.push(value);
            }
        }
        self
    }

    /// An edge from this document.
    pub(crate) fn link(self, kind: EdgeKind, target: Key, rule: &str) -> Self {
        self.edge(Link {
            kind,
            target,
            inverse: false,
            rule: rule.to_owned(),
            at: None,
        })
    }

    /// An edge to this document.
    pub(crate) fn back_link(self, kind: EdgeKind, target: Key, rule: &str) -> Self {
        self.edge(Link {
            kind,
            target,
            inverse: true,
            rule: rule.to_owned(),
            at: None,
        })
    }

    /// An edge as it stands; one that is there already, or from the document to itself, is left out.
    pub(crate) fn edge(mut self, link: Link) -> Self {
        if link.target != self.0.key && !self.0.links.contains(&link) {
            self.0.links.push(link);
        }
        self
    }

    /// Many edges.
    pub(crate) fn edges(self, links: impl IntoIterator<Item = Link>) -> Self {
        links.into_iter().fold(self, Self::edge)
    }

    /// The finished document as a change.
    pub(crate) fn upsert(self) -> Change {
        Change::Upsert(Box::new(self.0))
    }
}
