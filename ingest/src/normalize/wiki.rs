//! Jira wiki markup: macros and lines.
//! Format: <https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>.

mod inline;

use self::inline::{Macro, cells, macro_at, write_inline};
use super::BlockKind;
use super::writer::Writer;

pub(super) fn write(body: &str, writer: &mut Writer) {
    let mut reader = Reader {
        writer,
        quoted: false,
        numbers: Vec::new(),
    };
    let mut unclosed = [false; 2];
    let (mut from, mut at) = (0, 0);
    while let Some(found) = body.get(at..).and_then(|rest| rest.find('{')).map(|it| it + at) {
        let rest = body.get(found..).unwrap_or_default();
        if rest.starts_with("{{") || body.get(..found).is_some_and(|it| it.ends_with('\\')) {
            at = found + if rest.starts_with("{{") { 2 } else { 1 };
            continue;
        }
        let Some(tag) = macro_at(rest).filter(|tag| is_block(tag.name)) else {
            at = found + 1;
            continue;
        };
        reader.lines(body.get(from..found).unwrap_or_default());
        at = found + tag.length;
        from = at;
        if let Some(which) = ["code", "noformat"].iter().position(|it| *it == tag.name) {
            let end = if which == 0 { "{code}" } else { "{noformat}" };
            let inside = body
                .get(at..)
                .filter(|_| !unclosed[which])
                .and_then(|rest| rest.split_once(end));
            unclosed[which] |= inside.is_none();
            if let Some((code, _)) = inside {
                reader.code(&tag, code);
                at += code.len() + end.len();
                from = at;
            }
        } else {
            reader.container(&tag);
        }
    }
    reader.lines(body.get(from..).unwrap_or_default());
    reader.writer.end();
}

fn is_block(name: &str) -> bool {
    let known = [
        "code", "noformat", "quote", "panel", "info", "note", "warning", "tip", "expand", "section", "column",
    ];
    known.contains(&name)
}

struct Reader<'w> {
    writer: &'w mut Writer,
    quoted: bool,
    /// How far each level of a numbered list has counted.
    numbers: Vec<u32>,
}

impl Reader<'_> {
    fn code(&mut self, tag: &Macro<'_>, code: &str) {
        let title = tag.parameter("title");
        if !title.is_empty() {
            self.writer.begin(self.kind());
            self.writer.text(title);
        }
        let first = tag
            .parameters
            .split('|')
            .next()
            .filter(|it| !it.contains(['=', '.', ' ']));
        let language = Some(tag.parameter("language")).filter(|it| !it.is_empty()).or(first);
        self.writer.code_block(code, language.filter(|_| tag.name == "code"));
    }

    fn container(&mut self, tag: &Macro<'_>) {
        self.writer.end();
        if tag.name == "quote" {
            self.quoted = !self.quoted;
        }
        let title = tag.parameter("title");
        if !title.is_empty() {
            self.writer.begin(self.kind());
            self.writer.text(title);
            self.writer.end();
        }
    }

    fn kind(&self) -> BlockKind {
        if self.quoted {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        }
    }

    fn lines(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line.trim());
        }
    }

    fn line(&mut self, line: &str) {
        let list = list_marker(line);
        if list.is_none() {
            self.numbers.clear();
        }
        if line.is_empty() || (line.len() >= 4 && line.bytes().all(|it| it == b'-')) {
            self.writer.end();
        } else if let Some((level, text)) = heading(line) {
            self.whole(BlockKind::Heading { level }, text);
        } else if let Some(text) = line.strip_prefix("bq. ") {
            self.whole(BlockKind::Quote, text);
        } else if line.starts_with('|') {
            self.row(line);
        } else if let Some((marker, text)) = list {
            self.item(marker, text);
        } else {
            if self.writer.is_open() {
                self.writer.line_break();
            } else {
                self.writer.begin(self.kind());
            }
            write_inline(line, self.writer);
        }
    }

    fn whole(&mut self, kind: BlockKind, text: &str) {
        self.writer.begin(kind);
        write_inline(text, self.writer);
        self.writer.end();
    }

    fn item(&mut self, marker: &str, text: &str) {
        let depth = marker.len().min(16);
        self.numbers.resize(depth, 0);
        let number = self.numbers.last_mut().map_or(1, |number| {
            *number += 1;
            *number
        });
        let indent = " ".repeat(2 * depth.saturating_sub(1));
        let shown = if marker.ends_with('#') {
            format!("{indent}{number}. ")
        } else {
            format!("{indent}- ")
        };
        self.writer.begin(BlockKind::ListItem {
            depth: u8::try_from(depth).unwrap_or(u8::MAX),
        });
        self.writer.verbatim(&shown);
        write_inline(text, self.writer);
    }

    fn row(&mut self, line: &str) {
        self.writer.begin(BlockKind::TableRow);
        for (i, cell) in cells(line).into_iter().enumerate() {
            if i > 0 {
                self.writer.text(" | ");
            }
            write_inline(cell.trim(), self.writer);
        }
        self.writer.end();
    }
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.strip_prefix('h')?;
    let level = rest.bytes().next().filter(|it| (b'1'..=b'6').contains(it))?;
    let text = rest.get(1..)?.strip_prefix('.')?;
    Some((level - b'0', text.trim_start()))
}

fn list_marker(line: &str) -> Option<(&str, &str)> {
    let end = line.find(|c| !matches!(c, '*' | '#' | '-'))?;
    let (marker, text) = line.split_at_checked(end)?;
    let dashes = marker.contains('-');
    let good = !marker.is_empty() && text.starts_with(' ') && (!dashes || marker.len() == 1);
    good.then(|| (marker, text.trim_start()))
}
