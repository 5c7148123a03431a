//! The outline of a text: its atoms, which are never cut further, and the tree of sections over them.

use super::TokenBudget;
use super::atoms::{self, Atom};
use crate::normalize::{BlockKind, Normalized};

/// Headings and symbol names enter a chunk's heading path with at most this many bytes.
const MAX_NAME: usize = 160;

/// Sections nested deeper belong to the section above them.
const MAX_DEPTH: usize = 16;

/// A section: a heading with all below it, or a definition in code.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Its heading or name; empty for the root.
    pub(super) name: String,
    /// Tokens of title, headings above it and its own.
    pub(super) above: usize,
    /// Its first atom.
    pub(super) first: usize,
    /// The atom after its last.
    pub(super) end: usize,
    /// Sections within it, in order.
    pub(super) children: Vec<usize>,
}

/// Atoms and sections; the first section is the root and holds everything.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) atoms: Vec<Atom>,
    pub(super) sections: Vec<Section>,
}

/// Builds an outline from front to back.
pub(super) struct Builder<'a> {
    outline: Outline,
    /// The open sections with their levels, the root first.
    open: Vec<(usize, usize)>,
    text: &'a str,
    budget: &'a TokenBudget<'a>,
}

impl<'a> Builder<'a> {
    /// `above` is the number of the title's tokens.
    pub(super) fn new(text: &'a str, budget: &'a TokenBudget<'a>, above: usize) -> Self {
        let sections = vec![Section {
            above,
            ..Section::default()
        }];
        Self {
            outline: Outline {
                atoms: Vec::new(),
                sections,
            },
            open: vec![(0, 0)],
            text,
            budget,
        }
    }

    /// Open a section of a level above 0; open ones of the same or a deeper level end.
    pub(super) fn open(&mut self, level: usize, name: &str) {
        while self.open.len() > 1 && self.open.last().is_some_and(|(_, it)| *it >= level) {
            self.close();
        }
        let Some((parent, _)) = self.open.last().copied().filter(|_| self.open.len() <= MAX_DEPTH) else {
            return;
        };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = name
            .get(..name.floor_char_boundary(MAX_NAME))
            .unwrap_or_default()
            .to_owned();
        let above = self.outline.sections.get(parent).map_or(0, |it| it.above) + (self.budget.count)(&name);
        let (index, first) = (self.outline.sections.len(), self.outline.atoms.len());
        self.outline.sections.push(Section {
            name,
            above,
            first,
            end: first,
            children: Vec::new(),
        });
        if let Some(parent) = self.outline.sections.get_mut(parent) {
            parent.children.push(index);
        }
        self.open.push((index, level));
    }

    /// End the innermost section.
    pub(super) fn close(&mut self) {
        let end = self.outline.atoms.len();
        if let Some(section) = self
            .open
            .pop()
            .and_then(|(index, _)| self.outline.sections.get_mut(index))
        {
            section.end = end;
        }
    }

    /// How many sections are open, the root not counted.
    pub(super) fn depth(&self) -> usize {
        self.open.len().saturating_sub(1)
    }

    /// The most tokens of an atom: it must share a chunk with the headings just above it.
    fn limit(&self) -> usize {
        let above = |index: usize| self.outline.sections.get(index).map_or(0, |it| it.above);
        let here = self.open.last().map_or(0, |(index, _)| above(*index));
        let headings = here - above(0);
        let most = self.budget.text_tokens(here);
        most.min(self.budget.max_tokens.saturating_sub(headings))
            .max(self.budget.max_tokens / 4)
            .max(1)
    }

    /// Add prose.
    pub(super) fn prose(&mut self, start: usize, end: usize) {
        let splitter = atoms::Splitter {
            text: self.text,
            limit: self.limit(),
            count: self.budget.count,
        };
        splitter.prose(start..end, &mut self.outline.atoms);
    }

    /// Add lines that are not prose.
    pub(super) fn lines(&mut self, start: usize, end: usize) {
        let splitter = atoms::Splitter {
            text: self.text,
            limit: self.limit(),
            count: self.budget.count,
        };
        splitter.lines(start..end, &mut self.outline.atoms);
    }

    /// Mark the last atom as a heading: it stays with what follows it.
    pub(super) fn mark_heading(&mut self) {
        if let Some(atom) = self.outline.atoms.last_mut() {
            atom.heading = true;
        }
    }

    pub(super) fn finish(mut self) -> Outline {
        while !self.open.is_empty() {
            self.close();
        }
        self.outline
    }
}

/// The outline of prose: sections by heading level.
pub(super) fn of_blocks(normalized: &Normalized, budget: &TokenBudget<'_>, above: usize) -> Outline {
    let mut builder = Builder::new(&normalized.text, budget, above);
    for block in &normalized.blocks {
        let (start, end) = (block.start as usize, block.end as usize);
        match &block.kind {
            BlockKind::Heading { level } => {
                builder.open(usize::from(*level), normalized.slice(block.start, block.end));
                builder.prose(start, end);
                builder.mark_heading();
            }
            BlockKind::Code { .. } | BlockKind::TableRow => builder.lines(start, end),
            BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote | BlockKind::Message { .. } => {
                builder.prose(start, end);
            }
        }
    }
    builder.finish()
}
