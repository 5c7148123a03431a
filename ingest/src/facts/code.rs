//! What a source file asserts about code: the symbols that it defines, the modules that it imports and the calls that it makes.
//!
//! A file's facts are made from that file alone, so what it shares with other files goes through names: a definition says what
//! it is called, a file says which module it is, and a call or an import leads to the name, whichever file is read first.
//! Names are kept apart by repository and family of languages. What cannot be of the repository has no name here:
//! the standard library, what a list knows as other people's (see `foreign`), packages that a path tells to come from elsewhere,
//! and methods on values whose type only a compiler knows where half of all code has a method of that name.

mod bind;
mod foreign;
mod modules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use domain::{Document, EdgeFact, EdgeKind, Evidence, Key, NodeFact, NodeKind};

use super::sheet::Sheet;
use crate::references::clamp;
use crate::syntax::{self, Family, Source, Symbol, SymbolKind};
use modules::Place;

/// A definition says so itself.
const CERTAIN: f32 = 1.0;
/// Of a long line, so many bytes before a place are looked at.
const MAX_BEFORE: usize = 100;
/// Definitions of a file that become nodes.
const MAX_SYMBOLS: usize = 2_000;

/// A file of code, read.
struct File<'a> {
    document: &'a Document,
    repository: &'a str,
    path: &'a str,
    family: Family,
    source: Source,
    place: Place,
    /// The definitions by what encloses them and their own name, joined by dots.
    by_path: HashMap<String, usize>,
    /// The definitions by their own names.
    by_name: BTreeMap<String, Vec<usize>>,
}

/// Note what a file of code asserts, the surest first: the sheet takes only so many edges.
pub(super) fn assert(document: &Document, sheet: &mut Sheet) {
    let Some(file) = File::read(document) else { return };
    file.define(sheet);
    file.name_module(sheet);
    file.import(sheet);
    file.name_symbols(sheet);
    file.call(sheet);
}

impl<'a> File<'a> {
    fn read(document: &'a Document) -> Option<Self> {
        let (repository, path) = repository_and_path(&document.key)?;
        let mut source = syntax::read(path, &document.body.text)?;
        source.symbols.truncate(MAX_SYMBOLS);
        let (mut by_path, mut by_name) = (HashMap::new(), BTreeMap::<String, Vec<usize>>::new());
        for (index, symbol) in source.symbols.iter().enumerate() {
            by_path.entry(symbol.path()).or_insert(index);
            by_name.entry(symbol.name.clone()).or_default().push(index);
        }
        Some(Self {
            place: Place::of(source.family, repository, path, source.package.as_deref()),
            family: source.family,
            document,
            repository,
            path,
            source,
            by_path,
            by_name,
        })
    }

    fn symbol_key(&self, symbol: &Symbol) -> Key {
        Key::symbol(self.repository, self.path, &symbol.path())
    }

    fn name_key(&self, name: &str) -> Key {
        Key::symbol_name(self.repository, self.family.as_str(), name)
    }

    fn module_key(&self, module: &str) -> Key {
        Key::module_name(self.repository, self.family.as_str(), module)
    }

    /// The symbols that the file defines, each reachable by its bare name and its path, and what encloses them.
    fn define(&self, sheet: &mut Sheet) {
        let symbols = self.source.symbols.iter().enumerate();
        for (_, symbol) in symbols.filter(|(index, symbol)| self.by_path.get(&symbol.path()) == Some(index)) {
            let (key, path) = (self.symbol_key(symbol), symbol.path());
            let mut aliases = vec![symbol.name.clone()];
            if path != symbol.name {
                aliases.push(path.clone());
            }
            let title = format!("{} {path}", words(symbol));
            let span = format!("{title}, lines {}-{}", symbol.lines.0, symbol.lines.1);
            let ends = (self.document.key.clone(), key.clone());
            if !sheet.edge(edge(ends, EdgeKind::Defines, "code.definition", &span, CERTAIN)) {
                continue;
            }
            sheet.fact(NodeFact {
                key: key.clone(),
                kind: NodeKind::Symbol,
                title: Some(clamp(&title).to_owned()),
                aliases,
            });
            let outer = self.by_path.get(&symbol.parents.join("."));
            if let Some(outer) = outer.and_then(|outer| self.source.symbols.get(*outer)) {
                let ends = (key, self.symbol_key(outer));
                sheet.edge(edge(ends, EdgeKind::PartOf, "code.nesting", &span, CERTAIN));
            }
        }
    }

    /// Which module the file is, under every name by which another file can import it.
    fn name_module(&self, sheet: &mut Sheet) {
        for module in &self.place.names {
            let ends = (self.document.key.clone(), self.module_key(module));
            let told = edge(ends, EdgeKind::Defines, "code.module", self.path, CERTAIN);
            name(sheet, told, &format!("module {module}"));
        }
    }

