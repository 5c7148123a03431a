//! What files of each language assert about code.

mod languages;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AccessId, Body, Document, DocumentFacts, DocumentId, DocumentKind, EdgeKind, Key, Markup, NodeKind, SourceId,
};
use proptest::prelude::*;

use crate::facts::facts;
use crate::facts::sheet::MAX_EDGES;
use crate::references::{Directory, Text};

fn of(path: &str, code: &str) -> DocumentFacts {
    let source = SourceId::new("s").expect("slug");
    let key = Key::file("Acme/api", path);
    let document = Document {
        id: DocumentId::new(&source, key.as_str()),
        access: AccessId::new(&source, "all"),
        source,
        kind: DocumentKind::File,
        key,
        aliases: Vec::new(),
        container: Key::repository("acme/api"),
        title: path.into(),
        body: Body {
            markup: Markup::Code,
            text: code.into(),
        },
        url: None,
        author: None,
        created: None,
        updated: None,
        fields: BTreeMap::new(),
        links: Vec::new(),
    };
    let text = Text {
        text: "",
        code_spans: &[],
        links: &[],
        mentions: &[],
    };
    facts(&document, &text, &Directory::new(&[])).0
}

/// A key without the repository: `a.rs#f`, `#rust:f`, `a.rs`.
fn short(key: &Key) -> String {
    let local = key.local().strip_prefix("acme/api").unwrap_or(key.as_str());
    local.trim_start_matches('/').to_owned()
}

/// The edges of a kind and a rule as `from → to`.
fn edges(facts: &DocumentFacts, kind: EdgeKind, rule: &str) -> Vec<String> {
    let wanted = facts
        .edges
        .iter()
        .filter(|edge| edge.kind == kind && edge.rule.starts_with(rule));
    wanted
        .map(|edge| format!("{} → {}", short(&edge.from), short(&edge.to)))
        .collect()
}

fn calls(path: &str, code: &str) -> Vec<String> {
    edges(&of(path, code), EdgeKind::Calls, "code.call")
}

/// What a file imports, without its own name.
fn imports(path: &str, code: &str) -> Vec<String> {
    let all = edges(&of(path, code), EdgeKind::Imports, "code.import");
    all.into_iter()
        .map(|edge| edge.split(':').skip(1).collect::<Vec<_>>().join(":"))
        .collect()
}

/// The names under which others can import a file.
fn modules(path: &str, code: &str) -> Vec<String> {
    let all = edges(&of(path, code), EdgeKind::Defines, "code.module");
    all.into_iter()
        .map(|edge| edge.split('#').skip(1).collect::<Vec<_>>().join("#"))
        .collect()
}

#[test]
fn symbols_have_titles_lines_parents_and_names() {
    let code = "struct Sheet;\n\nimpl Sheet {\n    /// Adds.\n    #[inline]\n    fn edge(&self) {\n    }\n    fn new() {}\n}\n";
    let facts = of("src/a.rs", code);
    let told: Vec<_> = facts
        .nodes
        .iter()
        .filter(|node| node.kind == NodeKind::Symbol && node.key.as_str().contains("src/a.rs#"))
        .map(|node| {
            (
                short(&node.key),
                node.title.clone().unwrap_or_default(),
                node.aliases.clone(),
            )
        })
        .collect();
    let one = |key: &str, title: &str, aliases: &[&str]| {
        (
            key.to_owned(),
            title.to_owned(),
            aliases.iter().map(|it| (*it).to_owned()).collect(),
        )
    };
    assert_eq!(
        told,
        [
            one("src/a.rs#Sheet", "type Sheet", &["Sheet"]),
            one("src/a.rs#Sheet.edge", "method Sheet.edge", &["edge", "Sheet.edge"]),
            one("src/a.rs#Sheet.new", "method Sheet.new", &["new", "Sheet.new"]),
        ]
    );
    let lines: Vec<_> = facts
        .edges
        .iter()
        .filter(|edge| edge.rule == "code.definition")
        .map(|edge| edge.evidence.text.as_str())
        .collect();
    assert_eq!(
        lines,
        [
            "type Sheet, lines 1-1",
            "method Sheet.edge, lines 4-7",
            "method Sheet.new, lines 8-8"
        ]
    );
    assert_eq!(
        edges(&facts, EdgeKind::PartOf, "code.nesting"),
        [
            "src/a.rs#Sheet.edge → src/a.rs#Sheet",
            "src/a.rs#Sheet.new → src/a.rs#Sheet"
        ]
    );
    // So many types have a `new` that no call by the bare name leads anywhere.
    assert_eq!(
        edges(&facts, EdgeKind::Defines, "code.name"),
        [
            "src/a.rs#Sheet → #rust:Sheet",
            "src/a.rs#Sheet.edge → #rust:edge",
            "src/a.rs#Sheet.edge → #rust:Sheet.edge",
            "src/a.rs#Sheet.new → #rust:Sheet.new"
        ]
    );
}

