//! What becomes a term, and what it weighs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{AVERAGE_TERMS, Analyser, B, K1, MAX_TERM, STOP_WORDS, query_terms, sparse_passage, stem, term_id};

/// The terms of a text in order.
fn analyse(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    Analyser::new(|term| terms.push(term.to_owned())).text(text);
    terms
}

#[test]
fn stop_words_are_sorted_and_no_terms() {
    assert!(STOP_WORDS.is_sorted_by(|a, b| a < b));
    assert!(STOP_WORDS.iter().all(|word| analyse(word).is_empty()));
}

#[test]
fn text_becomes_terms() {
    let cases: [(&str, &[&str]); 14] = [
        ("The cats are running, and the dogs!", &["cat", "run", "dog"]),
        ("parseHTTPHeader", &["parsehttphead", "pars", "http", "header"]),
        ("get_user_by_id __init__", &["getuserbyid", "get", "user", "id", "init"]),
        ("getUser get_user", &["getus", "get", "user", "getus", "get", "user"]),
        (
            "mRNA ES6Module H2O p53 IL-6",
            &["mrna", "rna", "es6module", "es6", "modul", "h2o", "p53", "il", "6"],
        ),
        ("PAY-12 foo.bar/baz", &["pay", "12", "foo", "bar", "baz"]),
        (
            "Müller naïve cafe\u{301} Straße ﬁle",
            &["muller", "naiv", "cafe", "strass", "file"],
        ),
        ("ＦＵＬＬ　ｗｉｄｔｈ", &["full", "width"]),
        ("全文検索", &["全文", "文検", "検索"]),
        ("字 and 中a文", &["字", "中", "文"]),
        ("don't we'll", &["don", "ll"]),
        ("Привет МИР", &["привет", "мир"]),
        ("_ __ - \u{0}", &[]),
        ("", &[]),
    ];
    for (text, terms) in cases {
        assert_eq!(analyse(text), terms, "{text}");
    }
}

#[test]
fn long_terms_are_cut() {
    assert_eq!(analyse(&"9".repeat(500)), ["9".repeat(MAX_TERM)]);
    assert!(analyse(&"д".repeat(500)).iter().all(|term| term.len() <= MAX_TERM));
}

#[test]
fn english_words_have_the_stems_of_snowball() {
    let cases = [
        ("consign", "consign"),
        ("consigned", "consign"),
        ("consistency", "consist"),
        ("knightly", "knight"),
        ("kneeling", "kneel"),
        ("generically", "generic"),
        ("generously", "generous"),
        ("communication", "communic"),
        ("hoping", "hope"),
        ("hopping", "hop"),
        ("ties", "tie"),
        ("cries", "cri"),
        ("gas", "gas"),
        ("kiwis", "kiwi"),
        ("agreed", "agre"),
        ("luxuriating", "luxuri"),
        ("happy", "happi"),
        ("say", "say"),
        ("enjoy", "enjoy"),
        ("relational", "relat"),
        ("vietnamization", "vietnam"),
        ("archaeology", "archaeolog"),
        ("hopefulness", "hope"),
        ("formative", "format"),
        ("adoption", "adopt"),
        ("controlling", "control"),
        ("roll", "roll"),
        ("skies", "sky"),
        ("inning", "inning"),
        ("proceeds", "proceed"),
        ("news", "news"),
        ("bed", "bed"),
        ("shed", "shed"),
        ("yes", "yes"),
        ("youth", "youth"),
        ("boyish", "boyish"),
        ("callousness", "callous"),
        ("triplicate", "triplic"),
        ("is", "is"),
    ];
    for (word, expected) in cases {
        let mut term = word.to_owned();
        stem::stem(&mut term);
        assert_eq!(term, expected, "{word}");
    }
}

#[test]
fn ids_never_change() {
    assert_eq!(
        [term_id(""), term_id("run"), term_id("全文")],
        [3_188_670_375, 105_335_024, 3_177_201_391]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_terms(text in ".{0,200}") {
        for term in analyse(&text) {
            prop_assert!(!term.is_empty() && term.len() <= MAX_TERM);
            prop_assert!(!term.contains(char::is_whitespace));
        }
        let vector = sparse_passage(&text);
        prop_assert!(vector.terms.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(vector.terms.len(), vector.weights.len());
        prop_assert!(vector.weights.iter().all(|weight| *weight > 0.0 && *weight < K1 + 1.0));
    }

    #[test]
    fn any_letters_have_a_stem(word in "[a-z]{1,14}") {
        let mut stemmed = word.clone();
        stem::stem(&mut stemmed);
        prop_assert!(!stemmed.is_empty() && stemmed.len() <= word.len() + 1);
    }

    #[test]
    fn weights_are_those_of_the_formula(words in prop::collection::vec("[g-m]{3}", 1..200)) {
        let text = words.join(" ");
        let terms = analyse(&text);
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        for term in &terms {
            *counts.entry(term_id(term)).or_default() += 1.0;
        }
        let length: f32 = terms.iter().map(|_| 1.0).sum();
        let vector = sparse_passage(&text);
        prop_assert_eq!(vector.terms.len(), counts.len());
        for ((id, weight), (expected_id, tf)) in vector.terms.iter().zip(&vector.weights).zip(&counts) {
            let expected = tf * (K1 + 1.0) / (tf + K1 * (1.0 - B + B * length / AVERAGE_TERMS));
            prop_assert_eq!(id, expected_id);
            prop_assert!((weight - expected).abs() < 1e-5);
        }
        let query: Vec<(u32, f32)> = counts.into_iter().collect();
        prop_assert_eq!(query_terms(&text), query);
    }
}
