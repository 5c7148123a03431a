//! Storage format as it occurs, and as it should not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Within, document};

fn content(storage: &str) -> Value {
    let within = Within {
        web: "https://acme.atlassian.net",
        space: "ENG",
    };
    document(storage, within)["content"].clone()
}

fn paragraph(line: &Value) -> Value {
    json!([{ "type": "paragraph", "content": line }])
}

fn linked(text: &str, href: &str) -> Value {
    json!({ "type": "text", "text": text, "marks": [{ "type": "link", "attrs": { "href": href } }] })
}

#[test]
fn text_loses_its_tags_and_entities() {
    let line = content("<p>a &amp; <strong>b</strong>&nbsp;&auml;&#x41;&unknown;\n  c</p>");
    assert_eq!(
        line,
        paragraph(
            &json!([{ "type": "text", "text": "a & " }, { "type": "text", "text": "b" }, { "type": "text", "text": " äA&unknown; c" }])
        )
    );
}

#[test]
fn links_lead_to_pages_by_title_people_and_issues() {
    let page = "<ac:link><ri:page ri:content-title=\"On call &amp; more\" /></ac:link>";
    let href = "https://acme.atlassian.net/wiki/display/ENG/On%20call%20&%20more";
    assert_eq!(content(page), paragraph(&json!([linked("On call & more", href)])));
    let named = "<ac:link><ri:page ri:space-key=\"HR\" ri:content-title=\"X\"/><ac:plain-text-link-body><![CDATA[see]]></ac:plain-text-link-body></ac:link>";
    assert_eq!(
        content(named),
        paragraph(&json!([linked("see", "https://acme.atlassian.net/wiki/display/HR/X")]))
    );
    let person = "<ac:link><ri:user ri:account-id=\"712020:a\" /></ac:link>";
    assert_eq!(
        content(person),
        paragraph(&json!([{ "type": "mention", "attrs": { "id": "712020:a" } }]))
    );
    let issue = "<ac:structured-macro ac:name=\"jira\"><ac:parameter ac:name=\"key\">PAY-1</ac:parameter></ac:structured-macro>";
    let url = "https://acme.atlassian.net/browse/PAY-1";
    assert_eq!(
        content(issue),
        paragraph(&json!([{ "type": "inlineCard", "attrs": { "url": url } }]))
    );
}

#[test]
fn code_keeps_what_looks_like_markup() {
    let code = "<p>x<ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">rust</ac:parameter><ac:plain-text-body><![CDATA[if a < b {\n}]]></ac:plain-text-body></ac:structured-macro></p>";
    let blocks = content(code);
    assert_eq!(blocks[0]["type"], "paragraph");
    assert_eq!(
        blocks[1],
        json!({ "type": "codeBlock", "attrs": { "language": "rust" }, "content": [{ "type": "text", "text": "if a < b {\n}" }] })
    );
}

#[test]
fn blocks_keep_their_kind() {
    let kinds = |storage: &str| -> Vec<String> {
        let blocks = content(storage);
        blocks
            .as_array()
            .expect("blocks")
            .iter()
            .map(|block| block["type"].as_str().expect("a type").to_owned())
            .collect()
    };
    assert_eq!(
        kinds(
            "<h2>a</h2><ul><li>b<ul><li>c</li></ul></li></ul><table><tbody><tr><th>d</th></tr></tbody></table><hr/><blockquote>e</blockquote>"
        ),
        ["heading", "bulletList", "table", "rule", "blockquote"]
    );
    let tasks = content(
        "<ac:task-list><ac:task><ac:task-status>complete</ac:task-status><ac:task-body>do</ac:task-body></ac:task></ac:task-list>",
    );
    assert_eq!(tasks[0]["content"][0]["attrs"]["state"], "DONE");
    let panel =
        "<ac:structured-macro ac:name=\"info\"><ac:rich-text-body><p>in</p></ac:rich-text-body></ac:structured-macro>";
    assert_eq!(kinds(panel), ["paragraph"]);
}

#[test]
fn what_other_pages_say_is_left_to_them() {
    let include = "<ac:structured-macro ac:name=\"include\"><ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"P\"/></ac:link></ac:parameter></ac:structured-macro>";
    assert_eq!(content(include), json!([]));
}

#[test]
fn deep_nesting_is_read_flat() {
    let deep = format!("{}x{}", "<div>".repeat(50_000), "</div>".repeat(50_000));
    assert_eq!(content(&deep), paragraph(&json!([{ "type": "text", "text": "x" }])));
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(<|>|/|\"|=|&|;|!\\[CDATA\\[|\\]\\]>|p|ac:link|ri:page|li|ul|table|tr| |x|é){0,60}") {
        content(&text);
    }

    #[test]
    fn text_without_markup_stays(words in "[a-z]{1,10}( [a-z]{1,10}){0,5}") {
        let line = content(&format!("<p>{words}</p>"));
        prop_assert_eq!(line[0]["content"][0]["text"].as_str(), Some(words.as_str()));
    }
}
