//! The weights of an encoder in one form for every family, packed for the matrix products while they are loaded.

mod names;
mod reader;

use std::path::Path;

use domain::Result;

use crate::config::{Activation, Classifier, Config, Family, Part, Positions};
use crate::cpu::product::{Finish, Left, Product, Right};
use crate::cpu::simd::dispatch;
use crate::head::Head;

use names::Names;
use reader::Reader;

/// All weights of an encoder.
pub(crate) struct Weights {
    /// `vocabulary` × `hidden`.
    pub(crate) words: Vec<f32>,
    /// For each kind of token the vectors by position, with that kind's own added; none where positions are told otherwise.
    pub(crate) positions: Vec<Vec<f32>>,
    /// After the embeddings.
    pub(crate) norm: Norm,
    /// Distance buckets × heads, added to the scores of attention, of the models that have it.
    pub(crate) distances: Option<Vec<f32>>,
    pub(crate) layers: Vec<Layer>,
    /// After the last layer, of the families that normalise before each step.
    pub(crate) last: Option<Norm>,
}

/// One layer: attention, then two linear maps with an activation between, each added to the residual stream. The stream is
/// normalised either before each of them, for them alone, or after.
pub(crate) struct Layer {
    pub(crate) before_attention: Option<Norm>,
    /// Query, key and value side by side; the query is already divided by √(head width).
    pub(crate) qkv: Linear,
    pub(crate) attention: Linear,
    pub(crate) after_attention: Option<Norm>,
    pub(crate) before_mlp: Option<Norm>,
    /// What the activated numbers are multiplied by, of the families that have it.
    pub(crate) gate: Option<Linear>,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) after_mlp: Option<Norm>,
}

/// A linear map with its bias, zeros where the model has none.
pub(crate) struct Linear {
    weight: Right,
    pub(crate) bias: Vec<f32>,
}

/// The parameters of a layer normalisation, zeros for the bias where the model has none.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Linear {
    /// Pack the transpose of `rows`, `bias.len()` of them with `depth` numbers each.
    fn pack(rows: &[f32], depth: usize, bias: Vec<f32>) -> Self {
        let mut weight = Right::default();
        weight.pack_columns(depth, bias.len(), |column| &rows[column * depth..][..depth]);
        Self { weight, bias }
    }

    /// Numbers in a row of the product.
    pub(crate) fn width(&self) -> usize {
        self.bias.len()
    }

    /// The product of `left` and this map, finished by `finish` (which is what adds the bias), in rows of [`Self::width`] numbers.
    pub(crate) fn multiply<F: Finish>(&self, left: &Left, finish: F, out: &mut [f32]) {
        dispatch(Product {
            left,
            right: &self.weight,
            finish,
            out,
            stride: self.width(),
        });
    }
}

impl Weights {
    /// Load the weights that `config` describes from a safetensors file.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, or a tensor is missing or of another shape.
    pub(crate) fn load(path: &Path, config: &Config) -> Result<Self> {
        let (bytes, names) = (reader::bytes(path)?, Names::of(config.family));
        weights(&Reader::new(&bytes, path, names.prefix)?, config, names)
    }

    /// As [`Self::load`], with the head that `classifier` describes.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, or a tensor is missing or of another shape.
    pub(crate) fn load_with_head(path: &Path, config: &Config, classifier: Classifier) -> Result<(Self, Head)> {
        let (bytes, names) = (reader::bytes(path)?, Names::of(config.family));
        let reader = Reader::new(&bytes, path, names.prefix)?;
        Ok((weights(&reader, config, names)?, head(&reader, config, classifier)?))
    }
}

fn weights(reader: &Reader<'_>, config: &Config, names: &Names) -> Result<Weights> {
    let norms = config.biased(Part::Norm);
    let distances = |buckets| reader.matrix("encoder.relative_attention_bias.weight", buckets, config.heads);
    Ok(Weights {
        words: reader.rows(names.words, config.vocabulary, config.hidden)?,
        positions: positions(reader, config)?,
        norm: reader.norm(names.norm, config.hidden, norms)?,
        distances: config.buckets.map(distances).transpose()?,
        layers: (0..config.layers.len())
            .map(|layer| names.layer(reader, layer, config))
            .collect::<Result<_>>()?,
        last: match config.family {
            Family::ModernBert => Some(reader.norm("final_norm", config.hidden, norms)?),
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

/// The head of each family.
fn head(reader: &Reader<'_>, config: &Config, classifier: Classifier) -> Result<Head> {
    let hidden = config.hidden;
    let (dense, activation, score) = match config.family {
        Family::Bert => (
            reader.linear("pooler.dense", hidden, hidden, true)?,
            Activation::Tanh,
            "classifier",
        ),
        Family::Roberta | Family::MpNet => (
            reader.linear("classifier.dense", hidden, hidden, true)?,
            Activation::Tanh,
            "classifier.out_proj",
        ),
        Family::DistilBert => (
            reader.linear("pre_classifier", hidden, hidden, true)?,
            Activation::Relu,
            "classifier",
        ),
        Family::ModernBert => (
            reader.linear("head.dense", hidden, hidden, config.biased(Part::Classifier))?,
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
        score: reader.linear(score, hidden, 1, true)?,
    })
}
