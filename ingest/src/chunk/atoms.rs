//! Cutting a span into atoms: pieces that fit into a chunk and are never cut further. Each byte is counted at most four times.

use std::ops::Range;

/// A piece of text that stays whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tokens: usize,
    /// A heading is kept together with what follows.
    pub(super) heading: bool,
}

/// A span this many times longer than its limit in tokens is cut without being counted first.
const SURELY_LARGER: usize = 24;

/// Cuts spans of `text` into atoms of at most `limit` tokens.
pub(super) struct Splitter<'a> {
    pub(super) text: &'a str,
    pub(super) limit: usize,
    pub(super) count: &'a (dyn Fn(&str) -> usize + Sync),
}

impl Splitter<'_> {
    /// Prose: as one atom, or by sentences, or by words.
    pub(super) fn prose(&self, span: Range<usize>, out: &mut Vec<Atom>) {
        if !self.whole(span.clone(), out) {
            for sentence in ranges(self.text, span, ends_sentence) {
                if !self.whole(sentence.clone(), out) {
                    self.words(sentence, out);
                }
            }
        }
    }

    /// Lines: as one atom, or by groups between blank lines, or line by line, or by words.
    pub(super) fn lines(&self, span: Range<usize>, out: &mut Vec<Atom>) {
        if self.whole(span.clone(), out) {
            return;
        }
        for group in ranges(self.text, span, ends_group) {
            if self.whole(group.clone(), out) {
                continue;
            }
            for line in ranges(self.text, group, |text, at| text.as_bytes().get(at) == Some(&b'\n')) {
                if !self.whole(line.clone(), out) {
                    self.words(line, out);
                }
            }
        }
    }

    /// Add the span as one atom if it fits.
    fn whole(&self, span: Range<usize>, out: &mut Vec<Atom>) -> bool {
        let text = self.text.get(span.clone()).unwrap_or_default();
        if text.trim().is_empty() {
            return true;
        }
        if text.len() > self.limit.saturating_mul(SURELY_LARGER) {
            return false;
        }
        let tokens = (self.count)(text);
        if tokens <= self.limit {
            self.add(span, tokens, out);
        }
        tokens <= self.limit
    }

    fn add(&self, span: Range<usize>, tokens: usize, out: &mut Vec<Atom>) {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let start = span.start + (text.len() - text.trim_start_matches('\n').len());
        out.push(Atom {
            start,
            end: span.start + text.trim_end().len(),
            tokens,
            heading: false,
        });
    }

    /// By words, in strips that surely fit: no token is shorter than a byte. Strips are counted and packed again.
    fn words(&self, span: Range<usize>, out: &mut Vec<Atom>) {
        let mut start = span.start;
        while let Some(rest) = self.text.get(start..span.end).filter(|rest| !rest.is_empty()) {
            let length = strip(rest, self.limit);
            let text = rest.get(..length).unwrap_or_default();
            if !text.trim().is_empty() {
                self.add(start..start + length, (self.count)(text), out);
            }
            start += length;
        }
    }
}

/// How much of `text` to take: up to the last whitespace within `limit` bytes, or the limit, but at least a character.
fn strip(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let most = text.floor_char_boundary(limit);
    let space = text
        .get(..most)
        .and_then(|it| it.rfind(char::is_whitespace))
        .unwrap_or(0);
    let space = text
        .get(space..)
        .and_then(|it| it.chars().next())
        .map_or(0, |c| space + c.len_utf8());
    let cut = if space * 2 > most { space } else { most };
    if cut > 0 {
        cut
    } else {
        text.chars().next().map_or(text.len(), char::len_utf8)
    }
}

/// Cut a span behind every byte at which `ends` holds.
fn ranges<'a>(
    text: &'a str,
    span: Range<usize>,
    ends: impl Fn(&str, usize) -> bool + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut start = span.start;
    std::iter::from_fn(move || {
        if start >= span.end {
            return None;
        }
        let end = (start..span.end)
            .find(|at| ends(text, *at))
            .map_or(span.end, |at| at + 1);
        let range = start..end;
        start = end;
        Some(range)
    })
}

/// Whether a sentence ends with this byte: a line break, or whitespace behind a full stop and before a capital or the like.
fn ends_sentence(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'\n') => true,
        Some(b' ') => {
            let stops = at
                .checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_some_and(|it| b".!?:;".contains(it));
            let begins = bytes.get(at + 1).is_none_or(|it| !it.is_ascii_lowercase());
            stops && begins
        }
        // The last byte of an ideographic full stop, question or exclamation mark.
        Some(last) if *last >= 0x80 => text
            .get(at.saturating_sub(2)..=at)
            .is_some_and(|it| matches!(it, "。" | "！" | "？")),
        Some(_) | None => false,
    }
}

/// Whether a blank line ends with this byte, and another begins behind it.
fn ends_group(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let blank = |it: &u8| *it == b'\n';
    bytes.get(at).is_some_and(blank)
        && at
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(blank)
}
