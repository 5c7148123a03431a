//! The outline of source code: a section per definition, with the comments and attributes above it.

use super::TokenBudget;
use super::outline::{Builder, Outline};
use crate::normalize::Normalized;
use crate::syntax::{self, Definition, lead_in};

/// The outline of a file of code; without sections where its language is unknown or it cannot be parsed.
pub(super) fn outline(path: &str, normalized: &Normalized, budget: &TokenBudget<'_>, above: usize) -> Outline {
    let body = normalized.body();
    let definitions = syntax::definitions(path, body).unwrap_or_default();
    let base = normalized.body_start as usize;
    let builder = Builder::new(&normalized.text, budget, above);
    let mut walker = Walker {
        builder,
        body,
        base,
        at: 0,
        ends: Vec::new(),
    };
    for definition in &definitions {
        walker.definition(definition);
    }
    walker.close_until(usize::MAX);
    walker.take(body.len());
    walker.builder.finish()
}

struct Walker<'a> {
    builder: Builder<'a>,
    body: &'a str,
    /// Where the body begins in the text.
    base: usize,
    /// How far the body is taken.
    at: usize,
    /// The ends of the open sections.
    ends: Vec<usize>,
}

impl Walker<'_> {
    /// Definitions come in order of their starts, the outer before the inner.
    fn definition(&mut self, definition: &Definition) {
        self.close_until(definition.start);
        let start = lead_in(self.body, self.at, definition.start);
        self.take(start);
        let outer = self.ends.last().copied().unwrap_or(self.body.len());
        let end = lead_out(self.body, definition.end).min(outer);
        let before = self.builder.depth();
        self.builder.open(before + 1, &definition.shown());
        if self.builder.depth() > before {
            self.ends.push(end);
        }
    }

    /// Close the sections that end at or before `position`.
    fn close_until(&mut self, position: usize) {
        while let Some(end) = self.ends.pop_if(|end| *end <= position) {
            self.take(end);
            self.builder.close();
        }
    }

    /// Give the body up to `end` to the innermost section.
    fn take(&mut self, end: usize) {
        if self.at < end {
            self.builder.lines(self.base + self.at, self.base + end);
            self.at = end;
        }
    }
}

/// Where a definition ends with the punctuation and the comment behind it on its last line.
fn lead_out(body: &str, end: usize) -> usize {
    let rest = body.get(end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let punctuation = rest.len() - rest.trim_start_matches([';', ',', ')', ' ', '\t']).len();
    let after = rest.get(punctuation..).unwrap_or_default();
    if after.starts_with("//") || after.starts_with('#') {
        end + rest.len()
    } else {
        end + punctuation
    }
}
