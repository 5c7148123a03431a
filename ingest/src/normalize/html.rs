//! HTML as it occurs within Markdown: tags go, their text stays.

use super::BlockKind;
use super::writer::{Writer, clip};

/// What is open from one piece of HTML to the next.
#[derive(Default)]
pub(super) struct Html {
    /// The element whose text is not shown.
    hidden: Option<&'static str>,
    code: Option<usize>,
    link: Option<(String, usize)>,
}

/// Elements whose content is not text.
const HIDDEN: [&str; 4] = ["script", "style", "template", "svg"];

/// Elements that begin and end on lines of their own.
const BLOCKS: [&str; 25] = [
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "thead",
    "tbody",
    "details",
    "summary",
    "blockquote",
    "pre",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "center",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "picture",
];

impl Html {
    /// Whether text is within an element whose content is not text.
    pub(super) fn hides(&self) -> bool {
        self.hidden.is_some()
    }

    /// Write the text of a piece of HTML. Text outside of an open block begins one of `kind`.
    pub(super) fn write(&mut self, html: &str, kind: &BlockKind, writer: &mut Writer) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            self.text(rest.get(..at).unwrap_or_default(), kind, writer);
            let after = rest.get(at..).unwrap_or_default();
            if let Some(comment) = after.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            } else if after
                .as_bytes()
                .get(1)
                .is_some_and(|it| it.is_ascii_alphabetic() || b"/!?".contains(it))
            {
                let Some((tag, beyond)) = after.split_once('>') else {
                    // Without another `>` nothing that follows is a tag.
                    return self.text(after, kind, writer);
                };
                self.tag(tag.get(1..).unwrap_or_default(), kind, writer);
                rest = beyond;
            } else {
                self.text("<", kind, writer);
                rest = after.get(1..).unwrap_or_default();
            }
        }
        self.text(rest, kind, writer);
    }

    fn text(&self, text: &str, kind: &BlockKind, writer: &mut Writer) {
        if self.hides() || text.is_empty() {
            return;
        }
        if text.trim().is_empty() {
            writer.space();
            return;
        }
        writer.ensure(kind.clone());
        writer.text(&unescape(text));
    }

    fn tag(&mut self, tag: &str, kind: &BlockKind, writer: &mut Writer) {
        let closing = tag.starts_with('/');
        let body = tag.trim_start_matches('/');
        let end = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
        let name = clip(body.get(..end).unwrap_or_default(), 16).to_ascii_lowercase();
        if let Some(hidden) = self.hidden {
            if closing && name == hidden {
                self.hidden = None;
            }
            return;
        }
        match name.as_str() {
            "br" => writer.line_break(),
            "td" | "th" => writer.space(),
            "code" | "kbd" | "samp" | "tt" => self.code(closing, kind, writer),
            "a" => self.anchor(body, closing, kind, writer),
            "img" => self.text(attribute(body, "alt").as_deref().unwrap_or_default(), kind, writer),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => heading(&name, closing, writer),
            name if BLOCKS.contains(&name) => writer.end(),
            name if !closing && !body.ends_with('/') => self.hidden = HIDDEN.into_iter().find(|it| *it == name),
            _ => {}
        }
    }

    fn code(&mut self, closing: bool, kind: &BlockKind, writer: &mut Writer) {
        match self.code.take() {
            Some(start) if closing => writer.code_since(start),
            Some(_) | None if closing => {}
            Some(_) | None => {
                writer.ensure(kind.clone());
                self.code = Some(writer.mark());
            }
        }
    }

    fn anchor(&mut self, body: &str, closing: bool, kind: &BlockKind, writer: &mut Writer) {
        if let Some((url, start)) = self.link.take()
            && closing
        {
            writer.link_since(start, &url);
        }
        if !closing && let Some(url) = attribute(body, "href") {
            writer.ensure(kind.clone());
            self.link = Some((url, writer.mark()));
        }
    }
}

fn heading(name: &str, closing: bool, writer: &mut Writer) {
    let level = name.as_bytes().get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
    if closing {
        writer.end();
    } else {
        writer.begin(BlockKind::Heading { level });
    }
}

/// The value of an attribute of a tag, unescaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = clip(tag, 8192);
    let lower = tag.to_ascii_lowercase();
    for (at, _) in lower.match_indices(name) {
        let before = tag.get(..at).unwrap_or_default();
        let after = tag.get(at + name.len()..).unwrap_or_default();
        if before.ends_with(char::is_whitespace)
            && let Some(value) = after.trim_start().strip_prefix('=')
        {
            return Some(unescape(&unquote(value.trim_start())));
        }
    }
    None
}

fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote) {
            return inner.split(quote).next().unwrap_or_default().to_owned();
        }
    }
    value
        .split(|c: char| c.is_whitespace() || c == '>')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Resolve the character references that occur in practice.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let name = clip(after, 10).split_once(';').map(|(name, _)| name);
        if let Some((name, c)) = name.and_then(|name| Some((name, entity(name)?))) {
            out.push(c);
            rest = after.get(name.len() + 1..).unwrap_or_default();
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).filter(|c| *c != '\0');
    }
    let known = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("ndash", '–'),
        ("mdash", '—'),
        ("hellip", '…'),
        ("copy", '©'),
        ("reg", '®'),
        ("trade", '™'),
        ("rarr", '→'),
        ("larr", '←'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("bull", '•'),
        ("middot", '·'),
        ("times", '×'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("deg", '°'),
    ];
    known.into_iter().find(|(it, _)| *it == name).map(|(_, c)| c)
}
