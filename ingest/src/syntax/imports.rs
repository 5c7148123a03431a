//! Which nodes of each language's grammar import something, under which names.

use tree_sitter::Node;

use super::grammar::{Family, Grammar};
use super::text_of;

/// A longer statement is read no further.
const MAX_STATEMENT: usize = 16 * 1024;
/// Braces of a Rust `use` nested deeper are not read.
const MAX_NESTING: usize = 8;

/// One name that a file imports, or a module that it imports as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Import {
    /// The module as written: `crate::seam`, `..models`, `./parse`, `com.acme.pay`, `net/http.h`.
    pub(crate) module: String,
    /// What is taken out of the module; absent where that is the module itself.
    pub(crate) item: Option<String>,
    /// Under which name it is used here; absent where nothing is named.
    pub(crate) local: Option<String>,
    /// Whether everything in the module is taken.
    pub(crate) glob: bool,
    /// Where the statement starts, in bytes.
    pub(crate) start: usize,
}

impl Import {
    fn whole(module: &str, local: Option<&str>) -> Self {
        Self {
            module: module.to_owned(),
            local: local.map(str::to_owned),
            ..Self::default()
        }
    }

    fn item(module: &str, item: &str, local: &str) -> Self {
        Self {
            item: Some(item.to_owned()),
            ..Self::whole(module, Some(local))
        }
    }

    fn glob(module: &str) -> Self {
        Self {
            glob: true,
            ..Self::whole(module, None)
        }
    }
}

/// The imports that a node makes.
pub(super) fn imports(grammar: Grammar, node: &Node<'_>, text: &str) -> Vec<Import> {
    let statement = || text_of(node, text).filter(|it| it.len() <= MAX_STATEMENT);
    let made = match (grammar.family(), node.kind()) {
        (Family::Rust, "use_declaration") => node
            .child_by_field_name("argument")
            .and_then(|tree| text_of(&tree, text))
            .filter(|tree| tree.len() <= MAX_STATEMENT)
            .map(use_tree),
        (Family::Rust, "mod_item") if node.child_by_field_name("body").is_none() => node
            .child_by_field_name("name")
            .and_then(|name| text_of(&name, text))
            .map(|name| vec![Import::whole(&format!("mod::{name}"), Some(name))]),
        (Family::Python, "import_statement" | "import_from_statement") => Some(python(node, text)),
        (Family::Script, "import_statement" | "export_statement") => script(node, text),
        (Family::Script, "call_expression") => require(node, text),
        (Family::Java, "import_declaration") => statement().and_then(java),
        (Family::Go, "import_spec") => go(node, text),
        (Family::C, "preproc_include") => include(node, text),
        _other => None,
    };
    let mut made = made.unwrap_or_default();
    for import in &mut made {
        import.start = node.start_byte();
    }
    made
}

/// The leaves of a Rust `use` tree.
fn use_tree(tree: &str) -> Vec<Import> {
    let plain: String = tree
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut out = Vec::new();
    leaves("", &plain, 0, &mut out);
    out
}

fn leaves(before: &str, tree: &str, depth: usize, out: &mut Vec<Import>) {
    let tree = tree.trim();
    if depth > MAX_NESTING || tree.is_empty() {
        return;
    }
    if let Some((path, list)) = tree.split_once('{') {
        let list = list.trim_end().strip_suffix('}').unwrap_or(list);
        let path = joined(before, path.trim().trim_end_matches(':'));
        for part in split_list(list) {
            leaves(&path, part, depth + 1, out);
        }
        return;
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path.trim(), Some(alias.trim())),
        None => (tree, None),
    };
    let path = joined(before, path);
    let Some((module, item)) = path.rsplit_once("::") else {
        out.push(Import::whole(&path, Some(alias.unwrap_or(&path))));
        return;
    };
    out.push(match item {
        "*" => Import::glob(module),
        "self" => Import::whole(module, alias.or_else(|| module.rsplit("::").next())),
        item => Import::item(module, item, alias.unwrap_or(item)),
    });
}

fn joined(before: &str, path: &str) -> String {
    let path = path.split_whitespace().collect::<String>();
    let path = path.trim_start_matches("::");
    if before.is_empty() || path.is_empty() {
        format!("{before}{path}")
    } else {
        format!("{before}::{path}")
    }
}

/// The parts between the commas that are in no braces.
fn split_list(list: &str) -> Vec<&str> {
    let (mut depth, mut from) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(list.get(from..at));
                from = at + 1;
            }
            _inside => {}
        }
    }
    parts.extend(list.get(from..));
    parts
}

