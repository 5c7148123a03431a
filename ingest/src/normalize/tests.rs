//! Every markup becomes the text and the structure that are meant; any input keeps the invariants.

mod markups;

use std::time::{Duration, Instant};

use domain::{AccessId, Body, Document, DocumentId, DocumentKind, Key, Markup, SourceId};
use proptest::prelude::*;

use super::{MAX_TEXT_BYTES, Normalized, normalize};

pub(crate) fn document(markup: Markup, title: &str, text: &str) -> Document {
    let source = SourceId::new("test").expect("slug");
    Document {
        id: DocumentId::new(&source, "1"),
        source,
        kind: DocumentKind::Page,
        key: Key::file("acme/api", "src/a.rs"),
        aliases: Vec::new(),
        container: Key::repository("acme/api"),
        access: AccessId::new(&SourceId::new("test").expect("slug"), "all"),
        title: title.to_owned(),
        body: Body {
            markup,
            text: text.to_owned(),
        },
        url: None,
        author: None,
        created: None,
        updated: None,
        fields: std::collections::BTreeMap::default(),
        links: Vec::new(),
    }
}

fn read(markup: Markup, text: &str) -> Normalized {
    let normalized = normalize(&document(markup, "T", text));
    check(&normalized, "T");
    normalized
}

/// What holds for every normalised text.
fn check(normalized: &Normalized, title: &str) {
    let text = &normalized.text;
    assert!(text.len() <= MAX_TEXT_BYTES + 1);
    assert_eq!(text.get(..title.len()), Some(title));
    assert_eq!(normalized.body_start as usize, title.len() + 1);
    let mut at = normalized.body_start;
    for block in &normalized.blocks {
        assert!(at <= block.start && block.start < block.end, "{block:?}");
        let between = text.get(at as usize..block.start as usize).expect("boundaries");
        assert!(between.trim().is_empty(), "{between:?} is in no block");
        assert!(!normalized.slice(block.start, block.end).trim().is_empty());
        at = block.end;
    }
    assert!(text.get(at as usize..).expect("boundary").trim().is_empty());
    let links = normalized.links.iter().map(|it| (it.start, it.end));
    let mentions = normalized.mentions.iter().map(|it| (it.start, it.end));
    for (start, end) in normalized.code_spans.iter().copied().chain(links).chain(mentions) {
        assert!(normalized.body_start <= start && start < end);
        assert!(
            text.get(start as usize..end as usize).is_some(),
            "a span beside characters"
        );
    }
    assert!(normalized.code_spans.is_sorted());
}

const MARKUPS: [Markup; 6] = [
    Markup::Plain,
    Markup::Markdown,
    Markup::Adf,
    Markup::JiraWiki,
    Markup::SlackThread,
    Markup::Code,
];

const PIECES: [&str; 66] = [
    "# ",
    "h1. ",
    "* ",
    "- ",
    "1. ",
    "> ",
    "bq. ",
    "```",
    "`",
    "{code}",
    "{code:java}",
    "{noformat}",
    "{quote}",
    "{{",
    "}}",
    "[",
    "]",
    "(http://a/b)",
    "|",
    "||",
    "~",
    "**",
    "_",
    "*",
    "+",
    "!a.png!",
    "\\",
    "\n",
    "\n\n",
    "\r\n",
    "  ",
    "\t",
    "é",
    "中文",
    "word",
    "PAY-12",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "<script>",
    "<details>",
    "<a href='x'>",
    "</a>",
    "<code>",
    "</code>",
    "<@U1>",
    "<#C1|general>",
    "<http://x|y>",
    "&lt;",
    "&#0;",
    "{color:red}",
    "{panel:title=x}",
    "{*}",
    "[~ada]",
    "[a|http://b]",
    "---",
    "\u{0}",
    "\u{feff}",
    "\u{200b}",
    "| a | b |\n|---|---|\n",
    "[^1]",
    "[^1]: x",
    "- [x] ",
    "![alt](x)",
    "🎉",
];

