//! What a call in a file means: a definition in the same file, or a name that another file of the repository may define.
//!
//! | the call | leads to | confidence |
//! |---|---|---|
//! | `f()`, defined in the file where the call sees it | the definition | 0.95 |
//! | `self.f()`, `T.f()`, where the file defines that method | the definition | 0.95 |
//! | `self.f()` without a definition here | the name `T.f`, or `f` where types inherit | 0.6 |
//! | `f()`, `T.f()`, `module.f()`, imported from the repository | the name | 0.8 |
//! | `f()`, `T.f()` by the rules of a language that shares a package or header without naming it | the name | 0.6 |
//! | `value.f()`, where few types have an `f` | the name | 0.4 |
//! | anything else | nothing | |

use std::collections::HashMap;

use super::{File, foreign};
use crate::syntax::{Call, Family, Import, Symbol, SymbolKind, Through};

const OWN: f32 = 0.95;
const IMPORTED: f32 = 0.8;
const SHARED: f32 = 0.6;
const VALUE: f32 = 0.4;
/// Definitions of one name in a file among which a call is looked for.
const MAX_CANDIDATES: usize = 64;

/// Where a call leads.
#[derive(Debug, PartialEq)]
pub(super) enum To {
    /// To a definition of the file, by its index.
    Symbol(usize),
    /// To whatever is called so.
    Name(String),
}

/// A call that leads somewhere.
#[derive(Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) to: To,
    pub(super) confidence: f32,
}

/// Binds the calls of one file.
pub(super) struct Binder<'a> {
    file: &'a File<'a>,
    /// What the file imports, by the names that it has here; whether it can be of the repository.
    imported: HashMap<&'a str, (&'a Import, bool)>,
    /// Whether everything of some module of the repository is known here.
    glob: bool,
}

impl<'a> Binder<'a> {
    pub(super) fn new(file: &'a File<'a>) -> Self {
        let (mut imported, mut glob) = (HashMap::new(), false);
        for import in &file.source.imports {
            let ours = file.place.is_ours(import);
            glob |= import.glob && ours && import.module != "self";
            if let Some(local) = &import.local {
                imported.insert(local.as_str(), (import, ours));
            }
        }
        Self { file, imported, glob }
    }

    /// Where a call within `caller` leads.
    pub(super) fn bind(&self, call: &Call, caller: Option<&Symbol>) -> Option<Bound> {
        match &call.through {
            Through::Bare => self.bare(&call.name, caller),
            Through::Own => self.own(&call.name, caller),
            Through::Path(path) => self.path(path, &call.name),
            Through::Value => value(&call.name),
        }
    }

    fn bare(&self, name: &str, caller: Option<&Symbol>) -> Option<Bound> {
        if let Some(index) = self.visible(name, caller) {
            return Some(symbol(index));
        }
        match self.imported.get(name) {
            Some((import, ours)) => ours.then(|| named(import.item.as_deref().unwrap_or(name), IMPORTED)),
            None => (self.shares() || self.glob).then(|| shared(name)).flatten(),
        }
    }

    /// The definition that a bare name means within `caller`: the nearest that encloses it or stands beside what does. Only
    /// Java and C++ see the methods of a type so.
    fn visible(&self, name: &str, caller: Option<&Symbol>) -> Option<usize> {
        let enclosing: Vec<&String> = caller.into_iter().flat_map(Symbol::names).collect();
        let sees = |symbol: &Symbol| {
            let free = symbol.of_type().is_none() || matches!(self.file.family, Family::Java | Family::C);
            let within = symbol.parents.len() <= enclosing.len()
                && symbol.parents.iter().zip(&enclosing).all(|(one, other)| one == *other);
            free && within
        };
        let candidates = self.file.by_name.get(name)?.iter().copied().take(MAX_CANDIDATES);
        let near = candidates.filter(|index| self.symbol(*index).is_some_and(sees));
        near.max_by_key(|index| self.symbol(*index).map_or(0, |symbol| symbol.parents.len()))
    }

    fn own(&self, name: &str, caller: Option<&Symbol>) -> Option<Bound> {
        let of_type = caller.and_then(|caller| self.around(caller))?;
        if let Some(index) = self.method(of_type, name) {
            return Some(symbol(index));
        }
        if matches!(self.file.family, Family::Rust | Family::Go) {
            return Some(named(&format!("{of_type}.{name}"), SHARED));
        }
        (!foreign::is_common_method(name)).then(|| named(name, SHARED))
    }

