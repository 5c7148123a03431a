//! The `blocks` of messages whose text is empty: rich text, and whatever else carries text.
//! Format: <https://docs.slack.dev/reference/block-kit/blocks>.

use serde_json::Value;

use super::super::MAX_DEPTH;
use super::super::writer::Writer;
use super::{Names, mrkdwn, name, shown};

pub(super) fn write(blocks: &[Value], names: &Names, writer: &mut Writer) {
    let mut reader = Reader { names, writer };
    reader.each(blocks, 0);
}

struct Reader<'a> {
    names: &'a Names,
    writer: &'a mut Writer,
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Reader<'_> {
    fn each(&mut self, values: &[Value], depth: usize) {
        if depth <= MAX_DEPTH {
            for value in values {
                self.one(value, depth);
            }
        }
    }

    fn one(&mut self, value: &Value, depth: usize) {
        match text(value, "type") {
            "text" => self.styled(value),
            "link" => self.link(text(value, "url"), text(value, "text")),
            "user" => self.user(text(value, "user_id")),
            "channel" => {
                let shown = name(text(value, "channel_id"), "", self.names);
                self.writer.text(&format!("#{shown}"));
            }
            "emoji" => self.writer.text(&format!(":{}:", text(value, "name"))),
            "broadcast" => self.writer.text(&format!("@{}", text(value, "range"))),
            "usergroup" => {
                let shown = name(text(value, "usergroup_id"), "", self.names);
                self.writer.text(&format!("@{shown}"));
            }
            "date" => self.writer.text(text(value, "fallback")),
            "rich_text_preformatted" => {
                let code: String = list(value, "elements")
                    .iter()
                    .map(|it| first(it, &["text", "url"]))
                    .collect();
                self.writer.line_break();
                self.writer.code_lines(&code);
                self.writer.line_break();
            }
            "rich_text_list" => {
                for item in list(value, "elements") {
                    self.writer.line_break();
                    self.writer.text("- ");
                    self.each(list(item, "elements"), depth + 1);
                }
                self.writer.line_break();
            }
            _ => self.other(value, depth),
        }
    }

    fn styled(&mut self, value: &Value) {
        let code = value
            .get("style")
            .and_then(|style| style.get("code"))
            .and_then(Value::as_bool)
            .unwrap_or_default();
        if code {
            self.writer.inline_code(text(value, "text"));
            return;
        }
        for (i, line) in text(value, "text").split('\n').enumerate() {
            if i > 0 {
                self.writer.line_break();
            }
            self.writer.text(line);
        }
    }

    fn link(&mut self, url: &str, label: &str) {
        let start = self.writer.mark();
        self.writer.text(if label.is_empty() { url } else { label });
        self.writer.link_since(start, url);
    }

    fn user(&mut self, id: &str) {
        if !id.is_empty() {
            self.writer.mention(id, &name(id, "", self.names));
        }
    }

    /// Sections, headers, contexts, attachments and unknown blocks: their texts, then what they hold.
    fn other(&mut self, value: &Value, depth: usize) {
        self.writer.line_break();
        match value.get("text") {
            Some(Value::String(own)) => self.object(own, text(value, "type")),
            Some(object @ Value::Object(_)) => self.object(text(object, "text"), text(object, "type")),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {}
        }
        let link = text(value, "title_link");
        match value.get("title") {
            Some(Value::String(title)) if !link.is_empty() => self.link(link, title),
            Some(Value::String(title)) => self.writer.text(title),
            Some(object) => self.object(text(object, "text"), "plain_text"),
            None => {}
        }
        self.writer.space();
        self.writer
            .text(&shown(first(value, &["alt_text", "value"]), self.names));
        self.each(list(value, "fields"), depth + 1);
        self.each(list(value, "elements"), depth + 1);
        self.each(list(value, "blocks"), depth + 1);
    }

    fn object(&mut self, content: &str, kind: &str) {
        if kind == "plain_text" {
            self.writer.text(content);
        } else {
            mrkdwn(content, self.names, self.writer);
        }
        self.writer.space();
    }
}

fn first<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter()
        .map(|key| text(value, key))
        .find(|it| !it.is_empty())
        .unwrap_or_default()
}
