//! What a node is to us, by the number of its kind: to compare names at every node would take as long as to parse.

use std::sync::OnceLock;

use super::grammar::{Grammar, Rule};

/// What a node of a kind is.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Nothing to us.
    Other,
    /// A statement within which a definition begins where it begins itself.
    Wrapper,
    /// A definition, if it has a name.
    Definition(&'static Rule),
}

/// One table for each grammar.
static TABLES: [OnceLock<Vec<Part>>; Grammar::COUNT] = [const { OnceLock::new() }; Grammar::COUNT];

/// What the nodes of a grammar are, by the numbers of their kinds.
pub(super) fn parts(grammar: Grammar) -> &'static [Part] {
    let make = || {
        let language = grammar.language();
        let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        kinds
            .map(|kind| {
                language
                    .node_kind_for_id(kind)
                    .map_or(Part::Other, |name| part(grammar, name))
            })
            .collect()
    };
    TABLES
        .get(grammar as usize)
        .map_or(&[], |table| table.get_or_init(make))
}

fn part(grammar: Grammar, kind: &str) -> Part {
    if grammar.wraps(kind) {
        return Part::Wrapper;
    }
    let rule = grammar.rules().iter().find(|rule| rule.node == kind);
    rule.map_or(Part::Other, Part::Definition)
}