#[test]
fn rust_calls() {
    let code = "use std::mem::swap;\nuse crate::text;\nuse super::sheet::{Sheet, clamp as cut};\nuse tokio::spawn;\n\
        fn helper() {}\n\
        struct Own;\nimpl Own {\n fn new() {}\n fn run(&self) {\n  helper();\n  Self::new();\n  self.elsewhere();\n  swap(a, b);\n\
        \n  text::path(b);\n  Sheet::new();\n  cut(x);\n  spawn(f);\n  Vec::<u8>::new();\n  x.unwrap();\n  x.resolve_names();\n\
        \n  crate::fault::reading(1);\n  serde_json::to_string(1);\n  Kind::Variant(1);\n  unknown(1);\n }\n}\n\
        mod tests {\n use super::*;\n fn check() { helper(); Own::new(); }\n}\n";
    assert_eq!(
        calls("app/src/facts/code.rs", code),
        [
            "app/src/facts/code.rs#Own.run → app/src/facts/code.rs#helper",
            "app/src/facts/code.rs#Own.run → app/src/facts/code.rs#Own.new",
            "app/src/facts/code.rs#Own.run → #rust:Own.elsewhere",
            "app/src/facts/code.rs#Own.run → #rust:path",
            "app/src/facts/code.rs#Own.run → #rust:Sheet.new",
            "app/src/facts/code.rs#Own.run → #rust:clamp",
            "app/src/facts/code.rs#Own.run → #rust:resolve_names",
            "app/src/facts/code.rs#Own.run → #rust:reading",
            "app/src/facts/code.rs#tests.check → app/src/facts/code.rs#helper",
            "app/src/facts/code.rs#tests.check → app/src/facts/code.rs#Own.new",
        ]
    );
    // Without a glob, what is not imported can only be the language's own.
    assert_eq!(
        calls("src/a.rs", "fn f() { unknown(1); Vec::new(); Some(1); }"),
        [""; 0]
    );
    let glob = "use super::*;\nfn f() { unknown(1); Other::new(); Vec::new(); Some(1); }";
    assert_eq!(
        calls("src/a/b.rs", glob),
        ["src/a/b.rs#f → #rust:unknown", "src/a/b.rs#f → #rust:Other.new"]
    );
}

