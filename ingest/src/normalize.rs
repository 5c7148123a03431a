//! Normalising: a document in its provider's markup becomes plain text with the structure that chunking and reading references need.

mod adf;
mod emphasis;
mod html;
mod markdown;
mod plain;
mod slack;
mod wiki;
mod writer;

use domain::{Document, Markup};

use self::writer::Writer;

/// The most bytes of normalised text, title included; the rest is cut off at a character.
pub const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The most bytes of a title that enter the text.
pub const MAX_TITLE_BYTES: usize = 64 * 1024;

/// Nesting beyond this is read as if it were on this level, or dropped.
const MAX_DEPTH: usize = 128;

/// A document as text. All positions are byte offsets into `text`, on character boundaries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Normalized {
    /// The title, a newline, the body without its markup.
    pub text: String,
    /// Where the body begins: the title's length and one.
    pub body_start: u32,
    /// The body's blocks in order. They do not overlap, and what lies between them is whitespace.
    pub blocks: Vec<Block>,
    /// Code, inline or in blocks, in order: names there are neither references nor mentions.
    pub code_spans: Vec<(u32, u32)>,
    /// Links whose URL the text does not show.
    pub links: Vec<InlineLink>,
    /// Accounts that the markup names by their id.
    pub mentions: Vec<Mention>,
}

impl Normalized {
    /// The body's text.
    pub fn body(&self) -> &str {
        self.slice(self.body_start, u32::try_from(self.text.len()).unwrap_or(u32::MAX))
    }

    /// The text of a span; empty where the span is not one of this text.
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether a byte offset lies in code.
    pub fn in_code(&self, offset: u32) -> bool {
        let after = self.code_spans.partition_point(|(start, _)| *start <= offset);
        after
            .checked_sub(1)
            .and_then(|i| self.code_spans.get(i))
            .is_some_and(|(_, end)| offset < *end)
    }
}

/// A piece of the body of one kind. Containers (lists, quotes, tables) show in the kinds of the pieces they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it starts.
    pub start: u32,
    /// Where it ends (exclusive).
    pub end: u32,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading, 1 to 6.
    Heading {
        /// 1 for the outermost.
        level: u8,
    },
    /// A paragraph.
    Paragraph,
    /// An item of a list, or a further paragraph of one; nested items are blocks of their own.
    ListItem {
        /// 1 for an outermost list.
        depth: u8,
    },
    /// A block of code.
    Code {
        /// The language as the markup names it, or the file's extension.
        language: Option<String>,
    },
    /// A row of a table; cells are separated by ` | `.
    TableRow,
    /// A quoted paragraph.
    Quote,
    /// A chat message with its author's name in front. Code and quotes in it are not blocks of their own.
    Message {
        /// The author's name.
        author: String,
        /// The message's id.
        ts: String,
    },
}

/// A link whose URL is not in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineLink {
    /// Where it leads.
    pub url: String,
    /// Where its text starts.
    pub start: u32,
    /// Where its text ends (exclusive).
    pub end: u32,
}

/// An account named by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The provider's id: an Atlassian account id, a Jira user name, a Slack user id.
    pub id: String,
    /// Where the text that shows it starts.
    pub start: u32,
    /// Where it ends (exclusive).
    pub end: u32,
}

/// Turn a document into text. Linear in the size of its body; any body has a text, malformed markup is read as plain text.
pub fn normalize(document: &Document) -> Normalized {
    let mut writer = Writer::new(&document.title);
    let body = writer::clip(&document.body.text, MAX_TEXT_BYTES);
    match document.body.markup {
        Markup::Plain => plain::write(body, &mut writer),
        Markup::Markdown => markdown::write(body, &mut writer),
        Markup::Adf => adf::write(body, &mut writer),
        Markup::JiraWiki => wiki::write(body, &mut writer),
        Markup::SlackThread => slack::write(body, &mut writer),
        Markup::Code => plain::write_code(body, extension(document.key.as_str()).as_deref(), &mut writer),
    }
    writer.finish()
}

/// The extension of a path, lower-cased; `None` where its last part has none.
pub(crate) fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase())
        .filter(|it| !it.is_empty() && it.len() <= 16)
}

#[cfg(test)]
pub(crate) mod tests;
