//! Examples of each markup.

use domain::Markup;

use super::super::{BlockKind, Normalized};
use super::{document, normalize, read};

fn kinds(normalized: &Normalized) -> Vec<(&'static str, &str)> {
    let name = |kind: &BlockKind| match kind {
        BlockKind::Heading { .. } => "heading",
        BlockKind::Paragraph => "paragraph",
        BlockKind::ListItem { .. } => "item",
        BlockKind::Code { .. } => "code",
        BlockKind::TableRow => "row",
        BlockKind::Quote => "quote",
        BlockKind::Message { .. } => "message",
    };
    normalized
        .blocks
        .iter()
        .map(|it| (name(&it.kind), normalized.slice(it.start, it.end)))
        .collect()
}

fn links(normalized: &Normalized) -> Vec<(&str, &str)> {
    normalized
        .links
        .iter()
        .map(|it| (it.url.as_str(), normalized.slice(it.start, it.end)))
        .collect()
}

fn mentions(normalized: &Normalized) -> Vec<(&str, &str)> {
    normalized
        .mentions
        .iter()
        .map(|it| (it.id.as_str(), normalized.slice(it.start, it.end)))
        .collect()
}

fn code(normalized: &Normalized) -> Vec<&str> {
    normalized
        .code_spans
        .iter()
        .map(|(start, end)| normalized.slice(*start, *end))
        .collect()
}

#[test]
fn plain_text_keeps_lines_and_indentation() {
    let it = read(Markup::Plain, "\n\nFix it\r\n\r\n\r\n  * one  \n    two\n\nend\u{0}\n");
    assert_eq!(it.body(), "Fix it\n\n  * one\n    two\n\nend");
    assert_eq!(it.blocks.len(), 3);
    assert_eq!(it.text, format!("T\n{}", it.body()));
}

#[test]
fn code_is_kept_as_it_is() {
    let it = read(Markup::Code, "\nfn main() {\n\tlet a = 1;\n}\n");
    assert_eq!(it.body(), "fn main() {\n\tlet a = 1;\n}");
    assert_eq!(
        it.blocks[0].kind,
        BlockKind::Code {
            language: Some("rs".to_owned())
        }
    );
    assert_eq!(code(&it), [it.body()]);
    assert!(it.in_code(it.body_start) && !it.in_code(0));
}

#[test]
fn markdown_blocks() {
    let text = "# Title *one*\r\n\r\nFirst\r\nline.  \r\nbroken\n\n- a\n- [x] b\n  1. c\n\n     more c\n\n> said\n\n```rust,ignore\n  let x;\n```\n\n| h | i |\n|---|---|\n| `x` | y |\n\nlast[^1]\n\n[^1]: a note\n";
    let it = read(Markup::Markdown, text);
    let expected = [
        ("heading", "Title one"),
        ("paragraph", "First line.\nbroken"),
        ("item", "- a"),
        ("item", "- [x] b"),
        ("item", "  1. c"),
        ("item", "more c"),
        ("quote", "said"),
        ("code", "  let x;"),
        ("row", "h | i"),
        ("row", "x | y"),
        ("paragraph", "last[1]"),
        ("paragraph", "[1]: a note"),
    ];
    assert_eq!(kinds(&it), expected);
    assert_eq!(code(&it), ["  let x;", "x"]);
    assert_eq!(
        it.blocks[7].kind,
        BlockKind::Code {
            language: Some("rust".to_owned())
        }
    );
    assert_eq!(it.blocks[4].kind, BlockKind::ListItem { depth: 2 });
}

#[test]
fn markdown_links_show_their_text_and_keep_their_url() {
    let it = read(
        Markup::Markdown,
        "See [the *fix*](https://a/b \"t\") and <https://c> and [https://d](https://d), ![a picture](x.png) [](https://e).",
    );
    assert_eq!(
        it.body(),
        "See the fix and https://c and https://d, a picture https://e."
    );
    assert_eq!(links(&it), [("https://a/b", "the fix")]);
}

