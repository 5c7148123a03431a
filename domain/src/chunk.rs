//! Chunks: the pieces of a document that are embedded and searched.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::DocumentId;

/// A chunk's identity: its document and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub Uuid);

impl ChunkId {
    /// The `ordinal`th chunk of a document.
    pub fn new(document: DocumentId, ordinal: u32) -> Self {
        Self(Uuid::new_v5(&document.0, &ordinal.to_be_bytes()))
    }
}

/// The SHA-256 of a text that was embedded: the key of the embedding cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextHash(pub [u8; 32]);

impl TextHash {
    /// The hash of `text`.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// A piece of a document's normalised text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its document.
    pub document: DocumentId,
    /// Its place, from 0.
    pub ordinal: u32,
    /// Where it starts in the normalised text, in bytes.
    pub start: u32,
    /// Where it ends (exclusive).
    pub end: u32,
    /// The headings above it, outermost first; for code the symbols that enclose it.
    pub heading: Vec<String>,
    /// The text itself, `normalised[start..end]`.
    pub text: String,
}

impl Chunk {
    /// Its identity.
    pub fn id(&self) -> ChunkId {
        ChunkId::new(self.document, self.ordinal)
    }

    /// What is embedded and matched: the document's title, the headings and the text.
    pub fn embedded_text(&self, title: &str) -> String {
        let mut out = String::with_capacity(title.len() + self.text.len() + 32);
        for part in std::iter::once(title).chain(self.heading.iter().map(String::as_str)) {
            if !part.is_empty() {
                out.push_str(part);
                out.push('\n');
            }
        }
        out.push_str(&self.text);
        out
    }
}

/// A sparse vector of term weights, sorted by term, each term once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SparseVector {
    /// Term ids, ascending.
    pub terms: Vec<u32>,
    /// The weight of each term.
    pub weights: Vec<f32>,
}

impl SparseVector {
    /// Build from pairs in any order; weights of the same term add up.
    pub fn from_pairs(mut pairs: Vec<(u32, f32)>) -> Self {
        pairs.sort_by_key(|(term, _)| *term);
        let mut out = Self::default();
        for (term, weight) in pairs {
            if out.terms.last() == Some(&term) {
                if let Some(last) = out.weights.last_mut() {
                    *last += weight;
                }
            } else {
                out.terms.push(term);
                out.weights.push(weight);
            }
        }
        out
    }

    /// Whether no term is in it.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The inner product with `other`.
    pub fn dot(&self, other: &Self) -> f32 {
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while i < self.terms.len() && j < other.terms.len() {
            match self.terms[i].cmp(&other.terms[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += self.weights[i] * other.weights[j];
                    i += 1;
                    j += 1;
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SparseVector;

    proptest! {
        #[test]
        fn dot_equals_the_sum_over_all_pairs(a in prop::collection::vec((0_u32..40, 0.0_f32..4.0), 0..30), b in prop::collection::vec((0_u32..40, 0.0_f32..4.0), 0..30)) {
            let expected: f32 = a.iter().flat_map(|x| b.iter().filter(|y| y.0 == x.0).map(|y| x.1 * y.1)).sum();
            let (a, b) = (SparseVector::from_pairs(a), SparseVector::from_pairs(b));
            prop_assert!(a.terms.is_sorted());
            prop_assert!((a.dot(&b) - expected).abs() <= 1e-3 * (1.0 + expected.abs()));
        }
    }
}
