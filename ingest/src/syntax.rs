//! Source code by its syntax, found by tree-sitter: what it defines, calls and imports.

mod calls;
mod grammar;
mod imports;
mod outline;
mod symbols;
mod table;

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser, Tree};

pub(crate) use self::calls::{Call, Through};
pub(crate) use self::grammar::Family;
pub use self::grammar::SymbolKind;
use self::grammar::{Grammar, Name, Rule};
pub(crate) use self::imports::{Import, is_major};
pub use self::outline::Syntax;
pub(crate) use self::symbols::lead_in;
use self::symbols::symbols_of;
pub use self::symbols::{Symbol, symbols};
use self::table::Part;

/// Larger files are not parsed.
const MAX_PARSED: usize = 512 * 1024;

/// Parsing is given up after this many callbacks (one per hundred steps of the parser), and more for each kibibyte:
/// the median of 2,700 files in these languages was 7 for each, the most 29. Steps, not time: the same file must give
/// the same chunks on every machine.
const BASE_STEPS: usize = 500;
const STEPS_PER_KIB: usize = 40;

/// Definitions nested deeper are not told apart from the ones that hold them.
const MAX_DEPTH: usize = 12;

/// A name longer than this is none.
const MAX_NAME: usize = 256;

/// Calls and imports of a file beyond these are not read.
const MAX_CALLS: usize = 20_000;
const MAX_IMPORTS: usize = 2_000;

/// All that a source file says by its syntax.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its language's family.
    pub(crate) family: Family,
    /// The definitions, in order.
    pub(crate) symbols: Vec<Symbol>,
    /// The calls, in order.
    pub(crate) calls: Vec<Call>,
    /// The imports, in order.
    pub(crate) imports: Vec<Import>,
    /// The package that the file says to belong to (Java).
    pub(crate) package: Option<String>,
}

/// Read a file; `None` where the language of its extension is unknown or it cannot be parsed.
pub(crate) fn read(path: &str, text: &str) -> Option<Source> {
    let grammar = Grammar::of_path(path)?;
    let tree = parse(grammar, text)?;
    let mut source = Source {
        family: grammar.family(),
        symbols: symbols_of(walk(grammar, &tree, text), text),
        calls: Vec::new(),
        imports: Vec::new(),
        package: None,
    };
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if source.calls.len() < MAX_CALLS {
            source.calls.extend(calls::call(grammar, &node, text));
        }
        if source.imports.len() < MAX_IMPORTS {
            source.imports.extend(imports::imports(grammar, &node, text));
        }
        if node.kind() == "package_declaration" {
            source.package = node
                .named_child(0)
                .and_then(|name| text_of(&name, text))
                .map(str::to_owned);
        }
        if !cursor.goto_first_child() && !next(&mut cursor) {
            break;
        }
    }
    within_modules(&mut source);
    Some(source)
}

/// In a Rust module within the file, `super` is the file itself or a module in it.
fn within_modules(source: &mut Source) {
    let modules: Vec<(usize, usize)> = source
        .symbols
        .iter()
        .filter(|symbol| symbol.kind == SymbolKind::Module)
        .map(|symbol| (symbol.start, symbol.end))
        .collect();
    for import in source
        .imports
        .iter_mut()
        .filter(|import| import.module.starts_with("super"))
    {
        let around = modules
            .iter()
            .filter(|(start, end)| (*start..*end).contains(&import.start));
        for _ in around {
            import.module = match import.module.strip_prefix("super::") {
                Some(rest) => rest.to_owned(),
                None if import.module == "super" => "self".to_owned(),
                None => break,
            };
        }
        let rooted = ["super", "self", "crate"]
            .iter()
            .any(|root| import.module.starts_with(root));
        if !rooted {
            import.module.insert_str(0, "self::");
        }
    }
}

