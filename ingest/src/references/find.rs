//! What a scan finds: a name before the directory is asked.

use std::collections::HashSet;

use domain::{DocumentKind, EdgeKind, Key, NodeKind};

use super::directory::Lookup;

/// The most names of one document.
const MAX_FINDS: usize = 5_000;

/// What the words around a name say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    /// Nothing.
    Named,
    /// A closing keyword stands before it.
    Closing,
    /// The subject of a commit says that the commit merges it.
    Merging,
}

/// A name, apart from where it stands. It has a literal reading, a lookup, or both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    /// The rule that found it.
    pub(crate) rule: &'static str,
    /// How sure the rule is.
    pub(crate) confidence: f32,
    /// What it probably is.
    pub(crate) aim: NodeKind,
    /// Whether it is that beyond doubt.
    pub(crate) certain: bool,
    /// What it means without the directory.
    pub(crate) literal: Option<Key>,
    /// What to ask the directory.
    pub(crate) lookup: Option<Lookup>,
}

impl Named {
    /// Something whose literal reading is `key`.
    pub(crate) fn new(rule: &'static str, confidence: f32, aim: NodeKind, key: Key) -> Self {
        Self {
            rule,
            confidence,
            aim,
            certain: false,
            literal: Some(key),
            lookup: None,
        }
    }

    /// The same, being what it is aimed at beyond doubt.
    pub(crate) fn certain(self) -> Self {
        Self { certain: true, ..self }
    }

    /// The same, with a lookup.
    pub(crate) fn or(self, lookup: Option<Lookup>) -> Self {
        Self { lookup, ..self }
    }
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Find<'a> {
    /// Where `words` begin in the text; `None` when they are not in it.
    pub(crate) start: Option<usize>,
    /// The words.
    pub(crate) words: &'a str,
    /// The address that the words hide, where they are a link's.
    pub(crate) address: Option<&'a str>,
    /// What is said about the name.
    pub(crate) relation: Relation,
    /// The name.
    pub(crate) named: Named,
}

impl Find<'_> {
    /// What the edge from a document of `source` kind to this find says.
    pub(crate) fn edge_kind(&self, source: DocumentKind) -> EdgeKind {
        use NodeKind as To;
        match (self.relation, source, self.named.aim) {
            (Relation::Merging, ..) => EdgeKind::Merges,
            (_, _, To::Person | To::Team) => EdgeKind::Mentions,
            (Relation::Closing, DocumentKind::Commit | DocumentKind::PullRequest, _) => EdgeKind::Closes,
            (
                _,
                DocumentKind::Thread,
                To::Issue | To::PullRequest | To::Discussion | To::Commit | To::Comment | To::Review,
            ) => EdgeKind::Discusses,
            (_, DocumentKind::Page, To::File | To::Symbol) => EdgeKind::Documents,
            (_, _, To::Page | To::Space | To::Repository) => EdgeKind::LinksTo,
            _others => EdgeKind::References,
        }
    }
}

/// Finds in the order of the text, each once, up to a bound that does not depend on any directory.
#[derive(Debug, Default)]
pub(crate) struct Finds<'a> {
    list: Vec<Find<'a>>,
    seen: HashSet<(&'static str, Relation, Option<Key>, Option<String>)>,
}

impl<'a> Finds<'a> {
    /// Whether no more fit.
    pub(crate) fn full(&self) -> bool {
        self.list.len() >= MAX_FINDS
    }

    /// Add a find, unless the same was found before or no more fit.
    pub(crate) fn push(&mut self, find: Find<'a>) {
        let Named {
            rule, literal, lookup, ..
        } = &find.named;
        let looked_up = lookup.as_ref().map(|lookup| format!("{}{}", lookup.name, lookup.rest));
        if !self.full() && self.seen.insert((*rule, find.relation, literal.clone(), looked_up)) {
            self.list.push(find);
        }
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<Find<'a>> {
        self.list
    }
}
