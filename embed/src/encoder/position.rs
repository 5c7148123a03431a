//! How an encoder tells where tokens stand: learned vectors, a bias by distance, or rotation.

use std::ops::Range;

use domain::{Error, Result};

use super::Encoder;
use crate::config::{Config, Positions};
use crate::cpu::rows::Rotate;
use crate::cpu::simd::dispatch;
use crate::tokens::Sequence;
use crate::weights::Weights;

/// Tokens further apart share the last bucket.
const FAR: f64 = 128.0;

/// What is added to the scores of attention by the distance of two tokens.
pub(super) struct Distances {
    /// heads × (2 · `max_tokens` − 1), from the furthest before to the furthest after.
    biases: Vec<f32>,
    max_tokens: usize,
}

/// The angles by which queries and keys are turned.
pub(super) struct Turns {
    theta: f32,
    /// `max_tokens` × half a head's width.
    cosines: Vec<f32>,
    sines: Vec<f32>,
    half: usize,
}

impl Encoder {
    /// Append the sums of word, position and kind embeddings of `text` to `stream`.
    pub(super) fn embed(&self, text: &Sequence, stream: &mut Vec<f32>) -> Result<()> {
        let hidden = self.config.hidden;
        if text.ids.is_empty() || text.ids.len() > self.config.max_tokens {
            let length = text.ids.len();
            return Err(Error::internal(
                "embed",
                format!("a text of {length} tokens reached the encoder"),
            ));
        }
        let tables = &self.weights.positions;
        let mut next = 0;
        for (place, id) in text.ids.iter().enumerate() {
            let row = usize::try_from(*id).unwrap_or(usize::MAX).saturating_mul(hidden);
            let word = self.weights.words.get(row..row.saturating_add(hidden));
            let word = word.ok_or_else(|| Error::internal("embed", format!("token {id} is not in the vocabulary")))?;
            let kind = usize::from(place >= text.second).min(tables.len().saturating_sub(1));
            let Some(table) = tables.get(kind) else {
                stream.extend_from_slice(word);
                continue;
            };
            let position = match self.config.positions {
                Positions::LearnedAfter(padding) if *id == padding => padding as usize,
                Positions::LearnedAfter(padding) => {
                    next += 1;
                    padding as usize + next
                }
                Positions::Learned | Positions::Rotary => place,
            };
            let position = &table[position * hidden..][..hidden];
            stream.extend(word.iter().zip(position).map(|(word, position)| word + position));
        }
        Ok(())
    }
}

impl Distances {
    /// Those of a model that has them.
    pub(super) fn of(weights: &Weights, config: &Config) -> Option<Self> {
        let (Some(table), Some(buckets)) = (&weights.distances, config.buckets) else {
            return None;
        };
        let most = isize::try_from(config.max_tokens).ok()?;
        let by_distance: Vec<usize> = (1 - most..most).map(|distance| bucket(distance, buckets)).collect();
        let biases = (0..config.heads)
            .flat_map(|head| {
                by_distance
                    .iter()
                    .map(move |bucket| table[bucket * config.heads + head])
            })
            .collect();
        Some(Self {
            biases,
            max_tokens: config.max_tokens,
        })
    }

    /// What `head` adds to the scores that the token at `row` gives to the tokens `seen`.
    pub(super) fn row(&self, head: usize, row: usize, seen: Range<usize>) -> &[f32] {
        let first = head * (2 * self.max_tokens - 1) + self.max_tokens - 1 + seen.start - row;
        &self.biases[first..][..seen.len()]
    }
}

/// The bucket of a token `distance` places after the one that looks (negative: before): half of them for each direction; of
/// these, half for one distance each and half for growing ranges, as T5 has them.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "distances and buckets are at most some ten thousands"
)]
fn bucket(distance: isize, buckets: usize) -> usize {
    let half = buckets / 2;
    let exact = half / 2;
    let first = if distance > 0 { half } else { 0 };
    let length = distance.unsigned_abs();
    if length < exact {
        return first + length;
    }
    // In the model's own precision: where the logarithm meets a border, rounding decides.
    let share = (length as f32 / exact as f32).ln() / (FAR / exact as f64).ln() as f32;
    let ranged = exact + (share * (half - exact) as f32) as usize;
    first + ranged.min(half - 1)
}

impl Turns {
    /// Those of every base that a layer of the model has.
    pub(super) fn of(config: &Config) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for theta in config.layers.iter().filter_map(|layer| layer.theta) {
            if !all.iter().any(|turns| turns.is(theta)) {
                all.push(Self::new(theta, config));
            }
        }
        all
    }

    /// Whether these are the angles of base `theta`.
    pub(super) fn is(&self, theta: f32) -> bool {
        self.theta.to_bits() == theta.to_bits()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "positions and the width of a head are at most some ten thousands"
    )]
    fn new(theta: f32, config: &Config) -> Self {
        let half = config.width() / 2;
        // In the precision of the reference: it rounds an angle before it takes the cosine.
        let frequency = |pair: usize| 1.0 / theta.powf((2 * pair) as f32 / config.width() as f32);
        let angles: Vec<f32> = (0..config.max_tokens)
            .flat_map(|position| (0..half).map(move |pair| position as f32 * frequency(pair)))
            .collect();
        Self {
            theta,
            cosines: angles.iter().map(|angle| angle.cos()).collect(),
            sines: angles.iter().map(|angle| angle.sin()).collect(),
            half,
        }
    }

    /// Turn the first `columns` numbers of each row of one text by the row's place.
    pub(super) fn turn(&self, rows: &mut [f32], stride: usize, columns: usize) {
        dispatch(Rotate {
            rows,
            stride,
            columns,
            cosines: &self.cosines,
            sines: &self.sines,
            half: self.half,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn buckets_are_those_of_t5() {
        let found: Vec<_> = [0, -1, -7, -8, -11, -12, -15, -16, -127, -128, -5000, 1, 7, 8, 127, 500]
            .map(|distance| bucket(distance, 32))
            .into();
        assert_eq!(found, [0, 1, 7, 8, 8, 9, 9, 10, 15, 15, 15, 17, 23, 24, 31, 31]);
    }
}
