//! The weights of an encoder in one form for every family, packed for the matrix products while they are loaded.

mod names;
mod reader;

use std::path::Path;

use domain::{Error, Result};
use serde::Deserialize;

use crate::config::{Activation, Classifier, Config, Family, Part, Positions};
use crate::cpu::int8;
use crate::cpu::product::{Finish, Left, Product, Right};
use crate::cpu::simd::dispatch;

use names::Names;
use reader::Reader;

/// All weights of an encoder, its linear maps in the form `M` and its normalisations in the form `N`.
pub(crate) struct Weights<M = Linear, N = Norm> {
    /// `vocabulary` × `hidden`.
    pub(crate) words: Vec<f32>,
    /// For each kind of token the vectors by position, with that kind's own added; none where positions are told otherwise.
    pub(crate) positions: Vec<Vec<f32>>,
    /// After the embeddings.
    pub(crate) norm: N,
    /// Distance buckets × heads, added to the scores of attention, of the models that have it.
    pub(crate) distances: Option<Vec<f32>>,
    pub(crate) layers: Vec<Layer<M, N>>,
    /// After the last layer, of the families that normalise before each step.
    pub(crate) last: Option<N>,
}

/// One layer: attention, then two linear maps with an activation between, each added to the residual stream. The stream is
/// normalised either before each of them, for them alone, or after.
pub(crate) struct Layer<M = Linear, N = Norm> {
    pub(crate) before_attention: Option<N>,
    /// Query, key and value side by side; the query is already divided by √(head width).
    pub(crate) qkv: M,
    pub(crate) attention: M,
    pub(crate) after_attention: Option<N>,
    pub(crate) before_mlp: Option<N>,
    /// What the activated numbers are multiplied by, of the families that have it.
    pub(crate) gate: Option<M>,
    pub(crate) up: M,
    pub(crate) down: M,
    pub(crate) after_mlp: Option<N>,
}

/// A linear map as a file holds it.
pub(crate) struct Stored {
    /// A row of `depth` weights for each number of the result.
    pub(crate) rows: Vec<f32>,
    pub(crate) depth: usize,
    /// Zeros where the model has none.
    pub(crate) bias: Vec<f32>,
}

/// A linear map on the CPU.
pub(crate) struct Linear {
    matrix: Matrix,
    pub(crate) bias: Vec<f32>,
}

/// The weights of a linear map, packed.
enum Matrix {
    Float(Right),
    Int8(int8::Right),
}

/// The numbers that the linear maps of an encoder calculate with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Precision {
    /// Floats of 32 bits on the CPU, of 16 bits on a GPU.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Floats of 32 bits.
    #[serde(rename = "float32")]
    Float32,
    /// Floats of 16 bits, with 5 of them for the exponent; on a GPU alone, 32 bits on the CPU.
    #[serde(rename = "float16")]
    Float16,
    /// Floats of 16 bits, with 8 of them for the exponent; on a GPU alone, 32 bits on the CPU.
    #[serde(rename = "bfloat16")]
    BFloat16,
    /// Whole numbers of 8 bits, weights once and rows as they come; all else stays float. On the CPU alone. Faster there, and a
    /// little less exact.
    #[serde(rename = "int8")]
    Int8,
}

/// The parameters of a layer normalisation, zeros for the bias where the model has none.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// What makes one score of a pooled vector.
pub(crate) struct Head {
    pub(crate) dense: Linear,
    pub(crate) activation: Activation,
    /// After the activation, of the families that have it.
    pub(crate) norm: Option<Norm>,
    pub(crate) epsilon: f32,
    pub(crate) score: Linear,
}

impl Linear {
    /// Pack a map for the products of this precision.
    ///
    /// # Errors
    /// `Corrupt` when a weight or bias of 8-bit products is not finite: only floats carry that on to the result, where it is noticed.
    pub(crate) fn pack(stored: Stored, precision: Precision) -> Result<Self> {
        let Stored { rows, depth, bias } = stored;
        let quantised = precision == Precision::Int8;
        if quantised && !rows.iter().chain(&bias).all(|weight| weight.is_finite()) {
            return Err(not_finite());
        }
        let column = |column: usize| &rows[column * depth..][..depth];
        let matrix = match precision {
            Precision::Auto | Precision::Float32 | Precision::Float16 | Precision::BFloat16 => {
                let mut right = Right::default();
                right.pack_columns(depth, bias.len(), column);
                Matrix::Float(right)
            }
            Precision::Int8 => Matrix::Int8(int8::Right::pack_columns(depth, bias.len(), column)),
        };
        Ok(Self { matrix, bias })
    }

    /// Numbers in a row of the product.
    pub(crate) fn width(&self) -> usize {
        self.bias.len()
    }

    /// The product of `rows` and this map, finished by `finish` (which is what adds the bias), in rows of [`Self::width`] numbers.
    /// `quantised` is memory to use.
    pub(crate) fn multiply<F: Finish>(&self, rows: &[f32], quantised: &mut int8::Left, finish: F, out: &mut [f32]) {
        let stride = self.width();
        match &self.matrix {
            Matrix::Float(right) => dispatch(Product {
                left: Left::stacked(rows, right.depth()),
                right,
                finish,
                out,
                stride,
            }),
            Matrix::Int8(right) => {
                quantised.pack(rows, right.depth());
                int8::multiply(int8::Product {
                    left: quantised,
                    right,
                    finish,
                    out,
                    stride,
                });
            }
        }
    }
}