#[test]
fn markdown_html_goes_and_its_text_stays() {
    let text = "<!-- template: PAY-1 -->\n<details>\n<summary>More &amp; more</summary>\n\nInside **it** <br> x <kbd>Ctrl</kbd> <!-- gone --> y\n\n</details>\n\n<h2>Head</h2>\n<p>A <a href=\"https://a?b&amp;c\">link</a><script>PAY-2</script></p>\n<img src=x alt='the logo'>\n\n1 < 2 and a<b\n";
    let it = read(Markup::Markdown, text);
    assert_eq!(
        it.body(),
        "More & more\n\nInside it\nx Ctrl y\n\nHead\n\nA link\n\nthe logo\n\n1 < 2 and a<b"
    );
    assert_eq!(links(&it), [("https://a?b&c", "link")]);
    assert_eq!(code(&it), ["Ctrl"]);
    assert_eq!(it.blocks[2].kind, BlockKind::Heading { level: 2 });
}

#[test]
fn markdown_front_matter_is_text() {
    let it = read(Markup::Markdown, "---\ntitle: The page\ntags: [a]\n---\n# Head\n");
    assert_eq!(
        kinds(&it),
        [("paragraph", "title: The page\ntags: [a]"), ("heading", "Head")]
    );
}

#[test]
fn adf_inline_nodes() {
    let text = r#"{"type":"doc","content":[{"type":"paragraph","content":[
        {"type":"text","text":"See "},{"type":"text","text":"PAY","marks":[{"type":"strong"}]},{"type":"text","text":"-12 "},
        {"type":"mention","attrs":{"id":"557:1","text":"@Ada Lovelace"}},{"type":"text","text":" on "},
        {"type":"date","attrs":{"timestamp":"1700000000000"}},{"type":"hardBreak"},
        {"type":"status","attrs":{"text":"DONE","color":"green"}},{"type":"text","text":" "},
        {"type":"emoji","attrs":{"shortName":":smile:","text":"😄"}},{"type":"text","text":" "},
        {"type":"text","text":"docs","marks":[{"type":"link","attrs":{"href":"https://a/b"}}]},{"type":"text","text":" "},
        {"type":"text","text":"x = 1","marks":[{"type":"code"}]},{"type":"text","text":" "},
        {"type":"inlineCard","attrs":{"url":"https://acme/browse/PAY-13"}},
        {"type":"placeholder","attrs":{"text":"type here"}},{"type":"novel","text":"!"}]}]}"#;
    let it = read(Markup::Adf, text);
    let body = "See PAY-12 @Ada Lovelace on 2023-11-14\nDONE 😄 docs x = 1 https://acme/browse/PAY-13!";
    assert_eq!(it.body(), body);
    assert_eq!(mentions(&it), [("557:1", "@Ada Lovelace")]);
    assert_eq!(links(&it), [("https://a/b", "docs")]);
    assert_eq!(code(&it), ["x = 1"]);
}

