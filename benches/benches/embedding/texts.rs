//! The texts: paragraphs as they are, their beginnings, and long ones.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use domain::seam::Embedder;

/// Special tokens around a text.
const AROUND: usize = 2;

/// Texts of like length.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) texts: Vec<String>,
    /// Tokens of each, special ones counted, cut off as the model does.
    lengths: Vec<usize>,
}

impl Set {
    fn of(name: &'static str, texts: Vec<String>, model: &dyn Embedder) -> Self {
        let most = model.max_tokens();
        let lengths = texts
            .iter()
            .map(|text| (model.tokens(text) + AROUND).min(most))
            .collect();
        Self { name, texts, lengths }
    }

    /// Tokens of a text on average.
    pub(crate) fn mean(&self) -> f64 {
        self.lengths.iter().sum::<usize>() as f64 / self.lengths.len() as f64
    }

    /// Floating-point operations of an average text in all-MiniLM-L6-v2 (6 layers, 384 wide, 1,536 within): its matrix products.
    pub(crate) fn flop(&self) -> f64 {
        const MAPS: f64 = 2.0 * (4.0 * 384.0 * 384.0 + 2.0 * 384.0 * 1536.0);
        let one = |length: &usize| {
            let tokens = *length as f64;
            6.0 * (tokens * MAPS + 4.0 * tokens * tokens * 384.0)
        };
        self.lengths.iter().map(one).sum::<f64>() / self.lengths.len() as f64
    }
}

/// Three sets of `count` texts from the file at `path`.
pub(crate) fn sets(path: &Path, count: usize, model: &dyn Embedder) -> Vec<Set> {
    let paragraphs = read(path, 4 * count);
    let short = paragraphs.iter().take(count).map(|text| beginning(text, 18, model));
    let long = paragraphs.chunks(4).take(count).map(|texts| texts.join("\n"));
    vec![
        Set::of("short", short.collect(), model),
        Set::of("paragraphs", paragraphs.iter().take(count).cloned().collect(), model),
        Set::of("long", long.collect(), model),
    ]
}

/// The first `count` texts of a file of JSON lines, again from its beginning where it has fewer.
pub(crate) fn read(path: &Path, count: usize) -> Vec<String> {
    let file = std::fs::File::open(path).expect("the texts");
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if zipped {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut texts = Vec::new();
    for line in BufReader::new(reader).lines().take(count) {
        let row: serde_json::Value = serde_json::from_str(&line.expect("a line")).expect("JSON lines");
        texts.push(row["text"].as_str().expect("a field `text`").to_owned());
    }
    texts.iter().cycle().take(count).cloned().collect()
}

/// The first words of a text that make at most `tokens` tokens.
fn beginning(text: &str, tokens: usize, model: &dyn Embedder) -> String {
    let mut found = String::new();
    for word in text.split_whitespace() {
        let longer = format!("{found} {word}");
        if model.tokens(&longer) > tokens {
            break;
        }
        found = longer;
    }
    found
}