    /// The type that a definition is part of, or that the definition around it is part of.
    fn around<'s>(&'s self, caller: &'s Symbol) -> Option<&'s str> {
        let mut at = Some(caller);
        while let Some(symbol) = at {
            if let Some(of_type) = symbol.of_type() {
                return Some(of_type);
            }
            if symbol.kind == SymbolKind::Type {
                return Some(&symbol.name);
            }
            at = symbol.outer.and_then(|outer| self.symbol(outer));
        }
        None
    }

    fn path(&self, path: &[String], name: &str) -> Option<Bound> {
        let last = path.last()?;
        if let Some(index) = self.method(last, name) {
            return Some(symbol(index));
        }
        if self.file.family == Family::Rust {
            return self.rust_path(path, name);
        }
        let whole = path.join(".");
        let first = self.imported.get(whole.as_str());
        match first.or_else(|| self.imported.get(path.first()?.as_str())) {
            Some((import, true)) => {
                let item = import.item.as_deref().filter(|_| path.len() == 1);
                Some(named(&member(item.unwrap_or(last), name), IMPORTED))
            }
            Some((_, false)) => None,
            None => self.unknown_path(path, name),
        }
    }

    /// A Rust path: its root says whose it is. A variant of an enum is no call of anything.
    fn rust_path(&self, path: &[String], name: &str) -> Option<Bound> {
        let (first, last) = (path.first()?.as_str(), path.last()?);
        if is_upper(last) && is_upper(name) {
            return None;
        }
        if matches!(first, "crate" | "self" | "super") {
            let here = self
                .visible(name, None)
                .filter(|_| path.iter().all(|part| part == "self" || part == "super"));
            return Some(here.map_or_else(|| named(&member(last, name), IMPORTED), symbol));
        }
        match self.imported.get(first) {
            Some((import, ours)) => {
                let item = import.item.as_deref().filter(|_| path.len() == 1);
                ours.then(|| named(&member(item.unwrap_or(last), name), IMPORTED))
            }
            None if path.len() == 1 && is_upper(first) => {
                (self.glob && !foreign::is_builtin(first)).then(|| named(&member(first, name), SHARED))
            }
            // A crate that is named in full, or a module of this one that a glob brings.
            None => {
                let known = self.file.place.rust_path(first).is_some();
                known.then(|| named(&member(last, name), SHARED))
            }
        }
    }

    /// A path whose beginning the file does not import.
    fn unknown_path(&self, path: &[String], name: &str) -> Option<Bound> {
        let (first, last) = (path.first()?, path.last()?);
        match self.file.family {
            Family::Java if is_upper(last) => (!foreign::is_builtin(last)).then(|| named(&member(last, name), SHARED)),
            Family::C => (first != "std").then(|| named(&format!("{last}.{name}"), SHARED)),
            Family::Rust | Family::Python | Family::Script | Family::Java | Family::Go => value(name),
        }
    }

    /// Whether the language lets a file use names of other files that it does not import: a package's, a header's.
    fn shares(&self) -> bool {
        matches!(self.file.family, Family::Java | Family::Go | Family::C)
    }

    /// The method of a type that the file defines.
    fn method(&self, of_type: &str, name: &str) -> Option<usize> {
        let candidates = self.file.by_name.get(name)?;
        let of = |index: &&usize| {
            self.symbol(**index)
                .is_some_and(|symbol| symbol.of_type() == Some(of_type))
        };
        candidates.iter().take(MAX_CANDIDATES).find(of).copied()
    }

    fn symbol(&self, index: usize) -> Option<&Symbol> {
        self.file.source.symbols.get(index)
    }
}

/// A method of a value whose type is not known.
fn value(name: &str) -> Option<Bound> {
    (!foreign::is_common_method(name)).then(|| named(name, VALUE))
}

/// A name that the language lets a file use without saying where it is from.
fn shared(name: &str) -> Option<Bound> {
    (!foreign::is_builtin(name)).then(|| named(name, SHARED))
}

fn symbol(index: usize) -> Bound {
    Bound {
        to: To::Symbol(index),
        confidence: OWN,
    }
}

fn named(name: &str, confidence: f32) -> Bound {
    Bound {
        to: To::Name(name.to_owned()),
        confidence,
    }
}

/// What a function is called that is reached through a type or a module.
fn member(through: &str, name: &str) -> String {
    if is_upper(through) {
        format!("{through}.{name}")
    } else {
        name.to_owned()
    }
}

fn is_upper(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
