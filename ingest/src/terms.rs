//! Terms of BM25: how text is cut into words, and the weights of words in passages and queries.
//!
//! A passage's vector holds the term-frequency part of BM25 with a fixed average length, so that it does not depend on
//! other passages; whoever asks multiplies the query's terms by inverse document frequencies over what he may see.

mod bm25;
mod fold;
mod stem;
#[cfg(test)]
mod tests;

pub use self::bm25::Bm25;

use std::ops::Range;

use domain::SparseVector;

/// How soon repetition of a term saturates.
const K1: f32 = 1.2;
/// How much a long passage counts against its terms: 0 not, 1 in full.
const B: f32 = 0.75;
/// The length, in terms, of a passage that counts as average. Chunks of public trackers, wikis, abstracts and code had
/// 44, 66, 82 and 37 in the mean.
const AVERAGE_TERMS: f32 = 64.0;

/// The most bytes of a term; a longer one is cut.
const MAX_TERM: usize = 64;

/// English words that say nothing about what a text is about, in order.
const STOP_WORDS: [&str; 70] = [
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
    "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its",
    "me", "my", "no", "not", "of", "on", "or", "our", "s", "she", "so", "such", "t", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "to", "was", "we", "were", "what", "when", "which", "while",
    "who", "will", "with", "would", "you", "your",
];

/// The id of a term: 32 bits of its FNV-1a hash, the same in every release and on every machine.
pub fn term_id(term: &str) -> u32 {
    let hash = term.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper half is folded into the lower, which is the id"
    )]
    let id = (mixed ^ (mixed >> 32)) as u32;
    id
}

/// The term-frequency part of BM25 for each term of a passage:
/// `tf·(k1+1) / (tf + k1·(1 − b + b·length/average))` with k1 = 1.2, b = 0.75, average = 64 terms.
pub fn sparse_passage(text: &str) -> SparseVector {
    let mut ids = ids(text);
    let length = small(ids.len()) / AVERAGE_TERMS;
    let damping = K1 * (1.0 - B + B * length);
    ids.sort_unstable();
    let mut vector = SparseVector::default();
    for run in ids.chunk_by(|a, b| a == b) {
        let frequency = small(run.len());
        vector.terms.extend(run.first());
        vector.weights.push(frequency * (K1 + 1.0) / (frequency + damping));
    }
    vector
}

/// The distinct terms of a query, ascending, each with how often it occurs. Multiply by the inverse document frequency for its weight.
pub fn query_terms(text: &str) -> Vec<(u32, f32)> {
    let mut ids = ids(text);
    ids.sort_unstable();
    ids.chunk_by(|a, b| a == b)
        .filter_map(|run| Some((*run.first()?, small(run.len()))))
        .collect()
}

fn ids(text: &str) -> Vec<u32> {
    let mut ids = Vec::with_capacity(text.len() / 6);
    Analyser::new(|term| ids.push(term_id(term))).text(text);
    ids
}

/// A count as a number; counts beyond 65,535 are alike.
fn small(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Cuts text into terms and gives each to `emit`.
struct Analyser<F> {
    emit: F,
    /// The word or identifier being read, folded, its case kept.
    word: String,
    /// The last character of a run without spaces, and whether it stands alone so far.
    wide: Option<(char, bool)>,
    /// A term being built.
    term: String,
}

impl<F: FnMut(&str)> Analyser<F> {
    fn new(emit: F) -> Self {
        Self {
            emit,
            word: String::new(),
            wide: None,
            term: String::new(),
        }
    }

    fn text(mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = rest.bytes().position(|it| !is_word_byte(it)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(run).unwrap_or((rest, ""));
            if run == 0 {
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                if c.is_ascii() {
                    self.end_wide();
                    self.end_word();
                } else {
                    self.beyond_ascii(c);
                }
                continue;
            }
            self.end_wide();
            if self.word.is_empty() && after.bytes().next().is_none_or(|it| it.is_ascii()) {
                self.identifier(word);
            } else {
                self.word.push_str(word);
            }
            rest = after;
        }
        self.end_wide();
        self.end_word();
    }

    fn beyond_ascii(&mut self, c: char) {
        if fold::is_mark(c) {
            return;
        }
        if fold::is_wide(c) {
            self.end_word();
            self.pair(c);
            return;
        }
        self.end_wide();
        match fold::fold(c) {
            Some(folded) => self.word.push_str(folded),
            None => match fold::half_width(c) {
                c if c.is_alphanumeric() => self.word.push(c),
                _ => self.end_word(),
            },
        }
    }

    /// A character of a script without spaces: a term with the one before it.
    fn pair(&mut self, c: char) {
        if let Some((last, _)) = self.wide {
            self.term.clear();
            self.term.extend([last, c]);
            (self.emit)(&self.term);
        }
        self.wide = Some((c, self.wide.is_none()));
    }

    fn end_wide(&mut self) {
        if let Some((c, true)) = self.wide.take() {
            self.term.clear();
            self.term.push(c);
            (self.emit)(&self.term);
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        self.identifier(&word);
        self.word = word;
        self.word.clear();
    }

    fn identifier(&mut self, word: &str) {
        let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
        if word.bytes().skip(1).all(plain) && !word.starts_with('_') {
            self.part(word);
            return;
        }
        let mut parts = parts(word);
        match (parts.next(), parts.next()) {
            (Some(only), None) => self.part(word.get(only).unwrap_or_default()),
            (Some(first), Some(second)) => {
                self.whole(word);
                for part in [first, second].into_iter().chain(parts) {
                    // A single letter is the head of something like `mRNA`, which is whole above.
                    let part = word.get(part).unwrap_or_default();
                    if part.len() > 1 {
                        self.part(part);
                    }
                }
            }
            (None, _) => {}
        }
    }

    /// An identifier without its underscores, so that `getUser` and `get_user` are one.
    fn whole(&mut self, word: &str) {
        self.term.clear();
        self.term
            .extend(word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase));
        self.send();
    }

    fn part(&mut self, part: &str) {
        self.term.clear();
        if part.is_ascii() {
            self.term.push_str(part);
            self.term.make_ascii_lowercase();
        } else {
            self.term.extend(part.chars().flat_map(char::to_lowercase));
        }
        if !is_stop_word(&self.term) {
            self.send();
        }
    }

    fn send(&mut self) {
        self.term.truncate(self.term.floor_char_boundary(MAX_TERM));
        stem::stem(&mut self.term);
        if !self.term.is_empty() {
            (self.emit)(&self.term);
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The parts of an identifier: between underscores, and where its case shows a new word (`parseHTTPHeader`).
fn parts(word: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = word.get(from..)?;
        let start = from + (rest.len() - rest.trim_start_matches('_').len());
        let rest = word.get(start..).filter(|rest| !rest.is_empty())?;
        let end = start + part_length(rest);
        from = end;
        Some(start..end)
    })
}

fn part_length(rest: &str) -> usize {
    let mut last: Option<char> = None;
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let begins = c.is_uppercase()
            && last
                .is_some_and(|last| last.is_lowercase() || chars.peek().is_some_and(|(_, next)| next.is_lowercase()));
        if at > 0 && (c == '_' || begins) {
            return at;
        }
        last = Some(c);
    }
    rest.len()
}

fn is_stop_word(term: &str) -> bool {
    STOP_WORDS.binary_search(&term).is_ok()
}