impl<M, N> Weights<M, N> {
    /// Load the weights that `config` describes from a safetensors file; `map` brings each linear map into its form, `norm` each
    /// normalisation.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, or a tensor is missing or of another shape; those of `map` and `norm`.
    pub(crate) fn load(
        path: &Path,
        config: &Config,
        map: impl Fn(Stored) -> Result<M>,
        norm: impl Fn(Norm) -> Result<N>,
    ) -> Result<Self> {
        let (bytes, names) = (reader::bytes(path)?, Names::of(config.family));
        weights(&Reader::new(&bytes, path, names.prefix)?, config, (map, norm))
    }
}

impl<M> Weights<M> {
    /// As [`Self::load`], with the head that `classifier` describes.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_with_head(
        path: &Path,
        config: &Config,
        classifier: Classifier,
        make: impl Fn(Stored) -> Result<M>,
    ) -> Result<(Self, Head)> {
        let (bytes, names) = (reader::bytes(path)?, Names::of(config.family));
        let reader = Reader::new(&bytes, path, names.prefix)?;
        Ok((
            weights(&reader, config, (make, Ok))?,
            head(&reader, config, classifier)?,
        ))
    }
}

impl Layer<Stored> {
    fn made<M, N>(self, map: impl Fn(Stored) -> Result<M>, norm: impl Fn(Norm) -> Result<N>) -> Result<Layer<M, N>> {
        Ok(Layer {
            before_attention: self.before_attention.map(&norm).transpose()?,
            qkv: map(self.qkv)?,
            attention: map(self.attention)?,
            after_attention: self.after_attention.map(&norm).transpose()?,
            before_mlp: self.before_mlp.map(&norm).transpose()?,
            gate: self.gate.map(&map).transpose()?,
            up: map(self.up)?,
            down: map(self.down)?,
            after_mlp: self.after_mlp.map(&norm).transpose()?,
        })
    }
}

fn weights<M, N>(
    reader: &Reader<'_>,
    config: &Config,
    (map, norm): (impl Fn(Stored) -> Result<M>, impl Fn(Norm) -> Result<N>),
) -> Result<Weights<M, N>> {
    let names = Names::of(config.family);
    let norms = config.biased(Part::Norm);
    let distances = |buckets| reader.matrix("encoder.relative_attention_bias.weight", buckets, config.heads);
    Ok(Weights {
        words: reader.rows(names.words, config.vocabulary, config.hidden)?,
        positions: positions(reader, config)?,
        norm: norm(reader.norm(names.norm, config.hidden, norms)?)?,
        distances: config.buckets.map(distances).transpose()?,
        layers: (0..config.layers.len())
            .map(|layer| names.layer(reader, layer, config)?.made(&map, &norm))
            .collect::<Result<_>>()?,
        last: match config.family {
            Family::ModernBert => Some(norm(reader.norm("final_norm", config.hidden, norms)?)?),
            Family::Bert | Family::Roberta | Family::DistilBert | Family::MpNet => None,
        },
    })
}

/// The vectors by position, one table for each kind of token.
fn positions(reader: &Reader<'_>, config: &Config) -> Result<Vec<Vec<f32>>> {
    let own = match config.positions {
        Positions::Rotary => return Ok(Vec::new()),
        Positions::Learned => 0,
        // Ids fit, as the number of positions, from which they were taken, does.
        Positions::LearnedAfter(padding) => padding as usize + 1,
    };
    let hidden = config.hidden;
    let table = reader.rows("embeddings.position_embeddings.weight", own + config.max_tokens, hidden)?;
    if config.kinds == 0 {
        return Ok(vec![table]);
    }
    let kinds = reader.rows("embeddings.token_type_embeddings.weight", config.kinds, hidden)?;
    let with = |kind: &[f32]| {
        let mut table = table.clone();
        for row in table.chunks_exact_mut(hidden) {
            for (position, kind) in row.iter_mut().zip(kind) {
                *position += kind;
            }
        }
        table
    };
    Ok(kinds.chunks_exact(hidden).map(with).collect())
}

/// A map of the head: so little work that nothing is gained by less precision.
fn linear(reader: &Reader<'_>, name: &str, (depth, width): (usize, usize), biased: bool) -> Result<Linear> {
    Linear::pack(reader.linear(name, depth, width, biased)?, Precision::Float32)
}

/// The head of each family.
fn head(reader: &Reader<'_>, config: &Config, classifier: Classifier) -> Result<Head> {
    let hidden = config.hidden;
    let (dense, activation, score) = match config.family {
        Family::Bert => (
            linear(reader, "pooler.dense", (hidden, hidden), true)?,
            Activation::Tanh,
            "classifier",
        ),
        Family::Roberta | Family::MpNet => (
            linear(reader, "classifier.dense", (hidden, hidden), true)?,
            Activation::Tanh,
            "classifier.out_proj",
        ),
        Family::DistilBert => (
            linear(reader, "pre_classifier", (hidden, hidden), true)?,
            Activation::Relu,
            "classifier",
        ),
        Family::ModernBert => (
            linear(reader, "head.dense", (hidden, hidden), config.biased(Part::Classifier))?,
            classifier.activation,
            "classifier",
        ),
    };
    let norm = match config.family {
        Family::ModernBert => Some(reader.norm("head.norm", hidden, config.biased(Part::Norm))?),
        Family::Bert | Family::Roberta | Family::DistilBert | Family::MpNet => None,
    };
    Ok(Head {
        dense,
        activation,
        norm,
        epsilon: config.epsilon,
        score: linear(reader, score, (hidden, 1), true)?,
    })
}

/// The error of weights that make no number.
pub(crate) fn not_finite() -> Error {
    Error::corrupt("embed", "the model's weights made a number that is not finite")
        .with_hint("verify the model files, or use another model")
}
