//! Which nodes of each language's grammar define something, and where their names stand.

use serde::{Deserialize, Serialize};
use tree_sitter::Language;

use crate::normalize::extension;

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SymbolKind {
    /// A function, method or constructor.
    Function,
    /// A class, struct, enum, interface, trait or alias.
    Type,
    /// A module or namespace.
    Module,
    /// A constant or static.
    Constant,
    /// A macro.
    Macro,
}

impl SymbolKind {
    /// The name used in filters and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Type => "type",
            Self::Module => "module",
            Self::Constant => "constant",
            Self::Macro => "macro",
        }
    }
}

/// Where a definition's name stands.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// In this field.
    Field(&'static str),
    /// In this field, of a node that has a body: without one it only uses the name.
    OfBody(&'static str),
    /// In `name`, qualified by the type of `receiver`.
    Receiver,
    /// Within `declarator`.
    Declarator,
    /// In one field, if the other holds a function.
    Function { name: &'static str, value: &'static str },
}

/// A node that defines something.
pub(super) struct Rule {
    pub(super) node: &'static str,
    /// `None`: only a scope.
    pub(super) kind: Option<SymbolKind>,
    pub(super) name: Name,
}

const fn rule(node: &'static str, kind: SymbolKind, name: Name) -> Rule {
    Rule {
        node,
        kind: Some(kind),
        name,
    }
}

use SymbolKind::{Constant, Function, Macro, Module, Type};

const NAME: Name = Name::Field("name");

const RUST: &[Rule] = &[
    rule("function_item", Function, NAME),
    rule("function_signature_item", Function, NAME),
    rule("struct_item", Type, NAME),
    rule("enum_item", Type, NAME),
    rule("union_item", Type, NAME),
    rule("trait_item", Type, NAME),
    rule("type_item", Type, NAME),
    rule("mod_item", Module, NAME),
    rule("const_item", Constant, NAME),
    rule("static_item", Constant, NAME),
    rule("macro_definition", Macro, NAME),
    Rule {
        node: "impl_item",
        kind: None,
        name: Name::Field("type"),
    },
];

const PYTHON: &[Rule] = &[
    rule("function_definition", Function, NAME),
    rule("class_definition", Type, NAME),
];

const SCRIPT: &[Rule] = &[
    rule("function_declaration", Function, NAME),
    rule("generator_function_declaration", Function, NAME),
    rule("function_signature", Function, NAME),
    rule("method_definition", Function, NAME),
    rule("class_declaration", Type, NAME),
    rule("abstract_class_declaration", Type, NAME),
    rule("interface_declaration", Type, NAME),
    rule("type_alias_declaration", Type, NAME),
    rule("enum_declaration", Type, NAME),
    rule("internal_module", Module, NAME),
    rule("module", Module, NAME),
    rule(
        "variable_declarator",
        Function,
        Name::Function {
            name: "name",
            value: "value",
        },
    ),
    rule(
        "assignment_expression",
        Function,
        Name::Function {
            name: "left",
            value: "right",
        },
    ),
    rule(
        "pair",
        Function,
        Name::Function {
            name: "key",
            value: "value",
        },
    ),
    rule(
        "field_definition",
        Function,
        Name::Function {
            name: "property",
            value: "value",
        },
    ),
    rule(
        "public_field_definition",
        Function,
        Name::Function {
            name: "name",
            value: "value",
        },
    ),
];

const JAVA: &[Rule] = &[
    rule("method_declaration", Function, NAME),
    rule("constructor_declaration", Function, NAME),
    rule("class_declaration", Type, NAME),
    rule("interface_declaration", Type, NAME),
    rule("enum_declaration", Type, NAME),
    rule("record_declaration", Type, NAME),
    rule("annotation_type_declaration", Type, NAME),
];

const GO: &[Rule] = &[
    rule("function_declaration", Function, NAME),
    rule("method_declaration", Function, Name::Receiver),
    rule("type_spec", Type, NAME),
    rule("type_alias", Type, NAME),
];

/// C and C++: the former's grammar has fewer of these nodes.
const C: &[Rule] = &[
    rule("function_definition", Function, Name::Declarator),
    rule("struct_specifier", Type, Name::OfBody("name")),
    rule("union_specifier", Type, Name::OfBody("name")),
    rule("enum_specifier", Type, Name::OfBody("name")),
    rule("class_specifier", Type, Name::OfBody("name")),
    rule("type_definition", Type, Name::Declarator),
    rule("alias_declaration", Type, NAME),
    rule("concept_definition", Type, NAME),
    rule("namespace_definition", Module, NAME),
    rule("preproc_function_def", Macro, NAME),
];

/// Languages whose code can call each other by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Rust,
    Python,
    /// JavaScript and TypeScript.
    Script,
    Java,
    Go,
    /// C and C++.
    C,
}

impl Family {
    /// The name in keys.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Script => "script",
            Self::Java => "java",
            Self::Go => "go",
            Self::C => "c",
        }
    }
}

/// A language that can be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Rust,
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Java,
    Go,
    C,
    Cpp,
}

impl Grammar {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Cpp as usize + 1;

    /// By a path's extension. Headers are read as C++, which C headers nearly always are too.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match extension(path)?.as_str() {
            "rs" => Some(Self::Rust),
            "py" | "pyi" => Some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            "java" => Some(Self::Java),
            "go" => Some(Self::Go),
            "c" => Some(Self::C),
            "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => Some(Self::Cpp),
            _ => None,
        }
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Rust => Family::Rust,
            Self::Python => Family::Python,
            Self::JavaScript | Self::TypeScript | Self::Tsx => Family::Script,
            Self::Java => Family::Java,
            Self::Go => Family::Go,
            Self::C | Self::Cpp => Family::C,
        }
    }

    pub(super) fn language(self) -> Language {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::C => tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => tree_sitter_cpp::LANGUAGE.into(),
        }
    }

    pub(super) fn rules(self) -> &'static [Rule] {
        match self {
            Self::Rust => RUST,
            Self::Python => PYTHON,
            Self::JavaScript | Self::TypeScript | Self::Tsx => SCRIPT,
            Self::Java => JAVA,
            Self::Go => GO,
            Self::C | Self::Cpp => C,
        }
    }

    /// Whether a definition within this node begins where the node begins.
    pub(super) fn wraps(self, node: &str) -> bool {
        match self {
            Self::JavaScript | Self::TypeScript | Self::Tsx => {
                matches!(
                    node,
                    "export_statement" | "lexical_declaration" | "variable_declaration" | "expression_statement"
                )
            }
            Self::Python => node == "decorated_definition",
            Self::C | Self::Cpp => node == "template_declaration",
            Self::Go => node == "type_declaration",
            Self::Rust | Self::Java => false,
        }
    }
}
