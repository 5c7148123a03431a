//! Nodes of the Atlassian Document Format that stand within a line, and their marks.

use domain::Timestamp;
use serde_json::Value;

use super::super::writer::{Writer, clip};
use super::text_of;

/// Whether a node of this type stands within a line. Unknown nodes that carry text do.
pub(super) fn is_inline(kind: &str, node: &Value) -> bool {
    let known = [
        "text",
        "hardBreak",
        "mention",
        "emoji",
        "date",
        "status",
        "inlineCard",
        "mediaInline",
        "inlineExtension",
    ];
    known.contains(&kind) || (node.get("text").is_some_and(Value::is_string) && node.get("content").is_none())
}

pub(super) fn node(value: &Value, writer: &mut Writer) {
    match value.get("type").and_then(Value::as_str).unwrap_or_default() {
        "hardBreak" => writer.line_break(),
        "mention" => mention(value, writer),
        "emoji" => writer.text(first(&[text_of(value, "text"), text_of(value, "shortName")])),
        "date" => writer.text(&date(value)),
        "status" | "inlineExtension" => writer.text(text_of(value, "text")),
        "inlineCard" | "blockCard" | "embedCard" => card(value, writer),
        "media" | "mediaInline" => marked(value, text_of(value, "alt"), writer),
        _ => marked(
            value,
            value.get("text").and_then(Value::as_str).unwrap_or_default(),
            writer,
        ),
    }
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().copied().find(|text| !text.is_empty()).unwrap_or_default()
}

fn mention(value: &Value, writer: &mut Writer) {
    let id = text_of(value, "id");
    let name = first(&[text_of(value, "text"), id]);
    if id.is_empty() {
        writer.text(name);
    } else {
        writer.mention(id, name);
    }
}

/// `timestamp` is milliseconds since the epoch as text; shown as a date.
fn date(value: &Value) -> String {
    let timestamp = value.get("attrs").and_then(|attrs| attrs.get("timestamp"));
    let millis = timestamp.and_then(|it| it.as_str().map_or_else(|| it.as_i64(), |text| text.parse().ok()));
    millis
        .map(|it| clip(&Timestamp(it).to_string(), 10).to_owned())
        .unwrap_or_default()
}

/// A card shows its URL: nothing else tells where it leads.
fn card(value: &Value, writer: &mut Writer) {
    let data = value.get("attrs").and_then(|attrs| attrs.get("data"));
    let name = data
        .and_then(|data| data.get("name"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let linked = ["url", "@id"]
        .into_iter()
        .find_map(|it| data.and_then(|data| data.get(it)).and_then(Value::as_str));
    let url = first(&[text_of(value, "url"), linked.unwrap_or_default()]);
    if !name.is_empty() {
        writer.text(name);
        writer.space();
    }
    writer.text(url);
}

fn marked(value: &Value, text: &str, writer: &mut Writer) {
    let marks = value
        .get("marks")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let is = |mark: &Value, kind: &str| mark.get("type").and_then(Value::as_str) == Some(kind);
    let link = marks
        .iter()
        .find(|mark| is(mark, "link"))
        .map(|mark| text_of(mark, "href"));
    let start = link.map(|_| writer.mark());
    if marks.iter().any(|mark| is(mark, "code")) {
        writer.inline_code(text);
    } else {
        lines(text, writer);
    }
    if let (Some(url), Some(start)) = (link, start) {
        writer.link_since(start, url);
    }
}

/// Line breaks within a text node are the author's own.
fn lines(text: &str, writer: &mut Writer) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            writer.line_break();
        }
        writer.text(line);
    }
}
