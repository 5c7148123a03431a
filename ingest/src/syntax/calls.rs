//! Which nodes of each language's grammar call something, and what they call it through.

use tree_sitter::Node;

use super::grammar::{Family, Grammar};
use super::text_of;

/// Longer names and qualifiers are none that a person writes.
const MAX_NAME: usize = 128;

/// What stands before the name that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Through {
    /// Nothing.
    Bare,
    /// The object or type that the code is part of: `self`, `this`, `Self`.
    Own,
    /// A plain path of names: a type, a module, a variable.
    Path(Vec<String>),
    /// An expression whose type only a compiler knows.
    Value,
}

/// A call in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The name that is called.
    pub(crate) name: String,
    /// What it is called through.
    pub(crate) through: Through,
    /// Where the call starts, in bytes.
    pub(crate) start: usize,
}

/// The call that a node makes, if it makes one.
pub(super) fn call(grammar: Grammar, node: &Node<'_>, text: &str) -> Option<Call> {
    let callee = match (grammar.family(), node.kind()) {
        (Family::Rust | Family::Script | Family::Go | Family::C, "call_expression") | (Family::Python, "call") => {
            node.child_by_field_name("function")?
        }
        (Family::Rust, "macro_invocation") => node.child_by_field_name("macro")?,
        (Family::Script, "new_expression") => node.child_by_field_name("constructor")?,
        (Family::Script, "jsx_opening_element" | "jsx_self_closing_element") => component(node, text)?,
        (Family::C, "new_expression") | (Family::Java, "object_creation_expression") => {
            node.child_by_field_name("type")?
        }
        (Family::Java, "method_invocation") => *node,
        _other => return None,
    };
    let (name, through) = match grammar.family() {
        Family::Rust => rust(&callee, text)?,
        Family::Java => java(&callee, text)?,
        Family::C => c(&callee, text)?,
        Family::Python => member(&callee, text, ("attribute", "object", "attribute"))?,
        Family::Script => member(&callee, text, ("member_expression", "object", "property"))?,
        Family::Go => member(&callee, text, ("selector_expression", "operand", "field"))?,
    };
    let good = (1..=MAX_NAME).contains(&name.len()) && name.chars().all(|c| c.is_alphanumeric() || "_$".contains(c));
    good.then(|| Call {
        name: name.to_owned(),
        through,
        start: node.start_byte(),
    })
}

/// The component that a JSX element names; lower-case elements are the browser's.
fn component<'tree>(node: &Node<'tree>, text: &str) -> Option<Node<'tree>> {
    let name = node.child_by_field_name("name")?;
    let upper = text_of(&name, text)?.starts_with(|c: char| c.is_ascii_uppercase());
    upper.then_some(name)
}

/// `f`, `x.f`: where the grammar's member node is called so and holds both in these fields.
fn member<'a>(callee: &Node<'_>, text: &'a str, node: (&str, &str, &str)) -> Option<(&'a str, Through)> {
    let (kind, object, property) = node;
    if callee.kind() != kind {
        return plain(callee, text);
    }
    let object = text_of(&callee.child_by_field_name(object)?, text)?;
    let name = text_of(&callee.child_by_field_name(property)?, text)?;
    Some((name, through(object, ".")))
}

/// A callee that is a bare name.
fn plain<'a>(callee: &Node<'_>, text: &'a str) -> Option<(&'a str, Through)> {
    let bare = matches!(callee.kind(), "identifier" | "type_identifier");
    bare.then(|| text_of(callee, text))
        .flatten()
        .map(|it| (it, Through::Bare))
}

fn rust<'a>(callee: &Node<'_>, text: &'a str) -> Option<(&'a str, Through)> {
    match callee.kind() {
        "generic_function" => rust(&callee.child_by_field_name("function")?, text),
        "field_expression" => {
            let value = text_of(&callee.child_by_field_name("value")?, text)?;
            let name = text_of(&callee.child_by_field_name("field")?, text)?;
            Some((name, if value == "self" { Through::Own } else { Through::Value }))
        }
        "scoped_identifier" => {
            let name = text_of(&callee.child_by_field_name("name")?, text)?;
            let path = callee
                .child_by_field_name("path")
                .and_then(|path| text_of(&path, text))
                .unwrap_or_default();
            Some((name, through(path, "::")))
        }
        _other => plain(callee, text),
    }
}

fn java<'a>(callee: &Node<'_>, text: &'a str) -> Option<(&'a str, Through)> {
    match callee.kind() {
        "method_invocation" => {
            let name = text_of(&callee.child_by_field_name("name")?, text)?;
            let object = callee.child_by_field_name("object");
            let object = object.and_then(|object| text_of(&object, text));
            Some((name, object.map_or(Through::Bare, |object| through(object, "."))))
        }
        "generic_type" => java(&callee.named_child(0)?, text),
        "scoped_type_identifier" => Some((text_of(callee, text)?.rsplit('.').next()?.trim(), Through::Bare)),
        _other => plain(callee, text),
    }
}

fn c<'a>(callee: &Node<'_>, text: &'a str) -> Option<(&'a str, Through)> {
    match callee.kind() {
        "field_expression" => {
            let object = text_of(&callee.child_by_field_name("argument")?, text)?;
            let field = callee.child_by_field_name("field")?;
            let name = text_of(&field, text)?.split('<').next()?;
            Some((name, if object == "this" { Through::Own } else { Through::Value }))
        }
        "qualified_identifier" => {
            let (scope, name) = text_of(callee, text)?.split('(').next()?.rsplit_once("::")?;
            Some((name.split('<').next()?.trim(), through(scope, "::")))
        }
        "template_function" => plain(&callee.child_by_field_name("name")?, text),
        _other => plain(callee, text),
    }
}

/// What a qualifier as written says.
fn through(written: &str, separator: &str) -> Through {
    let written = written.trim();
    if matches!(written, "self" | "this" | "cls" | "Self") {
        return Through::Own;
    }
    if written.len() > 2 * MAX_NAME {
        return Through::Value;
    }
    let bare = without_arguments(written);
    let name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_$".contains(c));
    let parts: Vec<String> = bare
        .split(separator)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    if !parts.is_empty() && parts.iter().all(|part| name(part)) {
        Through::Path(parts)
    } else {
        Through::Value
    }
}

/// A path without type arguments: `Vec::<u8>` → `Vec::`.
fn without_arguments(written: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::with_capacity(written.len());
    for c in written.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _argument => {}
        }
    }
    out
}
