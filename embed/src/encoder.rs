//! The forward pass of an encoder on one thread, one for all families.
//!
//! Several texts go through the linear maps as one stack of rows without any padding, and through attention one by one. As no
//! element of any step depends on the rows of another text (see [`crate::cpu::product`]), a text's numbers are the same in any stack.

mod attention;
mod position;

use domain::{Error, Result};

use crate::config::{Activation, Config, Pooling};
use crate::cpu::activation::{Gelu, GeluTanh, Relu, Silu, Tanh};
use crate::cpu::finish::{Activated, Bias, Gated, Residual};
use crate::cpu::product::{Left, Right};
use crate::cpu::rows::{Mean, Normalise};
use crate::cpu::simd::dispatch;
use crate::tokens::Sequence;
use crate::weights::{Layer, Linear, Norm, Weights};

use attention::Place;
use position::{Distances, Turns};

/// An encoder with its weights.
pub(crate) struct Encoder {
    config: Config,
    weights: Weights,
    distances: Option<Distances>,
    /// By the base of their angles.
    turns: Vec<Turns>,
}

/// The memory of a forward pass, reused from one to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    /// rows × hidden: the residual stream.
    stream: Vec<f32>,
    /// rows × hidden: the stream normalised for one step.
    normed: Vec<f32>,
    /// rows × 3·hidden.
    qkv: Vec<f32>,
    /// rows × hidden: what attention gathered.
    context: Vec<f32>,
    /// rows × intermediate.
    wide: Vec<f32>,
    /// Some rows × tokens, of one head of one text.
    scores: Vec<f32>,
    left: Left,
    right: Right,
}

impl Encoder {
    /// An encoder of this shape with these weights.
    pub(crate) fn new(config: Config, weights: Weights) -> Self {
        Self {
            distances: Distances::of(&weights, &config),
            turns: Turns::of(&config),
            config,
            weights,
        }
    }

    /// The length of a token's vector.
    pub(crate) fn hidden(&self) -> usize {
        self.config.hidden
    }

    /// The vectors of the tokens of each text, tokens × hidden, in order.
    ///
    /// # Errors
    /// `Internal` when an id is outside the vocabulary or a text is empty or too long.
    pub(crate) fn states<'a>(
        &self,
        texts: &[&Sequence],
        scratch: &'a mut Scratch,
    ) -> Result<impl Iterator<Item = &'a [f32]>> {
        let hidden = self.config.hidden;
        scratch.stream.clear();
        for text in texts {
            self.embed(text, &mut scratch.stream)?;
        }
        normalise(&mut scratch.stream, &self.weights.norm, self.config.epsilon);
        for number in 0..self.weights.layers.len() {
            self.layer(number, texts, scratch);
        }
        if let Some(norm) = &self.weights.last {
            normalise(&mut scratch.stream, norm, self.config.epsilon);
        }
        let mut rest = scratch.stream.as_slice();
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        Ok(lengths.into_iter().map(move |length| {
            let (rows, after) = rest.split_at(length * hidden);
            rest = after;
            rows
        }))
    }

    fn layer(&self, number: usize, texts: &[&Sequence], scratch: &mut Scratch) {
        let Config {
            hidden,
            intermediate,
            epsilon,
            activation,
            ..
        } = self.config;
        let layer = &self.weights.layers[number];
        let rows = scratch.stream.len() / hidden;
        scratch.qkv.resize(rows * 3 * hidden, 0.0);
        scratch.context.resize(rows * hidden, 0.0);
        scratch.wide.resize(rows * intermediate, 0.0);

        scratch.stack_stream(layer.before_attention.as_ref(), hidden, epsilon);
        layer
            .qkv
            .multiply(&scratch.left, Bias(&layer.qkv.bias), &mut scratch.qkv);
        let mut first = 0;
        for text in texts {
            let count = text.ids.len();
            self.attend(number, Place { first, count }, scratch);
            first += count;
        }
        let Scratch {
            stream, context, left, ..
        } = scratch;
        stack(left, context, hidden);
        layer.attention.multiply(left, Residual(&layer.attention.bias), stream);
        if let Some(norm) = &layer.after_attention {
            normalise(stream, norm, epsilon);
        }

        scratch.stack_stream(layer.before_mlp.as_ref(), hidden, epsilon);
        widen(layer, activation, &scratch.left, &mut scratch.wide);
        let Scratch { stream, wide, left, .. } = scratch;
        stack(left, wide, intermediate);
        layer.down.multiply(left, Residual(&layer.down.bias), stream);
        if let Some(norm) = &layer.after_mlp {
            normalise(stream, norm, epsilon);
        }
    }
}

impl Scratch {
    /// Pack the stream for the next product, normalised for it alone where `norm` says so.
    fn stack_stream(&mut self, norm: Option<&Norm>, hidden: usize, epsilon: f32) {
        if let Some(norm) = norm {
            self.normed.clone_from(&self.stream);
            normalise(&mut self.normed, norm, epsilon);
            stack(&mut self.left, &self.normed, hidden);
        } else {
            stack(&mut self.left, &self.stream, hidden);
        }
    }
}

/// The first map of a layer's second half with its activation, times the gate where there is one.
fn widen(layer: &Layer, activation: Activation, left: &Left, wide: &mut [f32]) {
    if let Some(gate) = &layer.gate {
        gate.multiply(left, Bias(&gate.bias), wide);
        let Linear { bias, .. } = &layer.up;
        match activation {
            Activation::Gelu => layer.up.multiply(left, Gated(bias, Gelu), wide),
            Activation::GeluTanh => layer.up.multiply(left, Gated(bias, GeluTanh), wide),
            Activation::Relu => layer.up.multiply(left, Gated(bias, Relu), wide),
            Activation::Silu => layer.up.multiply(left, Gated(bias, Silu), wide),
            Activation::Tanh => layer.up.multiply(left, Gated(bias, Tanh), wide),
        }
    } else {
        activate(&layer.up, activation, left, wide);
    }
}

/// A linear map followed by an activation.
pub(crate) fn activate(linear: &Linear, activation: Activation, left: &Left, out: &mut [f32]) {
    let Linear { bias, .. } = linear;
    match activation {
        Activation::Gelu => linear.multiply(left, Activated(bias, Gelu), out),
        Activation::GeluTanh => linear.multiply(left, Activated(bias, GeluTanh), out),
        Activation::Relu => linear.multiply(left, Activated(bias, Relu), out),
        Activation::Silu => linear.multiply(left, Activated(bias, Silu), out),
        Activation::Tanh => linear.multiply(left, Activated(bias, Tanh), out),
    }
}

/// Pack rows of `width` numbers as a left operand.
pub(crate) fn stack(left: &mut Left, rows: &[f32], width: usize) {
    left.pack(rows.len() / width, width, |row| &rows[row * width..][..width]);
}

/// Normalise rows in place.
pub(crate) fn normalise(rows: &mut [f32], norm: &Norm, epsilon: f32) {
    dispatch(Normalise {
        rows,
        weight: &norm.weight,
        bias: &norm.bias,
        epsilon,
    });
}

/// One vector of `width` numbers from those of a text's tokens.
pub(crate) fn pooled(pooling: Pooling, rows: &[f32], width: usize) -> Vec<f32> {
    match pooling {
        Pooling::Mean => dispatch(Mean { rows, width }),
        Pooling::First => rows[..width].to_vec(),
    }
}

/// The error of weights that make no number.
pub(crate) fn not_finite() -> Error {
    Error::corrupt("embed", "the model's weights made a number that is not finite")
        .with_hint("verify the model files, or use another model")
}
