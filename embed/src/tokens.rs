//! Texts to token ids, as the model's own tokenizer makes them.

mod template;

use std::path::Path;

use domain::{Error, Result};
use tokenizers::{PreTokenizerWrapper, Tokenizer};

use template::Template;

const OPERATION: &str = "load tokenizer";
/// Texts below this many bytes are always tokenised whole.
const SHORT: usize = 4096;
/// Bytes of a text that are read for each token that is wanted, and at most: what lies beyond is not looked at, so that a text of
/// many megabytes costs no more than one of this size. Ordinary text has four bytes a token.
const BYTES_A_TOKEN: usize = 512;
const MOST_BYTES: usize = 1 << 20;

/// A tokenizer that cuts texts off at the model's limit.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    single: Template,
    pair: Template,
    max: usize,
    /// Whether tokens never reach across a space, so that the beginning of a text can be tokenised alone.
    words: bool,
}

/// What the encoder takes: the ids of a text or of a pair of texts with their special tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) ids: Vec<u32>,
    /// Where tokens of the second kind begin; the end where there are none.
    pub(crate) second: usize,
}

impl Tokens {
    /// Load `tokenizer.json` for a model of `vocabulary` tokens that takes `max` of them, special ones counted.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, has more tokens than the model, or leaves no room for text between its special tokens.
    pub(crate) fn load(path: &Path, vocabulary: usize, max: usize) -> Result<Self> {
        let corrupt = |message: String| {
            Error::corrupt(OPERATION, format!("{}: {message}", path.display()))
                .with_hint("verify the model files, or remove them so that they are fetched again")
        };
        let bytes = std::fs::read(path).map_err(|error| Error::io(OPERATION, path, error))?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| corrupt(error.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| corrupt(error.to_string()))?;
        if tokenizer.get_vocab_size(true) > vocabulary {
            let size = tokenizer.get_vocab_size(true);
            return Err(corrupt(format!(
                "it has {size} tokens, but the model knows {vocabulary}"
            )));
        }
        let beyond = |id: &u32| usize::try_from(*id).map_or(true, |id| id >= vocabulary);
        if let Some(id) = tokenizer.get_vocab(true).into_values().find(beyond) {
            return Err(corrupt(format!(
                "it has a token {id}, but the model knows {vocabulary}"
            )));
        }
        let (single, pair) = template::of(&tokenizer).map_err(&corrupt)?;
        if single.len() == 0 || single.len() >= max {
            let special = single.len();
            return Err(corrupt(format!(
                "it adds {special} special tokens to a text, of at most {max}"
            )));
        }
        let words = splits_at_spaces(tokenizer.get_pre_tokenizer());
        Ok(Self {
            tokenizer,
            single,
            pair,
            max,
            words,
        })
    }

    /// The number of tokens of `text`, special tokens not counted.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.tokenizer
            .encode_fast(text, false)
            .map_or(0, |encoding| encoding.len())
    }

    /// The ids of `text` between the special tokens, at most as many as the model takes.
    ///
    /// # Errors
    /// `Invalid` when the tokenizer refuses the text.
    pub(crate) fn text(&self, text: &str) -> Result<Sequence> {
        let ids = self.ids(text, self.max - self.single.len())?;
        Ok(self.single.enclose(&ids, &[]))
    }

    /// The ids of a query that is to stand before passages: at most half of the room.
    ///
    /// # Errors
    /// `Invalid` when the tokenizer refuses the query, or the model leaves no room for a pair.
    pub(crate) fn query(&self, query: &str) -> Result<Vec<u32>> {
        let room = self.max.saturating_sub(self.pair.len());
        if room < 2 {
            let max = self.max;
            return Err(Error::invalid(
                "tokenise",
                format!("{max} tokens leave no room for a pair of texts"),
            ));
        }
        self.ids(query, room / 2)
    }

    /// The pair of a query, by its ids, and a passage, which is cut off where the room ends.
    ///
    /// # Errors
    /// `Invalid` when the tokenizer refuses the passage.
    pub(crate) fn pair(&self, query: &[u32], passage: &str) -> Result<Sequence> {
        let room = self.max.saturating_sub(self.pair.len() + query.len());
        Ok(self.pair.enclose(query, &self.ids(passage, room)?))
    }

    /// The first `wanted` ids of `text` without special tokens.
    fn ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        let most = wanted.saturating_mul(BYTES_A_TOKEN).clamp(SHORT, MOST_BYTES);
        let text = text.get(..text.floor_char_boundary(most)).unwrap_or(text);
        let mut size = SHORT;
        let encoding = loop {
            let beginning = if self.words { beginning(text, size) } else { None };
            let encoding = self
                .tokenizer
                .encode_fast(beginning.unwrap_or(text), false)
                .map_err(|error| Error::invalid("tokenise", error.to_string()).with_hint("leave this text out"))?;
            if beginning.is_none() || encoding.len() >= wanted {
                break encoding;
            }
            size *= 4;
        };
        Ok(encoding.get_ids().iter().take(wanted).copied().collect())
    }
}

/// Whether a text that is cut before a space has the same tokens up to there. What joins words to pieces across spaces is not in
/// the list, nor what is not known.
fn splits_at_spaces(splitter: Option<&PreTokenizerWrapper>) -> bool {
    match splitter {
        Some(
            PreTokenizerWrapper::BertPreTokenizer(_)
            | PreTokenizerWrapper::Whitespace(_)
            | PreTokenizerWrapper::WhitespaceSplit(_),
        ) => true,
        Some(PreTokenizerWrapper::ByteLevel(bytes)) => bytes.use_regex,
        Some(PreTokenizerWrapper::Metaspace(spaces)) => spaces.split,
        Some(PreTokenizerWrapper::Sequence(steps)) => splits_at_spaces(steps.as_ref().first()),
        Some(
            PreTokenizerWrapper::Delimiter(_)
            | PreTokenizerWrapper::Split(_)
            | PreTokenizerWrapper::Punctuation(_)
            | PreTokenizerWrapper::Digits(_)
            | PreTokenizerWrapper::UnicodeScripts(_)
            | PreTokenizerWrapper::FixedLength(_),
        )
        | None => false,
    }
}

/// The first words of a `text` longer than `size` bytes, about `size` bytes of them, if a space after a word shows where they end.
/// Other white space is no safe place: normalisers drop some of it as control characters. Nor are further spaces: some tokenizers
/// make one token of several.
fn beginning(text: &str, size: usize) -> Option<&str> {
    let head = text
        .get(..text.floor_char_boundary(size))
        .filter(|head| head.len() < text.len())?;
    head.rmatch_indices(' ')
        .filter_map(|(space, _)| head.get(..space))
        .find(|words| words.ends_with(|last: char| !last.is_whitespace()))
}

#[cfg(test)]
mod tests;
