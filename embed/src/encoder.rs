//! The forward pass of a BERT sentence encoder on one thread.
//!
//! Several texts go through the linear maps as one stack of rows without any padding, and through attention one by one. As no
//! element of any step depends on the rows of another text (see [`crate::cpu::product`]), a text's vector is the same in any stack.

use std::path::Path;

use domain::{Error, Result};

use crate::config::Config;
use crate::cpu::finish::{Bias, BiasGelu, Residual};
use crate::cpu::product::{Left, Plain, Product, Right};
use crate::cpu::rows::{MeanUnit, Normalise, Softmax};
use crate::cpu::simd::dispatch;
use crate::weights::{Layer, Linear, Norm, Weights};

/// An encoder with its weights.
pub(crate) struct Encoder {
    config: Config,
    weights: Weights,
}

/// The memory of a forward pass, reused from one to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    /// rows × hidden: the residual stream.
    stream: Vec<f32>,
    /// rows × 3·hidden.
    qkv: Vec<f32>,
    /// rows × hidden: what attention gathered.
    context: Vec<f32>,
    /// rows × intermediate.
    wide: Vec<f32>,
    /// tokens × tokens, of one head of one text.
    scores: Vec<f32>,
    left: Left,
    right: Right,
}

impl Encoder {
    /// Load the weights of a model of this shape.
    pub(crate) fn load(weights: &Path, config: Config) -> Result<Self> {
        Ok(Self {
            weights: Weights::load(weights, &config)?,
            config,
        })
    }

    /// The length of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.config.hidden
    }

    /// One unit vector per text of token ids, in order.
    ///
    /// # Errors
    /// `Internal` when an id is outside the vocabulary or a text is empty or too long; `Corrupt` when the weights make a vector that is not finite.
    pub(crate) fn encode(&self, texts: &[&[u32]], scratch: &mut Scratch) -> Result<Vec<Vec<f32>>> {
        let hidden = self.config.hidden;
        scratch.stream.clear();
        for text in texts {
            self.embed(text, &mut scratch.stream)?;
        }
        normalise(&mut scratch.stream, &self.weights.norm, self.config.epsilon);
        for layer in &self.weights.layers {
            self.layer(layer, texts, scratch);
        }
        let mut rest = scratch.stream.as_slice();
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let (rows, after) = rest.split_at(text.len() * hidden);
            rest = after;
            let vector = dispatch(MeanUnit { rows, width: hidden });
            if !vector.iter().all(|x| x.is_finite()) {
                return Err(
                    Error::corrupt("embed", "the model's weights made a vector that is not finite")
                        .with_hint("verify the model files, or use another model"),
                );
            }
            vectors.push(vector);
        }
        Ok(vectors)
    }

    /// Append the sums of word, position and type embeddings of `text`.
    fn embed(&self, text: &[u32], stream: &mut Vec<f32>) -> Result<()> {
        let hidden = self.config.hidden;
        if text.is_empty() || text.len() > self.config.max_tokens {
            return Err(Error::internal(
                "embed",
                format!("a text of {} tokens reached the encoder", text.len()),
            ));
        }
        for (id, position) in text.iter().zip(self.weights.positions.chunks_exact(hidden)) {
            let row = usize::try_from(*id).unwrap_or(usize::MAX).saturating_mul(hidden);
            let word = self.weights.words.get(row..row.saturating_add(hidden));
            let word = word.ok_or_else(|| Error::internal("embed", format!("token {id} is not in the vocabulary")))?;
            stream.extend(word.iter().zip(position).map(|(word, position)| word + position));
        }
        Ok(())
    }

    fn layer(&self, layer: &Layer, texts: &[&[u32]], scratch: &mut Scratch) {
        let Config {
            hidden,
            intermediate,
            epsilon,
            ..
        } = self.config;
        let rows = scratch.stream.len() / hidden;
        let Scratch {
            stream,
            qkv,
            context,
            wide,
            left,
            ..
        } = scratch;

        qkv.resize(rows * 3 * hidden, 0.0);
        context.resize(rows * hidden, 0.0);
        wide.resize(rows * intermediate, 0.0);

        stack(left, stream, hidden);
        multiply(left, &layer.qkv, Bias(&layer.qkv.bias), qkv);
        let mut first = 0;
        for text in texts {
            self.attend(first, text.len(), scratch);
            first += text.len();
        }

        let Scratch {
            stream,
            context,
            wide,
            left,
            ..
        } = scratch;
        stack(left, context, hidden);
        multiply(left, &layer.attention, Residual(&layer.attention.bias), stream);
        normalise(stream, &layer.attention_norm, epsilon);

        stack(left, stream, hidden);
        multiply(left, &layer.up, BiasGelu(&layer.up.bias), wide);
        stack(left, wide, intermediate);
        multiply(left, &layer.down, Residual(&layer.down.bias), stream);
        normalise(stream, &layer.norm, epsilon);
    }

    /// Attention of the `count` rows from `first` over each other, head by head, from `qkv` into `context`.
    fn attend(&self, first: usize, count: usize, scratch: &mut Scratch) {
        let Config { hidden, heads, .. } = self.config;
        let width = hidden / heads;
        let Scratch {
            qkv,
            context,
            scores,
            left,
            right,
            ..
        } = scratch;
        let qkv = &qkv[first * 3 * hidden..][..count * 3 * hidden];
        let context = &mut context[first * hidden..][..count * hidden];
        scores.resize(count * count, 0.0);
        for head in 0..heads {
            let part = |part: usize, row: usize| &qkv[row * 3 * hidden + part * hidden + head * width..][..width];
            left.pack(count, width, |row| part(0, row));
            right.pack_columns(width, count, |row| part(1, row));
            dispatch(Product {
                left,
                right,
                finish: Plain,
                out: scores,
                stride: count,
            });
            dispatch(Softmax {
                rows: scores,
                width: count,
            });
            left.pack(count, count, |row| &scores[row * count..][..count]);
            right.pack_rows(count, width, |row| part(2, row));
            dispatch(Product {
                left,
                right,
                finish: Plain,
                out: &mut context[head * width..],
                stride: hidden,
            });
        }
    }
}

fn stack(left: &mut Left, rows: &[f32], width: usize) {
    left.pack(rows.len() / width, width, |row| &rows[row * width..][..width]);
}

fn multiply<F: crate::cpu::product::Finish>(left: &Left, linear: &Linear, finish: F, out: &mut [f32]) {
    dispatch(Product {
        left,
        right: &linear.weight,
        finish,
        out,
        stride: linear.bias.len(),
    });
}

fn normalise(rows: &mut [f32], norm: &Norm, epsilon: f32) {
    dispatch(Normalise {
        rows,
        weight: &norm.weight,
        bias: &norm.bias,
        epsilon,
    });
}