#[test]
fn rust_modules() {
    assert_eq!(
        modules("domain/src/seam/graph.rs", "fn f() {}"),
        ["rust:domain::seam::graph"]
    );
    assert_eq!(modules("domain/src/lib.rs", "fn f() {}"), ["rust:domain"]);
    assert_eq!(modules("src/main.rs", "fn f() {}"), ["rust:api"]);
    assert_eq!(modules("my-app/src/a/mod.rs", "fn f() {}"), ["rust:my_app::a"]);
    assert_eq!(modules("app/tests/all/main.rs", "fn f() {}"), ["rust:app::tests::all"]);
    let code = "mod sheet;\nuse std::fmt;\nuse serde::Serialize;\nuse crate::references::{clamp, Context, scan};\n\
        use super::text;\nuse domain::seam::{graph, store::Changed};\nuse self::sheet::Sheet;\n\
        fn f() { text::cut(); graph::x(); }\nmod tests { use super::sheet::Sheet; use crate::known::Thing; }";
    assert_eq!(
        imports("ingest/src/facts.rs", code),
        [
            "ingest::facts::sheet",
            "ingest::references",
            "ingest::text",
            "domain::seam::graph",
            "domain::seam::store",
            "ingest::known",
        ]
    );
    assert_eq!(
        imports("app/tests/all/main.rs", "mod world;\nuse crate::world::World;"),
        ["app::tests::all::world"]
    );
    assert_eq!(imports("app/tests/api.rs", "mod common;"), ["app::tests::common"]);
}

#[test]
fn a_name_of_two_languages_is_two_names() {
    let rust = edges(&of("a.rs", "fn parse() {}"), EdgeKind::Defines, "code.name");
    let python = edges(&of("a.py", "def parse(): pass"), EdgeKind::Defines, "code.name");
    assert_eq!(
        (rust, python),
        (
            vec!["a.rs#parse → #rust:parse".to_owned()],
            vec!["a.py#parse → #python:parse".to_owned()]
        )
    );
}

#[test]
fn a_file_of_many_definitions_and_calls_stays_within_the_bound() {
    let code: Vec<String> = (0..900)
        .map(|n| format!("fn f{n}() {{ f{}(); x.method_{n}(); }}\n", n + 1))
        .collect();
    let facts = of("src/a.rs", &code.concat());
    assert_eq!(facts.edges.len(), MAX_EDGES);
    assert_eq!(
        edges(&facts, EdgeKind::Defines, "code.definition").len(),
        900,
        "the surest come first"
    );
}

#[test]
fn hostile_files_take_bounded_work() {
    let one_line = "f0();f1();f2();".repeat(13_000);
    let same = "fn f() {}\n".repeat(20_000) + "fn g() { f(); f(); }";
    let uses = format!("use a::{}x{};\nfn f() {{}}", "{b::".repeat(5_000), "}".repeat(5_000));
    let deep = format!("fn f() {{ {}1{} }}", "g(".repeat(20_000), ")".repeat(20_000));
    let started = std::time::Instant::now();
    for code in [format!("fn f0() {{ {one_line} }}"), same, uses, deep] {
        assert!(of("src/a.rs", &code).edges.len() <= MAX_EDGES);
    }
    for (path, code) in [("a.js", one_line.clone()), ("a.py", one_line.replace(';', "\n"))] {
        assert!(of(path, &code).edges.len() <= MAX_EDGES);
    }
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}

proptest! {
    #[test]
    fn whatever_a_file_holds_its_facts_are_its_own_and_repeat(
        extension in "(rs|py|js|ts|tsx|java|go|c|h|cpp)",
        parts in prop::collection::vec("(fn |def |class |use |import |from |super::|\\.\\.|[a-c]{1,2}|::|\\.|[(){}<>;:,*'\"]|\n|    |require\\('\\./a'\\))", 0..60),
    ) {
        let path = format!("a/{extension}/b.{extension}");
        let facts = of(&path, &parts.concat());
        prop_assert_eq!(&facts, &of(&path, &parts.concat()));
        let known: BTreeSet<&Key> = facts.nodes.iter().map(|node| &node.key).collect();
        for edge in &facts.edges {
            prop_assert!(known.contains(&edge.from) && known.contains(&edge.to), "{:?}", edge);
            prop_assert!(edge.evidence.text.len() <= 200 && (0.0..=1.0).contains(&edge.confidence));
        }
    }
}