/// A definition, or a scope that defines nothing by itself (an `impl`).
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// The type that a method names beside its own name.
    pub(crate) qualifier: Option<String>,
    pub(crate) kind: Option<SymbolKind>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Definition {
    fn names(&self) -> impl Iterator<Item = &String> {
        self.qualifier.iter().chain(std::iter::once(&self.name))
    }

    /// The name with its qualifier.
    pub(crate) fn shown(&self) -> String {
        self.names().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

/// Definitions by their starts, outer before inner; spans nest. `None` where the file cannot be parsed.
pub(crate) fn definitions(path: &str, text: &str) -> Option<Vec<Definition>> {
    let grammar = Grammar::of_path(path)?;
    let tree = parse(grammar, text)?;
    Some(walk(grammar, &tree, text))
}

fn parse(grammar: Grammar, text: &str) -> Option<Tree> {
    if text.len() > MAX_PARSED || text.trim().is_empty() {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&grammar.language()).ok()?;
    let mut steps = BASE_STEPS + text.len() / 1024 * STEPS_PER_KIB;
    let mut progress = |_: &tree_sitter::ParseState| {
        steps = steps.saturating_sub(1);
        if steps == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let bytes = text.as_bytes();
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// A statement that holds a definition and begins before it: `export`, `const`, decorators.
struct Wrapper {
    depth: u32,
    start: usize,
    end: usize,
}

fn walk(grammar: Grammar, tree: &Tree, text: &str) -> Vec<Definition> {
    let mut out: Vec<Definition> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut wrapper: Option<Wrapper> = None;
    let parts = table::parts(grammar);
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        while ends.pop_if(|end| *end <= node.start_byte()).is_some() {}
        match parts.get(usize::from(node.kind_id())) {
            Some(Part::Wrapper) => {
                let covered = wrapper
                    .as_ref()
                    .is_some_and(|it| it.end >= node.end_byte() && cursor.depth() <= it.depth + 1);
                if !covered {
                    wrapper = Some(Wrapper {
                        depth: cursor.depth(),
                        start: node.start_byte(),
                        end: node.end_byte(),
                    });
                }
            }
            Some(Part::Definition(rule)) if ends.len() < MAX_DEPTH => {
                if let Some(mut definition) = define(rule, &node, text) {
                    let near = |it: &Wrapper| it.end >= node.end_byte() && cursor.depth() <= it.depth + 2;
                    if let Some(it) = wrapper.take().filter(near) {
                        definition.start = it.start;
                    }
                    definition.end = definition.end.min(ends.last().copied().unwrap_or(usize::MAX));
                    ends.push(definition.end);
                    out.push(definition);
                }
            }
            Some(Part::Definition(_) | Part::Other) | None => {}
        }
        if !cursor.goto_first_child() && !next(&mut cursor) {
            return out;
        }
    }
}

/// Go to the next node that is not below this one; false at the end.
fn next(cursor: &mut tree_sitter::TreeCursor<'_>) -> bool {
    loop {
        if cursor.goto_next_sibling() {
            return true;
        }
        if !cursor.goto_parent() {
            return false;
        }
    }
}

fn define(rule: &Rule, node: &Node<'_>, text: &str) -> Option<Definition> {
    let (name, qualifier) = match rule.name {
        Name::Field(field) => (text_of(&node.child_by_field_name(field)?, text)?, None),
        Name::OfBody(field) => {
            node.child_by_field_name("body")?;
            (text_of(&node.child_by_field_name(field)?, text)?, None)
        }
        Name::Receiver => {
            let name = text_of(&node.child_by_field_name("name")?, text)?;
            (
                name,
                node.child_by_field_name("receiver")
                    .and_then(|it| receiver(text_of(&it, text)?)),
            )
        }
        Name::Declarator => declarator(node, text)?,
        Name::Function { name, value } => {
            let value = node.child_by_field_name(value)?;
            let functions = ["arrow_function", "function_expression", "generator_function", "class"];
            functions.contains(&value.kind()).then_some(())?;
            (text_of(&node.child_by_field_name(name)?, text)?, None)
        }
    };
    let name = name.split('<').next().unwrap_or(name);
    let name = name
        .rsplit(['.', ':'])
        .next()
        .unwrap_or(name)
        .trim_matches(['"', '\'', '`', ' ', '[', ']']);
    let good = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_whitespace);
    let qualifier = qualifier.filter(|it| it.len() <= MAX_NAME);
    let (kind, start, end) = (rule.kind, node.start_byte(), node.end_byte());
    good.then(|| Definition {
        name: name.to_owned(),
        qualifier,
        kind,
        start,
        end,
    })
}

fn text_of<'a>(node: &Node<'_>, text: &'a str) -> Option<&'a str> {
    text.get(node.start_byte()..node.end_byte())
}

/// The type in a Go receiver: `(s *Server[T])` → `Server`.
fn receiver(text: &str) -> Option<String> {
    let inside = text.trim_matches(['(', ')', ' ']);
    let of_type = inside.split('[').next()?.rsplit([' ', '*']).next()?;
    Some(of_type.to_owned()).filter(|it| !it.is_empty())
}

/// The name in a C or C++ declarator, below pointers, parameters and qualifiers.
fn declarator<'a>(node: &Node<'_>, text: &'a str) -> Option<(&'a str, Option<String>)> {
    let mut at = node.child_by_field_name("declarator")?;
    for _ in 0..16 {
        match at.kind() {
            "qualified_identifier" => {
                let whole = text_of(&at, text)?;
                let (scope, name) = whole.rsplit_once("::")?;
                let scope = scope.split('<').next().unwrap_or(scope).trim();
                return Some((name, Some(scope.to_owned()).filter(|it| !it.is_empty())));
            }
            "identifier" | "field_identifier" | "type_identifier" | "destructor_name" | "operator_name" => {
                return Some((text_of(&at, text)?, None));
            }
            _ => at = at.child_by_field_name("declarator").or_else(|| at.named_child(0))?,
        }
    }
    None
}
