//! The weights of a BERT encoder, packed for the matrix products while they are loaded.

use std::path::Path;

use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device};
use domain::{Error, Result};

use crate::config::Config;
use crate::cpu::product::Right;

const OPERATION: &str = "load model weights";

/// All weights of the encoder.
pub(crate) struct Weights {
    /// `vocabulary` × `hidden`.
    pub(crate) words: Vec<f32>,
    /// `max_tokens` × `hidden`: the position embeddings with the embedding of the first token type added.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer>,
}

/// One layer of the encoder.
pub(crate) struct Layer {
    /// Query, key and value side by side; the query is already divided by √(head width).
    pub(crate) qkv: Linear,
    pub(crate) attention: Linear,
    pub(crate) attention_norm: Norm,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) norm: Norm,
}

/// A linear map.
pub(crate) struct Linear {
    pub(crate) weight: Right,
    pub(crate) bias: Vec<f32>,
}

/// The parameters of a layer normalisation.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Weights {
    /// Load the weights that `config` describes from a safetensors file.
    ///
    /// # Errors
    /// `Corrupt` when the file is malformed, or a tensor is missing or of another shape.
    pub(crate) fn load(path: &Path, config: &Config) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::io(OPERATION, path, error))?;
        let file = SliceSafetensors::new(&bytes).map_err(|error| corrupt(path, error))?;
        let prefix = if file.get("bert.embeddings.word_embeddings.weight").is_ok() {
            "bert."
        } else {
            ""
        };
        let reader = Reader { file, prefix, path };
        let hidden = config.hidden;

        let kind = reader.rows("embeddings.token_type_embeddings.weight", 1, hidden)?;
        let mut positions = reader.rows("embeddings.position_embeddings.weight", config.max_tokens, hidden)?;
        for row in positions.chunks_exact_mut(hidden) {
            for (position, kind) in row.iter_mut().zip(&kind) {
                *position += kind;
            }
        }
        Ok(Self {
            words: reader.rows("embeddings.word_embeddings.weight", config.vocabulary, hidden)?,
            positions,
            norm: reader.norm("embeddings.LayerNorm", hidden)?,
            layers: (0..config.layers)
                .map(|layer| reader.layer(layer, config))
                .collect::<Result<_>>()?,
        })
    }
}

struct Reader<'a> {
    file: SliceSafetensors<'a>,
    prefix: &'static str,
    path: &'a Path,
}

impl Reader<'_> {
    fn layer(&self, layer: usize, config: &Config) -> Result<Layer> {
        let (hidden, intermediate) = (config.hidden, config.intermediate);
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        Ok(Layer {
            qkv: self.qkv(&name("attention.self"), config)?,
            attention: self.linear(&name("attention.output.dense"), hidden, hidden)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), hidden)?,
            up: self.linear(&name("intermediate.dense"), hidden, intermediate)?,
            down: self.linear(&name("output.dense"), intermediate, hidden)?,
            norm: self.norm(&name("output.LayerNorm"), hidden)?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "the width of a head is some dozens")]
    fn qkv(&self, name: &str, config: &Config) -> Result<Linear> {
        let hidden = config.hidden;
        let scale = 1.0 / ((hidden / config.heads) as f32).sqrt();
        let (mut weight, mut bias) = (Vec::with_capacity(3 * hidden * hidden), Vec::with_capacity(3 * hidden));
        for (part, scale) in [("query", scale), ("key", 1.0), ("value", 1.0)] {
            let rows = self.rows(&format!("{name}.{part}.weight"), hidden, hidden)?;
            weight.extend(rows.iter().map(|x| x * scale));
            let added = self.vector(&format!("{name}.{part}.bias"), hidden)?;
            bias.extend(added.iter().map(|x| x * scale));
        }
        Ok(Linear {
            weight: packed(&weight, hidden, 3 * hidden),
            bias,
        })
    }

    fn linear(&self, name: &str, depth: usize, width: usize) -> Result<Linear> {
        let rows = self.rows(&format!("{name}.weight"), width, depth)?;
        Ok(Linear {
            weight: packed(&rows, depth, width),
            bias: self.vector(&format!("{name}.bias"), width)?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm> {
        Ok(Norm {
            weight: self.vector(&format!("{name}.weight"), width)?,
            bias: self.vector(&format!("{name}.bias"), width)?,
        })
    }

    /// The first `rows` rows of a matrix that has at least as many, each `width` long.
    fn rows(&self, name: &str, rows: usize, width: usize) -> Result<Vec<f32>> {
        let mut values = self.tensor(name, |shape| matches!(shape, [r, w] if *r >= rows && *w == width))?;
        values.truncate(rows * width);
        Ok(values)
    }

    fn vector(&self, name: &str, width: usize) -> Result<Vec<f32>> {
        self.tensor(name, |shape| shape == [width])
    }

    fn tensor(&self, name: &str, fits: impl Fn(&[usize]) -> bool) -> Result<Vec<f32>> {
        let name = format!("{}{name}", self.prefix);
        let failed = |error: candle_core::Error| corrupt(self.path, format!("{name}: {error}"));
        let tensor = self.file.load(&name, &Device::Cpu).map_err(failed)?;
        if !fits(tensor.dims()) {
            return Err(corrupt(
                self.path,
                format!(
                    "{name} has the shape {:?}, which config.json does not allow",
                    tensor.dims()
                ),
            ));
        }
        tensor
            .to_dtype(DType::F32)
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1())
            .map_err(failed)
    }
}

/// Pack the transpose of `rows`, one row per column of the product.
fn packed(rows: &[f32], depth: usize, width: usize) -> Right {
    let mut right = Right::default();
    right.pack_columns(depth, width, |column| &rows[column * depth..][..depth]);
    right
}

fn corrupt(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::corrupt(OPERATION, format!("{}: {message}", path.display()))
        .with_hint("verify the model files, or remove them so that they are fetched again")
}