#[test]
fn adf_blocks() {
    let paragraph = |text: &str| serde_json::json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
    let nested = serde_json::json!({"type": "orderedList", "attrs": {"order": 4}, "content": [
        {"type": "listItem", "content": [paragraph("inner")]}]});
    let tree = serde_json::json!({"type": "doc", "content": [
        {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Head"}]},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph("one"), nested]}]},
        {"type": "taskList", "content": [{"type": "taskItem", "attrs": {"state": "DONE"}, "content": [{"type": "text", "text": "did"}]}]},
        {"type": "codeBlock", "attrs": {"language": "Java"}, "content": [{"type": "text", "text": "int a;\n  int b;"}]},
        {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph("note")]},
        {"type": "blockquote", "content": [paragraph("said")]},
        {"type": "table", "content": [{"type": "tableRow", "content": [
            {"type": "tableHeader", "content": [paragraph("a"), paragraph("b")]}, {"type": "tableCell", "content": [paragraph("c")]}]}]},
        {"type": "expand", "attrs": {"title": "More"}, "content": [paragraph("hidden")]},
        {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "x", "alt": "shot.png"}}]},
        {"type": "novelty", "content": [{"type": "deeper", "content": [paragraph("kept")]}]},
    ]});
    let it = read(Markup::Adf, &tree.to_string());
    let expected = [
        ("heading", "Head"),
        ("item", "- one"),
        ("item", "  4. inner"),
        ("item", "[x] did"),
        ("code", "int a;\n  int b;"),
        ("paragraph", "note"),
        ("quote", "said"),
        ("row", "a b | c"),
        ("paragraph", "More"),
        ("paragraph", "hidden"),
        ("paragraph", "shot.png"),
        ("paragraph", "kept"),
    ];
    assert_eq!(kinds(&it), expected);
    assert_eq!(
        it.blocks[4].kind,
        BlockKind::Code {
            language: Some("java".to_owned())
        }
    );
}

#[test]
fn adf_that_is_not_json_is_plain_text() {
    assert_eq!(read(Markup::Adf, "just text").body(), "just text");
    assert_eq!(read(Markup::Adf, "null").body(), "");
}

#[test]
fn jira_wiki_blocks() {
    let text = "h2. Steps\r\n# one\r\n# two\r\n## deep\r\n* *bold* item\r\ncontinued\r\n\r\nText: {code:js|title=a.js}\r\nvar a = '*x*';\r\n  b();\r\n{code}after\r\n----\r\n||Key||Value||\r\n|a|[b|https://c|smart-link]|\r\nbq. said\r\n{quote}\r\nquoted PAY-1\r\n{quote}\r\n{noformat}\r\nraw *x*\r\n{noformat}\r\n{panel:title=Note}\r\nin panel\r\n{panel}\r\n{code} left open PAY-2";
    let it = read(Markup::JiraWiki, text);
    let expected = [
        ("heading", "Steps"),
        ("item", "1. one"),
        ("item", "2. two"),
        ("item", "  1. deep"),
        ("item", "- bold item\ncontinued"),
        ("paragraph", "Text:"),
        ("paragraph", "a.js"),
        ("code", "var a = '*x*';\n  b();"),
        ("paragraph", "after"),
        ("row", "Key | Value"),
        ("row", "a | b"),
        ("quote", "said"),
        ("quote", "quoted PAY-1"),
        ("code", "raw *x*"),
        ("paragraph", "Note"),
        ("paragraph", "in panel"),
        ("paragraph", "left open PAY-2"),
    ];
    assert_eq!(kinds(&it), expected);
    assert_eq!(
        it.blocks[7].kind,
        BlockKind::Code {
            language: Some("js".to_owned())
        }
    );
    assert_eq!(links(&it), [("https://c", "b")]);
}

#[test]
fn jira_wiki_within_a_line() {
    let cases = [
        ("a *bold* and _it_ and {{mo no}} x", "a bold and it and mo no x"),
        (
            "snake_case_name and 2*3*4 and __init__",
            "snake_case_name and 2*3*4 and __init__",
        ),
        (
            r"\*not bold\* and C:\dir and a\\b and \[x]",
            r"*not bold* and C:\dir and a\\b and [x]",
        ),
        ("one\\\\ two", "one\ntwo"),
        ("!shot one.png|thumbnail! and wow! yes!", "shot one.png and wow! yes!"),
        (
            "{color:red}red{color} {*}b{*}old {unknown} a[0] [x]",
            "red bold {unknown} a[0] [x]",
        ),
        ("http://a/_b_/c*d* see *http://e*", "http://a/_b_/c*d* see http://e"),
        (
            "[https://a|https://a] [^log.txt] [#top] [mailto:a@b]",
            "https://a log.txt top a@b",
        ),
        (
            "[~ada] [~accountid:5:x] [docs|https://a/b] [https://c|smart-link]",
            "@ada @5:x docs https://c",
        ),
        (
            "unclosed *bold and [link and {{mono",
            "unclosed *bold and [link and {{mono",
        ),
    ];
    for (markup, text) in cases {
        assert_eq!(read(Markup::JiraWiki, markup).body(), text, "{markup}");
    }
    let it = read(
        Markup::JiraWiki,
        "[~ada] {{[~eve]}} [~accountid:5:x] [docs|https://a/b]",
    );
    assert_eq!(mentions(&it), [("ada", "@ada"), ("5:x", "@5:x")]);
    assert_eq!(links(&it), [("https://a/b", "docs")]);
    assert_eq!(code(&it), ["[~eve]"]);
}

