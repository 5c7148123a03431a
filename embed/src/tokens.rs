//! Texts to token ids, as the model's own tokenizer makes them.

use std::path::Path;

use domain::{Error, Result};
use tokenizers::{PreTokenizerWrapper, Tokenizer};

const OPERATION: &str = "load tokenizer";
/// Texts below this many bytes are always tokenised whole.
const SHORT: usize = 4096;

/// A tokenizer that cuts texts off at the model's limit.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    /// What stands before the text, as [CLS].
    before: u32,
    /// What stands after it, as [SEP].
    after: u32,
    max: usize,
    /// Whether tokens never reach across a space, so that the beginning of a text can be tokenised alone.
    words: bool,
}

impl Tokens {
    /// Load `tokenizer.json` for a model of `vocabulary` tokens that takes `max` of them, special ones counted.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, has more tokens than the model, or does not enclose a text in two special tokens.
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
        let empty = tokenizer
            .encode_fast("", true)
            .map_err(|error| corrupt(error.to_string()))?;
        let &[before, after] = empty.get_ids() else {
            return Err(corrupt(format!(
                "it adds {} special tokens to a text, not two",
                empty.len()
            )));
        };
        let words = matches!(
            tokenizer.get_pre_tokenizer(),
            Some(PreTokenizerWrapper::BertPreTokenizer(_))
        );
        Ok(Self {
            tokenizer,
            before,
            after,
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
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let wanted = self.max - 2;
        let mut size = SHORT;
        let inner = loop {
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
        let mut ids = Vec::with_capacity(inner.len().min(wanted) + 2);
        ids.push(self.before);
        ids.extend(inner.get_ids().iter().take(wanted));
        ids.push(self.after);
        Ok(ids)
    }
}

/// The first words of a `text` longer than `size` bytes, about `size` bytes of them, if a space or line end shows where they end.
/// Other white space is no safe place: the BERT normaliser drops some of it as control characters.
fn beginning(text: &str, size: usize) -> Option<&str> {
    let head = text
        .get(..text.floor_char_boundary(size))
        .filter(|head| head.len() < text.len())?;
    head.get(..head.rfind([' ', '\n'])?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{SHORT, Tokens, beginning};

    /// A BERT tokenizer of letters and signs.
    fn letters(max: usize) -> Tokens {
        let mut vocabulary = BTreeMap::new();
        for token in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "e", "ab", ".", "日"]
            .iter()
            .map(ToString::to_string)
        {
            vocabulary.insert(token, vocabulary.len());
        }
        for letter in 'a'..='d' {
            vocabulary.insert(letter.to_string(), vocabulary.len());
            vocabulary.insert(format!("##{letter}"), vocabulary.len());
        }
        let special = |name: &str| serde_json::json!({ "id": name, "ids": [vocabulary[name]], "tokens": [name] });
        let piece = |name: &str| serde_json::json!({ "SpecialToken": { "id": name, "type_id": 0 } });
        let json = serde_json::json!({
            "version": "1.0",
            "truncation": { "max_length": 4, "strategy": "LongestFirst", "stride": 0 },
            "padding": { "strategy": { "Fixed": 9 }, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]" },
            "added_tokens": [],
            "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
            "pre_tokenizer": { "type": "BertPreTokenizer" },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [piece("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, piece("[SEP]")],
                "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
                "special_tokens": { "[CLS]": special("[CLS]"), "[SEP]": special("[SEP]") }
            },
            "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary }
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), json.to_string()).unwrap();
        assert!(Tokens::load(file.path(), 3, max).is_err_and(|error| error.message().contains("the model knows 3")));
        Tokens::load(file.path(), 100, max).unwrap()
    }

    #[test]
    fn the_beginning_ends_before_a_space_and_only_of_long_texts() {
        assert_eq!(beginning("one two three", 9), Some("one two"));
        assert_eq!(beginning("one two", 9), None);
        assert_eq!(beginning("onetwothree", 9), None);
        assert_eq!(beginning("é é é é é é", 4), Some("é"));
    }

    #[test]
    fn texts_are_enclosed_and_cut_off_at_the_limit() {
        let tokens = letters(5);
        assert_eq!(tokens.ids("").unwrap(), [2, 3]);
        assert_eq!(tokens.ids("A b").unwrap(), [2, 8, 10, 3]);
        assert_eq!(tokens.ids("a b a b a b").unwrap(), [2, 8, 10, 8, 3]);
        assert_eq!(tokens.count("a b a b a b"), 6);
        assert_eq!(tokens.count("\u{e9}.日"), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn the_beginning_of_a_long_text_gives_the_same_tokens(
            words in prop::collection::vec("[a-e]{1,8}|\u{301}[ab]{0,9}|[ab.日]{1,3}|[abc\u{85}\t\u{301}\u{200b}]{1,9}|[ab]{200}", 0..3000),
            separator in "[ \n\t]",
        ) {
            let tokens = letters(200);
            let text = words.join(&separator);
            let whole = tokens.tokenizer.encode_fast(text.as_str(), false).unwrap();
            let expected: Vec<_> = whole.get_ids().iter().copied().take(198).collect();
            let found = tokens.ids(&text).unwrap();
            prop_assert_eq!(&found[1..found.len() - 1], expected.as_slice(), "{} bytes, beginning from {}", text.len(), SHORT);
        }
    }
}
