//! The outline of source code: a section per definition, with the comments and attributes above it.

use super::TokenBudget;
use super::outline::{Builder, Outline};
use super::syntax::{self, Definition};
use crate::normalize::Normalized;

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

/// Where a definition begins, if it also has the comments, attributes and decorators on the lines just above it.
fn lead_in(body: &str, least: usize, start: usize) -> usize {
    let whole_line = |at: usize| at == 0 || body.as_bytes().get(at - 1) == Some(&b'\n');
    let line_before = |at: usize| {
        let above = body.get(least..at)?;
        let begin = least
            + above
                .trim_end_matches('\n')
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
        (begin < at && whole_line(begin)).then(|| (begin, above.get(begin - least..).unwrap_or_default().trim()))
    };
    let indent = body
        .get(least..start)
        .map_or(start, |it| least + it.trim_end_matches([' ', '\t']).len());
    if !whole_line(indent) {
        return start.max(least);
    }
    let mut begin = indent;
    while let Some((above, line)) = line_before(begin)
        && ["//", "/*", "*", "#[", "@", "# ", "#:", "template"]
            .iter()
            .any(|mark| line.starts_with(mark))
    {
        begin = above;
    }
    begin
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