    fn import(&self, sheet: &mut Sheet) {
        let text = self.document.body.text.as_str();
        let used = modules::qualifiers(self.family, text);
        for import in &self.source.imports {
            for target in self.place.targets(import, &used) {
                let ends = (self.document.key.clone(), self.module_key(&target.name));
                let line = line_at(text, import.start);
                let told = edge(ends, EdgeKind::Imports, "code.import", line, target.confidence);
                name(sheet, told, &format!("module {}", target.name));
            }
        }
    }

    /// What each definition is called: by its bare name, and by its type's and its own where it belongs to a type. Methods with
    /// names that no call is followed by have only the latter.
    fn name_symbols(&self, sheet: &mut Sheet) {
        for symbol in &self.source.symbols {
            if !matches!(symbol.kind, SymbolKind::Function | SymbolKind::Type | SymbolKind::Macro) {
                continue;
            }
            let of_type = symbol.of_type().map(|of_type| format!("{of_type}.{}", symbol.name));
            let bare = Some(symbol.name.clone()).filter(|name| of_type.is_none() || !foreign::is_common_method(name));
            for called in bare.into_iter().chain(of_type) {
                let ends = (self.symbol_key(symbol), self.name_key(&called));
                let told = edge(ends, EdgeKind::Defines, "code.name", &called, CERTAIN);
                name(sheet, told, &format!("the name {called}"));
            }
        }
    }

    fn call(&self, sheet: &mut Sheet) {
        let binder = bind::Binder::new(self);
        for call in &self.source.calls {
            let caller = self.source.symbols.get(innermost(&self.source.symbols, call.start));
            let Some(bound) = binder.bind(call, caller) else {
                continue;
            };
            let from = caller.map_or_else(|| self.document.key.clone(), |caller| self.symbol_key(caller));
            let line = line_at(&self.document.body.text, call.start);
            match bound.to {
                bind::To::Symbol(index) => {
                    if let Some(to) = self.source.symbols.get(index) {
                        let ends = (from, self.symbol_key(to));
                        sheet.edge(edge(ends, EdgeKind::Calls, "code.call.own", line, bound.confidence));
                    }
                }
                bind::To::Name(target) => {
                    let ends = (from, self.name_key(&target));
                    let told = edge(ends, EdgeKind::Calls, "code.call.name", line, bound.confidence);
                    name(sheet, told, &format!("the name {target}"));
                }
            }
        }
    }
}

/// Add an edge that ends at a name, and the name.
fn name(sheet: &mut Sheet, edge: EdgeFact, title: &str) {
    let key = edge.to.clone();
    if sheet.edge(edge) {
        sheet.fact(NodeFact {
            key,
            kind: NodeKind::Symbol,
            title: Some(clamp(title).to_owned()),
            aliases: Vec::new(),
        });
    }
}

/// An edge between two ends that the file's words justify.
fn edge(ends: (Key, Key), kind: EdgeKind, rule: &str, words: &str, confidence: f32) -> EdgeFact {
    EdgeFact {
        from: ends.0,
        to: ends.1,
        kind,
        rule: rule.to_owned(),
        evidence: Evidence {
            text: clamp(words).to_owned(),
            span: None,
        },
        confidence,
        at: None,
        until: None,
        also: None,
    }
}

/// What a person calls such a symbol.
fn words(symbol: &Symbol) -> &'static str {
    match symbol.kind {
        SymbolKind::Function if symbol.of_type().is_some() => "method",
        SymbolKind::Function | SymbolKind::Type | SymbolKind::Module | SymbolKind::Constant | SymbolKind::Macro => {
            symbol.kind.as_str()
        }
    }
}

/// The innermost definition that holds a place; out of range where none does.
fn innermost(symbols: &[Symbol], at: usize) -> usize {
    let mut candidate = symbols.partition_point(|symbol| symbol.start <= at).checked_sub(1);
    while let Some(index) = candidate {
        match symbols.get(index) {
            Some(symbol) if symbol.end <= at => candidate = symbol.outer,
            _holds => return index,
        }
    }
    usize::MAX
}

/// The line of a text that holds a place, trimmed; of a long line what is around the place.
fn line_at(text: &str, at: usize) -> &str {
    let near = text.floor_char_boundary(at.saturating_sub(MAX_BEFORE));
    let before = text.get(near..at).unwrap_or_default();
    let begin = near + before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(begin..).unwrap_or_default();
    let rest = rest.get(..rest.floor_char_boundary(2 * MAX_BEFORE)).unwrap_or_default();
    rest.lines().next().unwrap_or_default().trim()
}

/// `file:owner/name/path` in its two parts.
fn repository_and_path(key: &Key) -> Option<(&str, &str)> {
    let (owner_end, _) = key.local().match_indices('/').nth(1)?;
    Some((key.local().get(..owner_end)?, key.local().get(owner_end + 1..)?))
}
