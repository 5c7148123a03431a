//! How an encoder tells where tokens stand: learned vectors, a bias by distance, or rotation.

use std::ops::Range;

use domain::{Error, Result};

use super::Encoder;
use crate::config::{Config, Positions};
use crate::cpu::rows::Rotate;
use crate::cpu::simd::dispatch;
use crate::tokens::Sequence;

/// Tokens further apart share the last bucket.
const FAR: f64 = 128.0;

/// What is added to the scores of attention by the distance of two tokens.
pub(crate) struct Distances {
    /// heads × (2 · `max_tokens` − 1), from the furthest before to the furthest after.
    biases: Vec<f32>,
    max_tokens: usize,
}

/// The angles by which queries and keys are turned.
pub(crate) struct Turns {
    theta: f32,
    /// `max_tokens` × half a head's width.
    cosines: Vec<f32>,
    sines: Vec<f32>,
    half: usize,
}

/// The rows of the tables that a token takes.
pub(crate) struct Token {
    /// In the vocabulary.
    pub(crate) word: u32,
    /// Which table of positions.
    kind: usize,
    /// In that table.
    position: usize,
}

impl Token {
    /// The row in all tables of positions, of `rows` each, one below the other.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "tables have at most some hundred thousand rows"
    )]
    pub(crate) fn row(&self, rows: usize) -> u32 {
        (self.kind * rows + self.position) as u32
    }
}

/// The rows that the tokens of a text take, in order.
///
/// # Errors
/// `Internal` when an id is outside the vocabulary or the text is empty or too long.
pub(crate) fn places<'a>(config: &'a Config, text: &'a Sequence) -> Result<impl Iterator<Item = Token> + 'a> {
    let length = text.ids.len();
    if length == 0 || length > config.max_tokens {
        return Err(Error::internal(
            "embed",
            format!("a text of {length} tokens reached the encoder"),
        ));
    }
    let known = |id: u32| usize::try_from(id).is_ok_and(|row| row < config.vocabulary);
    if let Some(id) = text.ids.iter().find(|id| !known(**id)) {
        return Err(Error::internal("embed", format!("token {id} is not in the vocabulary")));
    }
    let mut next = 0;
    Ok(text.ids.iter().enumerate().map(move |(place, id)| Token {
        word: *id,
        kind: usize::from(place >= text.second).min(config.kinds.saturating_sub(1)),
        position: match config.positions {
            Positions::LearnedAfter(padding) if *id == padding => padding as usize,
            Positions::LearnedAfter(padding) => {
                next += 1;
                padding as usize + next
            }
            Positions::Learned | Positions::Rotary => place,
        },
    }))
}

impl Encoder {
    /// Append the sums of word, position and kind embeddings of `text` to `stream`.
    pub(super) fn embed(&self, text: &Sequence, stream: &mut Vec<f32>) -> Result<()> {
        let hidden = self.config.hidden;
        for token in places(&self.config, text)? {
            let word = &self.weights.words[token.word as usize * hidden..][..hidden];
            match self.weights.positions.get(token.kind) {
                Some(table) => {
                    let position = &table[token.position * hidden..][..hidden];
                    stream.extend(word.iter().zip(position).map(|(word, position)| word + position));
                }
                None => stream.extend_from_slice(word),
            }
        }
        Ok(())
    }
}

impl Distances {
    /// Those of a model that has them.
    pub(crate) fn of(table: Option<&[f32]>, config: &Config) -> Option<Self> {
        let (Some(table), Some(buckets)) = (table, config.buckets) else {
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
    pub(crate) fn row(&self, head: usize, row: usize, seen: Range<usize>) -> &[f32] {
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
    pub(crate) fn of(config: &Config) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for theta in config.layers.iter().filter_map(|layer| layer.theta) {
            if !all.iter().any(|turns| turns.is(theta)) {
                all.push(Self::new(theta, config));
            }
        }
        all
    }

    /// The base of the angles.
    pub(crate) fn theta(&self) -> f32 {
        self.theta
    }

    /// The cosines and the sines, each `max_tokens` × half a head's width.
    pub(crate) fn tables(&self) -> (&[f32], &[f32]) {
        (&self.cosines, &self.sines)
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
