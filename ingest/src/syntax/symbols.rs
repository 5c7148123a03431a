//! Definitions as symbols: what encloses each, and which lines it has.

use super::{Definition, SymbolKind, definitions};

/// A definition in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name without what encloses it.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Where it starts in the file, in bytes.
    pub start: usize,
    /// Where it ends (exclusive).
    pub end: usize,
    /// Its first and last line, the file's first being 1; comments and attributes just above belong to it.
    pub lines: (u32, u32),
    /// What encloses it, outermost first: modules, types, functions.
    pub parents: Vec<String>,
    /// Whether the innermost of `parents` is a type.
    in_type: bool,
    /// The symbol around it, by its index.
    pub(crate) outer: Option<usize>,
}

impl Symbol {
    /// The names of what encloses it, and its own.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.parents.iter().chain(std::iter::once(&self.name))
    }

    /// Its names joined by dots, as in its key.
    pub(crate) fn path(&self) -> String {
        self.names().map(String::as_str).collect::<Vec<_>>().join(".")
    }

    /// The type that it is a member of.
    pub(crate) fn of_type(&self) -> Option<&str> {
        let of_type = self.parents.last().filter(|_| self.in_type)?;
        of_type.rsplit("::").next()
    }
}

/// The definitions in a file, in order; none where the language of its extension is unknown or it cannot be parsed.
pub fn symbols(path: &str, text: &str) -> Vec<Symbol> {
    symbols_of(definitions(path, text).unwrap_or_default(), text)
}

/// A definition that is open while those after it are looked at.
struct Open {
    end: usize,
    names: Vec<String>,
    is_type: bool,
    symbol: Option<usize>,
}

pub(super) fn symbols_of(definitions: Vec<Definition>, text: &str) -> Vec<Symbol> {
    let starts = line_starts(text);
    let line = |at: usize| u32::try_from(starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX);
    let mut open: Vec<Open> = Vec::new();
    let mut out: Vec<Symbol> = Vec::new();
    let mut taken = 0;
    for definition in definitions {
        while open.pop_if(|it| it.end <= definition.start).is_some() {}
        let mut parents: Vec<String> = open.iter().flat_map(|it| &it.names).cloned().collect();
        let in_type = definition.qualifier.is_some() || open.last().is_some_and(|it| it.is_type);
        let outer = open.iter().rev().find_map(|it| it.symbol);
        open.push(Open {
            end: definition.end,
            names: definition.names().cloned().collect(),
            is_type: definition.kind.is_none_or(|kind| kind == SymbolKind::Type),
            symbol: definition.kind.map(|_| out.len()),
        });
        parents.extend(definition.qualifier);
        let first = lead_in(text, taken, definition.start);
        taken = definition.start;
        if let Some(kind) = definition.kind {
            let lines = (line(first), line(definition.end.saturating_sub(1)));
            let (name, start, end) = (definition.name, definition.start, definition.end);
            out.push(Symbol {
                name,
                kind,
                start,
                end,
                lines,
                parents,
                in_type,
                outer,
            });
        }
    }
    out
}

/// Where a definition begins, if it also has the comments, attributes and decorators on the lines just above it.
pub(crate) fn lead_in(body: &str, least: usize, start: usize) -> usize {
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

/// Where each line begins.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}
