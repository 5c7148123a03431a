//! GitHub-flavoured and wiki Markdown, read by pulldown-cmark.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html::Html;
use super::writer::Writer;
use super::{BlockKind, MAX_DEPTH};

/// Front matter longer than this is read as Markdown.
const MAX_FRONT_MATTER: usize = 64 * 1024;

pub(super) fn write(body: &str, writer: &mut Writer) {
    let body = front_matter(body.trim_start_matches('\u{feff}'), writer);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let options = options | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM;
    let mut reader = Reader {
        writer,
        state: State::default(),
    };
    for event in Parser::new_ext(body, options) {
        reader.event(event);
    }
    reader.writer.end();
}

/// Keep front matter as lines of text: it names titles, tags and owners. Returns what follows it.
fn front_matter<'a>(body: &'a str, writer: &mut Writer) -> &'a str {
    let Some(rest) = body.strip_prefix("---\n").or_else(|| body.strip_prefix("---\r\n")) else {
        return body;
    };
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if length > MAX_FRONT_MATTER {
            break;
        }
        if line.trim_end() == "---" {
            let (inside, after) = (rest.get(..length).unwrap_or_default(), rest.get(length + line.len()..));
            super::plain::write(inside, writer);
            return after.unwrap_or_default();
        }
        length += line.len();
    }
    body
}

#[derive(Default)]
struct State {
    /// The next number of each open list, `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    heading: Option<u8>,
    in_row: bool,
    cells: usize,
    links: Vec<(String, usize)>,
    code: Option<(Option<String>, String)>,
    html_block: Option<String>,
    html: Html,
    /// An item was opened and has only its marker yet.
    fresh_item: bool,
}

impl State {
    fn kind(&self) -> BlockKind {
        if let Some(level) = self.heading {
            BlockKind::Heading { level }
        } else if self.in_row {
            BlockKind::TableRow
        } else if !self.lists.is_empty() {
            BlockKind::ListItem {
                depth: u8::try_from(self.lists.len().min(MAX_DEPTH)).unwrap_or(u8::MAX),
            }
        } else if self.quotes > 0 {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        }
    }
}

struct Reader<'w> {
    writer: &'w mut Writer,
    state: State,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => self.inline(|writer| writer.inline_code(&code)),
            Event::InlineMath(math) | Event::DisplayMath(math) => self.inline(|writer| writer.text(&math)),
            Event::Html(html) => match &mut self.state.html_block {
                Some(block) => block.push_str(&html),
                None => self.html(&html),
            },
            Event::InlineHtml(html) => self.html(&html),
            Event::FootnoteReference(label) => self.inline(|writer| writer.text(&format!("[{label}]"))),
            Event::SoftBreak => self.inline(Writer::space),
            Event::HardBreak if self.state.in_row => self.inline(Writer::space),
            Event::HardBreak => self.inline(Writer::line_break),
            Event::Rule => self.writer.end(),
            Event::TaskListMarker(done) => self.inline(|writer| writer.text(if done { "[x] " } else { "[ ] " })),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.state.code {
            code.push_str(text);
        } else if !self.state.html.hides() {
            self.inline(|writer| writer.text(text));
        }
    }

    fn html(&mut self, html: &str) {
        let kind = self.state.kind();
        self.state.html.write(html, &kind, self.writer);
    }

    fn inline(&mut self, write: impl FnOnce(&mut Writer)) {
        self.writer.ensure(self.state.kind());
        self.state.fresh_item = false;
        write(self.writer);
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if !self.state.fresh_item => self.writer.begin(self.state.kind()),
            Tag::Heading { level, .. } => {
                self.state.heading = Some(level_of(level));
                self.writer.begin(self.state.kind());
            }
            Tag::BlockQuote(_) => {
                self.state.quotes += 1;
                self.end_unless_fresh();
            }
            Tag::CodeBlock(kind) => self.state.code = Some((language(&kind), String::new())),
            Tag::HtmlBlock => self.state.html_block = Some(String::new()),
            Tag::List(first) => {
                self.state.lists.push(first);
                self.writer.end();
            }
            Tag::Item => self.item(),
            Tag::FootnoteDefinition(label) => {
                self.writer.begin(self.state.kind());
                self.writer.text(&format!("[{label}]: "));
                self.state.fresh_item = true;
            }
            Tag::TableHead | Tag::TableRow => {
                (self.state.in_row, self.state.cells) = (true, 0);
                self.writer.begin(self.state.kind());
            }
            Tag::TableCell => {
                if self.state.cells > 0 {
                    self.writer.text(" | ");
                }
                self.state.cells += 1;
            }
            Tag::Link { dest_url, .. } => self.link(&dest_url),
            Tag::Paragraph
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_)
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Image { .. }
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn link(&mut self, url: &CowStr<'_>) {
        self.writer.ensure(self.state.kind());
        self.state.fresh_item = false;
        let start = self.writer.mark();
        self.state.links.push((url.to_string(), start));
    }

    fn item(&mut self) {
        self.writer.begin(self.state.kind());
        let depth = self.state.lists.len();
        let indent = " ".repeat(2 * depth.saturating_sub(1).min(8));
        let marker = match self.state.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            Some(None) | None => format!("{indent}- "),
        };
        self.writer.verbatim(&marker);
        self.state.fresh_item = true;
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::FootnoteDefinition | TagEnd::Item => self.close(),
            TagEnd::Heading(_) => {
                self.close();
                self.state.heading = None;
            }
            TagEnd::BlockQuote(_) => {
                self.close();
                self.state.quotes = self.state.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.state.code.take() {
                    self.state.fresh_item = false;
                    self.writer.code_block(&code, language.as_deref());
                }
            }
            TagEnd::HtmlBlock => {
                if let Some(html) = self.state.html_block.take() {
                    self.end_unless_fresh();
                    self.html(&html);
                    self.writer.end();
                }
            }
            TagEnd::List(_) => {
                self.close();
                self.state.lists.pop();
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                self.close();
                self.state.in_row = false;
            }
            TagEnd::Link => {
                if let Some((url, start)) = self.state.links.pop() {
                    self.writer.link_since(start, &url);
                }
            }
            TagEnd::Table
            | TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Image
            | TagEnd::MetadataBlock(_)
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition => {}
        }
    }

    fn close(&mut self) {
        self.state.fresh_item = false;
        self.writer.end();
    }

    fn end_unless_fresh(&mut self) {
        if !self.state.fresh_item {
            self.writer.end();
        }
    }
}

fn level_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    match kind {
        CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().map(str::to_owned),
        CodeBlockKind::Indented => None,
    }
}