/// Text that is mostly markup.
fn marked_up() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60).prop_map(|parts| parts.concat())
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "doc",
        "paragraph",
        "heading",
        "bulletList",
        "listItem",
        "codeBlock",
        "tableRow",
        "tableCell",
        "mention",
        "date",
    ];
    let more = [
        "text",
        "expand",
        "inlineCard",
        "hardBreak",
        "taskItem",
        "unknown",
        "orderedList",
        "blockquote",
        "media",
        "rule",
    ];
    let names: Vec<&str> = names.into_iter().chain(more).collect();
    let attrs = serde_json::json!({
        "level": 3, "language": "rust", "id": "u1", "text": "@Ada", "url": "http://x/y", "timestamp": "1700000000000", "state": "DONE",
        "title": "More", "order": 7, "alt": "picture", "href": "http://z",
    });
    let leaf = (prop::sample::select(names.clone()), ".{0,12}", any::<bool>()).prop_map(move |(kind, text, marked)| {
        let marks = serde_json::json!([{"type": if marked { "link" } else { "code" }, "attrs": {"href": "http://z"}}]);
        serde_json::json!({"type": kind, "text": text, "attrs": attrs, "marks": marks})
    });
    leaf.prop_recursive(6, 40, 5, move |inner| {
        (prop::sample::select(names.clone()), prop::collection::vec(inner, 0..5))
            .prop_map(|(kind, content)| serde_json::json!({"type": kind, "content": content, "attrs": {"title": "t", "level": 2}}))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_markup_keeps_the_invariants(text in ".{0,300}", title in "\\PC{0,20}") {
        for markup in MARKUPS {
            check(&normalize(&document(markup, &title, &text)), &title);
        }
    }

    #[test]
    fn any_mix_of_markup_keeps_the_invariants(text in marked_up()) {
        for markup in MARKUPS {
            check(&normalize(&document(markup, "T", &text)), "T");
        }
        let message = serde_json::json!([{"ts": "1.2", "author": "Ada", "text": text, "names": {"U1": "bob"}}]);
        check(&normalize(&document(Markup::SlackThread, "T", &message.to_string())), "T");
    }

    #[test]
    fn any_tree_of_nodes_keeps_the_invariants(tree in json()) {
        check(&normalize(&document(Markup::Adf, "T", &tree.to_string())), "T");
        let message = serde_json::json!([{"ts": "1.2", "author": "Ada", "text": "", "blocks": [tree]}]);
        check(&normalize(&document(Markup::SlackThread, "T", &message.to_string())), "T");
    }

    #[test]
    fn words_of_plain_text_survive(words in prop::collection::vec("[a-z]{1,8}", 1..30)) {
        for markup in [Markup::Plain, Markup::Markdown, Markup::JiraWiki] {
            let normalized = normalize(&document(markup, "T", &words.join(" ")));
            let body: Vec<&str> = normalized.body().split_whitespace().collect();
            prop_assert_eq!(&body, &words);
        }
    }
}

#[test]
fn hostile_input_takes_linear_time() {
    let markup = [
        "[", "{", "{code}", "*a ", "_a", "!a", "`", "```", "<", "<a ", "<!--", "&", "\\", "|", "[a|", "{{", "> ", "* ",
        "(", "![", "<@", "***a ",
    ];
    for pattern in markup {
        let text = pattern.repeat(1_000_000 / pattern.len());
        let message = serde_json::json!([{"ts": "1.2", "author": "Ada", "text": text}]).to_string();
        for markup in MARKUPS {
            let started = Instant::now();
            let body = if markup == Markup::SlackThread { &message } else { &text };
            check(&normalize(&document(markup, "T", body)), "T");
            let took = started.elapsed();
            assert!(took < Duration::from_secs(5), "{pattern:?} as {markup:?} took {took:?}");
        }
    }
}

#[test]
fn deep_nesting_ends() {
    let deep = format!(
        "{}{}{}",
        "{\"type\":\"panel\",\"content\":[".repeat(5000),
        "{\"type\":\"text\",\"text\":\"x\"}",
        "]}".repeat(5000)
    );
    assert!(
        read(Markup::Adf, &deep).body().contains('x'),
        "too deep for JSON: read as text"
    );
    let levels = format!(
        "{}{}{}",
        "{\"type\":\"panel\",\"content\":[".repeat(50),
        "{\"type\":\"text\",\"text\":\"x\"}",
        "]}".repeat(50)
    );
    assert_eq!(read(Markup::Adf, &levels).body(), "x");
    assert_eq!(
        read(Markup::Markdown, &format!("{}x", "> ".repeat(5000)))
            .body()
            .trim_matches(['>', ' ']),
        "x"
    );
}

#[test]
fn text_is_bounded_and_cut_between_characters() {
    let huge = "é".repeat(MAX_TEXT_BYTES / 2 + 1000);
    for markup in MARKUPS {
        let normalized = read(markup, &huge);
        assert!(normalized.text.len() > MAX_TEXT_BYTES - 8, "{markup:?}");
    }
}
