//! A document under construction: every connector fills in the same form.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    AccessId, AccountId, Body, Change, Document, DocumentId, DocumentKind, EdgeKind, Key, Link, SourceId, Timestamp,
};

use crate::archive::json::one_line;

/// The longest title kept, in characters.
const TITLE_LIMIT: usize = 500;

/// Values kept of a field.
const VALUES: usize = 1000;

/// Edges kept of a document.
const LINKS: usize = 5000;

/// The field that names the others of which values were dropped, and `links` where edges were.
const TRUNCATED: &str = "truncated";

/// A document whose parts are added one by one.
#[derive(Debug)]
pub(crate) struct Draft {
    document: Document,
    /// Its edges and the values of its fields, to find repeated ones.
    links: HashSet<Link>,
    values: HashSet<(String, String)>,
    /// Of what something was dropped.
    truncated: BTreeSet<String>,
}

impl Draft {
    /// A document of `source` under `key`, with nothing in it; it stands in its own container until told otherwise.
    pub(crate) fn new(source: &SourceId, kind: DocumentKind, key: Key, access: AccessId) -> Self {
        let document = Document {
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
        };
        Self {
            document,
            links: HashSet::new(),
            values: HashSet::new(),
            truncated: BTreeSet::new(),
        }
    }

    /// The provider's own immutable id, where the key may change.
    pub(crate) fn native(mut self, native: &str) -> Self {
        self.document.id = DocumentId::new(&self.document.source, native);
        self
    }

    /// The container, for what belongs to it only through something else.
    pub(crate) fn container(mut self, container: Key) -> Self {
        self.document.container = container;
        self
    }

    /// The container, with the edge that says so.
    pub(crate) fn part_of(self, container: Key, rule: &str) -> Self {
        self.container(container.clone())
            .link(EdgeKind::PartOf, container, rule)
    }

    /// The title, on one line.
    pub(crate) fn title(mut self, title: &str) -> Self {
        self.document.title = one_line(title, TITLE_LIMIT);
        self
    }

    /// Other names.
    pub(crate) fn aliases(mut self, aliases: impl IntoIterator<Item = String>) -> Self {
        self.document.aliases.extend(aliases);
        self
    }

    /// The content.
    pub(crate) fn body(mut self, body: Body) -> Self {
        self.document.body = body;
        self
    }

    /// Where a person opens it.
    pub(crate) fn url(mut self, url: Option<String>) -> Self {
        self.document.url = url;
        self
    }

    /// The author, with the edge that says so.
    pub(crate) fn author(mut self, author: Option<AccountId>, rule: &str) -> Self {
        if let Some(author) = author {
            self.document.author = Some(author.clone());
            self = self.back_link(EdgeKind::Authored, author, rule);
        }
        self
    }

    /// When it was made and last changed.
    pub(crate) fn times(mut self, created: Option<Timestamp>, updated: Option<Timestamp>) -> Self {
        self.document.created = created;
        self.document.updated = updated;
        self
    }

    /// Values of a field; none leave it absent, repeated ones count once, and so do only the first thousand.
    pub(crate) fn field(mut self, name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        for value in values {
            let value = value.into();
            let known = self.document.fields.entry(name.to_owned()).or_default();
            if known.len() >= VALUES {
                self.truncated.insert(name.to_owned());
                break;
            }
            if self.values.insert((name.to_owned(), value.clone())) {
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
            until: None,
            also: None,
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
            until: None,
            also: None,
        })
    }

    /// An edge as it stands; one that is there already, or from the document to itself, is left out.
    pub(crate) fn edge(mut self, link: Link) -> Self {
        if link.target == self.document.key || self.links.contains(&link) {
            return self;
        }
        if self.links.len() >= LINKS {
            self.truncated.insert("links".to_owned());
            return self;
        }
        self.links.insert(link.clone());
        self.document.links.push(link);
        self
    }

    /// Many edges.
    pub(crate) fn edges(self, links: impl IntoIterator<Item = Link>) -> Self {
        links.into_iter().fold(self, Self::edge)
    }

    /// The finished document as a change.
    pub(crate) fn upsert(mut self) -> Change {
        let truncated = std::mem::take(&mut self.truncated);
        Change::Upsert(Box::new(self.field(TRUNCATED, truncated).document))
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccessId, Change, DocumentKind, EdgeKind, Key, SourceId};

    use super::Draft;

    #[test]
    fn an_endless_list_of_labels_and_links_is_cut_at_once_and_said_to_be() {
        let source = SourceId::new("src").unwrap();
        let draft = |key: &str| {
            let key = Key::from_raw(key);
            Draft::new(&source, DocumentKind::Issue, key, AccessId::common(&source))
        };
        let labels = (0..200_000).map(|number| format!("label {}", number / 2));
        let made = (0..100_000).fold(
            draft("a").field("label", labels).field("state", ["Open"]),
            |draft, number| {
                let target = Key::from_raw(&format!("b{}", number / 2));
                draft.link(EdgeKind::LinksTo, target, "x")
            },
        );
        let Change::Upsert(document) = made.upsert() else {
            panic!("a document")
        };
        assert_eq!((document.fields["label"].len(), document.links.len()), (1000, 5000));
        assert_eq!(document.fields["label"][1], "label 1");
        assert_eq!(document.field("truncated"), ["label", "links"]);
        let Change::Upsert(document) = draft("a").field("label", ["x", "x"]).upsert() else {
            panic!("a document")
        };
        assert_eq!(
            (document.field("label"), document.field("truncated").len()),
            (&["x".to_owned()][..], 0)
        );
    }
}
