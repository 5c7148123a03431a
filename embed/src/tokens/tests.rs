//! Cutting off, enclosing, and the shortcut that reads only the beginning of a text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

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
            "pair": [
                piece("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, piece("[SEP]"),
                { "Sequence": { "id": "B", "type_id": 1 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 1 } }
            ],
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
    assert_eq!(beginning("one two   three", 10), Some("one two"));
    assert_eq!(beginning("     five", 4), None);
}

#[test]
fn texts_are_enclosed_and_cut_off_at_the_limit() {
    let tokens = letters(5);
    assert_eq!(tokens.text("").unwrap().ids, [2, 3]);
    assert_eq!(tokens.text("A b").unwrap().ids, [2, 8, 10, 3]);
    assert_eq!(tokens.text("a b a b a b").unwrap().ids, [2, 8, 10, 8, 3]);
    assert_eq!(tokens.count("a b a b a b"), 6);
    assert_eq!(tokens.count("\u{e9}.日"), 3);
}

#[test]
fn a_pair_is_cut_off_at_the_passage_and_a_query_at_half() {
    let tokens = letters(9);
    let query = tokens.query("a b a b a b").unwrap();
    assert_eq!(query, [8, 10, 8]);
    let pair = tokens.pair(&query, "b b b b b").unwrap();
    assert_eq!(
        (pair.ids.as_slice(), pair.second),
        ([2, 8, 10, 8, 3, 10, 10, 10, 3].as_slice(), 5)
    );
    let pair = tokens.pair(&tokens.query("").unwrap(), "a").unwrap();
    assert_eq!((pair.ids.as_slice(), pair.second), ([2, 3, 8, 3].as_slice(), 2));
    assert_eq!(
        letters(4).query("a").unwrap_err().message(),
        "4 tokens leave no room for a pair of texts"
    );
}

#[test]
fn of_a_text_without_end_only_a_part_is_read() {
    let tokens = letters(5);
    let start = std::time::Instant::now();
    let hostile = ["a".repeat(50 << 20), " ".repeat(50 << 20), "a. ".repeat(10 << 20)];
    let ids: Vec<_> = hostile.iter().map(|text| tokens.text(text).unwrap().ids).collect();
    assert_eq!(ids, [vec![2, 1, 3], vec![2, 3], vec![2, 8, 6, 8, 3]]);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

/// The tokenizer of one of the small models.
fn family(name: &str) -> &'static Tokens {
    static LOADED: OnceLock<BTreeMap<&str, Tokens>> = OnceLock::new();
    let load = || {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity");
        let load = |name: &'static str| {
            let path = fixtures.join(name).join("tokenizer.json");
            (name, Tokens::load(&path, 300, 500).unwrap())
        };
        ["roberta", "xlm-roberta", "modernbert"].map(load).into()
    };
    &LOADED.get_or_init(load)[name]
}

#[test]
fn each_family_has_its_own_template() {
    let around = |name: &str| {
        let tokens = family(name);
        let pair = tokens.pair(&[], "").unwrap();
        (tokens.text("").unwrap().ids, pair.second == pair.ids.len(), pair.ids)
    };
    assert_eq!(around("roberta"), (vec![0, 2], true, vec![0, 2, 2, 2]));
    assert_eq!(around("xlm-roberta"), (vec![0, 2], true, vec![0, 2, 2, 2]));
    assert_eq!(around("modernbert"), (vec![2, 3], true, vec![2, 3, 3]));
    for name in ["roberta", "xlm-roberta", "modernbert"] {
        assert!(family(name).words, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn the_beginning_is_enough_for_every_family(
        words in prop::collection::vec("[a-z]{1,9}|[A-Z'0-9.,]{1,4}|é|\u{301}a|日本|  |\n|\u{a0}|<mask>|\\[SEP\\]|👍", 900..1500),
        separator in "[ ]{1,2}|\n",
    ) {
        let text = words.join(&separator);
        for name in ["roberta", "xlm-roberta", "modernbert"] {
            let tokens = family(name);
            let whole = tokens.tokenizer.encode_fast(text.as_str(), false).unwrap();
            let expected: Vec<_> = whole.get_ids().iter().copied().take(498).collect();
            let found = tokens.text(&text).unwrap().ids;
            prop_assert_eq!(&found[1..found.len() - 1], expected.as_slice(), "{}", name);
        }
    }
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
        let found = tokens.text(&text).unwrap().ids;
        prop_assert_eq!(&found[1..found.len() - 1], expected.as_slice(), "{} bytes, beginning from {}", text.len(), SHORT);
    }
}
