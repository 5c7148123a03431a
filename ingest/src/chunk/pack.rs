//! Packing atoms into chunks along the tree of sections.

use super::TokenBudget;
use super::outline::{Outline, Section};
use crate::terms::term_id;

/// Sections of at most this part of a chunk share one with their neighbours.
const SMALL: usize = 4;

/// One small section in so many begins a new chunk whatever is before it, by a hash of its name. So a change moves
/// the borders between small sections no further than to the next such one.
const BREAK: u32 = 4;

/// A chunk to be.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) heading: Vec<String>,
}

/// Cut an outline into pieces.
pub(super) fn pack(outline: &Outline, budget: &TokenBudget<'_>) -> Vec<Piece> {
    let mut sums = Vec::with_capacity(outline.atoms.len() + 1);
    sums.push(0);
    let mut total = 0_usize;
    sums.extend(outline.atoms.iter().map(|atom| {
        total = total.saturating_add(atom.tokens);
        total
    }));
    let mut packer = Packer {
        outline,
        budget,
        sums,
        path: Vec::new(),
        out: Vec::new(),
    };
    let above = outline.sections.first().map_or(0, |root| root.above);
    if packer.tokens(0, outline.atoms.len()) <= budget.text_tokens(above) {
        packer.emit(0, outline.atoms.len());
    } else {
        packer.section(0, 0);
    }
    packer.out
}

struct Packer<'a> {
    outline: &'a Outline,
    budget: &'a TokenBudget<'a>,
    /// Tokens before each atom.
    sums: Vec<usize>,
    /// The sections that are being packed, outermost first.
    path: Vec<usize>,
    out: Vec<Piece>,
}

/// Part of a section: one within it, or the atoms between two.
struct Item {
    first: usize,
    end: usize,
    section: Option<usize>,
}

/// Neighbouring items that are to share a chunk.
struct Run {
    first: usize,
    end: usize,
    small: bool,
}

impl Packer<'_> {
    fn tokens(&self, first: usize, end: usize) -> usize {
        let at = |i: usize| self.sums.get(i).copied().unwrap_or_default();
        at(end).saturating_sub(at(first))
    }

    fn get(&self, section: usize) -> Option<&Section> {
        self.outline.sections.get(section)
    }

    /// Pack a section. Atoms from `first` belong to it: its own, and headings above it that nothing else follows.
    fn section(&mut self, index: usize, first: usize) {
        let Some(section) = self.get(index) else { return };
        let (items, above) = (items(self.outline, section, first), section.above);
        let limit = self.budget.text_tokens(above);
        self.path.push(index);
        let mut run: Option<Run> = None;
        for item in items {
            let tokens = self.tokens(item.first, item.end);
            if tokens > limit {
                let first = self.carry(run.take(), &item);
                match item.section {
                    Some(child) => self.section(child, first),
                    None => self.greedy(first, item.end, limit),
                }
                continue;
            }
            let small = tokens * SMALL <= limit;
            match &mut run {
                Some(open) if self.joins(open, &item, limit) => {
                    open.end = item.end;
                    open.small &= small;
                }
                _ => {
                    self.flush(run.take());
                    run = Some(Run {
                        first: item.first,
                        end: item.end,
                        small,
                    });
                }
            }
        }
        self.flush(run);
        self.path.pop();
    }

    fn flush(&mut self, run: Option<Run>) {
        if let Some(run) = run {
            self.emit(run.first, run.end);
        }
    }

    /// Where the piece of a large item begins: with the headings just before it, if there is nothing else before it.
    fn carry(&mut self, run: Option<Run>, item: &Item) -> usize {
        match run {
            Some(run) if self.only_headings(run.first, run.end) => run.first,
            run => {
                self.flush(run);
                item.first
            }
        }
    }

    fn only_headings(&self, first: usize, end: usize) -> bool {
        self.outline
            .atoms
            .get(first..end)
            .is_some_and(|atoms| atoms.iter().all(|atom| atom.heading))
    }

    fn joins(&self, run: &Run, item: &Item, limit: usize) -> bool {
        if self.tokens(run.first, item.end) > limit {
            return false;
        }
        let small = self.tokens(item.first, item.end) * SMALL <= limit;
        let name = item
            .section
            .and_then(|child| self.get(child))
            .map(|child| child.name.as_str());
        let breaks = name.is_some_and(|name| term_id(name).is_multiple_of(BREAK));
        self.only_headings(run.first, run.end) || (run.small && small && !breaks)
    }

    /// Fill one piece after the other.
    fn greedy(&mut self, first: usize, end: usize, limit: usize) {
        let mut start = first;
        for at in first..end {
            if at > start && self.tokens(start, at + 1) > limit {
                self.emit(start, at);
                start = at;
            }
        }
        self.emit(start, end);
    }

    fn emit(&mut self, first: usize, end: usize) {
        let atoms = self.outline.atoms.get(first..end).unwrap_or_default();
        let (Some(head), Some(tail)) = (atoms.first(), atoms.last()) else {
            return;
        };
        // A section whose beginning is in the piece shows its name there.
        let above = self
            .path
            .iter()
            .filter_map(|index| self.get(*index))
            .filter(|it| it.first < first);
        let heading = above
            .map(|it| it.name.clone())
            .filter(|name| !name.is_empty())
            .collect();
        let offset = |at: usize| u32::try_from(at).expect("normalised text is bounded");
        self.out.push(Piece {
            start: offset(head.start),
            end: offset(tail.end),
            heading,
        });
    }
}

/// A section's parts in order.
fn items(outline: &Outline, section: &Section, first: usize) -> Vec<Item> {
    let mut items = Vec::with_capacity(section.children.len() * 2 + 1);
    let mut at = first;
    for &child in &section.children {
        let Some(inner) = outline.sections.get(child) else {
            continue;
        };
        if at < inner.first {
            items.push(Item {
                first: at,
                end: inner.first,
                section: None,
            });
        }
        if inner.first < inner.end {
            items.push(Item {
                first: inner.first,
                end: inner.end,
                section: Some(child),
            });
        }
        at = inner.end;
    }
    if at < section.end {
        items.push(Item {
            first: at,
            end: section.end,
            section: None,
        });
    }
    items
}
