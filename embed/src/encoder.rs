//! The forward pass of an encoder on one thread, one for all families.
//!
//! Several texts go through the linear maps as one stack of rows without any padding, and through attention one by one. As no
//! element of any step depends on the rows of another text (see [`crate::cpu::product`]), a text's numbers are the same in any stack.

mod attention;
pub(crate) mod position;

use domain::Result;

use crate::config::{Activation, Config, Pooling};
use crate::cpu::activation::{Gelu, GeluTanh, Relu, Silu, Tanh};
use crate::cpu::finish::{Activated, Bias, Gated, Residual};
use crate::cpu::int8;
use crate::cpu::product::Right;
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
    quantised: int8::Left,
    right: Right,
}

impl Encoder {
    /// An encoder of this shape with these weights.
    pub(crate) fn new(config: Config, weights: Weights) -> Self {
        Self {
            distances: Distances::of(weights.distances.as_deref(), &config),
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

        let Scratch {
            stream,
            normed,
            qkv,
            quantised,
            ..
        } = scratch;
        let input = before(layer.before_attention.as_ref(), epsilon, stream, normed);
        layer.qkv.multiply(input, quantised, Bias(&layer.qkv.bias), qkv);
        let mut first = 0;
        for text in texts {
            let count = text.ids.len();
            self.attend(number, Place { first, count }, scratch);
            first += count;
        }
        let Scratch {
            stream,
            normed,
            context,
            wide,
            quantised,
            ..
        } = scratch;
        let residual = Residual(&layer.attention.bias);
        layer.attention.multiply(context, quantised, residual, stream);
        if let Some(norm) = &layer.after_attention {
            normalise(stream, norm, epsilon);
        }

        let input = before(layer.before_mlp.as_ref(), epsilon, stream, normed);
        widen(layer, activation, (input, quantised), wide);
        layer.down.multiply(wide, quantised, Residual(&layer.down.bias), stream);
        if let Some(norm) = &layer.after_mlp {
            normalise(stream, norm, epsilon);
        }
    }
}

/// What goes into a step: the stream, or a copy of it that is normalised for the step alone.
fn before<'a>(norm: Option<&Norm>, epsilon: f32, stream: &'a [f32], normed: &'a mut Vec<f32>) -> &'a [f32] {
    let Some(norm) = norm else {
        return stream;
    };
    normed.clear();
    normed.extend_from_slice(stream);
    normalise(normed, norm, epsilon);
    normed
}

/// Rows to multiply, and memory to quantise them in.
type Input<'a> = (&'a [f32], &'a mut int8::Left);

/// The first map of a layer's second half with its activation, times the gate where there is one.
fn widen(layer: &Layer, activation: Activation, (rows, quantised): Input<'_>, wide: &mut [f32]) {
    let Some(gate) = &layer.gate else {
        return activate(&layer.up, activation, (rows, quantised), wide);
    };
    gate.multiply(rows, quantised, Bias(&gate.bias), wide);
    let (up, bias) = (&layer.up, &layer.up.bias);
    match activation {
        Activation::Gelu => up.multiply(rows, quantised, Gated(bias, Gelu), wide),
        Activation::GeluTanh => up.multiply(rows, quantised, Gated(bias, GeluTanh), wide),
        Activation::Relu => up.multiply(rows, quantised, Gated(bias, Relu), wide),
        Activation::Silu => up.multiply(rows, quantised, Gated(bias, Silu), wide),
        Activation::Tanh => up.multiply(rows, quantised, Gated(bias, Tanh), wide),
    }
}

/// A linear map followed by an activation.
pub(crate) fn activate(linear: &Linear, activation: Activation, (rows, quantised): Input<'_>, out: &mut [f32]) {
    let Linear { bias, .. } = linear;
    match activation {
        Activation::Gelu => linear.multiply(rows, quantised, Activated(bias, Gelu), out),
        Activation::GeluTanh => linear.multiply(rows, quantised, Activated(bias, GeluTanh), out),
        Activation::Relu => linear.multiply(rows, quantised, Activated(bias, Relu), out),
        Activation::Silu => linear.multiply(rows, quantised, Activated(bias, Silu), out),
        Activation::Tanh => linear.multiply(rows, quantised, Activated(bias, Tanh), out),
    }
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