#[test]
fn slack_messages() {
    let thread = serde_json::json!([
        {"ts": "1712.000100", "author": "Ada", "text": "Hi <@U1> see <https://a/b?x&amp;y|the *fix*> &amp;lt; *bold* `x_y` <#C1|dev> <!here>\n&gt; quoted <mailto:a@b|a@b>",
         "names": {"U1": "bob"}, "files": ["log.txt"]},
        {"ts": "1712.000200", "author": "bob", "text": "```let a = &lt;T&gt;;\n  b\n```done <!date^1^{date}|today> <https://c>"},
        {"ts": "1712.000300", "author": "eve", "text": ""},
    ]);
    let it = read(Markup::SlackThread, &thread.to_string());
    let expected = "Ada: Hi @bob see the *fix* &lt; bold x_y #dev @here\nquoted a@b\nfile: log.txt\nbob:\nlet a = <T>;\n  b\ndone today https://c";
    assert_eq!(it.body(), expected);
    assert_eq!(it.blocks.len(), 2);
    assert_eq!(
        it.blocks[0].kind,
        BlockKind::Message {
            author: "Ada".to_owned(),
            ts: "1712.000100".to_owned()
        }
    );
    assert_eq!(mentions(&it), [("U1", "@bob")]);
    assert_eq!(links(&it), [("https://a/b?x&y", "the *fix*")]);
    assert_eq!(code(&it), ["x_y", "let a = <T>;\n  b"]);
}

#[test]
fn slack_rich_text_stands_in_for_empty_text() {
    let blocks = serde_json::json!([
        {"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "ask "}, {"type": "user", "user_id": "U1"}, {"type": "text", "text": " about "},
                {"type": "link", "url": "https://a", "text": "this"}, {"type": "text", "text": " "}, {"type": "text", "text": "f()", "style": {"code": true}}]},
            {"type": "rich_text_list", "style": "bullet", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "raw\n x"}]}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*All* good"}},
        {"title": "Build 7", "title_link": "https://ci/7", "fields": [{"title": "State", "value": "failed"}]},
    ]);
    let thread =
        serde_json::json!([{"ts": "1.2", "author": "Ada", "text": "", "blocks": blocks, "names": {"U1": "bob"}}]);
    let it = read(Markup::SlackThread, &thread.to_string());
    assert_eq!(
        it.body(),
        "Ada:\nask @bob about this f()\n- one\nraw\n x\nAll good\nBuild 7\nState failed"
    );
    assert_eq!(mentions(&it), [("U1", "@bob")]);
    assert_eq!(links(&it), [("https://a", "this"), ("https://ci/7", "Build 7")]);
    assert_eq!(code(&it), ["f()", "raw\n x"]);
}

#[test]
fn slack_that_is_not_messages_is_plain_text() {
    assert_eq!(read(Markup::SlackThread, "hello").body(), "hello");
}

#[test]
fn an_empty_body_leaves_the_title_and_a_newline() {
    for markup in super::MARKUPS {
        let it = normalize(&document(markup, "Only a title", " \n "));
        assert_eq!(
            (it.text.as_str(), it.body(), it.blocks.len()),
            ("Only a title\n", "", 0),
            "{markup:?}"
        );
    }
}
