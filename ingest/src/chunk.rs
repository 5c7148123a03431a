//! Chunking: a document's text is cut along its structure into the pieces that are embedded and searched.
//!
//! Sections that fit into a chunk stay whole; small ones share a chunk with their neighbours; large ones are cut at
//! paragraphs, then sentences, then words. Code is cut at its definitions, chat between messages.

mod atoms;
mod code;
mod outline;
mod pack;
#[cfg(test)]
mod tests;

use domain::{Chunk, Document, Markup};

use self::pack::Piece;
use crate::normalize::Normalized;

/// The most chunks of a document. Where there would be more, neighbours are joined: nothing is lost to term search,
/// while a model with a window sees the beginning of each.
pub const MAX_CHUNKS: usize = 2000;

/// A title's tokens are counted up to here, in bytes: a longer one leaves a chunk no more than its least anyway.
const MAX_COUNTED_TITLE: usize = 4096;

/// How large chunks may become, in tokens of the embedding model.
pub struct TokenBudget<'a> {
    /// The most tokens of a chunk's own text.
    pub max_tokens: usize,
    /// The most tokens of title, headings and text together: what the model reads. Where title and headings take more
    /// than three quarters of it, the text keeps one quarter.
    pub window: usize,
    /// Counts the tokens of a text, special ones not included. Counts of texts that are joined by whitespace must add up.
    pub count: &'a (dyn Fn(&str) -> usize + Sync),
}

impl<'a> TokenBudget<'a> {
    /// The budget for models that read 256 tokens, two of them special.
    pub fn new(count: &'a (dyn Fn(&str) -> usize + Sync)) -> Self {
        Self {
            max_tokens: 220,
            window: 254,
            count,
        }
    }

    /// The most tokens of a text below title and headings of `above` tokens.
    fn text_tokens(&self, above: usize) -> usize {
        let left = self.window.saturating_sub(above).max(self.window / 4);
        left.min(self.max_tokens).max(1)
    }
}

/// Cut a document's body into chunks: in order, not overlapping, together holding every character that is not whitespace.
/// The title is in none (see [`Chunk::embedded_text`]); a document with only a title has one chunk without text.
///
/// The same document gives the same chunks. A change within a section leaves the chunks of other sections as they were,
/// but for those of small neighbours (below a quarter of a chunk) that share a chunk with it.
pub fn chunk(document: &Document, normalized: &Normalized, budget: &TokenBudget<'_>) -> Vec<Chunk> {
    let title = &document.title;
    let above = (budget.count)(
        title
            .get(..title.floor_char_boundary(MAX_COUNTED_TITLE))
            .unwrap_or_default(),
    );
    let outline = match document.body.markup {
        Markup::Code => code::outline(document.key.as_str(), normalized, budget, above),
        Markup::Plain | Markup::Markdown | Markup::Adf | Markup::JiraWiki | Markup::SlackThread => {
            outline::of_blocks(normalized, budget, above)
        }
    };
    let pieces = pack::pack(&outline, budget);
    let chunks: Vec<Chunk> = joined(pieces)
        .into_iter()
        .zip(0..)
        .map(|(piece, ordinal)| cut(document, normalized, &piece, ordinal))
        .collect();
    if chunks.is_empty() && !document.title.trim().is_empty() {
        let end = normalized.body_start;
        let heading = Vec::new();
        return vec![Chunk {
            document: document.id,
            ordinal: 0,
            start: end,
            end,
            heading,
            text: String::new(),
        }];
    }
    chunks
}

fn cut(document: &Document, normalized: &Normalized, piece: &Piece, ordinal: u32) -> Chunk {
    let (start, end) = (piece.start, piece.end);
    let text = normalized.slice(start, end).to_owned();
    Chunk {
        document: document.id,
        ordinal,
        start,
        end,
        heading: piece.heading.clone(),
        text,
    }
}

/// At most [`MAX_CHUNKS`] pieces, by joining as many neighbours as that takes.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    if pieces.len() <= MAX_CHUNKS {
        return pieces;
    }
    let together = pieces.len().div_ceil(MAX_CHUNKS);
    let join = |group: &[Piece]| {
        let (first, last) = (group.first()?, group.last()?);
        Some(Piece {
            start: first.start,
            end: last.end,
            heading: first.heading.clone(),
        })
    };
    pieces.chunks(together).filter_map(join).collect()
}