fn python(node: &Node<'_>, text: &str) -> Vec<Import> {
    let module = node
        .child_by_field_name("module_name")
        .and_then(|module| text_of(&module, text));
    let mut cursor = node.walk();
    let mut out = Vec::new();
    for name in node.children_by_field_name("name", &mut cursor) {
        let part = |field: &str| name.child_by_field_name(field).and_then(|it| text_of(&it, text));
        let (Some(item), alias) = (part("name").or_else(|| text_of(&name, text)), part("alias")) else {
            continue;
        };
        out.push(match module {
            Some(module) => Import::item(module, item, alias.unwrap_or(item)),
            // `import a.b` makes `a` known, `import a.b as c` makes `c` known as `a.b`.
            None => Import::whole(item, Some(alias.unwrap_or(item))),
        });
    }
    if out.is_empty() {
        out.extend(module.map(Import::glob));
    }
    out
}

fn script(node: &Node<'_>, text: &str) -> Option<Vec<Import>> {
    let module = quoted(text_of(&node.child_by_field_name("source")?, text)?)?;
    let mut out = vec![Import::whole(module, None)];
    let mut pending: Vec<Node<'_>> = named_children(node);
    while let Some(part) = pending.pop() {
        let field = |field: &str| part.child_by_field_name(field).and_then(|it| text_of(&it, text));
        match part.kind() {
            "import_clause" | "named_imports" => pending.extend(named_children(&part)),
            "import_specifier" => {
                if let Some(name) = field("name") {
                    out.push(Import::item(module, name, field("alias").unwrap_or(name)));
                }
            }
            // A default import may be called as one likes; most call it what it is.
            "identifier" => out.extend(text_of(&part, text).map(|name| Import::item(module, name, name))),
            "namespace_import" => {
                let name = part.named_child(0).and_then(|name| text_of(&name, text));
                out.push(Import::whole(module, name));
            }
            _other => {}
        }
    }
    Some(out)
}

fn named_children<'tree>(node: &Node<'tree>) -> Vec<Node<'tree>> {
    node.named_children(&mut node.walk()).collect()
}

/// `require('./x')` and `import('./x')`, with the names that a declaration around it takes.
fn require(node: &Node<'_>, text: &str) -> Option<Vec<Import>> {
    let function = text_of(&node.child_by_field_name("function")?, text)?;
    matches!(function, "require" | "import").then_some(())?;
    let argument = node.child_by_field_name("arguments")?.named_child(0)?;
    let module = quoted(text_of(&argument, text)?)?;
    let mut out = vec![Import::whole(module, None)];
    let declarator = node.parent().filter(|it| it.kind() == "variable_declarator");
    if let Some(name) = declarator.and_then(|it| it.child_by_field_name("name")) {
        match name.kind() {
            "identifier" => out.push(Import::whole(module, text_of(&name, text))),
            "object_pattern" => {
                for part in named_children(&name) {
                    let field = |field: &str| part.child_by_field_name(field).and_then(|it| text_of(&it, text));
                    let item = field("key").or_else(|| text_of(&part, text));
                    out.extend(item.map(|item| Import::item(module, item, field("value").unwrap_or(item))));
                }
            }
            _other => {}
        }
    }
    Some(out)
}

fn quoted(text: &str) -> Option<&str> {
    let inside = text.trim_matches(['"', '\'', '`']);
    (!inside.is_empty() && inside.len() <= 1024 && !inside.contains(['"', '\'', '`', '\n', '$'])).then_some(inside)
}

fn java(statement: &str) -> Option<Vec<Import>> {
    let path = statement.strip_prefix("import")?.trim().trim_end_matches(';').trim();
    let (path, is_static) = match path.strip_prefix("static ") {
        Some(path) => (path.trim(), true),
        None => (path, false),
    };
    let path: String = path.split_whitespace().collect();
    let (module, item) = path.rsplit_once('.')?;
    Some(vec![match (item, is_static) {
        ("*", _) => Import::glob(module),
        // A static import takes a member out of a class, another one a class out of its package: the class is the module.
        (item, true) => Import::item(module, item, item),
        (item, false) => Import::whole(&path, Some(item)),
    }])
}

fn go(node: &Node<'_>, text: &str) -> Option<Vec<Import>> {
    let path = quoted(text_of(&node.child_by_field_name("path")?, text)?)?;
    let name = node.child_by_field_name("name").and_then(|name| text_of(&name, text));
    Some(vec![match name {
        Some(".") => Import::glob(path),
        Some("_") => Import::whole(path, None),
        name => Import::whole(path, name.or_else(|| path.rsplit('/').find(|part| !is_major(part)))),
    }])
}

/// Whether a part of a Go import path is only a major version: `v2`.
pub(crate) fn is_major(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn include(node: &Node<'_>, text: &str) -> Option<Vec<Import>> {
    let path = node
        .child_by_field_name("path")
        .filter(|path| path.kind() == "string_literal")?;
    Some(vec![Import::whole(quoted(text_of(&path, text)?)?, None)])
}
