//! Code of each language is cut at its definitions.

use domain::{Key, Markup};

use super::{chunks, document};
use crate::syntax::{Symbol, SymbolKind, symbols};

/// A path, a text, and the name and the kind of each of its symbols.
type File = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SYMBOLS: [File; 10] = [
    (
        "a.rs",
        "mod m { pub struct S<T>(T); impl<T> S<T> { fn f(&self) {} } }\ntrait U { fn g(); }\nconst C: u8 = 1;\nmacro_rules! k { () => {} }",
        &[
            ("m", "module"),
            ("m.S", "type"),
            ("m.S.f", "function"),
            ("U", "type"),
            ("U.g", "function"),
            ("C", "constant"),
            ("k", "macro"),
        ],
    ),
    (
        "a.py",
        "@d\nclass A:\n    def f(self):\n        pass\n\nasync def g(): pass\n",
        &[("A", "type"), ("A.f", "function"), ("g", "function")],
    ),
    (
        "a.js",
        "function f() {}\nexport const g = () => 1;\nclass A { m() {} h = () => 2 }\nexports.x = function () {};\nmodule.exports = { y: function () {}, z() {} };\nconst n = 1;",
        &[
            ("f", "function"),
            ("g", "function"),
            ("A", "type"),
            ("A.m", "function"),
            ("A.h", "function"),
            ("x", "function"),
            ("y", "function"),
            ("z", "function"),
        ],
    ),
    (
        "a.ts",
        "interface I { a: string }\ntype T = I;\nenum E { A }\nnamespace N { export function f(): void {} }\nabstract class C { private m(): void {} }",
        &[
            ("I", "type"),
            ("T", "type"),
            ("E", "type"),
            ("N", "module"),
            ("N.f", "function"),
            ("C", "type"),
            ("C.m", "function"),
        ],
    ),
    (
        "a.tsx",
        "export function App() { return <div/>; }",
        &[("App", "function")],
    ),
    (
        "A.java",
        "package p;\npublic class A<T> { A() {} @Override int f() { return 1; } enum E { X } }\ninterface I {}\nrecord R(int a) {}",
        &[
            ("A", "type"),
            ("A.A", "function"),
            ("A.f", "function"),
            ("A.E", "type"),
            ("I", "type"),
            ("R", "type"),
        ],
    ),
    (
        "a.go",
        "package p\ntype S struct{}\nfunc (s *S) F() {}\nfunc G() {}\ntype (\n A int\n B = A\n)",
        &[
            ("S", "type"),
            ("S.F", "function"),
            ("G", "function"),
            ("A", "type"),
            ("B", "type"),
        ],
    ),
    (
        "a.c",
        "struct s { int a; };\ntypedef struct { int b; } t;\nstatic int *f(int a) { struct s x; return 0; }\n#define M(a) (a)\n",
        &[("s", "type"), ("t", "type"), ("f", "function"), ("M", "macro")],
    ),
    (
        "a.hpp",
        "namespace n { class A { public: void f() {} ~A() {} }; }\nvoid n::A::g() {}\ntemplate <class T> T h(T t) { return t; }",
        &[
            ("n", "module"),
            ("n.A", "type"),
            ("n.A.f", "function"),
            ("n.A.~A", "function"),
            ("n::A.g", "function"),
            ("h", "function"),
        ],
    ),
    ("a.unknown", "fn f() {}", &[]),
];

fn names(path: &str, text: &str) -> Vec<(String, &'static str)> {
    let shown = |it: Symbol| {
        assert!(
            text.get(it.start..it.end).is_some_and(|span| span.contains(&it.name)),
            "{it:?}"
        );
        (
            it.parents
                .iter()
                .chain(std::iter::once(&it.name))
                .cloned()
                .collect::<Vec<_>>()
                .join("."),
            it.kind.as_str(),
        )
    };
    symbols(path, text).into_iter().map(shown).collect()
}

#[test]
fn symbols_of_each_language() {
    for (path, text, expected) in SYMBOLS {
        let expected: Vec<(String, &str)> = expected
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), *kind))
            .collect();
        assert_eq!(names(path, text), expected, "{path}");
    }
    assert_eq!(symbols("a.rs", "fn f() {}")[0].kind, SymbolKind::Function);
}

fn cut(path: &str, text: &str, max: usize) -> Vec<(Vec<String>, String)> {
    let mut document = document(Markup::Code, path, text);
    document.key = Key::file("acme/api", path);
    chunks(&document, max)
        .into_iter()
        .map(|it| (it.heading, it.text))
        .collect()
}

#[test]
fn functions_are_chunks_with_their_comments() {
    let body = |name: &str| format!("    let {name} = compute(1, 2, 3);\n").repeat(6);
    let text = format!(
        "use std::fmt;\n\n/// The first.\n#[inline]\npub fn first() {{\n{}}}\n\nimpl Thing {{\n    /// The second.\n    fn second(&self) {{\n{}    }} // end\n\n    fn third(&self) {{\n{}    }}\n}}\n",
        body("a"),
        body("b"),
        body("c")
    );
    let cut = cut("src/a.rs", &text, 80);
    let starts: Vec<(Vec<String>, &str)> = cut
        .iter()
        .map(|(heading, text)| (heading.clone(), text.lines().next().unwrap_or_default().trim()))
        .collect();
    let thing = vec!["Thing".to_owned()];
    let expected = [
        (vec![], "use std::fmt;"),
        (vec![], "/// The first."),
        (vec![], "impl Thing {"),
        (thing.clone(), "/// The second."),
        (thing.clone(), "fn third(&self) {"),
        (thing, "}"),
    ];
    assert_eq!(starts, expected);
    assert!(cut[3].1.starts_with("    ///"), "indentation is kept");
    assert!(cut[3].1.ends_with("// end"));
}

#[test]
fn a_large_function_is_cut_by_lines_below_its_name() {
    let text = format!(
        "class A:\n    def big(self):\n{}\n    def small(self):\n        pass\n",
        "        call(1, 2)\n".repeat(60)
    );
    let cut = cut("a.py", &text, 40);
    assert!(cut.len() > 4);
    assert_eq!(cut[2].0, ["A", "big"]);
    assert!(cut[2].1.lines().all(|line| line.trim() == "call(1, 2)"));
    assert_eq!(cut.last().map(|it| it.0.clone()), Some(vec!["A".to_owned()]));
}

#[test]
fn code_of_no_known_language_is_cut_by_blank_lines() {
    let text = "first line here\nsecond line\n\nthird line here\nfourth line\n\nfifth line\n";
    let cut = cut("notes.conf", text, 8);
    assert_eq!(
        cut.iter()
            .map(|it| it.1.lines().next().unwrap_or_default())
            .collect::<Vec<_>>(),
        ["first line here", "third line here", "fifth line"]
    );
}

#[test]
fn hostile_code_is_parsed_in_bounded_steps() {
    for (path, pattern) in [
        ("a.js", "(((((("),
        ("a.cpp", "a<b<"),
        ("a.rs", "fn f(){"),
        ("a.py", "if x:\n "),
        ("a.ts", "<T>("),
        ("a.go", "{{{{"),
        ("a.java", "class A{"),
    ] {
        let text = pattern.repeat(500_000 / pattern.len());
        let started = std::time::Instant::now();
        assert!(!cut(path, &text, 200).is_empty());
        let took = started.elapsed();
        assert!(took < std::time::Duration::from_secs(20), "{path} took {took:?}");
    }
}
