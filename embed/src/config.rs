//! The shape of an encoder, as `config.json` says it in each family's own words.

mod classifier;
mod sentence;
mod written;

use std::path::Path;

use domain::{Error, Result};
use serde::Deserialize;

pub(crate) use classifier::Classifier;
pub(crate) use sentence::{Pooling, Sentence};

const OPERATION: &str = "read model configuration";
/// No configuration of a text encoder comes near this many bytes.
const MOST_BYTES: u64 = 1 << 20;
/// The cut-off of a model whose folder says nothing: longer texts are rare, and their cost grows with the square.
const DEFAULT_TOKENS: usize = 512;
/// Special tokens and one of the text: with fewer, nothing of a text is left.
const FEWEST_TOKENS: usize = 3;

/// The models whose tensors are named and put together alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `bert`.
    Bert,
    /// `roberta`, `xlm-roberta`, `camembert`.
    Roberta,
    /// `distilbert`.
    DistilBert,
    /// `mpnet`.
    MpNet,
    /// `modernbert`.
    ModernBert,
}

/// A function between two linear maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x · Φ(x).
    Gelu,
    /// Its approximation by tanh.
    GeluTanh,
    /// max(x, 0).
    Relu,
    /// x · sigmoid(x).
    Silu,
    /// tanh(x).
    Tanh,
}

/// How a model knows where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Positions {
    /// By a learned vector for each position.
    Learned,
    /// As `Learned`, but rows up to this token's id are its own: it counts for no position, and the first position is the next row.
    LearnedAfter(u32),
    /// By turning queries and keys.
    Rotary,
}

/// What attention of one layer sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reach {
    /// The most tokens to either side; none: the whole text.
    pub(crate) window: Option<usize>,
    /// The base of the angles by which queries and keys are turned.
    pub(crate) theta: Option<f32>,
}

/// A part of a model that may do without biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Every normalisation.
    Norm,
    /// The linear maps around attention.
    Attention,
    /// The linear maps after it.
    Mlp,
    /// The first linear map of a classification head.
    Classifier,
}

/// The shape of an encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) family: Family,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) activation: Activation,
    pub(crate) epsilon: f32,
    pub(crate) vocabulary: usize,
    pub(crate) positions: Positions,
    /// Kinds of tokens that have an embedding: 0 where the model knows none, 1, or 2 of which a pair's parts get one each.
    pub(crate) kinds: usize,
    /// Buckets of the attention bias by distance, of the models that have one.
    pub(crate) buckets: Option<usize>,
    /// One for each layer.
    pub(crate) layers: Vec<Reach>,
    /// Parts without biases.
    pub(crate) unbiased: Vec<Part>,
    /// The most tokens of a text, special ones counted.
    pub(crate) max_tokens: usize,
}

impl Config {
    /// Read and check `config.json` of a model that is asked for at most `wanted` tokens, else for [`DEFAULT_TOKENS`].
    ///
    /// # Errors
    /// `Invalid` when the file is malformed or asks for something that is not implemented.
    pub(crate) fn read(path: &Path, wanted: Option<usize>) -> Result<Self> {
        Self::parse(&bounded(path)?, wanted)
    }

    fn parse(text: &str, wanted: Option<usize>) -> Result<Self> {
        let mut config = written::parse(text)?;
        config.max_tokens = config.max_tokens.min(wanted.unwrap_or(DEFAULT_TOKENS));
        if config.max_tokens < FEWEST_TOKENS {
            return Err(unsupported(format!(
                "a limit of {} tokens leaves no room for text",
                config.max_tokens
            )));
        }
        Ok(config)
    }

    /// The width of an attention head.
    pub(crate) fn width(&self) -> usize {
        self.hidden / self.heads
    }

    /// Whether `part` has biases.
    pub(crate) fn biased(&self, part: Part) -> bool {
        !self.unbiased.contains(&part)
    }
}

impl Activation {
    fn parse(name: &str) -> Result<Self> {
        match name {
            "gelu" => Ok(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Ok(Self::GeluTanh),
            "relu" => Ok(Self::Relu),
            "silu" | "swish" => Ok(Self::Silu),
            "tanh" => Ok(Self::Tanh),
            other => Err(unsupported(format!(
                "`{}` is not a supported activation; supported: gelu, gelu_new, gelu_pytorch_tanh, relu, silu, tanh",
                shown(other)
            ))),
        }
    }
}

/// Read a small text file whole.
fn bounded(path: &Path) -> Result<String> {
    let failed = |error| Error::io(OPERATION, path, error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MOST_BYTES {
        return Err(Error::invalid(
            OPERATION,
            format!("{} has {length} bytes; at most {MOST_BYTES} are read", path.display()),
        ));
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn json<T: for<'a> Deserialize<'a>>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::invalid(OPERATION, format!("{name}: {error}")).with_source(error))
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::invalid(OPERATION, message)
        .with_hint("use another model, such as sentence-transformers/all-MiniLM-L6-v2 or one of its family")
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
