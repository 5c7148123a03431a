//! Atlassian Document Format: a tree of JSON nodes.
//! Format: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

mod inline;

use serde_json::Value;

use super::writer::Writer;
use super::{BlockKind, MAX_DEPTH};

/// Write a document. What is not JSON, or nests too deep to be read as JSON, is taken as plain text.
pub(super) fn write(body: &str, writer: &mut Writer) {
    match serde_json::from_str::<Value>(body) {
        Ok(root @ Value::Object(_)) => node(&root, writer, &Context::default()),
        Ok(Value::Null) => {}
        Ok(Value::String(text)) => super::plain::write(&text, writer),
        Ok(Value::Array(_) | Value::Bool(_) | Value::Number(_)) | Err(_) => super::plain::write(body, writer),
    }
    writer.end();
}

/// Where in the document a node stands.
#[derive(Clone, Default)]
struct Context {
    depth: usize,
    lists: u8,
    quoted: bool,
    /// Within a table row: blocks do not begin lines of their own.
    in_row: bool,
    /// Written in front of the next block: a bullet, a number, a check box.
    marker: Option<String>,
}

impl Context {
    fn deeper(&self) -> Self {
        Self {
            depth: self.depth + 1,
            marker: None,
            ..*self
        }
    }

    fn kind(&self) -> BlockKind {
        if self.lists > 0 {
            BlockKind::ListItem { depth: self.lists }
        } else if self.quoted {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        }
    }

    fn begin(&self, kind: BlockKind, writer: &mut Writer) {
        if self.in_row {
            writer.space();
            return;
        }
        writer.begin(kind);
        if let Some(marker) = &self.marker {
            let indent = " ".repeat(2 * usize::from(self.lists.saturating_sub(1).min(8)));
            writer.verbatim(&format!("{indent}{marker} "));
        }
    }
}

pub(super) fn text_of<'a>(node: &'a Value, attribute: &str) -> &'a str {
    node.get("attrs")
        .and_then(|attrs| attrs.get(attribute))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn children(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn heading(node: &Value) -> BlockKind {
    let level = node
        .get("attrs")
        .and_then(|attrs| attrs.get("level"))
        .and_then(Value::as_u64)
        .unwrap_or(1);
    BlockKind::Heading {
        level: u8::try_from(level.clamp(1, 6)).unwrap_or(6),
    }
}

fn node(value: &Value, writer: &mut Writer, context: &Context) {
    if context.depth > MAX_DEPTH {
        return;
    }
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "paragraph" | "caption" | "taskItem" | "decisionItem" => leaf(value, context.kind(), writer, context),
        "heading" => leaf(value, heading(value), writer, context),
        "bulletList" | "orderedList" | "taskList" | "decisionList" => list(value, writer, context),
        "codeBlock" => code_block(value, writer, context),
        "blockquote" => blocks(
            value,
            writer,
            &Context {
                quoted: true,
                ..context.deeper()
            },
        ),
        "tableRow" => row(value, writer, context),
        "expand" | "nestedExpand" => {
            title(text_of(value, "title"), writer, context);
            blocks(value, writer, &context.deeper());
        }
        "blockCard" | "embedCard" | "media" => {
            context.begin(context.kind(), writer);
            inline::node(value, writer);
            finish(writer, context);
        }
        "extension" => {
            title(text_of(value, "text"), writer, context);
            blocks(value, writer, &context.deeper());
        }
        "rule" | "placeholder" => {}
        _ if inline::is_inline(kind, value) => {
            if !writer.is_open() {
                context.begin(context.kind(), writer);
            }
            inline::node(value, writer);
        }
        _ => blocks(
            value,
            writer,
            &Context {
                marker: context.marker.clone(),
                ..context.deeper()
            },
        ),
    }
}

/// Children of a container. The first block gets the marker; text directly in it becomes a block too.
fn blocks(value: &Value, writer: &mut Writer, context: &Context) {
    let mut context = context.clone();
    for child in children(value) {
        node(child, writer, &context);
        context.marker = None;
    }
    finish(writer, &context);
}

fn finish(writer: &mut Writer, context: &Context) {
    if context.in_row {
        writer.space();
    } else {
        writer.end();
    }
}

/// A block that holds inline nodes. What else it holds follows as blocks of its own.
fn leaf(value: &Value, kind: BlockKind, writer: &mut Writer, context: &Context) {
    context.begin(kind, writer);
    let inner = context.deeper();
    for child in children(value) {
        node(child, writer, &inner);
    }
    finish(writer, context);
}

fn title(text: &str, writer: &mut Writer, context: &Context) {
    if !text.is_empty() {
        context.begin(context.kind(), writer);
        writer.text(text);
        finish(writer, context);
    }
}

fn list(value: &Value, writer: &mut Writer, context: &Context) {
    let ordered = value.get("type").and_then(Value::as_str) == Some("orderedList");
    let first = value
        .get("attrs")
        .and_then(|attrs| attrs.get("order"))
        .and_then(Value::as_u64)
        .unwrap_or(1);
    let inner = Context {
        lists: context.lists.saturating_add(1).min(128),
        ..context.deeper()
    };
    for (number, item) in (first..).zip(children(value)) {
        let is_item = item
            .get("type")
            .and_then(Value::as_str)
            .is_none_or(|it| !it.ends_with("List"));
        if !is_item {
            node(
                item,
                writer,
                &Context {
                    lists: context.lists.max(1),
                    ..context.deeper()
                },
            );
            continue;
        }
        let marker = match text_of(item, "state") {
            "DONE" => "[x]".to_owned(),
            "TODO" => "[ ]".to_owned(),
            _ if ordered => format!("{number}."),
            _ => "-".to_owned(),
        };
        node(
            item,
            writer,
            &Context {
                marker: Some(marker),
                ..inner.clone()
            },
        );
    }
}

fn code_block(value: &Value, writer: &mut Writer, context: &Context) {
    let code: String = children(value)
        .iter()
        .filter_map(|it| it.get("text").and_then(Value::as_str))
        .collect();
    if context.in_row {
        writer.space();
        writer.inline_code(code.trim());
        writer.space();
    } else {
        writer.code_block(&code, Some(text_of(value, "language")));
    }
}

fn row(value: &Value, writer: &mut Writer, context: &Context) {
    let nested = context.in_row;
    if !nested {
        writer.begin(BlockKind::TableRow);
    }
    let inner = Context {
        in_row: true,
        ..context.deeper()
    };
    for (i, cell) in children(value).iter().enumerate() {
        if i > 0 {
            writer.text(" | ");
        }
        blocks(cell, writer, &inner);
    }
    finish(writer, context);
}
