//! Chunks tile the body, keep to the budget, and change only where the document does.

mod languages;

use domain::{Chunk, Document, Markup};
use proptest::prelude::*;

use super::{MAX_CHUNKS, TokenBudget, chunk};
use crate::normalize::normalize;
use crate::normalize::tests::document;

/// A stand-in for a model's tokens: words count one for each four bytes begun.
fn tokens(text: &str) -> usize {
    text.split_whitespace().map(|word| word.len().div_ceil(4)).sum()
}

fn budget(max_tokens: usize) -> TokenBudget<'static> {
    TokenBudget {
        max_tokens,
        window: max_tokens + max_tokens / 4,
        count: &tokens,
    }
}

fn chunks(document: &Document, max_tokens: usize) -> Vec<Chunk> {
    let normalized = normalize(document);
    let chunks = chunk(document, &normalized, &budget(max_tokens));
    let mut at = normalized.body_start;
    for (chunk, ordinal) in chunks.iter().zip(0..) {
        assert_eq!(chunk.ordinal, ordinal);
        assert!(at <= chunk.start && chunk.start <= chunk.end, "{chunk:?} after {at}");
        let between = normalized
            .text
            .get(at as usize..chunk.start as usize)
            .expect("boundaries");
        assert!(between.trim().is_empty(), "{between:?} is in no chunk");
        assert_eq!(normalized.slice(chunk.start, chunk.end), chunk.text);
        at = chunk.end;
    }
    assert!(chunks.is_empty() || normalized.text.get(at as usize..).expect("boundary").trim().is_empty());
    assert!(!chunks.is_empty() || normalized.text.trim().is_empty());
    chunks
}

/// Markdown of several sections, each with its own words.
fn sections(lengths: &[usize]) -> Vec<String> {
    let words = |i: usize, length: usize| {
        (0..length)
            .map(|at| format!("w{i}x{at}"))
            .collect::<Vec<_>>()
            .chunks(9)
            .map(|it| it.join(" "))
            .collect::<Vec<_>>()
            .join(".\n\n")
    };
    lengths
        .iter()
        .enumerate()
        .map(|(i, length)| format!("## Section {i}\n\n{}\n\n", words(i, *length)))
        .collect()
}

fn anything() -> impl Strategy<Value = String> {
    let pieces = [
        "# A\n\n",
        "## B c\n\n",
        "### D\n\n",
        "word ",
        "other. ",
        "Sentence ends. Next one ",
        "\n",
        "\n\n",
        "- item\n",
        "| a | b |\n|---|---|\n| c | d |\n",
        "```rust\nfn a() {}\n\n\nfn b() {}\n```\n",
        "éé ",
        "中文字符。",
        "a_very_long_word_without_any_space_in_it_at_all_that_goes_on ",
        "🎉",
        "\t",
        "> q\n",
        "fn f() {\n  let x;\n}\n",
        "impl A {\n",
        "}\n",
        "// note\n",
        "class X:\n  def y(self):\n    pass\n",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..80).prop_map(|parts| parts.concat())
}

const PATHS: [&str; 10] = [
    "a.rs", "a.py", "a.js", "a.ts", "a.tsx", "a.java", "a.go", "a.c", "a.cpp", "a.txt",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_tile_any_body(text in prop_oneof![anything(), ".{0,400}"], max in 1_usize..60) {
        for markup in [Markup::Plain, Markup::Markdown, Markup::JiraWiki, Markup::Code] {
            let document = document(markup, "A title", &text);
            let once = chunks(&document, max);
            prop_assert_eq!(&once, &chunks(&document, max));
        }
    }

    #[test]
    fn chunks_tile_any_code(text in anything(), path in prop::sample::select(PATHS.to_vec())) {
        let mut document = document(Markup::Code, "", &text);
        document.key = domain::Key::file("acme/api", path);
        chunks(&document, 20);
    }

    #[test]
    fn chunks_keep_to_the_budget(text in anything(), max in 24_usize..80) {
        let document = document(Markup::Markdown, "A title", &text);
        for chunk in chunks(&document, max) {
            let all = tokens(&chunk.embedded_text(&document.title));
            prop_assert!(tokens(&chunk.text) <= max, "{:?}", chunk);
            prop_assert!(all <= max + max / 4, "{all} of {max}: {:?}", chunk);
        }
    }

    #[test]
    fn an_edit_leaves_other_sections_alone(lengths in prop::collection::vec(30_usize..200, 2..7), which in any::<prop::sample::Index>(), words in 30_usize..200) {
        let before = sections(&lengths);
        let which = which.index(lengths.len());
        let mut after = before.clone();
        after[which] = format!("## Section {which}\n\n{}\n\n", "changed ".repeat(words));
        let read = |parts: &[String]| -> Vec<(Vec<String>, String)> {
            let document = document(Markup::Markdown, "T", &parts.concat());
            chunks(&document, 60).into_iter().map(|it| (it.heading, it.text)).collect()
        };
        let (old, new) = (read(&before), read(&after));
        let other = |chunks: Vec<(Vec<String>, String)>| -> Vec<(Vec<String>, String)> {
            let own = format!("w{which}x");
            chunks.into_iter().filter(|(_, text)| !text.contains(&own) && !text.contains("changed")).collect()
        };
        prop_assert_eq!(other(old), other(new));
    }
}

#[test]
fn an_edit_among_many_small_sections_moves_few_chunks() {
    let small: Vec<String> = sections(&[7; 200]);
    let read = |parts: &[String]| -> Vec<String> {
        chunks(&document(Markup::Markdown, "T", &parts.concat()), 80)
            .into_iter()
            .map(|it| it.text)
            .collect()
    };
    let old = read(&small);
    let longer: Vec<String> = std::iter::once("## New\n\nsomething\n\n".to_owned())
        .chain(small)
        .collect();
    let fresh = read(&longer).into_iter().filter(|text| !old.contains(text)).count();
    assert!(old.len() < 120, "small sections share chunks: {}", old.len());
    assert!((1..=6).contains(&fresh), "{fresh} chunks changed");
}

#[test]
fn a_small_document_is_one_chunk() {
    let document = document(Markup::Markdown, "T", "# A\n\none\n\n## B\n\ntwo\n");
    let chunks = chunks(&document, 100);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text, "A\n\none\n\nB\n\ntwo");
    assert!(chunks[0].heading.is_empty());
}

#[test]
fn headings_lead_to_each_chunk_that_does_not_show_them() {
    let long = |word: &str| format!("{word} ").repeat(40) + "\n\n" + &format!("{word}2 ").repeat(40);
    let text = format!("# Top\n\n## Left\n\n{}\n\n## Right\n\n{}\n", long("l"), long("r"));
    let chunks = chunks(&document(Markup::Markdown, "T", &text), 50);
    let seen: Vec<(Vec<String>, String)> = chunks
        .into_iter()
        .map(|it| (it.heading, it.text.chars().take(12).collect()))
        .collect();
    let path = |parts: &[&str]| parts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let expected = [
        (path(&[]), "Top\n\nLeft\n\nl".to_owned()),
        (path(&["Top", "Left"]), "l2 l2 l2 l2 ".to_owned()),
        (path(&["Top"]), "Right\n\nr r r".to_owned()),
        (path(&["Top", "Right"]), "r2 r2 r2 r2 ".to_owned()),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn messages_stay_whole_where_they_fit() {
    let message =
        |i: usize| serde_json::json!({"ts": format!("{i}.0"), "author": "Ada", "text": format!("m{i} ").repeat(8)});
    let thread = serde_json::Value::Array((0..10).map(message).collect());
    let chunks = chunks(&document(Markup::SlackThread, "T", &thread.to_string()), 30);
    assert_eq!(chunks.len(), 4);
    assert!(chunks.iter().all(|it| it.text.starts_with("Ada:")));
    assert_eq!(
        chunks
            .iter()
            .map(|it| it.text.matches("Ada:").count())
            .collect::<Vec<_>>(),
        [3, 3, 3, 1]
    );
}

#[test]
fn a_title_alone_is_a_chunk_and_nothing_is_none() {
    let only = chunks(&document(Markup::Plain, "A title", ""), 50);
    assert_eq!(
        (only.len(), only[0].start, only[0].end, only[0].text.as_str()),
        (1, 8, 8, "")
    );
    assert!(chunks(&document(Markup::Plain, "", " \n"), 50).is_empty());
}

#[test]
fn a_huge_document_has_a_bounded_number_of_chunks() {
    let text = "Some words that make a sentence.\n\n".repeat(100_000);
    let chunks = chunks(&document(Markup::Plain, "T", &text), 20);
    assert!(
        chunks.len() <= MAX_CHUNKS && chunks.len() > MAX_CHUNKS / 2,
        "{}",
        chunks.len()
    );
}

#[test]
fn each_byte_is_counted_a_few_times_at_most() {
    let counted = std::sync::atomic::AtomicUsize::new(0);
    let count = |text: &str| {
        counted.fetch_add(text.len(), std::sync::atomic::Ordering::Relaxed);
        tokens(text)
    };
    let texts = [
        "word ".repeat(50_000),
        "x".repeat(200_000),
        "A b c. ".repeat(30_000),
        "a\nb\n\n".repeat(40_000),
        "# H\n\nx\n\n".repeat(30_000),
    ];
    for text in texts {
        for markup in [Markup::Plain, Markup::Markdown, Markup::Code] {
            counted.store(0, std::sync::atomic::Ordering::Relaxed);
            let document = document(markup, "T", &text);
            chunk(&document, &normalize(&document), &TokenBudget::new(&count));
            let times = counted.load(std::sync::atomic::Ordering::Relaxed) / text.len();
            assert!(times <= 4, "{markup:?}: {times} times");
        }
    }
}
